"""Lets the worker sync whatever is due, beside all that it delivers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from together.services.syncing.changes import PLACES, Syncing
from together.store.models import CalendarSync

T = TypeVar("T")

log = logging.getLogger(__name__)

GLANCE = 1.0
"""Seconds between two looks for calendars whose turn it is."""

ARRANGE = 30.0
"""Seconds between two looks for calendars that are to be synced and are not yet."""


class Rounds:
    """Runs in every worker; which of them syncs a calendar is settled by who claims it."""

    def __init__(
        self, syncing: Syncing, *, glance: float = GLANCE, arrange: float = ARRANGE
    ) -> None:
        self.syncing = syncing
        self._glance, self._arrange = glance, arrange
        self._free = PLACES
        self._place = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Sync until `stop` is set, and end with what is under way."""
        arranging = asyncio.create_task(self._arranging())
        try:
            async with asyncio.TaskGroup() as under_way:
                while not stop.is_set():
                    self._place.clear()
                    for sync in await self._safely(partial(self.syncing.claim, self._free)) or ():
                        self._free -= 1
                        under_way.create_task(self._synced(sync))
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._glance):
                            await (stop if self._free else self._place).wait()
        finally:
            arranging.cancel()
            await asyncio.gather(arranging, return_exceptions=True)

    async def _synced(self, sync: CalendarSync) -> None:
        try:
            await self._safely(partial(self.syncing.sync, sync))
        finally:
            self._free += 1
            self._place.set()

    async def _arranging(self) -> None:
        while True:
            await self._safely(self.syncing.arrange)
            await asyncio.sleep(self._arrange)

    async def _safely(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do a part of the work; a database that is away for a while must not end the worker."""
        try:
            return await work()
        except Exception as error:  # noqa: BLE001
            log.error("syncing failed: %s", type(error).__name__)  # noqa: TRY400
            await asyncio.sleep(self._glance)
            return None
