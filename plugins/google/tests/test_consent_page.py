"""The sandbox's consent page and token endpoint, as a browser and a client meet them."""

from __future__ import annotations

import re
from base64 import b64encode
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from together_google import GoogleCalendar, GoogleSandbox
from together_google.oauth import CALENDAR_LIST, EMAIL, EVENTS, FREE_BUSY, OPENID
from together_google.testing import walk_consent

from together.providers import AuthorizationExpired, Capability, Misconfigured, pkce
from together.testing.provider_contract import BASE_URL, REDIRECT_URI

ADA = "ada@saltmarsh.example.org"
VERIFIER, CHALLENGE = pkce()


def address(hands, **changes):
    known = {"redirect_uri": REDIRECT_URI, "state": "st4te", "challenge": CHALLENGE}
    return hands.provider.oauth.url(**(known | changes))


def answered(location):
    return dict(parse_qsl(urlsplit(location).query))


async def redeem(hands, code, /, **changes):
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER.reveal(),
        "client_id": hands.sandbox.world.client_id,
        "client_secret": hands.sandbox.world.client_secret,
    }
    reply = await hands.web.post(BASE_URL + "/token", data=form | changes)
    return reply.status_code, reply.json()


async def test_allowing_gives_a_code_and_the_state(hands):
    """Allow comes back with a code, the scopes granted, and the state as it was."""
    location = await walk_consent(hands.web, address(hands, state="a&b=ü"), account=ADA)
    answer = answered(location)
    assert location.startswith(REDIRECT_URI + "?")
    assert answer.keys() == {"state", "code", "scope"}
    assert answer["state"] == "a&b=ü"
    assert set(answer["scope"].split()) == hands.provider.oauth.asked


async def test_cancelling_says_access_denied(hands):
    """Cancel comes back without description and with the state."""
    location = await walk_consent(hands.web, address(hands), account=ADA, decision="cancel")
    assert answered(location) == {"state": "st4te", "error": "access_denied"}


@pytest.mark.parametrize(
    ("untick", "left"),
    [
        ([EVENTS], Capability.FREE_BUSY),
        ([FREE_BUSY], Capability.EVENTS),
        ([FREE_BUSY, CALENDAR_LIST, EVENTS], Capability(0)),
    ],
)
async def test_an_unticked_box_is_not_granted(hands, untick, left):
    """The scopes that come back are those left ticked, and who it is."""
    grant = await hands.grant(ADA, untick=untick)
    assert grant.scopes == hands.provider.oauth.asked - set(untick)
    assert hands.provider.oauth.capabilities(grant.scopes) == left
    assert {OPENID, EMAIL} <= grant.scopes


async def test_a_blocked_account_comes_back_without_consent(hands):
    """Where the administrator has not approved, the page says so and leads back."""
    hands.sandbox.switches.set({"admin_blocked": [ADA]})
    page = await hands.web.get(address(hands, login_hint=ADA))
    assert page.status_code == 400
    assert "admin_policy_enforced" in page.text
    location = await walk_consent(
        hands.web, address(hands, login_hint=ADA), account=ADA, decision="blocked"
    )
    assert answered(location) == {"state": "st4te", "error": "admin_policy_enforced"}
    other = await walk_consent(
        hands.web, address(hands, choose_account=True), account="ben@saltmarsh.example.org"
    )
    assert "code" in answered(other)


async def test_a_hint_goes_straight_to_consent_unless_the_chooser_is_forced(hands):
    """A hinted account is taken as chosen; select_account and an unknown hint show the list."""
    straight = await hands.web.get(address(hands, login_hint=ADA))
    forced = await hands.web.get(address(hands, login_hint=ADA, choose_account=True))
    unknown = await hands.web.get(address(hands, login_hint="nobody@saltmarsh.example.org"))
    assert ["Allow" in page.text for page in (straight, forced, unknown)] == [True, False, False]
    assert ["Choose an account" in p.text for p in (forced, unknown)] == [True, True]


async def test_what_others_supply_is_escaped(hands, checker):
    """Neither a name, a hint nor a state can put markup onto the page."""
    mark = "<script>alert(1)</script>\"'"
    hands.sandbox.add_account("x@saltmarsh.example.org", name=mark)
    chooser = await hands.web.get(address(hands, state=mark))
    consent = await hands.web.get(address(hands, state=mark, login_hint="x@saltmarsh.example.org"))
    wrong = await hands.web.get(address(hands, redirect_uri="javascript:" + mark))
    for page in (chooser, consent, wrong):
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text or page is wrong
    checker.faults.clear()


async def test_pages_load_nothing_and_keep_nothing(hands):
    """The policy allows the page's own style and nothing else, and no copy is kept."""
    page = await hands.web.get(address(hands))
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert page.headers["cache-control"] == "no-store"
    assert re.findall(r"(?:src|href)=\"(?!\?)", page.text) == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "other"}, "invalid_client"),
        ({"redirect_uri": "javascript:alert(1)"}, "redirect_uri_mismatch"),
        ({"redirect_uri": "https://a.example/#x"}, "redirect_uri_mismatch"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "https://www.googleapis.com/auth/drive"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
    ],
    ids=["client", "script", "fragment", "token", "plain", "challenge", "drive", "no scope"],
)
async def test_a_wrong_request_stays_on_the_page(hands, checker, changes, error):
    """What is wrong with the request is said to the person and never redirected."""
    query = dict(parse_qsl(urlsplit(address(hands)).query)) | changes
    for reply in (
        await hands.web.get(hands.provider.oauth.authorize_url, params=query),
        await hands.web.post(hands.provider.oauth.authorize_url, params=query),
    ):
        assert reply.status_code == 400
        assert error in reply.text
    checker.faults.clear()


async def test_only_registered_addresses_get_an_answer():
    """Where redirect addresses are registered, any other is refused."""
    sandbox = GoogleSandbox(redirect_uris=["https://together.example.org/callback/google"])
    sandbox.add_account(ADA)
    oauth = GoogleCalendar(sandbox.settings("http://127.0.0.1")).oauth
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app())) as web:
        for redirect_uri, status in (
            ("https://together.example.org/callback/google", 200),
            ("https://together.example.org/callback/google2", 400),
        ):
            url = oauth.url(redirect_uri=redirect_uri, state="s", challenge=CHALLENGE)
            assert (await web.get(url)).status_code == status


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"code": "guessed"}, 400, "invalid_grant"),
        ({"redirect_uri": REDIRECT_URI + "/"}, 400, "redirect_uri_mismatch"),
        ({"code_verifier": "another"}, 400, "invalid_grant"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_a_code_is_exchanged_only_by_whoever_asked(hands, checker, changes, status, error):
    """Address, verifier and secret must be those of the request."""
    location = await walk_consent(hands.web, address(hands), account=ADA)
    told = await redeem(hands, answered(location)["code"], **changes)
    assert (told[0], told[1]["error"]) == (status, error)
    checker.faults.clear()


async def test_a_code_works_once_and_for_ten_minutes(hands):
    """The second exchange of a code is refused, and so is a late one."""
    code = answered(await walk_consent(hands.web, address(hands), account=ADA))["code"]
    assert (await redeem(hands, code))[0] == 200
    assert (await redeem(hands, code))[1]["error"] == "invalid_grant"
    late = answered(await walk_consent(hands.web, address(hands), account=ADA))["code"]
    hands.sandbox.world.codes[late].expires_at = 0
    assert (await redeem(hands, late))[1]["error"] == "invalid_grant"


async def test_credentials_may_come_as_http_basic(hands, checker):
    """Google's own library sends the client's credentials in a header."""
    code = answered(await walk_consent(hands.web, address(hands), account=ADA))["code"]
    world = hands.sandbox.world
    basic = b64encode(f"{world.client_id}:{world.client_secret}".encode()).decode()
    reply = await hands.web.post(
        BASE_URL + "/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER.reveal(),
        },
        headers={"authorization": f"Basic {basic}"},
    )
    assert reply.status_code == 200
    assert reply.json().keys() == {
        "access_token",
        "expires_in",
        "refresh_token",
        "scope",
        "token_type",
    }
    checker.faults.clear()


@pytest.mark.parametrize(
    ("changes", "refreshable"),
    [({}, True), ({"access_type": "online"}, False), ({"prompt": "none"}, False)],
)
async def test_a_refresh_token_needs_offline_access_and_a_consent(
    hands, checker, changes, refreshable
):
    """A second consent brings a refresh token only where it was asked for again."""
    await hands.grant(ADA)
    query = dict(parse_qsl(urlsplit(address(hands, login_hint=ADA)).query)) | changes
    reply = await hands.web.post(
        hands.provider.oauth.authorize_url,
        params=query,
        data={"account": ADA, "decision": "allow"},
    )
    _, body = await redeem(hands, answered(reply.headers["location"])["code"])
    assert ("refresh_token" in body) == refreshable
    checker.faults.clear()


async def test_revoking_ends_every_grant_of_the_account(hands):
    """Google ends all grants of an account to an app with one revocation."""
    first, second = await hands.grant(ADA), await hands.grant(ADA)
    oauth, now = hands.provider.oauth, first.expires_at
    await oauth.revoke(hands.web, first)
    with pytest.raises(AuthorizationExpired):
        await oauth.refresh(hands.web, second, now=now)
    await oauth.revoke(hands.web, first)


async def test_the_oldest_refresh_token_dies_beyond_a_hundred(hands):
    """The hundred-and-first consent of an account silently ends its first."""
    oauth = hands.provider.oauth
    grants = [await hands.grant(ADA) for _ in range(101)]
    with pytest.raises(AuthorizationExpired):
        await oauth.refresh(hands.web, grants[0], now=grants[0].expires_at)
    assert await oauth.refresh(hands.web, grants[1], now=grants[1].expires_at)


async def test_a_token_endpoint_that_talks_nonsense_is_the_operators(hands):
    """A page of HTML from the token endpoint does not make anybody reconnect."""
    grant = await hands.grant(ADA)
    hands.sandbox.switches.set({"nonsense": True})
    with pytest.raises(Misconfigured):
        await hands.provider.oauth.refresh(hands.web, grant, now=grant.expires_at)
