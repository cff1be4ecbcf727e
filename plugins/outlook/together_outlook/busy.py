"""When a mailbox is busy: by its free/busy schedule, or by the events of single calendars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from together.domain.spans import Span, Spans
from together.providers import shapes
from together.providers.errors import Misconfigured, Refused
from together.providers.http import path
from together.providers.values import Reading
from together_outlook.errors import AccessDenied
from together_outlook.graph import Graph
from together_outlook.times import (
    FIRST_MIDNIGHT,
    LAST_MIDNIGHT,
    PER_SCHEDULE,
    PER_VIEW,
    SHORTEST,
    chunks,
    event_span,
    in_utc,
    timed_span,
    wall_time,
)

FREE = frozenset({"free", "workingElsewhere"})
"""Everything else takes time: also `unknown`, and what Microsoft may think of later.  That there is
something at that time is known, and what is not known to be free is never shown as free."""

SELECT = (
    "start,end,isAllDay,originalStartTimeZone,originalEndTimeZone,showAs,isCancelled,responseStatus"
)
"""What is read of an event to know when it takes time; no title, no place, nobody's name."""
PAGE = 250
_BEFORE = int(LAST_MIDNIGHT.total_seconds())
_AFTER = int(FIRST_MIDNIGHT.total_seconds())
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")


async def by_schedule(graph: Graph, calendar_id: str, address: str, window: Span) -> Reading:
    """Ask when the mailbox is busy, by its address.  Only its primary calendar is in the answer.

    Twenty mailboxes fit into one call, but what is open here is one person's.
    """
    busy: list[Span] = []
    for starts, ends in chunks(window, PER_SCHEDULE):
        asked = {
            "schedules": [address],
            "startTime": in_utc(starts),
            "endTime": in_utc(max(ends, starts + SHORTEST)),
        }
        answer = await graph("POST", "/me/calendar/getSchedule", json=asked)
        schedule = _of(answer, address)
        if why := _trouble(schedule):
            return _reading(busy, window, unread={calendar_id: why})
        busy += _spans(timed_span(item) for item in _items(schedule))
        _bounded(busy)
    return _reading(busy, window)


async def by_view(graph: Graph, calendar_ids: Iterable[str], window: Span) -> Reading:
    """Read the events of each calendar.  One that Graph does not give out is unread.

    Where an organization's consent opens none of them, it is not about single calendars.
    """
    busy: list[Span] = []
    unread: dict[str, str] = {}
    denied: list[AccessDenied] = []
    wanted = [*calendar_ids]
    for calendar_id in wanted:
        try:
            busy += await _events(graph, calendar_id, window)
        except AccessDenied as refusal:
            denied.append(refusal)
            unread[calendar_id] = refusal.code or "unknown"
        except (Refused, Misconfigured) as refusal:
            # Of one calendar a code that nobody knows says no more than one that is known.
            if isinstance(refusal, Misconfigured) and refusal.status not in (403, 404):
                raise
            unread[calendar_id] = refusal.code or "unknown"
    if wanted and len(denied) == len(wanted):
        raise denied[0]
    return _reading(busy, window, unread=unread)


async def _events(graph: Graph, calendar_id: str, window: Span) -> list[Span]:
    busy: list[Span] = []
    place = path("me", "calendars", calendar_id, "calendarView")
    for starts, ends in chunks(window, PER_VIEW):
        # The midnights of an all-day event are no instants, so those nearby may be in the window.
        query = {
            "startDateTime": wall_time(starts - _BEFORE) + "Z",
            "endDateTime": wall_time(ends + _AFTER) + "Z",
            "$select": SELECT,
            "$top": str(PAGE),
        }
        events = await graph.entries(place, query)
        busy += _spans(event_span(event) for event in events if _takes_time(event))
        _bounded(busy)
    return busy


def _takes_time(event: Any) -> bool:
    response = shapes.maybe(event, "responseStatus", dict) or {}
    return (
        shapes.text(event, "showAs") not in FREE
        and not shapes.maybe(event, "isCancelled", bool)
        and shapes.maybe(response, "response", str) != "declined"
    )


def _of(answer: Any, address: str) -> Mapping[str, Any] | None:
    """Find what the answer says of this mailbox.  One that is not mentioned is not free."""
    for schedule in shapes.field(answer, "value", list):
        if shapes.text(schedule, "scheduleId").casefold() == address.casefold():
            return schedule  # type: ignore[no-any-return]
    return None


def _trouble(schedule: Any) -> str | None:
    if schedule is None:
        return "missing"
    error = shapes.maybe(schedule, "error", dict)
    if error is None:
        return None
    code = shapes.maybe(error, "responseCode", str) or ""
    return code if _CODE.match(code) else "unknown"


def _items(schedule: Any) -> Iterator[Any]:
    """Go through what takes time.  These are instants, all-day events too."""
    for item in shapes.field(schedule, "scheduleItems", list):
        if shapes.text(item, "status") not in FREE:
            yield item


def _spans(found: Iterable[Span | None]) -> Iterator[Span]:
    return (span for span in found if span is not None)


def _bounded(busy: list[Span]) -> None:
    if len(busy) > shapes.MOST:
        raise shapes.unexpected()


def _reading(
    busy: Iterable[Span], window: Span, *, unread: Mapping[str, str] | None = None
) -> Reading:
    return Reading(busy=Spans(busy) & Spans([window]), unread=unread or {})
