"""An OpenID Connect issuer for the demo and tests, with keys made on this machine.

It goes through the same verification as any other issuer; ``together serve`` has no route to it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from together.domain.addresses import email_key
from together.domain.issuers import TrustedIssuer
from together.domain.web_addresses import host_of, is_loopback

AUDIENCE = "together"
HOURS = 8
"""How long a token lives."""


class BuiltInIssuer:
    """Issues tokens for members, and answers for the key that verifies them."""

    def __init__(self, url: str, key: ec.EllipticCurvePrivateKey) -> None:
        if not is_loopback(host_of(url)):
            raise ValueError(f"The built-in issuer lives on this machine only, not at {url!r}.")
        self.url = url.rstrip("/")
        self._keys = [key]

    @classmethod
    def made(cls, url: str) -> BuiltInIssuer:
        """An issuer whose key nobody else has and no file holds."""
        return cls(url, ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def kept(cls, url: str, path: Path) -> BuiltInIssuer:
        """The issuer of the key file; a missing one is made, readable by this user alone."""
        if not path.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            _write(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{path} holds another kind of key. Delete it, and one is made.")  # noqa: TRY004
        return cls(url, key)

    def rotate(self) -> None:
        """Sign with a new key from now on, and forget the one before."""
        self._keys = [ec.generate_private_key(ec.SECP256R1())]

    def trusted(self, organizations: Iterable[str]) -> tuple[TrustedIssuer, ...]:
        """The configuration that trusts this issuer: one tenant an organization."""
        return tuple(
            TrustedIssuer(
                issuer=self.url,
                audience=AUDIENCE,
                organization=slug,
                tenant=slug,
                algorithms=("ES256",),
            )
            for slug in organizations
        )

    def token(
        self, email: str, *, organization: str, now: int, hours: int = HOURS, **claims: object
    ) -> str:
        """Issue a token for the member of this address; further claims replace ours."""
        signer = self._keys[0]
        said: dict[str, object] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject(email, organization=organization),
            "tid": organization,
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + hours * 3600,
        }
        said |= claims
        left = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(left, signer, algorithm="ES256", headers={"kid": _kid(signer)})

    @property
    def app(self) -> Starlette:
        """Discovery and keys, to be mounted at the path of `url`."""
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/jwks", self._jwks),
            ]
        )

    async def _discovery(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks",
                "id_token_signing_alg_values_supported": ["ES256"],
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
            }
        )

    async def _jwks(self, _request: Request) -> Response:
        return JSONResponse({"keys": [_public(key) for key in self._keys]})


def subject(email: str, *, organization: str) -> str:
    """The built-in issuer's id of a person: it stays the same when the demo is made anew."""
    return hashlib.sha256(f"{organization}\n{email_key(email)}".encode()).hexdigest()[:32]


def _public(key: ec.EllipticCurvePrivateKey) -> dict[str, object]:
    numbers = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**numbers, "kid": _kid(key), "use": "sig", "alg": "ES256"}


def _kid(key: ec.EllipticCurvePrivateKey) -> str:
    numbers = key.public_key().public_numbers()
    return hashlib.sha256(f"{numbers.x:x}.{numbers.y:x}".encode()).hexdigest()[:16]


def _write(path: Path, pem: bytes) -> None:
    """Write the file whole or not at all, and for this user only."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    beside.replace(path)
