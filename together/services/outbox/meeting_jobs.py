"""What the outbox holds of meetings at an organization's video service."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tortoise.queryset import QuerySet

from together.providers.registry import Registry
from together.store.clock import database_now
from together.store.models import (
    STANDING,
    Booking,
    Job,
    JobKind,
    JobState,
    VideoMeeting,
)


async def make_later(bookings: Sequence[Booking], *, registry: Registry, at: int) -> None:
    """Have the worker make the meetings of sessions that are booked together, in their transaction.

    They have one video service.
    """
    slug = bookings[0].video or ""
    await VideoMeeting.bulk_create(
        VideoMeeting(
            organization_id=booking.organization_id,
            booking_id=booking.id,
            provider=slug,
            distribution=registry.distributions[slug],
        )
        for booking in bookings
    )
    await Job.bulk_create(
        Job(
            organization_id=booking.organization_id,
            kind=JobKind.WRITE_MEETING,
            booking_id=booking.id,
            due_at=at,
            created_at=at,
        )
        for booking in bookings
    )


async def move_later(booking: Booking, *, at: int) -> None:
    """Have the worker move the meeting of a session that was moved, where it has one."""
    if await VideoMeeting.exists(organization_id=booking.organization_id, booking_id=booking.id):
        await _job(booking, JobKind.WRITE_MEETING, at=at)


async def written_before(job: Job) -> bool:
    """Say whether an earlier job about the same meeting is still to be done."""
    return await Job.exists(
        organization_id=job.organization_id,
        booking_id=job.booking_id,
        kind=JobKind.WRITE_MEETING,
        state=JobState.WAITING,
        id__lt=job.id,
    )


async def take_away_later(booking: Booking, *, at: int) -> None:
    """Have the worker take the meeting of a cancelled session away, where there is one."""
    if await VideoMeeting.exists(organization_id=booking.organization_id, booking_id=booking.id):
        await _job(booking, JobKind.CANCEL_MEETING, at=at)


async def link_is_coming(booking: Booking) -> bool:
    """Say whether the worker still tries to make its meeting."""
    return await _of(booking, JobKind.WRITE_MEETING).exists()


async def go_on(organization_id: int, provider: str, *, now: int) -> None:
    """Try again what a service refused for the whole organization, once it was chosen anew."""
    at = await database_now()
    parked = await Job.filter(
        organization_id=organization_id,
        kind=JobKind.WRITE_MEETING,
        state=JobState.PARKED,
        booking__state__in=STANDING,
        booking__ends__gt=now,
        booking__video=provider,
    ).values_list("id", "booking_id")
    if not parked:
        return
    ids, sessions = zip(*parked, strict=True)
    await linkless(organization_id, sessions).update(link_given_up=False)
    await Job.filter(organization_id=organization_id, id__in=ids).update(
        state=JobState.WAITING, due_at=at, leased_until=None, reason=None
    )


def linkless(organization_id: int, booking_ids: Collection[int]) -> QuerySet[Booking]:
    """Give those of these sessions whose meeting was not made yet."""
    return Booking.filter(
        organization_id=organization_id, id__in=sorted(booking_ids), join_url=None
    )


async def _job(booking: Booking, kind: JobKind, *, at: int) -> None:
    await Job.create(
        organization_id=booking.organization_id,
        kind=kind,
        booking_id=booking.id,
        due_at=at,
        created_at=at,
    )


def _of(booking: Booking, kind: JobKind) -> QuerySet[Job]:
    return Job.filter(
        organization_id=booking.organization_id,
        booking_id=booking.id,
        kind=kind,
        state=JobState.WAITING,
    )
