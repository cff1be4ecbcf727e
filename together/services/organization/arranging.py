"""Brings everybody in line with how their organization connects calendars, a batch at a time.

All of it can be cut anywhere and be done again: what is left to do is found, and not remembered.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tortoise.expressions import Q

from together.providers.errors import (
    Misconfigured,
    NeedsAdministrator,
    NeedsTime,
    NoMailbox,
    ProviderError,
)
from together.services.availability.busy import AT_ONCE
from together.services.connections import calendar_list, returning, trouble
from together.services.connections.effective import MANAGED, of_organization
from together.services.organization import delegation_state
from together.services.organization.everybody import connect, lacking
from together.services.organization.proved import addresses_in, domains_of
from together.services.outbox.targets import NotYet, OpensForDelivery
from together.store.clock import database_now
from together.store.models import (
    DelegationState,
    Integration,
    IntegrationState,
    Job,
    OrganizationIntegration,
)
from together.store.transaction import transaction

log = logging.getLogger(__name__)

BATCH = 100
"""Members whose connections are made, or tried again, at a time."""

BUDGET = 60.0
"""Seconds after which the rest is left to the next turn."""

LISTING = 20.0
"""Seconds after which asking one mailbox is given up."""

DAY = 86_400


class Arranging:
    """Carries out the jobs of the kind ARRANGE_MEMBERS."""

    def __init__(
        self, grants: OpensForDelivery, clock: Callable[[], int], *, budget: float = BUDGET
    ) -> None:
        self._grants, self._clock, self._budget = grants, clock, budget

    async def arrange(self, job: Job) -> None:
        """Do a part of what is left, and ask to be called again while there is more."""
        until = time.monotonic() + self._budget
        while await self._some(job.organization_id):
            if time.monotonic() > until:
                raise NotYet(retry_after=timedelta(0))

    async def _some(self, organization_id: int) -> bool:
        row = await delegation_state.of(organization_id)
        if row is None or row.state not in MANAGED:
            return await self._returned(organization_id)
        made = await self._made(organization_id)
        if row.state is DelegationState.FAILING:
            return made
        return await self._listed(organization_id) or made

    async def _made(self, organization_id: int) -> bool:
        at = self._clock()

        async def work() -> bool:
            row = await (
                OrganizationIntegration.filter(
                    organization_id=organization_id, state__in=sorted(MANAGED)
                )
                .select_for_update()
                .first()
            )
            if row is None:
                return False
            inside = addresses_in(await domains_of(organization_id))
            members = await lacking(row).filter(inside).order_by("id").limit(BATCH)
            await connect(row, members, at=at)
            return len(members) > 0

        return await transaction(work)

    async def _listed(self, organization_id: int) -> bool:
        """Look into the mailboxes that nobody has looked into yet."""
        yesterday = self._clock() - DAY
        rows = await (
            of_organization(organization_id)
            .filter(
                Q(state=IntegrationState.ACTIVE, listed_at=0)
                | Q(state=IntegrationState.NO_MAILBOX, listed_at__lte=yesterday)
            )
            .order_by("id")
            .limit(BATCH)
        )
        places = asyncio.Semaphore(AT_ONCE)
        later = [
            error
            for error in await asyncio.gather(*(self._looked_into(each, places) for each in rows))
            if error is not None
        ]
        if later:
            raise later[0]
        return bool(rows)

    async def _looked_into(
        self, integration: Integration, places: asyncio.Semaphore
    ) -> ProviderError | None:
        """Ask one mailbox for its calendars; give the error if it is to be asked again soon."""
        at = self._clock()
        async with places:
            try:
                async with asyncio.timeout(LISTING), self._grants.look_into(integration) as found:
                    listed = await found.list()
            except NoMailbox:
                return None  # noted, and looked into again tomorrow
            except NeedsTime as error:
                return error
            except TimeoutError:
                return NotYet(retry_after=timedelta(seconds=30))
            except NeedsAdministrator:
                return None  # the organization's consent does not work any more: nobody is asked
            except Exception as error:  # noqa: BLE001  (what is wrong with one holds up no other)
                if isinstance(error, Misconfigured):
                    trouble.tell_the_operator(error, about=f"integration {integration.id}")
                log.info("integration %s: not listed: %s", integration.id, type(error).__name__)
                await self._note(integration, listed_at=at)
                return None
        if integration.state is IntegrationState.NO_MAILBOX:
            await self._note(integration, state=IntegrationState.ACTIVE, reason=None, since=at)
        await calendar_list.renew(integration, listed, at=at)
        await self._note(integration, listed_at=at)
        return None

    async def _note(self, integration: Integration, **columns: Any) -> None:
        await Integration.filter(
            id=integration.id,
            organization_id=integration.organization_id,
            generation=integration.generation,
        ).update(**columns)

    async def _returned(self, organization_id: int) -> bool:
        """Try personal connections that were suspended, each once."""
        rows = await (
            Integration.filter(organization_id=organization_id, state=IntegrationState.SUSPENDED)
            .order_by("id")
            .limit(BATCH)
        )
        places = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._comes_back(each, places) for each in rows))
        return bool(rows)

    async def _comes_back(self, integration: Integration, places: asyncio.Semaphore) -> None:
        async with places:
            at, stamp = self._clock(), await database_now()

            async def work() -> bool:
                # Held, so that the organization does not come back between the two.
                row = await (
                    OrganizationIntegration.filter(organization_id=integration.organization_id)
                    .select_for_update()
                    .first()
                )
                if row is not None and row.state in MANAGED:
                    return False
                back = await Integration.filter(
                    id=integration.id,
                    organization_id=integration.organization_id,
                    state=IntegrationState.SUSPENDED,
                    generation=integration.generation,
                ).update(
                    state=IntegrationState.ACTIVE,
                    since=at,
                    generation=integration.generation + 1,
                    listed_at=at,
                )
                if back:
                    await integration.refresh_from_db()
                    await returning.take_up(integration, after=at, now=stamp)
                return bool(back)

            if not await transaction(work):
                return
            try:
                async with (
                    asyncio.timeout(LISTING),
                    trouble.noted(integration, clock=self._clock),
                    self._grants.open(integration) as calendars,
                ):
                    listed = await calendars.list()
                await calendar_list.renew(integration, listed, at=at)
            except Exception as error:  # noqa: BLE001  (noted where somebody has to act)
                log.info("integration %s: came back: %s", integration.id, type(error).__name__)
