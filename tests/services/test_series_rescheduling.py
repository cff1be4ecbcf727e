"""What is left of a series is given other times, with all that the move of one brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.services.asking import NINE
from tests.services.diary import REGISTRY, Diaries, connect, viewer
from tests.services.planning import wanted
from tests.services.rearranging import BEFORE, WEEK, asked, starts
from tests.services.secretary import Secretary
from tests.world import DAY, HOUR, MINUTE, NOW, FakeClock, World
from together.domain.recurrence import Repeats
from together.providers.errors import ProviderUnavailable
from together.services.availability.busy import Busy
from together.services.refusals import (
    InvalidInput,
    KeyReused,
)
from together.services.sessions.booking import Bookings
from together.services.sessions.moving import MoveRequest
from together.services.sessions.rescheduling import Rescheduling
from together.services.sessions.series import SeriesBookings
from together.services.sessions.series_rescheduling import SeriesRescheduling
from together.services.sessions.session_refusals import (
    SessionHasBegun,
    SessionIsCancelled,
)
from together.store.models import (
    Booking,
    History,
    Job,
    JobKind,
    Match,
    Seat,
    Series,
)


async def test_this_and_following(
    world: World, moving: SeriesRescheduling, booked: Sequence[Booking], woken: list[str]
):
    """From the second on all are moved, with everything that the move of one brings."""
    ada, ben = world.ada, world.ben
    await Seat.all().update(answer="ACCEPTED")
    moved = await moving.reschedule(viewer(ben), asked(booked[1], NINE + WEEK + DAY + 2 * HOUR))
    assert await starts() == [(1, 0), (2, 194), (3, 362), (4, 530)]
    ids = [each.id for each in booked[1:]]
    assert [(each.id, each.sequence, each.ends - each.starts) for each in moved.bookings] == [
        (each, 1, 45 * MINUTE) for each in ids
    ]
    assert await Seat.all().order_by("booking_id", "member_id").values_list(
        "booking_id", "member_id", "starts", "ends", "live", "answer"
    ) == [
        (booked[0].id, each.id, NINE, NINE + 45 * MINUTE, True, "ACCEPTED") for each in (ada, ben)
    ] + [
        (each.id, who.id, each.starts, each.ends, True, answer)
        for each in moved.bookings
        for who, answer in ((ada, "NEEDS_ACTION"), (ben, "ACCEPTED"))
    ]
    revised = Job.filter(kind=JobKind.REVISE_EVENT).order_by("id")
    assert await revised.values_list("booking_id", "integration_id") == [(n, None) for n in ids]
    assert await History.filter(what="RESCHEDULED").order_by("id").values_list(
        "booking_id", "member_id", "at"
    ) == [(each, ben.id, NOW) for each in ids]
    assert (await Series.get()).rule == moved.series.rule == "FREQ=WEEKLY;INTERVAL=1;BYDAY=WE"
    assert woken == ["woken"]


async def test_by_a_whole_week(world: World, moving: SeriesRescheduling, booked: Sequence[Booking]):
    """Each comes to where the next one was, and none is in the way of another."""
    await moving.reschedule(viewer(world.ada), asked(booked[0], NINE + WEEK))
    assert await starts() == [(n + 1, (n + 1) * 168) for n in range(4)]
    await moving.reschedule(viewer(world.ada), asked(booked[0], NINE, client_key="back"))
    assert await starts() == BEFORE


async def test_the_clock_is_kept(world: World, series: SeriesBookings, moving: SeriesRescheduling):
    """The series' own clock shows the same for all, in winter and summer, whoever moves them."""
    booked = (await series.book(viewer(world.ada), wanted(world, count=40))).bookings
    moved = await moving.reschedule(
        viewer(world.ben), asked(booked[2], booked[2].starts + 3 * HOUR, zone="Africa/Lagos")
    )
    shown = {
        datetime.fromtimestamp(each.starts, ZoneInfo("Europe/Stockholm")).strftime("%a %H:%M")
        for each in moved.bookings
    }
    hours = {datetime.fromtimestamp(each.starts, UTC).hour for each in moved.bookings}
    assert (len(moved.bookings), shown, hours) == (38, {"Tue 13:00"}, {11, 12})
    assert {each.zone for each in moved.bookings} == {"Europe/Stockholm"}


async def test_monthly(world: World, series: SeriesBookings, moving: SeriesRescheduling):
    """A monthly series goes on by the weekday of the month that its first new day is."""
    made = wanted(world, repeats=Repeats.MONTHLY, count=4)
    booked = (await series.book(viewer(world.ada), made)).bookings
    ninth = datetime(2026, 12, 9, 9, tzinfo=UTC)
    moved = await moving.reschedule(viewer(world.ada), asked(booked[0], int(ninth.timestamp())))
    days = [datetime.fromtimestamp(each.starts, UTC).strftime("%d %b") for each in moved.bookings]
    assert days == ["09 Dec", "13 Jan", "10 Feb", "10 Mar"]  # second Wednesdays
    assert moved.series.rule == "FREQ=MONTHLY;INTERVAL=1;BYDAY=2WE"


async def test_moved_for_itself_before(
    world: World, diaries: Diaries, clock: FakeClock, moving: SeriesRescheduling,
    booked: Sequence[Booking],
):  # fmt: skip
    """One that had been moved for itself comes onto the pattern too, unless it is to stay."""
    one = Rescheduling(busy=Busy(diaries, clock), clock=clock)
    there = MoveRequest(booked[2].uid, NINE + 2 * WEEK + DAY, "Africa/Lagos", "one")
    await one.reschedule(viewer(world.ben), there)
    made = asked(booked[1], NINE + WEEK + 2 * HOUR, skip=frozenset({3}))
    await moving.reschedule(viewer(world.ada), made)
    assert await starts() == [(1, 0), (2, 170), (3, 360), (4, 506)]
    await moving.reschedule(viewer(world.ada), asked(booked[1], NINE + WEEK, client_key="again"))
    assert await starts() == BEFORE
    assert (await Booking.get(id=booked[2].id)).zone == "Europe/Stockholm"


async def test_instead_and_longer(
    world: World, moving: SeriesRescheduling, booked: Sequence[Booking]
):
    """Some are put elsewhere by their number, and all take as long as is said."""
    made = asked(booked[0], NINE + HOUR, duration=60, instead={3: NINE + 2 * WEEK + DAY})
    moved = await moving.reschedule(viewer(world.ada), made)
    assert await starts() == [(1, 1), (2, 169), (3, 360), (4, 505)]
    assert {each.ends - each.starts for each in moved.bookings} == {HOUR}


async def test_what_is_past_done_or_cancelled_stays(
    world: World, bookings: Bookings, clock: FakeClock, moving: SeriesRescheduling,
    booked: Sequence[Booking],
):  # fmt: skip
    """A session that has begun, was marked as done or was cancelled is not touched."""
    await bookings.cancel(viewer(world.ada), booked[2].uid)
    clock.now = NINE + HOUR
    with pytest.raises(SessionHasBegun):
        await moving.reschedule(viewer(world.ada), asked(booked[0], NINE + WEEK + HOUR))
    with pytest.raises(SessionIsCancelled):
        await moving.reschedule(viewer(world.ada), asked(booked[2], NINE + 3 * WEEK))
    made = asked(booked[1], NINE + WEEK + HOUR, skip=frozenset({3}))
    with pytest.raises(InvalidInput):
        await moving.reschedule(viewer(world.ada), made)
    moved = await moving.reschedule(viewer(world.ada), asked(booked[1], NINE + WEEK + HOUR))
    assert [each.occurrence for each in moved.bookings] == [2, 4]
    assert await starts() == [(1, 0), (2, 169), (4, 505)]
    assert (await Booking.get(id=booked[2].id)).starts == NINE + 2 * WEEK


async def test_unchecked(
    world: World, diaries: Diaries, moving: SeriesRescheduling, booked: Sequence[Booking]
):
    """It is said whose calendar could not be read for the new times."""
    await connect(world.ada)
    await connect(world.ben)
    diaries.of(world.ben).always = ProviderUnavailable()
    moved = await moving.reschedule(viewer(world.ada), asked(booked[0], NINE + HOUR))
    assert [each.id for each in moved.unchecked] == [world.ben.id]


async def test_client_key(
    world: World, moving: SeriesRescheduling, booked: Sequence[Booking], woken: list[str]
):
    """The same key moves once, and is answered afresh; with another input it is refused."""
    made = asked(booked[1], NINE + WEEK + HOUR)
    await moving.reschedule(viewer(world.ada), made)
    await moving.reschedule(viewer(world.ben), asked(booked[1], NINE + WEEK, client_key="back"))
    again = await moving.reschedule(viewer(world.ada), made)
    assert [each.starts for each in again.bookings] == [each.starts for each in booked[1:]]
    assert (again.series.rule, len(woken)) == ("FREQ=WEEKLY;INTERVAL=1;BYDAY=TU", 2)
    with pytest.raises(KeyReused):
        await moving.reschedule(viewer(world.ada), replace(made, skip=frozenset({3})))
    await Match.filter(id=world.match.id).update(state="ENDED")
    assert len((await moving.reschedule(viewer(world.ada), made)).bookings) == 3


async def test_to_where_they_are(
    world: World, moving: SeriesRescheduling, booked: Sequence[Booking]
):
    """Moving them to where they are changes nothing, also those that lie outside the hours."""
    await moving.reschedule(viewer(world.ada), asked(booked[0], NINE))
    assert await starts() == BEFORE
    assert await Job.filter(kind=JobKind.REVISE_EVENT).count() == 0
    assert set(await Booking.all().values_list("sequence", flat=True)) == {0}


async def test_events_and_invitations_follow(secretary: Secretary):
    """Each event stands at its new time, and each mail says it anew; what stays says nothing."""
    ada, ben = secretary.world.ada, secretary.world.ben
    busy, clock = Busy(secretary.diaries, secretary.clock), secretary.clock
    for connected in (True, False):
        series = SeriesBookings(busy=busy, registry=REGISTRY, clock=clock)
        moving = SeriesRescheduling(busy=busy, clock=clock)
        if connected:
            await connect(ada)
        by, shift = (ada, 0) if connected else (ben, 4 * HOUR)
        made = wanted(secretary.world, client_key="s", start=NINE + shift, over_busy=True)
        booked = (await series.book(viewer(by), made)).bookings
        await secretary.run()
        there = asked(booked[1], NINE + shift + WEEK + HOUR, over_busy=True)
        moved = await moving.reschedule(viewer(by), there)
        await secretary.run()
        spans = sorted(each.span.starts for each in secretary.events(ada))[-4:]
        expected = [booked[0].starts, *(each.starts for each in moved.bookings)]
        if connected:
            assert spans == expected
    told = [brief for brief in secretary.told(ben) if brief[0] == "REQUEST"]
    assert sorted(told) == [("REQUEST", 0)] * 4 + [("REQUEST", 1)] * 3


async def test_a_disputed_session_has_its_time_again(
    world: World, moving: SeriesRescheduling, booked: Sequence[Booking]
):
    """A session that met another one, and is moved with the rest, takes its people's time again."""
    await Booking.filter(id=booked[2].id).update(state="CONFLICT", disputed_at=NOW)
    await Seat.filter(booking_id=booked[2].id).update(live=False)
    await moving.reschedule(viewer(world.ada), asked(booked[0], NINE + HOUR))
    third = await Booking.get(id=booked[2].id)
    assert (third.starts, third.state, third.disputed_at) == (
        NINE + 2 * WEEK + HOUR,
        "CONFIRMED",
        None,
    )
    assert await Seat.filter(live=True).count() == 8
