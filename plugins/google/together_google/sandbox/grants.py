"""Codes and tokens of the sandbox: what a consent gives, and what ends it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

from together.testing.signing_in import s256
from together_google.oauth import SCOPES
from together_google.sandbox.refusals import OAuthError
from together_google.sandbox.world import Code, Token, World

LIFE = 3599
CODE_LIFE = 600
MOST_REFRESH_TOKENS = 100
IDENTITY = {
    "openid": "openid",
    "email": "https://www.googleapis.com/auth/userinfo.email",
    "https://www.googleapis.com/auth/userinfo.email": (
        "https://www.googleapis.com/auth/userinfo.email"
    ),
}
"""Scopes about who it is, which nobody can untick, and how Google names them in its answer."""
OTHERS = frozenset(
    f"https://www.googleapis.com/auth/calendar{part}"
    for part in (
        "",
        ".readonly",
        ".events",
        ".events.readonly",
        ".events.freebusy",
        ".calendarlist",
    )
)
KNOWN = frozenset(IDENTITY).union(OTHERS, *SCOPES.values())
"""What may be asked for here; the plugin asks for less than this."""

DEAD = "Token has been expired or revoked."


def exchange(world: World, form: dict[str, str], *, now: int) -> dict[str, Any]:
    """Take a code, once."""
    code = world.codes.pop(form.get("code", ""), None)
    if code is None or code.expires_at <= now:
        raise OAuthError(400, "invalid_grant", "Malformed auth code.")
    if form.get("redirect_uri") != code.redirect_uri:
        raise OAuthError(400, "redirect_uri_mismatch", "Bad Request")
    if s256(form.get("code_verifier", "")) != code.challenge:
        raise OAuthError(400, "invalid_grant", "Invalid code verifier.")
    if not code.offline:
        return access(world, Token(code.email, code.scopes), now=now)
    refresh_token = "1//" + secrets.token_urlsafe(32)
    mine = [key for key, token in world.refresh.items() if token.email == code.email]
    for oldest in mine[: max(0, len(mine) + 1 - MOST_REFRESH_TOKENS)]:
        end(world, oldest)
    world.refresh[refresh_token] = Token(code.email, code.scopes)
    answer = access(world, world.refresh[refresh_token], refresh_token=refresh_token, now=now)
    return answer | {"refresh_token": refresh_token}


def renew(world: World, form: dict[str, str], *, now: int) -> dict[str, Any]:
    """Give a new access token, and no new refresh token."""
    refresh_token = form.get("refresh_token", "")
    grant = world.refresh.get(refresh_token)
    if grant is None:
        raise OAuthError(400, "invalid_grant", DEAD)
    return access(world, grant, refresh_token=refresh_token, now=now)


def revoke(world: World, token: str) -> None:
    """End every grant of the account that the token is of, as Google does."""
    grant = world.refresh.get(token) or world.access.get(token)
    if grant is None:
        raise OAuthError(400, "invalid_token", "Token expired or revoked")
    if grant.client_id is not None:
        del world.access[token]
        return
    revoke_account(world, grant.email)


def revoke_account(world: World, email: str) -> None:
    """End every grant of an account, as its owner can at Google; a delegation is not theirs."""
    for key in [key for key, token in world.refresh.items() if token.email == email]:
        end(world, key)
    mine = [k for k, t in world.access.items() if t.email == email and t.client_id is None]
    for key in mine:
        del world.access[key]
    for key in [key for key, code in world.codes.items() if code.email == email]:
        del world.codes[key]
    world.consented = [known for known in world.consented if known != email]


def end(world: World, refresh_token: str) -> None:
    """End one refresh token and what was made with it."""
    del world.refresh[refresh_token]
    for key in [key for key, t in world.access.items() if t.refresh_token == refresh_token]:
        del world.access[key]


def new_code(world: World, code: Code) -> str:
    """Keep the consent under a code that can be exchanged once."""
    key = "4/0" + secrets.token_urlsafe(32)
    world.codes[key] = code
    world.consented.append(code.email)
    return key


def access(
    world: World, grant: Token, *, now: int, refresh_token: str | None = None
) -> dict[str, Any]:
    """Give an access token that does what the grant does."""
    for key in [k for k, t in world.access.items() if (t.expires_at or 0) <= now]:
        del world.access[key]
    key = "ya29." + secrets.token_urlsafe(32)
    world.access[key] = replace(grant, expires_at=now + LIFE, refresh_token=refresh_token)
    return {
        "access_token": key,
        "expires_in": LIFE,
        "scope": " ".join(grant.scopes),
        "token_type": "Bearer",
    }
