"""A session takes its people's time: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from together.domain.slots import on_grid
from together.domain.spans import Span
from together.domain.texts import BadText, clean_text
from together.providers.registry import Registry
from together.services import calling_off, taking
from together.services.asked import LAST_INSTANT, known_zone, offered
from together.services.booking_values import (
    AUTOMATIC,
    NO_VIDEO,
    Booked,
    BookRequest,
    Video,
)
from together.services.busy import Busy, Known
from together.services.circle import Circle
from together.services.client_keys import Once
from together.services.ground import ground
from together.services.looking import looked
from together.services.nearby import nearby
from together.services.organizing import Place, video_of, written_at
from together.services.refusals import (
    InvalidInput,
    MatchHasEnded,
    NotFound,
    OutsideHours,
    OverBusyTime,
    Refusal,
    SlotUnavailable,
    TooFarAhead,
    TooSoon,
)
from together.services.viewer import Viewer
from together.store.clock import database_now
from together.store.models import Booking, Member
from together.store.refused import Overlap, Taken
from together.store.transaction import transaction

__all__ = ["AUTOMATIC", "NO_VIDEO", "BookRequest", "Booked", "Bookings", "Video"]

LONGEST_PLACE = 500
LONGEST_REASON = 2000


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
        stamp = await database_now()
        made = await once.made(now=stamp)
        if made is not None:
            return await self._again(viewer, made)
        try:
            return await self._book(viewer, request, once, stamp=stamp)
        except Refusal:
            # Perhaps of a time that this very request took, a moment ago on another connection.
            made = await once.made(now=stamp)
            if made is None:
                raise
        return await self._again(viewer, made)

    async def _book(
        self, viewer: Viewer, request: BookRequest, once: Once, *, stamp: int
    ) -> Booked:
        request = replace(request, place=_text("place", request.place, LONGEST_PLACE) or None)
        try:
            return await self._taken(viewer, request, once, stamp=stamp, settled=False)
        except taking.OrganizerChanged:
            # Once more as things are now: a calendar that is back is to hold the event.
            return await self._taken(viewer, request, once, stamp=stamp, settled=True)

    async def _taken(
        self, viewer: Viewer, request: BookRequest, once: Once, *, stamp: int, settled: bool
    ) -> Booked:
        people, organizer, known = await self._considered(viewer, request)
        plan = taking.Plan(
            viewer=viewer,
            request=request,
            people=people,
            organizer=organizer,
            registry=self._registry,
            once=once,
            now=self._clock(),
            stamp=stamp,
            settled=settled,
        )
        try:
            booking = await transaction(lambda: taking.take(plan))
        except Overlap:
            booking = None
        except Taken:
            # The same key at this very moment, for another match.
            made = await once.made(now=stamp)
            if made is None:
                raise
            return await self._again(viewer, made)
        if booking is None:
            raise SlotUnavailable(await self._nearby(people, request))
        self._wake()
        return Booked(booking, _unchecked(people, known))

    async def cancel(
        self, viewer: Viewer, uid: str, *, reason: str | None = None, client_key: str | None = None
    ) -> Booking:
        """Cancel a session; one that is cancelled already is no error."""
        reason = _text("reason", reason, LONGEST_REASON, lines=True) or None
        stamp, once = await database_now(), None
        if client_key is not None:
            said = {"uid": uid, "reason": reason}
            once = Once.of(viewer, "cancelBooking", key=client_key, said=said)
            made = await once.made(now=stamp)
            if made is not None:
                return await self._read(viewer, made)
        try:
            booking = await transaction(
                lambda: calling_off.by_member(
                    viewer, uid, reason=reason, once=once, now=self._clock(), stamp=stamp
                )
            )
        except Taken:
            # The same key at this very moment, for another session.
            made = None if once is None else await once.made(now=stamp)
            if made is None:
                raise
            return await self._read(viewer, made)
        self._wake()
        return booking

    # Before anything is taken

    async def _considered(
        self, viewer: Viewer, request: BookRequest
    ) -> tuple[Circle, Place | None, Mapping[int, Known]]:
        """Refuse what can be refused, and read the calendars that count for these minutes.

        Reading can show that a consent is gone, and then who sees whom is found again.
        """
        zone = known_zone(request.zone)
        if not 0 <= request.start < LAST_INSTANT:
            raise InvalidInput("start", "Choose a time of this millennium.")
        for _ in range(3):
            people = await looked(viewer, request.match_uid, busy=self._busy, clock=self._clock)
            offered(request.duration, people.policy)
            if not on_grid(request.start, step=people.policy.step, zone=zone):
                raise InvalidInput("start", _grid_in_words(people.policy.step))
            self._in_time(people, request)
            organizer = await written_at(people.viewer.integration)
            video_of(
                request.video, place=request.place, organizer=organizer, registry=self._registry
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
        return people, organizer, known

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
        return Booked(booking, _unchecked(people, await self._busy.stored(people.visible, span)))

    async def _read(self, viewer: Viewer, made: int) -> Booking:
        booking = await Booking.get_or_none(id=made, organization_id=viewer.organization_id)
        if booking is None:
            raise NotFound
        return booking


def _unchecked(people: Circle, known: Mapping[int, Known]) -> list[Member]:
    """Name those whose calendar the viewer sees and nobody could read for these minutes."""
    return [
        seen.member
        for seen in people.people
        if seen.integration is not None and known[seen.integration.id].unknown
    ]


def _grid_in_words(step: int) -> str:
    *most, last = [f":{minute:02}" for minute in range(0, 60, step)]
    return (
        f"Sessions start at {', '.join(most)} or {last}." if most else f"Sessions start at {last}."
    )


def _text(field: str, text: str | None, limit: int, *, lines: bool = False) -> str | None:
    if text is None:
        return None
    try:
        return clean_text(field, text, limit=limit, lines=lines)
    except BadText as bad:
        raise InvalidInput(bad.field, bad.why) from None
