"""Takes away what a session left in a calendar that is gone, with what still opens it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

from together.domain.spans import Span
from together.providers.contract import Calendars
from together.providers.errors import Gone
from together.providers.values import Event, EventDraft
from together.services.outbox.targets import NotYet
from together.store.clock import database_now
from together.store.models import (
    Booking,
    CalendarEvent,
    Integration,
    Job,
    JobKind,
    JobState,
    LeftEvent,
    Organization,
)

_CHANGING = (JobKind.WRITE_EVENT, JobKind.POLL_MEETING, JobKind.REVISE_EVENT)


class OpensAnyhow(Protocol):
    """Opens a calendar, also one that is not connected any more, to take something away."""

    def __call__(
        self, integration: Integration | None, *, organization_id: int, integration_id: int
    ) -> AbstractAsyncContextManager[Calendars]: ...


class Withdrawing:
    """Carries out the jobs of the kind WITHDRAW_EVENT."""

    def __init__(self, open_anyhow: OpensAnyhow, clock: Callable[[], int]) -> None:
        self._open, self._clock = open_anyhow, clock

    async def withdraw(self, job: Job) -> None:
        """Take it away after whatever is still being done there; what is gone is no error.

        The service tells the guests, so that no second event stays with any of them.  Of a session
        that is over nobody is told anything any more.
        """
        if await _under_way(job):
            raise NotYet(retry_after=timedelta(seconds=1))
        row = await _left(job)
        if row is None:
            return
        booking = await Booking.get(id=row.booking_id, organization_id=row.organization_id)
        if booking.ends > self._clock():
            integration = await Integration.get_or_none(
                id=row.integration_id, organization_id=row.organization_id
            )
            async with self._open(
                integration,
                organization_id=row.organization_id,
                integration_id=row.integration_id,
            ) as calendars:
                await _taken_away(calendars, row, booking)
        await LeftEvent.filter(id=row.id, organization_id=row.organization_id).delete()


async def _under_way(job: Job) -> bool:
    """Whether somebody is at an event of the session at this moment, under whatever row.

    The calendar may have come back meanwhile.  Whoever comes later finds nothing to do there.
    """
    return await Job.exists(
        organization_id=job.organization_id,
        booking_id=job.booking_id,
        integration_id__isnull=False,
        kind__in=_CHANGING,
        state=JobState.WAITING,
        leased_until__gt=await database_now(),
    )


async def _left(job: Job) -> LeftEvent | None:
    return await LeftEvent.get_or_none(
        organization_id=job.organization_id,
        booking_id=job.booking_id,
        integration_id=job.integration_id,
    )


async def _taken_away(calendars: Calendars, row: LeftEvent, booking: Booking) -> None:
    span = Span.of(booking.starts, booking.ends)
    event = Event(id=row.event_id or "", calendar_id=row.calendar_id, span=span)
    if row.event_id is None:
        # Making it again is how it is found: one key makes one event, and a try that is still on
        # its way makes none after that.  Without guests: nobody hears of what was never there.
        organization = await Organization.get(id=booking.organization_id)
        draft = EventDraft(
            key=booking.event_key,
            calendar_id=row.calendar_id,
            span=span,
            title=organization.event_title,
            guests=(),
            place=None,
            wants_meeting=False,
        )
        try:
            event = await calendars.create(draft)
        except Gone:
            return
    await calendars.cancel(event)


async def note_written(row: CalendarEvent, event_id: str) -> None:
    """Note what was made in a calendar which was taken out of use meanwhile, in a transaction.

    It may have come back since, under another row.
    """
    await LeftEvent.filter(
        organization_id=row.organization_id,
        booking_id=row.booking_id,
        account_hash=row.account_hash,
    ).update(event_id=event_id)
