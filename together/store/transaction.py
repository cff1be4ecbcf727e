"""The one way into a transaction."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TypeVar

import asyncpg  # type: ignore[import-untyped]
from tortoise.exceptions import OperationalError

from together.store.database import Database

T = TypeVar("T")
ATTEMPTS = 8


class _Running:
    over = False


_running: ContextVar[_Running | None] = ContextVar("together_transaction", default=None)


async def transaction(work: Callable[[], Awaitable[T]]) -> T:
    """Do the work whole or not at all, to its end even if the caller is cancelled meanwhile.

    It may be done again from its beginning, when the database broke off a deadlock: so it reads
    what it needs itself and touches nothing but the database.  Inside another transaction it is a
    part of that one.  What the database refuses arrives as `together.store.refused` says.
    """
    around = _running.get()
    if around is not None and not around.over:
        return await work()
    return await Database.current().client.undisturbed.run(_to_the_end(work))


async def _to_the_end(work: Callable[[], Awaitable[T]]) -> T:
    for attempt in range(1, ATTEMPTS):
        try:
            return await _once(work)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, OperationalError) as why:
            if not _passes(why):
                raise
        await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  (no secret)
    return await _once(work)


async def _once(work: Callable[[], Awaitable[T]]) -> T:
    running = _Running()
    token = _running.set(running)
    try:
        async with Database.current().client.transaction():
            return await work()
    finally:
        running.over = True
        _running.reset(token)


def _passes(why: Exception) -> bool:
    """Tell a fault that the same work does not meet again."""
    return not isinstance(why, OperationalError) or "database is locked" in str(why)
