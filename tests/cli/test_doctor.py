"""The doctor looks at everything, says what to do, and fails when something is wrong."""

from __future__ import annotations

import json
import shutil
from email.utils import formatdate

import anyio
import httpx
import pytest

from together.cli import doctor
from together.cli.doctor import Finding, examined
from together.cli.plugins import described
from together.providers.registry import Registry
from together.providers.values import Secret
from together.settings import Settings
from together.store import audit
from together.store.database import Database
from together.store.keys import load_keys
from together.store.models import AuditEntry, Organization
from together.store.vault import Place, Vault

ISSUER = [{"issuer": "https://login.example.org", "audience": "x", "organization": "saltmarsh"}]
OTHER = {"issuer": "https://id.example.com", "audience": "x", "organization": "northlight"}


@pytest.fixture
def healthy(together, environ, migrated):
    """An installation with nothing wrong."""
    assert together("keys", "new")[0] == 0
    environ(
        PUBLIC_URL="https://together.example.org",
        ISSUERS=json.dumps(ISSUER),
        RETURN_TO="https://app.example.org/",
        GOOGLE_CLIENT_ID="id",
        GOOGLE_CLIENT_SECRET="secret",
        SMTP="smtps://user:hunter2@mail.example.org",
        MAIL_FROM="together@example.org",
    )
    in_database(lambda: Organization.create(slug="saltmarsh", name="Saltmarsh Institute"))


def in_database(work):
    async def inside():
        database = await Database.open("sqlite:///together.db")
        async with database.entered():
            done = await work()
        await database.close()
        return done

    return anyio.run(inside)


def test_a_healthy_installation_is_called_so(together, healthy):
    """Each thing looked at is a line, and the code is 0."""
    assert together("doctor", "--offline") == (
        0,
        "good   settings: production, at https://together.example.org\n"
        "good   keys: keys/together.txt, readable by this user alone\n"
        "good   database: sqlite, at this version\n"
        "good   keys: everything sealed can be opened\n"
        "good   clock: agrees with the database\n"
        "good   audit log: each line of each organization follows from the one before it\n"
        "good   organization saltmarsh: is in the database\n"
        "good   plugin jitsi: left out: it needs the setting TOGETHER_JITSI_SERVER.\n"
        "good   plugin outlook: left out: it needs the setting TOGETHER_OUTLOOK_CLIENT_ID.\n"
        "good   provider google: set up\n"
        "good   provider google-meet: set up\n"
        "good   mail: goes to mail.example.org:465, from together@example.org\n"
        "Nothing is wrong.\n",
        "",
    )


def test_a_bad_environment_is_told_whole(together, environ):
    """Every problem of the settings is a line, and nothing else is looked at."""
    environ(PORT="x", PLUGIN="y")
    code, out, err = together("doctor")
    assert (code, err) == (1, "")
    assert [line.partition(". ")[0] for line in out.splitlines()] == [
        "WRONG  settings: TOGETHER_PORT is 'x'",
        "WRONG  settings: TOGETHER_PLUGIN is not a setting of Together or of a plugin installed "
        "here (did you mean TOGETHER_PLUGINS?)",
        "WRONG  settings: TOGETHER_ISSUERS is not set",
        "WRONG  settings: TOGETHER_PUBLIC_URL is not set",
        "Correct these first: everything else depends on them.",
    ]


def wrong(together):
    code, out, _err = together("doctor", "--offline")
    found = [line.removeprefix("WRONG  ") for line in out.splitlines() if line.startswith("WRONG")]
    assert code == (1 if found else 0)
    return found


def test_keys_are_looked_at(together, healthy, environ, tmp_path):
    """Keys that are missing, open to others, or beside the database are each told, and mended."""
    path = tmp_path / "keys/together.txt"
    path.chmod(0o644)
    assert wrong(together) == [
        "keys: Others can read the key file keys/together.txt: run chmod 600 keys/together.txt."
    ]
    path.chmod(0o600)
    assert wrong(together) == []
    shutil.copy2(path, tmp_path / "keys.txt")
    environ(KEYS="keys.txt")
    assert wrong(together) == [
        "keys: keys.txt lies beside the database, so one copy of that folder holds every token. "
        "Move it, and set TOGETHER_KEYS."
    ]
    environ(KEYS="none.txt")
    assert wrong(together) == [
        "keys: There is no key file at none.txt. Make one with `together keys new none.txt`, or "
        "set TOGETHER_KEYS to the one you have."
    ]


def test_a_key_file_of_another_database_is_told(together, healthy, environ):
    """Data keys that do not open are counted."""

    async def seal():
        made = await Organization.get(slug="saltmarsh")
        vault = Vault.of(load_keys(Settings().keys))
        place = Place(made.id, "grant", "integration", "access_token", "x")
        await vault.seal(Secret("canary"), place)

    in_database(seal)
    assert wrong(together) == []
    assert together("keys", "new", "other/keys.txt")[0] == 0
    environ(KEYS="other/keys.txt")
    assert wrong(together) == [
        "keys: 1 data keys do not open. Put back the key file that belongs to this database, with "
        "every key it had."
    ]


def test_the_database_is_looked_at(together, healthy, environ, tmp_path):
    """A database that is missing, or of a newer version, is told with what to do."""
    environ(DATABASE="sqlite:///other.db")
    assert wrong(together) == ["database: There is no database at other.db: run together migrate."]
    environ(DATABASE="postgres://nobody:hunter2@127.0.0.1:1/none")
    found = wrong(together)
    assert len(found) == 1
    assert found[0].startswith("database: The database cannot be opened")
    assert "hunter2" not in found[0]


def test_a_plugin_that_is_left_out_is_told(together, healthy, environ, monkeypatch):
    """A plugin that lacks a setting is wrong until the setting is there, or it is not wanted."""
    environ(OUTLOOK_CLIENT_ID="id", OUTLOOK_CLIENT_SECRET="secret")
    monkeypatch.delenv("TOGETHER_GOOGLE_CLIENT_SECRET")
    assert wrong(together) == [
        "plugin google: left out: it needs the setting TOGETHER_GOOGLE_CLIENT_SECRET."
    ]


def test_a_plugin_that_nobody_set_up_is_only_installed(together, healthy, environ, monkeypatch):
    """Outlook without any setting is fine, until it is named or is all that there is."""
    assert wrong(together) == []
    environ(PLUGINS="google,outlook")
    needs = "plugin outlook: left out: it needs the setting TOGETHER_OUTLOOK_CLIENT_ID."
    assert wrong(together) == [needs]
    environ(PLUGINS="google")
    assert wrong(together) == []
    for name in ("PLUGINS", "GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"):
        monkeypatch.delenv(f"TOGETHER_{name}")
    assert wrong(together) == ["plugins: no calendar service is set up, so nobody can connect."]


def test_an_audit_log_that_was_changed_is_told(together, healthy):
    """The first line that does not follow is named, beside the organization whose log it is."""

    async def change():
        made = await Organization.get(slug="saltmarsh")
        for subject in ("match:1", "match:2", "match:3"):
            await audit.record(made.id, at=1, actor_id=None, action="made", subject=subject)
        second = (await AuditEntry.all().order_by("id"))[1]
        trigger = "DROP TRIGGER audit_entry_append_only_update"
        await Database.current().client.execute_query(trigger)
        await AuditEntry.filter(id=second.id).update(action="changed")
        return second.id

    line = in_database(change)
    assert wrong(together) == [
        f"audit log of saltmarsh: line {line} does not follow from the one before it: one of the "
        "two was changed, or lines between them were taken out, by somebody who went past "
        "Together. Compare with a backup, and find out who can write to the database."
    ]


def test_no_plugin_at_all_is_told(together, healthy, monkeypatch):
    """What to install is a folder of the repository, and no name of a package index."""
    monkeypatch.setattr(doctor, "load", lambda *_given, **_named: Registry({}, {}))
    told = (
        "Install one, in a copy of Together's repository: pip install ./plugins/google, or "
        "./plugins/outlook."
    )
    assert wrong(together) == [f"plugins: none is installed. {told}"]
    assert described(Registry({}, {})) == [f"No plugin is installed. {told}"]


def test_an_organization_that_is_not_there_is_told(together, healthy, environ):
    """An issuer whose organization was never made signs nobody in, and that is said."""
    environ(ISSUERS=json.dumps([*ISSUER, OTHER]))
    assert wrong(together) == [
        "organization northlight: TOGETHER_ISSUERS names it and it is not in the database, so "
        "nobody signs in to it. Make it: together import FILE --organization northlight --create "
        "NAME. Or correct TOGETHER_ISSUERS."
    ]


def test_an_installation_that_nobody_could_return_to_is_told(together, healthy, monkeypatch):
    """Without TOGETHER_RETURN_TO no calendar can be connected, so its absence is wrong."""
    monkeypatch.delenv("TOGETHER_RETURN_TO")
    assert wrong(together) == [
        "settings: TOGETHER_RETURN_TO is not set, so nobody can connect a calendar. Set it to a "
        "list, separated by commas, of the addresses a consent may return to, such as "
        "https://app.example.org/profile."
    ]


def test_an_issuer_that_must_not_be_trusted_is_told(together, healthy, environ):
    """The demo's issuer is wrong here too, as `serve` would say."""
    environ(ISSUERS=json.dumps([ISSUER[0] | {"issuer": "http://127.0.0.1/issuer"}]))
    assert wrong(together) == [
        "issuer: The issuer http://127.0.0.1/issuer is the demo's, or named like it, and is "
        "trusted by the demo only. Name a real one in TOGETHER_ISSUERS."
    ]


def test_two_packages_that_are_one_plugin_are_told(together, healthy, monkeypatch, tmp_path):
    """The doctor names both packages, and goes on looking at what else there is."""
    other = tmp_path / "other" / "other_google-1.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other-google\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[together]\ngoogle = other_google\n")
    monkeypatch.syspath_prepend(tmp_path / "other")
    assert wrong(together) == [
        "plugins: two installed packages are the plugin 'google'. Take one of the packages out, "
        "with pip uninstall: other-google brings google, together-google brings google."
    ]


def test_an_address_that_is_not_the_vendors_is_told(together, healthy, environ):
    """A provider that talks to somebody else is named with where, and is wrong in production."""
    environ(GOOGLE_API_URL="http://127.0.0.1:9/sandbox")
    found = wrong(together)
    assert len(found) == 1
    assert found[0].startswith(
        "provider google: its address is not its vendor's (http://127.0.0.1:9"
    )
    environ(MODE="development")
    assert wrong(together) == []


async def examined_with(answer, **settings):
    """What the doctor finds when the web answers so; only what is about others."""
    read = Settings.read(
        {"TOGETHER_GOOGLE_CLIENT_ID": "id", "TOGETHER_GOOGLE_CLIENT_SECRET": "s"}
        | {"TOGETHER_ISSUERS": json.dumps(ISSUER)}
    )
    found = [one async for one in examined(read, httpx.MockTransport(answer))]
    return [one for one in found if one.subject.startswith("issuer") or "google" in one.words]


async def test_issuers_and_the_clocks_of_providers_are_looked_at(environ):
    """An issuer answers with keys, and a provider's clock agrees with ours."""
    from together.services.signing_in.issuer import BuiltInIssuer

    keys = (await _jwks(BuiltInIssuer.made("http://127.0.0.1/issuer"))).json()

    def answer(request):
        if request.url.path.endswith("openid-configuration"):
            body = {"issuer": ISSUER[0]["issuer"], "jwks_uri": "https://login.example.org/jwks"}
            return httpx.Response(200, json=body)
        if request.url.path == "/jwks":
            return httpx.Response(200, json=keys)
        return httpx.Response(404, headers={"Date": formatdate(usegmt=True)})

    assert await examined_with(answer) == [
        Finding("issuer https://login.example.org", "answers with its keys"),
        Finding("clock", "agrees with google"),
    ]


async def _jwks(issuer):
    transport = httpx.ASGITransport(issuer.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return await http.get("/jwks")


async def test_a_wrong_clock_and_a_silent_issuer_are_told(environ):
    """A clock a minute off, or an issuer without keys, is wrong; a provider out of reach is not."""

    def late(request):
        return httpx.Response(404, headers={"Date": "Mon, 30 Nov 2020 08:00:00 GMT"})

    issuer, clock = await examined_with(late)
    assert (issuer.wrong, clock.wrong) == (True, True)
    assert "ahead of google. Set both machines by NTP" in clock.words

    def silent(request):
        raise httpx.ConnectError("canary", request=request)

    found = [one.wrong for one in await examined_with(silent)]
    assert found == [True]


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (100, "agrees with x"),
        (106, "6 s behind x."),
        (94, "6 s ahead of x."),
        (105, "agrees with x"),
    ],
)
def test_clocks_are_compared(theirs, words):
    """More than five seconds apart is wrong, and said in which direction."""
    found = doctor._compared("clock", "x", theirs, 100)
    assert found.words.startswith(words)
    assert found.wrong is (theirs in {106, 94})
