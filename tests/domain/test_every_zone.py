"""On every day in three years on which any zone's clocks change, wall clocks come out right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo, available_timezones

from tests.domain.clocks import Walk, changes_on_file, days_of_change
from together.domain.hours import Hours, WallTime, Window, instant
from together.domain.slots import LOOK_EVERY, STEPS, count_days, grid, phases
from together.domain.spans import Span, Spans

YEARS = range(2025, 2028)
STRIDE = 5
"""Minutes between two looks at the clock: all offsets and all changes are multiples of it."""


def changes() -> Iterator[tuple[ZoneInfo, date]]:
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for day in days_of_change(zone, years=YEARS):
            yield zone, day


def walk(zone: ZoneInfo, day: date) -> Walk:
    return Walk(day - timedelta(days=1), days=3, zone=zone, stride=STRIDE * 60)


def test_every_change_of_clocks_is_met() -> None:
    """Instants, windows, grids and days agree with a walk through time, clock in hand."""
    met: set[str] = set()
    for zone, day in changes():
        name = str(zone)
        walked = walk(zone, day)
        minutes = range(0, 1441, STRIDE)
        at = [walked.instant(day, minute) for minute in minutes]
        assert [instant(day, WallTime(minute), zone) for minute in minutes] == at, (name, day)
        whole = Span.of(at[0], at[-1])
        windows = tuple(
            Window(WallTime(minute), WallTime(minute + 40)) for minute in range(0, 1400, 55)
        )
        expected = [(at[w.start.minutes // STRIDE], at[w.end.minutes // STRIDE]) for w in windows]
        here = Hours({}, {day: windows}, zone=zone)
        # A jump over midnight carries the day's last windows into the next one.
        longer = Span.of(whole.starts, whole.ends + 7200)
        assert here.spans(longer) == Spans.of((s, e) for s, e in expected if s < e), (name, day)
        shown = [(t, clock) for t, clock in walked.shown if whole.starts <= t < whole.ends]
        for step in STEPS:
            lies = [t for t, clock in shown if clock % 60 % step == 0]
            assert list(grid(whole, step=step, zone=zone)) == lies, (name, day, step)
        [counted] = count_days([t for t, _ in shown], window=whole, zone=zone)
        assert (counted.day, counted.count) == (day, len(shown)), (name, day)
        met.add(name)
    assert met >= {"Africa/Cairo", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe"}


def test_no_clock_changes_and_changes_back_between_two_looks() -> None:
    """In no zone since 1970 do clocks change and change back faster than the grid looks at them."""
    shortest = {}
    for name in sorted(available_timezones()):
        steps = [(0, None)]
        for since, ahead in changes_on_file(name):
            if ahead != steps[-1][1]:
                steps.append((since, ahead))
        shortest[name] = min(
            (
                back - since
                for (_, was), (since, _), (back, then) in zip(
                    steps, steps[1:], steps[2:], strict=False
                )
                if was == then and since > 0
            ),
            default=10 * LOOK_EVERY,
        )
    assert min(shortest.values()) > LOOK_EVERY
    assert shortest["Europe/Stockholm"] > 100 * 86400


def test_a_month_in_every_zone_has_one_grid_or_two() -> None:
    """Within a month only a change by half an hour makes a second grid, and it is found."""
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for day in days_of_change(zone, years=range(2026, 2027))[::4]:
            begins = instant(day - timedelta(days=20), WallTime(0), zone)
            window = Span.of(begins, begins + 30 * 86400)
            for step in (20, 60):
                found = phases(window, step=step, zone=zone)
                assert len(found) == (2 if name in {"Australia/Lord_Howe", "Australia/LHI"} else 1)
