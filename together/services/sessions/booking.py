"""A session takes its people's time: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from together.domain.spans import Span
from together.providers.registry import Registry
from together.services.availability.busy import Busy, Known
from together.services.availability.circle import Circle
from together.services.availability.ground import ground
from together.services.availability.looking import looked, unchecked
from together.services.availability.nearby import nearby
from together.services.client_keys import Once
from together.services.organization.video_choice import HouseVideo, house_video
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
from together.services.sessions import calling_off, taking
from together.services.sessions.asked import (
    LAST_INSTANT,
    known_zone,
    offered,
    on_the_grid,
    plain_text,
)
from together.services.sessions.booking_values import (
    AUTOMATIC,
    NO_VIDEO,
    Booked,
    BookRequest,
    Time,
    Video,
)
from together.services.sessions.organizing import Place, video_of, written_at
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import Booking, BookingState
from together.store.refused import Overlap, Taken
from together.store.transaction import transaction

__all__ = ["AUTOMATIC", "NO_VIDEO", "BookRequest", "Booked", "Bookings", "Video"]

LONGEST_PLACE = 500
LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class _Considered:
    """What was found before anything is taken."""

    people: Circle
    organizer: Place | None
    house: HouseVideo
    known: Mapping[int, Known]


class Bookings:
    """Books and cancels sessions."""

    def __init__(
        self,
        *,
        busy: Busy,
        registry: Registry,
        clock: Callable[[], int],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """`wake` is called when the worker has something to deliver."""
        self._busy, self._registry, self._clock, self._wake = busy, registry, clock, wake

    async def book(self, viewer: Viewer, request: BookRequest) -> Booked:
        """Book a session, once for each client key.

        What is refused is refused in an order that tells nothing hidden: first what the request
        itself shows, then what the match may know, and last the calendars that this viewer sees.
        """
        once = Once.of(viewer, "bookSession", key=request.client_key, said=request.said())
        return await once.answered(
            lambda stamp: self._book(viewer, request, once, stamp=stamp),
            lambda made: self._again(viewer, made),
        )

    async def _book(
        self, viewer: Viewer, request: BookRequest, once: Once, *, stamp: int
    ) -> Booked:
        request = replace(request, place=plain_text("place", request.place, LONGEST_PLACE))
        try:
            return await self._taken(viewer, request, once, stamp=stamp, settled=False)
        except taking.OrganizerChanged:
            # Once more as things are now: a calendar that is back is to hold the event.
            return await self._taken(viewer, request, once, stamp=stamp, settled=True)

    async def _taken(
        self, viewer: Viewer, request: BookRequest, once: Once, *, stamp: int, settled: bool
    ) -> Booked:
        found = await self._considered(viewer, request)
        people = found.people
        plan = taking.Plan(
            viewer=viewer,
            request=request,
            times=(Time(request.start, request.start + request.duration * 60),),
            people=people,
            organizer=found.organizer,
            house=found.house,
            registry=self._registry,
            once=once,
            now=self._clock(),
            stamp=stamp,
            settled=settled,
        )
        try:
            taken = await transaction(lambda: taking.take(plan))
        except Overlap:
            taken = None
        if taken is None:
            raise SlotUnavailable(await self._nearby(people, request))
        self._wake()
        return Booked(taken.bookings[0], unchecked(people, found.known))

    async def cancel(
        self, viewer: Viewer, uid: str, *, reason: str | None = None, client_key: str | None = None
    ) -> Booking:
        """Cancel a session; one that is cancelled already is no error."""
        cancelled = await self.cancel_from(
            viewer, uid, reason=reason, client_key=client_key, following=False
        )
        return cancelled[0]

    async def cancel_from(
        self,
        viewer: Viewer,
        uid: str,
        *,
        reason: str | None = None,
        client_key: str | None = None,
        following: bool = True,
    ) -> Sequence[Booking]:
        """Cancel a session and those that come after it in its series; the named one is first.

        What is over stays as it is, and what is cancelled already is no error.
        """
        reason = plain_text("reason", reason, LONGEST_REASON, lines=True)
        stamp, once = await database_now(), None
        if client_key is not None:
            said: dict[str, str | bool | None] = {"uid": uid, "reason": reason}
            if following:
                said["following"] = True
            once = Once.of(viewer, "cancelBooking", key=client_key, said=said)
            made = await once.made(now=stamp)
            if made is not None:
                return await self._cancelled(viewer, made, following=following)
        try:
            cancelled = await transaction(
                lambda: calling_off.by_member(
                    viewer,
                    uid,
                    reason=reason,
                    once=once,
                    now=self._clock(),
                    stamp=stamp,
                    following=following,
                )
            )
        except Taken:
            # The same key at this very moment, for another session.
            made = None if once is None else await once.made(now=stamp)
            if made is None:
                raise
            return await self._cancelled(viewer, made, following=following)
        self._wake()
        return cancelled

    # Before anything is taken

    async def _considered(self, viewer: Viewer, request: BookRequest) -> _Considered:
        """Refuse what can be refused, and read the calendars that count for these minutes.

        Reading can show that a consent is gone, and then who sees whom is found again.
        """
        zone = known_zone(request.zone)
        if not 0 <= request.start < LAST_INSTANT:
            raise InvalidInput("start", "Choose a time of this millennium.")
        for _ in range(3):
            people = await looked(viewer, request.match_uid, busy=self._busy, clock=self._clock)
            offered(request.duration, people.policy)
            on_the_grid("start", request.start, policy=people.policy, zone=zone)
            self._in_time(people, request)
            organizer = await written_at(people.viewer.integration)
            house = await house_video(viewer.organization_id, self._registry)
            video_of(
                request.video,
                place=request.place,
                organizer=organizer,
                registry=self._registry,
                house=house,
                integrated=people.viewer.integration is not None,
            )
            span = Span.of(request.start, request.start + request.duration * 60)
            land = await ground(people, span)
            if not (request.outside_hours or land.allowed.covers(span.starts, span.ends)):
                raise OutsideHours
            if not land.open_to_all(span.starts, span.ends):
                raise SlotUnavailable(await self._nearby(people, request))
            known = await self._busy.at(people.visible, span)
            if not any(each.lost for each in known.values()):
                break
        if not request.over_busy and any(each.busy for each in known.values()):
            raise OverBusyTime
        return _Considered(people, organizer, house, known)

    def _in_time(self, people: Circle, request: BookRequest) -> None:
        now = self._clock()
        if request.start < (earliest := people.policy.earliest(now)):
            raise TooSoon(earliest)
        if request.start > (latest := people.policy.latest(now)):
            raise TooFarAhead(latest)

    async def _nearby(self, people: Circle, request: BookRequest) -> tuple[int, ...]:
        return await nearby(people, request, busy=self._busy, now=self._clock())

    # The same request again

    async def _again(self, viewer: Viewer, made: int) -> Booked:
        """Give what the first request made, as it is now and as the viewer may see it now."""
        booking = await self._read(viewer, made)
        await booking.fetch_related("match")
        try:
            people = await looked(viewer, booking.match.uid, busy=self._busy, clock=self._clock)
        except (MatchHasEnded, NotFound):
            return Booked(booking)
        span = Span.of(booking.starts, booking.ends)
        return Booked(booking, unchecked(people, await self._busy.stored(people.visible, span)))

    async def _cancelled(self, viewer: Viewer, made: int, *, following: bool) -> Sequence[Booking]:
        booking = await self._read(viewer, made)
        later = await calling_off.following(booking) if following else []
        return [booking, *(each for each in later if each.state is BookingState.CANCELLED)]

    async def _read(self, viewer: Viewer, made: int) -> Booking:
        booking = await Booking.get_or_none(id=made, organization_id=viewer.organization_id)
        if booking is None:
            raise NotFound
        return booking
