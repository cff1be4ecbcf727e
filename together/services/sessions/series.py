"""A series of sessions is booked in one transaction: all of them, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from together.domain.recurrence import Recurrence
from together.domain.spans import Span
from together.providers.registry import Registry
from together.services.availability.busy import Busy, Known
from together.services.availability.circle import Circle
from together.services.availability.ground import ground
from together.services.availability.looking import looked, unchecked
from together.services.client_keys import Once
from together.services.organization.video_choice import HouseVideo, house_video
from together.services.refusals import (
    MatchHasEnded,
    NotFound,
    TooFarAhead,
    TooSoon,
)
from together.services.sessions import taking
from together.services.sessions.asked import offered, plain_text
from together.services.sessions.booking import LONGEST_PLACE
from together.services.sessions.booking_values import Time
from together.services.sessions.organizing import Place, video_of, written_at
from together.services.sessions.series_refusals import SeriesConflicts
from together.services.sessions.series_report import (
    kept,
    recurrence_of,
    report,
    times_of,
    window_of,
)
from together.services.sessions.series_values import (
    BookedSeries,
    SeriesQuestion,
    SeriesReport,
    SeriesRequest,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import Booking, Series
from together.store.refused import Overlap
from together.store.transaction import transaction


@dataclass(frozen=True, slots=True)
class _Considered:
    """What was found before anything is taken."""

    recurrence: Recurrence
    times: list[Time]
    report: SeriesReport
    people: Circle
    organizer: Place | None
    house: HouseVideo
    known: Mapping[int, Known]


class SeriesBookings:
    """Says what booking a series would be told, and books it."""

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

    async def check(self, viewer: Viewer, asked: SeriesQuestion) -> SeriesReport:
        """Say of each session what booking it would be told."""
        series = recurrence_of(asked)
        for _ in range(3):
            people = await looked(viewer, asked.match_uid, busy=self._busy, clock=self._clock)
            offered(asked.duration, people.policy)
            times = times_of(asked, series, people)
            window = window_of(times)
            known = await self._busy.known(people.visible, window, until=window.ends)
            if not any(each.lost for each in known.values()):
                break
        land = await ground(people, window)
        return report(people, asked, series, times, land=land, known=known, now=self._clock())

    async def book(self, viewer: Viewer, request: SeriesRequest) -> BookedSeries:
        """Book a series, once for each client key.

        What is refused is refused in the order of a single booking.
        """
        once = Once.of(viewer, "bookSeries", key=request.client_key, said=request.said())
        return await once.answered(
            lambda stamp: self._book(viewer, request, once, stamp=stamp),
            lambda made: self._again(viewer, made),
        )

    async def _book(
        self, viewer: Viewer, request: SeriesRequest, once: Once, *, stamp: int
    ) -> BookedSeries:
        request = replace(request, place=plain_text("place", request.place, LONGEST_PLACE))
        # Once more as things are now, where a time was taken meanwhile or a calendar is back.
        for settled in (False, True, True):
            found = await self._considered(viewer, request)
            if found.report.conflicts:
                break
            plan = taking.Plan(
                viewer=viewer,
                request=request,
                times=found.times,
                people=found.people,
                organizer=found.organizer,
                house=found.house,
                registry=self._registry,
                once=once,
                now=self._clock(),
                stamp=stamp,
                settled=settled,
                recurrence=found.recurrence,
            )
            try:
                taken = await transaction(partial(taking.take, plan))
            except (Overlap, taking.OrganizerChanged):
                continue
            if taken is not None and taken.series is not None:
                self._wake()
                not_read = unchecked(found.people, found.known)
                return BookedSeries(taken.series, taken.bookings, not_read)
        raise SeriesConflicts(found.report)

    # Before anything is taken

    async def _considered(self, viewer: Viewer, request: SeriesRequest) -> _Considered:
        """Refuse what can be refused of the whole, and read the calendars that count.

        They are read once for all the sessions, and for the time around them, in which
        alternatives are looked for.
        """
        asked = request.question
        series = recurrence_of(asked)
        for _ in range(3):
            people = await looked(viewer, asked.match_uid, busy=self._busy, clock=self._clock)
            offered(asked.duration, people.policy)
            times = times_of(asked, series, people)
            booked = kept(times, asked)
            self._in_time(people, booked)
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
            window = window_of(times)
            known = await self._busy.at(people.visible, window)
            if not any(each.lost for each in known.values()):
                break
        told = report(
            people,
            asked,
            series,
            times,
            land=await ground(people, window),
            known=known,
            now=self._clock(),
            outside_hours=request.outside_hours,
            over_busy=request.over_busy,
        )
        return _Considered(series, booked, told, people, organizer, house, known)

    def _in_time(self, people: Circle, booked: list[Time]) -> None:
        """Hold the first one to notice and horizon; the others follow from it."""
        now, first = self._clock(), booked[0].starts
        if first < (earliest := people.policy.earliest(now)):
            raise TooSoon(earliest)
        if first > (latest := people.policy.latest(now)):
            raise TooFarAhead(latest)

    # The same request again

    async def _again(self, viewer: Viewer, made: int) -> BookedSeries:
        """Give what the first request made, as it is now and as the viewer may see it now."""
        mine = {"organization_id": viewer.organization_id}
        series = await Series.filter(**mine, id=made).select_related("match").get_or_none()
        bookings = await Booking.filter(**mine, series_id=made).order_by("starts")
        if series is None or not bookings:
            raise NotFound
        try:
            people = await looked(viewer, series.match.uid, busy=self._busy, clock=self._clock)
        except (MatchHasEnded, NotFound):
            return BookedSeries(series, bookings)
        span = Span.of(bookings[0].starts, bookings[-1].ends)
        known = await self._busy.stored(people.visible, span)
        return BookedSeries(series, bookings, unchecked(people, known))
