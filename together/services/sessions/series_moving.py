"""Moves a session and those that follow it in its series, in one transaction: all, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from together.domain.booking import seat
from together.domain.recurrence import Rule
from together.domain.spans import Span
from together.services.availability.circle import Circle
from together.services.availability.ground import ground
from together.services.availability.in_turn import open_in_turn
from together.services.client_keys import Once
from together.services.refusals import MatchHasEnded
from together.services.sessions.booking_values import Time
from together.services.sessions.moving import movable
from together.services.sessions.series_values import Said
from together.services.sessions.session_held import not_too_often, stands
from together.services.sessions.session_refusals import SessionChanged
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    STANDING,
    Booking,
    BookingState,
    History,
    Job,
    JobKind,
    Match,
    MatchState,
    Member,
    Seat,
    Series,
)


@dataclass(frozen=True, slots=True)
class SeriesMoveRequest:
    """Where a member wants the rest of a series to be."""

    booking_uid: str
    """Of its first session that is meant."""
    start: int
    """Of that session, in epoch seconds; the others follow by the series' rule from there."""
    zone: str
    """IANA; the starts lie on the grid of this zone.  The series keeps its own clock."""
    client_key: str
    duration: int | None = None
    """Minutes, of all of them; None is as long as the first one is."""
    skip: frozenset[int] = frozenset()
    """Numbers of sessions that stay where they are."""
    instead: Mapping[int, int] = field(default_factory=dict)
    """Numbers of sessions that begin at another time than the rule says, in epoch seconds."""
    outside_hours: bool = False
    over_busy: bool = False

    def said(self) -> Said:
        """Everything but the key, to tell one request from another."""
        return {
            "booking": self.booking_uid,
            "start": self.start,
            "duration": self.duration,
            "zone": self.zone,
            "skip": [str(number) for number in sorted(self.skip)],
            "instead": [f"{number} {start}" for number, start in sorted(self.instead.items())],
            "outside_hours": self.outside_hours,
            "over_busy": self.over_busy,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """A move that was considered and may be carried out."""

    viewer: Viewer
    booking_uid: str
    people: Circle
    rule: Rule
    """By which the series meets from now on."""
    zone: str
    """The series' own."""
    was: Mapping[int, Span]
    """Booking's row id → where it was when it was looked at: the first one, and all that follow."""
    times: Mapping[int, Time]
    """Booking's row id → where it is to be; of those that do not stay where they are."""
    once: Once
    now: int
    stamp: int
    """The database's clock, on which jobs fall due and keys expire."""


async def rest(booking: Booking, *, now: int, held: bool = False) -> list[Booking]:
    """Give what follows a session in its series by number, and is ahead and stands."""
    rows = Booking.filter(
        organization_id=booking.organization_id,
        series_id=booking.series_id,
        occurrence__gt=booking.occurrence,
        state__in=STANDING,
        starts__gt=now,
        done_at=None,
    ).order_by("occurrence")
    return await (rows.select_for_update() if held else rows)


async def move(plan: Plan) -> list[Booking] | None:
    """Write the new times; None when one is taken.  The database may say so too.

    Gives the first session and all that follow it.  Rows are locked as by the move of one session.
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
    first = (await stands(plan.viewer, plan.booking_uid)).booking
    movable(first, now=plan.now)
    found = [first, *await rest(first, now=plan.now, held=True)]
    if {each.id: Span.of(each.starts, each.ends) for each in found} != plan.was:
        raise SessionChanged
    moved = [each for each in found if each.id in plan.times]
    if not moved:
        await plan.once.remember(first.id, now=plan.stamp)
        return found
    await not_too_often(plan.viewer, match.id, now=plan.now, more=len(moved))
    # Sessions, caps and days away may have changed since they were looked at.
    times = sorted(plan.times.values(), key=lambda time: time.starts)
    window = Span.of(times[0].starts, max(time.ends for time in times))
    land = await ground(plan.people, window, without=plan.times)
    if not all(open_in_turn(land, plan.people, times)):
        return None
    await plan.once.remember(first.id, now=plan.stamp)
    await _moved(plan, moved)
    await Series.filter(id=first.series_id, organization_id=organization).update(
        rule=str(plan.rule)
    )
    await _told(plan, moved)
    return found


async def _moved(plan: Plan, bookings: Sequence[Booking]) -> None:
    """Take the new times, and ask everybody anew, as iTIP has it, but who chose them."""
    organization = plan.viewer.organization_id
    seats = await Seat.filter(
        organization_id=organization, booking_id__in=list(plan.times)
    ).order_by("member_id", "id")  # fmt: skip
    # One can come to where the next one still is: for a moment none of them takes any time.
    await Seat.filter(organization_id=organization, booking_id__in=list(plan.times)).update(
        live=False
    )
    for booking in bookings:
        time = plan.times[booking.id]
        booking.starts, booking.ends, booking.zone = time.starts, time.ends, plan.zone
        booking.sequence += 1
        booking.state, booking.disputed_at = BookingState.CONFIRMED, None
    await Booking.bulk_update(
        bookings, fields=["starts", "ends", "zone", "sequence", "state", "disputed_at"]
    )
    for each in seats:
        time = plan.times[each.booking_id]
        each.starts, each.ends = seat(time.starts, time.ends, policy=plan.people.policy)
        each.live, each.answered_at = True, plan.stamp
        mine = each.member_id == plan.viewer.member_id
        each.answer = "ACCEPTED" if mine else "NEEDS_ACTION"
    await Seat.bulk_update(seats, fields=["starts", "ends", "live", "answer", "answered_at"])


async def _told(plan: Plan, bookings: Sequence[Booking]) -> None:
    """Have their events and invitations follow, and note who moved them."""
    await Job.bulk_create(
        Job(
            organization_id=booking.organization_id,
            kind=JobKind.REVISE_EVENT,
            booking_id=booking.id,
            due_at=plan.stamp,
            created_at=plan.stamp,
        )
        for booking in bookings
    )
    await History.bulk_create(
        History(
            organization_id=booking.organization_id,
            booking_id=booking.id,
            at=plan.now,
            member_id=plan.viewer.member_id,
            what="RESCHEDULED",
        )
        for booking in bookings
    )
