"""Google's times and ours: RFC 3339 with an offset, and dates that mean a calendar's own day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from together.domain.spans import Span
from together.providers import shapes

CHUNK = 60 * 86_400
"""Google refuses a window of about three months and does not say where the limit lies."""


def rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def chunks(window: Span) -> Iterator[tuple[int, int]]:
    """Cut the window into pieces Google accepts, each starting where the one before ended."""
    starts = window.starts
    while starts < window.ends:
        ends = min(starts + CHUNK, window.ends)
        yield starts, ends
        starts = ends


def event_times(span: Span) -> dict[str, dict[str, str | None]]:
    """Say the span as an event's start and end, with an empty date.

    A patch merges field by field, so the date of an event that somebody made all-day must go.
    """
    return {
        "start": {"dateTime": rfc3339(span.starts), "timeZone": "UTC", "date": None},
        "end": {"dateTime": rfc3339(span.ends), "timeZone": "UTC", "date": None},
    }


def is_all_day(event: Any) -> bool:
    return shapes.maybe(shapes.field(event, "start", dict), "date", str) is not None


def event_span(event: Any, zone: ZoneInfo) -> Span:
    """Read when an event is; an all-day one begins and ends at midnights of its calendar.

    One that somebody has given no length is read as its first second.
    """
    start, end = (_instant(shapes.field(event, edge, dict), zone) for edge in ("start", "end"))
    if end < start:
        raise shapes.unexpected()
    return Span(start, max(end, start + timedelta(seconds=1)))


def _instant(when: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    if shapes.maybe(when, "date", str) is None:
        return shapes.moment(when, "dateTime")
    try:
        day = date.fromisoformat(shapes.text(when, "date", limit=10))
        return datetime.combine(day, time(), zone)
    except (ValueError, OverflowError):
        raise shapes.unexpected() from None
