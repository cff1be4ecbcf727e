"""The calendars that the sandbox makes up."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from together_outlook import OutlookSandbox

from together.providers import SandboxPerson

MONDAY = int(datetime(2027, 3, 1, 8, tzinfo=UTC).timestamp())
PEOPLE = [
    SandboxPerson("ada@saltmarsh.example.org", "Ada Lindqvist", "Europe/Stockholm"),
    SandboxPerson("ben@saltmarsh.example.org", "Ben Okafor", "Africa/Lagos"),
    SandboxPerson("grace@saltmarsh.example.org", "Grace Liu", "Australia/Lord_Howe"),
]
RANDOM = ("@odata.etag", "changeKey")


@pytest.fixture
def populated():
    sandbox = OutlookSandbox(clock=lambda: MONDAY)
    sandbox.populate(PEOPLE)
    return sandbox


def told(sandbox, calendar):
    """Leave out what is random by nature."""
    return [
        {name: value for name, value in event.items() if name not in RANDOM}
        for event in sandbox.events(calendar)
    ]


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
def test_a_calendar_is_believable(populated, person):
    """Last week and ten more hold meetings within the day, on weekdays, and days of all kinds."""
    events, zone = populated.events(person.email), ZoneInfo(person.zone)
    starts = [
        datetime.fromisoformat(event["start"]["dateTime"][:19] + "Z").astimezone(zone)
        for event in events
        if not event["isAllDay"]
    ]
    assert 75 <= len(starts) <= 140
    assert {start.weekday() for start in starts} == {0, 1, 2, 3, 4}
    assert all(8 <= start.hour < 18 for start in starts)
    monday = date(2027, 2, 22)
    assert {(start.date() - monday).days // 7 for start in starts} == set(range(11))
    kinds = {event["showAs"] for event in events}
    assert kinds == {"busy", "tentative", "free", "oof", "workingElsewhere"}
    days = {event["showAs"] for event in events if event["isAllDay"]}
    assert days == {"oof", "workingElsewhere", "free"}
    assert {event["type"] for event in events} == {"singleInstance"}
    assert {event["sensitivity"] for event in events} == {"normal", "private"}


def test_the_same_address_has_the_same_calendar(populated):
    """Calendars follow from the address and the day, so a demo looks the same twice."""
    again = OutlookSandbox(clock=lambda: MONDAY)
    again.populate(PEOPLE[::-1])
    for person in PEOPLE:
        for book in populated.world.books_of(person.email):
            assert told(again, book.id) == told(populated, book.id)
    assert told(populated, PEOPLE[0].email) != told(populated, PEOPLE[1].email)


def test_some_have_a_second_calendar(populated):
    """Everybody has the default calendar, and some a second one, which carries no Teams."""
    books = [populated.world.books_of(person.email) for person in PEOPLE]
    assert [[(book.name, book.teams) for book in mine] for mine in books] == [
        [("Calendar", True), ("Family", False)],
        [("Calendar", True), ("Family", False)],
        [("Calendar", True)],
    ]
    assert len(populated.events(books[0][1].id)) == 11


def test_meetings_stand_in_the_zone_of_their_owner(populated):
    """Over the change to summer time a meeting keeps its hour on the wall, not in UTC."""
    huddles = {
        event["start"]["dateTime"][11:16]
        for event in populated.events("ben@saltmarsh.example.org")
        if event["subject"] == "Daily huddle"
    }
    assert huddles == {"08:00"}
    zones = {event["originalStartTimeZone"] for event in populated.events(PEOPLE[0].email)}
    assert zones == {"W. Europe Standard Time"}
