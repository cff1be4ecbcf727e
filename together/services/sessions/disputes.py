"""Sessions whose time another one takes: moved onto it in a calendar, where nobody could refuse."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from together.services.sessions.session_held import whole
from together.store.models import Booking, BookingState, Job, JobKind, Seat
from together.store.transaction import transaction

SOON = 5
"""Seconds after which a session that became disputed is looked at once more: what it met may have
been cancelled in a transaction that had not ended yet."""


async def taken_elsewhere(booking: Booking, seats: Iterable[Seat], span: tuple[int, int]) -> bool:
    """Say whether another session takes this time of one of its people.

    Belongs into a transaction that holds them; `span` is that of a seat, buffers included.
    """
    return await (
        Seat.filter(
            organization_id=booking.organization_id,
            member_id__in=[seat.member_id for seat in seats],
            live=True,
            starts__lt=span[1],
            ends__gt=span[0],
        )
        .exclude(booking_id=booking.id)
        .exists()
    )


async def settle_later(booking: Booking, *, at: int) -> None:
    """Have disputed sessions looked at whose time this one may have left.

    The worker does it, and not who moves or cancels: whether somebody else's session is disputed
    is not theirs to know.
    """
    mine: dict[str, Any] = {"organization_id": booking.organization_id}
    people: Any = await Seat.filter(**mine, booking_id=booking.id).values_list(
        "member_id", flat=True
    )
    disputed: Any = await Seat.filter(
        **mine, member_id__in=list(people), booking__state=BookingState.CONFLICT
    ).values_list("booking_id", flat=True)
    for each in sorted(set(disputed) - {booking.id}):
        await look_later(booking.organization_id, each, at=at)


async def look_later(organization_id: int, booking_id: int, *, at: int) -> None:
    """Have the worker look whether a disputed session can have its time."""
    await Job.create(
        organization_id=organization_id,
        kind=JobKind.SETTLE_CONFLICT,
        booking_id=booking_id,
        due_at=at,
        created_at=at,
    )


async def settle(job: Job) -> None:
    """Let a disputed session have its time, if no other takes it any more."""

    async def work() -> None:
        held = await whole(job.organization_id, job.booking_id or 0)
        if held is None or held.booking.state is not BookingState.CONFLICT:
            return
        booking, seats = held.booking, held.seats
        if await taken_elsewhere(booking, seats, (seats[0].starts, seats[0].ends)):
            return
        await Booking.filter(id=booking.id, organization_id=booking.organization_id).update(
            state=BookingState.CONFIRMED, disputed_at=None
        )
        for each in seats:  # in rising order of members: the opposite order deadlocks
            await Seat.filter(id=each.id, organization_id=each.organization_id).update(live=True)

    await transaction(work)
