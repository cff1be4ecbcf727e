"""The one place that decides what a provider's failure means for an integration.

Somebody must act: NEEDS_RECONNECT, once.  Time will do: unreadable since, once.  The operator must
act: a log line, and nothing for the member.  The error goes on to whoever asked.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from together.providers.errors import Misconfigured, NeedsPerson, NeedsTime, ProviderError
from together.store.models import Integration, IntegrationState

log = logging.getLogger(__name__)


@asynccontextmanager
async def noted(integration: Integration, *, clock: Callable[[], int]) -> AsyncGenerator[None]:
    """Note on the integration how the calls inside went; every note names its generation."""
    try:
        yield
    except NeedsPerson as error:
        await _needs_its_member(integration, error, at=clock())
        raise
    except NeedsTime:
        await _unreadable(integration, at=clock())
        raise
    except Misconfigured as error:
        tell_the_operator(error, about=f"integration {integration.id}")
        raise
    await _works(integration)


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
    ).update(
        state=IntegrationState.NEEDS_RECONNECT,
        reason=type(error).__name__,
        since=at,
        unreadable_since=None,
    )
    if changed:
        log.info("integration %s needs its member: %s", integration.id, type(error).__name__)


async def _unreadable(integration: Integration, *, at: int) -> None:
    await Integration.filter(
        id=integration.id,
        organization_id=integration.organization_id,
        generation=integration.generation,
        unreadable_since=None,
    ).update(unreadable_since=at)
    if integration.unreadable_since is None:
        integration.unreadable_since = at


async def _works(integration: Integration) -> None:
    if integration.unreadable_since is None:
        return  # nothing to clear, and a write for every read would be a waste
    await Integration.filter(
        id=integration.id,
        organization_id=integration.organization_id,
        generation=integration.generation,
    ).update(unreadable_since=None)
    integration.unreadable_since = None
