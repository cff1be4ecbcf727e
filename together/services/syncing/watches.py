"""Keeps calendars watched: made, renewed with an overlap long before the end, and ended.

A watch is made by whoever has claimed the calendar, so that many processes make it once.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tortoise.queryset import QuerySet

from together.domain.web_addresses import host_of, is_loopback
from together.providers.contract import CalendarProvider, Calendars
from together.providers.errors import Gone, Misconfigured, NeedsTime, ProviderError, Refused
from together.providers.registry import Registry
from together.providers.shapes import unexpected
from together.providers.syncing import Channel, Notifications, Watch
from together.providers.values import Secret
from together.services.availability.busy_reader import OpensCalendars
from together.services.connections import trouble
from together.services.syncing import turns
from together.store.models import CalendarSync, Integration, IntegrationState
from together.store.models import Watch as WatchRow
from together.store.transaction import transaction

log = logging.getLogger(__name__)

PATH = "/notifications/"

AGAIN = 24 * 3600
"""Seconds after which a calendar is tried to be watched again, where the service refused."""

SOON = 5 * 60
"""Seconds after which it is where the service was only out of reach."""

OVERLAP = 24 * 3600
"""Seconds before its end that a watch is renewed at least, where it lives for long enough."""

SHORTEST = 120
"""Seconds that a watch has to live, to be one."""

FAREWELL = 3.0
"""Seconds that a disconnection waits for the watches to be ended."""


class Watches:
    """Watches calendars, where the service can reach us."""

    def __init__(
        self, registry: Registry, clock: Callable[[], int], *, public_url: str | None = None
    ) -> None:
        """Without a `public_url` nothing is watched."""
        self._clock = clock
        self._address = _address(public_url, registry)

    async def keep_up(
        self,
        sync: CalendarSync,
        integration: Integration,
        provider: CalendarProvider,
        calendars: Calendars,
    ) -> None:
        """Make a calendar that was claimed be watched, if it can be.

        It comes before its changes are asked for, so that what changes meanwhile is not missed.
        """
        if provider.notifications is None or self._address is None:
            return
        channel = self._channel(provider.slug, provider.notifications)
        now = self._clock()
        rows = await _watches(sync).order_by("-expires_at", "-id")
        ours = [row for row in rows if row.generation == integration.generation]
        current = next((row for row in ours if row.expires_at > now), None)
        try:
            if current is None or current.renew_at <= now:
                current = await self._watched(sync, integration, calendars, current, channel)
        except (Refused, Misconfigured, NeedsTime) as error:
            if isinstance(error, Misconfigured):
                trouble.tell_the_operator(error, about=f"watching calendar {sync.id}")
            pause = SOON if isinstance(error, NeedsTime) else AGAIN
            await turns.mine(sync).update(watchable_at=now + pause)
        for row in rows:
            if current is not None and row.id != current.id:
                await _ended(row, calendars, now=now)

    async def _watched(
        self,
        sync: CalendarSync,
        integration: Integration,
        calendars: Calendars,
        current: WatchRow | None,
        channel: Channel,
    ) -> WatchRow | None:
        if sync.watchable_at > self._clock():
            return current
        if current is not None:
            try:
                made = await calendars.renew(sync.external_id, value_of(current), channel)
                return await self._keep(sync, integration, made, channel)
            except Gone:
                await _watches(sync).filter(id=current.id).delete()
        made = await calendars.watch(sync.external_id, channel)
        return await self._keep(sync, integration, made, channel)

    def _channel(self, slug: str, notifications: Notifications) -> Channel:
        life = notifications.longest - timedelta(minutes=1)
        return Channel(
            id=secrets.token_hex(16),
            secret=Secret(secrets.token_urlsafe(32)),
            address=f"{self._address}{slug}",
            until=datetime.fromtimestamp(self._clock(), UTC) + life,
        )

    async def _keep(
        self, sync: CalendarSync, integration: Integration, made: Watch, channel: Channel
    ) -> WatchRow | None:
        """Know a watch, by the hash of its secret; None where its connection is over."""
        now, ends = self._clock(), int(made.expires_at.timestamp())
        if ends < now + SHORTEST or not 0 < len(made.id) <= 255 or len(made.resource or "") > 1024:
            raise unexpected()
        times: dict[str, Any] = {"expires_at": ends, "renew_at": ends - _overlap(ends - now)}

        async def work() -> WatchRow | None:
            if await standing(integration).select_for_update(no_key=True).first() is None:
                return None
            if await turns.mine(sync).select_for_update(no_key=True).first() is None:
                return None
            same = _watches(sync).filter(watch_id=made.id)
            if await same.update(**times):  # renewed, with its old secret
                return await same.first()
            return await WatchRow.create(
                organization_id=sync.organization_id,
                calendar_sync_id=sync.id,
                provider=integration.provider,
                watch_id=made.id,
                resource=made.resource,
                secret_hash=hash_of(channel.secret),
                generation=integration.generation,
                **times,
            )

        return await transaction(work)


async def watched_until(integration: Integration, *, now: int, chosen: Sequence[str]) -> int:
    """Say until when every one of these calendars is watched; 0 where one is not, or is behind."""
    if not chosen:
        return 0
    rows: Any = await CalendarSync.filter(
        organization_id=integration.organization_id,
        integration_id=integration.id,
        external_id__in=list(chosen),
        cursor__not_isnull=True,
        attempts=0,
    ).values_list("id", flat=True)
    if len(rows) < len(chosen):
        return 0
    ends: dict[int, int] = {}
    for row in await WatchRow.filter(
        organization_id=integration.organization_id,
        calendar_sync_id__in=list(rows),
        generation=integration.generation,
        expires_at__gt=now,
    ):
        ends[row.calendar_sync_id] = max(row.expires_at, ends.get(row.calendar_sync_id, 0))
    return min(ends.values()) if len(ends) == len(rows) else 0


async def unwatch_all(
    integration: Integration,
    grants: OpensCalendars,
    *,
    now: int,
    sync: CalendarSync | None = None,
) -> None:
    """End the watches of a connection, or of one of its calendars, while its grant still opens.

    What fails runs out by itself.  They are unknown from here on, so that a connection which stays
    after all makes others.
    """
    of: dict[str, Any] = {} if sync is None else {"calendar_sync_id": sync.id}
    rows = await WatchRow.filter(
        organization_id=integration.organization_id,
        calendar_sync__integration_id=integration.id,
        **of,
    )
    if not rows or integration.state is not IntegrationState.ACTIVE:
        return
    await Integration.filter(id=integration.id, generation=integration.generation).update(
        watched_until=0
    )
    await WatchRow.filter(id__in=[row.id for row in rows]).delete()
    try:
        async with asyncio.timeout(FAREWELL), grants.open(integration) as calendars:
            await asyncio.gather(*(_unwatched(row, calendars, now=now) for row in rows))
    except (ProviderError, TimeoutError) as error:
        log.info("integration %s: watches run out: %s", integration.id, type(error).__name__)


def standing(integration: Integration) -> QuerySet[Integration]:
    """Find the connection as it was when this work began, or nothing."""
    return Integration.filter(
        id=integration.id,
        organization_id=integration.organization_id,
        generation=integration.generation,
        state=IntegrationState.ACTIVE,
    )


def hash_of(secret: Secret) -> str:
    return hashlib.sha256(secret.reveal().encode("utf-8", "surrogatepass")).hexdigest()


def value_of(row: WatchRow) -> Watch:
    return Watch(row.watch_id, datetime.fromtimestamp(row.expires_at, UTC), row.resource)


async def _ended(row: WatchRow, calendars: Calendars, *, now: int) -> None:
    """End a watch that another one has taken the place of, now or with the next turn."""
    if await _unwatched(row, calendars, now=now):
        await WatchRow.filter(id=row.id, organization_id=row.organization_id).delete()


async def _unwatched(row: WatchRow, calendars: Calendars, *, now: int) -> bool:
    if row.expires_at <= now:
        return True
    try:
        await calendars.unwatch(value_of(row))
    except ProviderError as error:
        log.info("watch %s runs out by itself: %s", row.id, type(error).__name__)
        return not isinstance(error, NeedsTime)
    return True


def _watches(sync: CalendarSync) -> QuerySet[WatchRow]:
    return WatchRow.filter(organization_id=sync.organization_id, calendar_sync_id=sync.id)


def _overlap(life: int) -> int:
    """Say how long before its end a watch is renewed: a third of its life, or a day if more."""
    return max(life // 3, min(OVERLAP, life // 2))


def _address(public_url: str | None, registry: Registry) -> str | None:
    """Say where services reach us: https, or a stand-in of one that runs on this machine."""
    if public_url is None:
        return None
    here = bool(registry.sandboxes) and is_loopback(host_of(public_url))
    return f"{public_url.rstrip('/')}{PATH}" if public_url.startswith("https:") or here else None
