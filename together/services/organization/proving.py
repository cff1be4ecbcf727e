"""The operator says which domains are an organization's, and which are not any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tortoise.expressions import F

from together.services.connections.effective import MANAGED
from together.services.organization import delegation_state, everybody, moving_out
from together.services.organization.proved import addresses_in, domains_of, within
from together.store import audit
from together.store.clock import database_now
from together.store.models import DelegationState, OrganizationIntegration, ProvedDomain
from together.store.transaction import transaction


async def add(organization_id: int, domains: Sequence[str], *, at: int) -> None:
    """Let the organization's consent be used for members in these domains."""

    async def work() -> None:
        for domain in domains:
            row: dict[str, Any] = {"organization_id": organization_id, "domain": domain}
            if not await ProvedDomain.exists(**row):
                await ProvedDomain.create(**row, proved_at=at)
                await _noted(
                    organization_id, "domain.proved", domain, before=[], after=[domain], at=at
                )
        if await delegation_state.managing(organization_id) is not None:
            await delegation_state.arrange_later(organization_id, stamp=await database_now())

    await transaction(work)


async def remove(organization_id: int, domains: Sequence[str], *, at: int) -> None:
    """Take it back: whoever is connected by it is not any more, at once."""

    async def work() -> None:
        # Held first, so that what is written down is what there was.
        await audit.turn(organization_id)
        mine = ProvedDomain.filter(organization_id=organization_id, domain__in=domains)
        there = [row.domain for row in await mine.order_by("domain")]
        await _noted(
            organization_id, "domain.removed", ",".join(domains), before=there, after=[], at=at
        )
        await mine.delete()
        # Their mailboxes are not the organization's to say about: what stands there stays there.
        await everybody.take_away(
            organization_id, addresses_in(domains, column="member__email_key"), at=at
        )
        await moving_out.later(organization_id)
        await _unverified(organization_id)

    await transaction(work)


async def _unverified(organization_id: int) -> None:
    """Let nothing go on that began before, and forget a mailbox that is outside now."""
    row = await delegation_state.of(organization_id)
    if row is None:
        return
    columns: dict[str, Any] = {"generation": F("generation") + 1}
    if not within(row.verified_mailbox or "", await domains_of(organization_id)):
        columns["verified_mailbox"] = None
        if row.state not in MANAGED:  # or another mailbox is asked from now on
            columns["verified_at"] = None
        if row.state is DelegationState.VERIFIED:
            columns["state"] = DelegationState.SETTING_UP
    await OrganizationIntegration.filter(id=row.id, organization_id=organization_id).update(
        **columns
    )


async def _noted(
    organization_id: int,
    action: str,
    domain: str,
    *,
    before: Sequence[str],
    after: Sequence[str],
    at: int,
) -> None:
    await audit.record(
        organization_id,
        at=at,
        actor_id=None,
        action=action,
        subject=f"domain:{domain}"[:60],
        before={"domains": before},
        after={"domains": after},
    )
