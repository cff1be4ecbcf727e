"""Whoever else acts at the same moment, a series is moved wholly or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.services.asking import NINE, request
from tests.services.diary import viewer
from tests.services.planning import states
from tests.services.rearranging import BEFORE, WEEK, asked, refused, starts
from tests.world import HOUR, World
from together.services.sessions import series_moving, series_rescheduling
from together.services.sessions.booking import Bookings
from together.services.sessions.series_refusals import SeriesConflicts
from together.services.sessions.series_rescheduling import SeriesRescheduling
from together.services.sessions.session_refusals import (
    SessionChanged,
)
from together.store.models import (
    Booking,
    Seat,
)


async def test_moved_at_once(world: World, moving: SeriesRescheduling, booked: Sequence[Booking]):
    """Of many who move one series at once, one has it moved wholly, and the others look again."""
    ends = await asyncio.gather(
        *(
            moving.reschedule(
                viewer((world.ada, world.ben)[n % 2]),
                asked(booked[0], NINE + (n + 1) * HOUR, client_key=f"{n}"),
            )
            for n in range(4)
        ),
        return_exceptions=True,
    )
    kinds = {type(each) for each in ends if isinstance(each, BaseException)}
    assert kinds <= {SessionChanged}
    offsets = {at - (number - 1) * 168 for number, at in await starts()}
    assert len(offsets) == 1
    assert await Seat.filter(live=True).count() == 8


async def test_a_time_taken_while_moving(
    world: World, bookings: Bookings, moving: SeriesRescheduling, booked: Sequence[Booking],
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    """A time that is taken between looking and moving is in the report, and nothing is moved."""
    move = series_moving.move

    async def late(plan: series_moving.Plan):
        monkeypatch.setattr(series_moving, "move", move)
        await bookings.book(viewer(world.ben), request(world, start=NINE + 2 * WEEK + HOUR))
        return await move(plan)

    monkeypatch.setattr(series_rescheduling.series_moving, "move", late)
    report = await refused(moving, world, asked(booked[0], NINE + HOUR))
    assert states(report) == ["BOOKABLE", "BOOKABLE", "UNAVAILABLE", "BOOKABLE"]
    assert [each for each in await starts() if each[0]] == BEFORE


async def test_the_database_refuses_an_overlap(
    world: World, bookings: Bookings, moving: SeriesRescheduling, booked: Sequence[Booking],
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    """Where nobody looks whether the times are taken, the database does, and none is moved."""
    await bookings.book(viewer(world.ben), request(world, start=NINE + 2 * WEEK + HOUR))
    looked_at = series_rescheduling.report
    monkeypatch.setattr(
        series_rescheduling,
        "report",
        lambda *given, **more: replace(
            told := looked_at(*given, **more),
            occurrences=[replace(each, state="BOOKABLE") for each in told.occurrences],
        ),
    )
    monkeypatch.setattr(series_moving, "open_in_turn", lambda *_: [True])
    with pytest.raises(SeriesConflicts):
        await moving.reschedule(viewer(world.ada), asked(booked[0], NINE + HOUR))
    assert [each for each in await starts() if each[0]] == BEFORE
    assert await Seat.filter(live=True).count() == 10
