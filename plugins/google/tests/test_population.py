"""The calendars that the sandbox makes up."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from together_google import GoogleSandbox

from together.providers import SandboxPerson

MONDAY = int(datetime(2027, 3, 1, 8, tzinfo=UTC).timestamp())
PEOPLE = [
    SandboxPerson("ada@saltmarsh.example.org", "Ada Lindqvist", "Europe/Stockholm"),
    SandboxPerson("ben@saltmarsh.example.org", "Ben Okafor", "Africa/Lagos"),
    SandboxPerson("grace@saltmarsh.example.org", "Grace Liu", "Australia/Lord_Howe"),
]


@pytest.fixture
def populated():
    sandbox = GoogleSandbox(clock=lambda: MONDAY)
    sandbox.populate(PEOPLE)
    return sandbox


def told(sandbox, calendar_id):
    """Leave out what is random by nature."""
    return [
        {name: value for name, value in event.items() if name != "etag"}
        for event in sandbox.events(calendar_id)
    ]


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
def test_a_calendar_is_believable(populated, person):
    """Eight weeks hold meetings within the day, on weekdays, some tentative, some days away."""
    events = populated.events(person.email)
    zone = ZoneInfo(person.zone)
    starts = [
        datetime.fromisoformat(event["start"]["dateTime"]).astimezone(zone)
        for event in events
        if "dateTime" in event["start"]
    ]
    assert 60 <= len(starts) <= 130
    assert {start.weekday() for start in starts} <= {0, 1, 2, 3, 4}
    assert all(8 <= start.hour < 18 for start in starts)
    weeks = {(start.date() - datetime(2027, 3, 1, tzinfo=UTC).date()).days // 7 for start in starts}
    assert weeks == set(range(8))
    assert any(event["status"] == "tentative" for event in events)
    assert any("date" in event["start"] for event in events)


def test_the_same_address_has_the_same_calendar(populated):
    """Calendars follow from the address and the day, so a demo looks the same twice."""
    again = GoogleSandbox(clock=lambda: MONDAY)
    again.populate(PEOPLE[::-1])
    for person in PEOPLE:
        assert told(again, person.email) == told(populated, person.email)
    assert told(populated, PEOPLE[0].email) != told(populated, PEOPLE[1].email)


def test_everybody_reads_the_holidays_and_owns_the_rest(populated):
    """Each has a primary calendar, one at home, and the holidays of all."""
    world = populated.world
    roles = [(b.name, b.role(PEOPLE[0].email)) for b in world.books_of(PEOPLE[0].email)]
    assert roles == [("Ada Lindqvist", "owner"), ("Home", "owner"), ("Holidays", "reader")]
