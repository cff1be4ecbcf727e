"""When a series of sessions meets: the same time on the same clock, week by week or month by month.

Rules are written in the terms of iCalendar (RFC 5545), so that calendars and people read the same.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import count, islice, takewhile
from typing import Self
from zoneinfo import ZoneInfo

from together.domain.hours import WallTime, instant, wall_clock

MOST = 52
"""Sessions of one series."""

MONTHS = 12
"""How long after its first day a series has its last one at the latest."""

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}
_RULE = re.compile(
    r"FREQ=(?:WEEKLY;INTERVAL=(?P<weeks>[12]);BYDAY=|MONTHLY;INTERVAL=1;BYDAY=(?P<nth>[1-4]|-1))"
    r"(?P<day>MO|TU|WE|TH|FR|SA|SU)\Z",
    re.ASCII,
)


class Repeats(StrEnum):
    """How often a series meets."""

    WEEKLY = "WEEKLY"
    EVERY_TWO_WEEKS = "EVERY_TWO_WEEKS"
    MONTHLY = "MONTHLY"
    """On the same weekday of each month: the first to the fourth of them, or the last."""


@dataclass(frozen=True, slots=True)
class Rule:
    """On which days a series meets."""

    repeats: Repeats
    weekday: int
    """0 is Monday."""
    nth: int | None = None
    """Of MONTHLY: which of the month's, 1 to 4; -1 is the last."""

    def __post_init__(self) -> None:
        if not 0 <= self.weekday <= 6:
            raise ValueError(f"a weekday is 0 (Monday) to 6 (Sunday): {self.weekday}")
        if (self.nth in _NTH) is not (self.repeats is Repeats.MONTHLY):
            raise ValueError(f"{self.repeats} does not go with {self.nth}")

    @classmethod
    def of(cls, repeats: Repeats, first: date) -> Self:
        """Make the rule that `first` is the first day of.

        A fifth weekday is the last of its month; other months have it as their fourth.
        """
        if repeats is not Repeats.MONTHLY:
            return cls(repeats, first.weekday())
        nth = (first.day + 6) // 7
        return cls(repeats, first.weekday(), nth if nth <= 4 else -1)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` writes."""
        found = _RULE.match(text)
        if found is None:
            raise ValueError(f"not a rule of ours: {text[:64]!r}")
        weekday = _WEEKDAYS.index(found["day"])
        if found["nth"] is not None:
            return cls(Repeats.MONTHLY, weekday, int(found["nth"]))
        return cls(Repeats.WEEKLY if found["weeks"] == "1" else Repeats.EVERY_TWO_WEEKS, weekday)

    def __str__(self) -> str:
        day = _WEEKDAYS[self.weekday]
        if self.nth is not None:
            return f"FREQ=MONTHLY;INTERVAL=1;BYDAY={self.nth}{day}"
        return f"FREQ=WEEKLY;INTERVAL={self._weeks};BYDAY={day}"

    @property
    def words(self) -> str:
        """Say it in English."""
        day = _DAYS[self.weekday]
        if self.nth is not None:
            return f"every month on the {_NTH[self.nth]} {day}"
        return f"every {'week' if self._weeks == 1 else 'two weeks'} on {day}"

    def days(self, first: date) -> Iterator[date]:
        """Go through its days, from `first`, which is one of them, until a year has passed."""
        if first.weekday() != self.weekday or next(self._every(first)) != first:
            raise ValueError(f"{first} is no day of {self}")
        last = a_year_later(first)
        return takewhile(lambda day: day <= last, self._every(first))

    @property
    def _weeks(self) -> int:
        return 2 if self.repeats is Repeats.EVERY_TWO_WEEKS else 1

    def _every(self, first: date) -> Iterator[date]:
        if self.nth is None:
            return (first + timedelta(weeks=self._weeks * n) for n in range(MOST))
        months = (divmod(first.month - 1 + n, 12) for n in count())
        return (
            _nth_of(first.year + years, month + 1, weekday=self.weekday, nth=self.nth)
            for years, month in months
        )


def _nth_of(year: int, month: int, *, weekday: int, nth: int) -> date:
    """Find the month's nth day of this kind, or its last."""
    if nth > 0:
        ahead = (weekday - date(year, month, 1).weekday()) % 7
        return date(year, month, 1 + ahead + 7 * (nth - 1))
    last = date(year, month, monthrange(year, month)[1])
    return last - timedelta(days=(last.weekday() - weekday) % 7)


def a_year_later(day: date) -> date:
    """Give the same day a year later; of 29 February, the day before."""
    try:
        return day.replace(year=day.year + MONTHS // 12)
    except ValueError:
        return day.replace(year=day.year + MONTHS // 12, day=28)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A series as it is asked for: from an instant, by a rule, on the clock of a zone."""

    rule: Rule
    first: int
    """When its first session begins, in epoch seconds."""
    zone: ZoneInfo
    count: int
    """How many sessions it has, those that are left out later included."""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= self.most(self.rule, self.first, self.zone):
            raise ValueError(f"a series of {self.count} is too short, or longer than a year")

    @classmethod
    def of(cls, repeats: Repeats, first: int, *, zone: ZoneInfo, count: int) -> Self:
        return cls(Rule.of(repeats, wall_clock(first, zone).date()), first, zone, count)

    @staticmethod
    def most(rule: Rule, first: int, zone: ZoneInfo) -> int:
        """Say how many sessions a series from `first` can have within its year."""
        return min(MOST, sum(1 for _ in rule.days(wall_clock(first, zone).date())))

    def starts(self) -> tuple[int, ...]:
        """Give the instants at which its sessions begin.

        All begin when the clock shows what it shows at the first.  Where the clocks jump over that
        time, the session is moved forward by the jump; where they show it twice, it is held the
        first time (RFC 5545, 3.3.10 and 3.3.5).  The first session is when it was asked for.
        """
        shown = wall_clock(self.first, self.zone)
        at = WallTime(shown.hour * 60 + shown.minute)
        days = islice(self.rule.days(shown.date()), 1, self.count)
        return (self.first, *(instant(day, at, self.zone) for day in days))
