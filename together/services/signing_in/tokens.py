"""What a sign-in token says, once everything about it has been verified."""

from __future__ import annotations

import json
import logging
import math
from base64 import urlsafe_b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx
import jwt

from together.domain.issuers import KEY_OF, TrustedIssuer
from together.services.refusals import TokenRefused
from together.services.signing_in.issuer_keys import IssuerKeys

LEEWAY = 60
"""Seconds by which the issuer's clock and ours may differ."""
LONGEST = 16 * 1024
"""Bytes of a token."""

_TYPES = {"jwt", "at+jwt", "application/jwt", "application/at+jwt"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whom an issuer vouches for."""

    issuer: str
    subject: str
    organization: str
    """The slug of the organization that the configuration ties to this issuer and tenant."""
    email: str | None
    """Only an address that the issuer says it has verified."""


class Tokens:
    """Verifies tokens against the issuers that the configuration names, and no others."""

    def __init__(
        self,
        issuers: Sequence[TrustedIssuer],
        *,
        http: httpx.AsyncClient,
        clock: Callable[[], int],
    ) -> None:
        self._issuers = tuple(issuers)
        self._clock = clock
        names = {entry.issuer for entry in issuers}
        self._keys = {name: IssuerKeys(name, http=http, clock=clock) for name in names}

    async def verified(self, token: str) -> SignedIn:
        """Say whom the token signs in; raise `TokenRefused` or `SignInUnavailable`."""
        header, claims = _opened(token)
        entry = self._entry(claims)
        algorithm, kid = header.get("alg"), header.get("kid")
        if "crit" in header or "b64" in header:
            _refuse("it has header extensions")
        if not isinstance(header.get("typ", "JWT"), str) or (
            header.get("typ", "JWT").lower() not in _TYPES
        ):
            _refuse("it is another type of token")
        if algorithm not in entry.algorithms or algorithm not in KEY_OF:
            _refuse("its algorithm is not allowed")
        if not isinstance(kid, str) or not kid:
            _refuse("it names no key")
        key = await self._keys[entry.issuer].key(kid, algorithm)
        if key is None:
            _refuse("its key is none of the issuer's")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=entry.audience,
                issuer=entry.issuer,
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    # Against the clock that was handed in, below.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidAudienceError:
            _refuse("it is for another audience")
        except (jwt.PyJWTError, ValueError, TypeError):
            _refuse("it does not verify")
        if self._entry(claims) is not entry:
            _refuse("it can be read in two ways")
        self._timely(claims)
        return SignedIn(
            entry.issuer, _subject(entry, claims), entry.organization, _email(entry, claims)
        )

    def _entry(self, claims: dict[str, Any]) -> TrustedIssuer:
        """The configuration for what the token says of itself, which is verified against it."""
        for entry in self._issuers:
            if claims.get("iss") != entry.issuer:
                continue
            if entry.tenant is None or claims.get(entry.tenant_claim) == entry.tenant:
                return entry
        return _refuse("its issuer or tenant is unknown")

    def _timely(self, claims: dict[str, Any]) -> None:
        now = self._clock()
        for name in ("nbf", "iat"):
            if name in claims and _moment(claims[name]) > now + LEEWAY:
                _refuse("it is not valid yet")
        if _moment(claims["exp"]) <= now - LEEWAY:
            _log.info("sign-in refused: it has expired")
            raise TokenRefused("This token has expired. Sign in again.")


def _opened(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, of which nothing is believed yet."""
    if len(token) > LONGEST or not token.isascii() or token.count(".") != 2:
        _refuse("it is not a token")
    head, body, _ = token.split(".")
    return _part(head), _part(body)


def _part(text: str) -> dict[str, Any]:
    try:
        part = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        _refuse("it is not a token")
    if not isinstance(part, dict):
        _refuse("it is not a token")
    return part


def _moment(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _refuse("its times are not numbers")
    return float(value)


def _subject(entry: TrustedIssuer, claims: dict[str, Any]) -> str:
    """The stable id of the person at the issuer; Microsoft's `sub` differs between two apps."""
    named = [claims.get("tid"), claims.get("oid")] if entry.entra else [claims.get("sub")]
    parts = [part for part in named if isinstance(part, str) and part and part.isprintable()]
    subject = ":".join(parts)
    if len(parts) != len(named) or len(subject) > 255:
        _refuse("it names nobody")
    return subject


def _email(entry: TrustedIssuer, claims: dict[str, Any]) -> str | None:
    """The address, where the issuer vouches for it; a bare one proves nothing."""
    email = claims.get("email")
    vouched = (
        claims.get("xms_edov") in (True, 1, "1", "true")
        if entry.entra
        else claims.get("email_verified") is True
    )
    return email if vouched and isinstance(email, str) else None


def _refuse(why: str) -> NoReturn:
    _log.info("sign-in refused: %s", why)
    raise TokenRefused from None
