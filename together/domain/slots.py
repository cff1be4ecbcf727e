"""Slots: where a session of some length can start.

The inside works on epoch seconds in flat sequences and makes whole runs of starts at once: an
answer holds thousands.  Starts lie on a grid counted from the full hour of the zone asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, repeat
from zoneinfo import ZoneInfo

from together.domain.hours import midnight, offset, wall_clock
from together.domain.policy import STEPS, BadPolicy, Policy
from together.domain.spans import Span, Spans

__all__ = [
    "STEPS", "BadPolicy", "DayCount", "Policy", "blocked", "capped", "count_days", "day_key",
    "grid", "on_grid", "phases", "slot_starts", "starts", "touched", "week_key",
]  # fmt: skip

LOOK_EVERY = 5 * 86400
"""Seconds between two looks for a change of clocks: none has changed back faster since 1970."""


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many slots start on a local day."""

    day: date
    count: int


# The grid


def phases(window: Span, *, step: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Show from when on the grid lies where: (since, phase), `phase` being a start modulo the step.

    One pair, unless the clocks change within `window` by something that is no multiple of the
    step (Lord Howe's half hour and a step of 20 or 60 minutes).
    """
    size = _size(step)
    at, last = window.starts, window.ends
    here = -offset(at, zone) % size
    found = [(at, here)]
    while at < last:
        ahead = min(at + LOOK_EVERY, last)
        there = -offset(ahead, zone) % size
        if there != here:
            found.append((_changed(at, ahead, zone), there))
            here = there
        at = ahead
    return found


def _changed(before: int, after: int, zone: ZoneInfo) -> int:
    """Find the first second that has the offset of `after`."""
    there = offset(after, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if offset(middle, zone) == there:
            after = middle
        else:
            before = middle
    return after


def grid(window: Span, *, step: int, zone: ZoneInfo) -> Iterator[int]:
    """Go through the instants in `window` that lie on the grid."""
    where = phases(window, step=step, zone=zone)
    return iter(_on([window.starts], [window.ends], where, _size(step)))


def on_grid(start: int, *, step: int, zone: ZoneInfo) -> bool:
    """Say whether a session may start at `start`, as far as the grid goes."""
    return (start + offset(start, zone)) % _size(step) == 0


def _size(step: int) -> int:
    if step not in STEPS:
        raise ValueError(f"a step is one of {STEPS} minutes: {step}")
    return step * 60


# The engine


def starts(
    free: Spans,
    *,
    duration: int,
    step: int,
    zone: ZoneInfo,
    window: Span,
    not_before: int | None = None,
    not_after: int | None = None,
    closed: Spans | None = None,
) -> list[int]:
    """Show where sessions of `duration` minutes can start that lie in `window` and in `free`.

    A start is no earlier than `not_before`, no later than `not_after`, and not in `closed`.
    """
    if duration < 1:
        raise ValueError(f"a session lasts at least a minute: {duration}")
    first = window.starts if not_before is None else max(window.starts, not_before)
    return slot_starts(
        free.within(first, window.ends).edges,
        length=duration * 60,
        size=_size(step),
        phases=phases(window, step=step, zone=zone),
        last=not_after,
        closed=closed,
    )


def slot_starts(
    free: Sequence[int],
    *,
    length: int,
    size: int,
    phases: Sequence[tuple[int, int]],
    last: int | None = None,
    closed: Spans | None = None,
) -> list[int]:
    """Show the grid's instants from which `length` seconds lie in `free`; everything is seconds."""
    begins = free[::2]
    ends = [end - length + 1 for end in free[1::2]]
    if last is None and not closed:
        return _on(begins, ends, phases, size)
    room = [edge for pair in zip(begins, ends, strict=True) if pair[0] < pair[1] for edge in pair]
    left = Spans.of_edges(room)
    if room and last is not None:
        left = left.within(room[0], last + 1)
    left -= closed or Spans()
    return _on(left.edges[::2], left.edges[1::2], phases, size)


def _on(
    begins: Sequence[int], ends: Sequence[int], phases: Sequence[tuple[int, int]], size: int
) -> list[int]:
    """Show what of the grid lies between each of `begins` and its end, a run of it at a time.

    An end that is not after its begin is fine: there is no run.
    """
    if len(phases) == 1:
        phase = phases[0][1]
        firsts = [begin + (phase - begin) % size for begin in begins]
        return list(chain.from_iterable(map(range, firsts, ends, repeat(size))))
    found: list[int] = []
    for begin, end in zip(begins, ends, strict=True):
        for at, (since, phase) in enumerate(phases):
            first = begin if at == 0 else max(begin, since)
            until = end if at + 1 == len(phases) else min(end, phases[at + 1][0])
            found += range(first + (phase - first) % size, until, size)
    return found


def touched(starts: Sequence[int], spans: Spans, *, duration: int) -> list[bool]:
    """Say of each session, `starts` in rising order, whether any of its minutes is in `spans`."""
    length = duration * 60
    edges = spans.edges
    at, last = 0, len(edges)
    found = []
    for start in starts:
        while at < last and edges[at + 1] <= start:
            at += 2
        found.append(at < last and edges[at] < start + length)
    return found


# What a person's other sessions leave


def blocked(seats: Spans, policy: Policy) -> Spans:
    """Show where no session can be beside these seats (`together.domain.booking.seat`).

    A new seat reaches its margin past the session's end, so the session itself keeps that far
    away from the next seat; behind a seat nothing is to be added.
    """
    return seats.grown(policy.margin, 0)


def day_key(at: int, zone: ZoneInfo) -> int:
    """Number the local day of an instant, as `date.toordinal` does."""
    return wall_clock(at, zone).toordinal()


def week_key(at: int, zone: ZoneInfo) -> int:
    """Number the local week of an instant by its Monday, as `date.toordinal` does."""
    day = day_key(at, zone)
    return day - (day - 1) % 7


def capped(sessions: Iterable[int], policy: Policy, zone: ZoneInfo) -> Spans:
    """Show the days and weeks in which a person, living in `zone`, has as many sessions as allowed.

    `sessions` are the starts of those they have; one counts where it starts, and so nothing may
    start in what this shows (`closed` of `starts`).
    """
    days: dict[int, int] = {}
    weeks: dict[int, int] = {}
    for start in sessions:
        day, week = day_key(start, zone), week_key(start, zone)
        days[day] = days.get(day, 0) + 1
        weeks[week] = weeks.get(week, 0) + 1
    full = []
    if policy.per_day is not None:
        full += [(day, day + 1) for day, count in days.items() if count >= policy.per_day]
    if policy.per_week is not None:
        full += [(week, week + 7) for week, count in weeks.items() if count >= policy.per_week]
    return Spans.of((midnight(first, zone), midnight(after, zone)) for first, after in full)


def count_days(starts: Sequence[int], *, window: Span, zone: ZoneInfo) -> list[DayCount]:
    """Count `starts`, in rising order, by the local days that `window` touches, empty ones too."""
    first = day_key(window.starts, zone)
    last = day_key(window.ends - 1, zone)
    found = []
    at = 0
    for day in range(first, last + 1):
        ends = midnight(day + 1, zone)
        before = at
        while at < len(starts) and starts[at] < ends:
            at += 1
        found.append(DayCount(date.fromordinal(day), at - before))
    return found
