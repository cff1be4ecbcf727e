"""Believable weeks for whoever is made up: the same address has the same meetings."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum, auto
from zoneinfo import ZoneInfo

from together.providers.contract import SandboxPerson

PRIVATE_ACCOUNT = SandboxPerson(
    "ada.lindqvist@example.com", "Ada Lindqvist (private)", "Europe/Stockholm"
)
BLOCKED = SandboxPerson(
    "guest@northlight.example.com", "Guest (an administrator must approve)", "Europe/Oslo"
)
"""Whose organization does not let its members allow an app."""
TENTATIVE, FREE = 0.15, 0.08
"""How likely a single meeting is not sure to take place, or takes no time."""


class Mood(Enum):
    BUSY = auto()
    TENTATIVE = auto()
    FREE = auto()


@dataclass(frozen=True, slots=True)
class Meeting:
    """Something at a wall time, wherever its calendar is."""

    title: str
    start: datetime
    end: datetime
    mood: Mood = Mood.BUSY


class Weeks:
    """Weeks from a Monday on, and the dice of the person who lives them."""

    def __init__(self, person: SandboxPerson, *, now: int, weeks: int, past: int = 0) -> None:
        today = datetime.fromtimestamp(now, ZoneInfo(person.zone)).date()
        self.monday = today - timedelta(days=today.weekday(), weeks=past)
        self.number = weeks
        seed = hashlib.sha256(person.email.casefold().encode()).digest()
        # Chance is only to look lifelike; the same address has the same calendar.
        self.dice = random.Random(seed)  # noqa: S311

    def day(self, day: int, *, week: int = 0) -> date:
        return self.monday + timedelta(weeks=week, days=day)

    def every_week(self, choice: Sequence[tuple[str, int, int, int]]) -> Iterator[Meeting]:
        """Hold four of them each week: title, hour, minute, length.  The first is daily."""
        daily = choice[0][0]
        for title, hour, minute, length in self.dice.sample(choice, 4):
            days = range(5) if title == daily else (self.dice.randrange(5),)
            for week in range(self.number):
                for day in days:
                    yield _meeting(title, self.day(day, week=week), hour * 60 + minute, length)

    def now_and_then(self, choice: Sequence[tuple[str, int, int, int]]) -> Iterator[Meeting]:
        """Hold some of them each week: title, length, hours between which it may begin."""
        for week in range(self.number):
            for _ in range(self.dice.randint(3, 5)):
                title, length, first, last = self.dice.choice(choice)
                when = self.day(self.dice.randrange(5), week=week)
                minute = self.dice.randrange(first * 2, last * 2) * 30
                yield _meeting(title, when, minute, length, self._mood())

    def one_evening(self, title: str, *, hour: int, minute: int, length: int) -> Iterator[Meeting]:
        """Hold it once a week, on any day of it."""
        for week in range(self.number):
            when = self.day(self.dice.randrange(7), week=week)
            yield _meeting(title, when, hour * 60 + minute, length)

    def _mood(self) -> Mood:
        luck = self.dice.random()
        if luck < TENTATIVE:
            return Mood.TENTATIVE
        return Mood.FREE if luck < TENTATIVE + FREE else Mood.BUSY


def _meeting(title: str, day: date, minute: int, length: int, mood: Mood = Mood.BUSY) -> Meeting:
    start = datetime.combine(day, time()) + timedelta(minutes=minute)
    return Meeting(title, start, start + timedelta(minutes=length), mood)
