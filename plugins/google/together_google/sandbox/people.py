"""What people do by hand in Google Calendar, to their own events and to invitations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from together.domain.spans import Span
from together_google.sandbox import events, moments, refusals
from together_google.sandbox.served import Desk
from together_google.sandbox.world import Book, StoredEvent


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in somebody's calendar."""

    book: Book
    home: Book
    stored: StoredEvent
    starts: int
    ends: int

    @property
    def body(self) -> dict[str, Any]:
        return self.stored.body

    @property
    def organized(self) -> bool:
        """Whether it is the event of this calendar, and not an invitation."""
        return self.book is self.home

    @property
    def all_day(self) -> bool:
        return "date" in self.body["start"]


def entries(desk: Desk, email: str) -> Iterator[Entry]:
    """Go through what lies ahead in all calendars of an account, the soonest first."""
    found = [
        Entry(book, home, stored, *moments.edges(stored.body, ZoneInfo(book.zone)))
        for book in desk.world.books.values()
        if book.owner == email
        for home, stored in desk.world.events(book)
        if stored.body["status"] != "cancelled"
    ]
    ahead = (entry for entry in found if entry.ends > desk.clock())
    yield from sorted(ahead, key=lambda entry: (entry.starts, entry.body["id"]))


def move(desk: Desk, book: Book, event_id: str, span: Span) -> None:
    """Move an event, and tell its guests.  Somebody else's is not theirs to move."""
    found = desk.world.event(book, event_id)
    if found is not None and found[0] is not book:
        raise refusals.not_the_organizer()
    times = {"start": _time(span.starts), "end": _time(span.ends)}
    now = desk.clock()
    events.patch(
        desk.world, desk.switches, book, event_id, times, with_meet=False, told=True, now=now
    )
    desk.announce()


def delete(desk: Desk, book: Book, event_id: str) -> None:
    """Delete an event, and tell its guests; an invitation that is deleted is declined."""
    events.delete(desk.world, book, event_id, told=True, now=desk.clock())
    desk.announce()


def answer(desk: Desk, book: Book, event_id: str, response: str) -> None:
    """Answer an invitation."""
    found = desk.world.event(book, event_id)
    if found is None or found[1].body["status"] == "cancelled":
        raise refusals.not_found()
    home, stored = found
    events.answer(desk.world, home, stored, book.owner, response)
    desk.announce()


def _time(seconds: int) -> dict[str, str]:
    return {"dateTime": moments.stamp(seconds)}
