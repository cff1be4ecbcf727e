"""What was read of a session's event, and whether it is news: not what was written from here."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

from together.providers.values import Answer, Event
from together.services.outbox import event_jobs
from together.services.outbox.targets import WAITS_FOR_MEMBER
from together.services.sessions.session_held import whole
from together.store.clock import database_now
from together.store.models import (
    Booking,
    CalendarEvent,
    History,
    Integration,
    IntegrationState,
    Job,
    JobKind,
    JobState,
    Member,
    Seat,
)

MOVED = "MOVED_IN_CALENDAR"
"""For the history."""

COMES_BACK = 7 * 86_400
"""Seconds for which a session follows its event back that was put into the past there."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of one event, and all that decides what it means, held by a transaction."""

    booking: Booking
    seats: list[Seat]
    row: CalendarEvent
    found: Event | None
    owner: int
    """The member whose calendar it is."""
    read_at: int
    at: int

    @property
    def organizes(self) -> bool:
        """Whether this calendar invites the others; a copy of one's own invites nobody."""
        return self.owner == self.booking.booked_by_id

    @property
    def session(self) -> tuple[int, int]:
        return self.booking.starts, self.booking.ends

    @property
    def written(self) -> tuple[int, int]:
        """Where it stood, as far as we knew."""
        return self.row.starts or self.booking.starts, self.row.ends or self.booking.ends

    @property
    def jobs(self) -> dict[str, Any]:
        return {"organization_id": self.booking.organization_id, "booking_id": self.booking.id}


async def held_reading(
    row: CalendarEvent, found: Event | None, *, read_at: int, generation: int | None
) -> Reading | None:
    """Hold what it is about; None where the calendar has nothing to say any more."""
    mine: dict[str, Any] = {"organization_id": row.organization_id}
    held = await whole(row.organization_id, row.booking_id)
    if held is None or held.booking.done_at is not None:
        return None
    if held.booking.ends <= read_at and not await _comes_back(held.booking, found, at=read_at):
        return None
    current = await CalendarEvent.filter(**mine, id=row.id).select_for_update().get_or_none()
    if current is None or current.event_id is None or _another(current, row):
        return None
    integration = await (
        Integration.filter(**mine, id=row.integration_id, state=IntegrationState.ACTIVE)
        .select_for_update(no_key=True)
        .get_or_none()
    )
    if integration is None or generation not in (None, integration.generation):
        return None
    if integration.member_id not in {each.member_id for each in held.seats}:
        return None
    if held.booking.ends <= read_at and integration.member_id != held.booking.booked_by_id:
        return None
    return Reading(
        booking=held.booking,
        seats=held.seats,
        row=current,
        found=found,
        owner=integration.member_id,
        read_at=read_at,
        at=await database_now(),
    )


def _another(current: CalendarEvent, row: CalendarEvent) -> bool:
    return (current.event_id, current.calendar_id, current.integration_id) != (
        row.event_id,
        row.calendar_id,
        row.integration_id,
    )


async def put_into_the_past(
    organization_id: int, booking_ids: Collection[int], *, at: int
) -> set[int]:
    """Give those of these sessions that lie behind since their events were put there lately.

    A hand slips and takes it back, and both may be read one after the other.
    """
    if not booking_ids:
        return set()
    put: list[Any] = await History.filter(
        organization_id=organization_id,
        booking_id__in=sorted(set(booking_ids)),
        what=MOVED,
        at__gt=at - COMES_BACK,
    ).select_related("booking")
    return {each.booking_id for each in put if each.at >= each.booking.ends}


async def _comes_back(booking: Booking, found: Event | None, *, at: int) -> bool:
    if found is None or found.span.ends <= at:
        return False
    return bool(await put_into_the_past(booking.organization_id, [booking.id], at=at))


async def ambiguous(reading: Reading, *, since: int) -> bool:
    """Say whether it cannot be told what came first, this or a write of ours.

    One that is under way may have arrived or not; one that arrived after the reading began has
    overwritten what was read.  A reading that another one has overtaken is as doubtful.
    """
    found, span, row = reading.found, span_of(reading.found), reading.row
    newest = max(row.written_at or 0, row.read_at or 0)
    if row.writes != since or reading.read_at < newest:
        return span != reading.written or _says_more(reading)
    under_way = await Job.filter(
        **reading.jobs,
        kind=JobKind.REVISE_EVENT,
        integration_id=row.integration_id,
        state=JobState.WAITING,
        leased_until__gt=reading.at,
    ).exists()
    return under_way and (found is None or span not in (reading.written, reading.session))


def _says_more(reading: Reading) -> bool:
    if reading.found is None or not reading.organizes:
        return False
    told = reading.found.answers
    return any(told_by(each, told) not in (None, each.calendar_answer) for each in reading.seats)


async def waits(reading: Reading) -> bool:
    """Say whether a move that was made here is still to be brought to this event.

    It comes, however long its service is down or its member does not connect again, and what it
    finds there gives way to it.
    """
    if reading.session == reading.written:
        return False
    jobs = Job.filter(**reading.jobs, kind=JobKind.REVISE_EVENT)
    if await jobs.filter(state=JobState.WAITING, integration_id=None).exists():
        return True
    mine = jobs.filter(integration_id=reading.row.integration_id)
    if await mine.filter(state=JobState.WAITING).exists():
        return True
    parked = mine.filter(state=JobState.PARKED, reason__in=sorted(WAITS_FOR_MEMBER))
    return await parked.exists()


async def look_again(reading: Reading) -> None:
    """Have the event read once more, by the worker."""
    waiting = Job.filter(
        **reading.jobs,
        kind=JobKind.LOOK_AT_EVENT,
        integration_id=reading.row.integration_id,
        state=JobState.WAITING,
        leased_until=None,
    )
    if not await waiting.exists():
        await later(reading, JobKind.LOOK_AT_EVENT)


def span_of(found: Event | None) -> tuple[int, int] | None:
    return None if found is None else (found.span.starts, found.span.ends)


def told_by(seated: Seat, answers: Any) -> str | None:
    """Give what the event says that somebody has answered."""
    member = cast("Member", seated.member)
    answer = answers.get(member.email_key) or answers.get(member.email.casefold())
    return None if answer is None else cast("Answer", answer).value


async def later(reading: Reading, kind: JobKind) -> None:
    """Have the worker do something about the event."""
    integration_id, at = reading.row.integration_id, reading.at
    await event_jobs.later(reading.booking, kind, integration_id=integration_id, at=at)
