"""Wall times around a change of clocks: twice, or never, and none of it is shown as free."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from together_outlook.times import event_span, timed_span

from together.domain.spans import Span
from together.providers import Misconfigured

EUROPE, LORD_HOWE, NEW_YORK = (
    "W. Europe Standard Time",
    "Lord Howe Standard Time",
    "Eastern Standard Time",
)


def entry(start, end, zone):
    return {
        "start": {"dateTime": f"{start}:00.0000000", "timeZone": zone},
        "end": {"dateTime": f"{end}:00.0000000", "timeZone": zone},
    }


def utc(start, end):
    return Span(*(datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in (start, end)))


@pytest.mark.parametrize(
    ("zone", "start", "end", "starts", "ends"),
    [
        # The hour from two to three is there twice.
        (EUROPE, "2026-10-25T01:30", "2026-10-25T01:45", "2026-10-24T23:30", "2026-10-24T23:45"),
        (EUROPE, "2026-10-25T02:30", "2026-10-25T02:45", "2026-10-25T00:30", "2026-10-25T01:45"),
        (EUROPE, "2026-10-25T02:45", "2026-10-25T02:15", "2026-10-25T00:45", "2026-10-25T01:15"),
        (EUROPE, "2026-10-25T02:30", "2026-10-25T03:00", "2026-10-25T00:30", "2026-10-25T02:00"),
        (EUROPE, "2026-10-25T03:00", "2026-10-25T04:00", "2026-10-25T02:00", "2026-10-25T03:00"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T02:45", "2026-10-25T00:30",
         "2026-10-25T01:45"),
        (NEW_YORK, "2026-11-01T01:15", "2026-11-01T01:30", "2026-11-01T05:15", "2026-11-01T06:30"),
        (NEW_YORK, "2026-11-01T00:30", "2026-11-01T02:30", "2026-11-01T04:30", "2026-11-01T07:30"),
        # Half an hour, on Lord Howe Island: from half past one to two.
        (LORD_HOWE, "2027-04-04T01:40", "2027-04-04T01:50", "2027-04-03T14:40",
         "2027-04-03T15:20"),
        (LORD_HOWE, "2027-04-04T01:50", "2027-04-04T01:35", "2027-04-03T14:50",
         "2027-04-03T15:05"),
        # The hour from two to three is not there at all.
        (EUROPE, "2027-03-28T01:30", "2027-03-28T03:30", "2027-03-28T00:30", "2027-03-28T01:30"),
        (EUROPE, "2027-03-28T02:30", "2027-03-28T02:45", "2027-03-28T00:30", "2027-03-28T01:45"),
        (EUROPE, "2027-03-28T02:30", "2027-03-28T03:15", "2027-03-28T00:30", "2027-03-28T01:15"),
        (EUROPE, "2027-03-28T01:45", "2027-03-28T02:15", "2027-03-28T00:45", "2027-03-28T01:15"),
        (NEW_YORK, "2027-03-14T02:30", "2027-03-14T02:45", "2027-03-14T06:30", "2027-03-14T07:45"),
        (LORD_HOWE, "2026-10-04T02:10", "2026-10-04T02:20", "2026-10-03T15:10",
         "2026-10-03T15:50"),
        ("UTC", "2026-10-25T01:30", "2026-10-25T01:45", "2026-10-25T01:30", "2026-10-25T01:45"),
    ],
)  # fmt: skip
def test_around_a_change_of_clocks(zone, start, end, starts, ends):
    """Whichever instants were meant, they are within what is read, and no change fails a reading.

    Away from the change nothing is any longer than it is.
    """
    assert timed_span(entry(start, end, zone)) == utc(starts, ends)


@pytest.mark.parametrize("when", ["2026-10-25T02:30", "2027-03-28T02:30", "2026-07-01T02:30"])
def test_no_length_at_a_change_of_clocks(when):
    """What begins and ends at one time of one zone takes no time, however often it is shown."""
    assert timed_span(entry(when, when, EUROPE)) is None


@pytest.mark.parametrize("day", ["2026-10-25", "2026-10-24", "2027-03-28"])
def test_an_end_before_its_start(day):
    """What no change of clocks explains is no time, and the reading says so."""
    with pytest.raises(Misconfigured):
        timed_span(entry(f"{day}T12:45", f"{day}T12:15", EUROPE))


def test_a_whole_day_that_begins_in_a_gap():
    """In Havana and Beirut the clocks change at midnight, and the day is taken from either side."""
    for zone, day, after, starts, ends in (
        ("Cuba Standard Time", "2026-11-01", "2026-11-02", "2026-11-01T04:00", "2026-11-02T05:00"),
        ("Cuba Standard Time", "2026-10-31", "2026-11-01", "2026-10-31T04:00", "2026-11-01T05:00"),
        ("Middle East Standard Time", "2027-03-28", "2027-03-29", "2027-03-27T21:00",
         "2027-03-28T21:00"),
    ):  # fmt: skip
        event = entry(f"{day}T00:00", f"{after}T00:00", "UTC") | {
            "isAllDay": True,
            "originalStartTimeZone": zone,
            "originalEndTimeZone": zone,
        }
        assert event_span(event) == utc(starts, ends)
