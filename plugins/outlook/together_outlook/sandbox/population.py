"""Believable calendars: last week's meetings and ten weeks more, the same for an address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from together.providers.contract import SandboxPerson
from together.testing.lifelike import BLOCKED, PRIVATE_ACCOUNT, Meeting, Mood, Weeks
from together_outlook.sandbox import events, moments
from together_outlook.sandbox.switches import Switches
from together_outlook.sandbox.world import Book, World, opaque_id

WEEKS = 11
"""From last week's Monday on; what recurs is spelled out, one event a time."""
MOODS: Mapping[Mood, dict[str, str]] = {
    Mood.BUSY: {},
    Mood.TENTATIVE: {"showAs": "tentative"},
    Mood.FREE: {"showAs": "free"},
}

WEEKLY = (
    ("Daily huddle", 9, 0, 15),
    ("Department meeting", 13, 0, 60),
    ("Steering group", 15, 0, 60),
    ("One to one", 11, 30, 30),
    ("Case review", 10, 0, 90),
    ("Safety round", 14, 30, 30),
)
SINGLE = (
    ("Supplier call", 30, 9, 17),
    ("Hiring panel", 60, 9, 16),
    ("Design workshop", 120, 9, 15),
    ("Write the quarterly report", 90, 9, 16),
    ("Lunch with the new colleagues", 60, 12, 13),
    ("Physiotherapy", 45, 8, 10),
)
"""Title, minutes, and the hours between which it may begin."""
PRIVATE = "Physiotherapy"

WITHOUT_MAILBOX = SandboxPerson(
    "trainee@northlight.example.com", "Trainee (no mailbox)", "Europe/Oslo"
)


def add_others(world: World, *, now: int) -> None:
    """Add an account for each other way in which a consent can go, unless they are there."""
    populate(world, PRIVATE_ACCOUNT, now=now, personal=True)
    guarded, without = BLOCKED, WITHOUT_MAILBOX
    world.add_person(guarded.email, guarded.name, guarded.zone, admin_approval=True)
    world.add_person(without.email, without.name, without.zone, has_mailbox=False)


def populate(world: World, person: SandboxPerson, *, now: int, personal: bool = False) -> None:
    """Give a person an account with a calendar, unless they have one."""
    if person.email.casefold() in world.people:
        return
    known = world.add_person(person.email, person.name, person.zone, personal=personal)
    book = world.default_book(known.email)
    if book is None:
        raise LookupError(known.email)
    weeks = Weeks(person, now=now, weeks=WEEKS, past=1)
    for meeting in (*weeks.every_week(WEEKLY), *weeks.now_and_then(SINGLE)):
        _put(world, book, _timed(meeting), now)
    for day in _days(weeks):
        _put(world, book, day, now)
    if weeks.dice.random() < 0.5:
        family = world.add_book(known.email, "Family", person.zone, teams=False)
        for meeting in weeks.one_evening("Swimming lesson", hour=17, minute=30, length=60):
            _put(world, family, _timed(meeting), now)


def _put(world: World, book: Book, event: dict[str, Any], now: int) -> None:
    """Make an event in the calendar's own zone; of two at the same time there is one."""
    key = opaque_id(book.id, event["subject"], event["start"])
    if key in book.events:
        return
    times = {
        edge: {"dateTime": event[edge], "timeZone": moments.zone_named(book.zone).key}
        for edge in ("start", "end")
    }
    events.insert(world, Switches(), book, {**event, **times}, now=now, event_id=key)


def _days(weeks: Weeks) -> Iterator[dict[str, Any]]:
    """Give days out of office, days worked from home, and a birthday that takes no time."""
    week = weeks.dice.randrange(4, WEEKS)
    yield _all_day("Out of office", weeks.day(weeks.dice.randrange(4), week=week), 2, "oof")
    weekday = weeks.dice.randrange(5)
    for week in range(0, WEEKS, 2):
        yield _all_day("Working from home", weeks.day(weekday, week=week), 1, "workingElsewhere")
    yield _all_day("Anniversary", weeks.day(weeks.dice.randrange(WEEKS * 7)), 1, "free")


def _timed(meeting: Meeting) -> dict[str, Any]:
    private = {"sensitivity": "private"} if meeting.title == PRIVATE else {}
    times = {"start": meeting.start.isoformat(), "end": meeting.end.isoformat()}
    return {"subject": meeting.title, **times, **private, **MOODS[meeting.mood]}


def _all_day(title: str, when: date, days: int, status: str) -> dict[str, Any]:
    midnight = datetime.min.time()
    start, end = (datetime.combine(day, midnight) for day in (when, when + timedelta(days=days)))
    times = {"start": start.isoformat(), "end": end.isoformat()}
    return {"subject": title, "isAllDay": True, "showAs": status, **times}
