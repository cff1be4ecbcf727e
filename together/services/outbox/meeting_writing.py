"""Makes a session's meeting at its organization's video service, once, and takes it away again.

As with events, the row of the session decides, held while the meeting's id is noted; and one key
makes one meeting, so that whoever comes after a worker that died finds what it had made.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any, Protocol

from together.domain.spans import Span
from together.providers.contract import Meetings
from together.providers.errors import Gone, NeedsPerson, Refused
from together.providers.registry import Registry
from together.providers.values import Meeting
from together.services.organization import left_video
from together.services.outbox import invitations, meeting_jobs
from together.services.outbox.join_links import checked_url
from together.services.outbox.targets import LinkMissing, NotYet, SessionOver
from together.store.clock import database_now
from together.store.models import (
    STANDING,
    Booking,
    BookingState,
    CalendarEvent,
    Job,
    JobKind,
    LeftMeeting,
    LeftVideo,
    Member,
    Organization,
    VideoMeeting,
)
from together.store.transaction import transaction

KEPT = 7 * 86_400
"""Seconds after a session for which it is tried to take away what it left somewhere."""


class OpensLeft(Protocol):
    """What `left_video.LeftVideos` does for the worker."""

    def open(self, left: LeftVideo, *, mailbox: str) -> AbstractAsyncContextManager[Meetings]: ...


class OpensMeetings(Protocol):
    """What `organization_video.OrganizationVideos` does for the worker."""

    @property
    def left(self) -> OpensLeft: ...

    def open(
        self, meeting: VideoMeeting, *, mailbox: str
    ) -> AbstractAsyncContextManager[Meetings]: ...


class MeetingWriter:
    """Carries out the jobs that concern a session's meeting."""

    def __init__(self, videos: OpensMeetings, registry: Registry, clock: Callable[[], int]) -> None:
        self._videos, self._registry, self._clock = videos, registry, clock

    async def write(self, job: Job) -> None:
        """Make the meeting, or move the one that is there to where the session is now."""
        if await meeting_jobs.written_before(job):
            raise NotYet(retry_after=timedelta(seconds=1))
        booking, row = await _read(job)
        if booking is None or row is None:
            return
        if booking.state is BookingState.CANCELLED:
            if job.attempts > 1 and row.meeting_id is None:
                await self._leave_nothing(booking, row)
            return
        if (row.starts, row.ends) == (booking.starts, booking.ends):
            return
        try:
            if booking.ends <= self._clock():
                raise SessionOver
            async with self._opened(booking, row) as (meetings, title):
                made = await _made(meetings, booking, row, title)
                if row.meeting_id is None and job.attempts > 1:
                    # An earlier try may have made it, for a time that was another then.
                    made = await meetings.update(made, span=_span(booking), title=title)
            video = self._registry.videos.get(row.provider)
            link = checked_url(made.join_url, video)
            if link is None:
                raise LinkMissing
        except (Refused, NeedsPerson):
            mine = meeting_jobs.linkless(booking.organization_id, [booking.id])
            await mine.update(link_given_up=True)
            raise
        await self._note(booking, row, made.id, link)

    async def cancel(self, job: Job) -> None:
        """Take the meeting away, after whatever is still making it."""
        booking, row = await _read(job)
        if booking is None or row is None or booking.state is not BookingState.CANCELLED:
            return
        if await meeting_jobs.link_is_coming(booking):
            raise NotYet(retry_after=timedelta(seconds=1))
        # Read again: until a moment ago somebody may have been making it.
        booking, row = await _read(job)
        if booking is None or row is None or row.meeting_id is None:
            return
        async with self._opened(booking, row) as (meetings, _):
            await meetings.cancel(Meeting(row.meeting_id, booking.join_url or ""))

    async def leave(self, job: Job) -> None:
        """Take away what was made at a service that was left, once there is another link."""
        booking, row = await _read(job)
        mine = LeftMeeting.filter(organization_id=job.organization_id, booking_id=job.booking_id)
        for left in await mine.order_by("id").select_related("left"):
            if booking is None:
                return
            ahead = booking.state in STANDING and booking.ends > self._clock()
            if ahead and row is not None and row.meeting_id is None:
                raise NotYet(retry_after=timedelta(minutes=1))
            try:
                if booking.ends + KEPT > self._clock():
                    await self._taken_away(booking, left, row)
            except (Refused, NeedsPerson):
                await self._left(left)
                raise
            await self._left(left)

    async def _taken_away(
        self, booking: Booking, left: LeftMeeting, row: VideoMeeting | None
    ) -> None:
        """Take it away, unless the organization came back and it is the session's again."""
        host = await Member.get(id=booking.booked_by_id, organization_id=booking.organization_id)
        organization = await Organization.get(id=booking.organization_id)
        standing = None
        if booking.state in STANDING and row is not None:
            standing = row.meeting_id if row.provider == left.left.provider else None
        made = left.meeting_id
        if made is not None and made == standing:
            return
        async with self._videos.left.open(left.left, mailbox=host.email) as meetings:
            if made is None:
                # It may have been made, and making it again is how it is found.
                span, title = _span(booking), organization.event_title
                try:
                    found = await meetings.create(key=booking.event_key, span=span, title=title)
                except Gone:
                    return
                made = found.id
            if made != standing:
                await meetings.cancel(Meeting(made, ""))

    async def _left(self, left: LeftMeeting) -> None:
        """Forget it, and with the last one what opened the service."""
        mine: dict[str, Any] = {"organization_id": left.organization_id}

        async def work() -> None:
            # Held by one at a time: of two who are the last at once, each would see the other's.
            await LeftVideo.filter(**mine, id=left.left_id).select_for_update().first()
            await LeftMeeting.filter(**mine, id=left.id).delete()
            if not await LeftMeeting.exists(**mine, left_id=left.left_id):
                await LeftVideo.filter(**mine, id=left.left_id).delete()

        await transaction(work)

    async def _leave_nothing(self, booking: Booking, row: VideoMeeting) -> None:
        """Take away what an earlier try may have made; making it again is how it is found."""
        async with self._opened(booking, row) as (meetings, title):
            try:
                made = await _made(meetings, booking, row, title)
            except Gone:
                return
            await meetings.cancel(made)

    async def _note(self, booking: Booking, row: VideoMeeting, made: str, link: str) -> None:
        at = await database_now()

        async def work() -> None:
            now = await (
                Booking.filter(id=booking.id, organization_id=booking.organization_id)
                .select_for_update()
                .get()
            )
            noted = await VideoMeeting.filter(
                id=row.id,
                organization_id=row.organization_id,
                provider=row.provider,
                distribution=row.distribution,
            ).update(meeting_id=made, starts=booking.starts, ends=booking.ends)
            if not noted:
                await left_video.too_late(row, made, at=at)
                return
            if now.state is BookingState.CANCELLED:
                await meeting_jobs.take_away_later(now, at=at)
                return
            if now.join_url == link:
                return
            now.join_url, now.link_given_up = link, False
            await Booking.filter(id=now.id, organization_id=now.organization_id).update(
                join_url=link, link_given_up=False
            )
            await revise_later(now, at=at)
            await invitations.tell_of_change(now, at=at)

        await transaction(work)

    @asynccontextmanager
    async def _opened(
        self, booking: Booking, row: VideoMeeting
    ) -> AsyncGenerator[tuple[Meetings, str]]:
        host = await Member.get(id=booking.booked_by_id, organization_id=booking.organization_id)
        organization = await Organization.get(id=booking.organization_id)
        async with self._videos.open(row, mailbox=host.email) as meetings:
            yield meetings, organization.event_title


async def revise_later(booking: Booking, *, at: int) -> None:
    """Have the events that were written already say what the session says now."""
    written = CalendarEvent.filter(
        organization_id=booking.organization_id, booking_id=booking.id, event_id__isnull=False
    )
    for event in await written.order_by("id"):
        await Job.create(
            organization_id=booking.organization_id,
            kind=JobKind.REVISE_EVENT,
            booking_id=booking.id,
            integration_id=event.integration_id,
            due_at=at,
            created_at=at,
        )


async def _made(meetings: Meetings, booking: Booking, row: VideoMeeting, title: str) -> Meeting:
    span = _span(booking)
    if row.meeting_id is None:
        return await meetings.create(key=booking.event_key, span=span, title=title)
    standing = Meeting(row.meeting_id, booking.join_url or "")
    return await meetings.update(standing, span=span, title=title)


def _span(booking: Booking) -> Span:
    return Span.of(booking.starts, booking.ends)


async def _read(job: Job) -> tuple[Booking | None, VideoMeeting | None]:
    mine: dict[str, Any] = {"organization_id": job.organization_id}
    return (
        await Booking.get_or_none(**mine, id=job.booking_id),
        await VideoMeeting.get_or_none(**mine, booking_id=job.booking_id),
    )
