"""Microsoft's id tokens, by which an administrator proves which tenant is theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
import jwt

from together.providers import shapes
from together.providers.errors import (
    AdminApprovalRequired,
    ConsentDeclined,
    Misconfigured,
    NeedsTime,
    ProviderError,
    WrongTenant,
)
from together.providers.http import JsonApi
from together.providers.values import Secret

LARGEST = 16_384
LEEWAY = 60
"""Seconds that two clocks may differ by."""
SHORTEST = 2048
"""Bits of a key."""
ADMINISTRATORS = (
    "62e90394-69f5-4237-9190-012177145e10",
    "e8611ab8-c189-46e8-94e1-60213ab1f814",
)
"""The roles that can consent for a tenant: Global and Privileged Role Administrator.  A token tells
roles, as `wids`, where the registration of the application asks for that claim."""
_NEEDED = ("aud", "exp", "iat", "iss", "sub", "tid")


class IdTokens:
    """Verifies the id tokens of one tenant, with the keys that it publishes at that moment."""

    def __init__(self, login_url: str, tenant: str, *, audience: str) -> None:
        self._tenant, self._audience = tenant, audience
        self._issuer = f"{login_url}/{tenant}/v2.0"
        self._keys_url = f"{login_url}/{tenant}/discovery/v2.0/keys"

    async def read(
        self, http: httpx.AsyncClient, token: str, *, nonce: str, now: datetime
    ) -> Mapping[str, Any]:
        """Give the claims of a token that is all it must be.  Any other is `ConsentDeclined`.

        Whoever signed it is looked at first, and then whose it is, so that a sign-in to another
        tenant is told as that.  One of somebody who is no administrator needs one of them.
        """
        key_id = _key_id(token)
        claims = _verified(token, await self._key(http, key_id), audience=self._audience)
        if str(claims["tid"]).casefold() != self._tenant:
            raise WrongTenant(code="wrong_tenant")
        if claims["iss"] != self._issuer:
            raise declined("wrong_issuer")
        if not nonce or claims.get("nonce") != nonce:
            raise declined("wrong_nonce")
        _check_times(claims, now=int(now.timestamp()))
        # A guest signs in here and is at home elsewhere: such a sign-in proves nothing.
        at_home = (None, self._issuer, f"https://sts.windows.net/{self._tenant}/")
        if claims.get("idp") not in at_home or claims.get("acct") in (1, "1"):
            raise WrongTenant(code="guest_account")
        roles = claims.get("wids")
        if isinstance(roles, list) and not any(role in ADMINISTRATORS for role in roles):
            raise AdminApprovalRequired(code="no_administrator")
        return claims

    async def _key(self, http: httpx.AsyncClient, key_id: str) -> jwt.PyJWK:
        try:
            answer = await JsonApi(http, self._keys_url)("GET", "")
        except NeedsTime:
            raise
        except ProviderError as error:
            raise Misconfigured(status=error.status, code=error.code) from None
        found = [
            key
            for key in shapes.field(answer, "keys", list)
            if isinstance(key, dict) and key.get("kid") == key_id and self._fits(key)
        ]
        if not found:
            raise declined("unknown_key")
        try:
            known = jwt.PyJWK({name: found[0].get(name) for name in ("kty", "n", "e")}, "RS256")
        except (jwt.PyJWTError, ValueError, TypeError):
            raise shapes.unexpected() from None
        if known.key.key_size < SHORTEST:
            raise declined("short_key")
        return known

    def _fits(self, key: Mapping[str, Any]) -> bool:
        """Say whether a key signs for this tenant; some of those that are shared do not."""
        issuer = key.get("issuer", self._issuer)
        if not isinstance(issuer, str) or key.get("kty") != "RSA" or key.get("use", "sig") != "sig":
            return False
        return issuer.replace("{tenantid}", self._tenant) == self._issuer


def declined(why: str) -> ConsentDeclined:
    """Refuse a proof that proves something else, with a word of ours."""
    return ConsentDeclined(code=why)


def roles_of(access_token: Secret) -> frozenset[str]:
    """Read the permissions in a token of an application, as far as it shows any.

    Nobody promises that it can be read, and nobody has to be believed: it chooses the words of a
    refusal, and opens nothing.
    """
    try:
        claims = jwt.decode(access_token.reveal(), options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return frozenset()
    roles = claims.get("roles")
    found = roles if isinstance(roles, list) else []
    return frozenset(role for role in found if isinstance(role, str))


def _key_id(token: str) -> str:
    """Read which key signed it; what names an algorithm or a key in another way is refused."""
    header: Mapping[str, Any] = {}
    if len(token) <= LARGEST:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            header = {}
    key_id = header.get("kid")
    if header.get("alg") != "RS256" or "crit" in header or not isinstance(key_id, str):
        raise declined("unusable_id_token")
    return key_id


def _verified(token: str, key: jwt.PyJWK, *, audience: str) -> dict[str, Any]:
    # Times are compared with the clock that was handed in.
    options: dict[str, Any] = {
        "require": [*_NEEDED],
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "strict_aud": True,
    }
    claims: dict[str, Any] | None = None
    try:
        claims = jwt.decode(token, key, ["RS256"], options=options, audience=audience)  # type: ignore[arg-type]
    except (jwt.PyJWTError, ValueError, RecursionError):
        claims = None
    if claims is None:
        raise declined("unusable_id_token")
    return claims


def _check_times(claims: Mapping[str, Any], *, now: int) -> None:
    times = [claims.get(name, 0) for name in ("exp", "iat", "nbf")]
    if not all(isinstance(time, int) and not isinstance(time, bool) for time in times):
        raise declined("unusable_id_token")
    ends, made, begins = times
    if ends + LEEWAY <= now or max(made, begins) > now + LEEWAY:
        raise declined("id_token_out_of_time")
