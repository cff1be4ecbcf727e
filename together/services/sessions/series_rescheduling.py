"""Gives a session, and those that follow it in its series, other times: all of them, or none.

The series meets by the same rule from its new day on: weekly from a Wednesday, monthly on the
weekday that this one is of its month, when the clock of its own zone shows what it shows then.
Sessions that were moved for themselves come onto that pattern, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from together.domain.hours import wall_clock, zone_named
from together.domain.recurrence import Recurrence, Rule
from together.domain.spans import Span
from together.services.availability.busy import Busy, Known
from together.services.availability.circle import Circle
from together.services.availability.ground import ground
from together.services.availability.looking import looked, unchecked
from together.services.client_keys import Once
from together.services.refusals import InvalidInput, MatchHasEnded, NotFound, TooFarAhead, TooSoon
from together.services.sessions import series_moving
from together.services.sessions.asked import LAST_INSTANT, known_zone, offered, on_the_grid
from together.services.sessions.booking_values import Time
from together.services.sessions.moving import movable
from together.services.sessions.rescheduling import standing
from together.services.sessions.series_moving import SeriesMoveRequest, rest
from together.services.sessions.series_refusals import SeriesConflicts
from together.services.sessions.series_report import FURTHEST, report, window_of
from together.services.sessions.series_values import (
    FINE,
    BookedSeries,
    OccurrenceState,
    SeriesQuestion,
    SeriesReport,
)
from together.services.sessions.session_held import theirs
from together.services.signing_in.viewer import Viewer
from together.store.models import Booking, Match, Member, Series
from together.store.refused import Overlap
from together.store.transaction import transaction

_YEAR = 366 * 86_400

NOT_MOVED = (
    "Some sessions of this series cannot be moved, so none was. "
    "Leave them where they are, or choose other times for them."
)


@dataclass(frozen=True, slots=True)
class _Considered:
    """What was found before anything is moved."""

    series: Series
    rule: Rule
    sessions: Sequence[Booking]
    """The first one, and those that follow it."""
    times: Mapping[int, Time]
    """Booking's row id → where it is to be; of those that do not stay where they are."""
    report: SeriesReport
    people: Circle
    known: Mapping[int, Known]


class SeriesRescheduling:
    """Moves what is left of series."""

    def __init__(
        self, *, busy: Busy, clock: Callable[[], int], wake: Callable[[], None] = lambda: None
    ) -> None:
        """`wake` is called when the worker has something to deliver."""
        self._busy, self._clock, self._wake = busy, clock, wake

    async def reschedule(self, viewer: Viewer, request: SeriesMoveRequest) -> BookedSeries:
        """Move them, once for each client key; what is refused is refused as of a booking."""
        once = Once.of(viewer, "rescheduleSeries", key=request.client_key, said=request.said())
        return await once.answered(
            lambda stamp: self._moved(viewer, request, once, stamp=stamp),
            lambda made: self._again(viewer, made),
        )

    async def _moved(
        self, viewer: Viewer, request: SeriesMoveRequest, once: Once, *, stamp: int
    ) -> BookedSeries:
        # Once more as things are now, where a time was taken meanwhile.
        for _ in range(2):
            found = await self._considered(viewer, request)
            if found.report.conflicts:
                break
            plan = series_moving.Plan(
                viewer=viewer,
                booking_uid=request.booking_uid,
                people=found.people,
                rule=found.rule,
                zone=found.series.zone,
                was={each.id: Span.of(each.starts, each.ends) for each in found.sessions},
                times=found.times,
                once=once,
                now=self._clock(),
                stamp=stamp,
            )
            try:
                moved = await transaction(partial(series_moving.move, plan))
            except Overlap:
                continue
            if moved is not None:
                self._wake()
                return _told(found.series, found.rule, moved, unchecked(found.people, found.known))
        raise SeriesConflicts(found.report, NOT_MOVED)

    # Before anything is moved

    async def _considered(self, viewer: Viewer, request: SeriesMoveRequest) -> _Considered:
        zone = known_zone(request.zone)
        if not 0 <= request.start < LAST_INSTANT - _YEAR:
            raise InvalidInput("start", "Choose a time of this millennium.")
        first, _ = await theirs(viewer, request.booking_uid)
        movable(first, now=self._clock())
        if first.series_id is None or first.occurrence is None:
            raise InvalidInput("bookingId", "This session is in no series. Move it by itself.")
        await first.fetch_related("match", "series")
        series = cast("Series", first.series)
        sessions = [first, *await rest(first, now=self._clock())]
        part = _part(series, first.occurrence, request)
        minutes = (first.ends - first.starts) // 60
        for _ in range(3):
            people = await looked(
                viewer, cast("Match", first.match).uid, busy=self._busy, clock=self._clock
            )
            if request.duration is not None and request.duration != minutes:
                offered(request.duration, people.policy)
                minutes = request.duration
            for field, start in (("start", request.start), *_chosen(request)):
                if field != "start" or start != first.starts:
                    on_the_grid(field, start, policy=people.policy, zone=zone)
            times = _times(sessions, part, request, length=minutes * 60)
            self._in_time(people, sessions, times)
            window = window_of(list(times.values()))
            known = await self._busy.at(people.visible, window)
            if not any(each.lost for each in known.values()):
                break
        moving = {
            each.id: times[each.id]
            for each in sessions
            if (each.starts, each.ends) != (times[each.id].starts, times[each.id].ends)
        }
        own = await standing([each for each in sessions if each.id in moving], people)
        told = report(
            people,
            SeriesQuestion(
                match_uid=people.match.uid,
                start=request.start,
                duration=minutes,
                zone=request.zone,
                repeats=part.rule.repeats,
                count=part.count,
                skip=request.skip,
            ),
            part,
            list(times.values()),
            land=await ground(people, window, without=moving),
            known={key: replace(each, busy=each.busy - own) for key, each in known.items()},
            now=self._clock(),
            outside_hours=request.outside_hours,
            over_busy=request.over_busy,
            first=first.occurrence,
        )
        told = _as_they_are(told, {times[each.id] for each in sessions if each.id not in moving})
        return _Considered(series, part.rule, sessions, moving, told, people, known)

    def _in_time(
        self, people: Circle, sessions: Sequence[Booking], times: Mapping[int, Time]
    ) -> None:
        """Hold the first one to notice and horizon; the others follow from it."""
        now, start = self._clock(), times[sessions[0].id].starts
        if start == sessions[0].starts:
            return
        if start < (earliest := people.policy.earliest(now)):
            raise TooSoon(earliest)
        if start > (latest := people.policy.latest(now)):
            raise TooFarAhead(latest)

    # The same request again

    async def _again(self, viewer: Viewer, made: int) -> BookedSeries:
        """Give what the first request moved, as it is now and as the viewer may see it now."""
        first = await Booking.get_or_none(id=made, organization_id=viewer.organization_id)
        if first is None:
            raise NotFound
        await first.fetch_related("match", "series")
        sessions = [first, *await rest(first, now=self._clock())]
        series = cast("Series", first.series)
        try:
            people = await looked(
                viewer, cast("Match", first.match).uid, busy=self._busy, clock=self._clock
            )
        except (MatchHasEnded, NotFound):
            return _told(series, Rule.parse(series.rule), sessions, [])
        span = Span.of(min(each.starts for each in sessions), max(each.ends for each in sessions))
        known = await self._busy.stored(people.visible, span)
        return _told(series, Rule.parse(series.rule), sessions, unchecked(people, known))


def _told(
    series: Series, rule: Rule, sessions: Sequence[Booking], not_read: Sequence[Member]
) -> BookedSeries:
    series.rule = str(rule)
    by_start = sorted(sessions, key=lambda each: each.starts)
    return BookedSeries(series, by_start, not_read)


def _part(series: Series, number: int, request: SeriesMoveRequest) -> Recurrence:
    """Reckon what is left of a series from where its session `number` is to begin."""
    zone, count = zone_named(series.zone), series.count - number + 1
    rule = Rule.of(Rule.parse(series.rule).repeats, wall_clock(request.start, zone).date())
    if count > Recurrence.most(rule, request.start, zone):
        raise InvalidInput("start", "From there, the series would not fit into 12 months.")
    return Recurrence(rule, request.start, zone, count)


def _chosen(request: SeriesMoveRequest) -> list[tuple[str, int]]:
    return [("instead", start) for start in request.instead.values()]


def _times(
    sessions: Sequence[Booking], part: Recurrence, request: SeriesMoveRequest, *, length: int
) -> dict[int, Time]:
    """Give booking's row id → where it is to be, by number."""
    following = {each.occurrence for each in sessions[1:]}
    for field, numbers in (("skip", request.skip), ("instead", request.instead.keys())):
        if not following.issuperset(numbers):
            raise InvalidInput(field, "Name sessions that follow this one, and are ahead.")
    if request.skip & request.instead.keys():
        raise InvalidInput("instead", "A session that stays where it is has no other time.")
    ruled = dict(enumerate(part.starts(), cast("int", sessions[0].occurrence)))
    found = {}
    for each in sessions:
        number = cast("int", each.occurrence)
        if number in request.skip:
            found[each.id] = Time(each.starts, each.ends, number)
            continue
        start = request.instead.get(number, ruled[number])
        if abs(start - ruled[number]) > FURTHEST:
            raise InvalidInput("instead", "Move a session by three days at most.")
        found[each.id] = Time(start, start + length, number)
    return found


def _as_they_are(told: SeriesReport, unmoved: set[Time]) -> SeriesReport:
    """Let nothing be in the way of a session that is to be where it is already."""
    return replace(
        told,
        occurrences=[
            replace(each, state=OccurrenceState.BOOKABLE, alternatives=())
            if each.time in unmoved and each.state not in FINE
            else each
            for each in told.occurrences
        ],
    )
