"""Somebody's hand in their own calendar, and a reading of what it did there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.services.desk import Desk
from tests.world import MINUTE
from together.domain.spans import Span
from together.providers.values import Answer, Event
from together.services.sessions.taking_over import take_over
from together.store.clock import database_now
from together.store.models import (
    Booking,
    CalendarEvent,
    History,
    Job,
    JobState,
    Member,
    Seat,
)


@dataclass(frozen=True, slots=True)
class Read:
    """A reading, which may be handed on as often as one likes, and whenever."""

    row: CalendarEvent
    found: Event | None
    at: int

    async def taken(self, **more: Any) -> None:
        await take_over(self.row, self.found, **{"read_at": self.at} | more)


async def read(desk: Desk, booking: Booking, who: Member, **answers: Answer) -> Read:
    """Read a session's event in somebody's calendar, as it is found after a change."""
    row = await CalendarEvent.get(
        booking_id=booking.id, account_hash__not="", calendar_id=f"calendar-{who.id}"
    )
    at = await database_now()
    draft = desk.diaries.of(who).events.get(row.event_id or "")
    if draft is None:
        return Read(row, None, at)
    told: Mapping[str, Answer] = {
        desk.world.people[name].email: answer for name, answer in answers.items()
    }
    return Read(row, Event(draft.key, draft.calendar_id, draft.span, answers=told), at)


def put(desk: Desk, booking: Booking, who: Member, start: int, *, minutes: float = 45) -> None:
    """Move the event in somebody's calendar."""
    events = desk.diaries.of(who).events
    span = Span.of(start, start + round(minutes * MINUTE))
    events[booking.event_key] = replace(events[booking.event_key], span=span)


def delete(desk: Desk, booking: Booking, who: Member) -> None:
    """Delete the event in somebody's calendar."""
    desk.diaries.of(who).events.pop(booking.event_key)
    desk.diaries.of(who).cancelled.add(booking.event_key)


async def moved(desk: Desk, booking: Booking, who: Member, start: int, **more: Any) -> Read:
    """Move it, and let it be read and taken over; twice, since readings come twice."""
    put(desk, booking, who, start, **more)
    reading = await read(desk, booking, who)
    await reading.taken()
    await reading.taken()
    return reading


async def deleted(desk: Desk, booking: Booking, who: Member) -> Read:
    delete(desk, booking, who)
    reading = await read(desk, booking, who)
    await reading.taken()
    await reading.taken()
    return reading


async def said(desk: Desk, booking: Booking, who: Member, **answers: Answer) -> Read:
    """Let the organizer's calendar say what guests have answered."""
    reading = await read(desk, booking, who, **answers)
    await reading.taken()
    await reading.taken()
    return reading


async def answers(booking: Booking) -> dict[int, str]:
    seats = await Seat.filter(booking_id=booking.id).order_by("member_id")
    return {each.member_id: each.answer for each in seats}


async def live(booking: Booking) -> set[bool]:
    return set(await Seat.filter(booking_id=booking.id).values_list("live", flat=True))


async def history(booking: Booking) -> list[tuple[str, int | None]]:
    rows = await History.filter(booking_id=booking.id).order_by("id")
    return [(each.what, each.member_id) for each in rows]


async def waiting(booking: Booking) -> list[str]:
    """What is still to be done about a session."""
    rows = await Job.filter(booking_id=booking.id, state=JobState.WAITING).order_by("id")
    return [each.kind.value for each in rows]


async def standing(booking: Booking) -> tuple[int, int, str, int]:
    row = await Booking.get(id=booking.id)
    return row.starts, row.ends, row.state.value, row.sequence
