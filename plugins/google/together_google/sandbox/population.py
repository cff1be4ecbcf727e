"""Believable calendars: weekday meetings over the next eight weeks, the same for an address."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from together.providers.contract import SandboxPerson
from together.testing.lifelike import BLOCKED, PRIVATE_ACCOUNT, Meeting, Mood, Weeks
from together_google.sandbox import events
from together_google.sandbox.switches import Switches
from together_google.sandbox.world import Book, World

WEEKS = 8
MOODS: Mapping[Mood, dict[str, str]] = {
    Mood.BUSY: {},
    Mood.TENTATIVE: {"status": "tentative"},
    Mood.FREE: {"transparency": "transparent"},
}
HOLIDAYS = "en.sandbox#holiday@group.v.calendar.google.com"

WEEKLY = (
    ("Team stand-up", 9, 15, 15),
    ("Project review", 14, 0, 60),
    ("One to one", 11, 0, 30),
    ("Planning", 10, 0, 90),
    ("Reading group", 16, 0, 60),
    ("Budget check", 13, 30, 30),
)
SINGLE = (
    ("Interview", 45, 9, 17),
    ("Workshop", 120, 9, 16),
    ("Call with the partner office", 30, 9, 17),
    ("Lunch with the visitors", 60, 12, 13),
    ("Draft the report", 90, 9, 16),
    ("Dentist", 60, 8, 10),
)
"""Title, minutes, and the hours between which it may begin."""

WITHOUT_CALENDAR = SandboxPerson(
    "trainee@northlight.example.com", "Trainee (no Calendar)", "Europe/Oslo"
)


def add_others(world: World, *, now: int) -> None:
    """Add an account for each other way in which a consent can go, unless they are there."""
    populate(world, PRIVATE_ACCOUNT, now=now)
    blocked, without = BLOCKED, WITHOUT_CALENDAR
    world.add_person(blocked.email, blocked.name, blocked.zone, admin_blocked=True)
    world.add_person(without.email, without.name, without.zone, has_calendar=False)


def populate(world: World, person: SandboxPerson, *, now: int) -> None:
    """Give a person an account with a calendar, unless they have one."""
    if person.email.casefold() in world.people:
        return
    known = world.add_person(person.email, person.name, person.zone)
    weeks, zone = Weeks(person, now=now, weeks=WEEKS), ZoneInfo(person.zone)
    book = world.books[known.email]
    for meeting in (*weeks.every_week(WEEKLY), *weeks.now_and_then(SINGLE)):
        _put(world, book, _timed(meeting, zone), now)
    for day in _days(weeks):
        _put(world, book, day, now)
    home = Book(_group(known.email), known.email, "Home", person.zone, meet=False)
    world.books[home.id] = home
    for meeting in weeks.one_evening("Choir", hour=18, minute=30, length=120):
        _put(world, home, _timed(meeting, zone), now)
    _holidays(world, weeks.monday, now)


def _put(world: World, book: Book, event: dict[str, Any], now: int) -> None:
    stamp = f"{book.id} {event['summary']} {event['start']}"
    key = hashlib.sha256(stamp.encode()).hexdigest()[:26]
    if key in book.events:
        return
    stored = events.insert(
        world, Switches(), book, {"id": key, **event}, with_meet=False, told=False, now=now
    )
    if event.get("status") == "tentative":
        stored.body["status"] = "tentative"


def _days(weeks: Weeks) -> Iterator[dict[str, Any]]:
    """Give one week with days out of office, and a birthday that takes no time."""
    week = weeks.dice.randrange(3, WEEKS)
    yield _all_day("Out of office", weeks.day(weeks.dice.randrange(4), week=week), 2)
    birthday = weeks.day(weeks.dice.randrange(WEEKS * 7))
    yield _all_day("Birthday of a friend", birthday, 1) | {"transparency": "transparent"}


def _holidays(world: World, monday: date, now: int) -> None:
    """Share one calendar of holidays with everybody, who can only read it."""
    if HOLIDAYS in world.books:
        return
    book = Book(HOLIDAYS, "", "Holidays", "UTC", meet=False, readers={"*": "reader"})
    world.books[HOLIDAYS] = book
    for week in (2, 5):
        day = _all_day("Public holiday", monday + timedelta(weeks=week, days=4), 1)
        _put(world, book, day | {"transparency": "transparent"}, now)


def _timed(meeting: Meeting, zone: ZoneInfo) -> dict[str, Any]:
    begins = int(meeting.start.replace(tzinfo=zone).timestamp())
    ends = begins + int((meeting.end - meeting.start).total_seconds())
    start, end = (
        {"dateTime": datetime.fromtimestamp(edge, zone).isoformat(), "timeZone": zone.key}
        for edge in (begins, ends)
    )
    return {"summary": meeting.title, "start": start, "end": end, **MOODS[meeting.mood]}


def _all_day(title: str, when: date, days: int) -> dict[str, Any]:
    end = when + timedelta(days=days)
    return {
        "summary": title,
        "start": {"date": when.isoformat()},
        "end": {"date": end.isoformat()},
    }


def _group(email: str) -> str:
    return f"c_{hashlib.sha256(email.encode()).hexdigest()[:32]}@group.calendar.google.com"
