"""An uploaded key file: four things are read, and whatever else it may be is said in words."""

from __future__ import annotations

import json
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from together_google import GoogleSandbox
from together_google.service_key import LARGEST, ServiceKey, read_key

from together.providers import Secret, UnusableKey

AGAIN = "In the Google Cloud console make a new key of the type JSON, and upload it as it is."
SANDBOX = GoogleSandbox()
FILE = json.loads(SANDBOX.key_file())
PEM = FILE["private_key"]
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505


def written(key, *, form=PrivateFormat.PKCS8, lock=None):
    return key.private_bytes(Encoding.PEM, form, lock or NoEncryption()).decode()


def file(**changes):
    body = {name: value for name, value in {**FILE, **changes}.items() if value is not ...}
    return json.dumps(body)


def refused(text):
    with pytest.raises(UnusableKey) as caught:
        read_key(Secret(text))
    return caught.value


def test_a_key_is_read():
    """What may be shown is shown, and what is sealed signs."""
    read = read_key(Secret(file()))
    assert (read.id, read.name, read.key_id) == (
        FILE["client_id"],
        FILE["client_email"],
        FILE["private_key_id"],
    )
    signer, original = (
        ServiceKey.unsealed(read.secret).signer(),
        load_pem_private_key(PEM.encode(), None),
    )
    assert signer.private_numbers() == original.private_numbers()


def test_addresses_in_the_file_are_not_read():
    """A file that names another token address, or another universe, leads nowhere else."""
    odd = file(
        token_uri="https://thief.example/token",
        auth_uri="file:///etc/passwd",
        universe_domain="thief.example",
        client_x509_cert_url="https://thief.example/",
        project_id="thief",
        quota_project_id="thief",
        credential_source={"executable": {"command": "/bin/thief"}},
    )
    assert read_key(Secret(odd)) == read_key(Secret(file()))
    kept = json.loads(read_key(Secret(odd)).secret.reveal())
    assert kept.keys() == {"client_email", "client_id", "private_key_id", "private_key"}


def test_what_stands_around_the_key_is_not_kept():
    """Blank lines before and after are the only thing taken off a key."""
    assert read_key(Secret(file(private_key=f"\n\n{PEM}\n \n"))) == read_key(Secret(file()))


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("", None, "The file is not JSON, as a key of a service account is."),
        (PEM, None, "The file is not JSON, as a key of a service account is."),
        ("[]", None, "The file is not JSON, as a key of a service account is."),
        ("[" * 9000, None, "The file is not JSON, as a key of a service account is."),
        ('{"type": NaN}', None, "The file is not JSON, as a key of a service account is."),
        ("\ud800", None, "The file is not JSON, as a key of a service account is."),
        (" " * (LARGEST + 1), None, "The file is too large to be a key."),
        ('{"type": "a", "type": "service_account"}', "type", "The file says “type” twice."),
        ('{"ada@x": 1, "ada@x": 2}', None, "The file says “a field” twice."),
        ("{}", "type", "The file does not say that it is the key of a service account."),
        (
            file(type="external_account"),
            "type",
            "The file is another kind of credential, not the key of a service account.",
        ),
        (
            file(type="authorized_user"),
            "type",
            "The file is another kind of credential, not the key of a service account.",
        ),
        (
            file(type=["service_account"]),
            "type",
            "The file is another kind of credential, not the key of a service account.",
        ),
        (
            '{"web": {"client_id": "x", "client_secret": "y"}}',
            "type",
            "The file is an OAuth client, not the key of a service account.",
        ),
        (file(client_id=...), "client_id", "The file has no “client_id”."),
        (file(client_id=7), "client_id", "The file's “client_id” is not one of Google's."),
        (file(client_id="7 7"), "client_id", "The file's “client_id” is not one of Google's."),
        (file(client_email=""), "client_email", "The file has no “client_email”."),
        (
            file(client_email="ada@saltmarsh.example.org"),
            "client_email",
            "The file's “client_email” is not one of Google's.",
        ),
        (
            file(client_email=f"a\n@{'x' * 8}.gserviceaccount.com"),
            "client_email",
            "The file's “client_email” is not one of Google's.",
        ),
        (
            file(private_key_id={}),
            "private_key_id",
            "The file's “private_key_id” is not one of Google's.",
        ),
        (file(private_key=...), "private_key", "The file has no “private_key”."),
        (
            file(private_key=[PEM]),
            "private_key",
            "The file's “private_key” is not one of Google's.",
        ),
        (
            file(private_key="nothing"),
            "private_key",
            "The private key in the file is not written as Google writes it (PKCS #8).",
        ),
        (
            file(private_key=PEM + PEM),
            "private_key",
            "The private key in the file is not written as Google writes it (PKCS #8).",
        ),
        (
            file(private_key=written(WEAK, form=PrivateFormat.TraditionalOpenSSL)),
            "private_key",
            "The private key in the file is not written as Google writes it (PKCS #8).",
        ),
        (
            file(private_key=written(WEAK, lock=BestAvailableEncryption(b"x"))),
            "private_key",
            "The private key in the file is locked with a password.",
        ),
        (
            file(private_key=written(WEAK)),
            "private_key",
            "The private key has 1024 bits; one of Google's has 2048.",
        ),
        (
            file(private_key=written(ec.generate_private_key(ec.SECP256R1()))),
            "private_key",
            "The private key in the file is damaged, or is not an RSA key.",
        ),
        (
            file(private_key=PEM[:200] + PEM[300:]),
            "private_key",
            "The private key in the file is damaged, or is not an RSA key.",
        ),
        (
            file(private_key="-----BEGIN PRIVATE KEY-----\n\u00e4\n-----END PRIVATE KEY-----"),
            "private_key",
            "The private key in the file is damaged, or is not an RSA key.",
        ),
    ],
    ids=range(31),
)  # fmt: skip
def test_every_bad_file_has_its_sentence(text, field, words):
    """What is wrong is said in our words, with what to do, and nothing of the file is."""
    error = refused(text)
    assert (error.field, str(error)) == (field, f"{words} {AGAIN}")


def damaged():
    """Write a key whose numbers do not fit each other."""
    numbers = load_pem_private_key(PEM.encode(), None).private_numbers()
    wrong = rsa.RSAPrivateNumbers(
        numbers.p,
        numbers.q,
        numbers.d + 2,
        numbers.dmp1,
        numbers.dmq1,
        numbers.iqmp,
        numbers.public_numbers,
    ).private_key(unsafe_skip_rsa_key_validation=True)
    return written(wrong)


def test_a_key_whose_numbers_do_not_fit_is_refused():
    """A key that only looks like one is found when it is uploaded, not when it first signs."""
    error = refused(file(private_key=damaged()))
    assert str(error) == f"The private key in the file is damaged. {AGAIN}"


def test_a_huge_key_is_refused_before_it_is_checked(monkeypatch):
    """Checking a huge key would keep the whole installation busy."""
    asked = []

    def load(pem, password, **how):
        asked.append(how)
        return load_pem_private_key(pem, password, **how)

    monkeypatch.setattr("together_google.service_key.load_pem_private_key", load)
    monkeypatch.setattr("together_google.service_key.LONGEST", 1024)
    assert str(refused(file())).startswith("The private key has 2048 bits")
    assert asked == [{"unsafe_skip_rsa_key_validation": True}]


@pytest.mark.parametrize(
    "text",
    [
        file(private_key=PEM[:200] + PEM[300:]),
        file()[:-10],
        file(type="external_account"),
        file(client_id="x"),
        file()[:-1] + f', "private_key": {json.dumps(PEM)}}}',
    ],
    ids=range(5),
)
def test_nothing_of_a_refused_file_is_kept(text):
    """The error, and all it drags along, holds none of the file."""
    error = refused(text)
    line = PEM.splitlines()[3]
    dragged = []
    at = error
    while at is not None:
        dragged.append(repr(vars(at)) + repr(at.args) + str(getattr(at, "doc", "")))
        at = at.__cause__ or at.__context__
    assert not any(line in text for text in dragged)
    assert line not in "".join(traceback.format_exception(error))


def test_a_key_is_not_printed():
    """Neither what was read nor what it becomes shows the private key."""
    read = read_key(Secret(file()))
    key = ServiceKey.unsealed(read.secret)
    assert PEM.splitlines()[3] not in repr([read, key, vars(SANDBOX)["_redirect_uris"]])
