"""A service account's key file: what is read of it, and every reason not to take it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from together.providers.delegation import Credential
from together.providers.errors import Misconfigured, UnusableKey
from together.providers.values import Secret

LARGEST = 16 * 1024
SHORTEST, LONGEST = 2048, 8192
"""Bits.  Google makes keys of 2048; a huge one would only be there to keep us busy."""

_PEM, _PEM_END = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
_FIELDS: Mapping[str, re.Pattern[str]] = {
    "client_email": re.compile(r"[A-Za-z0-9._-]{1,128}@[A-Za-z0-9.-]{1,128}\.gserviceaccount\.com"),
    "client_id": re.compile(r"[0-9]{6,32}"),
    "private_key_id": re.compile(r"[A-Za-z0-9_-]{1,128}"),
}
_READ = frozenset({*_FIELDS, "type", "private_key"})
_AGAIN = "In the Google Cloud console make a new key of the type JSON, and upload it as it is."


@dataclass(frozen=True, slots=True)
class ServiceKey:
    """The four things that are kept of the file."""

    client_email: str
    client_id: str
    private_key_id: str
    private_key: str = field(repr=False)

    def sealed(self) -> Secret:
        """Write it down, to be sealed."""
        return Secret(json.dumps(asdict(self)))

    @classmethod
    def unsealed(cls, credential: Secret) -> ServiceKey:
        """Read what `sealed` wrote.  Anything else was put there by somebody else."""
        try:
            return cls(**json.loads(credential.reveal()))
        except (ValueError, TypeError):
            pass
        # Outside of `except`: the error of the JSON reader holds what it read.
        raise Misconfigured(code="unreadable_credential")

    def signer(self) -> RSAPrivateKey:
        """Give the key to sign with.  Its numbers were checked when it was uploaded."""
        try:
            key = load_pem_private_key(
                self.private_key.encode(), None, unsafe_skip_rsa_key_validation=True
            )
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise Misconfigured(code="unreadable_credential")
        return key


def read_key(file: Secret) -> Credential:
    """Read an uploaded file.  Addresses in it are not read, so it can lead us nowhere."""
    body = _object(file.reveal())
    _check_type(body)
    known = {name: _text(body, name) for name in _FIELDS}
    key = ServiceKey(**known, private_key=_private_key(_text(body, "private_key")))
    return Credential(
        secret=key.sealed(), id=key.client_id, name=key.client_email, key_id=key.private_key_id
    )


def _object(text: str) -> Mapping[str, Any]:
    if len(text.encode(errors="replace")) > LARGEST:
        raise UnusableKey(f"The file is too large to be a key. {_AGAIN}")
    try:
        body = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except _Twice as twice:
        again = twice.args[0]
    except (ValueError, RecursionError):
        body, again = None, None
    else:
        again = None
    # Outside of `except`: the error of the JSON reader holds the whole file.
    if again is not None:
        named = again if again in _READ else None
        raise UnusableKey(f"The file says “{named or 'a field'}” twice. {_AGAIN}", field=named)
    if not isinstance(body, dict):
        raise UnusableKey(f"The file is not JSON, as a key of a service account is. {_AGAIN}")
    return body


def _check_type(body: Mapping[str, Any]) -> None:
    if body.get("type") == "service_account":
        return
    if "web" in body or "installed" in body:
        words = "The file is an OAuth client, not the key of a service account."
    elif "type" not in body:
        words = "The file does not say that it is the key of a service account."
    else:
        words = "The file is another kind of credential, not the key of a service account."
    raise UnusableKey(f"{words} {_AGAIN}", field="type")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None or value == "":
        raise UnusableKey(f"The file has no “{name}”. {_AGAIN}", field=name)
    pattern = _FIELDS.get(name)
    if not isinstance(value, str) or (pattern is not None and not pattern.fullmatch(value)):
        raise UnusableKey(f"The file's “{name}” is not one of Google's. {_AGAIN}", field=name)
    return value


def _private_key(pem: str) -> str:
    """Check the key, and write it again, without anything that may stand around it."""
    pem = pem.strip()
    if pem.startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----") or "\nProc-Type:" in pem:
        raise _unusable("The private key in the file is locked with a password.")
    if not pem.startswith(_PEM) or not pem.endswith(_PEM_END) or pem.count("-----BEGIN") != 1:
        raise _unusable("The private key in the file is not written as Google writes it (PKCS #8).")
    key = _loaded(pem, checked=False)
    if not isinstance(key, RSAPrivateKey):
        raise _unusable("The private key in the file is damaged, or is not an RSA key.")
    if not SHORTEST <= key.key_size <= LONGEST:
        raise _unusable(f"The private key has {key.key_size} bits; one of Google's has 2048.")
    if _loaded(pem, checked=True) is None:
        raise _unusable("The private key in the file is damaged.")
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _loaded(pem: str, *, checked: bool) -> object | None:
    """Checking the numbers of a huge key takes long, so its size is looked at before."""
    try:
        return load_pem_private_key(
            pem.encode(errors="replace"), None, unsafe_skip_rsa_key_validation=not checked
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _unusable(words: str) -> UnusableKey:
    return UnusableKey(f"{words} {_AGAIN}", field="private_key")


class _Twice(Exception):  # noqa: N818
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that comes twice, for two readers could take either."""
    body: dict[str, Any] = {}
    for name, value in pairs:
        if name in body:
            raise _Twice(name)
        body[name] = value
    return body


def _no_number(name: str) -> NoReturn:
    raise ValueError
