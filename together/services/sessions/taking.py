"""Takes the time of a session's people, in one transaction with all that follows from it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from together.domain.booking import seat
from together.domain.recurrence import Recurrence
from together.domain.spans import Span
from together.providers.registry import Registry
from together.services.availability.circle import Circle
from together.services.availability.ground import ground
from together.services.availability.in_turn import open_in_turn
from together.services.client_keys import Once
from together.services.organization.video_choice import HouseVideo
from together.services.outbox import meeting_jobs
from together.services.refusals import MatchHasEnded, TooManySessions
from together.services.sessions.answer_notes import ANSWERS
from together.services.sessions.booking_values import BookRequest, Time
from together.services.sessions.organizing import Place, account_hash, video_of
from together.services.sessions.series_values import SeriesRequest
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    STANDING,
    Booking,
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
    Series,
    new_uid,
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
    request: BookRequest | SeriesRequest
    times: Sequence[Time]
    """Of its sessions, in order."""
    people: Circle
    organizer: Place | None
    house: HouseVideo
    registry: Registry
    once: Once
    now: int
    stamp: int
    """The database's clock, on which jobs fall due and keys expire."""
    settled: bool
    """Whether an organizer that is not there any more leaves the session to Together; otherwise
    everything is considered again."""
    recurrence: Recurrence | None = None
    """Of a series."""

    @property
    def window(self) -> Span:
        return Span.of(self.times[0].starts, self.times[-1].ends)


@dataclass(frozen=True, slots=True)
class Took:
    """What was written."""

    bookings: Sequence[Booking]
    series: Series | None


async def take(plan: Plan) -> Took | None:
    """Write all the sessions; None when a time is taken.  The database may say so too (`Overlap`).

    Rows are locked in one order by everybody (match, members, integration), so that two bookings
    wait for each other instead of ending each other.  A series takes as many statements as one
    session does.
    """
    organization = plan.viewer.organization_id
    match = await Match.filter(
        id=plan.people.match.id, organization_id=organization
    ).select_for_update().get()  # fmt: skip
    members = await _members(plan)
    if match.state is not MatchState.ACTIVE or members is None:
        raise MatchHasEnded
    if await _open_sessions(plan) + len(plan.times) > MOST_OPEN:
        raise TooManySessions
    if await _changes(plan) + len(plan.times) > MOST_CHANGES:
        raise TooManySessions(
            "The sessions of this match were changed too often within an hour. Try again later."
        )
    # Sessions, caps and days away may have changed since they were looked at.
    land = await ground(plan.people, plan.window)
    if not all(open_in_turn(land, plan.people, plan.times)):
        return None
    organizer = await _still_there(plan.organizer)
    if organizer is None and plan.organizer is not None and not plan.settled:
        raise OrganizerChanged
    series = await _series(plan)
    bookings = await _booked(plan, organizer, series)
    made = bookings[0].id if series is None else series.id
    await plan.once.remember(made, now=plan.stamp)
    await _seated(plan, bookings, members)
    await _to_be_delivered(plan, bookings, organizer)
    await History.bulk_create(
        History(
            organization_id=organization,
            booking_id=booking.id,
            at=plan.now,
            member_id=plan.viewer.member_id,
            what="BOOKED",
        )
        for booking in bookings
    )
    return Took(bookings, series)


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
        state__in=STANDING,
        ends__gt=plan.now,
    ).count()


async def _changes(plan: Plan) -> int:
    return await History.filter(
        organization_id=plan.viewer.organization_id,
        booking__match_id=plan.people.match.id,
        at__gt=plan.now - _HOUR,
        what__not_in=ANSWERS,
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


async def _series(plan: Plan) -> Series | None:
    if plan.recurrence is None:
        return None
    return await Series.create(
        organization_id=plan.viewer.organization_id,
        match_id=plan.people.match.id,
        booked_by_id=plan.viewer.member_id,
        rule=str(plan.recurrence.rule),
        zone=plan.request.zone,
        begins_at=plan.recurrence.first,
        count=plan.recurrence.count,
        created_at=plan.now,
    )


async def _booked(plan: Plan, organizer: Place | None, series: Series | None) -> list[Booking]:
    request = plan.request
    video = video_of(
        request.video,
        place=request.place,
        organizer=organizer,
        registry=plan.registry,
        house=plan.house,
        integrated=plan.people.viewer.integration is not None,
    )
    rows = [
        Booking(
            uid=new_uid(),
            organization_id=plan.viewer.organization_id,
            match_id=plan.people.match.id,
            booked_by_id=plan.viewer.member_id,
            starts=time.starts,
            ends=time.ends,
            zone=request.zone,
            place=request.place,
            video=video,
            event_key=event_key(),
            created_at=plan.now,
            series_id=None if series is None else series.id,
            occurrence=time.occurrence,
        )
        for time in plan.times
    ]
    await Booking.bulk_create(rows)
    # Rows written many at a time do not say what their ids are.
    return await Booking.filter(
        organization_id=plan.viewer.organization_id, uid__in=[row.uid for row in rows]
    ).order_by("starts")


async def _seated(plan: Plan, bookings: Sequence[Booking], members: Sequence[int]) -> None:
    rows = []
    for member_id in members:  # in rising order: the opposite order deadlocks
        for booking in bookings:
            starts, ends = seat(booking.starts, booking.ends, policy=plan.people.policy)
            rows.append(
                Seat(
                    organization_id=booking.organization_id,
                    booking_id=booking.id,
                    member_id=member_id,
                    starts=starts,
                    ends=ends,
                    answer="ACCEPTED" if member_id == plan.viewer.member_id else "NEEDS_ACTION",
                )
            )
    await Seat.bulk_create(rows)


async def _to_be_delivered(
    plan: Plan, bookings: Sequence[Booking], organizer: Place | None
) -> None:
    """Write down the booker's own events, and that the worker is to find out about the others.

    Whose other calendar gets an event is not looked at here: a booking by somebody who may not
    know of it must not differ by it, down to the statements it takes.
    """
    video = bookings[0].video
    if video is not None and video == plan.house.provider:
        await meeting_jobs.make_later(bookings, registry=plan.registry, at=plan.stamp)
    if organizer is not None:
        await CalendarEvent.bulk_create(
            CalendarEvent(
                organization_id=booking.organization_id,
                booking_id=booking.id,
                integration_id=organizer.integration.id,
                account_hash=account_hash(organizer.integration),
                calendar_id=organizer.calendar.external_id,
            )
            for booking in bookings
        )
    own = [] if organizer is None else [organizer.integration.id]
    await Job.bulk_create(
        Job(
            organization_id=booking.organization_id,
            kind=JobKind.WRITE_EVENT,
            booking_id=booking.id,
            integration_id=integration_id,
            due_at=plan.stamp,
            created_at=plan.stamp,
        )
        for booking in bookings
        for integration_id in (*own, None)
    )


def event_key() -> str:
    """Make a key that a service can take for an event's own id: 160 random bits in ``0-9a-v``."""
    return base64.b32hexencode(secrets.token_bytes(20)).decode().lower()
