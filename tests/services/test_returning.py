"""A calendar that is disconnected and comes back goes on with the sessions that it held."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.services.desk import NINE
from tests.services.returns import Returns
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
)

DELIVERED, PENDING = DeliveryState.DELIVERED, DeliveryState.PENDING
RECONNECT = DeliveryState.WAITING_FOR_RECONNECT


@pytest.fixture
async def returns(world: World) -> Returns:
    return await Returns.of(world)


async def _open_jobs() -> list[Job]:
    kept = (JobState.DONE,)
    return await Job.exclude(state__in=kept).exclude(kind=JobKind.REVOKE_GRANT)


async def test_an_event_that_stands(returns: Returns):
    """While its calendar is away it still stands there; then it is its member's to cancel again."""
    booking = await returns.book()
    await returns.deliver()
    assert await returns.told(booking) == [DELIVERED, DELIVERED]
    await returns.leave()
    assert await returns.told(booking) == [DELIVERED, DELIVERED]
    back = await returns.come_back()
    assert await returns.told(booking) == [DELIVERED, DELIVERED]
    assert (await CalendarEvent.get()).integration_id == back.id
    assert await returns.town.connecting.disconnect(returns.ada) == [booking]
    await returns.come_back()
    await returns.bookings.cancel(returns.ada, booking.uid)
    assert await returns.told(booking) == [PENDING, PENDING]
    await returns.deliver()
    assert (returns.events(returns.world.ada), await _open_jobs()) == ([], [])


async def test_an_event_that_was_still_to_be_written(returns: Returns):
    """It is written once the calendar is back, and once only."""
    booking = await returns.book()
    returns.town.sandbox.down = True
    await returns.worker.run_once()
    returns.town.sandbox.down = False
    await returns.leave()
    await returns.deliver()
    assert returns.events(returns.world.ada) == []
    await returns.come_back()
    assert await returns.told(booking) == [PENDING, PENDING]
    await returns.deliver()
    assert returns.events(returns.world.ada) == [booking.event_key]
    assert await returns.told(booking) == [DELIVERED, DELIVERED]
    assert await _open_jobs() == []


async def test_a_session_cancelled_meanwhile(returns: Returns):
    """Its event is taken away as soon as the calendar can be reached."""
    booking = await returns.book()
    await returns.deliver()
    await returns.leave()
    await returns.bookings.cancel(returns.ada, booking.uid)
    await returns.deliver()
    assert returns.events(returns.world.ada) == [booking.event_key]
    await returns.come_back()
    await returns.deliver()
    assert (returns.events(returns.world.ada), await _open_jobs()) == ([], [])


@pytest.mark.parametrize("who", ["another account", "another member"])
async def test_only_the_same_account_of_the_same_member(returns: Returns, who: str):
    """Neither another account of hers nor another member with hers takes anything up."""
    held = await Integration.get(member_id=returns.world.ada.id)
    await returns.book()
    await returns.deliver()
    await returns.leave()
    if who == "another account":
        await returns.come_back(account="ada@home.example.net")
    else:
        await returns.town.connect(returns.world.dev, account=returns.world.ada.email)
    assert {row.integration_id for row in await CalendarEvent.all()} == {held.id}
    named = await Job.filter(kind=JobKind.WRITE_EVENT, integration_id__isnull=False)
    assert {job.integration_id for job in named} == {held.id}


async def test_sessions_that_are_over_stay_where_they_were(returns: Returns):
    """Of a session that is over nothing is written any more, and nothing is moved."""
    held = await Integration.get(member_id=returns.world.ada.id)
    await returns.book()
    ahead = await returns.book(start=NINE + 4 * HOUR)
    await returns.deliver()
    await returns.leave()
    returns.town.clock.now = NINE + HOUR
    back = await returns.come_back()
    rows = await CalendarEvent.all().order_by("booking_id")
    assert [row.integration_id for row in rows] == [held.id, back.id]
    assert rows[1].booking_id == ahead.id


async def test_back_without_writing(returns: Returns):
    """What cannot be written waits, the calendar is read all the same, and consent resumes it."""
    booking = await returns.book()
    await returns.leave()
    await returns.deliver()
    returns.town.sandbox.unticked = frozenset({"events"})
    back = await returns.come_back()
    await returns.deliver()
    assert await returns.told(booking) == [RECONNECT, PENDING]
    assert (await Integration.get(id=back.id)).state is IntegrationState.ACTIVE
    returns.town.sandbox.unticked = frozenset()
    await returns.come_back()
    await returns.deliver()
    assert await returns.told(booking) == [DELIVERED, DELIVERED]
    assert returns.events(returns.world.ada) == [booking.event_key]


@pytest.mark.parametrize("cancelled", [False, True])
async def test_gone_and_back_while_it_is_written(returns: Returns, cancelled: bool):
    """A writer under way all the time leaves one event with its link, or none if cancelled."""
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
    await returns.come_back()
    if cancelled:
        await returns.bookings.cancel(returns.ada, booking.uid)
        await returns.deliver()
    go_on.set()
    await writing
    await returns.deliver()
    assert returns.events(returns.world.ada) == ([] if cancelled else [booking.event_key])
    assert ((await Booking.get(id=booking.id)).join_url is None) is cancelled
    assert await returns.told(booking) == [DELIVERED, DELIVERED]
    assert await _open_jobs() == []


async def test_a_link_that_was_still_to_come(returns: Returns):
    """While the calendar is away no link will come, and that is said; then it comes after all."""
    returns.town.sandbox.pending_reads = 3
    booking = await returns.book()
    await returns.worker.run_once()
    assert not (await Booking.get(id=booking.id)).link_given_up
    await returns.leave()
    assert (await Booking.get(id=booking.id)).link_given_up
    await returns.come_back()
    assert not (await Booking.get(id=booking.id)).link_given_up
    await returns.deliver()
    assert (await Booking.get(id=booking.id)).join_url is not None


async def test_a_link_that_was_given_up_before(returns: Returns):
    """Nothing asks for it when the calendar comes back, so nobody is told that it is coming."""
    returns.town.sandbox.pending_reads = 1000
    booking = await returns.book()
    await returns.deliver()
    for step in (returns.leave, returns.come_back):
        await step()
        assert (await Booking.get(id=booking.id)).link_given_up


async def test_gone_just_before_the_link_is_asked_for(returns: Returns):
    """A writer that notes its event after the calendar went leaves nobody waiting for a link."""
    returns.town.sandbox.pending_reads = 3
    booking = await returns.book()
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def hold(request: httpx.Request) -> None:
        if request.method == "PUT":
            arrived.set()
            await go_on.wait()

    returns.town.transport.before = hold
    writing = asyncio.create_task(returns.worker.run_once())
    await arrived.wait()
    await returns.leave()
    go_on.set()
    await writing
    await returns.deliver()
    poll = await Job.get(kind=JobKind.POLL_MEETING)
    assert (poll.state, poll.reason) == (JobState.PARKED, "Disconnected")
    assert (await Booking.get(id=booking.id)).link_given_up
    returns.town.transport.before = None
    await returns.come_back()
    await returns.deliver()
    assert (await Booking.get(id=booking.id)).join_url is not None
