"""Time as Exchange says it: names of zones, wall times without an offset, floating days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from together_outlook.times import (
    PER_SCHEDULE,
    PER_VIEW,
    chunks,
    event_span,
    event_times,
    timed_span,
)
from together_outlook.zones import WINDOWS, is_utc, known_zone

from together.domain.spans import Span, Spans
from together.providers import Misconfigured

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)


def timed(start, end, zone="UTC"):
    return {
        "start": {"dateTime": start, "timeZone": zone},
        "end": {"dateTime": end, "timeZone": zone},
    }


def whole_day(start, end, *zones):
    names = zones if len(zones) == 2 else zones * 2
    return {
        **timed(f"{start}T00:00:00.0000000", f"{end}T00:00:00.0000000"),
        "isAllDay": True,
        **dict(zip(("originalStartTimeZone", "originalEndTimeZone"), names, strict=False)),
    }


def test_every_name_leads_to_a_zone():
    """Each of Windows' names stands for a zone that this machine knows."""
    assert {*WINDOWS.values()} <= available_timezones()
    assert len(WINDOWS) > 130


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("w. europe standard time", "Europe/Berlin"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("India Standard Time", "Asia/Kolkata"),
        ("Europe/Stockholm", "Europe/Stockholm"),
        ("UTC", "Etc/UTC"),
        ("tzone://Microsoft/Utc", "Etc/UTC"),
    ],
)
def test_a_zone_is_known_by_either_name(name, key):
    """Windows' names and IANA's lead to the same zones, in any case of Windows' letters."""
    assert known_zone(name) == ZoneInfo(key)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "tzone://Microsoft/Custom",
        "Customized Time Zone",
        "Atlantis Standard Time",
        "../../etc/passwd",
        "/etc/localtime",
        "a\0b",
    ],
)
def test_a_name_that_means_nothing_is_no_zone(name):
    """What is not known is not guessed, and no name reaches a file elsewhere."""
    assert known_zone(name) is None


def test_utc_is_utc_by_every_name():
    """UTC is told from the zones that only look like it in winter."""
    names = ("UTC", "Etc/UTC", "tzone://Microsoft/Utc", "GMT Standard Time", "Europe/London")
    assert [is_utc(known_zone(name)) for name in names] == [True, True, True, False, False]


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        ("2027-03-01T09:00:00.0000000", "2027-03-01T10:00:00.0000000", (0, 3600)),
        ("2027-03-01T09:00:00", "2027-03-01T10:00:00", (0, 3600)),
        ("2027-03-01T09:00:00.9999999", "2027-03-01T10:00:00.0000001", (0, 3601)),
        ("2027-03-01T09:00:00.5", "2027-03-01T09:00:00.75", (0, 1)),
    ],
)
def test_a_part_of_a_second_is_the_whole_one(start, end, span):
    """Seven decimals are read, and rounding never shortens what is busy."""
    starts = int(NINE.timestamp())
    assert timed_span(timed(start, end)) == Span.of(starts + span[0], starts + span[1])


def test_a_wall_time_is_read_on_the_wall_of_its_zone():
    """A zone that was not asked for is still understood, on both sides of a change of clocks."""
    nights = [("2027-03-28T01:30:00", "2027-03-28T03:30:00"), ("2027-10-31T02:30:00",) * 2]
    read = timed_span(timed(*nights[0], "W. Europe Standard Time"))
    assert read == Span(
        datetime(2027, 3, 28, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    )
    assert timed_span(timed(*nights[1], "W. Europe Standard Time")) is None


@pytest.mark.parametrize(
    "entry",
    [
        timed("2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z"),
        timed("2027-03-01T09:00:00+01:00", "2027-03-01T10:00:00+01:00"),
        timed("2027-03-01T09:00:00.00000000", "2027-03-01T10:00:00"),
        timed("2027-03-01", "2027-03-02"),
        timed("2027-02-30T09:00:00", "2027-03-01T10:00:00"),
        timed("1969-12-31T23:00:00", "2027-03-01T10:00:00"),
        timed("2027-03-01T09:00:00", "2200-01-01T00:00:00"),
        timed("2027-03-01T10:00:00", "2027-03-01T09:00:00"),
        timed("2027-03-01T09:00:00.0000002", "2027-03-01T09:00:00.0000001"),
        timed("2027-03-01T09:00:00", "2027-03-01T10:00:00", "Atlantis Standard Time"),
        timed("2027-03-01T09:00:00", "2027-03-01T10:00:00", None),
        timed("tomorrow", "2027-03-01T10:00:00"),
        {"start": {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"}},
        {"start": "2027-03-01T09:00:00", "end": "2027-03-01T10:00:00"},
        whole_day("2027-03-02", "2027-03-01", "W. Europe Standard Time"),
        whole_day("2027-03-01", "2027-03-01", "W. Europe Standard Time"),
    ],
)
def test_times_of_another_shape_are_not_guessed_at(entry):
    """What is not as documented is the operator's affair."""
    with pytest.raises(Misconfigured):
        event_span(entry)


def test_a_day_lies_between_the_midnights_of_the_zone_it_was_made_in():
    """The midnights of an all-day event are said in UTC and meant where it was made."""
    stockholm = ZoneInfo("Europe/Stockholm")
    day = event_span(whole_day("2027-03-28", "2027-03-29", "W. Europe Standard Time"))
    assert day == Span(
        datetime(2027, 3, 28, tzinfo=stockholm), datetime(2027, 3, 29, tzinfo=stockholm)
    )
    assert day.duration == timedelta(hours=23)


@pytest.mark.parametrize(
    "zones",
    [
        (),
        ("UTC",),
        ("tzone://Microsoft/Custom",),
        ("W. Europe Standard Time", "UTC"),
        ("Atlantis Standard Time", "W. Europe Standard Time"),
        # Where it begins after it has ended, the zones say nothing either.
        ("Dateline Standard Time", "Line Islands Standard Time"),
    ],
)
def test_a_day_of_an_unknown_zone_is_one_everywhere(zones):
    """Whoever's day it is, none of it is free: from where it begins first to where it ends last."""
    assert event_span(whole_day("2027-03-01", "2027-03-02", *zones)) == Span(
        datetime(2027, 2, 28, 10, tzinfo=UTC), datetime(2027, 3, 2, 12, tzinfo=UTC)
    )


def test_a_day_everywhere_holds_the_day_of_each_zone():
    """No zone of the world has a day that is not within it."""
    everywhere = event_span(whole_day("2027-07-01", "2027-07-02"))
    for key in {*WINDOWS.values()}:
        zone = ZoneInfo(key)
        day = Span(datetime(2027, 7, 1, tzinfo=zone), datetime(2027, 7, 2, tzinfo=zone))
        assert Spans([day]) - Spans([everywhere]) == Spans()


def test_what_has_no_length_takes_no_time():
    """An event that ends when it begins is at no time."""
    assert event_span(timed("2027-03-01T09:00:00.0000000", "2027-03-01T09:00:00")) is None


def test_a_span_is_written_in_utc_and_read_back():
    """What is sent for a span is that span, and no whole day."""
    span = Span(NINE, NINE + timedelta(hours=1))
    assert event_times(span) == {
        "start": {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2027-03-01T10:00:00", "timeZone": "UTC"},
        "isAllDay": False,
    }
    assert event_span(event_times(span)) == span


@pytest.mark.parametrize("longest", [PER_SCHEDULE, PER_VIEW])
@pytest.mark.parametrize("days", [0.01, 59, 60, 61, 62, 121, 1800, 4000])
def test_chunks_leave_no_gap(days, longest):
    """The pieces of a window join to the window, and none is longer than Graph allows."""
    window = Span(NINE, NINE + timedelta(days=days))
    pieces = [*chunks(window, longest)]
    assert Spans.of(pieces) == Spans([window])
    assert max(ends - starts for starts, ends in pieces) <= longest
    assert all(a[1] == b[0] for a, b in pairwise(pieces))
