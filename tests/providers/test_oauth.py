"""Consent is data, and what a service says becomes something a person can do."""

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest

from together.providers import (
    AdminApprovalRequired,
    AuthorizationExpired,
    Capability,
    ConsentDeclined,
    Grant,
    Misconfigured,
    OAuth,
    ProviderUnavailable,
    RateLimited,
    Secret,
    pkce,
)
from together.providers.oauth import RESERVED

NOW = datetime(2031, 3, 3, 9, tzinfo=UTC)
OAUTH = OAuth(
    authorize_url="https://acme.example/authorize",
    token_url="https://acme.example/token",
    revoke_url="https://acme.example/revoke",
    client_id="acme-client",
    client_secret=Secret("acme-secret"),
    identity_scopes=frozenset({"openid"}),
    scopes={
        Capability.FREE_BUSY: frozenset({"freebusy", "list"}),
        Capability.EVENTS: frozenset({"events"}),
    },
    extra={"prompt": "consent", "access_type": "offline"},
    chooser={"prompt": "consent select_account"},
    refusals={"org_policy": AdminApprovalRequired, "grant_over": AuthorizationExpired},
    described={"ACME90094": AdminApprovalRequired, "ACME65004": ConsentDeclined},
    described_at_consent={"ACME65001": AdminApprovalRequired},
)
GRANT = Grant(Secret("old"), Secret("refresh"), NOW, frozenset({"freebusy", "list"}))
BODY = {"access_token": "new", "expires_in": 3599, "token_type": "Bearer"}


def service(status=200, body=BODY, sent=None):
    def answer(request):
        if sent is not None:
            sent.append(dict(parse_qsl(request.content.decode())))
        return httpx.Response(status, json=body)

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), trust_env=False)


async def exchange(http):
    return await OAUTH.exchange(
        http,
        code=Secret("c0de"),
        verifier=Secret("verifier"),
        redirect_uri="https://together.example/callback/acme",
        now=NOW,
    )


def test_a_challenge_is_of_its_verifier():
    """The challenge is the S256 of a verifier that is new every time and does not print."""
    verifier, challenge = pkce()
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    assert challenge == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert 43 <= len(verifier.reveal()) <= 128
    assert pkce() != pkce()
    assert repr(verifier) == "Secret(•••)"


def test_the_sign_in_address_is_whole():
    """It holds every parameter once, and no secret."""
    url = OAUTH.url(
        redirect_uri="https://together.example/callback/acme",
        state="st&te",
        challenge="ch",
        login_hint="ada@saltmarsh.example.org",
    )
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": ["acme-client"],
        "redirect_uri": ["https://together.example/callback/acme"],
        "state": ["st&te"],
        "code_challenge": ["ch"],
        "code_challenge_method": ["S256"],
        "scope": ["events freebusy list openid"],
        "prompt": ["consent"],
        "access_type": ["offline"],
        "login_hint": ["ada@saltmarsh.example.org"],
    }


def test_the_chooser_wins_over_a_hint():
    """Whoever asks for another account is not led back to the first."""
    asked = {"redirect_uri": "r", "state": "s", "challenge": "c", "login_hint": "ada@x"}
    url = OAUTH.url(**asked, choose_account=True)
    query = parse_qs(urlsplit(url).query)
    assert (query["prompt"], "login_hint" in query) == (["consent select_account"], False)


@pytest.mark.parametrize("name", [*sorted(RESERVED), "State", "CODE_CHALLENGE_METHOD"])
@pytest.mark.parametrize("place", ["extra", "chooser"])
def test_no_provider_replaces_what_protects_the_flow(name, place):
    """A reserved parameter is refused when the provider is built."""
    with pytest.raises(ValueError, match="may not set"):
        replace(OAUTH, **{place: {name: "x"}})


def test_nor_in_its_address():
    """The address itself may hold parameters, but none of the reserved ones."""
    fine = replace(OAUTH, authorize_url="https://acme.example/authorize?tenant=common")
    query = dict(parse_qsl(urlsplit(fine.url(redirect_uri="r", state="s", challenge="c")).query))
    assert (query["tenant"], query["state"]) == ("common", "s")
    with pytest.raises(ValueError, match="state"):
        replace(OAUTH, authorize_url="https://acme.example/authorize?state=mine")


@pytest.mark.parametrize("place", ["authorize_url", "token_url", "revoke_url"])
def test_every_address_is_https(place):
    """A token is sent to no address that anybody could read along."""
    with pytest.raises(ValueError, match="https"):
        replace(OAUTH, **{place: "http://acme.example/x"})


def test_a_scope_is_one_word():
    """Two scopes in one text would never compare equal to what comes back."""
    with pytest.raises(ValueError, match="not a scope"):
        replace(OAUTH, scopes={Capability.FREE_BUSY: frozenset({"freebusy list"})})


def test_unticking_a_box_takes_a_capability_away():
    """We believe the scopes that came back, not the ones we asked for."""
    reached = [
        OAUTH.capabilities(frozenset(scopes))
        for scopes in ([], ["freebusy"], ["freebusy", "list"], ["freebusy", "list", "events"])
    ]
    both = Capability.FREE_BUSY | Capability.EVENTS
    assert reached == [Capability(0), Capability(0), Capability.FREE_BUSY, both]


@pytest.mark.parametrize(
    ("error", "description", "kind"),
    [
        ("access_denied", "", ConsentDeclined),
        ("consent_required", "", ConsentDeclined),
        ("access_denied", "ACME90094: ask your admin", AdminApprovalRequired),
        ("access_denied", "ACME65001: nobody said yes", AdminApprovalRequired),
        ("never_seen_before", "ACME65001", Misconfigured),
        ("access_denied", "xACME90094x", ConsentDeclined),
        ("access_denied", "invalid_client temporarily_unavailable", ConsentDeclined),
        ("org_policy", "", AdminApprovalRequired),
        ("temporarily_unavailable", "ACME90094", ProviderUnavailable),
        ("invalid_grant", "", Misconfigured), ("grant_over", "", Misconfigured),
        ("access_denied_not", "access_denied", Misconfigured),
        ("never_seen_before", "ACME90094", Misconfigured),
    ],
)  # fmt: skip
def test_refusals_at_the_callback(error, description, kind):
    """Anybody can write a callback's words, so they choose between two answers and no more."""
    refusal = OAUTH.refused_at_consent(error, description)
    assert type(refusal) is kind
    assert "admin" not in repr(vars(refusal)).replace(error, "")
    unknown = ("never_seen_before", "access_denied_not", "invalid_grant")
    assert refusal.code == (None if error in unknown else error)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"error": "invalid_grant", "error_description": "expired"}, AuthorizationExpired),
        (400, {"error": "interaction_required"}, AuthorizationExpired),
        (400, {"error": "consent_required"}, AuthorizationExpired),
        (400, {"error": "invalid_grant", "error_description": "ACME90094: x"},
         AdminApprovalRequired),
        (400, {"error": "invalid_grant", "error_description": "ACME65001: x"},
         AuthorizationExpired),
        (400, {"error": "org_policy"}, AdminApprovalRequired),
        (401, {"error": "invalid_client"}, Misconfigured),
        (400, {"error": "never_seen_before"}, Misconfigured),
        (200, {"error": "never_seen_before"}, Misconfigured),
        (401, {}, Misconfigured),
        (404, {}, Misconfigured),
        (409, None, Misconfigured),
        (429, {"error": "invalid_grant"}, RateLimited),
        (503, {"error": "invalid_grant"}, ProviderUnavailable),
        (400, {"error": "temporarily_unavailable"}, ProviderUnavailable),
        (400, {"error": ["invalid_grant"]}, Misconfigured),
        (400, {"error": "invalid_grant", "error_description": 17}, AuthorizationExpired),
    ],
)  # fmt: skip
async def test_refusals_at_the_token_endpoint(status, body, kind):
    """Only the service's own word ends a consent; an outage or our mistake never does."""
    async with service(status, body) as http:
        with pytest.raises(kind) as caught:
            await OAUTH.refresh(http, GRANT, now=NOW)
    assert type(caught.value) is kind


async def test_a_code_becomes_a_grant():
    """The exchange sends the code with its verifier, and believes what came back."""
    sent = []
    body = {**BODY, "refresh_token": "r2", "scope": "freebusy list https://acme.example/admin"}
    async with service(body=body, sent=sent) as http:
        grant = await exchange(http)
    ends = NOW + timedelta(seconds=3599)
    assert grant == Grant(Secret("new"), Secret("r2"), ends, frozenset({"freebusy", "list"}))
    assert sent == [
        {
            "grant_type": "authorization_code",
            "code": "c0de",
            "code_verifier": "verifier",
            "redirect_uri": "https://together.example/callback/acme",
            "client_id": "acme-client",
            "client_secret": "acme-secret",
        }
    ]


@pytest.mark.parametrize(
    ("description", "kind"),
    [("ACME65001: x", AdminApprovalRequired), ("expired", AuthorizationExpired)],
)
async def test_an_exchange_belongs_to_the_consent(description, kind):
    """What says at a renewal that a consent is over says at its birth what it lacks."""
    said = {"error": "invalid_grant", "error_description": description}
    async with service(400, said) as http:
        with pytest.raises(kind):
            await exchange(http)


async def test_scopes_that_are_not_named_are_those_asked_for():
    """A service that names no scopes gave what was asked (RFC 6749, 5.1)."""
    async with service() as http:
        assert (await exchange(http)).scopes == OAUTH.asked


async def test_a_renewal_keeps_what_it_is_not_sent():
    """Refresh token and scopes stay where the service sends no new ones."""
    async with service() as http:
        assert await OAUTH.refresh(http, GRANT, now=NOW) == replace(
            GRANT, access_token=Secret("new"), expires_at=NOW + timedelta(seconds=3599)
        )


async def test_a_renewal_takes_what_it_is_sent():
    """A rotated refresh token and fewer scopes replace the old ones."""
    async with service(body={**BODY, "refresh_token": "r2", "scope": "list"}) as http:
        grant = await OAUTH.refresh(http, GRANT, now=NOW)
    assert (grant.refresh_token, grant.scopes) == (Secret("r2"), frozenset({"list"}))


async def test_without_a_refresh_token_nothing_is_asked():
    """A grant that cannot be renewed is over, and the service is not bothered."""
    sent = []
    async with service(sent=sent) as http:
        with pytest.raises(AuthorizationExpired):
            await OAUTH.refresh(http, replace(GRANT, refresh_token=None), now=NOW)
    assert sent == []


@pytest.mark.parametrize(
    "change",
    [
        {"expires_in": -1}, {"expires_in": 86_401}, {"expires_in": "3599"}, {"expires_in": True},
        {"expires_in": None}, {"access_token": None}, {"access_token": ""},
        {"access_token": "two words"}, {"access_token": "line\r\nbreak: x"},
        {"access_token": "é"}, {"access_token": "x" * 16_385}, {"token_type": "mac"},
        {"refresh_token": 17}, {"refresh_token": ""}, {"scope": ["freebusy"]},
    ],
)  # fmt: skip
async def test_a_grant_of_another_shape_is_the_operators(change):
    """What a token endpoint sends is checked before it is kept."""
    async with service(body={**BODY, **change}) as http:
        with pytest.raises(Misconfigured):
            await OAUTH.refresh(http, GRANT, now=NOW)


async def test_no_secret_is_in_an_error():
    """An error at the token endpoint drags no request along: its body holds the client secret."""

    def drop(request):
        raise httpx.ConnectError("nobody there", request=request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(drop)) as http:
        with pytest.raises(ProviderUnavailable) as caught:
            await OAUTH.refresh(http, GRANT, now=NOW)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "acme-secret" not in repr(OAUTH)


@pytest.mark.parametrize(("status", "body"), [(200, {}), (400, {"error": "invalid_token"})])
async def test_a_grant_is_revoked_by_its_refresh_token(status, body):
    """Revoking what is over already is no error."""
    sent = []
    async with service(status, body, sent) as http:
        await OAUTH.revoke(http, GRANT)
    assert sent == [{"token": "refresh"}]


async def test_a_revocation_that_failed_is_told():
    """A service that is down did not revoke."""
    async with service(503, {}) as http:
        with pytest.raises(ProviderUnavailable):
            await OAUTH.revoke(http, GRANT)


async def test_what_cannot_be_revoked_is_left():
    """Where a service cannot be told, nothing is sent."""
    sent = []
    async with service(sent=sent) as http:
        await replace(OAUTH, revoke_url=None).revoke(http, GRANT)
    assert sent == []
