"""The key that signs id tokens: one for the process, made when the first is wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm


def sign(claims: Mapping[str, Any]) -> str:
    """Write an id token."""
    return jwt.encode({**claims}, _private(), "RS256", headers={"kid": _public()["kid"]})


def published() -> dict[str, Any]:
    """Give the key set that verifies what `sign` wrote."""
    return {"keys": [_public()]}


@cache
def _private() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def _public() -> dict[str, Any]:
    numbers = RSAAlgorithm.to_jwk(_private().public_key(), as_dict=True)
    kid = hashlib.sha256(numbers["n"].encode()).hexdigest()[:32]
    return {"kty": "RSA", "use": "sig", "kid": kid, "n": numbers["n"], "e": numbers["e"]}
