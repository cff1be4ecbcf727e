"""Codes and tokens of the sandbox: what a consent gives, and what ends it."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Iterable
from typing import Any

from together.testing.signing_in import s256
from together_outlook.id_token import ADMINISTRATORS
from together_outlook.sandbox import keys, refusals
from together_outlook.sandbox.refusals import OAuthError
from together_outlook.sandbox.world import Code, Person, Token, World

LIFE = 3599
CODE_LIFE = 600
REFRESH_LIFE = 90 * 24 * 3600
MOST_REFRESH_TOKENS = 100
"""Refresh tokens kept of one account, so that a long demo does not grow; Microsoft names none."""
GRAPH = "https://graph.microsoft.com/"
OFFLINE = "offline_access"
NO_ROLE = "b79fbf4d-3ef9-4689-8143-76b194e85509"
IDENTITY = ("openid", "profile", "email")
KNOWN = {
    scope.casefold(): scope
    for scope in (
        *IDENTITY,
        OFFLINE,
        "User.Read",
        "Calendars.ReadBasic",
        "Calendars.Read",
        "Calendars.Read.Shared",
        "Calendars.ReadWrite",
        "Calendars.ReadWrite.Shared",
        "MailboxSettings.Read",
    )
}
"""What may be asked for here; the plugin asks for less than this."""


def scopes_asked(text: str) -> list[str]:
    """Read the scopes of a request, by short names; Graph's may be written out in full."""
    found = []
    for asked in text.split():
        short = asked.removeprefix(GRAPH)
        if "://" in short:
            words = f"The provided request must include a valid 'scope' input; '{asked}' is none."
            raise OAuthError(400, "invalid_scope", 70011, words)
        if short.casefold() not in KNOWN:
            words = (
                f"The application 'Together' asked for scope '{short}' that doesn't exist on the"
                " resource '00000003-0000-0000-c000-000000000000'. Contact the app vendor."
            )
            raise OAuthError(400, "invalid_client", 650053, words)
        found.append(KNOWN[short.casefold()])
    if not found:
        raise refusals.missing_parameter("scope")
    return [*dict.fromkeys(found)]


def consent(world: World, email: str, scopes: Iterable[str]) -> None:
    """Remember a yes.  It adds to those before, and stays when tokens end by themselves."""
    world.consented[email] = [*dict.fromkeys([*world.consented.get(email, ()), *scopes])]


def agreed(world: World, person: Person) -> frozenset[str]:
    """Say what an account need not be asked again: to sign in, where its tenant has the app."""
    known = world.tenants.get(person.tid)
    installed = IDENTITY if known is not None and known.consented else ()
    return frozenset((*world.consented.get(person.email, ()), *installed))


def new_code(world: World, code: Code, *, now: int) -> str:
    """Keep what was agreed to under a code that can be exchanged once."""
    for key in [key for key, old in world.codes.items() if old.expires_at <= now - CODE_LIFE]:
        del world.codes[key]
    key = "1." + secrets.token_urlsafe(48)
    world.codes[key] = code
    return key


def exchange(world: World, form: dict[str, str], *, base: str, now: int) -> dict[str, Any]:
    """Take a code, once."""
    code = world.codes.get(form.get("code", ""))
    if code is None:
        raise refusals.dead(9002313)
    if code.used:
        raise refusals.dead(54005)
    if code.expires_at <= now:
        raise refusals.dead(70008)
    if form.get("redirect_uri") != code.redirect_uri:
        words = "The reply address does not match the one provided when requesting the code."
        raise OAuthError(400, "invalid_client", 500112, words)
    if s256(form.get("code_verifier", "")) != code.challenge:
        raise refusals.dead(501481)
    code.used = True
    return _tokens(world, code.email, code.scopes, base=base, nonce=code.nonce, form=form, now=now)


def renew(world: World, form: dict[str, str], *, base: str, now: int) -> dict[str, Any]:
    """Give a new access token and a new refresh token; the old one goes on working."""
    grant = world.refresh.get(form.get("refresh_token", ""))
    if grant is None:
        raise refusals.dead(9002313)
    if grant.ended:
        raise refusals.dead(grant.ended)
    if grant.expires_at <= now:
        raise refusals.dead(700082)
    asked = scopes_asked(form["scope"]) if form.get("scope") else grant.scopes
    agreed = {*world.consented.get(grant.email, ()), *IDENTITY, OFFLINE}
    if not agreed.issuperset(asked):
        raise refusals.not_consented(world.client_id)
    # Whether the next one is offline too does not hang on the scopes that a renewal names.
    scopes = [*dict.fromkeys([*asked, OFFLINE])]
    return _tokens(world, grant.email, scopes, base=base, nonce="", form=form, now=now)


def revoke_account(world: World, email: str) -> None:
    """End every grant of an account, as its owner can at Microsoft."""
    for token in world.refresh.values():
        if token.email == email:
            token.ended = 50173
    for key in [key for key, token in world.access.items() if token.email == email]:
        del world.access[key]
    for key in [key for key, code in world.codes.items() if code.email == email]:
        del world.codes[key]
    world.consented.pop(email, None)


def expire_refresh(world: World, email: str) -> None:
    """Let all tokens of an account run out, as after ninety days without use."""
    for token in (*world.access.values(), *world.refresh.values()):
        if token.email == email:
            token.expires_at = 0


def _tokens(  # one argument per thing the answer tells
    world: World,
    email: str,
    scopes: list[str],
    *,
    base: str,
    nonce: str,
    form: dict[str, str],
    now: int,
) -> dict[str, Any]:
    # A token carries all that its owner ever agreed to, and not only what was asked this time.
    agreed = set(world.consented.get(email, ())) - {OFFLINE, *IDENTITY}
    granted = [*sorted(agreed), *IDENTITY]
    for key in [key for key, token in world.access.items() if token.expires_at <= now]:
        del world.access[key]
    access = "Ew" + secrets.token_urlsafe(48)
    world.access[access] = Token(email, granted, now + LIFE)
    told = {
        "token_type": "Bearer",
        "scope": " ".join(granted),
        "expires_in": LIFE,
        "ext_expires_in": LIFE,
        "access_token": access,
    }
    person = world.people[email]
    if OFFLINE in scopes:
        told["refresh_token"] = _refresh_token(world, email, scopes, now=now)
    if "openid" in scopes:
        told["id_token"] = keys.sign(_claims(world, person, base=base, nonce=nonce, now=now))
    if form.get("client_info") == "1":
        known = json.dumps({"uid": person.oid, "utid": person.tid}).encode()
        told["client_info"] = base64.urlsafe_b64encode(known).rstrip(b"=").decode()
    return told


def _refresh_token(world: World, email: str, scopes: list[str], *, now: int) -> str:
    mine = [key for key, token in world.refresh.items() if token.email == email]
    for oldest in mine[: max(0, len(mine) + 1 - MOST_REFRESH_TOKENS)]:
        del world.refresh[oldest]
    key = "1." + secrets.token_urlsafe(48)
    world.refresh[key] = Token(email, scopes, now + REFRESH_LIFE)
    return key


def _claims(world: World, person: Person, *, base: str, nonce: str, now: int) -> dict[str, Any]:
    # The subject is another for each app, unlike the object id.
    subject = uuid.uuid5(uuid.UUID(person.oid), world.client_id)
    return {
        "aud": world.client_id,
        "iss": f"{base}/{person.tid}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "name": person.name,
        "email": person.email,
        "preferred_username": person.email,
        "oid": person.oid,
        "tid": person.tid,
        "sub": subject.hex,
        "ver": "2.0",
        **({"nonce": nonce} if nonce else {}),
        **({} if person.personal else {"wids": [ADMINISTRATORS[0] if person.admin else NO_ROLE]}),
    }
