"""The worker works as soon as there is work, tidies up, and stops without losing anything."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.desk import NINE
from tests.services.diary import REGISTRY, Diaries, connect, viewer
from tests.world import DAY, NOW, FakeClock, World
from together.domain.spans import Span
from together.services.availability.busy import Busy
from together.services.connections.choosing import Choosing
from together.services.outbox import delivery
from together.services.outbox.delivery import KEPT, LEASE, PLACES, Delivery
from together.services.outbox.worker import Worker
from together.services.sessions.booking import Bookings, BookRequest
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
    choosing = Choosing(diaries, busy, FakeClock())
    return Worker(Delivery(diaries, REGISTRY, FakeClock()), busy, choosing, **settings)


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


async def test_survives_a_bad_round(
    world: World, diaries: Diaries, busy: Busy, monkeypatch: pytest.MonkeyPatch, caplog
):
    """What fails when work is claimed, or noted, is logged without its text, and it goes on."""
    await connect(world.ada)
    worker, stop = worker_of(diaries, busy, glance=0.02), asyncio.Event()
    failed: list[str] = []

    def once(name: str):
        step = getattr(delivery, name)

        async def sometimes(*arguments):
            if name not in failed:
                failed.append(name)
                raise RuntimeError("private")
            return await step(*arguments)

        monkeypatch.setattr(delivery, name, sometimes)

    once("claim")
    once("settle")
    await book(world, busy, worker)
    running = asyncio.create_task(worker.run(stop))
    await until(lambda: diaries.of(world.ada).events)
    stop.set()
    await running
    assert failed == ["claim", "settle"]
    assert caplog.text.count("the worker failed: RuntimeError") == 2
    assert "private" not in caplog.text


class Revoking(Diaries):
    """Takes grants back, the first of them only when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = 1
        self.go_on = asyncio.Event()
        self.now = self.most = 0

    async def revoke(self, job: Job) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            if job.attempts == 1 and job.id <= self.slow:
                await self.go_on.wait()
            await asyncio.sleep(0.001)
        finally:
            self.now -= 1
        self.revoked.append(job.id)

    async def given(self, world: World, number: int) -> None:
        """Write down that so many grants are to be taken back."""
        at = await database_now()
        for n in range(1, number + 1):
            await Job.create(
                id=n, organization_id=world.saltmarsh.id, kind=JobKind.REVOKE_GRANT,
                due_at=at, created_at=at,
            )  # fmt: skip


async def test_a_slow_job_holds_its_own_place(world: World, busy: Busy):
    """While one hangs, twenty others are done through the places that are left, each once."""
    diaries = Revoking()
    await diaries.given(world, 21)
    worker, stop = worker_of(diaries, busy, glance=3600), asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await until(lambda: len(diaries.revoked) == 20)
    assert (diaries.most, diaries.now) == (PLACES, 1)
    hanging = await Job.get(id=1)
    assert (hanging.state, hanging.attempts) == (JobState.WAITING, 1)
    assert 0 < hanging.leased_until - await database_now() <= LEASE
    stop.set()
    await asyncio.sleep(0.05)
    assert not running.done()
    diaries.go_on.set()
    await running
    assert sorted(diaries.revoked) == list(range(1, 22))
    assert await Job.filter(state=JobState.DONE, attempts=1).count() == 21


async def test_no_more_is_claimed_than_there_are_places(world: World, busy: Busy):
    """Where all hang, what nobody works on is left to other workers."""
    diaries = Revoking()
    diaries.slow = 25
    await diaries.given(world, 25)
    worker, stop = worker_of(diaries, busy, glance=0.01), asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await until(lambda: diaries.now == PLACES)
    await asyncio.sleep(0.1)
    assert await Job.filter(leased_until=None, attempts=0).count() == 15
    assert await worker_of(other := Diaries(), busy)._delivery.run_once() == PLACES
    assert len(other.revoked) == PLACES
    stop.set()
    diaries.go_on.set()
    await running
    assert sorted([*diaries.revoked, *other.revoked]) == list(range(1, 21))


async def test_what_is_cut_off_is_done_again(
    world: World, busy: Busy, monkeypatch: pytest.MonkeyPatch
):
    """A stop waits for its grace and no longer; what is cut off is left for after its lease."""
    monkeypatch.setattr("together.services.outbox.worker.GRACE", 0.05)
    diaries = Revoking()
    await diaries.given(world, 1)
    worker, stop = worker_of(diaries, busy), asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    await until(lambda: diaries.now == 1)
    stop.set()
    await running
    assert (diaries.now, diaries.revoked) == (0, [])
    again = worker_of(diaries, busy)._delivery
    assert await again.run_once() == 0
    await Job.all().update(leased_until=await database_now())
    assert await again.run_once() == 1
    assert diaries.revoked == [1]


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
