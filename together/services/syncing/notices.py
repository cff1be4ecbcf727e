"""What a service's notifications mean: that a calendar is to be asked, and nothing more.

Whoever sends one is answered before it is looked at, the same and as fast whatever it says.  What
came is folded in memory for a moment, and then looked up together; what gets lost there is found
by the next turn of its calendar.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tortoise.expressions import Q, Subquery

from together.providers.registry import Registry
from together.providers.syncing import Notice, NoticeKind
from together.services.syncing import turns
from together.services.syncing.watches import hash_of
from together.store.models import CalendarSync, Integration, IntegrationState, Watch
from together.store.transaction import transaction

log = logging.getLogger(__name__)

MOST = 10_000
"""Notices that wait at once.  More are lost, as happens out there."""

OF_ONE = 1_000
"""Notices of one notification that are heeded."""

PAUSE = 0.2
"""Seconds in which what comes is folded."""

ECHO = 1_024
"""Characters that are echoed at the most."""

_NOBODYS = "0" * 64
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Claim:
    """What somebody claims: nobody's secret is kept, only its hash."""

    provider: str
    watch_id: str
    resource: str | None
    secret_hash: str
    kind: NoticeKind


Known: TypeAlias = Mapping[tuple[str, str], tuple[Watch, int]]


class Notices:
    """The notifications that come to this process."""

    def __init__(
        self, registry: Registry, clock: Callable[[], int], *, pause: float = PAUSE
    ) -> None:
        self._registry, self._clock, self._pause = registry, clock, pause
        self._waiting: dict[_Claim, None] = {}
        self._looking: asyncio.Task[None] | None = None

    def challenge(self, slug: str, query: Mapping[str, str]) -> str | None:
        """Give what a service wants to hear before it sends anything."""
        provider = self._registry.calendars.get(slug)
        if provider is None or provider.notifications is None:
            return None
        try:
            echo = provider.notifications.challenge(query)
        except Exception as error:  # noqa: BLE001  (a plugin's fault is nobody's business out there)
            log.error("%s: challenge failed: %s", slug, type(error).__name__)  # noqa: TRY400
            return None
        return echo if echo and len(echo) <= ECHO else None

    def arrived(self, slug: str, headers: Mapping[str, str], body: bytes) -> None:
        """Take what came.  Nothing is said of it to whoever sent it."""
        provider = self._registry.calendars.get(slug)
        if provider is None or provider.notifications is None:
            return
        try:
            read = [*provider.notifications.read(headers, body)][:OF_ONE]
        except Exception as error:  # noqa: BLE001
            log.error("%s: a notification was not read: %s", slug, type(error).__name__)  # noqa: TRY400
            return
        for notice in read:
            if len(self._waiting) < MOST and _could_be(notice):
                self._waiting[_claim(slug, notice)] = None
        if self._waiting and (self._looking is None or self._looking.done()):
            self._looking = asyncio.create_task(self._look())

    async def finished(self) -> None:
        """Heed what has come, before the database is closed."""
        while self._looking is not None and not self._looking.done():
            await asyncio.wait((self._looking,))

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._pause)
            claims, self._waiting = list(self._waiting), {}
            for place in range(0, len(claims), _AT_ONCE):
                try:
                    await heeded(claims[place : place + _AT_ONCE], now=self._clock())
                except Exception as error:  # noqa: BLE001  (the next turn finds what was missed)
                    log.error("notifications were not heeded: %s", type(error).__name__)  # noqa: TRY400


async def heeded(claims: Collection[_Claim], *, now: int) -> None:
    """Believe those that know their secret: all are looked for, and compared, in the same way."""
    known = await _known(claims, now=now)
    syncs: set[int] = set()
    renewed: set[int] = set()
    ended: dict[int, int] = {}
    for claim in claims:
        watch, integration_id = known.get((claim.provider, claim.watch_id), (None, 0))
        expected = _NOBODYS if watch is None else watch.secret_hash
        right = hmac.compare_digest(expected, claim.secret_hash)
        if watch is None or not right or claim.resource != watch.resource:
            continue
        syncs.add(watch.calendar_sync_id)
        if claim.kind is NoticeKind.RENEW:
            renewed.add(watch.id)
        elif claim.kind is NoticeKind.ENDED:
            ended[watch.id] = integration_id
    if not syncs:
        return

    async def work() -> None:
        if renewed:
            await Watch.filter(id__in=sorted(renewed)).update(renew_at=0)
        if ended:
            await Integration.filter(id__in=sorted({*ended.values()})).update(watched_until=0)
            await Watch.filter(id__in=sorted(ended)).delete()
        await turns.hinted(sorted(syncs))

    await transaction(work)


async def _known(claims: Collection[_Claim], *, now: int) -> Known:
    """Find the watches that are named and live, each of a connection that is as it was."""
    in_use = Integration.filter(state=IntegrationState.ACTIVE)
    rows = await Watch.filter(
        Q(calendar_sync__integration_id__in=Subquery(in_use.values("id"))),
        provider__in=sorted({claim.provider for claim in claims}),
        watch_id__in=sorted({claim.watch_id for claim in claims}),
        expires_at__gt=now,
    ).select_related("calendar_sync__integration")
    found: dict[tuple[str, str], tuple[Watch, int]] = {}
    for row in rows:
        sync: CalendarSync = row.calendar_sync
        if sync.integration.generation == row.generation:
            found[row.provider, row.watch_id] = row, sync.integration_id
    return found


def _claim(slug: str, notice: Notice) -> _Claim:
    return _Claim(slug, notice.watch_id, notice.resource, hash_of(notice.secret), notice.kind)


def _could_be(notice: Notice) -> bool:
    """Leave out what no watch is called: some of it no database would look for."""
    texts = (notice.watch_id, notice.resource or "", notice.secret.reveal())
    return len(notice.watch_id) <= 255 and all(len(t) <= 1024 and t.isprintable() for t in texts)
