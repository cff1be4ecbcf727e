"""A session whose event is moved into the past by a slip of the hand comes back with it."""

from __future__ import annotations

import pytest

from tests.services import hand
from tests.services.desk import NINE, Desk
from tests.services.diary import connect
from tests.services.lookout import KEY, Lookout
from tests.world import DAY, MINUTE, World
from together.domain.spans import Span
from together.services.sessions.event_reading import COMES_BACK
from together.store.clock import database_now
from together.store.models import Booking, History, Seat

LENGTH = 45 * MINUTE


@pytest.fixture
async def slipped(desk: Desk) -> Booking:
    """Ada has moved it to three days ago."""
    await connect(desk.world.ada)
    await connect(desk.world.ben, email="ben.home@example.com")
    booking = await desk.book()
    await desk.run()
    await hand.moved(desk, booking, desk.world.ada, await database_now() - 3 * DAY)
    await desk.run()
    return booking


async def test_it_is_put_back(desk: Desk, slipped: Booking):
    """It is where it is put then, once, and takes its people's time."""
    await hand.moved(desk, slipped, desk.world.ada, NINE + DAY)
    assert await hand.standing(slipped) == (NINE + DAY, NINE + DAY + LENGTH, "CONFIRMED", 2)
    assert set(await Seat.filter(booking_id=slipped.id).values_list("starts", "live")) == {
        (NINE + DAY, True)
    }
    assert [what for what, _ in await hand.history(slipped)] == [
        "BOOKED",
        "MOVED_IN_CALENDAR",
        "MOVED_IN_CALENDAR",
    ]
    await desk.run()
    assert [event.span.starts for event in desk.events(desk.world.ben)] == [NINE + DAY]


async def test_within_the_past(desk: Desk, slipped: Booking):
    """Moved about in the past, or deleted there, it stays as it is."""
    before = await hand.standing(slipped)
    await hand.moved(desk, slipped, desk.world.ada, await database_now() - 5 * DAY)
    await hand.deleted(desk, slipped, desk.world.ada)
    assert await hand.standing(slipped) == before


async def test_for_a_week(desk: Desk, slipped: Booking):
    """Whoever uses its event again much later moves nothing."""
    before = await hand.standing(slipped)
    await History.all().update(at=await database_now() - COMES_BACK)
    await hand.moved(desk, slipped, desk.world.ada, NINE + DAY)
    assert await hand.standing(slipped) == before


async def test_one_that_took_place(desk: Desk, slipped: Booking):
    """One that was moved before it took place does not come back, nor does one marked as done."""
    before = await hand.standing(slipped)
    await Booking.filter(id=slipped.id).update(done_at=NINE)
    await hand.moved(desk, slipped, desk.world.ada, NINE + DAY)
    await Booking.filter(id=slipped.id).update(done_at=None)
    await History.filter(what="MOVED_IN_CALENDAR").update(at=before[1] - 1)
    await hand.moved(desk, slipped, desk.world.ada, NINE + DAY)
    assert await hand.standing(slipped) == before


async def test_a_copy_brings_nothing_back(desk: Desk, slipped: Booking):
    """A guest who moves a copy ahead moves nothing."""
    before = await hand.standing(slipped), await hand.history(slipped)
    await hand.moved(desk, slipped, desk.world.ben, NINE + DAY)
    assert (await hand.standing(slipped), await hand.history(slipped)) == before


async def test_its_calendar_tells(world: World):
    """That it was put back is told like any change, and what lies behind is not read for less."""
    lookout = Lookout(world)
    booking = await lookout.booked(integration=await lookout.connect())
    await lookout.run()
    start = await database_now() - 3 * DAY
    lookout.town.sandbox.move(KEY, Span.of(start, start + LENGTH))
    await lookout.heard()
    assert (await Booking.get(id=booking.id)).starts == start
    read = f"GET /calendars/home/events/{KEY}"
    lookout.town.sandbox.move(KEY, Span.of(booking.starts, booking.ends))
    await lookout.heard()
    after = await Booking.get(id=booking.id)
    assert (after.starts, after.ends) == (booking.starts, booking.ends)
    await Booking.filter(id=booking.id).update(starts=start, ends=start + LENGTH)
    await History.all().delete()
    asked = lookout.asked(read)
    assert asked > 0
    lookout.town.sandbox.move(KEY, Span.of(booking.starts, booking.ends + MINUTE))
    await lookout.heard()
    assert lookout.asked(read) == asked
