"""A calendar that comes back goes on with the work that is left, and resurrects nothing.

Sessions that were handed over while it was away are Together's for good.  What still stands in it
of those, or of sessions that were cancelled, is taken away now that it can be.
"""

from __future__ import annotations

from typing import Any

from together.services.connections.reopening import reopen
from together.services.outbox.join_links import without_link
from together.services.outbox.targets import WAITS_FOR_MEMBER
from together.services.sessions.organizing import account_hash
from together.store.models import (
    Booking,
    BookingState,
    CalendarEvent,
    Integration,
    Job,
    JobKind,
    JobState,
    LeftEvent,
)


async def take_up(integration: Integration, *, after: int, now: int) -> None:
    """Go on where this member's same account left off; belongs into what connects it.

    Of the sessions that are not over `after`, which is the clock's; `now` is the database's.
    """
    await _take_away_after_all(integration, after=after)
    left_to_do = Job.filter(
        organization_id=integration.organization_id,
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


async def _take_away_after_all(integration: Integration, *, after: int) -> None:
    """Let what was to be taken out of the same account, under another row, be this one's work."""
    mine: dict[str, Any] = {"organization_id": integration.organization_id}
    same: dict[str, Any] = {
        **mine,
        "account_hash": account_hash(integration),
        "booking__ends__gt": after,
    }
    left = await LeftEvent.filter(**same).exclude(integration_id=integration.id)
    cancelled = await CalendarEvent.filter(
        **same, booking__state=BookingState.CANCELLED
    ).exclude(integration_id=integration.id)  # fmt: skip
    sessions = sorted({row.booking_id for row in left} | {row.booking_id for row in cancelled})
    if not sessions:
        return
    # Whoever writes or cancels a session holds its row, and does it before this or after.
    await Booking.filter(**mine, id__in=sessions).order_by("id").select_for_update()
    works: tuple[tuple[list[Any], type[Any], JobKind], ...] = (
        (left, LeftEvent, JobKind.WITHDRAW_EVENT),
        (cancelled, CalendarEvent, JobKind.CANCEL_EVENT),
    )
    for rows, model, kind in works:
        for row in rows:
            was = {**mine, "booking_id": row.booking_id, "integration_id": row.integration_id}
            if await model.exists(**was | {"integration_id": integration.id}):
                continue  # the newest row goes on
            await model.filter(**was).update(integration_id=integration.id)
            await Job.filter(**was, kind=kind).update(integration_id=integration.id)
