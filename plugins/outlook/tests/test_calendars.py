"""Which calendars there are, and what becomes of them in bad weather."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
from together_outlook import OutlookCalendar
from together_outlook.oauth import READ, WRITE
from together_outlook.sandbox import Switches, events

from together.domain.spans import Span, Spans
from together.providers import (
    Access,
    Calendar,
    Capability,
    Reading,
)

ADA = "ada@saltmarsh.example.org"
HOME = "ada.lindqvist@mail.example.net"
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
SETTINGS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}


def hours(start, end):
    return Span(NINE + timedelta(hours=start), NINE + timedelta(hours=end))


def put(sandbox, book, span, **fields):
    """Put an event into a calendar as if its owner had made it in Outlook."""
    body = {
        "subject": "Private",
        "start": {"dateTime": f"{span.start:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"},
        "end": {"dateTime": f"{span.end:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"},
        **fields,
    }
    now = int(NINE.timestamp())
    return events.insert(sandbox.world, Switches(), book, body, now=now)


def answering(body, status=200):
    """Open calendars whose every call is answered like this."""
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=body))
    http = httpx.AsyncClient(transport=transport, trust_env=False)
    return OutlookCalendar(SETTINGS).open(Access(http=http))


async def test_calendars_say_what_can_be_done_with_them(hands):
    """The primary one comes first; Teams is where the calendar allows it."""
    world = hands.sandbox.world
    choir = world.add_book(ADA, "Choir", "UTC", teams=False)
    projects = world.add_book(ADA, "A project", "UTC")
    calendars = await hands.calendars(ADA)
    assert await calendars.list() == [
        Calendar(world.default_book(ADA).id, "Calendar", True, True, carries_meetings=True),
        Calendar(projects.id, "A project", False, True, carries_meetings=True),
        Calendar(choir.id, "Choir", False, True, carries_meetings=False),
    ]


async def test_only_ones_own_calendars_are_listed():
    """One of somebody else may be shared, and is still not what the consent reaches."""
    teams = {"canEdit": True, "allowedOnlineMeetingProviders": ["teamsForBusiness"]}
    ben = {"name": "Ben", "address": "ben@saltmarsh.example.org"}
    value = [
        {"id": "b", "name": "Ben's", "owner": ben, **teams},
        {"id": "h", "name": "Holidays", "canEdit": False, "owner": {"address": ADA}},
        {"id": "g", "name": "", "owner": None, "canEdit": True},
        {"id": "a", "name": "Mine", "isDefaultCalendar": True, "owner": {"address": ADA}, **teams},
        {"id": "c", "name": "Mine too", "owner": {"address": ADA.upper()}, **teams},
    ]
    assert await answering({"value": value}).list() == [
        Calendar("a", "Mine", True, True, carries_meetings=True),
        Calendar("h", "Holidays", False, False),
        Calendar("g", "g", False, True),
        Calendar("c", "Mine too", False, True, carries_meetings=True),
    ]


async def test_a_calendars_name_is_cleaned():
    """A name is what people write as they like, and stands in nobody's way."""
    names = ["Team\tplans", "\x00\x1b", "x" * 2000]
    value = [{"id": f"c{at}", "name": name} for at, name in enumerate(names)]
    listed = await answering({"value": value}).list()
    assert [each.name for each in listed] == ["Team plans", "c1", "x" * 1024]


async def test_a_long_list_is_read_to_its_end(hands, checker):
    """Pages are followed until there is no other."""
    for n in range(250):
        hands.sandbox.world.add_book(ADA, f"Calendar {n:03d}", "UTC")
    calendars = await hands.calendars(ADA)
    assert len({calendar.id for calendar in await calendars.list()}) == 251
    assert checker.calls.count("GET /me/calendars") == 3


async def test_an_account_without_a_mailbox_has_none(hands):
    """No calendar is an answer, not an error."""
    hands.sandbox.add_account("kemi@saltmarsh.example.org", has_calendar=False)
    calendars = await hands.calendars("kemi@saltmarsh.example.org")
    assert await calendars.list() == []
    assert (await calendars.whoami()).email == "kemi@saltmarsh.example.org"


async def test_a_personal_account_is_read_and_written(hands):
    """Without a schedule its events are read, and none of them carries Teams."""
    hands.sandbox.add_account(HOME, name="Ada at home", personal=True)
    calendars = await hands.calendars(HOME)
    (home,) = await calendars.list()
    assert (home.primary, home.writable, home.carries_meetings) == (True, True, False)
    book = hands.sandbox.world.default_book(HOME)
    put(hands.sandbox, book, hours(0, 1))
    put(hands.sandbox, book, hours(2, 3), showAs="free")
    assert await calendars.busy([home.id], hours(0, 24)) == Reading(Spans([hours(0, 1)]))
    assert (await calendars.whoami()).email == HOME


async def test_both_ways_of_reading_agree(hands):
    """A mailbox is busy at the same times by its schedule and by its events, all day long too."""
    book = hands.sandbox.world.default_book(ADA)
    other = hands.sandbox.world.add_book(ADA, "Choir", "UTC")
    for n, shown in enumerate(("busy", "free", "tentative", "oof", "workingElsewhere", "unknown")):
        put(hands.sandbox, book, hours(2 * n, 2 * n + 1), showAs=shown)
    days = {
        edge: {"dateTime": f"2027-03-0{day}T00:00:00", "timeZone": "Europe/Stockholm"}
        for edge, day in (("start", 3), ("end", 4))
    }
    put(hands.sandbox, book, hours(0, 1), isAllDay=True, **days)
    calendars = await hands.calendars(ADA)
    window = hours(0, 24 * 5)
    alone = await calendars.busy([book.id], window)
    assert alone == await calendars.busy([book.id, other.id], window)
    midnight = datetime(2027, 3, 2, 23, tzinfo=UTC)
    blocks = [hours(2 * n, 2 * n + 1) for n in (0, 2, 3, 5)]
    assert alone == Reading(Spans([*blocks, Span(midnight, midnight + timedelta(days=1))]))


async def test_a_calendar_that_cannot_be_read_is_unread(hands):
    """By schedule and by events alike a refusal is unknown, and the others are read."""
    world = hands.sandbox.world
    book, choir = world.default_book(ADA), world.add_book(ADA, "Choir", "UTC")
    put(hands.sandbox, book, hours(0, 1))
    calendars = await hands.calendars(ADA)
    hands.sandbox.switches.set({"unreadable": {choir.id: "ErrorAccessDenied"}})
    unknown = "AAMkAD" + "x" * 40
    assert await calendars.busy([book.id, choir.id, unknown, "none"], hours(0, 24)) == Reading(
        Spans([hours(0, 1)]),
        {
            choir.id: "ErrorAccessDenied",
            unknown: "ErrorFolderNotFound",
            "none": "ErrorInvalidIdMalformed",
        },
    )
    hands.sandbox.switches.set({"unreadable": {ADA: "ErrorMailboxConfiguration"}})
    reading = await calendars.busy([book.id], hours(0, 24))
    assert reading == Reading(Spans(), {book.id: "ErrorMailboxConfiguration"})


async def test_a_renewal_keeps_the_newest_refresh_token(hands):
    """Each renewal brings another refresh token, which takes the place of the one before."""
    calendars = await hands.calendars(ADA)
    first = hands.grants[ADA]
    hands.sandbox.expire_access(ADA)
    assert len(await calendars.list()) == 1
    second = hands.grants[ADA]
    assert first.refresh_token != second.refresh_token
    assert first.scopes == second.scopes == {"openid", "profile", "email", "User.Read", READ, WRITE}
    capabilities = hands.provider.oauth.capabilities(second.scopes)
    assert capabilities == Capability.FREE_BUSY | Capability.EVENTS
