"""A grant as an integration's row keeps it: sealed to that row, opened for a moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from together.providers.errors import AuthorizationExpired
from together.providers.values import Grant
from together.store.models import Integration
from together.store.vault import Place, Vault


async def columns(vault: Vault, grant: Grant, *, of: Integration) -> dict[str, Any]:
    """Give the columns that keep this grant for this integration."""
    return {
        "access_token": await vault.seal(grant.access_token, _place(of, "access_token")),
        "refresh_token": None
        if grant.refresh_token is None
        else await vault.seal(grant.refresh_token, _place(of, "refresh_token")),
        "token_expires_at": int(grant.expires_at.timestamp()),
        "scopes": " ".join(sorted(grant.scopes)),
    }


async def opened(vault: Vault, integration: Integration) -> Grant:
    """Open the grant in the row; without one the consent is over.

    What does not open is `CannotOpen`, the operator's trouble and not the member's.
    """
    if integration.access_token is None or integration.token_expires_at is None:
        raise AuthorizationExpired
    access = await vault.open(integration.access_token, _place(integration, "access_token"))
    refresh = None
    if integration.refresh_token is not None:
        refresh = await vault.open(integration.refresh_token, _place(integration, "refresh_token"))
    return Grant(
        access_token=access,
        refresh_token=refresh,
        expires_at=datetime.fromtimestamp(integration.token_expires_at, UTC),
        scopes=frozenset(integration.scopes.split()),
    )


async def standing(integration: Integration) -> Integration:
    """Read the row again as of the generation this work began with, or say that it is over."""
    row = await Integration.get_or_none(
        id=integration.id,
        organization_id=integration.organization_id,
        generation=integration.generation,
    )
    if row is None:
        raise AuthorizationExpired
    return row


def moment(clock: Callable[[], int]) -> Callable[[], datetime]:
    """Give the clock as providers want it."""
    return lambda: datetime.fromtimestamp(clock(), UTC)


def _place(integration: Integration, column: str) -> Place:
    return Place(
        organization_id=integration.organization_id,
        purpose="grant",
        table="integration",
        column=column,
        row=integration.uid,
        provider=integration.provider,
        account=integration.account_id,
    )
