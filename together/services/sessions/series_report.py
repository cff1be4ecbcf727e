"""What booking a series would be told, of each of its sessions: as far as who asks may know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from together.domain.hours import wall_clock
from together.domain.recurrence import MOST, Recurrence, Rule
from together.domain.slots import touched
from together.domain.spans import Span, Spans
from together.services.availability.busy import Known
from together.services.availability.circle import Circle
from together.services.availability.ground import Ground
from together.services.availability.in_turn import full, open_in_turn
from together.services.availability.nearby import AFTER, BEFORE, nearest
from together.services.availability.values import Cell
from together.services.refusals import InvalidInput
from together.services.sessions.asked import LAST_INSTANT, known_zone, on_the_grid
from together.services.sessions.booking_values import Time
from together.services.sessions.series_values import (
    FINE,
    Occurrence,
    OccurrenceState,
    SeriesQuestion,
    SeriesReport,
)

FURTHEST = 3 * 86_400
"""Seconds that one session may be moved from where the rule has it."""

_YEAR = 366 * 86_400


def recurrence_of(asked: SeriesQuestion) -> Recurrence:
    """Read the series that is asked for."""
    zone = known_zone(asked.zone)
    if not 0 <= asked.start < LAST_INSTANT - _YEAR:
        raise InvalidInput("start", "Choose a time of this millennium.")
    rule = Rule.of(asked.repeats, wall_clock(asked.start, zone).date())
    most = Recurrence.most(rule, asked.start, zone)
    if not 2 <= asked.count <= most:
        raise InvalidInput(
            "count",
            f"A series like this has 2 to {most} sessions: {MOST} at most, within 12 months.",
        )
    return Recurrence(rule, asked.start, zone, asked.count)


def times_of(asked: SeriesQuestion, series: Recurrence, people: Circle) -> list[Time]:
    """Give the times of all its sessions, those that are left out included, by number."""
    on_the_grid("start", asked.start, policy=people.policy, zone=series.zone)
    for field, numbers in (("skip", asked.skip), ("instead", asked.instead.keys())):
        if any(not 1 <= number <= asked.count for number in numbers):
            raise InvalidInput(field, f"This series has the sessions 1 to {asked.count}.")
    if asked.skip & asked.instead.keys():
        raise InvalidInput("instead", "A session that is left out has no other time.")
    if len(asked.skip) == asked.count:
        raise InvalidInput("skip", "Leave at least one session.")
    found = []
    for number, start in enumerate(series.starts(), 1):
        moved = asked.instead.get(number, start)
        if moved != start:
            # Only what somebody chose: a start that the clocks jump over need not be on the grid.
            on_the_grid("instead", moved, policy=people.policy, zone=series.zone)
            if abs(moved - start) > FURTHEST:
                raise InvalidInput("instead", "Move a session by three days at most.")
        found.append(Time(moved, moved + asked.duration * 60, number))
    return found


def kept(times: Sequence[Time], asked: SeriesQuestion) -> list[Time]:
    """Give those that are to be booked, in order."""
    left = [time for time in times if time.occurrence not in asked.skip]
    return sorted(left, key=lambda time: time.starts)


def window_of(times: Sequence[Time]) -> Span:
    """Give the window that holds a series, and the alternatives to each of its sessions."""
    begins = min(time.starts for time in times) - BEFORE
    return Span.of(max(0, begins), max(time.ends for time in times) + AFTER)


def report(
    people: Circle,
    asked: SeriesQuestion,
    series: Recurrence,
    times: Sequence[Time],
    *,
    land: Ground,
    known: Mapping[int, Known],
    now: int,
    outside_hours: bool = False,
    over_busy: bool = False,
    first: int = 1,
) -> SeriesReport:
    """Say of each session what booking it would be told.

    `first` is the number of the one that `series` begins with, where it is a part of another.
    `known` is of the calendars that the viewer sees, by integration's row id: nothing here comes
    from any other.
    """
    booked = kept(times, asked)
    free = dict(zip((time.occurrence for time in booked), open_in_turn(land, people, booked),
                    strict=True))  # fmt: skip
    cells = _cells(people, known, times)
    ruled = dict(enumerate(series.starts(), first))
    found = []
    for at, time in enumerate(times):
        number = time.occurrence or 0
        mine = {who: states[at] for who, states in cells.items()}
        state = OccurrenceState.BOOKABLE
        if number in asked.skip:
            state = OccurrenceState.LEFT_OUT
        elif time.starts < people.policy.earliest(now):
            state = OccurrenceState.TOO_SOON
        elif time is booked[0] and time.starts > people.policy.latest(now):
            state = OccurrenceState.TOO_FAR_AHEAD
        elif not (outside_hours or land.allowed.covers(time.starts, time.ends)):
            state = OccurrenceState.OUTSIDE_HOURS
        elif not free[number]:
            state = OccurrenceState.UNAVAILABLE
        elif not over_busy and Cell.BUSY in mine.values():
            state = OccurrenceState.BUSY
        others: tuple[int, ...] = ()
        if state not in FINE:
            near = _alternatives(
                people, time, booked, land=land, known=known, zone=asked.zone, now=now
            )
            others = tuple(each for each in near if abs(each - ruled[number]) <= FURTHEST)
        found.append(Occurrence(number, time, state, mine, others))
    return SeriesReport(
        recurrence=series,
        people=[seen.member for seen in people.people],
        occurrences=found,
        as_of=min((each.as_of for each in known.values() if each.as_of is not None), default=None),
    )


def _alternatives(
    people: Circle,
    time: Time,
    booked: Sequence[Time],
    *,
    land: Ground,
    known: Mapping[int, Known],
    zone: str,
    now: int,
) -> tuple[int, ...]:
    """Give starts near one session that can be had beside the rest of the series."""
    beside = [other for other in booked if other is not time]
    margin = people.policy.margin
    own = Spans.of((other.starts - margin, other.ends + margin) for other in beside)
    blocked = own | Spans.any(each.busy | each.unknown for each in known.values())
    return nearest(
        land,
        people.policy,
        start=time.starts,
        duration=(time.ends - time.starts) // 60,
        zone=zone,
        blocked=blocked,
        closed=full(land, people, beside),
        not_before=people.policy.earliest(now),
        # The horizon binds the first session only.
        not_after=people.policy.latest(now) if time is booked[0] else None,
    )


def _cells(
    people: Circle, known: Mapping[int, Known], times: Sequence[Time]
) -> dict[int, list[Cell]]:
    """Say what is known of each person at each time, in the order of `times`."""
    order = sorted(range(len(times)), key=lambda at: times[at].starts)
    begins = [times[at].starts for at in order]
    duration = (times[0].ends - times[0].starts) // 60
    found = {}
    for seen in people.people:
        states = [Cell.UNKNOWN] * len(times)
        if seen.integration is not None:
            what = known[seen.integration.id]
            busy = touched(begins, what.busy, duration=duration)
            dark = touched(begins, what.unknown, duration=duration)
            for at, taken, unknown in zip(order, busy, dark, strict=True):
                states[at] = Cell.BUSY if taken else Cell.UNKNOWN if unknown else Cell.FREE
        found[seen.member.id] = states
    return found
