"""What the outbox holds of a session's event in one calendar."""

from __future__ import annotations

from typing import Any

from tortoise.expressions import F
from tortoise.queryset import QuerySet

from together.domain.spans import Span
from together.services.outbox.targets import WAITS_FOR_MEMBER, Target
from together.store.clock import database_now
from together.store.models import Booking, CalendarEvent, Job, JobKind, JobState

_WRITING = (JobKind.WRITE_EVENT, JobKind.POLL_MEETING, JobKind.REVISE_EVENT, JobKind.LOOK_AT_EVENT)


async def later(booking: Booking, kind: JobKind, *, integration_id: int, at: int) -> None:
    """Have the worker do something about it."""
    await Job.create(
        organization_id=booking.organization_id,
        kind=kind,
        booking_id=booking.id,
        integration_id=integration_id,
        due_at=at,
        created_at=at,
    )


async def look_later(row: CalendarEvent) -> None:
    """Have an event read for itself that could not be read, once however often that is asked."""
    at = await database_now()
    about: dict[str, Any] = {
        "organization_id": row.organization_id,
        "booking_id": row.booking_id,
        "integration_id": row.integration_id,
        "kind": JobKind.LOOK_AT_EVENT,
    }
    if not await Job.exists(**about, state=JobState.WAITING):
        await Job.create(**about, due_at=at, created_at=at)


async def written(target: Target, span: Span, *, at: int) -> None:
    """Note where the event stands since it was written; whatever was read before `at` is old."""
    await CalendarEvent.filter(id=target.row.id, organization_id=target.row.organization_id).update(
        starts=span.starts,
        ends=span.ends,
        writes=F("writes") + 1,
        written_at=at,
    )


async def changed_before(job: Job) -> bool:
    """Say whether an earlier change of the same event is still to be brought there."""
    return await Job.exists(
        organization_id=job.organization_id,
        booking_id=job.booking_id,
        integration_id=job.integration_id,
        kind=JobKind.REVISE_EVENT,
        state=JobState.WAITING,
        id__lt=job.id,
    )


async def under_way(target: Target) -> bool:
    """Say whether it is still being written, or is being changed at this moment.

    A change that begins later finds the session cancelled.
    """
    if target.row.event_id is None:
        return await _about(target, JobKind.WRITE_EVENT, state=JobState.WAITING).exists()
    now = await database_now()
    changes = _about(target, JobKind.REVISE_EVENT, state=JobState.WAITING, leased_until__gt=now)
    return await changes.exists()


async def given_up_on(target: Target) -> bool:
    """Say whether writing it was tried and is tried no more, with an outcome nobody knows.

    A single try that was refused has made nothing.
    """
    parked = await _about(target, JobKind.WRITE_EVENT, state=JobState.PARKED, attempts__gt=0)
    return any(job.attempts > 1 or job.reason in WAITS_FOR_MEMBER for job in parked)


async def end_if_gone(job: Job) -> None:
    """End a job that was parked while its event was handed over: nobody has to act for it."""
    there = CalendarEvent.filter(
        organization_id=job.organization_id,
        booking_id=job.booking_id,
        integration_id=job.integration_id,
    )
    if job.kind not in _WRITING or await there.exists():
        return
    await Job.filter(id=job.id, organization_id=job.organization_id, state=JobState.PARKED).update(
        state=JobState.DONE, reason=None
    )


def _about(target: Target, kind: JobKind, **where: Any) -> QuerySet[Job]:
    return Job.filter(
        organization_id=target.booking.organization_id,
        booking_id=target.booking.id,
        integration_id=target.row.integration_id,
        kind=kind,
        **where,
    )
