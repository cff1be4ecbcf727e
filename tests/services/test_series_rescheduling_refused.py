"""Where one session of a series cannot be moved, none is, and it is said why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.services.asking import NINE, request
from tests.services.diary import Diaries, connect, viewer
from tests.services.planning import states, wanted
from tests.services.rearranging import BEFORE, WEEK, asked, refused, starts
from tests.world import DAY, HOUR, MINUTE, NOW, World
from together.domain.recurrence import Repeats
from together.services.refusals import (
    DurationNotOffered,
    InvalidInput,
    MatchHasEnded,
    NotFound,
    Refusal,
    TooFarAhead,
    TooManySessions,
    TooSoon,
    UnknownZone,
)
from together.services.sessions.booking import Bookings
from together.services.sessions.series import SeriesBookings
from together.services.sessions.series_rescheduling import SeriesRescheduling
from together.services.sessions.taking import MOST_CHANGES
from together.store.models import (
    Booking,
    CalendarEvent,
    History,
    Match,
)


async def test_conflicts(
    world: World, bookings: Bookings, moving: SeriesRescheduling, booked: Sequence[Booking]
):
    """Where one cannot be moved none is; the report says which, and what can be had instead."""
    other = request(world, start=NINE + 2 * WEEK + HOUR, client_key="other", over_busy=True)
    await bookings.book(viewer(world.ada), other)
    report = await refused(moving, world, asked(booked[1], NINE + WEEK + HOUR))
    assert states(report) == ["BOOKABLE", "UNAVAILABLE", "BOOKABLE"]
    assert [each.number for each in report.occurrences] == [2, 3, 4]
    assert NINE + 2 * WEEK in report.occurrences[1].alternatives  # where it is is its own
    assert await starts() == sorted([*BEFORE, (None, 337)], key=lambda each: each[1])
    for n, way in enumerate(({"skip": frozenset({3})}, {"instead": {3: NINE + 2 * WEEK + DAY}})):
        made = asked(booked[1], NINE + WEEK + HOUR, client_key=f"{n}", **way)
        await moving.reschedule(viewer(world.ada), made)
    assert (4, 505) in await starts()


async def test_over_busy_time_only_when_said(
    world: World, diaries: Diaries, moving: SeriesRescheduling, booked: Sequence[Booking]
):
    """A calendar that the mover sees is in the way unless they say so; their own events are not."""
    await connect(world.ada)
    await connect(world.ben)
    ada, ben = diaries.of(world.ada), diaries.of(world.ben)
    ada.busy = [(each.starts, each.ends) for each in booked]  # the sessions themselves
    made = asked(booked[0], NINE + 30 * MINUTE)
    ben.busy = [(NINE + WEEK + HOUR, NINE + WEEK + 2 * HOUR)]
    assert states(await refused(moving, world, made)) == [
        "BOOKABLE", "BUSY", "BOOKABLE", "BOOKABLE",
    ]  # fmt: skip
    await moving.reschedule(viewer(world.ada), replace(made, over_busy=True))
    assert {each.starts for each in await Booking.all()} == {
        each.starts + 30 * MINUTE for each in booked
    }


async def test_outside_hours_only_when_said(
    world: World, moving: SeriesRescheduling, booked: Sequence[Booking]
):
    """Outside somebody's weekly hours only when it is said."""
    made = asked(booked[0], NINE + 10 * HOUR)
    assert set(states(await refused(moving, world, made))) == {"OUTSIDE_HOURS"}
    await moving.reschedule(viewer(world.ada), replace(made, outside_hours=True))
    assert await starts() == [(n + 1, n * 168 + 10) for n in range(4)]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"zone": "Mars/Olympus"}, UnknownZone),
        ({"start": -1}, InvalidInput),
        ({"start": NINE + MINUTE}, InvalidInput),
        ({"instead": {2: NINE + WEEK + MINUTE}}, InvalidInput),
        ({"instead": {2: NINE + WEEK + 4 * DAY}}, InvalidInput),
        ({"instead": {1: NINE}}, InvalidInput),
        ({"instead": {2: NINE + WEEK}, "skip": frozenset({2})}, InvalidInput),
        ({"skip": frozenset({5})}, InvalidInput),
        ({"client_key": " "}, InvalidInput),
        ({"duration": 50}, DurationNotOffered),
        ({"start": NOW + HOUR}, TooSoon),
        ({"start": NINE + 60 * DAY}, TooFarAhead),
        ({"booking_uid": "unknown"}, NotFound),
    ],
)
async def test_refused_and_recovers(
    world: World, moving: SeriesRescheduling, booked: Sequence[Booking], change, refusal
):
    """What is refused leaves all of them where they are, and the same key serves again."""
    made = asked(booked[0], NINE + HOUR)
    with pytest.raises(refusal) as caught:
        await moving.reschedule(viewer(world.ada), replace(made, **change))
    assert (caught.type, await starts()) == (refusal, BEFORE)
    await moving.reschedule(viewer(world.ada), made)
    assert await starts() == [(n + 1, n * 168 + 1) for n in range(4)]


async def test_refused_as_things_are(
    world: World, bookings: Bookings, moving: SeriesRescheduling, booked: Sequence[Booking]
):
    """Nobody else, no session without a series, no closed match, and not too often."""
    made = asked(booked[0], NINE + HOUR)

    async def no(kind: type[Refusal], *who: Any, **change: Any) -> None:
        for each in who or (world.ada,):
            with pytest.raises(kind):
                await moving.reschedule(viewer(each), replace(made, **change))

    await no(NotFound, world.hana, world.dev, world.chiara, world.mira)
    alone = (await bookings.book(viewer(world.ada), request(world, start=NINE + 5 * HOUR))).booking
    await no(InvalidInput, booking_uid=alone.uid)
    given = {"organization_id": alone.organization_id, "booking_id": alone.id, "what": "X"}
    await History.all().delete()
    await History.bulk_create(History(at=NOW, **given) for _ in range(MOST_CHANGES - 3))
    await no(TooManySessions)
    await Match.filter(id=world.match.id).update(state="ENDED")
    await no(MatchHasEnded)


async def test_a_year_at_most(world: World, series: SeriesBookings, moving: SeriesRescheduling):
    """A monthly series of a year and a day is not moved to where it would be longer than a year."""
    made = wanted(world, repeats=Repeats.MONTHLY, count=13, start=NINE + 4 * WEEK)
    booked = (await series.book(viewer(world.ada), made)).bookings
    with pytest.raises(InvalidInput) as caught:
        await moving.reschedule(viewer(world.ada), asked(booked[0], NINE + 13 * WEEK))
    assert caught.value.field == "start"
    await moving.reschedule(viewer(world.ada), asked(booked[1], NINE + 5 * WEEK))


async def test_nothing_hidden(
    world: World, diaries: Diaries, series: SeriesBookings, moving: SeriesRescheduling,
    statements: list[str],
):  # fmt: skip
    """Moving tells who is not integrated nothing of the other's calendar, to the statement."""
    seen = []
    for n in range(2):
        if n:
            await connect(world.ben)
            diaries.of(world.ben).busy = [(NINE, NINE + 50 * DAY)]
        made = wanted(world, client_key=f"{n}", start=NINE + n * 3 * HOUR)
        booked = (await series.book(viewer(world.ada), made)).bookings
        statements.clear()
        there = asked(booked[0], NINE + n * 3 * HOUR + HOUR, client_key=f"{n}")
        moved = await moving.reschedule(viewer(world.ada), there)
        seen.append(([each.partition(" WHERE ")[0] for each in statements], moved.unchecked))
    assert seen[0] == seen[1]
    assert diaries.calls == {}


async def test_as_many_statements_as_for_two(
    world: World, diaries: Diaries, series: SeriesBookings, moving: SeriesRescheduling,
    statements: list[str],
):  # fmt: skip
    """Fifty sessions are moved with as many statements as two."""
    await connect(world.ada)
    await connect(world.ben)
    counts = []
    for count in (2, 50):
        made = wanted(world, count=count, client_key=f"{count}", zone="UTC")
        booked = (await series.book(viewer(world.ada), made)).bookings
        statements.clear()
        there = asked(booked[0], NINE + HOUR, client_key=f"{count}", zone="UTC")
        await moving.reschedule(viewer(world.ada), there)
        counts.append(len(statements))
        await Booking.all().delete()
        await CalendarEvent.all().delete()
    assert counts[0] == counts[1]
    assert counts[0] < 45
