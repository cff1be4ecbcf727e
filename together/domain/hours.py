"""Weekly hours on the clock of a place, and the instants they are.

`instant` is the one place where a wall clock becomes an instant, and so the one place that knows
about the days on which clocks change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from together.domain.spans import Span, Spans

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00", re.ASCII)
_DAY = 24 * 60
_WEEKDAYS = {str(day): day for day in range(1, 8)}
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_LAST_DAY = date.max.toordinal()
_NOT_A_PLACE = frozenset({"Factory", "localtime"})
WINDOWS_A_DAY = 24


class BadHours(ValueError):  # noqa: N818  (named for what it refuses)
    """`where` is the path in what was read, such as ``1[0].end``; `why` is for people."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class BadZone(ValueError):  # noqa: N818
    """A name that is not in the IANA time zone database."""

    def __init__(self, name: str) -> None:
        super().__init__(f"not an IANA time zone: {name[:64]!r}")
        self.name = name


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - _NOT_A_PLACE


def zone_named(name: str) -> ZoneInfo:
    """Find a zone by its IANA name.  A path, a folder or a file beside the database is none."""
    if name not in _names():
        raise BadZone(name)
    return ZoneInfo(name)


@dataclass(frozen=True, slots=True, order=True)
class WallTime:
    """A time on the clock, in minutes since midnight; 1440 is 24:00, when the day is over."""

    minutes: int

    def __post_init__(self) -> None:
        if not 0 <= self.minutes <= _DAY:
            raise ValueError(f"a wall time lies between 00:00 and 24:00: {self.minutes} minutes")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "HH:MM"."""
        found = _CLOCK.fullmatch(text)
        if found is None:
            raise ValueError(f"a wall time is written HH:MM, 00:00 to 24:00: {text[:16]!r}")
        if found[1] is None:
            return cls(_DAY)
        return cls(int(found[1]) * 60 + int(found[2]))

    def __str__(self) -> str:
        return f"{self.minutes // 60:02}:{self.minutes % 60:02}"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From one wall time to a later one of the same day."""

    start: WallTime
    end: WallTime

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a window ends after it starts: {self.start}–{self.end}")

    @classmethod
    def parse(cls, start: str, end: str) -> Self:
        return cls(WallTime.parse(start), WallTime.parse(end))

    def __str__(self) -> str:
        return f"{self.start}–{self.end}"


Week = Mapping[int, tuple[Window, ...]]
"""ISO weekday (1 is Monday) → windows; a day that is not there has none."""

DEFAULT_WEEK: Week = {day: (Window(WallTime(9 * 60), WallTime(17 * 60)),) for day in range(1, 6)}


def instant(day: date, at: WallTime, zone: ZoneInfo) -> int:
    """Say when a clock in `zone` shows `at` on `day`, in epoch seconds.

    A time that the clocks jump over moves forward by the jump; of a time that comes twice the
    first is meant.  Both are what `fold=0` means: the offset from before the change counts.
    """
    if at.minutes == _DAY:
        return _instant(day.toordinal() + 1, 0, zone)
    return _instant(day.toordinal(), at.minutes, zone)


def midnight(ordinal: int, zone: ZoneInfo) -> int:
    """Say when the day numbered `ordinal` (as `date.toordinal` counts) begins in `zone`."""
    return _instant(ordinal, 0, zone)


def _instant(ordinal: int, minutes: int, zone: ZoneInfo) -> int:
    if ordinal > _LAST_DAY:
        raise ValueError("an instant lies in the years 1 to 9999")
    hour, minute = divmod(minutes, 60)
    wall = datetime.combine(date.fromordinal(ordinal), time(hour, minute), zone)
    offset = wall.utcoffset()
    ahead = offset.days * 86400 + offset.seconds if offset is not None else 0
    return (ordinal - _EPOCH_DAY) * 86400 + minutes * 60 - ahead


@dataclass(frozen=True, slots=True)
class Hours:
    """When a person is to be asked: a week, the dates that differ from it, and where its clock is.

    A holiday of the organization has no hours, whatever the person's own exceptions say.
    """

    weekly: Week
    exceptions: Mapping[date, tuple[Window, ...]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    zone: ZoneInfo = field(kw_only=True)

    def on(self, day: date) -> tuple[Window, ...]:
        """Show the windows of one date."""
        if day in self.holidays:
            return ()
        if day in self.exceptions:
            return self.exceptions[day]
        return self.weekly.get(day.isoweekday(), ())

    def spans(self, window: Span) -> Spans:
        """Show the instants of these hours within `window`.

        A window runs from the instant of its start to the instant of its end, however long that
        is on a day when clocks change; one that shrinks to nothing is left out.
        """
        # Two days early and one late: a zone is up to a day from UTC, and a jump moves a time
        # forward by up to another.
        first = max(1, _EPOCH_DAY + window.starts // 86400 - 2)
        last = min(_LAST_DAY - 1, _EPOCH_DAY + window.ends // 86400 + 1)
        pairs = []
        for ordinal in range(first, last + 1):
            day = date.fromordinal(ordinal)
            for part in self.on(day):
                starts, ends = (
                    instant(day, part.start, self.zone),
                    instant(day, part.end, self.zone),
                )
                if starts < ends:
                    pairs.append((starts, ends))
        return Spans.of(pairs).within(window.starts, window.ends)


def windows_from_json(value: Any, where: str = "windows") -> tuple[Window, ...]:
    """Read [["09:00", "12:00"], …]: a day's windows, which may touch and not overlap."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise BadHours(where, "This is a list of windows.")
    if len(value) > WINDOWS_A_DAY:
        raise BadHours(where, f"A day has at most {WINDOWS_A_DAY} windows.")
    windows = sorted(_window(item, f"{where}[{at}]") for at, item in enumerate(value))
    for before, after in pairwise(windows):
        if after.start < before.end:
            raise BadHours(where, f"{before} and {after} overlap.")
    return tuple(windows)


def _window(value: Any, where: str) -> Window:
    match value:
        case [str(start), str(end)]:
            return _built(_time(start, f"{where}.start"), _time(end, f"{where}.end"), where)
    raise BadHours(where, "A window is a start and an end.")


def _time(text: str, where: str) -> WallTime:
    try:
        return WallTime.parse(text)
    except ValueError:
        raise BadHours(where, "A time is written HH:MM, from 00:00 to 24:00.") from None


def _built(start: WallTime, end: WallTime, where: str) -> Window:
    try:
        return Window(start, end)
    except ValueError:
        raise BadHours(where, f"It ends at {end}, which is not after {start}.") from None


def windows_to_json(windows: Sequence[Window]) -> list[list[str]]:
    """Write what `windows_from_json` reads."""
    return [[str(window.start), str(window.end)] for window in windows]


def week_from_json(value: Any) -> Week:
    """Read {"1": [["09:00", "12:00"], …], …} by ISO weekday; None is the default week."""
    if value is None:
        return DEFAULT_WEEK
    if not isinstance(value, Mapping):
        raise BadHours("weeklyHours", "Weekly hours are windows by weekday, 1 (Monday) to 7.")
    week = {}
    for key, windows in value.items():
        if key not in _WEEKDAYS:
            raise BadHours(str(key)[:16], "A weekday is 1 (Monday) to 7 (Sunday).")
        if found := windows_from_json(windows, key):
            week[_WEEKDAYS[key]] = found
    return week


def week_to_json(week: Week) -> dict[str, list[list[str]]]:
    """Write what `week_from_json` reads; days without windows are left out."""
    return {str(day): windows_to_json(week[day]) for day in sorted(week) if week[day]}


def wall_clock(at: int, zone: ZoneInfo) -> datetime:
    """Show what a clock in `zone` reads at an instant."""
    return datetime.fromtimestamp(at, zone)


def offset(at: int, zone: ZoneInfo) -> int:
    """Say how many seconds a clock in `zone` is ahead of UTC at an instant."""
    ahead = datetime.fromtimestamp(at, zone).utcoffset() or timedelta()
    return ahead.days * 86400 + ahead.seconds
