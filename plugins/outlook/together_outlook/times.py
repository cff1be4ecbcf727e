"""Graph's times and ours: wall times without an offset beside a zone's name, to 100 nanoseconds.

A wall time that a change of clocks shows twice, or skips, is read as whichever instant makes more
time taken: of a start the first, of an end the last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from together.domain.spans import Span
from together.providers import shapes
from together_outlook.zones import is_utc, known_zone

DAY = 86_400
PER_SCHEDULE = 60 * DAY
"""getSchedule takes a window of less than 62 days."""
PER_VIEW = 1800 * DAY
"""A calendar view takes a window of 1825 days."""
SHORTEST = 3600
"""A window of getSchedule is longer than the slots that it is also cut into, 30 minutes unasked."""

FIRST_MIDNIGHT, LAST_MIDNIGHT = timedelta(hours=14), timedelta(hours=12)
"""A day begins 14 hours before it does in UTC, where it begins first, and ends 12 hours after."""

_WALL = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,7}))?\Z", re.ASCII)
EARLIEST, LATEST = 1970, 2200
"""Years; what lies outside is no time that anybody meets."""

_Which = Callable[[Iterable[datetime]], datetime]
"""`min` or `max`."""


def wall_time(seconds: int) -> str:
    """Say an instant as the wall shows it in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def in_utc(seconds: int) -> dict[str, str]:
    """Say an instant as a dateTimeTimeZone."""
    return {"dateTime": wall_time(seconds), "timeZone": "UTC"}


def chunks(window: Span, longest: int) -> Iterator[tuple[int, int]]:
    """Cut the window into pieces Graph accepts, each starting where the one before ended."""
    starts = window.starts
    while starts < window.ends:
        ends = min(starts + longest, window.ends)
        yield starts, ends
        starts = ends


def event_times(span: Span) -> dict[str, Any]:
    """Say the span as an event's start and end; one that somebody made all-day is so no longer."""
    return {"start": in_utc(span.starts), "end": in_utc(span.ends), "isAllDay": False}


def event_span(event: Any) -> Span | None:
    """Read when an event is; None for one without any length, which takes no time."""
    if shapes.maybe(event, "isAllDay", bool):
        return _whole_days(event)
    return timed_span(event)


def timed_span(entry: Any) -> Span | None:
    """Read the span of what is no all-day event; None where it has no length."""
    when = [shapes.field(entry, edge, dict) for edge in ("start", "end")]
    if _of_no_length(*when):
        return None
    start, end = _instant(when[0], min), _instant(when[1], max)
    if end < start:
        raise shapes.unexpected()
    if end == start:
        return None
    # A part of a second counts as the whole one, and a datetime has no seventh digit.
    return Span(start[0], end[0] + timedelta(seconds=1) if end[1] else end[0])


def first_second(event: Any) -> Span:
    """Read an event that somebody has given no length, which still stands somewhere."""
    start, _ = _instant(shapes.field(event, "start", dict), min)
    return Span(start, start + timedelta(seconds=1))


def _whole_days(event: Any) -> Span:
    """Read an all-day event, which comes as midnights whatever zone was asked for.

    Which midnights they are is told by the zone it was made in.  Where that is unknown, or UTC,
    which also stands there when a program made the event or when it recurs, they may be anybody's:
    such a day begins where a day begins first and ends where it ends last, and none of it is free.
    """
    (start, _), (end, _) = (_wall(shapes.field(event, edge, dict)) for edge in ("start", "end"))
    if end <= start:
        raise shapes.unexpected()
    names = ("originalStartTimeZone", "originalEndTimeZone")
    first, last = (known_zone(shapes.maybe_text(event, name) or "") for name in names)
    if first and last and not is_utc(first) and not is_utc(last):
        starts, ends = _shown(start, first, min), _shown(end, last, max)
        if starts < ends:
            return Span(starts, ends)
    starts, ends = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
    return Span(starts - FIRST_MIDNIGHT, ends + LAST_MIDNIGHT)


def _of_no_length(start: Mapping[str, Any], end: Mapping[str, Any]) -> bool:
    """Whether both are the same time of one zone, also where its clocks show that time twice."""
    zones = {shapes.text(when, "timeZone") for when in (start, end)}
    return len(zones) == 1 and _wall(start) == _wall(end)


def _instant(when: Mapping[str, Any], which: _Which) -> tuple[datetime, int]:
    """Read an instant, and what is left of it below a second."""
    wall, rest = _wall(when)
    zone = known_zone(shapes.text(when, "timeZone"))
    if zone is None:
        raise shapes.unexpected()
    return _shown(wall, zone, which), rest


def _shown(wall: datetime, zone: ZoneInfo, which: _Which) -> datetime:
    """Say when the clocks of a zone show this, which around a change may be two instants.

    In a gap the fold that names the earlier instant is the other one, so both are compared.
    """
    return which(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def _wall(when: Mapping[str, Any]) -> tuple[datetime, int]:
    found = _WALL.match(shapes.text(when, "dateTime", limit=64))
    try:
        wall = datetime.fromisoformat(found[1] if found else "")
    except ValueError:
        raise shapes.unexpected() from None
    if found is None or not EARLIEST <= wall.year < LATEST:
        raise shapes.unexpected()
    return wall, int((found[2] or "").ljust(7, "0"))
