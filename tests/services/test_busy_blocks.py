"""Readings that meet in the store: whatever the order, what is busy never looks free."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from tests.services.diary import connect
from tests.world import DAY, HOUR, NOW, World
from together.domain.spans import Span, Spans
from together.services.availability import busy_blocks
from together.services.availability.busy_blocks import Stored
from together.store.models import Integration
from together.store.postgres import PostgresTransaction
from together.store.sqlite import SqliteTransaction

REACH = Span.of(NOW, NOW + 5 * DAY)
BUSY = Spans.of([(NOW + DAY, NOW + DAY + HOUR)])


def reading(*, busy: Spans = BUSY, as_of: int = NOW) -> Stored:
    whole = Spans([REACH])
    return Stored(busy=busy, covers=whole, asked=whole, as_of=as_of)


async def told(integration: Integration) -> Stored:
    found = await busy_blocks.stored([integration], REACH, since=NOW - HOUR)
    return found[integration.id]


@pytest.mark.parametrize("statement", [1, 2, 3])
async def test_read_while_old_ones_are_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch, statement: int
):
    """A reading that lands between any two statements of a clean-up keeps its busy blocks."""
    ada = await connect(world.ada)
    assert await busy_blocks.keep(ada, reading(as_of=NOW - 25 * HOUR), REACH)
    cleaning, sent, late = ContextVar("cleaning", default=False), [], asyncio.Event()

    def slow(execute):
        async def tell(self, query: str, *arguments, **named):
            if cleaning.get():
                sent.append(query)
            if cleaning.get() and len(sent) == statement:
                late.set()
                await asyncio.wait({landing}, timeout=0.3)  # it may have to wait for us
            return await execute(self, query, *arguments, **named)

        return tell

    for client in (SqliteTransaction, PostgresTransaction):
        monkeypatch.setattr(client, "execute_query", slow(client.execute_query))

    async def land() -> bool:
        await late.wait()
        return await busy_blocks.keep(ada, reading(), REACH)

    landing = asyncio.create_task(land())
    cleaning.set(True)
    await busy_blocks.forget(before=NOW - 24 * HOUR)
    late.set()  # a clean-up with nothing left to do sends fewer statements
    assert await landing
    assert await told(ada) == reading()


async def test_an_older_reading_lands_later(world: World):
    """It replaces nothing, neither the blocks nor the time of the last reading."""
    ada = await connect(world.ada)
    assert await busy_blocks.keep(ada, reading(as_of=NOW + 10), REACH)
    assert await busy_blocks.keep(ada, reading(busy=Spans(), as_of=NOW), REACH)
    assert await told(ada) == reading(as_of=NOW + 10)
    kept = await Integration.get(id=ada.id)
    assert (kept.read_at, kept.unreadable_since) == (NOW + 10, None)
    assert await busy_blocks.keep(ada, reading(busy=Spans(), as_of=NOW + 20), REACH)
    assert (await told(ada)).busy == Spans()


async def test_it_can_be_read_again(world: World):
    """A reading clears what another process noted after the connection was loaded."""
    ada = await connect(world.ada)
    await Integration.filter(id=ada.id).update(unreadable_since=NOW - 5)
    assert await busy_blocks.keep(ada, reading(), REACH)
    assert (await Integration.get(id=ada.id)).unreadable_since is None
