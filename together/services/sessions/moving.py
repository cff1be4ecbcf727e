"""Moves a session in one transaction, with all that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from together.domain.booking import seat
from together.domain.spans import Span
from together.services.availability.circle import Circle
from together.services.availability.ground import ground
from together.services.client_keys import Once
from together.services.refusals import MatchHasEnded
from together.services.sessions.session_held import Held, not_too_often, stands
from together.services.sessions.session_refusals import (
    SessionChanged,
    SessionHasBegun,
    SessionIsCancelled,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Booking,
    BookingState,
    Job,
    JobKind,
    Match,
    MatchState,
    Member,
    Seat,
)


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """Where a member wants a session to be."""

    booking_uid: str
    start: int
    """Epoch seconds."""
    zone: str
    """IANA; the start lies on the grid of this zone."""
    client_key: str
    duration: int | None = None
    """Minutes; None leaves it as long as it is."""
    outside_hours: bool = False
    over_busy: bool = False

    def said(self) -> dict[str, str | int | bool | None]:
        """Everything but the key, to tell one request from another."""
        return {
            "booking": self.booking_uid,
            "start": self.start,
            "duration": self.duration,
            "zone": self.zone,
            "outside_hours": self.outside_hours,
            "over_busy": self.over_busy,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """A move that was considered and may be carried out."""

    viewer: Viewer
    booking_uid: str
    people: Circle
    was: Span
    """Where the session was when it was looked at."""
    span: Span
    zone: str
    once: Once
    now: int
    stamp: int
    """The database's clock, on which jobs fall due and keys expire."""


def movable(booking: Booking, *, now: int) -> None:
    """Refuse to move what is not ahead."""
    if booking.state is BookingState.CANCELLED:
        raise SessionIsCancelled
    if booking.starts <= now or booking.done_at is not None:
        raise SessionHasBegun


async def move(plan: Plan) -> Booking | None:
    """Write the session's new time; None when it is taken.  The database may say so too.

    Rows are locked as by a booking (match, members), and then the session's own, as by who cancels.
    """
    organization = plan.viewer.organization_id
    match = await Match.filter(
        id=plan.people.match.id, organization_id=organization
    ).select_for_update().get()  # fmt: skip
    ids = [seen.member.id for seen in plan.people.people]
    present = await (
        Member.filter(organization_id=organization, id__in=ids, active=True)
        .order_by("id")
        .select_for_update(no_key=True)
    )
    if match.state is not MatchState.ACTIVE or len(present) != len(ids):
        raise MatchHasEnded
    held = await stands(plan.viewer, plan.booking_uid)
    booking = held.booking
    movable(booking, now=plan.now)
    if Span.of(booking.starts, booking.ends) == plan.span:
        await plan.once.remember(booking.id, now=plan.stamp)
        return booking
    if Span.of(booking.starts, booking.ends) != plan.was:
        raise SessionChanged
    await not_too_often(plan.viewer, booking.match_id, now=plan.now)
    # Sessions, caps and days away may have changed since they were looked at.
    land = await ground(plan.people, plan.span, without=(booking.id,))
    if not land.open_to_all(plan.span.starts, plan.span.ends):
        return None
    await plan.once.remember(booking.id, now=plan.stamp)
    await _moved(plan, held)
    # Whose calendars hold an event is not looked at here, as it is not when a session is booked.
    await Job.create(
        organization_id=organization,
        kind=JobKind.REVISE_EVENT,
        booking_id=booking.id,
        due_at=plan.stamp,
        created_at=plan.stamp,
    )
    await held.changed(plan.viewer, "RESCHEDULED", now=plan.now)
    return booking


async def _moved(plan: Plan, held: Held) -> None:
    """Take the new time, and ask everybody anew, as iTIP has it, but who chose it."""
    booking = held.booking
    booking.starts, booking.ends, booking.zone = plan.span.starts, plan.span.ends, plan.zone
    booking.sequence += 1
    booking.state, booking.disputed_at = BookingState.CONFIRMED, None  # its time is its own now
    await Booking.filter(id=booking.id, organization_id=booking.organization_id).update(
        starts=booking.starts,
        ends=booking.ends,
        zone=booking.zone,
        sequence=booking.sequence,
        state=booking.state,
        disputed_at=None,
    )
    starts, ends = seat(booking.starts, booking.ends, policy=plan.people.policy)
    for each in held.seats:  # in rising order of members: the opposite order deadlocks
        mine = each.member_id == plan.viewer.member_id
        await Seat.filter(id=each.id, organization_id=each.organization_id).update(
            starts=starts,
            ends=ends,
            live=True,
            answer="ACCEPTED" if mine else "NEEDS_ACTION",
            answered_at=plan.stamp,
        )
