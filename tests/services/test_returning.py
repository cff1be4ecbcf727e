"""A calendar that comes back goes on with what waited for it, and resurrects nothing."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.services.desk import NINE
from tests.services.handovers import Handovers
from tests.world import HOUR, World
from together.services.outbox.delivery_state import DeliveryState
from together.store.models import (
    Booking,
    CalendarEvent,
    Integration,
    IntegrationState,
    Job,
    JobKind,
    JobState,
    LeftEvent,
)

DELIVERED, PENDING = DeliveryState.DELIVERED, DeliveryState.PENDING
RECONNECT = DeliveryState.WAITING_FOR_RECONNECT


@pytest.fixture
async def returns(world: World) -> Handovers:
    return await Handovers.of(world, world.ada)


async def _lost(returns: Handovers) -> None:
    """Let Ada take her consent back at the service, which is found out with the next call."""
    returns.town.sandbox.revoke(returns.world.ada.email)
    returns.town.clock.forward(2 * HOUR)
    await Integration.all().update(state=IntegrationState.NEEDS_RECONNECT)


async def test_an_event_that_was_still_to_be_written(returns: Handovers):
    """Without a disconnection it is written once the calendar is back, and once only."""
    booking = await returns.book()
    await _lost(returns)
    await returns.deliver()
    assert returns.standing() == []
    assert await returns.told(booking) == [RECONNECT, PENDING]
    await returns.come_back()
    assert (await returns.told(booking))[0] is PENDING
    await returns.deliver()
    assert returns.events(returns.world.ada) == [booking.event_key]
    assert (await returns.told(booking))[0] is DELIVERED
    assert (await Booking.get(id=booking.id)).join_url is not None
    assert returns.letters(booking) == {}
    await returns.is_settled()


async def test_a_session_cancelled_meanwhile(returns: Handovers):
    """Its event is taken away as soon as the calendar can be reached, disconnected or not."""
    booking = await returns.book()
    await returns.deliver()
    await _lost(returns)
    await returns.bookings.cancel(returns.ada, booking.uid)
    await returns.deliver()
    await returns.leave()
    await returns.deliver()
    assert returns.standing() == [booking.event_key]
    await returns.come_back()
    await returns.deliver()
    assert (returns.standing(), returns.letters(booking)) == ([], {})
    await returns.is_settled()


@pytest.mark.parametrize("who", ["another account", "another member"])
async def test_only_the_same_account_of_the_same_member(returns: Handovers, who: str):
    """Neither another account of hers nor another member with hers takes anything up."""
    booking = await returns.book()
    await returns.deliver()
    await _lost(returns)
    held = await Integration.get(member_id=returns.world.ada.id)
    await returns.leave()
    await returns.deliver()
    if who == "another account":
        await returns.come_back(account="ada@home.example.net")
    else:
        await returns.town.connect(returns.world.dev, account=returns.world.ada.email)
    await returns.deliver()
    assert (await LeftEvent.get()).integration_id == held.id
    assert returns.standing() == [booking.event_key]


async def test_sessions_that_are_over_stay_where_they_were(returns: Handovers):
    """Of a session that is over nothing is written any more, and nothing is moved."""
    held = await Integration.get(member_id=returns.world.ada.id)
    over = await returns.book()
    await returns.deliver()
    returns.town.clock.now = NINE + HOUR
    await returns.leave()
    await returns.come_back()
    await returns.deliver()
    assert [(row.booking_id, row.integration_id) for row in await CalendarEvent.all()] == [
        (over.id, held.id)
    ]
    assert returns.standing() == [over.event_key]


async def test_back_without_writing(returns: Handovers):
    """What cannot be taken away waits, the calendar is read all the same, and then it goes."""
    booking = await returns.book()
    await returns.deliver()
    await _lost(returns)
    await returns.leave()
    await returns.deliver()
    returns.town.sandbox.unticked = frozenset({"events"})
    back = await returns.come_back()
    await returns.deliver()
    assert returns.standing() == [booking.event_key]
    assert (await Integration.get(id=back.id)).state is IntegrationState.ACTIVE
    returns.town.sandbox.unticked = frozenset()
    await returns.come_back()
    await returns.deliver()
    await returns.is_together_s(booking, "ada", "ben")
    await returns.is_settled()


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("back", [False, True])
async def test_gone_while_it_is_written(returns: Handovers, back: bool, cancelled: bool):
    """A writer under way all the time leaves no event behind, back again or not."""
    returns.town.sandbox.pending_reads = 2
    booking = await returns.book()
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: httpx.Request) -> None:
        if request.method == "PUT" and not arrived.is_set():
            arrived.set()
            await go_on.wait()

    returns.town.transport.before = hold
    writing = asyncio.create_task(returns.worker.run_once())
    await arrived.wait()
    await returns.leave()
    if back:
        await returns.come_back()
    if cancelled:
        await returns.bookings.cancel(returns.ada, booking.uid)
    await Job.filter(leased_until=None, state=JobState.WAITING).update(due_at=0)
    await returns.another().run_once()  # nothing is taken away while somebody is at it
    assert await LeftEvent.all().count() == 1
    go_on.set()
    await writing
    await returns.deliver()
    assert returns.standing() == []
    assert (await Booking.get(id=booking.id)).link_given_up
    await returns.is_settled()
    if not cancelled:
        await returns.is_together_s(booking, "ada", "ben")


async def test_a_link_that_was_still_to_come(returns: Handovers):
    """No link comes with a calendar that is gone, and that is said, also once it is back."""
    returns.town.sandbox.pending_reads = 3
    booking = await returns.book()
    await returns.worker.run_once()
    assert not (await Booking.get(id=booking.id)).link_given_up
    for step in (returns.leave, returns.come_back, returns.deliver):
        await step()
        row = await Booking.get(id=booking.id)
        assert (row.join_url, row.link_given_up) == (None, True)
    await returns.is_together_s(booking, "ada", "ben")
    assert all("It has no video link any more" in each.text for each in returns.post.letters)


async def test_a_link_that_was_given_up_before(returns: Handovers):
    """Nothing asks for it when the calendar comes back, so nobody is told that it is coming."""
    returns.town.sandbox.pending_reads = 1000
    booking = await returns.book()
    await returns.deliver()
    for step in (returns.leave, returns.come_back):
        await step()
        assert (await Booking.get(id=booking.id)).link_given_up
    assert not await Job.exists(kind=JobKind.POLL_MEETING, state=JobState.WAITING)
