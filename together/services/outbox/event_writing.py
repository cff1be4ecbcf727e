"""Writes a session's event into one calendar, once, and takes it away again.

The steps can be cut anywhere.  What decides is the row of the session, held while the event's id
is noted: if the session was cancelled meanwhile, taking the event away is written down right there.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

from tortoise.queryset import QuerySet

from together.domain.spans import Span
from together.providers.contract import Calendars
from together.providers.errors import AuthorizationExpired, Gone, Refused
from together.providers.registry import Registry
from together.providers.values import Capability, Event
from together.services.connections import trouble
from together.services.connections.calendar_list import look_again
from together.services.connections.resting import Resting
from together.services.outbox import event_jobs, invitations
from together.services.outbox.event_drafts import carries, drafted, link_first
from together.services.outbox.join_links import checked_link, without_link
from together.services.outbox.targets import (
    Disconnected,
    LinkMissing,
    NotYet,
    OpensForDelivery,
    SessionOver,
    Target,
    is_bookers,
    target_of,
)
from together.services.outbox.withdrawing import note_written
from together.services.sessions.taking_over import take_over
from together.store.clock import database_now
from together.store.models import (
    STANDING,
    Booking,
    BookingState,
    CalendarEvent,
    Integration,
    Job,
    JobKind,
)
from together.store.transaction import transaction

log = logging.getLogger(__name__)

MOST_POLLS = 30
_POLLS = (2, 3, 5, 8, 13, 21, 34, 55, 90, 150, 300)


class EventWriter:
    """Carries out the jobs that concern one calendar."""

    def __init__(
        self,
        grants: OpensForDelivery,
        registry: Registry,
        clock: Callable[[], int],
        *,
        resting: Resting,
    ) -> None:
        self._grants, self._registry, self._clock = grants, registry, clock
        self._resting = resting

    async def write(self, job: Job) -> None:
        """Make the event, or find the one that an earlier try has made."""
        target = await target_of(job)
        if target is None or target.row.event_id is not None:
            return
        if target.booking.state is BookingState.CANCELLED:
            if job.attempts > 1:
                await self._leave_nothing(target)
            return
        if target.integration is None:
            raise Disconnected
        if target.booking.ends <= self._clock():
            raise SessionOver
        await link_first(target, self._registry)
        draft = await drafted(target, self._registry)
        try:
            async with self._open(target.integration) as calendars:
                event: Event | None = None
                try:
                    event = await calendars.create(draft)
                except Gone:
                    if not await look_again(
                        target.integration, calendars, clock=self._clock, resting=self._resting
                    ):
                        raise
        except Refused:
            if target.organizes:
                await self._no_link(target)
            raise
        if event is None:  # another calendar receives from now on
            raise NotYet(retry_after=timedelta(seconds=1))
        await self._note(target, event, written=True)

    async def revise(self, job: Job) -> None:
        """Let an event that stands say what its session says now, one change after the other."""
        if await event_jobs.changed_before(job):
            raise NotYet(retry_after=timedelta(seconds=1))
        target = await target_of(job)
        if target is None or target.row.event_id is None or target.row.gone_at is not None:
            return
        if target.booking.state is BookingState.CANCELLED or target.booking.ends <= self._clock():
            return
        if target.integration is None:
            raise Disconnected
        draft = await drafted(target, self._registry)
        async with self._open(target.integration) as calendars:
            await calendars.update(target.event, draft)
        await event_jobs.written(target, draft.span, at=await database_now())
        if target.organizes:
            await invitations.told_by_calendar(target.booking)

    async def look(self, job: Job) -> None:
        """Read an event again once nothing of ours is on its way to it; take over what is new."""
        target = await target_of(job)
        if target is None or target.row.event_id is None or target.integration is None:
            return
        if target.booking.state not in STANDING or target.booking.ends <= self._clock():
            return
        if await event_jobs.under_way(target):
            raise NotYet(retry_after=timedelta(seconds=2))
        read_at, found = await database_now(), None
        async with self._open(target.integration) as calendars:
            with suppress(Gone):
                found = await calendars.read(target.event)
        generation = target.integration.generation
        await take_over(target.row, found, read_at=read_at, generation=generation)

    async def poll(self, job: Job) -> None:
        """Read the event until its link is there; one that failed is asked for again."""
        target = await target_of(job)
        if target is None or target.row.event_id is None or not target.row.meeting_pending:
            return
        if target.booking.state is BookingState.CANCELLED:
            return
        if target.integration is None:
            await _missing(target).update(link_given_up=True)
            raise Disconnected
        if target.booking.ends <= self._clock():
            await self._no_link(target)
            raise SessionOver
        try:
            async with self._open(target.integration) as calendars:
                event = await calendars.read(target.event)
                if event.meeting is None and not event.meeting_pending:
                    key = f"{target.booking.event_key}-{job.attempts}"
                    event = await calendars.remake_meeting(event, key=key)
        except Refused:
            # No link will come: the calendar carries none, or the event is not there any more.
            await self._no_link(target)
            raise
        if event.meeting is not None:
            await self._note(target, event)
            return
        if job.attempts >= MOST_POLLS:
            await self._no_link(target)
            raise LinkMissing
        pause = _POLLS[min(job.attempts, len(_POLLS)) - 1]
        raise NotYet(retry_after=timedelta(seconds=pause))

    async def cancel(self, job: Job) -> None:
        """Take the event away, after whatever is still writing it."""
        target = await target_of(job)
        if target is None or target.booking.state is not BookingState.CANCELLED:
            return
        if await event_jobs.under_way(target):
            raise NotYet(retry_after=timedelta(seconds=1))
        # Read again: until a moment ago somebody may have been writing it.
        target = await target_of(job)
        if target is None:
            return
        if target.row.event_id is None:
            if await event_jobs.given_up_on(target):
                await self._leave_nothing(target)
            return
        async with self._open_target(target) as calendars:
            await calendars.cancel(target.event)
        if await is_bookers(target.row):
            await invitations.told_by_calendar(target.booking)

    # Steps

    async def _note(self, target: Target, event: Event, *, written: bool = False) -> None:
        """Note what was made or read; if the session was cancelled meanwhile, have it taken away,
        and if it was moved, have it moved.
        """
        link = checked_link(event, self._registry.videos.get(target.booking.video or ""))
        waits = carries(target, self._registry) and link is None
        at = await database_now()

        async def work() -> None:
            booking = await (
                Booking.filter(id=target.booking.id, organization_id=target.booking.organization_id)
                .select_for_update()
                .get()
            )
            if not await _row(target).update(event_id=event.id, meeting_pending=waits):
                await note_written(target.row, event.id)  # its calendar is gone: it is taken away
                return
            if written:
                await event_jobs.written(target, event.span, at=at)
            # The calendar may have been disconnected and connected anew while it was written.
            integration_id = (await _row(target).get()).integration_id
            if booking.state is BookingState.CANCELLED:
                await event_jobs.later(
                    booking, JobKind.CANCEL_EVENT, integration_id=integration_id, at=at
                )
                return
            stale = written and event.span != Span.of(booking.starts, booking.ends)
            if target.organizes and not stale:
                await invitations.told_by_calendar(target.booking)
            if not carries(target, self._registry) and booking.join_url != target.booking.join_url:
                stale = True  # its link came from elsewhere while the event was being written
            if stale:
                await event_jobs.later(
                    booking, JobKind.REVISE_EVENT, integration_id=integration_id, at=at
                )
            if link is not None:
                await Booking.filter(id=booking.id, organization_id=booking.organization_id).update(
                    join_url=link, link_given_up=False
                )
            elif waits and target.job.kind is not JobKind.POLL_MEETING:
                await _missing(target).update(link_given_up=False)
                await event_jobs.later(
                    booking, JobKind.POLL_MEETING, integration_id=integration_id, at=at
                )

        await transaction(work)
        if event.meeting is not None and waits:
            log.error("booking %s: its link is on a host that is not declared", target.booking.id)
            if target.job.kind is JobKind.POLL_MEETING:
                await self._no_link(target)
                raise LinkMissing

    async def _no_link(self, target: Target) -> None:
        """Note that no link will come."""

        async def work() -> None:
            await _missing(target).update(link_given_up=True)
            await _row(target).update(meeting_pending=False)

        await transaction(work)

    async def _leave_nothing(self, target: Target) -> None:
        """Take away the event of a cancelled session that an earlier try may have made.

        Making it again is how it is found: one key makes one event, and a try that is still on its
        way makes none after that.  Without guests, so that nobody hears of what was never there.
        """
        draft = replace(await drafted(target, self._registry), guests=(), wants_meeting=False)
        async with self._open_target(target) as calendars:
            try:
                event = await calendars.create(draft)
            except Gone:
                return
            await calendars.cancel(event)

    @asynccontextmanager
    async def _open(self, integration: Integration) -> AsyncGenerator[Calendars]:
        if Capability.EVENTS not in Capability(integration.capabilities):
            # Connected anew without writing.  Only its member can change that, and reading works.
            raise AuthorizationExpired
        async with (
            self._resting.heeded(integration),
            trouble.noted(integration, clock=self._clock),
            self._grants.open(integration, writing=True) as calendars,
        ):
            yield calendars

    def _open_target(self, target: Target) -> AbstractAsyncContextManager[Calendars]:
        row = target.row
        there = {"organization_id": row.organization_id, "integration_id": row.integration_id}
        return self.open_anyhow(target.integration, **there)

    def open_anyhow(
        self, integration: Integration | None, *, organization_id: int, integration_id: int
    ) -> AbstractAsyncContextManager[Calendars]:
        """Open a calendar to take something away, also one that is not connected any more."""
        if integration is not None:
            return self._open(integration)
        gone = {"organization_id": organization_id, "integration_id": integration_id}
        return self._grants.left_behind(**gone)


def _row(target: Target) -> QuerySet[CalendarEvent]:
    return CalendarEvent.filter(id=target.row.id, organization_id=target.row.organization_id)


def _missing(target: Target) -> QuerySet[Booking]:
    return without_link(target.row.organization_id, [target.booking.id])
