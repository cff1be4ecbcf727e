"""Takes the time of a session's people, in one transaction with all that follows from it."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass

from together.domain.booking import seat
from together.domain.spans import Span
from together.providers.registry import Registry
from together.services.booking_values import BookRequest
from together.services.circle import Circle
from together.services.client_keys import Once
from together.services.ground import ground
from together.services.organizing import Place, account_hash, video_of
from together.services.refusals import MatchHasEnded, TooManySessions
from together.services.viewer import Viewer
from together.store.models import (
    Booking,
    BookingState,
    CalendarEvent,
    History,
    Integration,
    IntegrationState,
    Job,
    JobKind,
    Match,
    MatchState,
    Member,
    Participant,
    Seat,
)

MOST_OPEN = 60
"""Future sessions of one match, so that nobody fills another's weeks."""

MOST_CHANGES = 120
"""Bookings and cancellations of one match within an hour, so that nobody fills another's inbox."""

_HOUR = 3600


class OrganizerChanged(Exception):  # noqa: N818  (says to look again; nobody else hears of it)
    """The organizer's calendar was connected anew, or disconnected, since it was looked at."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A request that was considered and may be carried out."""

    viewer: Viewer
    request: BookRequest
    people: Circle
    organizer: Place | None
    registry: Registry
    once: Once
    now: int
    stamp: int
    """The database's clock, on which jobs fall due and keys expire."""
    settled: bool
    """Whether an organizer that is not there any more leaves the session to Together; otherwise
    everything is considered again."""

    @property
    def span(self) -> Span:
        return Span.of(self.request.start, self.request.start + self.request.duration * 60)


async def take(plan: Plan) -> Booking | None:
    """Write the session; None when the time is taken.  The database may say so too (`Overlap`).

    Rows are locked in one order by everybody (match, members, integration), so that two bookings
    wait for each other instead of ending each other.
    """
    organization = plan.viewer.organization_id
    match = await Match.filter(
        id=plan.people.match.id, organization_id=organization
    ).select_for_update().get()  # fmt: skip
    members = await _members(plan)
    if match.state is not MatchState.ACTIVE or members is None:
        raise MatchHasEnded
    if await _open_sessions(plan) >= MOST_OPEN:
        raise TooManySessions
    if await _changes(plan) >= MOST_CHANGES:
        raise TooManySessions(
            "The sessions of this match were changed too often within an hour. Try again later."
        )
    # Sessions, caps and days away may have changed since they were looked at.
    land = await ground(plan.people, plan.span)
    if not land.open_to_all(plan.span.starts, plan.span.ends):
        return None
    organizer = await _still_there(plan.organizer)
    if organizer is None and plan.organizer is not None and not plan.settled:
        raise OrganizerChanged
    booking = await _booked(plan, organizer)
    await plan.once.remember(booking.id, now=plan.stamp)
    starts, ends = seat(booking.starts, booking.ends, policy=plan.people.policy)
    for member_id in members:  # in rising order: the opposite order deadlocks
        await Seat.create(
            organization_id=organization,
            booking_id=booking.id,
            member_id=member_id,
            starts=starts,
            ends=ends,
            answer="ACCEPTED" if member_id == plan.viewer.member_id else "NEEDS_ACTION",
        )
    await _to_be_delivered(plan, booking, organizer)
    await History.create(
        organization_id=organization,
        booking_id=booking.id,
        at=plan.now,
        member_id=plan.viewer.member_id,
        what="BOOKED",
    )
    return booking


async def _members(plan: Plan) -> list[int] | None:
    """Hold the people of the match; None when it is not whole any more."""
    organization = plan.viewer.organization_id
    ids = await Participant.filter(
        organization_id=organization, match_id=plan.people.match.id
    ).values_list("member_id", flat=True)
    rows = await (
        Member.filter(organization_id=organization, id__in=list(ids), active=True)
        .order_by("id")
        .select_for_update(no_key=True)
    )
    found = [row.id for row in rows]
    return found if len(found) == len(ids) and plan.viewer.member_id in found else None


async def _open_sessions(plan: Plan) -> int:
    return await Booking.filter(
        organization_id=plan.viewer.organization_id,
        match_id=plan.people.match.id,
        state=BookingState.CONFIRMED,
        ends__gt=plan.now,
    ).count()


async def _changes(plan: Plan) -> int:
    return await History.filter(
        organization_id=plan.viewer.organization_id,
        booking__match_id=plan.people.match.id,
        at__gt=plan.now - _HOUR,
    ).count()


async def _still_there(organizer: Place | None) -> Place | None:
    """Hold the organizer's connection, so that a disconnection comes before or after this."""
    if organizer is None:
        return None
    row = await (
        Integration.filter(
            id=organizer.integration.id,
            organization_id=organizer.integration.organization_id,
            generation=organizer.integration.generation,
            state=IntegrationState.ACTIVE,
        )
        .select_for_update(no_key=True)
        .first()
    )
    return None if row is None else organizer


async def _booked(plan: Plan, organizer: Place | None) -> Booking:
    request = plan.request
    return await Booking.create(
        organization_id=plan.viewer.organization_id,
        match_id=plan.people.match.id,
        booked_by_id=plan.viewer.member_id,
        starts=plan.span.starts,
        ends=plan.span.ends,
        zone=request.zone,
        place=request.place,
        video=video_of(
            request.video, place=request.place, organizer=organizer, registry=plan.registry
        ),
        event_key=_event_key(),
        created_at=plan.now,
    )


async def _to_be_delivered(plan: Plan, booking: Booking, organizer: Place | None) -> None:
    """Write down the booker's own event, and that the worker is to find out about the others.

    Whose other calendar gets an event is not looked at here: a booking by somebody who may not
    know of it must not differ by it, down to the statements it takes.
    """
    integration_id = None
    if organizer is not None:
        integration_id = organizer.integration.id
        await CalendarEvent.create(
            organization_id=booking.organization_id,
            booking_id=booking.id,
            integration_id=integration_id,
            account_hash=account_hash(organizer.integration),
            calendar_id=organizer.calendar.external_id,
        )
        await write_later(booking, integration_id=integration_id, at=plan.stamp)
    await write_later(booking, integration_id=None, at=plan.stamp)


async def write_later(booking: Booking, *, integration_id: int | None, at: int) -> None:
    """Have the worker write the event into one calendar, or find out whose get one."""
    await Job.create(
        organization_id=booking.organization_id,
        kind=JobKind.WRITE_EVENT,
        booking_id=booking.id,
        integration_id=integration_id,
        due_at=at,
        created_at=at,
    )


def _event_key() -> str:
    """Make a key that a service can take for an event's own id: 160 random bits in ``0-9a-v``."""
    return base64.b32hexencode(secrets.token_bytes(20)).decode().lower()
