"""Weekly hours become the instants that people mean, also on the days when clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.clocks import CHANGING, Walk, days_of_change
from together.domain.hours import (
    DEFAULT_WEEK,
    BadHours,
    BadZone,
    Hours,
    WallTime,
    Window,
    instant,
    week_from_json,
    week_to_json,
    windows_from_json,
    windows_to_json,
    zone_named,
)
from together.domain.spans import Span, Spans


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(start: str, end: str) -> tuple[Window, ...]:
    return (Window.parse(start, end),)


EVERY_DAY = range(1, 8)


@cache
def walked(first: date, zone: ZoneInfo) -> Walk:
    return Walk(first, days=7, zone=zone)


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("Europe/Stockholm", "2027-03-28", "01:59", "2027-03-28T00:59"),
        ("Europe/Stockholm", "2027-03-28", "02:30", "2027-03-28T01:30"),  # shown as 03:30
        ("Europe/Stockholm", "2027-03-28", "03:30", "2027-03-28T01:30"),
        ("Europe/Stockholm", "2027-10-31", "02:30", "2027-10-31T00:30"),  # the first of two
        ("Europe/Stockholm", "2027-10-31", "03:00", "2027-10-31T02:00"),
        ("Europe/Stockholm", "2027-10-31", "24:00", "2027-10-31T23:00"),
        ("Australia/Lord_Howe", "2027-10-03", "02:10", "2027-10-02T15:40"),  # shown as 02:40
        ("Australia/Lord_Howe", "2027-10-03", "02:40", "2027-10-02T15:40"),
        ("Australia/Lord_Howe", "2027-04-04", "01:45", "2027-04-03T14:45"),  # the first of two
        ("Australia/Lord_Howe", "2027-04-04", "02:00", "2027-04-03T15:30"),
        ("Africa/Cairo", "2027-04-30", "00:00", "2027-04-29T22:00"),  # shown as 01:00
        ("Africa/Cairo", "2027-04-29", "24:00", "2027-04-29T22:00"),
        ("America/Santiago", "2027-09-05", "00:30", "2027-09-05T04:30"),  # shown as 01:30
        ("America/Santiago", "2027-04-03", "23:30", "2027-04-04T02:30"),  # the first of two
        ("America/Santiago", "2027-04-03", "24:00", "2027-04-04T04:00"),
        ("America/Havana", "2027-11-07", "00:30", "2027-11-07T04:30"),  # the first of two
        ("America/Havana", "2027-11-06", "24:00", "2027-11-07T04:00"),
        ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T22:00"),  # a day that never was
        ("Asia/Kathmandu", "2027-05-01", "09:00", "2027-05-01T03:15"),
    ],
)
def test_a_wall_time_is_one_instant(zone: str, day: str, at: str, expected: str) -> None:
    """A time in a gap moves forward by the gap, and of a repeated one the first is meant."""
    found = instant(date.fromisoformat(day), WallTime.parse(at), ZoneInfo(zone))
    assert datetime.fromtimestamp(found, UTC) == utc(expected)


windows = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda t: t[0] < t[1]), max_size=3
).map(lambda some: tuple(Window(WallTime(s), WallTime(e)) for s, e in some))


@st.composite
def somewhere(draw: st.DrawFn) -> tuple[ZoneInfo, date]:
    """Choose a zone and a day, which more often than not is near a change of its clocks."""
    zone = ZoneInfo(draw(st.sampled_from(CHANGING)))
    days = days_of_change(zone, years=range(2026, 2027)) or [date(2026, 6, 1)]
    return zone, draw(st.sampled_from(days)) + timedelta(days=draw(st.integers(-1, 1)))


@given(
    where=somewhere(),
    weekly=st.dictionaries(st.integers(1, 7), windows),
    data=st.data(),
    cut=st.tuples(st.integers(0, 2 * 1440), st.integers(1, 2 * 1440)),
)
def test_hours_are_what_somebody_with_a_clock_would_write_down(
    where: tuple[ZoneInfo, date],
    weekly: dict[int, tuple[Window, ...]],
    data: st.DataObject,
    cut: tuple[int, int],
) -> None:
    """Windows, exceptions and holidays hold minute for minute what a walk with a clock finds."""
    zone, day = where
    near = st.integers(-2, 2).map(lambda n: day + timedelta(days=n))
    exceptions = data.draw(st.dictionaries(near, windows, max_size=2))
    holidays = data.draw(st.frozensets(near, max_size=1))
    walk = walked(day - timedelta(days=3), zone)
    begins = int(utc(day.isoformat()).timestamp()) - 86400 + cut[0] * 60
    window = Span.of(begins, begins + cut[1] * 60)
    expected: set[int] = set()
    for ahead in range(-2, 3):
        on = day + timedelta(days=ahead)
        parts = exceptions[on] if on in exceptions else weekly.get(on.isoweekday(), ())
        for part in () if on in holidays else parts:
            starts = walk.instant(on, part.start.minutes)
            expected |= set(range(starts, walk.instant(on, part.end.minutes), 60))
    expected &= set(range(window.starts, window.ends, 60))
    found = Hours(weekly, exceptions, holidays, zone=zone).spans(window)
    # Two days either side were walked; what an hour of theirs adds beyond the window was cut.
    assert {m for s, e in found.pairs() for m in range(s, e, 60)} == expected


def test_a_night_shift_is_longer_when_clocks_go_back() -> None:
    """A window lasts from the instant of its start to that of its end, however long that is."""
    here = Hours({7: hours("00:00", "24:00")}, zone=ZoneInfo("Europe/Stockholm"))
    year = Span(datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
    lengths = sorted({span.duration for span in here.spans(year)})
    assert lengths == [timedelta(hours=23), timedelta(hours=24), timedelta(hours=25)]


def test_a_window_that_shrinks_to_nothing_is_left_out() -> None:
    """A window that begins in a gap and ends just behind it has no instant left."""
    here = Hours({7: hours("02:30", "03:15")}, zone=ZoneInfo("Europe/Stockholm"))
    day = Span(datetime(2027, 3, 27, tzinfo=UTC), datetime(2027, 3, 29, tzinfo=UTC))
    assert here.spans(day) == Spans()


def test_midnight_joins_two_days() -> None:
    """A window to 24:00 and one from 00:00 of the next day are one span."""
    here = Hours(
        {1: hours("22:00", "24:00"), 2: hours("00:00", "06:00")}, zone=ZoneInfo("Asia/Tokyo")
    )
    week = Span(datetime(2027, 5, 2, tzinfo=UTC), datetime(2027, 5, 8, tzinfo=UTC))
    assert here.spans(week) == Spans([Span(utc("2027-05-03T13:00"), utc("2027-05-03T21:00"))])


@pytest.mark.parametrize("name", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"])
def test_hours_around_the_clock_hold_every_window(name: str) -> None:
    """Wherever a window begins and ends in the local day, the days it touches are found."""
    here = Hours(dict.fromkeys(EVERY_DAY, hours("00:00", "24:00")), zone=ZoneInfo(name))
    begins = int(utc("2027-05-03T00:00").timestamp())
    for at in range(begins, begins + 86400, 3600):
        for length in (1, 3600, 86400, 30 * 86400):
            window = Span.of(at, at + length)
            assert here.spans(window) == Spans([window])


def test_a_holiday_counts_more_than_an_exception() -> None:
    """On a holiday of the organization nobody has hours, whatever their own exceptions say."""
    day = date(2027, 5, 3)
    here = Hours(
        DEFAULT_WEEK, {day: hours("08:00", "12:00")}, frozenset({day}), zone=ZoneInfo("UTC")
    )
    assert here.on(day) == ()
    assert here.on(date(2027, 5, 4)) == hours("09:00", "17:00")
    assert here.on(date(2027, 5, 8)) == ()


def test_the_ends_of_time_have_hours() -> None:
    """The first and the last days that a date can name are no trouble."""
    here = Hours(dict.fromkeys(EVERY_DAY, hours("00:00", "24:00")), zone=ZoneInfo("Asia/Tokyo"))
    last = Span(datetime(9999, 12, 29, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    first = Span(datetime(1, 1, 2, tzinfo=UTC), datetime(1, 1, 4, tzinfo=UTC))
    assert here.spans(first) == Spans([first])
    assert here.spans(last).covers(last.starts, last.ends - 86400)
    with pytest.raises(ValueError, match="years 1 to 9999"):
        instant(date.max, WallTime(1440), ZoneInfo("UTC"))


@pytest.mark.parametrize(
    "text", ["9:00", "09:60", "24:01", "25:00", "09:00:00", "٠٩:٠٠", "", "-1:00"]
)
def test_a_wall_time_is_written_in_one_way(text: str) -> None:
    """What is not HH:MM between 00:00 and 24:00 is refused."""
    with pytest.raises(ValueError, match="written HH:MM"):
        WallTime.parse(text)


def test_a_wall_time_reads_what_it_writes() -> None:
    """Every minute of a day, and its end, is written as it is read."""
    assert [WallTime.parse(str(WallTime(m))).minutes for m in range(1441)] == list(range(1441))
    with pytest.raises(ValueError, match="between 00:00 and 24:00"):
        WallTime(1441)


def test_a_week_reads_what_it_writes() -> None:
    """Weekly hours come back from JSON as they went; nothing at all is the default week."""
    stored = {"1": [["09:00", "12:00"], ["13:00", "24:00"]], "7": [["00:00", "00:01"]]}
    assert week_to_json(week_from_json(stored)) == stored
    assert week_from_json(None) == DEFAULT_WEEK
    assert week_from_json({}) == week_from_json({"3": []}) == {}
    assert week_to_json(DEFAULT_WEEK) == {str(d): [["09:00", "17:00"]] for d in range(1, 6)}
    assert windows_to_json(windows_from_json([["13:00", "14:00"], ["09:00", "13:00"]])) == [
        ["09:00", "13:00"],
        ["13:00", "14:00"],
    ]


@pytest.mark.parametrize(
    ("stored", "where", "why"),
    [
        ([], "weeklyHours", "Weekly hours are windows by weekday, 1 (Monday) to 7."),
        ({"0": []}, "0", "A weekday is 1 (Monday) to 7 (Sunday)."),
        ({1: []}, "1", "A weekday is 1 (Monday) to 7 (Sunday)."),
        ({"1": "09:00"}, "1", "This is a list of windows."),
        ({"1": [["09:00", "10:00"]] * 25}, "1", "A day has at most 24 windows."),
        ({"1": [["09:00"]]}, "1[0]", "A window is a start and an end."),
        ({"1": [[9, 10]]}, "1[0]", "A window is a start and an end."),
        ({"1": [["9", "10:00"]]}, "1[0].start", "A time is written HH:MM, from 00:00 to 24:00."),
        ({"1": [["09:00", "9"]]}, "1[0].end", "A time is written HH:MM, from 00:00 to 24:00."),
        ({"2": [["24:00", "24:00"]]}, "2[0]", "It ends at 24:00, which is not after 24:00."),
        (
            {"2": [["09:00", "11:00"], ["10:00", "12:00"]]},
            "2",
            "09:00–11:00 and 10:00–12:00 overlap.",
        ),
    ],
)
def test_bad_hours_are_told_with_their_place(stored: object, where: str, why: str) -> None:
    """What cannot be weekly hours is refused with where it is wrong and why."""
    with pytest.raises(BadHours) as refused:
        week_from_json(stored)
    assert (refused.value.where, refused.value.why) == (where, why)


@pytest.mark.parametrize(
    "name", ["", "Europe", "Europe/Atlantis", "../etc/passwd", "/etc/passwd", "europe/paris", "\0"]
)
def test_a_zone_is_named_by_the_database(name: str) -> None:
    """A folder, a path, another spelling and an invention are no zones."""
    with pytest.raises(BadZone):
        zone_named(name)
    assert zone_named("Australia/Lord_Howe") == ZoneInfo("Australia/Lord_Howe")
