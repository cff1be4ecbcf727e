"""Exactly one event a session, however often a worker dies on the way."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.desk import NINE, Desk
from tests.services.diary import REGISTRY, connect
from tests.world import HOUR
from together.services.outbox import delivery, event_writing
from together.services.outbox.delivery import LEASE, Delivery, settle
from together.store.models import (
    Booking,
    Job,
    JobState,
)


async def test_two_workers(desk: Desk):
    """Any number of workers share the work: each job is done by one of them."""
    await connect(desk.world.ada)
    for n in range(6):
        await desk.book(start=NINE + n * HOUR)
    others = [Delivery(desk.diaries, REGISTRY, desk.clock) for _ in range(4)]
    while sum(await asyncio.gather(*(each.run_once() for each in others))):
        pass
    assert desk.diaries.of(desk.world.ada).calls.count("create") == 6
    assert len(desk.events(desk.world.ada)) == 6


async def test_late_worker_notes_nothing(desk: Desk):
    """A worker whose lease has passed to another does not decide about the job any more."""
    await connect(desk.world.ada)
    await desk.book()
    [stale, *_] = await delivery.claim(10)
    await Job.filter(id=stale.id).update(leased_until=stale.leased_until + LEASE)
    await settle(stale, delivery.DONE)
    assert (await Job.get(id=stale.id)).state is JobState.WAITING


class Killed(BaseException):
    """The end of a process, which nothing catches."""


SEAMS = [
    (event_writing, "target_of"),
    (event_writing, "transaction"),
    (delivery, "settle"),
    (delivery, "spread"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("where", "name"), SEAMS)
@pytest.mark.parametrize("cancelled", [False, True])
async def test_killed(desk: Desk, monkeypatch, where, name: str, when: str, cancelled: bool):
    """Killed on either side of any step, the worker that comes next leaves exactly one event.

    Of a session that is cancelled, it leaves none.
    """
    await connect(desk.world.ada)
    desk.diaries.of(desk.world.ada).polls = 1
    step, alive = getattr(where, name), [True]

    async def killing(*args, **kwargs):
        if when == "before" and alive:
            alive.clear()
            raise Killed
        done = await step(*args, **kwargs)
        if alive:
            alive.clear()
            raise Killed
        return done

    booking = await desk.book()
    for _ in range(4):  # each step of the delivery in turn is the one that is cut
        alive[:] = [True]
        monkeypatch.setattr(where, name, killing)
        try:
            await desk.once()
        except* Killed:
            pass
        monkeypatch.setattr(where, name, step)
        if cancelled:
            await desk.cancel(booking)
    await desk.run()
    assert len(desk.events(desk.world.ada)) == (0 if cancelled else 1)
    assert await Job.exclude(state=JobState.DONE).count() == 0
    if not cancelled:
        assert (await Booking.get(id=booking.id)).join_url == "https://meet.example.net/abc"


async def test_cut_off_anywhere(desk: Desk):
    """Cut off after any number of steps of the loop, delivery ends with one event a session."""
    await connect(desk.world.ada)
    for steps in range(40):
        booking = await desk.book(start=NINE + (steps % 6) * HOUR + (steps // 6) * 24 * HOUR)
        task = asyncio.create_task(desk.delivery.run_once())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if steps % 2:
            await desk.cancel(booking)
    await desk.run()
    standing = await Booking.filter(state="CONFIRMED").values_list("event_key", flat=True)
    assert sorted(desk.diaries.of(desk.world.ada).events) == sorted(standing)
    assert len(standing) == 20
