"""Asks a calendar what has changed in it, and takes over what concerns sessions.

Where to go on is stored when all that it covers is taken over, so that whatever is cut off is done
again, which changes nothing twice.  What is stored names the generation it was read through.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from together.domain.spans import Span
from together.providers.contract import CalendarProvider, Calendars
from together.providers.errors import (
    CursorExpired,
    Gone,
    Misconfigured,
    NeedsTime,
    NoMailbox,
    ProviderError,
    ProviderUnavailable,
    Refused,
)
from together.providers.registry import Registry
from together.providers.shapes import unexpected
from together.providers.values import Capability, Event
from together.services.availability.busy import Busy
from together.services.availability.busy_reader import OpensCalendars
from together.services.connections import trouble
from together.services.connections.calendar_list import look_again
from together.services.connections.effective import may_be_read
from together.services.connections.resting import LeftAlone, Resting
from together.services.outbox import event_jobs
from together.services.sessions.taking_over import take_over
from together.services.syncing import ours, turns, watches
from together.services.syncing.watches import Watches
from together.store.clock import database_now
from together.store.models import (
    CalendarEvent,
    CalendarRow,
    CalendarSync,
    Integration,
    IntegrationState,
)
from together.store.transaction import transaction

log = logging.getLogger(__name__)

PLACES = 10
"""Calendars that are asked at once."""

LIMIT = 120.0
"""Seconds without progress after which a calendar is given up for now; well within the lease."""

LONGEST_CURSOR = 4_000
LONGEST_PAUSE = 15 * 60
OPERATORS_PAUSE = 10 * 60
GONE_PAUSE = 3600
REFUSED_PAUSE = 24 * 3600


class Outdated(Exception):  # noqa: N818  (no error: nothing is to be done any more)
    """The connection is not what it was when this began."""


class Syncing:
    """Takes changes over, calendar by calendar."""

    def __init__(
        self,
        grants: OpensCalendars,
        registry: Registry,
        busy: Busy,
        clock: Callable[[], int],
        *,
        resting: Resting | None = None,
        public_url: str | None = None,
        limit: float = LIMIT,
    ) -> None:
        """Without a `public_url` no calendar is watched, and each is asked from time to time."""
        self._grants, self._registry, self._busy = grants, registry, busy
        self._clock, self._limit = clock, limit
        self._resting = resting or Resting(clock)
        self._watches = Watches(registry, clock, public_url=public_url)

    async def arrange(self) -> int:
        """Bring in the calendars that are to be synced and are not yet."""
        return await turns.arrange(self._registry)

    async def claim(self, most: int) -> Sequence[CalendarSync]:
        """Take calendars whose turn it is."""
        return await turns.claim(most)

    async def run_once(self) -> int:
        """Sync the calendars whose turn it is, as far as there are places; say how many."""
        claimed = await self.claim(PLACES)
        async with asyncio.TaskGroup() as group:
            for sync in claimed:
                group.create_task(self.sync(sync))
        return len(claimed)

    async def tidy(self) -> int:
        """Let go of the calendars for which no reason is left; say how many."""
        rows = await turns.superfluous()
        for row in rows:
            await self._let_go(row)
        return len(rows)

    async def sync(self, sync: CalendarSync) -> None:
        """Sync a calendar that was claimed just now, and note what became of it."""
        integration = await Integration.get_or_none(
            id=sync.integration_id,
            organization_id=sync.organization_id,
            state=IntegrationState.ACTIVE,
        )
        if integration is None:
            return
        try:
            async with asyncio.timeout(self._limit) as limit:
                await self._synced(sync, integration, limit)
        except Outdated:
            await turns.failed(sync, pause=0, reason=Outdated.__name__, counts=False)
        except TimeoutError:
            await self._failed(sync, integration, ProviderUnavailable())
        except ProviderError as error:
            await self._failed(sync, integration, error)
        except Exception as error:  # noqa: BLE001  (one broken calendar must not stop the others)
            log.error("calendar %s: not synced: %s", sync.id, type(error).__name__)  # noqa: TRY400
            await self._failed(sync, integration, Misconfigured())

    async def _synced(
        self, sync: CalendarSync, integration: Integration, limit: asyncio.Timeout
    ) -> None:
        provider = self._provider(integration)
        if provider is None or not await may_be_read(integration):
            await turns.failed(sync, pause=turns.PERIOD, reason="NotSynced", counts=False)
            return
        asked = provider.syncs
        async with self._open(integration, writing=asked is Capability.EVENTS) as calendars:
            await self._watches.keep_up(sync, integration, provider, calendars)
            named, cursor = await self._asked(sync, integration, calendars)
        since = _loop_time()
        for row in await ours.named_by(sync, named):
            await self._taken_over(row, integration)
            limit.reschedule(_loop_time() + self._limit)
            if _loop_time() - since >= turns.PROLONG:
                if not await turns.prolonged(sync):
                    raise Outdated
                since = _loop_time()
        if named is None or named:
            await self._read_busy(sync, integration)
        await self._keep(sync, integration, cursor)

    async def _asked(
        self, sync: CalendarSync, integration: Integration, calendars: Calendars
    ) -> tuple[frozenset[str] | None, str]:
        """Ask what has changed, and where to go on; None where it may be everything."""
        try:
            try:
                told = await calendars.changes(sync.external_id, sync.cursor)
                named = None if sync.cursor is None else told.event_ids
            except CursorExpired:
                # The new cursor comes first: what changes while all is read is named by it.
                told, named = await calendars.changes(sync.external_id, None), None
        except Gone:
            await look_again(integration, calendars, clock=self._clock, resting=self._resting)
            raise
        if not 0 < len(told.cursor) <= LONGEST_CURSOR:
            raise unexpected()
        return named, told.cursor

    async def _taken_over(self, row: CalendarEvent, integration: Integration) -> None:
        if Capability.EVENTS not in Capability(integration.capabilities):
            return
        read_at = await database_now()
        event = Event(
            id=row.event_id or "",
            calendar_id=row.calendar_id,
            span=Span.of(row.starts or 0, row.ends or 1),
        )
        found: Event | None = None
        async with self._open(integration, writing=True) as calendars:
            try:
                found = await calendars.read(event)
            except Gone:
                found = None
            except NoMailbox:
                raise
            except (Refused, Misconfigured) as error:
                # One event that cannot be read must keep no other from being taken over.
                trouble.tell_the_operator(error, about=f"event of booking {row.booking_id}")
                if isinstance(error, Misconfigured):
                    await event_jobs.look_later(row)
                return
        await take_over(row, found, read_at=read_at, generation=integration.generation)

    async def _read_busy(self, sync: CalendarSync, integration: Integration) -> None:
        """Read busy times again where this calendar counts, and something of it is stored."""
        counts = await CalendarRow.exists(
            organization_id=sync.organization_id,
            integration_id=sync.integration_id,
            external_id=sync.external_id,
            counts=True,
        )
        if counts and not await self._busy.read_again(integration):
            raise ProviderUnavailable

    async def _keep(self, sync: CalendarSync, integration: Integration, cursor: str) -> None:
        """Store where to go on, unless the connection was replaced meanwhile."""
        now = self._clock()

        async def work() -> None:
            held = await watches.standing(integration).select_for_update(no_key=True).first()
            if held is None:
                raise Outdated
            chosen = await CalendarRow.filter(
                organization_id=held.organization_id, integration_id=held.id, counts=True
            ).values_list("external_id", flat=True)
            await turns.mine(sync).update(cursor=cursor, attempts=0)
            until = await watches.watched_until(
                held, now=now, chosen=[str(each) for each in chosen]
            )
            if until != held.watched_until:
                await watches.standing(integration).update(watched_until=until)
            period = turns.WATCHED_PERIOD if until > now else turns.PERIOD
            await turns.done(sync, period=period, synced_at=now)

        await transaction(work)

    async def _failed(
        self, sync: CalendarSync, integration: Integration, error: ProviderError
    ) -> None:
        """Note when it is tried again; until it works, its watches are good for nothing."""
        reason, tried = type(error).__name__, not isinstance(error, LeftAlone)
        await turns.failed(sync, pause=_pause(sync, error), reason=reason, counts=tried)
        await watches.standing(integration).filter(watched_until__gt=0).update(watched_until=0)
        log.info("calendar %s: not synced: %s", sync.id, reason)

    async def _let_go(self, sync: CalendarSync) -> None:
        integration = await Integration.get_or_none(
            id=sync.integration_id, organization_id=sync.organization_id
        )
        if integration is not None:
            await watches.unwatch_all(integration, self._grants, now=self._clock(), sync=sync)
        await CalendarSync.filter(id=sync.id, organization_id=sync.organization_id).delete()

    def _provider(self, integration: Integration) -> CalendarProvider | None:
        """Give its provider, where the consent includes asking for changes."""
        provider = self._registry.calendars.get(integration.provider)
        if provider is None or provider.syncs is None:
            return None
        return provider if provider.syncs in Capability(integration.capabilities) else None

    @asynccontextmanager
    async def _open(self, integration: Integration, *, writing: bool) -> AsyncGenerator[Calendars]:
        async with (
            self._resting.heeded(integration),
            trouble.noted(integration, clock=self._clock),
            self._grants.open(integration, writing=writing) as calendars,
        ):
            yield calendars


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _pause(sync: CalendarSync, error: ProviderError) -> int:
    """Twice as long each time, as long as the service asks, and never all at once."""
    if isinstance(error, Gone):
        return GONE_PAUSE
    if isinstance(error, Refused):
        return REFUSED_PAUSE
    if not isinstance(error, NeedsTime):
        return OPERATORS_PAUSE
    growing = min(10 << min(sync.attempts, 10), LONGEST_PAUSE)
    asked = int(error.retry_after.total_seconds()) if error.retry_after else 0
    return max(growing // 2, asked) + random.randint(0, growing // 2)  # noqa: S311  (no secret)
