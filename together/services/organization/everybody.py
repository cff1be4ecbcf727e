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
from together.services.outbox.targets import Disconnected
from together.store.clock import database_now
from together.store.models import (
    Booking,
    BusyBlock,
    BusyReading,
    CalendarEvent,
    CalendarRow,
    DelegationState,
    Integration,
    IntegrationSource,
    IntegrationState,
    Job,
    JobKind,
    JobState,
    Member,
    OrganizationIntegration,
    VideoMeeting,
)

_WRITING = (JobKind.WRITE_EVENT, JobKind.POLL_MEETING, JobKind.CANCEL_EVENT)


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
        renewing_until=None,
        generation=F("generation") + 1,
    )


async def take_away(organization_id: int, which: Q | None = None) -> None:
    """Delete the connections that rest on the organization's consent, and all there is of them."""
    gone = of_organization(organization_id).filter(which or Q())
    ids = Subquery(gone.values("id"))
    mine: dict[str, Any] = {"organization_id": organization_id, "integration_id__in": ids}
    await Job.filter(**mine, kind__in=_WRITING, state=JobState.WAITING).update(
        state=JobState.PARKED, reason=Disconnected.__name__, leased_until=None
    )
    pending = CalendarEvent.filter(Q(event_id=None) | Q(meeting_pending=True), **mine).values(
        "booking_id"
    )
    await Booking.filter(
        organization_id=organization_id,
        video__isnull=False,
        join_url=None,
        id__in=Subquery(pending),
        id__not_in=Subquery(
            VideoMeeting.filter(organization_id=organization_id).values("booking_id")
        ),
    ).update(link_given_up=True)
    await _forget_times(organization_id, gone)
    await CalendarRow.filter(**mine).delete()
    await gone.delete()


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

    Whoever came in while their organization was just being activated is found by this.
    """
    rows = await OrganizationIntegration.filter(state__in=sorted(MANAGED))
    for row in rows:
        await delegation_state.arrange_later(row.organization_id, stamp=now)
    return len(rows)


def mailbox_id(address_key: str) -> str:
    """Name a mailbox as the account of a connection; no account of a service is called so."""
    return f"mailbox:{hashlib.sha256(address_key.encode()).hexdigest()}"


def lacking(row: OrganizationIntegration) -> QuerySet[Member]:
    """Find the active members that have no connection by the organization."""
    having = of_organization(row.organization_id).values("member_id")
    return Member.filter(
        organization_id=row.organization_id, active=True, id__not_in=Subquery(having)
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
