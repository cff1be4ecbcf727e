"""A naive model of clocks: somebody walks through time, looks at the clock and writes it down."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from hypothesis import strategies as st

from together.domain.hours import WallTime, instant
from together.domain.spans import Span

MINUTE = 60
CHANGING = (
    "Africa/Cairo",  # jumps over midnight
    "Africa/Casablanca",  # changes around Ramadan
    "America/Havana",  # repeats midnight
    "America/New_York",
    "America/Santiago",  # jumps over midnight, and back to 23:00
    "America/Scoresbysund",  # falls back across midnight
    "America/St_Johns",
    "Asia/Beirut",  # jumps over midnight
    "Asia/Kathmandu",  # 5:45 ahead
    "Atlantic/Azores",
    "Australia/Lord_Howe",  # changes by half an hour
    "Europe/Stockholm",
    "Pacific/Chatham",  # 12:45 or 13:45 ahead
    "UTC",
)


MINUTES = 36 * 60
"""How long a window is that `windows` chooses."""

minutes = st.integers(0, MINUTES)


def wall(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, zone)


@st.composite
def windows(draw: st.DrawFn) -> tuple[ZoneInfo, Span]:
    """Choose a zone and a day and a half, mostly around a change of its clocks."""
    zone = ZoneInfo(draw(st.sampled_from(CHANGING)))
    days = days_of_change(zone, years=range(2026, 2027)) or [date(2026, 6, 1)]
    day = draw(st.sampled_from(days)) - timedelta(days=1)
    begins = instant(day, WallTime(draw(st.integers(0, 1439))), zone)
    return zone, Span.of(begins, begins + MINUTES * 60)


class Walk:
    """What the clock of a zone showed, looked at every `stride` seconds from midnight UTC.

    What a clock shows is kept as minutes since the year 1 on that clock.
    """

    def __init__(self, first: date, *, days: int, zone: ZoneInfo, stride: int = MINUTE) -> None:
        begins = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
        self.shown: list[tuple[int, int]] = []
        self.first_time: dict[int, int] = {}
        for at in range(begins, begins + days * 86400, stride):
            wall = datetime.fromtimestamp(at, zone)
            clock = wall.toordinal() * 1440 + wall.hour * 60 + wall.minute
            self.shown.append((at, clock))
            self.first_time.setdefault(clock, at)

    def instant(self, day: date, minutes: int) -> int:
        """Say when the clock showed this first; if it never did, when it would have."""
        wanted = day.toordinal() * 1440 + minutes
        if wanted in self.first_time:
            return self.first_time[wanted]
        # Jumped over.  Had the clock gone on as it did before the jump, it would have shown it.
        later = next(i for i, (_, clock) in enumerate(self.shown) if clock > wanted)
        at, clock = self.shown[later - 1]
        return at + (wanted - clock) * 60


def days_of_change(zone: ZoneInfo, *, years: range) -> list[date]:
    """Find the local days on which the clocks of a zone change, and the days they change into."""
    begins = int(datetime(years.start, 1, 1, tzinfo=UTC).timestamp())
    ends = int(datetime(years.stop, 1, 1, tzinfo=UTC).timestamp())

    def ahead(at: int) -> timedelta | None:
        return datetime.fromtimestamp(at, zone).utcoffset()

    found: set[date] = set()
    before = ahead(begins)
    for at in range(begins, ends, 86400):
        after = ahead(at + 86400)
        if after != before:
            last, first = at, at + 86400
            while first - last > MINUTE:
                middle = (first + last) // 2
                last, first = (middle, first) if ahead(middle) == before else (last, middle)
            found |= {datetime.fromtimestamp(edge, zone).date() for edge in (last, first)}
        before = after
    return sorted(found)


def changes_on_file(name: str) -> list[tuple[int, int]]:
    """Read the changes of a zone from the database's own file: (since, seconds ahead of UTC)."""
    places = [Path(root, name) for root in TZPATH]
    found = next((place for place in places if place.is_file()), None)
    packaged = resources.files("tzdata").joinpath("zoneinfo", *name.split("/"))
    data = packaged.read_bytes() if found is None else found.read_bytes()
    at = 0
    for width in (5, 9):  # the file says everything twice: in 32 bits, and then in 64
        marks, seconds, leaps, times, types, letters = struct.unpack(">20x6l", data[at : at + 44])
        begins = at + 44
        at = begins + times * width + types * 6 + letters + leaps * (width + 3) + seconds + marks
    since = struct.unpack_from(f">{times}q", data, begins)
    kinds = data[begins + 8 * times : begins + 9 * times]
    ahead = [
        struct.unpack_from(">l", data, begins + 9 * times + 6 * kind)[0] for kind in range(types)
    ]
    return [(when, ahead[kind]) for when, kind in zip(since, kinds, strict=True)]
