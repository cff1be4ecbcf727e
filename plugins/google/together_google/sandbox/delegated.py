"""Service accounts, what a Workspace delegates to them, and the tokens they get for its users."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from together_google.delegation import AUDIENCE
from together_google.sandbox import grants
from together_google.sandbox.refusals import OAuthError
from together_google.sandbox.world import Delegated, Key, ServiceAccount, Token, World

PERSONAL = frozenset({"gmail.com", "googlemail.com", "example.com"})
"""Domains whose accounts are in no Workspace, so that nobody can act for them."""
KEY_STATES = ("enabled", "disabled", "deleted")
LONGEST_LIFE = 65 * 60
SKEW = 5 * 60
_PROJECT = "sandbox-project"

SHORT_LIVED = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
    " Check your iat and exp values in the JWT claim."
)
UNAUTHORIZED = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized"
    " for any of the scopes requested."
)


def workspaces(world: World) -> list[str]:
    """List the domains of the accounts, each of which is a Workspace of its own."""
    return sorted({_domain(email) for email in world.people} - PERSONAL)


def delegate(world: World, domain: str, client_id: str, scopes: list[str], *, now: int) -> None:
    """Allow a service account to act for the users of a Workspace, with these scopes and no more.

    None takes it back; tokens given for what is not allowed any more end at once.
    """
    clients = world.delegations.setdefault(domain, {})
    before = clients.pop(client_id, Delegated({})).scopes
    if scopes:
        clients[client_id] = Delegated({scope: before.get(scope, now) for scope in scopes})
    for key, token in [*world.access.items()]:
        mine = token.client_id == client_id and _domain(token.email) == domain
        if mine and not {*token.scopes} <= {*scopes}:
            del world.access[key]


def service_account(world: World) -> ServiceAccount:
    """Give the first service account, which is made, with a key, when it is first wanted."""
    return next(iter(world.service_accounts.values()), None) or new_account(world, "together")


def new_account(world: World, name: str) -> ServiceAccount:
    """Make a service account with one key."""
    client_id = f"1{secrets.randbelow(10**20):020d}"
    account = ServiceAccount(f"{name}@{_PROJECT}.iam.gserviceaccount.com", client_id)
    world.service_accounts[client_id] = account
    new_key(world, account)
    return account


def new_key(world: World, account: ServiceAccount) -> str:
    """Make one more key for a service account, and give its id."""
    count = sum(len(known.keys) for known in world.service_accounts.values())
    key_id = secrets.token_hex(20)
    account.keys[key_id] = Key(_made(count))
    return key_id


def key_file(account: ServiceAccount, key_id: str) -> str:
    """Write the file that the console gives whoever makes a key; here it gives it again."""
    return json.dumps(
        {
            "type": "service_account",
            "project_id": _PROJECT,
            "private_key_id": key_id,
            "private_key": account.keys[key_id].private_key,
            "client_email": account.email,
            "client_id": account.client_id,
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": AUDIENCE,
            "universe_domain": "googleapis.com",
        },
        indent=2,
    )


def find_key(world: World, key_id: str) -> tuple[ServiceAccount, Key] | None:
    """Find a key by its id, deleted ones too."""
    for account in world.service_accounts.values():
        if key_id in account.keys:
            return account, account.keys[key_id]
    return None


def token(world: World, assertion: str, *, now: int, delay: int) -> dict[str, Any]:
    """Turn an assertion of a service account into a token for the user it names."""
    claims, account = _read(world, assertion)
    issued, expires = claims.get("iat"), claims.get("exp")
    if not (isinstance(issued, int) and isinstance(expires, int)):
        raise OAuthError(400, "invalid_grant", SHORT_LIVED)
    if not (issued - SKEW <= now < expires and 0 < expires - issued <= LONGEST_LIFE):
        raise OAuthError(400, "invalid_grant", SHORT_LIVED)
    if claims.get("aud") != AUDIENCE:
        raise OAuthError(400, "invalid_grant", "Invalid JWT: Failed audience check.")
    scopes = str(claims.get("scope", "")).split()
    if not scopes or not grants.KNOWN.issuperset(scopes):
        words = "Invalid OAuth scope or ID token audience provided."
        raise OAuthError(400, "invalid_scope", words)
    person = world.people.get(str(claims.get("sub", "")).casefold())
    if person is None:
        raise OAuthError(400, "invalid_grant", "Invalid email or User ID")
    standing = world.delegations.get(_domain(person.email), {}).get(account.client_id)
    since = standing.scopes if standing is not None else {}
    allowed = {scope for scope in since if now >= since[scope] + delay}
    if not allowed.intersection(scopes):
        raise OAuthError(401, "unauthorized_client", UNAUTHORIZED)
    if not allowed.issuperset(scopes):
        # Google's page names this error and no status; 403 is a guess.
        raise OAuthError(403, "access_denied", "Requested client not authorized.")
    given = Token(person.email, scopes, client_id=account.client_id)
    return grants.access(world, given, now=now)


def _read(world: World, assertion: str) -> tuple[dict[str, Any], ServiceAccount]:
    """Check who signed an assertion."""
    try:
        header = jwt.get_unverified_header(assertion)
        issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss")
    except jwt.InvalidTokenError:
        raise OAuthError(400, "invalid_grant", "Bad Request") from None
    account = next((a for a in world.service_accounts.values() if a.email == issuer), None)
    if account is None:
        raise OAuthError(400, "invalid_grant", "Invalid grant: account not found")
    if account.disabled:
        raise OAuthError(401, "disabled_client", "The OAuth client was disabled.")
    for key in _candidates(account, header.get("kid")):
        pem = key.private_key.encode()
        public = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True).public_key()
        checks = {"verify_exp": False, "verify_iat": False, "verify_aud": False}
        try:
            claims = jwt.decode(assertion, public, ["RS256"], options=checks)  # type: ignore[arg-type]
        except jwt.InvalidTokenError:
            continue
        return dict(claims), account
    raise OAuthError(400, "invalid_grant", "Invalid JWT Signature.")


def _candidates(account: ServiceAccount, key_id: object) -> Iterator[Key]:
    """Go through the keys that may have signed: the one that is named, or any where none is."""
    for known, key in account.keys.items():
        if key.state == "enabled" and key_id in (None, known):
            yield key


def _domain(email: str) -> str:
    return email.rpartition("@")[2]


@cache
def _made(count: int) -> str:
    """Make the key with this number, once for a process: making one takes a while."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
