"""What the tests of series ask for."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from tests.services.asking import NINE
from tests.services.diary import viewer
from tests.world import World
from together.domain.recurrence import Repeats
from together.services.sessions.series import SeriesBookings
from together.services.sessions.series_refusals import SeriesConflicts
from together.services.sessions.series_values import SeriesQuestion, SeriesReport, SeriesRequest
from together.store.models import Member

_ASKED = {field.name for field in fields(SeriesQuestion)}


def question(world: World, **change: Any) -> SeriesQuestion:
    asked = SeriesQuestion(
        match_uid=world.match.uid, start=NINE, duration=45, zone="Europe/Stockholm",
        repeats=Repeats.WEEKLY, count=4,
    )  # fmt: skip
    return replace(asked, **change)


def wanted(world: World, **change: Any) -> SeriesRequest:
    """Ask for four Tuesdays at ten in Stockholm."""
    asked = {name: value for name, value in change.items() if name in _ASKED}
    rest = {name: value for name, value in change.items() if name not in _ASKED}
    return replace(SeriesRequest(question(world, **asked), client_key="key-1"), **rest)


async def refused(series: SeriesBookings, who: Member, world: World, **change: Any) -> SeriesReport:
    """Book, see it refused for its conflicts, and give the report."""
    with pytest.raises(SeriesConflicts) as caught:
        await series.book(viewer(who), wanted(world, **change))
    return caught.value.report


def states(report: SeriesReport) -> list[str]:
    return [each.state.value for each in report.occurrences]
