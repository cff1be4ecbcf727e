"""Everybody's connection at once, in the transaction that decides it: in few statements, or one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from tortoise.expressions import F, Q, Subquery
from tortoise.queryset import QuerySet

from together.providers.values import Capability
from together.services.connections import returning
from together.services.connections.effective import MANAGED, of_organization
from together.services.organization import delegation_state
from together.services.organization.proved import domains_of
from together.services.organization.status_list import NONE
from together.services.outbox import handing_over
from together.store.clock import database_now
from together.store.models import (
    BusyBlock,
    BusyReading,
    CalendarRow,
    DelegationState,
    Integration,
    IntegrationSource,
    IntegrationState,
    Member,
    MemberStatus,
    OrganizationIntegration,
)

IN_A_ROUND = 100
"""Organizations that are looked at again in one round."""

ROUND = 600
"""Seconds after which it is the turn of others."""


async def suspend(organization_id: int, *, at: int) -> None:
    """Let personal connections rest, at once: neither used nor renewed, busy times deleted."""
    personal = Integration.filter(
        organization_id=organization_id, source=IntegrationSource.INDIVIDUAL
    ).exclude(state=IntegrationState.SUSPENDED)
    await _forget_times(organization_id, personal)
    await personal.update(
        state=IntegrationState.SUSPENDED,
        since=at,
        reason=None,
        unreadable_since=None,
        read_at=None,
        watched_until=0,
        renewing_until=None,
        generation=F("generation") + 1,
    )


async def take_away(organization_id: int, which: Q | None = None, *, at: int) -> int:
    """Delete the connections that rest on the organization's consent, and all there is of them.

    However many, it takes a few statements: the sessions ahead that they held are handed over by
    the job that has to be written with it (`moving_out`).  Says how many sessions these are.
    """
    gone = of_organization(organization_id).filter(which or Q())
    handed = await handing_over.counted(organization_id, gone, after=at)
    mine: dict[str, Any] = {
        "organization_id": organization_id,
        "integration_id__in": Subquery(gone.values("id")),
    }
    await _forget_times(organization_id, gone)
    await CalendarRow.filter(**mine).delete()
    await gone.delete()
    return handed


async def _forget_times(organization_id: int, which: QuerySet[Integration]) -> None:
    mine: dict[str, Any] = {
        "organization_id": organization_id,
        "integration_id__in": Subquery(which.values("id")),
    }
    await BusyBlock.filter(**mine).delete()
    await BusyReading.filter(**mine).delete()


async def welcome(organization_id: int, member_ids: Sequence[int], *, at: int) -> None:
    """Connect members who come in, where the organization looks after calendars."""
    row = await delegation_state.managing(organization_id)
    if row is None:
        return
    await connect(row, await lacking(row).filter(id__in=list(member_ids)), at=at)
    await delegation_state.arrange_later(organization_id, stamp=await database_now())


async def welcome_many(organization_id: int, keys: Sequence[str], *, at: int) -> None:
    """Leave many who come in at once, named by address, to the worker."""
    if keys and await delegation_state.managing(organization_id) is not None:
        await delegation_state.arrange_later(organization_id, stamp=await database_now())


async def left_over(*, now: int) -> int:
    """Write down that the worker is to look at everybody again; `now` is the database's.

    Whoever came in while their organization was just being activated is found by this.  In each
    round it is the turn of some organizations, and in the next of those that come after them.
    """
    managing = OrganizationIntegration.filter(state__in=sorted(MANAGED))
    rounds = -(-await managing.count() // IN_A_ROUND)
    if not rounds:
        return 0
    turn = now // ROUND % rounds
    rows = await managing.order_by("id").offset(turn * IN_A_ROUND).limit(IN_A_ROUND)
    for row in rows:
        await delegation_state.arrange_later(row.organization_id, stamp=now)
    return len(rows)


def mailbox_id(address_key: str) -> str:
    """Name a mailbox as the account of a connection; no account of a service is called so."""
    return f"mailbox:{hashlib.sha256(address_key.encode()).hexdigest()}"


def lacking(row: OrganizationIntegration) -> QuerySet[Member]:
    """Find the active members that have no connection by the organization."""
    # What the database keeps of each member says it by an index, however many there are.
    status = MemberStatus.filter(organization_id=row.organization_id, active=True)
    without = status.filter(source__in=[NONE, IntegrationSource.INDIVIDUAL.value])
    return Member.filter(
        organization_id=row.organization_id,
        active=True,
        id__in=Subquery(without.values("member_id")),
    )


async def connect(row: OrganizationIntegration, members: Sequence[Member], *, at: int) -> None:
    """Make the rows of those whose address is in a proved domain; they are filled later."""
    domains = await domains_of(row.organization_id)
    stamp = await database_now()
    fails = row.state is DelegationState.FAILING
    for member in members:
        if member.email_key.rpartition("@")[2] not in domains:
            continue
        made = await Integration.create(
            organization_id=row.organization_id,
            member_id=member.id,
            source=IntegrationSource.ORGANIZATION,
            provider=row.provider or "",
            distribution=row.distribution or "",
            account_id=mailbox_id(member.email_key),
            account_email=member.email,
            capabilities=row.capabilities,
            state=IntegrationState.FAILING if fails else IntegrationState.ACTIVE,
            reason=row.reason,
            since=at,
        )
        if Capability.EVENTS in Capability(row.capabilities):  # or there is nothing to go on with
            await returning.take_up(made, after=at, now=stamp)
