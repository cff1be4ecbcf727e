"""The worker: delivers as soon as there is something to deliver, and tidies up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from together.services import client_keys
from together.services.availability import busy_blocks
from together.services.availability.busy import FACTS, Busy
from together.services.connections import attempts
from together.services.connections.choosing import Choosing
from together.services.listening.telling import Telling
from together.services.organization import asking_to_connect, everybody
from together.services.organization.delegated import Delegations
from together.services.outbox import delivery, handing_over
from together.services.outbox.delivery import PLACES, Delivery
from together.services.syncing.rounds import Rounds
from together.store import request_counts
from together.store.clock import database_now
from together.store.database import Database
from together.store.models import Job

T = TypeVar("T")

log = logging.getLogger(__name__)

GLANCE = 2.0
"""Seconds between two looks at the outbox: another process may have written to it."""

TIDY = 600.0
"""Seconds between two times of tidying up."""

REMIND = 60.0
"""Seconds between two looks for sessions whose people are to be reminded."""

GRACE = 30.0
"""Seconds that a stop waits for what is under way; whatever is cut off is done again later."""


class Worker:
    """Runs beside the web in one process, or alone in any number of them."""

    def __init__(
        self,
        delivery: Delivery,
        busy: Busy,
        choosing: Choosing,
        delegations: Delegations | None = None,
        *,
        rounds: Rounds | None = None,
        telling: Telling | None = None,
        glance: float = GLANCE,
        tidy: float = TIDY,
        remind: float = REMIND,
    ) -> None:
        self._delivery, self._busy, self._choosing = delivery, busy, choosing
        self._delegations, self._rounds = delegations, rounds
        self._telling = telling or Telling({})
        self._glance, self._tidy, self._remind = glance, tidy, remind
        self._something = asyncio.Event()
        self._free = PLACES
        self.looked_at: float | None = None
        """When it looked at the outbox last and could, on the monotonic clock of this process."""

    def wake(self) -> None:
        """Say that there is something to deliver."""
        self._something.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, and come to an end with nothing half done."""
        work = asyncio.create_task(self._work(stop))
        tidying = asyncio.create_task(self._tidying())
        reminding = asyncio.create_task(self._reminding())
        syncing = asyncio.create_task(self._rounds.run(stop) if self._rounds else stop.wait())
        listening = asyncio.create_task(self._telling.run(stop, wake=self.wake))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
            self.wake()
            await asyncio.wait((work, syncing), timeout=GRACE)
        finally:
            beside = (work, tidying, reminding, syncing, listening, stopping)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _work(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as under_way:  # a stop waits here for the rest of it
            while not stop.is_set():
                self._something.clear()
                jobs = await self._safely(partial(delivery.claim, self._free))
                if jobs is not None:
                    self.looked_at = time.monotonic()
                for job in jobs or ():
                    self._free -= 1
                    under_way.create_task(self._delivered(job))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._glance):
                        await self._something.wait()

    async def _delivered(self, job: Job) -> None:
        try:
            await self._safely(partial(self._delivery.deliver, job))
        finally:
            self._free += 1
            self.wake()  # for the next one, and for what this one may have left to do

    async def _reminding(self) -> None:
        while True:
            if await self._safely(self._delivery.mails.remind_of_sessions):
                self.wake()
            await asyncio.sleep(self._remind)

    async def _tidying(self) -> None:
        while True:
            await self._safely(self.tidy)
            await asyncio.sleep(self._tidy)

    async def tidy(self) -> int:
        """Write down what people are to be reminded of, and delete what is no longer kept; read
        again the calendars that nobody asked for.
        """
        await self._delivery.mails.remind()
        now = await database_now()
        gone = await busy_blocks.forget(before=now - FACTS)
        gone += await client_keys.forget(now=now)
        gone += await delivery.forget(now=now)
        gone += await attempts.forget(now=now)
        gone += await handing_over.forget(now=now)
        gone += await asking_to_connect.forget(now=now)
        await request_counts.forget(now=now)
        if gone:
            await Database.current().truncate_log()
        if self._delegations is not None:
            await self._delegations.sweep()
            await everybody.left_over(now=now)
        if self._rounds is not None:
            await self._rounds.syncing.tidy()
        # The lists first: what is not there any more is not to be read.
        return gone + await self._choosing.sweep() + await self._busy.sweep()

    async def _safely(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Do a part of the work; a database that is away for a while must not end the worker."""
        try:
            return await work()
        except Exception as error:  # noqa: BLE001
            log.error("the worker failed: %s", type(error).__name__)  # noqa: TRY400
            await asyncio.sleep(self._glance)
            return None
