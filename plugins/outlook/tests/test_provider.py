"""What Outlook Calendar and Microsoft Teams declare about themselves."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from together_outlook import MicrosoftTeams, OutlookCalendar
from together_outlook.graph import AT_ONCE
from together_outlook.identity import CONSUMERS
from together_outlook.oauth import IDENTITY_SCOPES, READ, WRITE

from together.providers import Access, Account, Capability, Grant, Secret, pkce

SETTINGS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}
TENANT = "6babcaad-604b-40ac-a9d7-9fd97c0b779f"
PERSONAL = "4b2e0df61bb4ae26"
GRAPH = "https://graph.microsoft.com/"
BOTH = Capability.FREE_BUSY | Capability.EVENTS
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


def test_microsoft_is_microsoft_where_nothing_else_is_said():
    """Two settings are enough; every address is Microsoft's, and tokens go to Graph alone."""
    provider = OutlookCalendar(SETTINGS)
    assert (provider.slug, provider.label) == ("outlook", "Outlook Calendar")
    assert provider.origins == {"https://graph.microsoft.com"}
    oauth = provider.oauth
    assert (oauth.authorize_url, oauth.token_url, oauth.revoke_url) == (
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        None,
    )


@pytest.mark.parametrize("lacks", ["CLIENT_ID", "CLIENT_SECRET"])
def test_a_missing_setting_is_named(lacks):
    """Without a client id or its secret there is no provider."""
    with pytest.raises(KeyError, match=lacks):
        OutlookCalendar({name: value for name, value in SETTINGS.items() if name != lacks})


@pytest.mark.parametrize(
    "tenant",
    [
        "common",
        "organizations",
        "consumers",
        TENANT,
        "saltmarsh.example.org",
        "saltmarsh-1.onmicrosoft.com",
    ],
)
def test_whose_accounts_may_sign_in_is_a_setting(tenant):
    """Everybody, work accounts, personal ones, or one tenant by its id or domain."""
    oauth = OutlookCalendar(SETTINGS | {"TENANT": tenant.upper()}).oauth
    assert oauth.token_url == f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
    assert urlsplit(oauth.authorize_url).path == f"/{tenant}/oauth2/v2.0/authorize"


@pytest.mark.parametrize(
    "tenant",
    ["", "everybody", "common/../x", "common?x=", "a b.example", ".example.org", "x.", "é.example",
     "a" * 250 + ".org", TENANT[:-1], "-x.example.org", "@example.org", "common\n"],
)  # fmt: skip
def test_no_other_tenant_gets_into_an_address(tenant):
    """What is no tenant is refused when the plugin starts, and is not repeated."""
    with pytest.raises(ValueError, match="TENANT") as caught:
        OutlookCalendar(SETTINGS | {"TENANT": tenant})
    assert not tenant or tenant == "common\n" or tenant not in str(caught.value)


@pytest.mark.parametrize("name", ["API_URL", "LOGIN_URL"])
def test_an_address_without_tls_is_refused(name):
    """A token never goes out unencrypted, except on the machine itself."""
    with pytest.raises(ValueError, match="https"):
        OutlookCalendar(SETTINGS | {name: "http://graph.example.org/v1.0"})
    OutlookCalendar(SETTINGS | {name: "http://127.0.0.1:9/v1.0/"})


def test_a_national_cloud_has_addresses_of_its_own():
    """Two settings move everything to another cloud, its names of scopes included."""
    provider = OutlookCalendar(
        SETTINGS
        | {
            "API_URL": "https://graph.microsoft.us/v1.0",
            "LOGIN_URL": "https://login.microsoftonline.us",
        }
    )
    assert provider.origins == {"https://graph.microsoft.us"}
    assert provider.oauth.token_url.startswith("https://login.microsoftonline.us/common/")
    for graph in ("https://graph.microsoft.us", "https://graph.microsoft.com"):
        assert provider.oauth.heard[f"{graph}/calendars.read"] == {READ}


@pytest.mark.parametrize(
    ("came_back", "bought"),
    [
        (f"openid profile email User.Read {READ} {WRITE}", BOTH),
        (f"{GRAPH}User.Read {GRAPH}{READ} {GRAPH}{WRITE}", BOTH),
        ("calendars.read CALENDARS.READWRITE", BOTH),
        (f"{GRAPH}calendars.readwrite", BOTH),
        (READ, Capability.FREE_BUSY),
        (f"HTTPS://Graph.Microsoft.com/{READ}", Capability.FREE_BUSY),
        ("openid profile email User.Read", Capability(0)),
        ("Calendars.ReadBasic Calendars.Read.Shared Calendars.ReadWrite.Shared", Capability(0)),
        (f"https://elsewhere.example/{WRITE}", Capability(0)),
    ],
)
async def test_capabilities_are_what_came_back(came_back, bought):
    """Short names and whole ones count in any case, and writing includes reading."""
    oauth = OutlookCalendar(SETTINGS).oauth
    body = {"access_token": "a", "refresh_token": "new", "expires_in": 3599, "scope": came_back}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=body))
    async with httpx.AsyncClient(transport=transport, trust_env=False) as web:
        old = Grant(Secret("x"), Secret("old"), NOW, frozenset())
        grant = await oauth.refresh(web, old, now=NOW)
    assert oauth.capabilities(grant.scopes) == bought
    assert grant.scopes <= oauth.asked
    assert grant.refresh_token == Secret("new")


@pytest.mark.parametrize("choose", [False, True])
def test_the_authorization_address_is_microsofts(choose):
    """It asks for a refresh token and for no scope too many, and `prompt` has one value or none."""
    _, challenge = pkce()
    url = OutlookCalendar(SETTINGS).oauth.url(
        redirect_uri="https://together.example.org/callback/outlook",
        state="st4te",
        challenge=challenge,
        login_hint="ada@saltmarsh.example.org",
        choose_account=choose,
    )
    query = dict(parse_qsl(urlsplit(url).query))
    assert {*query["scope"].split()} == {*IDENTITY_SCOPES, READ, WRITE}
    assert "offline_access" in query["scope"]
    assert query.get("prompt") == ("select_account" if choose else None)
    assert query.get("login_hint") == (None if choose else "ada@saltmarsh.example.org")


def test_teams_is_made_with_outlook_calendar():
    """Teams opens nothing of its own, and its links are on Teams' hosts alone."""
    teams = MicrosoftTeams()
    assert (teams.slug, teams.label) == ("outlook-teams", "Microsoft Teams")
    assert (teams.made_with, teams.join_hosts) == (
        "outlook",
        {"teams.microsoft.com", "teams.live.com"},
    )
    with pytest.raises(TypeError, match="Microsoft Teams"):
        teams.open(Access(http=None))


class Slow(httpx.AsyncBaseTransport):
    """Answers who one is, slowly, and counts how many ask at once."""

    def __init__(self):
        self.running = self.most = 0

    async def handle_async_request(self, request):
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.01)
        self.running -= 1
        return httpx.Response(200, json={"id": PERSONAL, "mail": "ada@saltmarsh.example.org"})


@pytest.mark.parametrize(
    ("accounts", "most"), [(["1", "1", "1"], AT_ONCE), (["1", "2", "2"], 2 * AT_ONCE)]
)
async def test_a_mailbox_is_asked_four_things_at_once(accounts, most):
    """Calls wait for each other however often a mailbox is open, and not for another mailbox."""
    provider, slow = OutlookCalendar(SETTINGS), Slow()
    async with httpx.AsyncClient(transport=slow, trust_env=False) as http:
        opened = [
            provider.open(Access(http=http, account=Account(account, "ada@saltmarsh.example.org")))
            for account in accounts
        ]
        await asyncio.gather(*(calendars.whoami() for calendars in opened for _ in range(10)))
    assert slow.most == most


async def test_a_provider_keeps_nothing_of_who_is_closed():
    """What calls wait at goes with the last one who has the mailbox open."""
    provider = OutlookCalendar(SETTINGS)
    opened = provider.open(Access(http=None, account=Account("1", "ada@saltmarsh.example.org")))
    assert [*provider._gates] == ["1"]
    del opened
    assert [*provider._gates] == []


async def test_a_call_that_is_cut_off_leaves_its_place():
    """Whoever gives up waiting takes no place away from those who come after."""
    provider = OutlookCalendar(SETTINGS)
    async with httpx.AsyncClient(transport=Slow(), trust_env=False) as http:
        opened = provider.open(Access(http=http, account=Account("1", "")))
        calls = [asyncio.create_task(opened.whoami()) for _ in range(12)]
        await asyncio.sleep(0)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        answers = await asyncio.wait_for(
            asyncio.gather(*(opened.whoami() for _ in range(5))), timeout=5
        )
    assert [answer.id for answer in answers] == [f"{CONSUMERS}:{PERSONAL}"] * 5
