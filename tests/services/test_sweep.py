"""The sweep reads what nobody asked for, and no calendar ever stands before the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.services.diary import Diaries, Diary, connect
from tests.world import DAY, HOUR, NOW, FakeClock, World, member
from together.domain.spans import Span
from together.providers.contract import Calendars
from together.providers.errors import ProviderUnavailable
from together.providers.values import Reading
from together.services.availability import busy as reading
from together.services.availability import busy_blocks
from together.services.availability.busy import AT_ONCE, SWEEP, SWEPT, Busy
from together.services.availability.busy_blocks import LONG
from together.store.models import Integration, Member

ROUND = 600
"""Seconds between two rounds of the worker."""


@pytest.fixture
def busy(diaries: Diaries, clock: FakeClock) -> Busy:
    return Busy(diaries, clock, limit=0.2)


async def crowd(world: World, number: int) -> list[Member]:
    """Connect the calendars of so many people more."""
    people = [await member(world.saltmarsh, f"P{n} Person", "UTC") for n in range(number)]
    for person in people:
        await connect(person)
    return people


async def test_sweep(world: World, diaries: Diaries, busy: Busy, clock: FakeClock):
    """Calendars that nobody asked for in hours are read by the sweep."""
    await connect(world.ada)
    await connect(world.ben, state="NEEDS_RECONNECT")
    assert [await busy.sweep(), await busy.sweep()] == [1, 0]
    clock.forward(7 * HOUR)
    assert await busy.sweep() == 1
    assert diaries.calls == {world.ada.id: ["busy", "busy"]}


async def test_those_that_always_fail_stand_at_the_end(
    world: World, diaries: Diaries, busy: Busy, clock: FakeClock
):
    """With a whole round of calendars that always fail, the healthy one is read in the second."""
    broken = await crowd(world, SWEEP)
    for person in broken:
        diaries.of(person).always = ProviderUnavailable()
    healthy = await connect(world.ada)
    rounds = []
    for _ in range(4):
        rounds.append(await busy.sweep())
        clock.forward(ROUND)
    assert rounds == [0, 1, 0, 0]
    assert (await Integration.get(id=healthy.id)).read_at == NOW + ROUND
    # All of them have their turns, and nobody many more than anybody else.
    turns = Counter(len(diaries.of(person).calls) for person in broken)
    assert turns == {4: SWEEP - 1, 3: 1}


async def test_one_that_was_never_tried_comes_first(
    world: World, diaries: Diaries, clock: FakeClock, busy: Busy
):
    """A new calendar waits behind none that was tried before, and the longest wait is next."""
    for person, tried in ((world.ada, NOW - 60), (world.ben, NOW - 90), (world.dev, None)):
        await connect(person, tried_at=tried, read_at=NOW - DAY, since=NOW - 9 * DAY)
    taken = [
        [each.member_id for each in await busy_blocks.take_turns(
            before=NOW - SWEPT, again=NOW - 30, now=NOW, most=1
        )]
        for _ in range(4)
    ]  # fmt: skip
    assert taken == [[world.dev.id], [world.ben.id], [world.ada.id], []]


async def test_hanging_ones_hold_nobody(
    world: World, diaries: Diaries, busy: Busy, clock: FakeClock
):
    """More of them than are read at once cost a round its time limit, and the others nothing."""
    for person in await crowd(world, AT_ONCE + 1):
        diaries.of(person).gate = asyncio.Event()
    healthy = await connect(world.ada)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await busy.sweep() == 1
    assert loop.time() - began < 5
    assert (await Integration.get(id=healthy.id)).read_at == NOW
    assert await Integration.filter(unreadable_since=NOW).count() == AT_ONCE + 1


class Stubborn(Diaries):
    """Calendars of which Ben's do not even end when they are told to."""

    def __init__(self, ben: Member) -> None:
        super().__init__()
        self.ben, self.let_go = ben, asyncio.Event()

    @asynccontextmanager
    async def open(
        self, integration: Integration, *, writing: bool = False
    ) -> AsyncIterator[Calendars]:
        book = self.books.setdefault(integration.member_id, self.of(self.ben))
        theirs = integration.member_id == self.ben.id
        yield StubbornDiary(self) if theirs else Diary(book)


class StubbornDiary(Diary):
    def __init__(self, diaries: Stubborn) -> None:
        super().__init__(diaries.of(diaries.ben))
        self._let_go = diaries.let_go

    async def busy(self, calendar_ids: Sequence[str], window: Span) -> Reading:
        while not self._let_go.is_set():
            try:
                await self._let_go.wait()
            except asyncio.CancelledError:
                continue
        return await super().busy(calendar_ids, window)


async def test_one_that_does_not_let_itself_be_stopped(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    """A plugin that takes no notice of the time limit holds up neither this round nor the next."""
    monkeypatch.setattr(reading, "GRACE", 0.1)
    diaries = Stubborn(world.ben)
    busy = Busy(diaries, clock, limit=0.1)
    await connect(world.ben)
    await connect(world.ada)
    try:
        async with asyncio.timeout(5):
            assert await busy.sweep() == 1
            clock.forward(SWEPT + 1)
            assert await busy.sweep() == 1
    finally:
        diaries.let_go.set()
    await busy.finished()


async def test_a_few_at_once(world: World, diaries: Diaries, clock: FakeClock):
    """A sweep asks about a few calendars at the same time, and about all of them in the end."""
    gate = asyncio.Event()
    people = await crowd(world, 2 * AT_ONCE)
    for person in people:
        diaries.of(person).gate = gate
    sweeping = asyncio.create_task(Busy(diaries, clock).sweep())
    async with asyncio.timeout(5):
        while len(diaries.calls) < AT_ONCE:  # noqa: ASYNC110  (calls come from anywhere)
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(diaries.calls) == AT_ONCE
    gate.set()
    assert await sweeping == len(people)


async def test_two_processes_share_the_turns(world: World, diaries: Diaries, clock: FakeClock):
    """However many sweep at the same time, a calendar is read once."""
    people = await crowd(world, 5)
    read = await asyncio.gather(*(Busy(diaries, clock).sweep() for _ in range(3)))
    assert sum(read) == len(people)
    assert diaries.calls == {person.id: ["busy"] for person in people}


async def test_what_cannot_be_stored_is_one_calendar_s_trouble(
    world: World, diaries: Diaries, busy: Busy, monkeypatch: pytest.MonkeyPatch, caplog
):
    """A reading that the store refuses costs the others nothing, and its text is not logged."""
    ada, ben = await connect(world.ada), await connect(world.ben)
    keep = busy_blocks.keep

    async def refusing(integration, *arguments):
        if integration.id == ada.id:
            raise RuntimeError("private")
        return await keep(integration, *arguments)

    monkeypatch.setattr(busy_blocks, "keep", refusing)
    assert await busy.sweep() == 1
    assert (await Integration.get(id=ben.id)).read_at == NOW
    assert f"integration {ada.id}: not swept: RuntimeError" in caplog.text
    assert "private" not in caplog.text


async def test_a_long_outage_is_looked_at_now_and_then(
    world: World, diaries: Diaries, busy: Busy, clock: FakeClock
):
    """At first every round tries again; after days it is as often as a calendar that works."""
    await connect(world.ada)
    book = diaries.of(world.ada)
    book.always = ProviderUnavailable()
    for _ in range(3):
        await busy.sweep()
        clock.forward(ROUND)
    assert len(book.calls) == 3
    clock.forward(LONG)
    book.calls.clear()
    for _ in range(DAY // ROUND):
        await busy.sweep()
        clock.forward(ROUND)
    assert len(book.calls) == 4
    book.always = None
    clock.forward(SWEPT)
    assert await busy.sweep() == 1
