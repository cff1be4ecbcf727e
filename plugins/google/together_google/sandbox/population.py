"""Believable calendars: weekday meetings over the next eight weeks, the same for an address."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from together.providers.contract import SandboxPerson
from together_google.sandbox import events
from together_google.sandbox.switches import Switches
from together_google.sandbox.world import Book, World

WEEKS = 8
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
TENTATIVE = 0.15
DECLINED = 0.08


PRIVATE_ACCOUNT = SandboxPerson(
    "ada.lindqvist@example.com", "Ada Lindqvist (private)", "Europe/Stockholm"
)
BLOCKED = SandboxPerson(
    "guest@northlight.example.com", "Guest (an administrator must approve)", "Europe/Oslo"
)
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
    zone = ZoneInfo(person.zone)
    today = datetime.fromtimestamp(now, zone).date()
    monday = today - timedelta(days=today.weekday())
    seed = hashlib.sha256(known.email.encode()).digest()
    # Chance is only to look lifelike; the same address has the same calendar.
    dice = random.Random(seed)  # noqa: S311
    book = world.books[known.email]
    for event in (*_weekly(dice, monday, zone), *_single(dice, monday, zone), *_days(dice, monday)):
        _put(world, book, event, now)
    home = Book(_group(known.email), known.email, "Home", person.zone, meet=False)
    world.books[home.id] = home
    for event in _evenings(dice, monday, zone):
        _put(world, home, event, now)
    _holidays(world, monday, now)


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


def _weekly(dice: random.Random, monday: date, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    for title, hour, minute, length in dice.sample(WEEKLY, 4):
        days = range(5) if title == "Team stand-up" else (dice.randrange(5),)
        for week in range(WEEKS):
            for day in days:
                when = monday + timedelta(weeks=week, days=day)
                yield _timed(title, when, hour * 60 + minute, length, zone)


def _single(dice: random.Random, monday: date, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    for week in range(WEEKS):
        for _ in range(dice.randint(3, 5)):
            title, length, first, last = dice.choice(SINGLE)
            when = monday + timedelta(weeks=week, days=dice.randrange(5))
            event = _timed(title, when, dice.randrange(first * 2, last * 2) * 30, length, zone)
            luck = dice.random()
            if luck < TENTATIVE:
                event["status"] = "tentative"
            elif luck < TENTATIVE + DECLINED:
                event["transparency"] = "transparent"
            yield event


def _days(dice: random.Random, monday: date) -> Iterator[dict[str, Any]]:
    """Give one week with days out of office, and a birthday that takes no time."""
    away = monday + timedelta(weeks=dice.randrange(3, WEEKS), days=dice.randrange(4))
    yield _all_day("Out of office", away, 2)
    birthday = monday + timedelta(days=dice.randrange(WEEKS * 7))
    yield _all_day("Birthday of a friend", birthday, 1) | {"transparency": "transparent"}


def _evenings(dice: random.Random, monday: date, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    for week in range(WEEKS):
        when = monday + timedelta(weeks=week, days=dice.randrange(7))
        yield _timed("Choir", when, 18 * 60 + 30, 120, zone)


def _holidays(world: World, monday: date, now: int) -> None:
    """Share one calendar of holidays with everybody, who can only read it."""
    if HOLIDAYS in world.books:
        return
    book = Book(HOLIDAYS, "", "Holidays", "UTC", meet=False, readers={"*": "reader"})
    world.books[HOLIDAYS] = book
    for week in (2, 5):
        day = _all_day("Public holiday", monday + timedelta(weeks=week, days=4), 1)
        _put(world, book, day | {"transparency": "transparent"}, now)


def _timed(title: str, when: date, minute: int, length: int, zone: ZoneInfo) -> dict[str, Any]:
    start = datetime.combine(when, datetime.min.time(), zone) + timedelta(minutes=minute)
    begins = int(start.timestamp())
    ends = datetime.fromtimestamp(begins + length * 60, zone)
    named = {"timeZone": zone.key}
    return {
        "summary": title,
        "start": {"dateTime": datetime.fromtimestamp(begins, zone).isoformat(), **named},
        "end": {"dateTime": ends.isoformat(), **named},
    }


def _all_day(title: str, when: date, days: int) -> dict[str, Any]:
    end = when + timedelta(days=days)
    return {
        "summary": title,
        "start": {"date": when.isoformat()},
        "end": {"date": end.isoformat()},
    }


def _group(email: str) -> str:
    return f"c_{hashlib.sha256(email.encode()).hexdigest()[:32]}@group.calendar.google.com"
