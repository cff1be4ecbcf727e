"""An id token proves a tenant when everything in it is right, and nothing when anything is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from together_outlook import OutlookCalendar
from together_outlook.id_token import roles_of

from together.providers import (
    AdminApprovalRequired,
    ConsentDeclined,
    Credential,
    Misconfigured,
    ProviderError,
    ProviderUnavailable,
    Secret,
    TenantClaim,
    WrongTenant,
)

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
STAMP = int(NOW.timestamp())
TENANT = "3c1e5d70-92ab-4f6e-b0d8-57a1c4e9f213"
OTHER = "6f0c9a3e-1b7d-4e52-8a44-90d2c1f3b785"
LOGIN = "https://login.microsoftonline.com"
NONCE = "n0nce-of-this-one-sign-in"
CLAIMS = {
    "aud": "the-app",
    "iss": f"{LOGIN}/{TENANT}/v2.0",
    "iat": STAMP,
    "nbf": STAMP,
    "exp": STAMP + 3600,
    "nonce": NONCE,
    "oid": OTHER,
    "preferred_username": "chiara@saltmarsh.example.org",
    "sub": "x1",
    "tid": TENANT,
    "ver": "2.0",
}


@cache
def key(name="k1", bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def published(name="k1", bits=2048, **more):
    numbers = RSAAlgorithm.to_jwk(key(name, bits).public_key(), as_dict=True)
    known = {"kty": "RSA", "use": "sig", "kid": name, "n": numbers["n"], "e": numbers["e"]}
    return {**known, "issuer": f"{LOGIN}/{{tenantid}}/v2.0", **more}


def signed(*, name="k1", bits=2048, header=(), **changes):
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not ...}
    headers = {name: value for name, value in {"kid": name, **dict(header)}.items() if value}
    return jwt.encode(claims, key(name, bits), "RS256", headers=headers)


async def proved(token, keys=None, *, now=NOW, nonce=NONCE, tenant=TENANT, status=200):
    """Let the plugin read a token that the token endpoint gives, and see what it asked."""
    asked = []

    def answer(request):
        asked.append(str(request.url))
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"token_type": "Bearer", "id_token": token})
        told = {"keys": [published()]} if keys is None else keys
        return httpx.Response(status, json=told)

    settings = {"CLIENT_ID": "the-app", "CLIENT_SECRET": "secret"}
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), trust_env=False) as http:
        credential = await OutlookCalendar(settings).delegation.prove(
            http,
            TenantClaim(tenant),
            code=Secret("c0de"),
            verifier=Secret("v" * 43),
            nonce=nonce,
            redirect_uri="https://together.example.org/callback/outlook",
            now=now,
        )
    return credential, asked


async def test_a_right_token_proves_the_tenant():
    """Its keys are read where the tenant's are, and at no address that stands in a token."""
    header = {"jku": "https://elsewhere.example/keys", "x5u": "https://elsewhere.example/x"}
    credential, asked = await proved(signed(header=header))
    secret = Secret(json.dumps({"tenant": TENANT}))
    assert credential == Credential(secret, id=TENANT, name="saltmarsh.example.org")
    assert asked == [
        f"{LOGIN}/{TENANT}/oauth2/v2.0/token",
        f"{LOGIN}/{TENANT}/discovery/v2.0/keys",
    ]


KINDS = {
    "wrong_tenant": WrongTenant,
    "guest_account": WrongTenant,
    "no_administrator": AdminApprovalRequired,
    "unexpected_answer": Misconfigured,
}
"""Whoever has to do something else than to sign in again."""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"tid": OTHER}, "wrong_tenant"),
        ({"tid": OTHER, "iss": f"{LOGIN}/{OTHER}/v2.0"}, "wrong_tenant"),
        ({"tid": 7}, "wrong_tenant"),
        ({"iss": f"{LOGIN}/{OTHER}/v2.0"}, "wrong_issuer"),
        ({"iss": f"https://sts.windows.net/{TENANT}/"}, "wrong_issuer"),
        ({"aud": "another-app"}, "unusable_id_token"),
        ({"aud": ["the-app", "another-app"]}, "unusable_id_token"),
        ({"nonce": "another"}, "wrong_nonce"),
        ({"nonce": ...}, "wrong_nonce"),
        ({"exp": STAMP - 60}, "id_token_out_of_time"),
        ({"iat": STAMP + 61}, "id_token_out_of_time"),
        ({"nbf": STAMP + 61}, "id_token_out_of_time"),
        ({"exp": "tomorrow"}, "unusable_id_token"),
        ({"exp": True}, "unusable_id_token"),
        ({"idp": f"https://sts.windows.net/{OTHER}/"}, "guest_account"),
        ({"idp": "live.com"}, "guest_account"),
        ({"acct": 1}, "guest_account"),
        ({"wids": []}, "no_administrator"),
        ({"wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"]}, "no_administrator"),
        *(
            ({name: ...}, "unusable_id_token")
            for name in ("aud", "exp", "iat", "iss", "sub", "tid")
        ),
        ({"name": "b2"}, "unknown_key"),
        ({"header": {"kid": "k2"}}, "unknown_key"),
        ({"header": {"kid": None}}, "unusable_id_token"),
        ({"header": {"crit": ["exp"]}}, "unusable_id_token"),
        ({"padding": "x" * 16_384}, "unexpected_answer"),
    ],
    ids=range(30),
)
async def test_anything_wrong_proves_nothing(changes, why):
    """Each claim, the header and the size are held to what they must be, and told apart."""
    with pytest.raises(ProviderError) as caught:
        await proved(signed(**changes))
    assert caught.value.code == why
    assert type(caught.value) is KINDS.get(why, ConsentDeclined)


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": STAMP - 59},
        {"iat": STAMP + 60, "nbf": STAMP + 60},
        {"tid": TENANT.upper()},
        {"nbf": ...},
        {"idp": f"https://sts.windows.net/{TENANT}/"},
        {"idp": f"{LOGIN}/{TENANT}/v2.0"},
        {"acct": 0},
        {"wids": ["x", "e8611ab8-c189-46e8-94e1-60213ab1f814"]},
    ],
)
async def test_what_may_differ_may(changes):
    """A minute between two clocks, and what Microsoft says of an account at home, is nothing."""
    assert (await proved(signed(**changes)))[0].id == TENANT


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (..., TENANT),
        ("chiara", TENANT),
        ("chiara@Saltmarsh.Example.ORG", "saltmarsh.example.org"),
        ("chiara@salt marsh.example.org", TENANT),
        ("chiara@<b>.example.org", TENANT),
        (7, TENANT),
    ],
)
async def test_a_tenant_is_shown_by_its_domain(name, shown):
    """Where the account's name has none, the tenant's id is shown."""
    credential, _ = await proved(signed(preferred_username=name))
    assert credential.name == shown


async def test_nobody_else_signs_for_a_tenant():
    """Another's signature under a known key's name, no signature, and another algorithm fail."""
    forged = signed(name="b2", header={"kid": "k1"})
    unsigned = jwt.encode(CLAIMS, None, "none", headers={"kid": "k1"})
    secret = published()["n"]
    shared = jwt.encode(CLAIMS, secret, "HS256", headers={"kid": "k1"})
    head, body, mark = signed().split(".")
    altered = ".".join([head, signed(tid=TENANT, sub="x2").split(".")[1], mark])
    for token in (forged, unsigned, shared, altered, f"{head}.{body}.", "nonsense", "a.b.c"):
        with pytest.raises(ConsentDeclined) as caught:
            await proved(token)
        assert caught.value.code == "unusable_id_token"


@pytest.mark.parametrize(
    "known",
    [
        {"kty": "EC"},
        {"use": "enc"},
        {"issuer": f"{LOGIN}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"},
        {"issuer": None},
        {"kid": "k2"},
    ],
)
async def test_a_key_that_is_for_something_else_is_not_used(known):
    """A key for personal accounts, for encryption or of another kind signs for no tenant."""
    with pytest.raises(ConsentDeclined) as caught:
        await proved(signed(), {"keys": [published(**known), "x"]})
    assert caught.value.code == "unknown_key"


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
async def test_a_short_key_is_not_enough():
    """A key that can be broken proves nothing, although its signature is right."""
    token = signed(name="s1", bits=1024)
    with pytest.raises(ConsentDeclined) as caught:
        await proved(token, {"keys": [published("s1", 1024)]})
    assert caught.value.code == "short_key"


@pytest.mark.parametrize(
    ("status", "keys", "kind"),
    [
        (503, {}, ProviderUnavailable),
        (500, None, ProviderUnavailable),
        (404, {}, Misconfigured),
        (401, {}, Misconfigured),
        (200, {}, Misconfigured),
        (200, {"keys": {}}, Misconfigured),
        (200, {"keys": [published(n="x", e="x")]}, Misconfigured),
        (200, {"keys": [published(n=7)]}, Misconfigured),
    ],
    ids=range(8),
)
async def test_keys_that_cannot_be_read_are_not_the_administrators_affair(status, keys, kind):
    """Where the keys are missing, nothing is proved, and nothing was declined."""
    with pytest.raises(kind):
        await proved(signed(), keys, status=status)


async def test_a_clock_is_handed_in():
    """What counts is the time that the caller has, and no other clock."""
    later = NOW + timedelta(days=400)
    with pytest.raises(ConsentDeclined):
        await proved(signed(), now=later)
    stamp = int(later.timestamp())
    token = signed(iat=stamp, nbf=stamp, exp=stamp + 3600)
    assert (await proved(token, now=later))[0].id == TENANT


async def test_an_empty_nonce_proves_nothing():
    """A sign-in that was not asked for with a nonce cannot be told from another."""
    with pytest.raises(ConsentDeclined) as caught:
        await proved(signed(nonce=""), nonce="")
    assert caught.value.code == "wrong_nonce"


@pytest.mark.parametrize(
    ("token", "roles"),
    [
        (jwt.encode({"roles": ["Calendars.Read", 7]}, "k" * 32, "HS256"), {"Calendars.Read"}),
        (jwt.encode({"roles": "Calendars.Read"}, "k" * 32, "HS256"), frozenset()),
        (jwt.encode({}, "k" * 32, "HS256"), frozenset()),
        ("EwBYA8l6BAAU", frozenset()),
        ("a.b.c", frozenset()),
    ],
    ids=range(5),
)
def test_a_token_that_shows_nothing_is_no_trouble(token, roles):
    """What an application's token says of its permissions is read where it can be."""
    assert roles_of(Secret(token)) == roles
