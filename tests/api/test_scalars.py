"""The scalars: what they hold, how they print, and what they refuse."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from together.api.scalars import (
    parse_day,
    parse_instant,
    parse_wall,
    parse_zone,
    print_instant,
)


@given(st.integers(0, 253_402_300_799))
def test_an_instant_comes_back(seconds: int):
    """What is printed is ISO 8601 in UTC, and is read as the same instant."""
    text = print_instant(seconds)
    assert text == datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    assert parse_instant(text) == seconds


def test_offsets():
    """The same moment in two offsets is one instant; parts of a second are cut."""
    assert parse_instant("2026-03-02T10:00:00+01:00") == parse_instant("2026-03-02T09:00:00.9Z")


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-02T09:00:00",
        "2026-03-02",
        "2026-02-30T09:00:00Z",
        "2026-03-02T25:00:00Z",
        "2026-03-02 09:00:00Z",
        "1969-12-31T23:59:59Z",
        "٢٠٢٦-03-02T09:00:00Z",
        1772442000,
        None,
        True,
        "",
    ],
)
def test_no_instant(value):
    """A time without an offset, one that does not exist, and a number are refused with words."""
    with pytest.raises(GraphQLError, match="is not a DateTime") as caught:
        parse_instant(value)
    assert caught.value.extensions == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("value", ["Europe/Atlantis", "", "../etc/passwd", "europe/paris", 3, None])
def test_no_zone(value):
    """A name that the IANA database does not have is refused, and nothing is opened for it."""
    with pytest.raises(GraphQLError, match="is not an IANA time zone"):
        parse_zone(value)


def test_zones():
    """Names of the IANA database are zones."""
    assert [parse_zone(name) for name in ("Asia/Kolkata", "UTC")] == ["Asia/Kolkata", "UTC"]


@pytest.mark.parametrize("value", ["9:00", "09:60", "24:01", "25:00", "09:00:00", "", 900, None])
def test_no_wall_time(value):
    """Only HH:MM is a time of day."""
    with pytest.raises(GraphQLError, match="is not a WallTime"):
        parse_wall(value)


def test_wall_times():
    """Midnight is 00:00 as a beginning and 24:00 as an end."""
    assert [parse_wall(text) for text in ("00:00", "23:59", "24:00")] == ["00:00", "23:59", "24:00"]


@pytest.mark.parametrize("value", ["2026-02-29", "2026-13-01", "26-01-01", "20260101", 5])
def test_no_date(value):
    """A day that does not exist is refused."""
    with pytest.raises(GraphQLError, match="is not a Date"):
        parse_day(value)
    assert parse_day("2028-02-29") == "2028-02-29"


def test_a_long_value_is_cut():
    """What is rejected is shown, but not all of it."""
    with pytest.raises(GraphQLError) as caught:
        parse_zone("x" * 5000)
    assert len(caught.value.message) < 200
