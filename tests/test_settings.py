"""Settings are read once, and a bad environment is told whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from together.domain.issuers import DEFAULT_ALGORITHMS, TrustedIssuer
from together.domain.limits import Limits
from together.domain.mail_servers import Encryption, MailServer
from together.domain.secret import Secret
from together.settings import OURS, BadSettings, Mode, Settings

ISSUER = {
    "issuer": "https://login.example.org",
    "audience": "together",
    "organization": "saltmarsh",
}


def read(environ=None, *, dotenv=None, needs=()):
    return Settings.read(environ or {}, dotenv, needs=needs, installed={"google"})


def problems(environ, *, dotenv=None, needs=()):
    with pytest.raises(BadSettings) as caught:
        read(environ, dotenv=dotenv, needs=needs)
    return list(caught.value.problems)


def test_nothing_set_is_an_installation_for_one_machine():
    """With nothing in the environment, everything that has a default has it."""
    assert read() == Settings(
        public_url="http://127.0.0.1:8000",
        database="sqlite:///together.db",
        keys=Path("keys/together.txt"),
        host="127.0.0.1",
        port=8000,
        issuers=(),
        return_to=(),
        mail_server=None,
        mail_from=None,
        app_url=None,
        allowed_hosts=("127.0.0.1",),
        plugins=None,
        mode=Mode.PRODUCTION,
        log_level="INFO",
        environ={},
    )


def test_everything_set_is_read():
    """Each setting is taken from its name, and what plugins need is kept for them."""
    environ = {
        "TOGETHER_PUBLIC_URL": "https://Together.example.org/",
        "TOGETHER_DATABASE": "postgres://together:secret@db.example.org/together",
        "TOGETHER_KEYS": "/etc/together/keys.json",
        "TOGETHER_HOST": "::1",
        "TOGETHER_PORT": "9000",
        "TOGETHER_ISSUERS": json.dumps([ISSUER | {"tenant": "t1", "algorithms": ["ES256"]}]),
        "TOGETHER_RETURN_TO": "https://app.example.org/profile, http://localhost:3000",
        "TOGETHER_SMTP": "smtp+starttls://user:hunter2@mail.example.org",
        "TOGETHER_MAIL_FROM": "together@example.org",
        "TOGETHER_APP_URL": "https://app.example.org/profile/calendar",
        "TOGETHER_ALLOWED_HOSTS": "api.example.org",
        "TOGETHER_PLUGINS": "google",
        "TOGETHER_LIMITS": '{"cost": 10000, "mutation_seconds": 90}',
        "TOGETHER_MODE": "production",
        "TOGETHER_LOG_LEVEL": "debug",
        "TOGETHER_GOOGLE_CLIENT_ID": "id",
        "HOME": "/root",
    }
    issuer = TrustedIssuer(**ISSUER, tenant="t1", algorithms=("ES256",))
    assert read(environ) == Settings(
        public_url="https://together.example.org",
        database="postgres://together:secret@db.example.org/together",
        keys=Path("/etc/together/keys.json"),
        host="::1",
        port=9000,
        issuers=(issuer,),
        return_to=("https://app.example.org/profile", "http://localhost:3000"),
        mail_server=MailServer(
            "mail.example.org", 587, Encryption.STARTTLS, "user", Secret("hunter2")
        ),
        mail_from="together@example.org",
        app_url="https://app.example.org/profile/calendar",
        allowed_hosts=("api.example.org", "together.example.org"),
        plugins=frozenset({"google"}),
        limits=Limits(cost=10_000, mutation_seconds=90),
        mode=Mode.PRODUCTION,
        log_level="DEBUG",
        environ={name: value for name, value in environ.items() if name != "HOME"},
    )


def test_the_environment_wins_over_the_dotenv(tmp_path):
    """A `.env` fills what the environment leaves out, and its values are taken as they stand."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("TOGETHER_PORT=1\nTOGETHER_GOOGLE_CLIENT_SECRET='${HOME}$x'\nOTHER=1\n")
    settings = read({"TOGETHER_PORT": "2"}, dotenv=dotenv)
    assert settings.port == 2
    assert settings.environ == {
        "TOGETHER_PORT": "2",
        "TOGETHER_GOOGLE_CLIENT_SECRET": "${HOME}$x",
    }


def test_a_dotenv_that_is_not_text_is_said(tmp_path):
    """A `.env` that cannot be read is a sentence that names it."""
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"\xff\xfe=1")
    assert problems({}, dotenv=dotenv) == [
        f"{dotenv} cannot be read. Make it a UTF-8 file that this user can read."
    ]


def test_lines_of_a_dotenv_that_say_nothing_are_told(tmp_path):
    """Each wrong line is told by its number and without its text, with everything else."""
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        "# ours\nTOGETHER_GOOGLE_CLIENT_ID = id\n\nTOGETHER_GOOGLE_CLIENT_SECRET canary\n"
        "export OTHER\n  TOGETHER_PORT\nTOGETHER_MODE=prod\nTOGETHER_HOST='canary\n"
    )
    words = "This is not NAME=value, or a quote is left open. Correct it, or put # before it."
    assert problems({}, dotenv=dotenv) == [
        f"{dotenv}:4: {words}",
        f"{dotenv}:6: {words}",
        f"{dotenv}:8: {words}",
        "TOGETHER_MODE is 'prod'. Set it to production or development.",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PUBLIC_URL", "http://[::1"),
        ("PUBLIC_URL", "https://[zz]/"),
        ("PUBLIC_URL", "https://a..b"),
        ("PUBLIC_URL", f"https://{'a' * 64}.example.org"),
        ("RETURN_TO", f"https://{'a.' * 130}org"),
        ("RETURN_TO", "http://[::1"),
        ("KEYS", "~nosuchuser/keys.txt"),
        ("ISSUERS", "~nosuchuser/issuers.json"),
        ("ISSUERS", "issuers\0.json"),
        ("HOST", "a" * 70),
        ("HOST", "[::1]"),
        ("HOST", "two words"),
        ("PORT", "9" * 5000),
        ("DATABASE", "postgres://[::1/x"),
        ("DATABASE", "postgres://db:99999/x"),
        ("DATABASE", "sqlite:///x?y"),
    ],
)
def test_an_odd_value_is_told_with_everything_else(name, value):
    """A value that breaks what reads it is one sentence among the others, with what to do."""
    mode, told = problems({f"TOGETHER_{name}": value, "TOGETHER_MODE": "x"})
    assert mode == "TOGETHER_MODE is 'x'. Set it to production or development."
    assert told.startswith(f"TOGETHER_{name}")
    assert f"Set it to {OURS[name]}." in told
    assert len(told) < 500


def test_a_bad_environment_is_told_whole():
    """Everything that is wrong is said at once, each with what to do."""
    environ = {
        "TOGETHER_PUBLIC_URL": "http://together.example.org",
        "TOGETHER_DATABASE": "mysql://root:hunter2@db/x",
        "TOGETHER_PORT": "eighty",
        "TOGETHER_ISSUERS": "[{]",
        "TOGETHER_RETURN_TO": "https://app.example.org/#top",
        "TOGETHER_SMTP": "smtp://user:hunter2@mail.example.org",
        "TOGETHER_APP_URL": "app.example.org",
        "TOGETHER_ALLOWED_HOSTS": "https://api.example.org",
        "TOGETHER_PLUGINS": "gogle",
        "TOGETHER_LIMITS": '{"cost": 0, "depth": 51}',
        "TOGETHER_MODE": "prod",
        "TOGETHER_LOG_LEVEL": "loud",
        "TOGETHER_DATABSE": "x",
    }
    found = problems(environ, needs=("ISSUERS", "KEYS"))
    assert "hunter2" not in str(found)
    assert found == [
        "TOGETHER_MODE is 'prod'. Set it to production or development.",
        "TOGETHER_PORT is 'eighty'. Set it to a number from 1 to 65535.",
        "TOGETHER_PUBLIC_URL: 'http://together.example.org' has to begin with https://. Set it to "
        "the address that people's browsers see, such as https://together.example.org.",
        "TOGETHER_DATABASE is not an address of a database. Set it to sqlite:///together.db (a "
        "file in this folder), sqlite:////var/lib/together/together.db or "
        "postgres://user:password@host/name.",
        "TOGETHER_ISSUERS: this is not JSON. Check quotes, commas and brackets.",
        "TOGETHER_RETURN_TO: 'https://app.example.org/#top' has to end after its path. Set it to "
        "a list, separated by commas, of the addresses a consent may return to, such as "
        "https://app.example.org/profile.",
        "TOGETHER_SMTP: smtp:// is for a server on this machine: mail leaves it encrypted. Set it "
        "to smtp+starttls://user:password@mail.example.org:587 or "
        "smtps://user:password@mail.example.org:465 (smtp://127.0.0.1:25 on this machine).",
        "TOGETHER_MAIL_FROM is not set. Set it to an address of your own domain that mails come "
        "from, as together@example.org.",
        "TOGETHER_APP_URL: 'app.example.org' is not an address of the web. Set it to the page "
        "where people connect their calendars, such as https://app.example.org/profile/calendar.",
        "TOGETHER_ALLOWED_HOSTS is 'https://api.example.org'. Set it to a list, separated by "
        "commas, of host names without a port.",
        "TOGETHER_PLUGINS names 'gogle', which is not installed (did you mean google?). Install "
        "it, or take it out. Installed: google.",
        "TOGETHER_LIMITS: cost is 0. Set it to a whole number from 1 to 100000.",
        "TOGETHER_LIMITS: depth is 51. Set it to a whole number from 1 to 50.",
        "TOGETHER_LOG_LEVEL is 'loud'. Set it to DEBUG, INFO, WARNING or ERROR.",
        "TOGETHER_DATABSE is not a setting of Together or of a plugin installed here (did you "
        "mean TOGETHER_DATABASE?). Correct it, or take it out.",
        "TOGETHER_KEYS is not set. Set it to the path of the key file that `together keys new` "
        "made.",
    ]


def test_a_misspelt_prefix_of_a_plugin_is_named_with_the_right_one():
    """A name that is nearly a plugin's is called a probable typo, without its value."""
    assert problems({"TOGETHER_GOOLGE_": "s3cret"}) == [
        "TOGETHER_GOOLGE_ is not a setting of Together or of a plugin installed here (did you "
        "mean TOGETHER_GOOGLE_…?). Correct it, or take it out."
    ]


def test_what_the_tests_are_told_is_no_setting():
    """Names under TOGETHER_TEST_ belong to the test suite and are passed over."""
    assert read({"TOGETHER_TEST_SOAK": "1"}) == read()


def test_plain_http_is_for_development():
    """In production the public address is https, and in development this machine's will do."""
    environ = {"TOGETHER_PUBLIC_URL": "http://localhost:8000"}
    assert problems(environ) == [
        "TOGETHER_PUBLIC_URL is 'http://localhost:8000', which only works on this machine. Set it "
        "to the https address that people's browsers see, or set TOGETHER_MODE=development."
    ]
    settings = read(environ | {"TOGETHER_MODE": "development"}, needs=("PUBLIC_URL",))
    assert settings.public_url == "http://localhost:8000"
    assert settings.allowed_hosts == ("localhost", "127.0.0.1")


def test_a_public_url_is_needed_in_production_only():
    """Whoever serves people has to say at which address; on one machine it is known."""
    assert problems({}, needs=("PUBLIC_URL",)) == [
        "TOGETHER_PUBLIC_URL is not set. Set it to the address that people's browsers see, such "
        "as https://together.example.org."
    ]
    settings = read({"TOGETHER_MODE": "development", "TOGETHER_PORT": "81"}, needs=("PUBLIC_URL",))
    assert settings.public_url == "http://127.0.0.1:81"


def test_no_secret_is_printed():
    """The `repr` of settings holds no password and nothing of a plugin."""
    settings = read(
        {
            "TOGETHER_DATABASE": "postgres://together:hunter2@db/x",
            "TOGETHER_GOOGLE_CLIENT_SECRET": "s3cret",
            "TOGETHER_SMTP": "smtps://user:hunter2@mail.example.org",
            "TOGETHER_MAIL_FROM": "together@example.org",
        }
    )
    assert "hunter2" not in repr(settings)
    assert "s3cret" not in repr(settings)


def test_issuers_may_stand_in_a_file(tmp_path):
    """TOGETHER_ISSUERS is JSON, or the path of a file with the same JSON."""
    path = tmp_path / "issuers.json"
    path.write_text(json.dumps([ISSUER]))
    assert read({"TOGETHER_ISSUERS": str(path)}).issuers == (TrustedIssuer(**ISSUER),)
    missing = tmp_path / "none.json"
    assert problems({"TOGETHER_ISSUERS": str(missing)})[0].startswith(
        f"TOGETHER_ISSUERS names the file '{missing}', which cannot be read."
    )


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "this is not a list with an issuer in it."),
        ({}, "this is not a list with an issuer in it."),
        ([1], "entry 1: this is not an object with issuer, audience and organization."),
        ([ISSUER | {"audiance": "x"}], "entry 1: 'audiance' is not known here."),
        ([ISSUER | {"audience": ""}], "entry 1: audience is missing, or is not a text."),
        (
            [ISSUER | {"tenant": 7}],
            "entry 1: tenant is not a text. Leave it out where the issuer serves one tenant.",
        ),
        (
            [ISSUER | {"algorithms": ["HS256"]}],
            "entry 1: algorithms is not a list of some of RS256, RS384, RS512, PS256, PS384, "
            "PS512, ES256, ES384, ES512, EdDSA.",
        ),
        (
            [ISSUER | {"issuer": "http://login.example.org"}],
            "entry 1: issuer: 'http://login.example.org' has to begin with https://.",
        ),
        (
            [ISSUER | {"issuer": "https://accounts.google.com"}],
            "entry 1: Google serves many: name the organization's Workspace domain as its tenant.",
        ),
        (
            [ISSUER | {"issuer": "https://login.microsoftonline.com/common/v2.0"}],
            "entry 1: Microsoft serves many: name the organization's tenant id as its tenant.",
        ),
        (
            [ISSUER | {"issuer": "https://login.microsoftonline.com/common/v2.0", "tenant": "t"}],
            "entry 1: issuer has to hold the tenant id, as in "
            "https://login.microsoftonline.com/…/v2.0.",
        ),
        (
            [ISSUER, ISSUER | {"organization": "northlight", "tenant": "t"}],
            "'https://login.example.org' serves several organizations: give each entry its tenant.",
        ),
        (
            [ISSUER | {"tenant": "t"}, ISSUER | {"tenant": "t"}],
            "'https://login.example.org' is listed 2 times for one tenant: which one is meant?",
        ),
    ],
)
def test_a_wrong_issuer_is_named_by_its_place(entries, words, tmp_path):
    """Each thing that is wrong with a list of issuers is said, by the number of its entry."""
    path = tmp_path / "issuers.json"
    path.write_text(json.dumps(entries))
    assert problems({"TOGETHER_ISSUERS": str(path)}) == [f"TOGETHER_ISSUERS: {words}"]


def test_an_issuer_signs_with_asymmetric_algorithms_unless_it_is_told_otherwise():
    """No algorithm that a shared secret verifies is allowed by default."""
    assert DEFAULT_ALGORITHMS == ("RS256", "PS256", "ES256", "EdDSA")
