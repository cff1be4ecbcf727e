"""Believable calendars: last week's meetings and ten weeks more, the same for an address."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from together.providers.contract import SandboxPerson
from together_outlook.sandbox import events, moments
from together_outlook.sandbox.switches import Switches
from together_outlook.sandbox.world import Book, World, opaque_id

WEEKS = 11
"""From last week's Monday on; what recurs is spelled out, one event a time."""

WEEKLY = (
    ("Daily huddle", 9, 0, 15),
    ("Department meeting", 13, 0, 60),
    ("Steering group", 15, 0, 60),
    ("One to one", 11, 30, 30),
    ("Case review", 10, 0, 90),
    ("Safety round", 14, 30, 30),
)
DAILY = WEEKLY[0][0]
SINGLE = (
    ("Supplier call", 30, 9, 17),
    ("Hiring panel", 60, 9, 16),
    ("Design workshop", 120, 9, 15),
    ("Write the quarterly report", 90, 9, 16),
    ("Lunch with the new colleagues", 60, 12, 13),
    ("Physiotherapy", 45, 8, 10),
)
"""Title, minutes, and the hours between which it may begin."""
TENTATIVE = 0.15
FREE = 0.08
PRIVATE = "Physiotherapy"


PRIVATE_ACCOUNT = SandboxPerson(
    "ada.lindqvist@example.com", "Ada Lindqvist (private)", "Europe/Stockholm"
)
GUARDED = SandboxPerson(
    "guest@northlight.example.com", "Guest (an administrator must approve)", "Europe/Oslo"
)
WITHOUT_MAILBOX = SandboxPerson(
    "trainee@northlight.example.com", "Trainee (no mailbox)", "Europe/Oslo"
)


def add_others(world: World, *, now: int) -> None:
    """Add an account for each other way in which a consent can go, unless they are there."""
    populate(world, PRIVATE_ACCOUNT, now=now, personal=True)
    guarded, without = GUARDED, WITHOUT_MAILBOX
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
    zone = ZoneInfo(person.zone)
    today = datetime.fromtimestamp(now, zone).date()
    monday = today - timedelta(days=today.weekday() + 7)
    seed = hashlib.sha256(known.email.encode()).digest()
    # Chance is only to look lifelike; the same address has the same calendar.
    dice = random.Random(seed)  # noqa: S311
    for event in (*_weekly(dice, monday), *_single(dice, monday), *_days(dice, monday)):
        _put(world, book, event, now)
    if dice.random() < 0.5:
        family = world.add_book(known.email, "Family", person.zone, teams=False)
        for event in _evenings(dice, monday):
            _put(world, family, event, now)


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


def _weekly(dice: random.Random, monday: date) -> Iterator[dict[str, Any]]:
    for title, hour, minute, length in dice.sample(WEEKLY, 4):
        days = range(5) if title == DAILY else (dice.randrange(5),)
        for week in range(WEEKS):
            for day in days:
                when = monday + timedelta(weeks=week, days=day)
                yield _timed(title, when, hour * 60 + minute, length)


def _single(dice: random.Random, monday: date) -> Iterator[dict[str, Any]]:
    for week in range(WEEKS):
        for _ in range(dice.randint(3, 5)):
            title, length, first, last = dice.choice(SINGLE)
            when = monday + timedelta(weeks=week, days=dice.randrange(5))
            event = _timed(title, when, dice.randrange(first * 2, last * 2) * 30, length)
            if title == PRIVATE:
                event["sensitivity"] = "private"
            luck = dice.random()
            if luck < TENTATIVE:
                event["showAs"] = "tentative"
            elif luck < TENTATIVE + FREE:
                event["showAs"] = "free"
            yield event


def _days(dice: random.Random, monday: date) -> Iterator[dict[str, Any]]:
    """Give days out of office, days worked from home, and a birthday that takes no time."""
    away = monday + timedelta(weeks=dice.randrange(4, WEEKS), days=dice.randrange(4))
    yield _all_day("Out of office", away, 2, "oof")
    weekday = dice.randrange(5)
    for week in range(0, WEEKS, 2):
        home = monday + timedelta(weeks=week, days=weekday)
        yield _all_day("Working from home", home, 1, "workingElsewhere")
    yield _all_day("Anniversary", monday + timedelta(days=dice.randrange(WEEKS * 7)), 1, "free")


def _evenings(dice: random.Random, monday: date) -> Iterator[dict[str, Any]]:
    for week in range(WEEKS):
        when = monday + timedelta(weeks=week, days=dice.randrange(7))
        yield _timed("Swimming lesson", when, 17 * 60 + 30, 60)


def _timed(title: str, when: date, minute: int, length: int) -> dict[str, Any]:
    start = datetime.combine(when, datetime.min.time()) + timedelta(minutes=minute)
    end = start + timedelta(minutes=length)
    return {"subject": title, "start": start.isoformat(), "end": end.isoformat()}


def _all_day(title: str, when: date, days: int, status: str) -> dict[str, Any]:
    midnight = datetime.min.time()
    start, end = (datetime.combine(day, midnight) for day in (when, when + timedelta(days=days)))
    times = {"start": start.isoformat(), "end": end.isoformat()}
    return {"subject": title, "isAllDay": True, "showAs": status, **times}
