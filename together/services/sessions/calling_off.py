"""Cancels sessions: their people's time is free again, and their events are taken away."""

from __future__ import annotations

from collections.abc import Sequence

from tortoise.expressions import F
from tortoise.queryset import QuerySet

from together.domain.booking import BadMove, moves
from together.services.availability.circle import shaped
from together.services.client_keys import Once
from together.services.refusals import NotFound, SessionIsOver
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    STANDING,
    Booking,
    BookingState,
    History,
    Job,
    JobKind,
    Seat,
)


async def by_member(
    viewer: Viewer,
    uid: str,
    *,
    reason: str | None,
    once: Once | None,
    now: int,
    stamp: int,
    following: bool = False,
) -> list[Booking]:
    """Cancel one session for one of its people; belongs into a transaction.

    With `following`, those that come after it in its series, too, and are not over.
    """
    booking = await (
        Booking.filter(organization_id=viewer.organization_id, uid=shaped(uid))
        .select_for_update()
        .get_or_none()
    )
    if booking is None or not await _takes_part(viewer, booking):
        raise NotFound
    over = booking.ends <= now or booking.done_at is not None
    if booking.state is not BookingState.CANCELLED and over:
        raise SessionIsOver
    if once is not None and await once.made(now=stamp) is None:
        await once.remember(booking.id, now=stamp)
    sessions = [booking]
    if following and booking.series_id is not None:
        sessions += await _after(booking, now=now)
    await call_off_all(sessions, by=viewer.member_id, reason=reason, now=now, stamp=stamp)
    return sessions


async def call_off_all(
    bookings: Sequence[Booking],
    *,
    by: int | None,
    reason: str | None,
    now: int,
    stamp: int,
    what: str = "CANCELLED",
) -> list[Booking]:
    """Cancel sessions of one organization, whose rows this transaction holds.

    Gives those of which anything was to be done; however many, it takes four statements.  `by` is
    None when it was no person; `now` is the clock's, `stamp` the database's; `what` is for the
    history.
    """
    ahead = [booking for booking in bookings if _stands(booking)]
    if not ahead:
        return []
    organization = ahead[0].organization_id
    ids = [booking.id for booking in ahead]
    await Booking.filter(id__in=ids, organization_id=organization).update(
        state=BookingState.CANCELLED,
        disputed_at=None,
        cancel_reason=reason,
        sequence=F("sequence") + 1,
    )
    for booking in ahead:
        booking.state, booking.cancel_reason = BookingState.CANCELLED, reason
        booking.sequence += 1
    await Seat.filter(booking_id__in=ids, organization_id=organization).update(live=False)
    # One job whatever stands in whose calendar: the worker finds out.
    await Job.bulk_create(
        Job(
            organization_id=organization,
            booking_id=each,
            kind=JobKind.CANCEL_EVENT,
            due_at=stamp,
            created_at=stamp,
        )
        for each in ids
    )
    await History.bulk_create(
        History(organization_id=organization, booking_id=each, at=now, member_id=by, what=what)
        for each in ids
    )
    return ahead


def _stands(booking: Booking) -> bool:
    try:
        return moves(booking.state, to=BookingState.CANCELLED)
    except BadMove:
        return False


async def following(booking: Booking) -> list[Booking]:
    """Give what comes after a session in its series; nothing, where it has none."""
    if booking.series_id is None:
        return []
    return await _later(booking).order_by("starts")


async def _after(booking: Booking, *, now: int) -> list[Booking]:
    """Hold what comes after a session in its series and is not over."""
    return await (
        _later(booking)
        .filter(state__in=STANDING, ends__gt=now, done_at=None)
        .order_by("id")
        .select_for_update()
    )


def _later(booking: Booking) -> QuerySet[Booking]:
    return Booking.filter(
        organization_id=booking.organization_id,
        series_id=booking.series_id,
        starts__gt=booking.starts,
    )


async def _takes_part(viewer: Viewer, booking: Booking) -> bool:
    return await Seat.exists(
        organization_id=viewer.organization_id,
        booking_id=booking.id,
        member_id=viewer.member_id,
    )
