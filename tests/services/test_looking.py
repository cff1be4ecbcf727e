"""A calendar that nobody read for a day counts again as soon as it was read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.services.diary import Diaries, connect, viewer
from tests.world import DAY, NOW, FakeClock, World
from together.domain.integration import Standing
from together.providers.errors import ProviderUnavailable
from together.services.availability.busy import Busy
from together.services.availability.looking import looked


class Ticking(FakeClock):
    """A clock that is a second later whenever it is asked."""

    def __call__(self) -> int:
        self.forward(1)
        return self.now


@pytest.fixture
async def stale(world: World) -> None:
    """Ada and Ben are connected, and nobody has read their calendars for two days."""
    for member in (world.ada, world.ben):
        await connect(member, since=NOW - 3 * DAY, read_at=NOW - 2 * DAY)


@pytest.mark.parametrize("clock", [FakeClock, Ticking])
async def test_read_while_the_clock_goes_on(
    world: World, diaries: Diaries, stale: None, clock: Callable[[], FakeClock]
):
    """Both are read and count, the viewer's own first, however long reading takes."""
    time = clock()
    people = await looked(viewer(world.ada), world.match.uid, busy=Busy(diaries, time), clock=time)
    assert [seen.standing for seen in people.people] == [Standing.INTEGRATED] * 2
    assert len(people.visible) == 2


async def test_read_by_somebody_else_meanwhile(world: World, diaries: Diaries, stale: None):
    """Whoever joins a reading that began before is told what came of it."""
    clock, book = FakeClock(), diaries.of(world.ada)
    busy, book.gate = Busy(diaries, clock), asyncio.Event()

    async def ask() -> list[Standing | None]:
        people = await looked(viewer(world.ada), world.match.uid, busy=busy, clock=clock)
        return [seen.standing for seen in people.people]

    first = asyncio.create_task(ask())
    await book.called("busy")
    clock.forward(5)
    second = asyncio.create_task(ask())
    await asyncio.sleep(0.1)
    book.gate.set()
    assert await asyncio.gather(first, second) == [[Standing.INTEGRATED] * 2] * 2
    assert book.calls == ["busy"]


async def test_not_readable(world: World, diaries: Diaries, stale: None):
    """While the viewer's own cannot be read, nobody else's is even asked for."""
    diaries.of(world.ada).always = ProviderUnavailable()
    clock = Ticking()
    people = await looked(
        viewer(world.ada), world.match.uid, busy=Busy(diaries, clock), clock=clock
    )
    assert [seen.standing for seen in people.people] == [Standing.NOT_INTEGRATED, None]
    assert diaries.calls == {world.ada.id: ["busy"]}
