"""What the tests of moving a series ask for, and where its sessions stand afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.services.asking import NINE
from tests.services.diary import viewer
from tests.world import DAY, HOUR, World
from together.services.sessions.series_moving import SeriesMoveRequest
from together.services.sessions.series_refusals import SeriesConflicts
from together.services.sessions.series_rescheduling import SeriesRescheduling
from together.services.sessions.series_values import SeriesReport
from together.store.models import Booking, BookingState

WEEK = 7 * DAY


def asked(first: Booking, start: int, **change: Any) -> SeriesMoveRequest:
    made = SeriesMoveRequest(first.uid, start, "Europe/Stockholm", "moved")
    return replace(made, **change)


async def starts() -> list[tuple[int | None, int]]:
    """Give number and start of every session that stands, in hours after the first one's."""
    rows = await Booking.filter(state=BookingState.CONFIRMED).order_by("starts")
    return [(each.occurrence, (each.starts - NINE) // HOUR) for each in rows]


BEFORE = [(n + 1, n * 168) for n in range(4)]


async def refused(
    moving: SeriesRescheduling, world: World, made: SeriesMoveRequest
) -> SeriesReport:
    with pytest.raises(SeriesConflicts) as caught:
        await moving.reschedule(viewer(world.ada), made)
    assert "moved" in caught.value.message
    return caught.value.report
