"""A cancellation by mail goes to whom an invitation went, after it, and to nobody else."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.desk import NINE
from tests.services.secretary import Secretary
from tests.smtp import mailboxes
from tests.world import HOUR, World
from together.services.outbox.delivery_state import DeliveryState
from together.services.sessions.cancelling import cancel_ahead
from together.store.models import (
    Job,
    JobKind,
    JobState,
    Member,
)
from together.store.scope import Scope
from together.store.transaction import transaction

REQUEST, CANCEL = ("REQUEST", 0), ("CANCEL", 1)


async def test_cancelled(secretary: Secretary):
    """A cancellation has the UID of its session, a higher SEQUENCE, one name and no reason."""
    world = secretary.world
    booking = await secretary.book()
    await secretary.run()
    await secretary.cancel(booking, reason="Ada has the flu")
    assert await secretary.state(booking, world.ben) is DeliveryState.PENDING
    await secretary.run()
    request, cancel = secretary.received(world.ben)
    assert (request.brief, cancel.brief) == (REQUEST, CANCEL)
    assert (cancel.event.uid, cancel.event.status) == (booking.event_key, "CANCELLED")
    assert [each.uri for each in cancel.event.attendees] == [f"mailto:{world.ben.email}"]
    assert cancel.event.start_datetime == request.event.start_datetime
    assert cancel.subject == ("Cancelled: Mentoring session, Tue 1 Dec 2026, 10:00")
    for private in ("flu", "Ada", "/answers/"):
        assert private not in cancel.plain + cancel.text
    assert len({request.id, cancel.id}) == 2
    for who in (world.ada, world.ben):
        assert await secretary.state(booking, who) is DeliveryState.DELIVERED


@pytest.mark.parametrize("spread", [False, True])
async def test_cancelled_before_it_was_sent(secretary: Secretary, spread: bool):
    """Of a session that is cancelled before anybody was written to, nobody hears."""
    booking = await secretary.book()
    if spread:
        await secretary.once()  # the jobs are written, and none is carried out
        assert await Job.filter(kind=JobKind.INVITE, state=JobState.WAITING).count() == 2
    await secretary.cancel(booking)
    await secretary.run()
    assert secretary.boxes.arrived == []
    told = DeliveryState.DELIVERED if spread else DeliveryState.NOT_SENT
    assert await secretary.state(booking, secretary.world.ben) is told


async def test_no_cancellation_of_what_was_refused(secretary: Secretary):
    """Whom the server took nothing for, at once or later, is sent no cancellation."""
    booking = await secretary.book()
    await secretary.once()
    secretary.boxes.answers["RCPT"] = ["450 4.2.1 later", "550 5.1.1 nobody"]
    await secretary.once()
    await secretary.cancel(booking)
    await secretary.run()
    assert secretary.boxes.arrived == []


async def test_a_cancellation_never_overtakes(secretary: Secretary):
    """Cancelled while its invitation is being handed over, a session is taken back after it."""
    world, boxes = secretary.world, secretary.boxes
    booking = await secretary.book()
    await secretary.once()
    boxes.hanging = asyncio.Event()
    handing = asyncio.create_task(secretary.delivery.run_once())
    async with asyncio.timeout(5):
        while boxes.said.count("RCPT") < 2:  # noqa: ASYNC110  (the server's turn)
            await asyncio.sleep(0.01)
    await secretary.cancel(booking)
    for _ in range(2):  # another worker: the cancellation waits for what is under way
        await Job.filter(leased_until=None).update(due_at=0)
        await secretary.another().run_once()
    assert boxes.arrived == []
    boxes.hanging.set()
    await handing
    await secretary.run()
    assert [secretary.told(who) for who in (world.ada, world.ben)] == [[REQUEST, CANCEL]] * 2


async def test_a_cancellation_of_what_perhaps_was_taken(world: World):
    """Where the server fell silent, the invitation may be there: it is taken back all the same."""
    async with mailboxes() as boxes:
        secretary = Secretary(world, boxes, patience=0.2)
        booking = await secretary.book()
        await secretary.once()
        boxes.hanging = asyncio.Event()
        await secretary.once()
        assert await Job.filter(reason="PerhapsTaken", state=JobState.WAITING).count() == 2
        boxes.hanging.set()
        boxes.hanging = None
        await secretary.cancel(booking)
        await secretary.run()
        assert secretary.told(world.ben) == [CANCEL]


async def test_nothing_for_what_has_passed(secretary: Secretary):
    """Neither an invitation nor a cancellation goes out once the session is over."""
    world = secretary.world
    late = await secretary.book()
    sent = await secretary.book(start=NINE + HOUR)
    await Job.filter(booking_id=late.id).update(state=JobState.PARKED)
    await secretary.run()
    await Job.filter(booking_id=late.id).update(state=JobState.WAITING)
    await secretary.cancel(sent)
    secretary.clock.now = NINE + 2 * HOUR
    await secretary.run()
    assert secretary.told(world.ben) == [REQUEST]
    states = [await secretary.state(each, world.ben) for each in (late, sent)]
    assert states == [DeliveryState.FAILED] * 2


async def test_who_has_left(secretary: Secretary):
    """Whoever leaves is sent what takes their sessions away, and no invitation any more."""
    world = secretary.world
    sent = await secretary.book()
    await secretary.run()
    waiting = await secretary.book(start=NINE + HOUR)
    await secretary.once()
    await Member.filter(id=world.ben.id).update(active=False)
    await transaction(
        lambda: cancel_ahead(
            [world.match.id], scope=Scope(world.saltmarsh.id), by=None, now=secretary.clock()
        )
    )
    await secretary.run()
    assert [secretary.told(who) for who in (world.ada, world.ben)] == [[REQUEST, CANCEL]] * 2
    uids = {each.event.uid for who in (world.ada, world.ben) for each in secretary.received(who)}
    assert (uids, sent.event_key == waiting.event_key) == ({sent.event_key}, False)
