"""Stores what a consent gave: the integration with its sealed grant, and its calendars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from together.providers.values import Account, Calendar, Capability, Grant
from together.services import sealing
from together.services.attempts import locked_member
from together.services.refusals import (
    AccountTaken,
    AlreadyConnected,
    ConsentNotFound,
    WrongAccount,
)
from together.services.returning import take_up
from together.services.viewer import Viewer
from together.store import audit
from together.store.clock import database_now
from together.store.models import (
    BusyBlock,
    BusyReading,
    CalendarRow,
    Integration,
    IntegrationState,
    new_uid,
)
from together.store.refused import Taken
from together.store.transaction import transaction
from together.store.vault import Vault

MOST_CALENDARS = 250


@dataclass(frozen=True, slots=True)
class Consent:
    """What a member's consent gave us, as the service says."""

    provider: str
    distribution: str
    account: Account
    capabilities: Capability
    grant: Grant
    calendars: Sequence[Calendar]


async def connected(
    viewer: Viewer, consent: Consent, *, generation: int, vault: Vault, at: int
) -> Integration:
    """Store the consent of a member whose generation is still the one it began with.

    The same account again keeps its identity and its member's choices; another one changes
    nothing.
    """
    before = await Integration.get_or_none(
        member_id=viewer.member_id, organization_id=viewer.organization_id
    )
    if before is not None:
        _refuse_another(before, consent)
    shape = before or Integration(
        uid=new_uid(),
        organization_id=viewer.organization_id,
        provider=consent.provider,
        account_id=consent.account.id,
    )
    kept = {
        **await sealing.columns(vault, consent.grant, of=shape),
        "distribution": consent.distribution,
        "account_email": consent.account.email,
        "capabilities": consent.capabilities.value,
        "state": IntegrationState.ACTIVE,
        "reason": None,
        "since": at,
        "unreadable_since": None,
        "read_at": None,
        "renewing_until": None,
    }

    async def work() -> Integration:
        member = await locked_member(viewer)
        if member.generation != generation:
            raise ConsentNotFound
        integration = await Integration.get_or_none(
            member_id=member.id, organization_id=member.organization_id
        )
        if (None if integration is None else integration.uid) != (
            None if before is None else before.uid
        ):
            raise AlreadyConnected  # by another consent, which came first
        if integration is None:
            await _refuse_taken(viewer, consent)
            integration = await Integration.create(
                uid=shape.uid,
                organization_id=member.organization_id,
                member_id=member.id,
                provider=consent.provider,
                account_id=consent.account.id,
                **kept,
            )
        else:
            await Integration.filter(
                id=integration.id, organization_id=member.organization_id
            ).update(**kept, generation=integration.generation + 1)
            await integration.refresh_from_db()
            await _read_afresh(integration)
        await _keep_calendars(integration, consent.calendars)
        await take_up(integration, after=at, now=await database_now())
        await audit.record(
            organization_id=member.organization_id,
            actor_id=member.id,
            action="calendar.connected",
            subject=f"member:{member.id}",
            at=at,
        )
        return integration

    try:
        return await transaction(work)
    except Taken:
        raise AccountTaken from None


def _refuse_another(before: Integration, consent: Consent) -> None:
    if before.provider != consent.provider:
        raise AlreadyConnected
    if before.account_id != consent.account.id:
        raise WrongAccount


async def _refuse_taken(viewer: Viewer, consent: Consent) -> None:
    """Refuse what another member of the organization holds; beyond it nothing is looked at."""
    if await Integration.exists(
        organization_id=viewer.organization_id,
        provider=consent.provider,
        account_id=consent.account.id,
    ):
        raise AccountTaken


async def _read_afresh(integration: Integration) -> None:
    mine = {"organization_id": integration.organization_id, "integration_id": integration.id}
    await BusyReading.filter(**mine).delete()
    await BusyBlock.filter(**mine).delete()


async def _keep_calendars(integration: Integration, listed: Sequence[Calendar]) -> None:
    """Keep the choices for the calendars that are still there, and choose where none is left."""
    mine: dict[str, Any] = {
        "organization_id": integration.organization_id,
        "integration_id": integration.id,
    }
    old = {row.external_id: row for row in await CalendarRow.filter(**mine)}
    new = {
        calendar.id: calendar for calendar in listed[:MOST_CALENDARS] if len(calendar.id) <= 1024
    }
    if gone := [row.id for key, row in old.items() if key not in new]:
        await CalendarRow.filter(**mine, id__in=gone).delete()
    counts = {key for key, row in old.items() if key in new and row.counts}
    receives = {
        key for key, row in old.items() if key in new and row.receives and new[key].writable
    }
    counts = counts or set(_first(new))
    receives = receives or set(_first({k: c for k, c in new.items() if c.writable}))
    # One at most receives, and the database says so: it lets go before another takes over.
    await CalendarRow.filter(**mine).exclude(external_id__in=receives).update(receives=False)
    for key, calendar in new.items():
        columns = {
            **_columns(calendar),
            "counts": key in counts,
            "receives": key in receives,
        }
        if row := old.get(key):
            await CalendarRow.filter(**mine, id=row.id).update(**columns)
        else:
            await CalendarRow.create(**mine, external_id=key, **columns)


def _columns(calendar: Calendar) -> dict[str, Any]:
    return {
        "name": calendar.name[:500],
        "primary": calendar.primary,
        "writable": calendar.writable,
        "carries_meetings": calendar.carries_meetings,
        "zone": calendar.zone if calendar.zone and len(calendar.zone) <= 64 else None,
    }


def _first(calendars: Mapping[str, Calendar]) -> list[str]:
    """Choose the primary calendar, or the first where none is named so."""
    primary = [key for key, calendar in calendars.items() if calendar.primary]
    return (primary or list(calendars))[:1]
