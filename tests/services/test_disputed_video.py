"""The meeting of a disputed session is made, moved and left as that of any that stands."""

from __future__ import annotations

import pytest

from tests.services import hand
from tests.services.desk import NINE
from tests.services.diary import connect
from tests.services.studio import Studio, room
from tests.world import HOUR, MINUTE, World
from together.store.models import Booking, BookingState, LeftMeeting

TEN = NINE + HOUR


@pytest.fixture
async def studio(world: World) -> Studio:
    found = Studio(world)
    await found.rooms()
    return found


async def _disputed(studio: Studio) -> Booking:
    """Ada moves a session with Ben onto one with Dev, in her calendar."""
    world = studio.world
    await connect(world.ada)
    await studio.book(of=world.other_match, start=TEN)
    booking = await studio.book()
    await studio.run()
    await hand.moved(studio, booking, world.ada, TEN + 15 * MINUTE)
    await studio.run()
    assert (await Booking.get(id=booking.id)).state is BookingState.CONFLICT
    return booking


async def test_another_service(studio: Studio):
    """When the organization chooses another service, it gets its link from there, too."""
    booking = await _disputed(studio)
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)
    await studio.choose("memory_halls")
    await studio.run()
    link = f"https://halls.example.net/{booking.event_key}"
    assert await studio.seen(booking) == ("memory_halls", link, False)
    assert await LeftMeeting.all().count() == 0


async def test_there_and_back(studio: Studio):
    """Back at the service where it was made, it keeps the room it has there."""
    booking = await _disputed(studio)
    await studio.choose("memory_halls")
    await studio.rooms()
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)
    assert studio.sandbox.state["rooms"]
