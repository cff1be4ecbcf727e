"""The sandbox's token endpoint and the documents beside it, as a client meets them."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

import httpx
import jwt
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from together_outlook.sandbox import OutlookSandbox
from together_outlook.testing.walking import walk_consent

from together.providers import pkce
from together.testing.provider_contract import BASE_URL, REDIRECT_URI

ADA = "ada@saltmarsh.example.org"
HOME = "ada.lindqvist@mail.example.net"
VERIFIER, CHALLENGE = pkce()
SCOPES = "openid profile offline_access Calendars.Read"
NOW = 1_795_500_000
STAMP = "2026-11-24 06:00:00Z"


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sandbox(clock):
    sandbox = OutlookSandbox(clock=clock)
    sandbox.add_account(ADA, name="Ada Lindqvist", zone="Europe/Stockholm")
    sandbox.add_account(HOME, name="Ada at home", personal=True)
    return sandbox


@pytest.fixture
def app(sandbox):
    return Starlette(routes=[Mount(httpx.URL(BASE_URL).path, app=sandbox.app())])


@pytest.fixture
async def web(app):
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as web:
        yield web


class Client:
    """An app that asks for codes and tokens."""

    def __init__(self, sandbox, web):
        self.sandbox, self.web = sandbox, web

    async def code(self, account=ADA, **changes):
        query = {
            "client_id": self.sandbox.world.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": SCOPES,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "nonce": "n0nce",
        }
        url = f"{BASE_URL}/common/oauth2/v2.0/authorize?{urlencode(query | changes)}"
        location = await walk_consent(self.web, url, account=account)
        return dict(parse_qsl(urlsplit(location).query))["code"]

    async def post(self, /, tenant="common", headers=(), **form):
        known = {
            "client_id": self.sandbox.world.client_id,
            "client_secret": self.sandbox.world.client_secret,
        }
        given = {name: value for name, value in (known | form).items() if value is not None}
        url = f"{BASE_URL}/{tenant}/oauth2/v2.0/token"
        reply = await self.web.post(url, data=given, headers=dict(headers))
        return reply.status_code, reply.json()

    async def redeem(self, code, /, **changes):
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER.reveal(),
        }
        return await self.post(**(form | changes))

    async def refresh(self, token, **changes):
        return await self.post(
            **({"grant_type": "refresh_token", "refresh_token": token} | changes)
        )

    async def tokens(self, **changes):
        status, told = await self.redeem(await self.code(**changes))
        assert status == 200
        return told


@pytest.fixture
def client(sandbox, web):
    return Client(sandbox, web)


def refusal(answer):
    """Say how an answer refuses: its status, OAuth's name, and Microsoft's number."""
    status, body = answer
    return status, body["error"], body["error_codes"]


async def test_a_code_buys_all_that_was_agreed_to(client, sandbox):
    """The answer has Microsoft's fields, and tells the scopes without offline_access."""
    told = await client.tokens()
    secrets = {name: told.pop(name) for name in ("access_token", "refresh_token", "id_token")}
    assert told == {
        "token_type": "Bearer",
        "scope": "Calendars.Read openid profile email",
        "expires_in": 3599,
        "ext_expires_in": 3599,
    }
    assert len(set(secrets.values())) == 3
    granted = {"Calendars.Read", "openid", "profile", "email"}
    assert sandbox.scopes_of(secrets["access_token"]) == granted
    assert sandbox.scopes_of("another") is None
    more = await client.tokens(scope="offline_access Calendars.ReadBasic")
    assert more["scope"] == "Calendars.Read Calendars.ReadBasic openid profile email"


@pytest.mark.parametrize(
    ("scope", "there"),
    [
        (SCOPES, {"refresh_token", "id_token"}),
        ("openid Calendars.Read", {"id_token"}),
        ("offline_access Calendars.Read", {"refresh_token"}),
        ("Calendars.Read", set()),
    ],
)
async def test_some_tokens_are_given_only_where_asked_for(client, scope, there):
    """A refresh token needs offline_access, and an id token openid."""
    told = await client.tokens(scope=scope)
    assert told.keys() & {"refresh_token", "id_token"} == there


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"code": "guessed"}, (400, "invalid_grant", [9002313])),
        ({"code": None}, (400, "invalid_request", [900144])),
        ({"redirect_uri": REDIRECT_URI + "/"}, (400, "invalid_client", [500112])),
        ({"code_verifier": "another"}, (400, "invalid_grant", [501481])),
        ({"code_verifier": None}, (400, "invalid_grant", [501481])),
        ({"client_secret": "wrong"}, (401, "invalid_client", [7000215])),
        ({"client_secret": None}, (401, "invalid_client", [7000218])),
        ({"client_id": None}, (400, "invalid_request", [900144])),
        ({"client_id": "other"}, (400, "unauthorized_client", [700038])),
        ({"client_id": str(UUID(int=7))}, (400, "unauthorized_client", [700016])),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", [70003])),
        ({"grant_type": None}, (400, "invalid_request", [900144])),
        ({"tenant": "nowhere.example.org"}, (400, "invalid_request", [90002])),
        ({"tenant": "consumers"}, (400, "invalid_request", [50020])),
    ],
)
async def test_a_code_is_exchanged_only_by_whoever_asked(client, changes, refused):
    """What does not fit is refused with Microsoft's number, and the code is not used up."""
    code = await client.code()
    assert refusal(await client.redeem(code, **changes)) == refused
    assert (await client.redeem(code))[0] == 200


async def test_a_refusal_has_every_field(client):
    """The body of an error is as Microsoft prints it, with the trace in its text too."""
    status, body = await client.redeem("guessed")
    ids = [body["trace_id"], body["correlation_id"]]
    assert [str(UUID(known)) for known in ids] == ids
    assert (status, body) == (
        400,
        {
            "error": "invalid_grant",
            "error_description": (
                "AADSTS9002313: Invalid request. Request is malformed or invalid."
                f" Trace ID: {ids[0]} Correlation ID: {ids[1]} Timestamp: {STAMP}"
            ),
            "error_codes": [9002313],
            "timestamp": STAMP,
            "trace_id": ids[0],
            "correlation_id": ids[1],
            "error_uri": "https://login.microsoftonline.com/error?code=9002313",
        },
    )
    _, unknown = await client.redeem("guessed", client_id="other")
    assert body.keys() - unknown.keys() == {"error_uri"}


async def test_a_code_works_once_and_for_ten_minutes(client, clock):
    """The second exchange of a code is refused, and so is a late one."""
    code, late = await client.code(), await client.code()
    assert (await client.redeem(code))[0] == 200
    assert refusal(await client.redeem(code)) == (400, "invalid_grant", [54005])
    clock.now += 599
    assert (await client.redeem(await client.code()))[0] == 200
    clock.now += 1
    assert refusal(await client.redeem(late)) == (400, "invalid_grant", [70008])


async def test_credentials_may_come_as_http_basic(client, sandbox):
    """The client's credentials are taken from a header as well, and wrong ones are refused."""
    known = f"{sandbox.world.client_id}:{sandbox.world.client_secret}"
    for text, status in ((known, 200), (known + "x", 401)):
        headers = {"authorization": "Basic " + b64encode(text.encode()).decode()}
        told = await client.redeem(
            await client.code(), client_id=None, client_secret=None, headers=headers
        )
        assert told[0] == status
    broken = {"authorization": "Basic \xff".encode("latin-1")}
    told = await client.redeem("any", client_id=None, client_secret=None, headers=broken)
    assert refusal(told) == (400, "invalid_request", [900144])


async def test_each_renewal_brings_a_new_refresh_token_and_ends_none(client):
    """The refresh token is another every time, and each of them goes on working."""
    told = await client.tokens()
    chain = [told["refresh_token"]]
    for _ in range(3):
        status, told = await client.refresh(chain[-1])
        assert (status, told["scope"]) == (200, "Calendars.Read openid profile email")
        chain.append(told["refresh_token"])
    assert len(set(chain)) == 4
    assert [(await client.refresh(token))[0] for token in chain] == [200] * 4


async def test_a_renewal_keeps_to_what_was_agreed(client):
    """A renewal may name scopes that were agreed to, and no others."""
    token = (await client.tokens())["refresh_token"]
    agreed = await client.refresh(token, scope="https://graph.microsoft.com/Calendars.Read openid")
    assert agreed[0] == 200
    assert agreed[1].keys() >= {"refresh_token", "id_token"}
    more = await client.refresh(token, scope="Calendars.ReadWrite")
    assert refusal(more) == (400, "invalid_grant", [65001])


async def test_a_refresh_token_dies_of_disuse(client, clock):
    """Ninety days after it was given a refresh token is refused; a younger one is not."""
    first = (await client.tokens())["refresh_token"]
    clock.now += 90 * 24 * 3600 - 1
    younger = (await client.refresh(first))[1]["refresh_token"]
    clock.now += 1
    assert refusal(await client.refresh(first)) == (400, "invalid_grant", [700082])
    assert (await client.refresh(younger))[0] == 200
    assert refusal(await client.refresh("guessed")) == (400, "invalid_grant", [9002313])


async def test_revoking_ends_every_grant_of_the_account(client, sandbox):
    """After its owner revoked, no token of the account serves, until a new consent."""
    told, code = await client.tokens(), await client.code()
    other = await client.tokens(account=HOME)
    sandbox.revoke(ADA.upper())
    assert sandbox.scopes_of(told["access_token"]) is None
    assert refusal(await client.refresh(told["refresh_token"])) == (400, "invalid_grant", [50173])
    assert refusal(await client.redeem(code)) == (400, "invalid_grant", [9002313])
    assert (await client.refresh(other["refresh_token"]))[0] == 200
    again = await client.tokens()
    assert (await client.refresh(again["refresh_token"]))[0] == 200
    assert refusal(await client.refresh(told["refresh_token"])) == (400, "invalid_grant", [50173])


async def test_only_so_many_refresh_tokens_are_kept(client, sandbox):
    """The sandbox forgets the oldest refresh tokens of an account beyond a hundred."""
    first = (await client.tokens())["refresh_token"]
    for _ in range(99):
        await client.refresh(first)
    assert len(sandbox.world.refresh) == 100
    assert (await client.refresh(first))[0] == 200
    assert len(sandbox.world.refresh) == 100
    assert refusal(await client.refresh(first)) == (400, "invalid_grant", [9002313])


@pytest.mark.parametrize("account", [ADA, HOME])
async def test_an_id_token_says_who_it_is(client, sandbox, web, clock, account):
    """The published keys verify the token, which names account, tenant, app and nonce."""
    told = await client.tokens(account=account)
    person = sandbox.world.people[account]
    found = (await web.get(f"{BASE_URL}/{person.tid}/v2.0/.well-known/openid-configuration")).json()
    keys = jwt.PyJWKSet.from_dict((await web.get(found["jwks_uri"])).json())
    key = keys[jwt.get_unverified_header(told["id_token"])["kid"]]
    claims = jwt.decode(
        told["id_token"],
        key,
        algorithms=found["id_token_signing_alg_values_supported"],
        audience=sandbox.world.client_id,
        issuer=found["issuer"],
        # The clock of this test is not the one on the wall.
        options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
    )
    assert re.fullmatch("[0-9a-f]{32}", claims.pop("sub"))
    no_role = ["b79fbf4d-3ef9-4689-8143-76b194e85509"]
    assert claims.pop("wids", None) == (None if person.personal else no_role)
    assert claims == {
        "aud": sandbox.world.client_id,
        "iss": f"{BASE_URL}/{person.tid}/v2.0",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 3600,
        "name": person.name,
        "email": account,
        "preferred_username": account,
        "oid": person.oid,
        "tid": person.tid,
        "ver": "2.0",
        "nonce": "n0nce",
    }


async def test_tokens_are_not_kept_on_the_way(client, web):
    """No copy of an answer with tokens may be stored."""
    form = {
        "grant_type": "authorization_code",
        "code": await client.code(),
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER.reveal(),
        "client_id": client.sandbox.world.client_id,
        "client_secret": client.sandbox.world.client_secret,
    }
    reply = await web.post(BASE_URL + "/common/oauth2/v2.0/token", data=form)
    assert (reply.status_code, reply.headers["cache-control"]) == (200, "no-store")


async def test_trouble_reaches_the_token_endpoint(client, sandbox, web):
    """An outage answers 503 with a wait, and nonsense a page of HTML."""
    url = BASE_URL + "/common/oauth2/v2.0/token"
    sandbox.switches.set({"down": True, "retry_after": "7"})
    reply = await web.post(url)
    told = (reply.status_code, reply.json()["error"], reply.headers["retry-after"])
    assert told == (503, "temporarily_unavailable", "7")
    sandbox.switches.set({"down": False, "nonsense": True})
    reply = await web.post(url)
    assert (reply.status_code, reply.text[:6]) == (200, "<html>")
