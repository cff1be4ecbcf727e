"""Tells mail programs when the clocks of a zone change, around the year of a session."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_LONG_AGO = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class _Change:
    """The clocks are set, at a wall time that the old offset shows."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str

    @property
    def rule(self) -> tuple[object, ...]:
        """What is the same of it each year, where it is by the last weekday of a month."""
        return self._yearly(-1 if self._is_last else None)

    @property
    def counted(self) -> tuple[object, ...]:
        """The same, where it is by the first, second, third or fourth."""
        return self._yearly((self.at.day - 1) // 7 + 1)

    def _yearly(self, place: int | None) -> tuple[object, ...]:
        at = self.at
        return (at.month, place, at.weekday(), at.time(), self.before, self.after, self.name)

    @property
    def _is_last(self) -> bool:
        return self.at.day + 7 > monthrange(self.at.year, self.at.month)[1]


@lru_cache(maxsize=256)
def told(name: str, year: int) -> Timezone:
    """Describe a zone, right for the year before, this one and the next.

    Where the clocks change by the same rule each year, it is said as a rule, which every mail
    program knows; otherwise each change is told on its own.
    """
    zone = ZoneInfo(name)
    years = [list(_changes(zone, each)) for each in (year - 1, year, year + 1)]
    described = Timezone()
    described.add("tzid", name)
    rules = _rules(years)
    if rules is None:
        first = datetime(year - 1, 1, 1, tzinfo=zone)
        offset = first.utcoffset() or timedelta()
        start = _Change(_LONG_AGO, offset, offset, first.tzname() or name)
        rules = [(each, None) for each in (start, *chain.from_iterable(years))]
    for change, rule in rules:
        described.add_component(_observance(change, rule))
    return described


def _changes(zone: ZoneInfo, year: int) -> Iterator[_Change]:
    begin, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    day = timedelta(days=1)
    while begin < end:
        if _offset(begin, zone) != _offset(begin + day, zone):
            yield _change(begin, begin + day, zone)
        begin += day


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> _Change:
    """Find the second between the two at which it happens."""
    old = _offset(before, zone)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    name = after.astimezone(zone).tzname() or zone.key
    return _Change((after + old).replace(tzinfo=None), old, _offset(after, zone), name)


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _rules(years: Sequence[Sequence[_Change]]) -> list[tuple[_Change, int | None]] | None:
    """Give the two changes of the first year, each with which weekday of its month it is on."""
    if any(len(changes) != 2 for changes in years):
        return None
    found: list[tuple[_Change, int | None]] = []
    for same in zip(*years, strict=True):
        if len({each.rule for each in same}) == 1 and same[0].rule[1] == -1:
            found.append((same[0], -1))
        elif len({each.counted for each in same}) == 1:
            found.append((same[0], (same[0].at.day - 1) // 7 + 1))
        else:
            return None
    return found


def _observance(change: _Change, place: int | None) -> TimezoneDaylight | TimezoneStandard:
    made = TimezoneDaylight() if change.after > change.before else TimezoneStandard()
    made.add("dtstart", change.at)
    made.add("tzoffsetfrom", change.before)
    made.add("tzoffsetto", change.after)
    made.add("tzname", change.name)
    if place is not None:
        weekday = f"{place}{_DAYS[change.at.weekday()]}"
        made.add("rrule", {"freq": "yearly", "bymonth": change.at.month, "byday": weekday})
    return made
