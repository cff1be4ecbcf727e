"""What the people of a session are told once its booker's calendar is disconnected."""

from __future__ import annotations

import pytest

from tests.services.desk import NINE
from tests.services.returns import Returns
from tests.world import HOUR, World
from together.services.outbox.delivery_state import DeliveryState
from together.store.models import CalendarEvent, Integration, Job, JobKind, JobState

DELIVERED, PENDING = DeliveryState.DELIVERED, DeliveryState.PENDING
RECONNECT, FAILED = DeliveryState.WAITING_FOR_RECONNECT, DeliveryState.FAILED
NOT_SENT = DeliveryState.NOT_SENT


@pytest.fixture
async def returns(world: World) -> Returns:
    return await Returns.of(world)


async def test_everybody_is_written_to_anew(returns: Returns):
    """Until the mail of the session has left it is pending; no account that comes changes that."""
    booking = await returns.book()
    await returns.deliver()
    assert await returns.told(booking) == [DELIVERED, DELIVERED]
    await returns.leave()
    assert await returns.told(booking) == [PENDING, PENDING]
    await returns.come_back(account="ada@home.example.net")
    assert await returns.told(booking) == [PENDING, PENDING]
    await returns.deliver()
    assert await returns.told(booking) == [NOT_SENT, NOT_SENT]  # printed: there is no mail server
    assert returns.events(returns.world.ada) == []


async def test_what_was_not_written_yet_waits_for_nobody(returns: Returns):
    """The session is Together's, and nobody is asked to connect anything for it."""
    booking = await returns.book()
    returns.town.sandbox.down = True
    await returns.worker.run_once()
    returns.town.sandbox.down = False
    await returns.leave()
    assert await returns.told(booking) == [PENDING, PENDING]
    await Job.filter(kind=JobKind.INVITE).update(state=JobState.PARKED)
    assert await returns.told(booking) == [FAILED, FAILED]


async def test_a_cancellation_waits(returns: Returns):
    """An event that nobody can take away is not told as taken away, before or after its end."""
    booking = await returns.book()
    await returns.deliver()
    returns.town.sandbox.revoke(returns.world.ada.email)
    returns.town.clock.forward(2 * HOUR)
    await returns.bookings.cancel(returns.ada, booking.uid)
    await returns.deliver()
    await returns.leave()
    await returns.deliver()
    assert await returns.told(booking) == [RECONNECT, PENDING]
    assert returns.events(returns.world.ada) == [booking.event_key]
    returns.town.clock.now = NINE + HOUR
    assert (await returns.told(booking))[0] is FAILED


async def test_a_guest_who_is_not_connected_is_told_of_their_own_mail(returns: Returns):
    """Who may not know of the booker's calendar learns of no event there, gone or not."""
    booking = await returns.book()
    await returns.deliver()
    await Integration.filter(member_id=returns.world.ben.id).update(state="NEEDS_RECONNECT")
    assert await returns.told(booking) == [DELIVERED, NOT_SENT]
    await returns.leave()
    assert await returns.told(booking) == [PENDING, PENDING]
    await returns.deliver()
    assert await returns.told(booking) == [NOT_SENT, NOT_SENT]
    await returns.come_back()
    assert await returns.told(booking) == [NOT_SENT, NOT_SENT]


async def test_a_guests_own_event_is_not_taken_for_the_bookers(returns: Returns):
    """Of a session without a link, a booker without a calendar learns nothing of a guest's."""
    await returns.leave()
    booking = await returns.book(place="Room 4")
    await returns.deliver()
    assert await CalendarEvent.all().count() == 1
    assert await returns.told(booking) == [NOT_SENT, DELIVERED]
    ben = await Integration.get(member_id=returns.world.ben.id)
    await CalendarEvent.all().update(integration_id=ben.id + 1000)
    assert await returns.told(booking) == [NOT_SENT, NOT_SENT]
