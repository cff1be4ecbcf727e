"""An invitation reaches its mailbox once, whoever dies, and its receiver hears how far it is."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.desk import NINE, Desk
from tests.services.diary import connect
from tests.services.secretary import Secretary
from tests.world import HOUR
from together.services.outbox import delivery
from together.services.outbox.delivery import KEPT, LEASE
from together.services.outbox.delivery_state import DeliveryState
from together.store.clock import database_now
from together.store.models import (
    Invitation,
    Job,
    JobKind,
    JobState,
)


class Killed(BaseException):
    """The end of a process, which nothing catches."""


@pytest.mark.parametrize("when", ["before", "taken", "noted"])
async def test_killed(secretary: Secretary, monkeypatch: pytest.MonkeyPatch, when: str):
    """Only death between the server's acceptance and our note of it sends a second copy.

    Both have the same Message-ID, UID and SEQUENCE.
    """
    ben = secretary.world.ben
    await secretary.book()
    await secretary.once()
    send = secretary.post.send

    async def killed(*args: object) -> None:
        if when == "taken":
            await send(*args)
        raise Killed

    where, name = (delivery, "settle") if when == "noted" else (secretary.post, "send")
    with monkeypatch.context() as patched:
        patched.setattr(where, name, killed)
        await Job.filter(state=JobState.WAITING).update(due_at=0)
        with pytest.raises(BaseExceptionGroup) as caught:
            await secretary.delivery.run_once()
        assert caught.value.subgroup(Killed) is not None
    before = len(secretary.boxes.arrived)
    await secretary.delivery.run_once()
    assert len(secretary.boxes.arrived) == before  # its lease stands
    await Job.all().update(leased_until=await database_now() - LEASE)
    await secretary.run()
    letters = secretary.received(ben)
    assert 1 <= len(letters) <= (2 if when == "taken" else 1)
    assert len({(each.id, each.event.uid, each.brief) for each in letters}) == 1
    assert await Job.exclude(state=JobState.DONE).count() == 0


async def test_two_workers_send_one(secretary: Secretary):
    """Any number of workers send each invitation once."""
    for n in range(4):
        await secretary.book(start=NINE + n * HOUR)
    await secretary.once()
    workers = [secretary.another() for _ in range(4)]
    while sum(await asyncio.gather(*(each.run_once() for each in workers))):
        pass
    assert len(secretary.boxes.arrived) == 8
    assert len(set(secretary.boxes.ids)) == 8


async def test_an_address_that_is_refused(secretary: Secretary):
    """A mail that the server refuses for good is said to have failed, to its receiver alone."""
    world = secretary.world
    booking = await secretary.book(world.ben)
    await secretary.once()
    secretary.boxes.unknown = {world.ben.email}
    await secretary.run()
    assert await secretary.state(booking, world.ben) is DeliveryState.FAILED
    assert await secretary.state(booking, world.ada) is DeliveryState.DELIVERED
    await Job.all().update(created_at=await database_now() - KEPT - 1)
    await delivery.forget(now=await database_now())
    assert await secretary.state(booking, world.ben) is DeliveryState.FAILED


async def test_without_a_mail_server(desk: Desk, capsys: pytest.CaptureFixture[str]):
    """Where mails are only printed, an invitation is said not to be sent."""
    ada, ben = desk.world.ada, desk.world.ben
    booking = await desk.book()
    await desk.run()
    assert "Invitation: Mentoring session" in capsys.readouterr().out
    for who in (ada, ben):
        assert await desk.state(booking, who) is DeliveryState.NOT_SENT


async def test_told_the_same_by_whomever_they_are_invited(secretary: Secretary, statements):
    """A guest who is not integrated does not learn from the delivery who invites them."""
    world = secretary.world
    seen = []
    for n in range(2):
        if n:
            await connect(world.ada)
        booking = await secretary.book(start=NINE + n * HOUR)
        told = []
        for _ in range(2):
            statements.clear()
            state = await secretary.state(booking, world.ben)
            told.append((state, [each.partition(" WHERE ")[0] for each in statements]))
            await secretary.run()
        await secretary.cancel(booking)
        told.append((await secretary.state(booking, world.ben), None))
        await secretary.run()
        told.append((await secretary.state(booking, world.ben), None))
        seen.append(told)
    assert seen[0] == seen[1]
    assert [state for state, _ in seen[0]] == [
        DeliveryState.PENDING,
        DeliveryState.DELIVERED,
        DeliveryState.PENDING,
        DeliveryState.DELIVERED,
    ]


async def test_a_mail_tells_nothing_hidden(secretary: Secretary):
    """What the booker is sent is the same whether somebody else's calendar is connected or not."""
    world, seen = secretary.world, []
    for n in range(2):
        if n:
            await connect(world.ben)
        booking = await secretary.book()
        await secretary.run()
        letter = secretary.received(world.ada)[-1]
        key = booking.event_key
        seen.append((letter.text.replace(key, "key"), letter.plain.partition("/answers/")[0]))
        await secretary.cancel(booking)
        await secretary.run()
    assert seen[0] == seen[1]


async def test_the_outbox_holds_ids_only(secretary: Secretary):
    """No address, name, word or link of an invitation is stored."""
    booking = await secretary.book()
    await secretary.run()
    row = await Invitation.filter(member_id=secretary.world.ben.id).get()
    [job] = await Job.filter(kind=JobKind.INVITE, generation=row.id).values()
    kept = {name: job[name] for name in ("booking_id", "integration_id", "provider", "sealed")}
    assert kept == {
        "booking_id": booking.id,
        "integration_id": None,
        "provider": None,
        "sealed": None,
    }
    assert (job["reason"], row.sent, row.tried, row.printed) == (None, 0, None, False)
