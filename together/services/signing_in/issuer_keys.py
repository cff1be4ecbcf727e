"""The public keys of one issuer: found by discovery, kept, and fetched anew when rotated."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httpx
import jwt

from together.domain.issuers import KEY_OF
from together.domain.web_addresses import BadAddress, host_of, is_loopback, web_address
from together.services.refusals import SignInUnavailable

FRESH = 3600
"""Seconds after which the keys are fetched anew, so that one taken back is refused soon."""
SERVED = 24 * 3600
"""Seconds that keys serve while their issuer cannot be reached; after that nobody signs in."""
PAUSE = 60
"""Seconds between two fetches, whatever tokens come in."""

_TIME_LIMIT = 5.0
_SIZE_LIMIT = 1 << 20
_KEYS_LIMIT = 100
_PUBLIC = ("kty", "crv", "x", "y", "n", "e")
_SMALLEST_RSA = 2048

_log = logging.getLogger(__name__)


class _Unreadable(Exception):  # noqa: N818  (told to nobody but the log, by its words)
    """The issuer did not answer, or not with what it has to."""


class IssuerKeys:
    """Keeps one issuer's keys.  Many askers at once make one fetch."""

    def __init__(self, issuer: str, *, http: httpx.AsyncClient, clock: Callable[[], int]) -> None:
        self._issuer = issuer
        self._http = http
        self._clock = clock
        self._lock = anyio.Lock()
        self._keys: Mapping[str, list[Mapping[str, str]]] = {}
        self._fetched_at: int | None = None
        self._tried_at: int | None = None
        self._failed = False

    async def key(self, kid: str, algorithm: str) -> jwt.PyJWK | None:
        """Find the key that verifies this algorithm; None when the issuer has none of that id.

        Raise `SignInUnavailable` when that cannot be known.
        """
        if self._due(kid):
            async with self._lock:
                if self._due(kid):
                    await self._fetch()
        age = None if self._fetched_at is None else self._clock() - self._fetched_at
        if age is None or age >= SERVED:
            raise SignInUnavailable
        if kid not in self._keys and self._failed:
            raise SignInUnavailable
        return _usable(self._keys.get(kid, []), algorithm)

    def _due(self, kid: str) -> bool:
        now = self._clock()
        if self._tried_at is not None and 0 <= now - self._tried_at < PAUSE:
            return False
        if kid not in self._keys or self._fetched_at is None:
            return True
        return not 0 <= now - self._fetched_at < FRESH

    async def _fetch(self) -> None:
        before, self._tried_at = self._tried_at, self._clock()
        try:
            self._keys = await self._read()
        except _Unreadable as error:
            self._failed = True
            _log.warning("issuer keys not read: %s", error)
        except anyio.get_cancelled_exc_class():
            self._tried_at = before
            raise
        else:
            self._failed = False
            self._fetched_at = self._tried_at

    async def _read(self) -> dict[str, list[Mapping[str, str]]]:
        document = await self._get(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer:
            raise _Unreadable("its discovery document names another issuer")
        keys = (await self._get(self._key_address(document.get("jwks_uri")))).get("keys")
        if not isinstance(keys, list):
            raise _Unreadable("its key set has no keys")
        found: dict[str, list[Mapping[str, str]]] = {}
        for key in keys[:_KEYS_LIMIT]:
            if _signs(key):
                found.setdefault(key["kid"], []).append(key)
        if not found:
            raise _Unreadable("none of its keys can verify a token")
        return found

    def _key_address(self, named: Any) -> str:
        try:
            address = web_address(named if isinstance(named, str) else "")
        except BadAddress:
            raise _Unreadable("its discovery document names no address of keys") from None
        if is_loopback(host_of(address)) and not is_loopback(host_of(self._issuer)):
            raise _Unreadable("its discovery document names an address on this machine")
        return address

    async def _get(self, address: str) -> dict[str, Any]:
        body = bytearray()
        try:
            with anyio.fail_after(_TIME_LIMIT):
                async with self._http.stream(
                    "GET", address, headers={"Accept": "application/json"}, follow_redirects=False
                ) as response:
                    if response.status_code != httpx.codes.OK:
                        raise _Unreadable(f"it answered {response.status_code}")
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > _SIZE_LIMIT:
                            raise _Unreadable("its answer is too long")
            document = json.loads(bytes(body))
        except (httpx.HTTPError, TimeoutError):
            raise _Unreadable("it cannot be reached") from None
        except (ValueError, RecursionError):
            raise _Unreadable("its answer is not JSON") from None
        if not isinstance(document, dict):
            raise _Unreadable("its answer is not an object")
        return document


def _signs(key: Any) -> bool:
    """Whether this is a public key for signatures, with an id."""
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str) or not key["kid"]:
        return False
    if key.get("use", "sig") != "sig" or "verify" not in key.get("key_ops", ["verify"]):
        return False
    return key.get("kty") in {kind for kind, _ in KEY_OF.values()}


def _usable(keys: list[Mapping[str, str]], algorithm: str) -> jwt.PyJWK | None:
    kind, curve = KEY_OF[algorithm]
    for key in keys:
        if key["kty"] != kind or key.get("alg", algorithm) != algorithm:
            continue
        if curve is not None and key.get("crv") != curve:
            continue
        # Only the numbers: addresses and certificates that a key names are never followed.
        public = {name: key[name] for name in _PUBLIC if name in key}
        try:
            made = jwt.PyJWK(public, algorithm=algorithm)
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        if kind == "RSA" and made.key.key_size < _SMALLEST_RSA:
            continue
        return made
    return None
