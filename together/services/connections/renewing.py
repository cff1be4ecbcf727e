"""Renews a stored grant once, however many ask, in however many processes.

A lease in the row, measured on the database's clock, says who renews; the others wait for what is
stored.  What is stored names the generation it began with, so that nothing deleted comes back.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import anyio
import httpx
from tortoise.expressions import Q

from together.providers.contract import CalendarProvider
from together.providers.errors import AuthorizationExpired, ProviderUnavailable
from together.providers.values import Account, Capability, Grant
from together.services.connections import sealing
from together.services.connections.revoking import Revocations
from together.store.clock import database_now
from together.store.database import Database
from together.store.models import Integration
from together.store.transaction import transaction
from together.store.vault import Vault

LEASE = 30
"""Seconds a renewal may take before another process may try."""

POLL = 0.1
"""Seconds between two looks at what the holder of the lease has stored."""


class Renewals:
    """The renewals under way in this process."""

    def __init__(
        self,
        *,
        vault: Vault,
        revocations: Revocations,
        client: Callable[[], httpx.AsyncClient],
        clock: Callable[[], int],
    ) -> None:
        self._vault, self._revocations, self._client = vault, revocations, client
        self._now = sealing.moment(clock)
        self._running: dict[tuple[int, int], asyncio.Task[Grant]] = {}

    async def renewed(
        self, integration: Integration, *, by: CalendarProvider, stale: Grant
    ) -> Grant:
        """Give a grant that is newer than the stale one.

        It is made in a task of its own: a caller that goes away in the middle would take a
        rotated refresh token with it, and the member would have to sign in again.
        """
        key = (integration.id, integration.generation)
        task = self._running.get(key)
        if task is None:
            # The database waits for it before it closes.
            undisturbed = Database.current().client.undisturbed
            task = asyncio.create_task(undisturbed.run(self._renew(integration, by, stale)))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    async def _renew(
        self, integration: Integration, provider: CalendarProvider, stale: Grant
    ) -> Grant:
        # Only the waiting has an end: what a service has renewed is stored, however late.
        patience = time.monotonic() + 2 * LEASE
        while True:
            row = await sealing.standing(integration)
            stored = await sealing.opened(self._vault, row)
            if stored.access_token != stale.access_token:
                return stored
            if await self._leased(row):
                if fresh := await self._refreshed(row, provider, stored):
                    return fresh
                continue
            if time.monotonic() > patience:
                raise ProviderUnavailable(retry_after=timedelta(seconds=LEASE))
            await anyio.sleep(POLL)

    async def _leased(self, row: Integration) -> bool:
        now = await database_now()
        return bool(
            await Integration.filter(
                Q(renewing_until=None) | Q(renewing_until__lte=now),
                id=row.id,
                organization_id=row.organization_id,
                generation=row.generation,
                access_token=row.access_token,
            ).update(renewing_until=now + LEASE)
        )

    async def _refreshed(
        self, row: Integration, provider: CalendarProvider, stored: Grant
    ) -> Grant | None:
        """Renew and store; None when something else was stored meanwhile."""
        if stored.refresh_token is None:
            await self._release(row)
            raise AuthorizationExpired
        try:
            async with asyncio.timeout(LEASE), self._client() as http:
                fresh = await provider.oauth.refresh(http, stored, now=self._now())
        except TimeoutError:
            await self._release(row)
            raise ProviderUnavailable from None
        except BaseException:
            await self._release(row)
            raise
        kept = await sealing.columns(self._vault, fresh, of=row)
        if await Integration.filter(
            id=row.id,
            organization_id=row.organization_id,
            generation=row.generation,
            access_token=row.access_token,
        ).update(**kept, renewing_until=None):
            return fresh
        if not await Integration.exists(id=row.id, generation=row.generation):
            await self._thrown_away(row, fresh)
        return None

    async def _release(self, row: Integration) -> None:
        await Integration.filter(
            id=row.id,
            organization_id=row.organization_id,
            generation=row.generation,
            access_token=row.access_token,
        ).update(renewing_until=None)

    async def _thrown_away(self, row: Integration, fresh: Grant) -> None:
        """Give back to the service a token that arrived after its member had disconnected."""

        async def work() -> None:
            await self._revocations.queue(
                organization_id=row.organization_id,
                provider=row.provider,
                account=Account(row.account_id, row.account_email),
                capabilities=Capability(row.capabilities),
                grant=fresh,
                member_id=row.member_id,
            )

        await transaction(work)
