"""What Google Calendar and Google Meet declare about themselves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from together_google import GoogleCalendar, GoogleMeet
from together_google.oauth import CALENDAR_LIST, EMAIL, EVENTS, FREE_BUSY, OPENID
from together_google.testing import Discovery
from together_google.testing.checker import authorize_faults

from together.providers import Access, Capability
from together.providers.oauth import pkce
from together.providers.values import needed

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
SETTINGS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}


def test_google_is_google_where_nothing_else_is_said():
    """Two settings are enough; every address is Google's own."""
    provider = GoogleCalendar(SETTINGS)
    assert (provider.slug, provider.label) == ("google", "Google Calendar")
    assert provider.origins == {
        "https://www.googleapis.com",
        "https://openidconnect.googleapis.com",
    }
    oauth = provider.oauth
    assert (oauth.authorize_url, oauth.token_url, oauth.revoke_url) == (
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        "https://oauth2.googleapis.com/revoke",
    )


@pytest.mark.parametrize("lacks", ["CLIENT_ID", "CLIENT_SECRET"])
def test_a_missing_setting_is_named(lacks):
    """Without a client id or its secret there is no provider."""
    with pytest.raises(KeyError, match=lacks):
        GoogleCalendar({name: value for name, value in SETTINGS.items() if name != lacks})


def test_an_address_without_tls_is_refused():
    """A token never goes out unencrypted, except on the machine itself."""
    with pytest.raises(ValueError, match="https"):
        GoogleCalendar(SETTINGS | {"API_URL": "http://calendar.example.org/calendar/v3"})
    GoogleCalendar(SETTINGS | {"API_URL": "http://127.0.0.1:9/calendar/v3"})


@pytest.mark.parametrize(
    ("ticked", "bought"),
    [
        ({FREE_BUSY, CALENDAR_LIST, EVENTS}, Capability.FREE_BUSY | Capability.EVENTS),
        ({FREE_BUSY, CALENDAR_LIST}, Capability.FREE_BUSY),
        ({FREE_BUSY, EVENTS}, Capability.EVENTS),
        ({EVENTS}, Capability.EVENTS),
        (set(), Capability(0)),
    ],
)
def test_capabilities_are_what_was_ticked(ticked, bought):
    """An unticked box takes away what it was for, and nothing else."""
    scopes = frozenset({OPENID, EMAIL, *ticked})
    assert GoogleCalendar(SETTINGS).oauth.capabilities(scopes) == bought


@pytest.mark.parametrize("choose", [False, True])
def test_the_authorization_address_is_googles(choose):
    """The address asks for offline access and for consent each time, and for no scope too many."""
    _, challenge = pkce()
    url = GoogleCalendar(SETTINGS).oauth.url(
        redirect_uri="https://together.example.org/callback/google",
        state="st4te",
        challenge=challenge,
        login_hint="ada@saltmarsh.example.org",
        choose_account=choose,
    )
    asked = parse_qsl(urlsplit(url).query)
    assert list(authorize_faults(asked)) == []
    query = dict(asked)
    wanted = "select_account consent" if choose else "consent"
    assert (query["access_type"], query["prompt"]) == ("offline", wanted)


def test_every_scope_is_the_narrowest_that_its_calls_allow(discovery: Discovery):
    """No call is made that the scopes asked for do not allow, and each scope is needed."""
    needed = {
        "calendar.freebusy.query": FREE_BUSY,
        "calendar.calendarList.list": CALENDAR_LIST,
        "calendar.calendarList.get": CALENDAR_LIST,
        "calendar.events.insert": EVENTS,
        "calendar.events.get": EVENTS,
        "calendar.events.patch": EVENTS,
        "calendar.events.delete": EVENTS,
        "calendar.events.list": EVENTS,
        "calendar.events.watch": EVENTS,
        "calendar.channels.stop": EVENTS,
    }
    methods = {method.id: method.about["scopes"] for method in discovery.methods}
    assert [call for call, scope in needed.items() if scope not in methods[call]] == []


def test_the_readme_names_every_call_of_changes():
    """Which calls the scope of events is for stands beside it, and changes need no more."""
    (line,) = (line for line in README.splitlines() if line.startswith(f"| `{EVENTS}` | to "))
    for call in ("events.list", "events.watch", "channels.stop", "events.insert"):
        assert f"`{call}`" in line
    provider = GoogleCalendar(SETTINGS)
    assert (provider.syncs, provider.notifications.longest) == (
        Capability.EVENTS,
        timedelta(days=7),
    )
    assert needed(Capability.EVENTS, provider.oauth.scopes) == {EVENTS}


def test_meet_is_made_with_google_calendar():
    """Meet opens nothing of its own, and its links are on Meet's host alone."""
    meet = GoogleMeet()
    assert (meet.slug, meet.label, meet.made_with) == ("google-meet", "Google Meet", "google")
    assert meet.join_hosts == {"meet.google.com"}
    with pytest.raises(TypeError, match="Google Meet"):
        meet.open(Access(http=None))
