"""The sandbox's authorization endpoint, as a browser meets it."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from together_outlook.sandbox import OutlookSandbox
from together_outlook.sandbox.world import CONSUMERS, tenant_id
from together_outlook.testing.walking import walk_consent

from together.providers import pkce
from together.testing.provider_contract import BASE_URL, REDIRECT_URI

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
MIRA = "mira@northlight.example.com"
HOME = "ada.lindqvist@mail.example.net"
_, CHALLENGE = pkce()
SCOPES = "openid profile offline_access Calendars.Read"


@pytest.fixture
def sandbox():
    """Give a sandbox with two colleagues, somebody elsewhere, and a personal account."""
    sandbox = OutlookSandbox()
    sandbox.add_account(ADA, name="Ada Lindqvist", zone="Europe/Stockholm")
    sandbox.add_account(BEN, name="Ben Okafor", needs_approval=True)
    sandbox.add_account(MIRA, name="Mira Holt")
    sandbox.add_account(HOME, name="Ada at home", personal=True)
    return sandbox


@pytest.fixture
def address(sandbox):
    """Write an authorization address; what is None is left out."""

    def address(tenant="common", **changes):
        query = {
            "client_id": sandbox.world.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "scope": SCOPES,
            "state": "st4te",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes
        given = {name: value for name, value in query.items() if value is not None}
        return f"{BASE_URL}/{tenant}/oauth2/v2.0/authorize?{urlencode(given)}"

    return address


def answered(location):
    assert location.startswith(REDIRECT_URI + "?")
    return dict(parse_qsl(urlsplit(location).query))


def kinds(page):
    """Say what a page is: its heading, and its AADSTS number if it shows one."""
    heading = re.search("<h1>(.*?)</h1>", page.text)
    number = re.search(r"AADSTS(\d+):", page.text)
    return (
        page.status_code,
        heading.group(1) if heading else "",
        int(number.group(1)) if number else None,
    )


ASKS = (200, "Permissions requested", None)
CHOOSES = (200, "Pick an account", None)


async def test_accepting_gives_a_code_and_the_state(web, address):
    """Accept comes back with a code and with the state as it was."""
    answer = answered(await walk_consent(web, address(state="a&b=ü"), account=ADA))
    assert answer.keys() == {"code", "session_state", "state"}
    assert answer["state"] == "a&b=ü"


async def test_cancelling_says_who_declined(web, address, sandbox):
    """Cancel comes back with access_denied and AADSTS65004, and nothing is agreed to."""
    answer = answered(await walk_consent(web, address(), account=ADA, decision="cancel"))
    words = answer.pop("error_description")
    assert answer == {
        "error": "access_denied",
        "error_uri": "https://login.microsoftonline.com/error?code=65004",
        "state": "st4te",
    }
    assert re.fullmatch(
        r"AADSTS65004: User declined to consent to access the app\. Trace ID: [0-9a-f-]{36}"
        r" Correlation ID: [0-9a-f-]{36} Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ",
        words,
    )
    assert sandbox.world.consented == {}


async def test_who_has_agreed_is_not_asked_again(web, address):
    """A second time the account goes straight back, unless more or a new consent is asked for."""
    await walk_consent(web, address(), account=ADA)
    again = await web.get(address(login_hint=ADA))
    assert (again.status_code, "code" in answered(again.headers["location"])) == (303, True)
    chosen = answered(await walk_consent(web, address(prompt="select_account"), account=ADA))
    assert "code" in chosen
    assert [
        kinds(await web.get(address(login_hint=ADA, **changes)))
        for changes in ({"prompt": "consent"}, {"scope": SCOPES + " Calendars.ReadWrite"})
    ] == [ASKS, ASKS]


async def test_a_hint_goes_straight_to_consent_unless_the_chooser_is_forced(web, address):
    """A hinted account is taken as chosen; select_account and an unknown hint show the list."""
    assert [
        kinds(await web.get(address(**changes)))
        for changes in (
            {"login_hint": ADA.upper()},
            {"login_hint": ADA, "prompt": "login"},
            {"login_hint": ADA, "prompt": "select_account"},
            {"login_hint": "nobody@saltmarsh.example.org"},
            {},
        )
    ] == [ASKS, ASKS, CHOOSES, CHOOSES, CHOOSES]


async def test_whoever_was_hinted_another_account_may_be_chosen(web, address, sandbox):
    """The page of a hinted account leads to the list, where another can be picked."""
    await walk_consent(web, address(login_hint=ADA), account=MIRA)
    assert list(sandbox.world.consented) == [MIRA]


async def test_an_administrator_who_must_approve_is_named_in_the_answer(web, address):
    """Need admin approval is a page; whoever returns from it comes with AADSTS90094."""
    page = await web.get(address(login_hint=BEN))
    assert kinds(page) == (200, "Need admin approval", None)
    assert "Return to the application without granting consent" in page.text
    answer = answered(await walk_consent(web, address(), account=BEN, decision="blocked"))
    words = answer.pop("error_description")
    assert answer == {
        "error": "access_denied",
        "error_uri": "https://login.microsoftonline.com/error?code=90094",
        "state": "st4te",
    }
    assert words.startswith("AADSTS90094: An administrator of saltmarsh.example.org has set")
    with pytest.raises(AssertionError, match="no button 'allow', only \\['blocked'\\]"):
        await walk_consent(web, address(), account=BEN)


async def test_a_blocked_account_cannot_accept(web, address, sandbox):
    """Neither a posted Accept nor an earlier consent gets past an administrator."""
    await walk_consent(web, address(), account=ADA)
    sandbox.switches.set({"admin_blocked": [ADA]})
    form = {"account": ADA, "decision": "allow"}
    assert kinds(await web.post(address(), data=form)) == (200, "Need admin approval", None)
    assert kinds(await web.get(address(login_hint=ADA))) == (200, "Need admin approval", None)
    sandbox.switches.set({"admin_blocked": []})
    assert "code" in answered(await walk_consent(web, address(), account=ADA))


@pytest.mark.parametrize(
    ("tenant", "numbers"),
    [
        ("common", (None, None, None)),
        ("organizations", (None, None, 500200)),
        ("consumers", (50020, 50020, None)),
        (CONSUMERS, (50020, 50020, None)),
        ("saltmarsh.example.org", (None, 50020, 50020)),
        (tenant_id("saltmarsh.example.org"), (None, 50020, 50020)),
    ],
    ids=["common", "organizations", "consumers", "consumers' id", "domain", "id"],
)
async def test_a_tenant_admits_its_own(web, address, tenant, numbers):
    """Work and personal accounts, and those of another tenant, each find the door they may use."""
    pages = [kinds(await web.get(address(tenant, login_hint=who))) for who in (ADA, MIRA, HOME)]
    wrong = "Selected user account does not fit"
    assert pages == [(400, wrong, number) if number else ASKS for number in numbers]


async def test_the_wrong_account_can_be_exchanged(web, address):
    """The page that refuses an account leads to the list of accounts."""
    page = await web.get(address("organizations", login_hint=HOME))
    link = re.search('href="([^"]+)"', page.text).group(1).replace("&amp;", "&")
    assert kinds(await web.get(str(page.url.join(link)))) == CHOOSES


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"client_id": None}, 900144),
        ({"client_id": "other"}, 700038),
        ({"client_id": "6731de76-14a6-49ae-97bc-6eba6914391e"}, 700016),
        ({"redirect_uri": "javascript:alert(1)"}, 50011),
        ({"redirect_uri": "https://a.example/#x"}, 50011),
        ({"redirect_uri": None}, 50011),
        ({"tenant": "nowhere.example.org"}, 90002),
    ],
    ids=["no client", "no id", "client", "script", "fragment", "no address", "tenant"],
)
async def test_who_is_not_known_gets_no_answer(web, address, changes, number):
    """A mistake in app, address or tenant is said to the person and never redirected."""
    title = "Sorry, but we’re having trouble signing you in."
    url = address(**changes)
    assert kinds(await web.get(url)) == (400, title, number)
    assert kinds(await web.post(url, data={"decision": "allow"})) == (400, title, number)


@pytest.mark.parametrize(
    ("changes", "error", "number"),
    [
        ({"response_type": "token"}, "unsupported_response_type", 700051),
        ({"response_mode": "fragment"}, "invalid_request", 70007),
        ({"prompt": "login consent"}, "invalid_request", 90023),
        ({"code_challenge_method": "plain"}, "invalid_request", 501491),
        ({"code_challenge": "short"}, "invalid_request", 501491),
        ({"code_challenge": None}, "invalid_request", 501491),
        ({"scope": None}, "invalid_request", 900144),
        ({"scope": "Calendars.Everything"}, "invalid_client", 650053),
        ({"scope": "https://outlook.office.com/Calendars.Read"}, "invalid_scope", 70011),
        ({"prompt": "none"}, "login_required", 50058),
        ({"prompt": "none", "login_hint": ADA}, "interaction_required", 65001),
        ({"prompt": "none", "login_hint": BEN}, "access_denied", 90094),
    ],
)
async def test_an_app_hears_of_its_mistakes(web, address, changes, error, number):
    """What a known app asks wrongly comes back to it, with the state."""
    reply = await web.get(address(**changes))
    answer = answered(reply.headers["location"])
    assert (reply.status_code, answer["error"], answer["state"]) == (303, error, "st4te")
    assert answer["error_description"].startswith(f"AADSTS{number}: ")


async def test_scopes_of_graph_may_be_written_in_full(web, address, sandbox):
    """The address of Graph before a scope, and its case, make no difference."""
    scope = "openid https://graph.microsoft.com/calendars.read"
    await walk_consent(web, address(scope=scope), account=ADA)
    assert sandbox.world.consented == {ADA: ["openid", "Calendars.Read"]}


async def test_only_registered_addresses_get_an_answer():
    """Where redirect addresses are registered, any other is refused."""
    registered = "https://together.example.org/callback/outlook"
    sandbox = OutlookSandbox(redirect_uris=[registered])
    query = {
        "client_id": sandbox.world.client_id,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox.app())) as web:
        for redirect_uri, status in ((registered, 200), (registered + "2", 400)):
            reply = await web.get(
                "http://127.0.0.1/common/oauth2/v2.0/authorize",
                params={**query, "redirect_uri": redirect_uri},
            )
            assert reply.status_code == status


async def test_what_others_supply_is_escaped(web, address, sandbox):
    """Neither a name, a hint, a state nor an address can put markup onto a page."""
    mark = "<script>alert(1)</script>\"'"
    sandbox.add_account("x@saltmarsh.example.org", name=mark)
    sandbox.add_account("y@northlight.example.com", name=mark, needs_approval=True)
    pages = [
        await web.get(address(**changes))
        for changes in (
            {"state": mark},
            {"state": mark, "login_hint": "x@saltmarsh.example.org"},
            {"login_hint": "y@northlight.example.com"},
            {"tenant": "organizations", "login_hint": HOME, "state": mark},
            {"redirect_uri": "javascript:" + mark},
            {"client_id": mark},
        )
    ]
    assert ["<script" in page.text for page in pages] == [False] * 6
    assert ["&lt;script&gt;" in page.text for page in pages] == [
        True,
        True,
        True,
        False,
        True,
        True,
    ]


async def test_pages_load_nothing_and_keep_nothing(web, address):
    """The policy allows the page's own style and nothing else, and no copy is kept."""
    for page in (
        await web.get(address()),
        await web.get(address(login_hint=ADA)),
        await web.get(address(login_hint=BEN)),
        await web.get(address(client_id="other")),
    ):
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert policy.endswith("base-uri 'none'; frame-ancestors 'none'")
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert re.findall(r"(?:src|href|action)=\"(?!\?)", page.text) == []
        assert '<html lang="en">' in page.text
