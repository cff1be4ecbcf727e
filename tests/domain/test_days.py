"""Days and weeks are those on the clock of the person meant: for caps, and for counting."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.domain.clocks import MINUTES, minutes, wall, windows
from together.domain.hours import midnight
from together.domain.policy import Policy
from together.domain.slots import DayCount, capped, count_days, day_key, week_key
from together.domain.spans import Span


def test_a_week_begins_on_monday() -> None:
    """A local week is numbered by its Monday, in the zone of the person."""
    tokyo = ZoneInfo("Asia/Tokyo")
    sunday = int(datetime(2027, 5, 9, 14, 59, tzinfo=UTC).timestamp())
    assert [date.fromordinal(day_key(at, tokyo)) for at in (sunday, sunday + 60)] == [
        date(2027, 5, 9),
        date(2027, 5, 10),
    ]
    assert [date.fromordinal(week_key(at, tokyo)) for at in (sunday, sunday + 60)] == [
        date(2027, 5, 3),
        date(2027, 5, 10),
    ]


@given(
    windows(),
    st.lists(st.integers(-4 * 1440, 4 * 1440), max_size=12),
    st.none() | st.integers(1, 3),
    st.none() | st.integers(1, 4),
)
def test_caps_close_days_and_weeks(
    where: tuple[ZoneInfo, Span], held: list[int], per_day: int | None, per_week: int | None
) -> None:
    """A start is closed exactly when its local day or week holds as many sessions as it may."""
    zone, window = where
    begins = [window.starts + minute * 60 for minute in held]
    closed = capped(begins, Policy(per_day=per_day, per_week=per_week), zone)
    days = Counter(wall(at, zone).date() for at in begins)
    weeks = Counter(wall(at, zone).isocalendar()[:2] for at in begins)
    for at in range(window.starts - 4 * 86400, window.ends + 4 * 86400, 1800):
        local = wall(at, zone)
        full = per_day is not None and days[local.date()] >= per_day
        full |= per_week is not None and weeks[local.isocalendar()[:2]] >= per_week
        assert (at in closed) == full


@given(windows(), st.lists(minutes.filter(lambda m: m < MINUTES), max_size=30).map(sorted))
def test_days_are_counted_on_the_clock_of_the_zone(
    where: tuple[ZoneInfo, Span], at: list[int]
) -> None:
    """Every local day that the window touches is counted, and each start on its own day."""
    zone, window = where
    begins = [window.starts + minute * 60 for minute in at]
    days = sorted({wall(t, zone).date() for t in range(window.starts, window.ends, 60)})
    count = Counter(wall(t, zone).date() for t in begins)
    expected = [DayCount(day, count[day]) for day in days]
    assert count_days(begins, window=window, zone=zone) == expected


def test_midnight_is_of_the_day_it_begins() -> None:
    """A start at midnight counts on the new day."""
    zone = ZoneInfo("Africa/Lagos")
    day = date(2027, 5, 3)
    begins = midnight(day.toordinal(), zone)
    window = Span.of(begins - 3600, begins + 3600)
    assert count_days([begins - 60, begins], window=window, zone=zone) == [
        DayCount(date(2027, 5, 2), 1),
        DayCount(day, 1),
    ]
