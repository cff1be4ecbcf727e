"""Gives a session another time: its people's time is taken anew, or the session stays as it is.

What a session takes itself does not count against it: neither its seats, nor the events that stand
for it in calendars.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from together.domain.spans import Span, Spans
from together.services.availability.busy import Busy, Known
from together.services.availability.circle import Circle
from together.services.availability.ground import Ground, ground
from together.services.availability.looking import looked, unchecked
from together.services.availability.nearby import AFTER, BEFORE, nearest
from together.services.client_keys import Once
from together.services.refusals import (
    InvalidInput,
    MatchHasEnded,
    NotFound,
    OutsideHours,
    OverBusyTime,
    SlotUnavailable,
    TooFarAhead,
    TooSoon,
)
from together.services.sessions import moving
from together.services.sessions.asked import LAST_INSTANT, known_zone, offered, on_the_grid
from together.services.sessions.booking_values import Booked
from together.services.sessions.moving import MoveRequest
from together.services.sessions.session_held import theirs
from together.services.signing_in.viewer import Viewer
from together.store.models import Booking, CalendarEvent
from together.store.refused import Overlap
from together.store.transaction import transaction


@dataclass(frozen=True, slots=True)
class _Considered:
    """What was found before anything is moved."""

    booking: Booking
    people: Circle
    span: Span
    known: Mapping[int, Known]
    own: Spans
    """Where the session and its events stand."""


class Rescheduling:
    """Moves sessions."""

    def __init__(
        self, *, busy: Busy, clock: Callable[[], int], wake: Callable[[], None] = lambda: None
    ) -> None:
        """`wake` is called when the worker has something to deliver."""
        self._busy, self._clock, self._wake = busy, clock, wake

    async def reschedule(self, viewer: Viewer, request: MoveRequest) -> Booked:
        """Move a session, once for each client key; one that is there already is no error.

        What is refused is refused in the order in which a booking is.
        """
        once = Once.of(viewer, "rescheduleBooking", key=request.client_key, said=request.said())
        return await once.answered(
            lambda stamp: self._moved(viewer, request, once, stamp=stamp),
            lambda made: self._again(viewer, made),
        )

    async def _moved(
        self, viewer: Viewer, request: MoveRequest, once: Once, *, stamp: int
    ) -> Booked:
        found = await self._considered(viewer, request)
        plan = moving.Plan(
            viewer=viewer,
            zone=request.zone,
            people=found.people,
            was=Span.of(found.booking.starts, found.booking.ends),
            span=found.span,
            booking_uid=request.booking_uid,
            once=once,
            now=self._clock(),
            stamp=stamp,
        )
        try:
            booking = await transaction(lambda: moving.move(plan))
        except Overlap:
            booking = None
        if booking is None:
            raise SlotUnavailable(await self._nearby(found.people, found.booking, found.span))
        self._wake()
        return Booked(booking, unchecked(found.people, found.known))

    # Before anything is moved

    async def _considered(self, viewer: Viewer, request: MoveRequest) -> _Considered:
        zone = known_zone(request.zone)
        if not 0 <= request.start < LAST_INSTANT:
            raise InvalidInput("start", "Choose a time of this millennium.")
        booking, _ = await theirs(viewer, request.booking_uid)
        moving.movable(booking, now=self._clock())
        await booking.fetch_related("match")
        was = Span.of(booking.starts, booking.ends)
        length = was.ends - was.starts
        for _ in range(3):
            people = await looked(viewer, booking.match.uid, busy=self._busy, clock=self._clock)
            if request.duration is not None and request.duration * 60 != length:
                offered(request.duration, people.policy)
                length = request.duration * 60
            span = Span.of(request.start, request.start + length)
            if span == was:
                known = await self._busy.stored(people.visible, span)
                return _Considered(booking, people, span, known, Spans([was]))
            on_the_grid("start", request.start, policy=people.policy, zone=zone)
            self._in_time(people, request.start)
            land = await ground(people, span, without=(booking.id,))
            if not (request.outside_hours or land.allowed.covers(span.starts, span.ends)):
                raise OutsideHours
            if not land.open_to_all(span.starts, span.ends):
                raise SlotUnavailable(await self._nearby(people, booking, span))
            known = await self._busy.at(people.visible, span)
            if not any(each.lost for each in known.values()):
                break
        own = await standing([booking], people)
        if not request.over_busy and any(each.busy - own for each in known.values()):
            raise OverBusyTime
        return _Considered(booking, people, span, known, own)

    def _in_time(self, people: Circle, start: int) -> None:
        now = self._clock()
        if start < (earliest := people.policy.earliest(now)):
            raise TooSoon(earliest)
        if start > (latest := people.policy.latest(now)):
            raise TooFarAhead(latest)

    async def _nearby(self, people: Circle, booking: Booking, span: Span) -> tuple[int, ...]:
        """Give other times that the session could be moved to."""
        window = Span.of(span.starts - BEFORE, span.starts + AFTER)
        land: Ground = await ground(people, window, without=(booking.id,))
        known = await self._busy.stored(people.visible, window)
        now, own = self._clock(), await standing([booking], people)
        return nearest(
            land,
            people.policy,
            start=span.starts,
            duration=(span.ends - span.starts) // 60,
            zone=booking.zone,
            blocked=Spans.any((each.busy - own) | each.unknown for each in known.values()),
            not_before=people.policy.earliest(now),
            not_after=people.policy.latest(now),
        )

    # The same request again

    async def _again(self, viewer: Viewer, made: int) -> Booked:
        """Give the session as it is now, and as the viewer may see it now."""
        booking = await Booking.get_or_none(id=made, organization_id=viewer.organization_id)
        if booking is None:
            raise NotFound
        await booking.fetch_related("match")
        try:
            people = await looked(viewer, booking.match.uid, busy=self._busy, clock=self._clock)
        except (MatchHasEnded, NotFound):
            return Booked(booking)
        span = Span.of(booking.starts, booking.ends)
        return Booked(booking, unchecked(people, await self._busy.stored(people.visible, span)))


async def standing(bookings: Sequence[Booking], people: Circle) -> Spans:
    """Show when the calendars that the viewer sees are busy because of the sessions themselves.

    An event can still stand where a session was before: its service may have been down since.
    """
    own = Spans.of((booking.starts, booking.ends) for booking in bookings)
    if not people.visible:
        return own
    rows = await CalendarEvent.filter(
        organization_id=people.organization.id,
        booking_id__in=[booking.id for booking in bookings],
        starts__isnull=False,
    ).values_list("starts", "ends")
    return own | Spans.of((int(starts), int(ends)) for starts, ends in rows)
