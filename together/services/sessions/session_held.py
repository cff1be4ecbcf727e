"""What every change of a session begins with: its row is held by one of its people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from together.services.availability.circle import shaped
from together.services.refusals import MatchHasEnded, NotFound, TooManySessions
from together.services.sessions.answer_notes import ANSWERS
from together.services.sessions.session_refusals import SessionIsCancelled
from together.services.sessions.taking import MOST_CHANGES
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    STANDING,
    Booking,
    BookingState,
    History,
    Match,
    MatchState,
    Member,
    Seat,
)

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Held:
    """A session that stands, whose row this transaction holds."""

    booking: Booking
    seats: list[Seat]
    """In the order of `member_id`."""

    async def changed(self, viewer: Viewer, what: str, *, now: int) -> None:
        """Note who changed it, and how."""
        await History.create(
            organization_id=self.booking.organization_id,
            booking_id=self.booking.id,
            at=now,
            member_id=viewer.member_id,
            what=what,
        )


async def theirs(viewer: Viewer, uid: str, *, held: bool = False) -> tuple[Booking, list[Seat]]:
    """Find a session of the viewer's; `held` is for a transaction."""
    rows = Booking.filter(organization_id=viewer.organization_id, uid=shaped(uid))
    booking = await (rows.select_for_update() if held else rows).get_or_none()
    seats = await (
        Seat.filter(
            organization_id=viewer.organization_id, booking_id=-1 if booking is None else booking.id
        )
        .select_related("member")
        .order_by("member_id")
    )
    if booking is None or viewer.member_id not in {seat.member_id for seat in seats}:
        raise NotFound
    return booking, seats


async def stands(viewer: Viewer, uid: str) -> Held:
    """Hold a session that was not cancelled and whose match is open; belongs into a transaction."""
    booking, seats = await theirs(viewer, uid, held=True)
    if booking.state is BookingState.CANCELLED:
        raise SessionIsCancelled
    match = await Match.get(id=booking.match_id, organization_id=booking.organization_id)
    people = [cast("Member", seat.member) for seat in seats]
    if match.state is not MatchState.ACTIVE or not all(each.active for each in people):
        raise MatchHasEnded
    return Held(booking, seats)


async def whole(organization_id: int, booking_id: int) -> Held | None:
    """Hold a session with its match and all its people, in the order in which a booking does.

    None where it does not stand, its match has ended or somebody has left.  Nobody else takes time
    of these people, or gives them time back by a move, until the transaction is over.
    """
    mine: dict[str, Any] = {"organization_id": organization_id}
    found = await Booking.get_or_none(**mine, id=booking_id)
    if found is None:
        return None
    match = await Match.filter(**mine, id=found.match_id).select_for_update().get_or_none()
    ids: Any = await Seat.filter(**mine, booking_id=booking_id).values_list("member_id", flat=True)
    members = await (
        Member.filter(**mine, id__in=list(ids), active=True)
        .order_by("id")
        .select_for_update(no_key=True)
    )
    if match is None or match.state is not MatchState.ACTIVE or len(members) != len(ids):
        return None
    booking = await Booking.filter(**mine, id=booking_id).select_for_update().get_or_none()
    if booking is None or booking.state not in STANDING:
        return None
    seats = await (
        Seat.filter(**mine, booking_id=booking_id).select_related("member").order_by("member_id")
    )
    return Held(booking, seats)


async def not_too_often(viewer: Viewer, match_id: int, *, now: int, more: int = 1) -> None:
    """Refuse more changes than a match may have within an hour."""
    mine: dict[str, Any] = {"organization_id": viewer.organization_id}
    changes = History.filter(
        **mine, booking__match_id=match_id, at__gt=now - _HOUR, what__not_in=ANSWERS
    )
    if await changes.count() + more > MOST_CHANGES:
        raise TooManySessions(
            "The sessions of this match were changed too often within an hour. Try again later."
        )
