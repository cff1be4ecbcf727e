"""The one place that decides what a provider's failure means for an integration.

Somebody must act: NEEDS_RECONNECT, once.  The operator must act: a log line, and nothing for the
member.  Reading failed, for any other reason, or left something out: unreadable since, once.  The
error goes on to whoever asked.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager

from tortoise.expressions import Q

from together.providers.errors import Misconfigured, NeedsPerson, ProviderError
from together.store.models import CalendarRow, Integration, IntegrationSource, IntegrationState
from together.store.transaction import transaction

log = logging.getLogger(__name__)


@asynccontextmanager
async def noted(integration: Integration, *, clock: Callable[[], int]) -> AsyncGenerator[None]:
    """Note what somebody has to do about the calls inside; every note names its generation.

    Whether the calendar can be read is not for a call that writes to say.
    """
    try:
        yield
    except NeedsPerson as error:
        await _needs_its_member(integration, error, at=clock())
        raise
    except Misconfigured as error:
        tell_the_operator(error, about=f"integration {integration.id}")
        raise


@asynccontextmanager
async def reading(integration: Integration, *, clock: Callable[[], int]) -> AsyncGenerator[None]:
    """Note since when reading busy times fails, too; `heard` notes that it works again.

    Whatever the reason, a service's or a plugin's, this never asks its member for anything.
    """
    began = clock()
    try:
        async with noted(integration, clock=clock):
            yield
    except NeedsPerson:
        raise
    except Exception:
        await _unreadable(integration, began=began, at=clock())
        raise


async def heard(integration: Integration, *, unread: Collection[str], began: int, at: int) -> None:
    """Note what a reading told: that all that counts was read, or which calendars were not."""
    if not unread and integration.unreadable_since is None:
        return  # nothing to clear, and a write for every read would be a waste

    async def work() -> None:
        current = Integration.filter(
            # What was read after this began says more than this.
            Q(read_at=None) | Q(read_at__lte=began),
            id=integration.id,
            organization_id=integration.organization_id,
            generation=integration.generation,
            choice=integration.choice,
            state=IntegrationState.ACTIVE,
        )
        if await current.select_for_update(no_key=True).first() is not None:
            await told(integration, unread=unread, at=at)

    await transaction(work)


async def told(integration: Integration, *, unread: Collection[str], at: int) -> None:
    """Note it; belongs into a transaction that holds the integration.

    A reading that leaves out a calendar that counts shows no minute as free, so it is none that
    worked, however much of the others it read.
    """
    mine = {"organization_id": integration.organization_id, "integration_id": integration.id}
    connection = Integration.filter(id=integration.id, organization_id=integration.organization_id)
    flagged = CalendarRow.filter(**mine, unreadable_since__not_isnull=True)
    if not unread:
        await flagged.update(unreadable_since=None)
        await connection.update(unreadable_since=None)
        return
    ids = list(unread)
    await flagged.filter(external_id__not_in=ids).update(unreadable_since=None)
    await CalendarRow.filter(
        **mine, external_id__in=ids, counts=True, unreadable_since=None
    ).update(unreadable_since=at)
    await connection.filter(unreadable_since=None).update(unreadable_since=at)


def tell_the_operator(error: ProviderError, *, about: str) -> None:
    """Log what the operator has to repair, in ids and codes."""
    log.error(
        "%s: %s status=%s code=%s request=%s",
        about,
        type(error).__name__,
        error.status,
        error.code,
        error.request_id,
    )


async def _needs_its_member(integration: Integration, error: NeedsPerson, *, at: int) -> None:
    changed = await Integration.filter(
        id=integration.id,
        organization_id=integration.organization_id,
        generation=integration.generation,
        state=IntegrationState.ACTIVE,
        source=IntegrationSource.INDIVIDUAL,  # nobody mends an organization's consent alone
    ).update(
        state=IntegrationState.NEEDS_RECONNECT,
        reason=type(error).__name__,
        since=at,
        unreadable_since=None,
    )
    if changed:
        await CalendarRow.filter(
            organization_id=integration.organization_id, integration_id=integration.id
        ).update(unreadable_since=None)
        log.info("integration %s needs its member: %s", integration.id, type(error).__name__)


async def _unreadable(integration: Integration, *, began: int, at: int) -> None:
    changed = await Integration.filter(
        # What was read after this began says more than this.
        Q(read_at=None) | Q(read_at__lte=began),
        id=integration.id,
        organization_id=integration.organization_id,
        generation=integration.generation,
        choice=integration.choice,
        state=IntegrationState.ACTIVE,
        unreadable_since=None,
    ).update(unreadable_since=at)
    if changed:
        integration.unreadable_since = at
