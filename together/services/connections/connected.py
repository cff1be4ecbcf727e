"""Stores what a consent gave: the integration with its sealed grant, and its calendars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from together.providers.values import Account, Calendar, Capability, Grant
from together.services.connections import calendar_list, effective, sealing
from together.services.connections.attempts import locked_member
from together.services.connections.holders import tell_the_holder
from together.services.connections.offering import refuse_unoffered
from together.services.connections.returning import take_up
from together.services.refusals import (
    AccountTaken,
    AlreadyConnected,
    ConsentNotFound,
    WrongAccount,
)
from together.services.signing_in.viewer import Viewer
from together.store import audit
from together.store.audit import Facts
from together.store.clock import database_now
from together.store.models import (
    BusyBlock,
    BusyReading,
    Integration,
    IntegrationState,
    new_uid,
)
from together.store.refused import Taken
from together.store.transaction import transaction
from together.store.vault import Vault


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
    nothing.  Of an account that somebody else holds they are told.
    """
    try:
        return await _stored(viewer, consent, generation=generation, vault=vault, at=at)
    except (AccountTaken, AlreadyConnected, WrongAccount):
        await tell_the_holder(viewer, provider=consent.provider, account_id=consent.account.id)
        raise


async def refuse_another(viewer: Viewer, *, provider: str, account: Account) -> None:
    """Refuse what is not the account that stands, before anything else is asked of it."""
    before = await effective.personal(viewer).first()
    if before is None:
        return
    try:
        _refuse_another(before, provider=provider, account=account)
    except (AlreadyConnected, WrongAccount):
        await tell_the_holder(viewer, provider=provider, account_id=account.id)
        raise


async def _stored(
    viewer: Viewer, consent: Consent, *, generation: int, vault: Vault, at: int
) -> Integration:
    before = await effective.personal(viewer).first()
    if before is not None:
        _refuse_another(before, provider=consent.provider, account=consent.account)
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
        "reminded": 0,
        "unreadable_since": None,
        "read_at": None,
        "watched_until": 0,
        "renewing_until": None,
        "listed_at": at,
    }

    async def work() -> Integration:
        member = await locked_member(viewer)
        if member.generation != generation:
            raise ConsentNotFound
        integration = await effective.personal(viewer).first()
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
        await take_up(integration, after=at, now=await database_now())
        if before is None:
            await calendar_list.begin(integration, consent.calendars, at=at)
        else:
            await calendar_list.keep(integration, consent.calendars, at=at)
        await audit.record(
            organization_id=member.organization_id,
            actor_id=member.id,
            action="calendar.connected",
            subject=f"member:{member.id}",
            before=None if before is None else _told(before),
            after=_told(integration),
            at=at,
        )
        # After the line of the log, which makes this take turns with whoever changes the offer.
        await refuse_unoffered(member.organization_id, consent.provider)
        return integration

    try:
        return await transaction(work)
    except Taken:
        await refuse_unoffered(viewer.organization_id, consent.provider)
        raise AccountTaken from None


def _told(integration: Integration) -> Facts:
    return {"provider": integration.provider, "state": integration.state.value}


def _refuse_another(before: Integration, *, provider: str, account: Account) -> None:
    if before.provider != provider:
        raise AlreadyConnected
    if before.account_id != account.id:
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
