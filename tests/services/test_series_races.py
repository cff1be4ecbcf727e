"""However many book the same times at once, and whatever changes meanwhile, one series is whole."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.asking import NINE, request, rows
from tests.services.diary import Diaries, connect, viewer
from tests.services.planning import wanted
from tests.world import DAY, HOUR, World
from together.services.sessions import series as module
from together.services.sessions import taking
from together.services.sessions.booking import Bookings
from together.services.sessions.series import SeriesBookings
from together.services.sessions.series_refusals import SeriesConflicts
from together.store.models import Booking, CalendarEvent, Integration, Job, Seat, Series
from together.store.transaction import transaction

WEEK = 7 * DAY


async def test_fifty_at_once(world: World, diaries: Diaries, series: SeriesBookings):
    """Of fifty series for the same times one is booked wholly, and the others not at all."""
    await connect(world.ada)
    people = [world.ada, world.ben]
    answers = await asyncio.gather(
        *(series.book(viewer(people[n % 2]), wanted(world, client_key=f"{n}")) for n in range(50)),
        return_exceptions=True,
    )
    names = sorted(type(each).__name__ for each in answers)
    assert names == ["BookedSeries"] + ["SeriesConflicts"] * 49
    refused = [each for each in answers if isinstance(each, SeriesConflicts)]
    assert {
        tuple(each.state.value for each in refusal.report.occurrences) for refusal in refused
    } == {("UNAVAILABLE",) * 4}
    assert (await Series.all().count(), (await rows())["Booking"]) == (1, 4)
    assert await Seat.filter(live=True).count() == 8


async def test_series_that_cross_at_once(world: World, series: SeriesBookings, bookings: Bookings):
    """Two series of one person with a week in common, and a session in it: nothing half booked."""
    answers = await asyncio.gather(
        series.book(viewer(world.ada), wanted(world, client_key="1")),
        series.book(viewer(world.ben), wanted(world, start=NINE + 3 * WEEK, client_key="2")),
        bookings.book(viewer(world.ben), request(world, start=NINE + 3 * WEEK)),
        return_exceptions=True,
    )
    assert all(
        type(each).__name__ in ("BookedSeries", "Booked", "SeriesConflicts", "SlotUnavailable")
        for each in answers
    )
    sizes = {
        each.id: await Booking.filter(series_id=each.id).count() for each in await Series.all()
    }
    assert set(sizes.values()) <= {4}
    starts = await Booking.all().values_list("starts", flat=True)
    assert len(starts) == len(set(starts)) >= 1


async def test_the_same_key_at_once(world: World, series: SeriesBookings):
    """The same request ten times at once books one series, and every answer names it."""
    answers = await asyncio.gather(
        *(series.book(viewer(world.ada), wanted(world)) for _ in range(10))
    )
    assert len({each.series.id for each in answers}) == 1
    assert (await rows())["Booking"] == 4


async def test_one_key_for_two_matches_at_once(world: World, series: SeriesBookings):
    """One key for two inputs at once: one series, and one clear no."""
    asked = [
        wanted(world, match_uid=match.uid, start=start, outside_hours=True)
        for match, start in ((world.match, NINE), (world.other_match, NINE + HOUR))
    ]
    answers = await asyncio.gather(
        *(series.book(viewer(world.ada), each) for each in asked), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in answers) == ["BookedSeries", "KeyReused"]
    assert (await rows())["Booking"] == 4


@pytest.mark.parametrize("back", [True, False])
async def test_the_organizer_changes_while_booking(
    world: World,
    diaries: Diaries,
    series: SeriesBookings,
    monkeypatch: pytest.MonkeyPatch,
    back: bool,
):
    """A calendar that was connected anew meanwhile holds all the events, or none if it is gone."""
    ada = await connect(world.ada)
    taken = 0

    async def late(work):
        nonlocal taken
        taken += 1
        if taken == 1 or not back:
            await Integration.filter(id=ada.id).update(generation=taken)
        return await transaction(work)

    monkeypatch.setattr(module, "transaction", late)
    booked = await series.book(viewer(world.ada), wanted(world))
    video = "memory_meet" if back else None
    assert ({each.video for each in booked.bookings}, taken) == ({video}, 2)
    assert await CalendarEvent.all().count() == (4 if back else 0)


async def test_a_time_taken_while_booking(
    world: World, series: SeriesBookings, bookings: Bookings, monkeypatch: pytest.MonkeyPatch
):
    """A time that is taken between looking and taking is in the report, and nothing is left."""
    take = taking.take

    async def late(plan: taking.Plan):
        if plan.recurrence is not None:
            monkeypatch.setattr(taking, "take", take)
            await bookings.book(viewer(world.ben), request(world, start=NINE + 2 * WEEK))
        return await take(plan)

    monkeypatch.setattr(taking, "take", late)
    with pytest.raises(SeriesConflicts) as caught:
        await series.book(viewer(world.ada), wanted(world))
    told = [each.state.value for each in caught.value.report.occurrences]
    assert told == ["BOOKABLE", "BOOKABLE", "UNAVAILABLE", "BOOKABLE"]
    assert (await Series.all().count(), await Booking.all().count()) == (0, 1)


async def test_cut_off_half_way(world: World, diaries: Diaries, series: SeriesBookings):
    """A mutation cut off anywhere leaves a whole series or none, and its key finds it."""
    await connect(world.ada)
    for pause in range(12):
        asked = wanted(
            world, start=NINE + (pause % 6) * HOUR + (pause // 6) * DAY, client_key=f"{pause}"
        )
        task = asyncio.create_task(series.book(viewer(world.ada), asked))
        await asyncio.sleep(pause * 0.003)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        booked = await series.book(viewer(world.ada), asked)
        ids = [each.id for each in booked.bookings]
        assert (len(ids), await Job.filter(booking_id__in=ids).count()) == (4, 8)
    assert (await Series.all().count(), await Booking.all().count()) == (12, 48)
