"""A calendar that comes back takes up the sessions it held before, and the work that is left."""

from __future__ import annotations

from typing import Any

from together.services.connections.reopening import reopen
from together.services.outbox.join_links import without_link
from together.services.outbox.targets import WAITS_FOR_MEMBER
from together.services.sessions.organizing import account_hash
from together.store.models import (
    Booking,
    CalendarEvent,
    Integration,
    Job,
    JobKind,
    JobState,
)

_KINDS = (
    JobKind.WRITE_EVENT,
    JobKind.POLL_MEETING,
    JobKind.REVISE_EVENT,
    JobKind.CANCEL_EVENT,
)


async def take_up(integration: Integration, *, after: int, now: int) -> None:
    """Go on where this member's same account left off; belongs into what connects it.

    Of the sessions that are not over `after`, which is the clock's, events and jobs that name an
    integration of before name this one from now on; `now` is the database's.
    """
    mine: dict[str, Any] = {"organization_id": integration.organization_id}
    left = CalendarEvent.filter(
        **mine, account_hash=account_hash(integration), booking__ends__gt=after
    ).exclude(integration_id=integration.id)
    if ahead := sorted({row.booking_id for row in await left}):
        # Whoever writes or cancels a session holds its row, and does it before this or after.
        await Booking.filter(**mine, id__in=ahead).order_by("id").select_for_update()
        for was, bookings in (await _held(integration, ahead)).items():
            of_old: dict[str, Any] = {**mine, "integration_id": was, "booking_id__in": bookings}
            await CalendarEvent.filter(**of_old).update(integration_id=integration.id)
            jobs = Job.filter(**of_old, kind__in=_KINDS)
            # One that a worker tries just now is tried again, in the calendar that is back.
            await jobs.filter(state=JobState.WAITING).update(leased_until=None, due_at=now)
            await jobs.update(integration_id=integration.id)
    left_to_do = Job.filter(
        **mine,
        integration_id=integration.id,
        kind__in=(JobKind.WRITE_EVENT, JobKind.POLL_MEETING),
        state=JobState.PARKED,
        reason__in=sorted(WAITS_FOR_MEMBER),
    )
    # Links that it was to bring may come after all.
    await without_link(
        integration.organization_id,
        [job.booking_id for job in await left_to_do if job.booking_id is not None],
        booked_by_id=integration.member_id,
    ).update(link_given_up=False)
    await reopen(integration, now=now)


async def _held(integration: Integration, ahead: list[int]) -> dict[int, list[int]]:
    """Give integration of before → its sessions, each session once: the newest row goes on."""
    rows = await CalendarEvent.filter(
        organization_id=integration.organization_id,
        account_hash=account_hash(integration),
        booking_id__in=ahead,
    ).order_by("-id")
    done = {row.booking_id for row in rows if row.integration_id == integration.id}
    held: dict[int, list[int]] = {}
    for row in rows:
        if row.booking_id not in done:
            done.add(row.booking_id)
            held.setdefault(row.integration_id, []).append(row.booking_id)
    return held
