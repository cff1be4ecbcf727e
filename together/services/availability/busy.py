"""When people's calendars are busy: what is stored, read again where it is no longer fresh.

What no complete reading covers is unknown, never free.  However many ask at once, a calendar is
read once; whoever has waited long enough is told what is stored, and the reading goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass

from together.domain.spans import Span, Spans
from together.services.availability import busy_blocks
from together.services.availability.busy_blocks import Stored
from together.services.availability.busy_reader import OpensCalendars, Reader
from together.services.connections.resting import REST, Resting
from together.store.models import Integration

log = logging.getLogger(__name__)

FRESH = 15 * 60
"""Seconds for which stored blocks are facts without asking again."""

WATCHED_FRESH = 30 * 60
"""Seconds where the service tells of every change by itself, and each is read at once."""

FACTS = 24 * 60 * 60
"""Seconds for which they are facts while the service cannot be asked."""

PATIENCE = 4.0
"""Seconds that an answer waits for the services."""

SWEPT = 6 * 60 * 60
"""Seconds after which the sweep reads a calendar that nobody has asked for."""

SWEEP = 50
"""Calendars that one sweep reads at most."""

AT_ONCE = 8
"""Calendars that a sweep reads at the same time."""

LIMIT = 60.0
"""Seconds after which a reading is given up, whoever waits for it."""

GRACE = 5.0
"""Seconds more that a sweep waits, for the end of one that is given up to be noted."""

HORIZON = 62 * 86_400
"""Seconds that a sweep reads ahead."""

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one person's calendars within a window."""

    busy: Spans
    unknown: Spans
    as_of: int | None
    """The oldest reading this rests on; None when it rests on none."""
    lost: bool = False
    """The consent turned out to be gone, so that this person is not integrated any more."""

    @classmethod
    def nothing(cls, window: Span, *, lost: bool = False) -> Known:
        return cls(Spans(), Spans([window]), None, lost)


class Busy:
    """Reads busy times, each calendar once for everybody who asks at the same time."""

    def __init__(
        self,
        grants: OpensCalendars,
        clock: Callable[[], int],
        *,
        resting: Resting | None = None,
        patience: float = PATIENCE,
        limit: float = LIMIT,
    ) -> None:
        """Without `resting`, nobody else is told of the pauses that a service asks for."""
        self._clock, self._patience, self._limit = clock, patience, limit
        self._flights: dict[tuple[int, int, int], asyncio.Task[Stored | None]] = {}
        self._resting = resting or Resting(clock)
        self._reader = Reader(grants, clock, limit=limit, resting=self._resting)
        self._running: set[asyncio.Task[Stored | None]] = set()

    async def known(
        self, integrations: Sequence[Integration], window: Span, *, until: int
    ) -> Mapping[int, Known]:
        """Say what is known in `window`, by integration's row id.

        `until` is how far ahead a reading goes, whole days, so that the next question is
        answered from the store.  All integrations are of one organization.
        """
        if not integrations:
            return {}
        now = self._clock()
        reach = _whole_days(now, max(until, now))
        stored = await busy_blocks.stored(integrations, window, since=now - FACTS)
        asked = _part(window, reach)
        stale = [
            each
            for each in integrations
            if asked is not None and not _fresh(stored[each.id], asked, each, now=now)
        ]
        flights = {
            each.id: flight
            for each in stale
            if (flight := self._flight(each, reach, now=now)) is not None
        }
        read = await self._landed(flights, patience=self._patience)
        return {each.id: _told(read.get(each.id, stored[each.id]), window) for each in integrations}

    async def at(self, integrations: Sequence[Integration], span: Span) -> Mapping[int, Known]:
        """Read the calendars for these minutes now, whatever is stored.

        What cannot be read now is unknown; what the store says is busy is busy all the same.  A
        service that is to be left alone is not asked, and a late answer is still taken note of.
        """
        if not integrations:
            return {}
        now = self._clock()
        tasks = {
            each.id: self._begun(self._reader.glance(each, span, now=now))
            for each in integrations
            if each not in self._resting
        }
        read = await self._landed(tasks, patience=self._patience)
        missed = [each for each in integrations if each.id not in read]
        stored = await busy_blocks.stored(missed, span, since=now - FACTS)
        told = {key: _told(value, span) for key, value in read.items()}
        for each in missed:
            was = _told(stored[each.id], span)
            told[each.id] = Known(was.busy, Spans([span]) - was.busy, was.as_of)
        return told

    async def stored(self, integrations: Sequence[Integration], span: Span) -> Mapping[int, Known]:
        """Say what the store holds that is fresh, and ask nobody."""
        now = self._clock()
        held = await busy_blocks.stored(integrations, span, since=now - WATCHED_FRESH)
        young = {
            each.id: held[each.id] if _young(held[each.id], each, now=now) else Stored()
            for each in integrations
        }
        return {key: _told(value, span) for key, value in young.items()}

    async def read_again(self, integration: Integration) -> bool:
        """Read anew what is stored, because something has changed; say whether that worked.

        A reading that is under way may have begun before the change: another one follows it.
        """
        if not await busy_blocks.kept(integration):
            return True
        if under_way := self._flights.get(_key(integration)):
            await asyncio.wait((under_way,))
        now = self._clock()
        flight = self._flight(integration, _whole_days(now, now + HORIZON), now=now)
        if flight is None:
            return False
        return bool(await self._landed({integration.id: flight}, patience=self._limit + GRACE))

    async def sweep(self) -> int:
        """Read again some of the calendars that nobody asked for in a while; say how many.

        Somebody who connected a calendar stays integrated although nobody looks for a day.
        """
        now = self._clock()
        turns = await busy_blocks.take_turns(
            before=now - SWEPT, again=now - REST, now=now, most=SWEEP
        )
        places = asyncio.Semaphore(AT_ONCE)
        return sum(await asyncio.gather(*(self._swept(each, places) for each in turns)))

    async def finished(self) -> None:
        """Stop the readings under way, before the database is closed."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    # Reading

    async def _swept(self, integration: Integration, places: asyncio.Semaphore) -> bool:
        """Read one of a sweep's calendars; what is wrong with it holds up no other."""
        async with places:
            now = self._clock()
            flight = self._flight(integration, _whole_days(now, now + HORIZON), now=now)
            if flight is None:
                return False
            try:
                read = await self._landed({integration.id: flight}, patience=self._limit + GRACE)
            except Exception as error:  # noqa: BLE001
                log.error("integration %s: not swept: %s", integration.id, type(error).__name__)  # noqa: TRY400
                return False
            return bool(read)

    def _flight(
        self, integration: Integration, reach: Span, *, now: int
    ) -> asyncio.Task[Stored | None] | None:
        """Give the reading under way, or begin one, unless its service is to be left alone."""
        key = _key(integration)
        if flight := self._flights.get(key):
            return flight
        if integration in self._resting:
            return None
        flight = self._begun(self._refresh(integration, reach, now=now))
        self._flights[key] = flight
        flight.add_done_callback(lambda _: self._flights.pop(key, None))
        return flight

    def _begun(
        self, reading: Coroutine[object, object, Stored | None]
    ) -> asyncio.Task[Stored | None]:
        task = asyncio.create_task(reading)
        self._running.add(task)  # the loop itself holds tasks only weakly
        task.add_done_callback(self._running.discard)
        return task

    async def _landed(
        self, flights: Mapping[int, asyncio.Task[Stored | None]], *, patience: float
    ) -> dict[int, Stored]:
        """Wait as long as an answer may take; a flight that is late goes on by itself."""
        if not flights:
            return {}
        await asyncio.wait(set(flights.values()), timeout=patience)
        return {
            key: read
            for key, flight in flights.items()
            if flight.done() and not flight.cancelled() and (read := flight.result()) is not None
        }

    async def _refresh(self, integration: Integration, reach: Span, *, now: int) -> Stored | None:
        read = await self._reader.read(integration, reach, now=now)
        if read is None or read.lost:
            return read
        # Thrown away when the calendar was disconnected meanwhile.
        kept = await busy_blocks.keep(integration, read, reach)
        return read if kept else Stored(lost=True)


def _whole_days(now: int, until: int) -> Span:
    """From the day it is to a day more than asked, so that tomorrow's horizon is covered too."""
    return Span.of(now - now % _DAY, until - until % _DAY + 2 * _DAY)


def _part(window: Span, reach: Span) -> Span | None:
    starts, ends = max(window.starts, reach.starts), min(window.ends, reach.ends)
    return Span.of(starts, ends) if starts < ends else None


def _key(integration: Integration) -> tuple[int, int, int]:
    return integration.id, integration.generation, integration.choice


def _fresh(stored: Stored, asked: Span, integration: Integration, *, now: int) -> bool:
    """Say whether asking again could teach nothing yet."""
    return _young(stored, integration, now=now) and stored.asked.covers(asked.starts, asked.ends)


def _young(stored: Stored, integration: Integration, *, now: int) -> bool:
    limit = WATCHED_FRESH if integration.watched_until > now else FRESH
    return stored.as_of is not None and now - stored.as_of < limit


def _told(stored: Stored, window: Span) -> Known:
    if stored.lost:
        return Known.nothing(window, lost=True)
    whole = Spans([window])
    busy = stored.busy & whole
    return Known(busy, whole - stored.covers - busy, stored.as_of)
