"""When calendars of the sandbox are busy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from together.domain.spans import Spans
from together_google.sandbox import moments, refusals
from together_google.sandbox.switches import Switches
from together_google.sandbox.world import Book, World
from together_google.times import rfc3339

LONGEST = 90 * 86_400
MOST_CALENDARS = 50
FREE_TYPES = ("workingLocation", "birthday")


def query(world: World, switches: Switches, email: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a freeBusy request.  A calendar that cannot be read is an error inside a 200."""
    starts = moments.parameter(asked.get("timeMin"), "timeMin")
    ends = moments.parameter(asked.get("timeMax"), "timeMax")
    zone = moments.zone_named(asked.get("timeZone") or "UTC")
    if ends <= starts:
        raise refusals.empty_range()
    if ends - starts > LONGEST:
        raise refusals.long_range()
    items = asked.get("items")
    ids = [str(item.get("id")) for item in items or [] if isinstance(item, dict)]
    most = asked.get("calendarExpansionMax", MOST_CALENDARS)
    if not isinstance(most, int) or not 0 < most <= MOST_CALENDARS:
        raise refusals.invalid("Invalid value for: calendarExpansionMax")
    answer: dict[str, Any] = {}
    for calendar_id in ids:
        book = world.book(calendar_id, email)
        if len(ids) > most:
            answer[calendar_id] = _unread("tooManyCalendarsRequested")
        elif book is None:
            answer[calendar_id] = _unread("notFound")
        elif book.id in switches.unreadable:
            answer[calendar_id] = _unread(switches.unreadable[book.id])
        else:
            answer[calendar_id] = {"busy": [*_blocks(world, book, zone, starts, ends)]}
    return {
        "kind": "calendar#freeBusy",
        "timeMin": moments.stamp(starts),
        "timeMax": moments.stamp(ends),
        "calendars": answer,
    }


def takes_time(book: Book, body: Mapping[str, Any]) -> bool:
    """Say whether an event blocks the calendar it stands in.

    Tentative events and invitations without an answer do.
    """
    if body["status"] == "cancelled" or body.get("transparency") == "transparent":
        return False
    if body.get("eventType") in FREE_TYPES:
        return False
    mine = (guest for guest in body.get("attendees", ()) if guest["email"] == book.owner)
    return all(guest["responseStatus"] != "declined" for guest in mine)


def _blocks(
    world: World, book: Book, zone: ZoneInfo, starts: int, ends: int
) -> Iterator[dict[str, str]]:
    """Give the blocks that overlap the window, whole: what lies outside is for the asker to cut."""
    own = ZoneInfo(book.zone)
    times = (
        moments.edges(stored.body, own)
        for _, stored in world.events(book)
        if takes_time(book, stored.body)
    )
    for first, last in Spans.of(
        (first, last) for first, last in times if first < last and first < ends and starts < last
    ).pairs():
        yield {"start": _shown(first, zone), "end": _shown(last, zone)}


def _shown(seconds: int, zone: ZoneInfo) -> str:
    if zone.key == "UTC":
        return rfc3339(seconds)
    return datetime.fromtimestamp(seconds, zone).isoformat()


def _unread(reason: str) -> dict[str, Any]:
    return {"errors": [{"domain": "global", "reason": reason}], "busy": []}
