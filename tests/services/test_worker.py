"""The worker works as soon as there is work, tidies up, and stops without losing anything."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.desk import NINE
from tests.services.diary import REGISTRY, Diaries, connect, viewer
from tests.world import DAY, NOW, FakeClock, World
from together.domain.spans import Span
from together.services.booking import Bookings, BookRequest
from together.services.busy import Busy
from together.services.delivery import KEPT, Delivery
from together.services.worker import Worker
from together.store.clock import database_now
from together.store.models import (
    Attempt,
    BusyBlock,
    BusyReading,
    ClientKey,
    Job,
    JobKind,
    JobState,
)


@pytest.fixture
def diaries() -> Diaries:
    return Diaries()


@pytest.fixture
def busy(diaries: Diaries) -> Busy:
    return Busy(diaries, FakeClock())


def worker_of(diaries: Diaries, busy: Busy, **settings) -> Worker:
    return Worker(Delivery(diaries, REGISTRY, FakeClock()), busy, **settings)


async def book(world: World, busy: Busy, worker: Worker) -> None:
    asked = BookRequest(
        match_uid=world.match.uid, start=NINE, duration=45, zone="Europe/Stockholm",
        client_key="key",
    )  # fmt: skip
    bookings = Bookings(busy=busy, registry=REGISTRY, clock=FakeClock(), wake=worker.wake)
    await bookings.book(viewer(world.ada), asked)


async def until(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  (what is waited for has no event)
            await asyncio.sleep(0.01)


async def test_wakes_after_a_booking(world: World, diaries: Diaries, busy: Busy):
    """A booking wakes the worker, however rarely it looks by itself."""
    await connect(world.ada)
    worker, stop = worker_of(diaries, busy, glance=3600), asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await asyncio.sleep(0.1)
    await book(world, busy, worker)
    await until(lambda: diaries.of(world.ada).events)
    stop.set()
    await running
    assert await Job.exclude(state=JobState.DONE).count() == 0


async def test_looks_by_itself(world: World, diaries: Diaries, busy: Busy):
    """What another process booked is found without being woken."""
    await connect(world.ada)
    worker, stop = worker_of(diaries, busy, glance=0.05), asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await book(world, busy, worker_of(diaries, busy))
    await until(lambda: diaries.of(world.ada).events)
    stop.set()
    await running


async def test_stops_when_done(world: World, diaries: Diaries, busy: Busy):
    """A stop waits for the call that is under way, and notes what it made."""
    await connect(world.ada)
    worker, stop = worker_of(diaries, busy, glance=0.05), asyncio.Event()
    await book(world, busy, worker)
    gate = diaries.of(world.ada).gate = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await until(lambda: "create" in diaries.of(world.ada).calls)
    stop.set()
    await asyncio.sleep(0.05)
    assert not running.done()
    gate.set()
    await running
    written = await Job.get(kind=JobKind.WRITE_EVENT, integration_id__isnull=False)
    assert written.state is JobState.DONE


async def test_survives_a_bad_round(world: World, diaries: Diaries, busy: Busy, caplog):
    """A round that fails is logged without its text, and the next one works."""
    await connect(world.ada)
    worker, stop = worker_of(diaries, busy, glance=0.02), asyncio.Event()
    rounds = []
    run_once = worker._delivery.run_once

    async def sometimes() -> int:
        rounds.append(1)
        if len(rounds) == 1:
            raise RuntimeError("private")
        return await run_once()

    worker._delivery.run_once = sometimes
    await book(world, busy, worker)
    running = asyncio.create_task(worker.run(stop))
    await until(lambda: diaries.of(world.ada).events)
    stop.set()
    await running
    assert "the worker's round failed: RuntimeError" in caplog.text
    assert "private" not in caplog.text


async def test_tidies_up(world: World, diaries: Diaries, busy: Busy):
    """What is no longer kept is deleted, and what is stays."""
    now = await database_now()
    ada, ben = await connect(world.ada), await connect(world.ben)
    diaries.of(world.ada).busy = [(NOW + DAY, NOW + 2 * DAY)]
    await busy.known([ada], Span.of(NOW, NOW + DAY), until=NOW + 60 * DAY)
    await BusyReading.filter(integration_id=ada.id).update(read_at=now - DAY - 1)
    await ada.refresh_from_db()
    here = {"organization_id": world.saltmarsh.id}
    for age in (0, DAY + 1):
        await ClientKey.create(
            **here, member_id=world.ada.id, mutation="m", key=f"{age}", input_hash="h", made_id=1,
            created_at=now - age,
        )  # fmt: skip
    for age in (0, 120, DAY + 120):
        await Attempt.create(
            **here, member_id=world.ada.id, provider="memory", state_hash=f"{age}", verifier="v",
            redirect_uri="r", token_url="t", return_to="r", generation=0, expires_at=now + 60 - age,
        )  # fmt: skip
    for age, state in ((0, "DONE"), (KEPT + 1, "DONE"), (KEPT + 1, "PARKED")):
        await Job.create(
            **here, kind=JobKind.WRITE_EVENT, state=state, due_at=now, created_at=now - age
        )
    await worker_of(diaries, busy).tidy()
    assert await BusyBlock.filter(integration_id=ada.id).count() == 0
    assert await ClientKey.all().values_list("key", flat=True) == ["0"]
    # Of a consent that was given up, its start is counted for a day, and its secrets are gone.
    attempts = await Attempt.all().order_by("-expires_at").values_list("state_hash", "verifier")
    assert attempts == [("0", "v"), ("120", "")]
    assert await Job.all().order_by("id").values_list("state", flat=True) == ["DONE", "PARKED"]
    assert diaries.of(world.ben).calls == ["busy"], ben
