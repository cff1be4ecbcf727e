"""Slots start where somebody going through every minute with the rules in hand would start them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.clocks import MINUTES, minutes, wall, windows
from together.domain.hours import midnight
from together.domain.slots import (
    STEPS,
    grid,
    on_grid,
    phases,
    starts,
    touched,
)
from together.domain.spans import Span, Spans

LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


some = st.lists(
    st.tuples(minutes, st.integers(1, 600)).map(lambda t: (t[0], min(t[0] + t[1], MINUTES + 60))),
    max_size=6,
)


def spans(pairs: list[tuple[int, int]], window: Span) -> Spans:
    return Spans.of((window.starts + s * 60, window.starts + e * 60) for s, e in pairs if s < e)


@given(
    where=windows(),
    free=some,
    closed=some,
    step=st.sampled_from(STEPS),
    duration=st.sampled_from([5, 30, 45, 60, 240]),
    bounds=st.tuples(st.none() | minutes, st.none() | minutes),
)
def test_slots_are_those_that_minutes_allow(
    where: tuple[ZoneInfo, Span],
    free: list[tuple[int, int]],
    closed: list[tuple[int, int]],
    step: int,
    duration: int,
    bounds: tuple[int | None, int | None],
) -> None:
    """A slot lies on the grid of the zone, in free time and in the window, and is not refused."""
    zone, window = where
    after, before = (None if b is None else window.starts + b * 60 for b in bounds)
    free_minutes = {m for s, e in free for m in range(s, min(e, MINUTES))}
    closed_minutes = {m for s, e in closed for m in range(s, e)}
    expected = []
    for minute in range(MINUTES):
        at = window.starts + minute * 60
        if wall(at, zone).minute % step or minute in closed_minutes:
            continue
        if (after is not None and at < after) or (before is not None and at > before):
            continue
        if all(m in free_minutes for m in range(minute, minute + duration)):
            expected.append(at)
    found = starts(
        spans(free, window),
        duration=duration,
        step=step,
        zone=zone,
        window=window,
        not_before=after,
        not_after=before,
        closed=spans(closed, window),
    )
    assert found == expected
    assert all(on_grid(at, step=step, zone=zone) for at in found)


@given(windows(), st.sampled_from(STEPS))
def test_the_grid_is_counted_from_the_full_local_hour(
    where: tuple[ZoneInfo, Span], step: int
) -> None:
    """The grid holds the minutes at which the clock of the zone shows a multiple of the step."""
    zone, window = where
    every = range(window.starts, window.ends, 60)
    expected = [at for at in every if wall(at, zone).minute % step == 0]
    assert list(grid(window, step=step, zone=zone)) == expected
    assert [at for at in every if on_grid(at, step=step, zone=zone)] == expected


def test_zones_with_quarters_have_grids_of_their_own() -> None:
    """An hour's grid in Kathmandu starts at quarter past by the clock of Greenwich."""
    window = Span(datetime(2027, 5, 3, 9, tzinfo=UTC), datetime(2027, 5, 3, 11, tzinfo=UTC))
    found = starts(
        Spans([window]), duration=30, step=60, zone=ZoneInfo("Asia/Kathmandu"), window=window
    )
    assert [str(datetime.fromtimestamp(at, UTC).time()) for at in found] == ["09:15:00", "10:15:00"]


def test_half_an_hour_of_change_moves_the_grid() -> None:
    """After Lord Howe's clocks have changed, full hours lie half an hour elsewhere."""
    begins = midnight(date(2027, 4, 4).toordinal(), LORD_HOWE)
    window = Span.of(begins, begins + 4 * 3600)
    assert [str(wall(at, LORD_HOWE).time()) for at in grid(window, step=60, zone=LORD_HOWE)] == [
        "00:00:00", "01:00:00", "02:00:00", "03:00:00",
    ]  # fmt: skip
    changed = begins + 2 * 3600
    assert phases(window, step=60, zone=LORD_HOWE) == [(begins, 3600 - 1800 * 2), (changed, 1800)]
    assert len(phases(window, step=30, zone=LORD_HOWE)) == 1


def test_parts_of_a_minute_do_not_hold_a_slot() -> None:
    """A slot starts no earlier than free time does, and a second too little is too little."""
    begins = int(datetime(2027, 5, 3, 9, tzinfo=UTC).timestamp())
    window = Span.of(begins, begins + 7200)

    def found(starts_at: int, ends_at: int) -> list[int]:
        free = Spans.of([(begins + starts_at, begins + ends_at)])
        made = starts(free, duration=30, step=30, zone=ZoneInfo("UTC"), window=window)
        return [at - begins for at in made]

    assert found(0, 1800) == [0]
    assert found(1, 3601) == [1800]
    assert found(1, 3600) == [1800]
    assert found(1, 3599) == []


def test_bounds_and_closed_times_are_about_the_start() -> None:
    """The earliest and the latest start may be had, and one may end in what is closed to starts."""
    begins = int(datetime(2027, 5, 3, 9, tzinfo=UTC).timestamp())
    window = Span.of(begins, begins + 4 * 3600)

    def found(**bounds: int | Spans) -> list[int]:
        made = starts(
            Spans([window]), duration=60, step=60, zone=ZoneInfo("UTC"), window=window, **bounds
        )
        return [(at - begins) // 3600 for at in made]

    assert found() == [0, 1, 2, 3]
    assert found(not_before=begins + 3600, not_after=begins + 7200) == [1, 2]
    assert found(not_before=begins + 3601, not_after=begins + 7199) == []
    assert found(closed=Spans.of([(begins + 5400, begins + 7201)])) == [0, 1, 3]


def test_to_end_where_another_begins_is_not_to_touch() -> None:
    """A session touches neither what ends as it starts nor what starts as it ends."""
    taken = Spans.of([(0, 600), (2400, 3000)])
    assert touched([0, 540, 600, 660], taken, duration=30) == [True, True, False, True]


def test_what_no_slot_can_be_is_refused() -> None:
    """A step that does not meet every full hour and a session without length are mistakes."""
    window = Span.of(0, 3600)
    with pytest.raises(ValueError, match="a step is one of"):
        list(grid(window, step=25, zone=LORD_HOWE))
    with pytest.raises(ValueError, match="at least a minute"):
        starts(Spans(), duration=0, step=15, zone=LORD_HOWE, window=window)


@given(windows(), some, st.lists(minutes, max_size=20).map(sorted), st.integers(1, 120))
def test_touching_is_sharing_a_minute(
    where: tuple[ZoneInfo, Span], pairs: list[tuple[int, int]], at: list[int], duration: int
) -> None:
    """A session touches spans exactly when one of its minutes is in them."""
    _, window = where
    taken = {m for s, e in pairs for m in range(s, e)}
    expected = [not taken.isdisjoint(range(minute, minute + duration)) for minute in at]
    begins = [window.starts + minute * 60 for minute in at]
    assert touched(begins, spans(pairs, window), duration=duration) == expected
