"""Cancels sessions: their people's time is free again, and their events are taken away."""

from __future__ import annotations

from typing import Any

from together.domain.booking import BadMove, moves
from together.services.circle import shaped
from together.services.client_keys import Once
from together.services.refusals import NotFound, SessionIsOver
from together.services.viewer import Viewer
from together.store.models import Booking, BookingState, History, Job, JobKind, Seat


async def by_member(
    viewer: Viewer, uid: str, *, reason: str | None, once: Once | None, now: int, stamp: int
) -> Booking:
    """Cancel one session for one of its people; belongs into a transaction."""
    booking = await (
        Booking.filter(organization_id=viewer.organization_id, uid=shaped(uid))
        .select_for_update()
        .get_or_none()
    )
    if booking is None or not await _takes_part(viewer, booking):
        raise NotFound
    if booking.state is not BookingState.CANCELLED and booking.ends <= now:
        raise SessionIsOver
    if once is not None and await once.made(now=stamp) is None:
        await once.remember(booking.id, now=stamp)
    await call_off(booking, by=viewer.member_id, reason=reason, now=now, stamp=stamp)
    return booking


async def call_off(
    booking: Booking, *, by: int | None, reason: str | None, now: int, stamp: int
) -> bool:
    """Cancel a session whose row this transaction holds; say whether anything was to be done.

    `by` is None when it was no person; `now` is the clock's, `stamp` the database's.
    """
    try:
        if not moves(booking.state, to=BookingState.CANCELLED):
            return False
    except BadMove:
        return False
    booking.state, booking.cancel_reason = BookingState.CANCELLED, reason
    mine: dict[str, Any] = {"organization_id": booking.organization_id, "booking_id": booking.id}
    await Booking.filter(id=booking.id, organization_id=booking.organization_id).update(
        state=BookingState.CANCELLED, cancel_reason=reason
    )
    await Seat.filter(**mine).update(live=False)
    # One job whatever stands in whose calendar: the worker finds out.
    await Job.create(**mine, kind=JobKind.CANCEL_EVENT, due_at=stamp, created_at=stamp)
    await History.create(**mine, at=now, member_id=by, what="CANCELLED")
    return True


async def _takes_part(viewer: Viewer, booking: Booking) -> bool:
    return await Seat.exists(
        organization_id=viewer.organization_id,
        booking_id=booking.id,
        member_id=viewer.member_id,
    )
