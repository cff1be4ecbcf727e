"""How many requests are let through: each member's share, and what is everybody's."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.storage import memory as in_memory

from tests.world import World
from together.domain.limits import Limits
from together.services.signing_in.admission import Admission, Allowance, TooManyRequests
from together.services.signing_in.viewer import Viewer
from together.store import request_counts
from together.store.clock import database_now
from together.store.database import Database
from together.store.models import RequestCount
from together.store.request_counts import PostgresCounts

LIMITS = Limits(member_requests=4, organization_requests=8, busy_requests=2)


@dataclass(slots=True)
class Turnstile:
    """Admits people by name, and tells what each heard."""

    world: World
    admission: Admission
    heard: list[object] = field(default_factory=list)

    async def ask(self, name: str, times: int = 1) -> list[object]:
        """Give what is left after each, or the limit that was hit with what was asked."""
        told: list[object] = []
        for _ in range(times):
            try:
                left = await self.admission.admit(Viewer.of(self.world.people[name]))
                told.append(left.remaining)
            except TooManyRequests as spent:
                told.append((spent.limit, spent.allowed, spent.asked))
        return told


@pytest.fixture
def storage(database: Database) -> Storage:
    return PostgresCounts() if database.dialect == "postgres" else MemoryStorage()


@pytest.fixture
def turnstile(world: World, storage: Storage) -> Turnstile:
    return Turnstile(world, Admission(LIMITS, storage=storage))


async def test_a_member_has_a_share(turnstile: Turnstile):
    """A member is let through as often as is allowed, and then told what was asked."""
    assert await turnstile.ask("ada", 6) == [
        3, 2, 1, 0, ("member_requests", 4, 5), ("member_requests", 4, 6),
    ]  # fmt: skip
    assert await turnstile.ask("ben") == [3]


async def test_one_member_takes_nothing_from_the_others(turnstile: Turnstile):
    """However often one member asks, everybody else has their share as before."""
    await turnstile.ask("ada", 100)
    assert await turnstile.ask("ben", 4) == [3, 2, 1, 0]


async def test_an_organization_that_has_spent_its_own(turnstile: Turnstile):
    """When the organization's requests are spent, each member still has a few; another
    organization hears nothing of it.
    """
    await turnstile.ask("ada", 4)
    await turnstile.ask("ben", 4)
    busy = [3, 2, ("busy_requests", 2, 3), ("busy_requests", 2, 4), ("member_requests", 4, 5)]
    assert await turnstile.ask("chiara", 5) == busy
    assert await turnstile.ask("dev", 3) == busy[:3]
    assert await turnstile.ask("mira", 4) == [3, 2, 1, 0]


async def test_a_minute_later(world: World, database: Database, monkeypatch: pytest.MonkeyPatch):
    """After the minute, everything is there again; until then one is told how long it takes."""
    admission = Turnstile(world, Admission(LIMITS, dialect=database.dialect))
    await admission.ask("ada", 4)
    with pytest.raises(TooManyRequests) as caught:
        await admission.admission.admit(Viewer.of(world.people["ada"]))
    assert 1 <= caught.value.seconds <= 60
    if database.dialect == "postgres":
        await RequestCount.all().update(ends=await database_now())
    else:
        later = in_memory.time.time() + 60

        class Later:
            time = staticmethod(lambda: later)

        monkeypatch.setattr(in_memory, "time", Later)
    assert await admission.ask("ada") == [3]


async def test_what_is_told(world: World, storage: Storage):
    """What is told is the member's own share, and until when it counts."""
    admission = Admission(LIMITS, storage=storage, now=lambda: 0.0)
    viewer = Viewer.of(world.people["ada"])
    assert await admission.admit(viewer) == Allowance(allowed=4, remaining=3, seconds=60)
    later = Admission(LIMITS, storage=storage, now=lambda: 1e12)
    assert await later.admit(viewer) == Allowance(allowed=4, remaining=2, seconds=1)


async def test_nothing_is_let_through_uncounted(world: World):
    """Where nothing can be counted, nobody is let through."""

    class Away(MemoryStorage):
        async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
            raise ConnectionRefusedError

    with pytest.raises(ConnectionRefusedError):
        await Admission(LIMITS, storage=Away()).admit(Viewer.of(world.people["ada"]))


async def test_processes_count_together(world: World, database: Database):
    """On PostgreSQL every process counts with the others, in whole requests, however many."""
    import asyncio

    storages = [PostgresCounts() for _ in range(3)] if database.dialect == "postgres" else []
    storages = storages or [MemoryStorage()]
    limits = Limits(member_requests=50, organization_requests=1000)
    doors = [Turnstile(world, Admission(limits, storage=each)) for each in storages]
    told = await asyncio.gather(*(doors[n % len(doors)].ask("ada") for n in range(60)))
    left = [each for [each] in told if isinstance(each, int)]
    assert sorted(left) == list(range(50))
    await request_counts.forget(now=await database_now())
    kept = await RequestCount.all().order_by("key").values_list("key", "counted")
    home = world.people["ada"].organization_id
    member = f"member/{home}/{world.people['ada'].id}/50/1/minute"
    if database.dialect == "postgres":
        assert kept == [(member, 60), (f"organization/{home}/1000/1/minute", 50)]
    assert await request_counts.forget(now=await database_now() + 2 * 3600) == len(kept)
    assert await RequestCount.all().count() == 0


async def test_a_storage_by_the_letter(world: World, database: Database):
    """PostgreSQL's counts can be read, cleared and reset as the library's own."""
    storage = PostgresCounts()
    if database.dialect != "postgres":
        assert storage.base_exceptions == ()
        return
    key = f"member/{world.people['ada'].organization_id}/1/4/1/minute"
    now = await database_now()
    assert (await storage.check(), await storage.get(key)) == (True, 0)
    assert await storage.get_expiry(key) == 0
    assert [await storage.incr(key, 60), await storage.incr(key, 60, 2)] == [1, 3]
    assert await PostgresCounts().get(key) == 3
    assert 58 <= await PostgresCounts().get_expiry(key) - now <= 62
    await storage.clear(key)
    assert (await storage.get(key), await storage.incr(key, 60)) == (0, 1)
    assert (await storage.reset(), await storage.get(key)) == (1, 0)
