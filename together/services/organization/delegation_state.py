"""The organization's integration breaks, and works again: each once, for everybody at once.

While it fails its members count as not integrated, and none of them is asked for anything.
"""

from __future__ import annotations

import logging

from tortoise.expressions import F, Subquery

from together.services.connections.effective import MANAGED, of_organization
from together.services.outbox.targets import WAITS_FOR_MEMBER
from together.store import audit
from together.store.clock import database_now
from together.store.models import (
    DelegationState,
    IntegrationState,
    Job,
    JobKind,
    JobState,
    OrganizationIntegration,
)
from together.store.transaction import transaction

log = logging.getLogger(__name__)


async def of(organization_id: int) -> OrganizationIntegration | None:
    """Read how an organization connects calendars."""
    return await OrganizationIntegration.get_or_none(organization_id=organization_id)


async def managing(organization_id: int) -> OrganizationIntegration | None:
    """Read it where it looks after the calendars of the members."""
    return await OrganizationIntegration.get_or_none(
        organization_id=organization_id, state__in=sorted(MANAGED)
    )


async def failing(row: OrganizationIntegration, reason: str, *, at: int) -> bool:
    """Note that nothing works until an administrator acts; the first to find out writes."""
    stamp = await database_now()

    async def work() -> bool:
        changed = await OrganizationIntegration.filter(
            id=row.id,
            organization_id=row.organization_id,
            generation=row.generation,
            state=DelegationState.ACTIVE,
        ).update(
            state=DelegationState.FAILING, reason=reason, since=at, generation=row.generation + 1
        )
        if not changed:
            return False
        await members_fail(row, reason, at=at, stamp=stamp)
        return True

    if await transaction(work):
        log.warning("the integration of organization %s fails: %s", row.organization_id, reason)
        return True
    return False


async def members_fail(row: OrganizationIntegration, reason: str, *, at: int, stamp: int) -> None:
    """Let everybody's connection count no more, and tell the owner; belongs into a transaction."""
    await (
        of_organization(row.organization_id)
        .filter(state=IntegrationState.ACTIVE)
        .update(state=IntegrationState.FAILING, reason=reason, since=at)
    )
    await _tell(row, JobKind.TELL_FAILING, stamp=stamp)


async def healthy(row: OrganizationIntegration, *, at: int) -> bool:
    """Note that it works again, and let go on what waited for it."""
    stamp = await database_now()

    async def work() -> bool:
        await audit.turn(row.organization_id)  # in the order of whoever changes the integration
        changed = await OrganizationIntegration.filter(
            id=row.id,
            organization_id=row.organization_id,
            generation=row.generation,
            state=DelegationState.FAILING,
        ).update(state=DelegationState.ACTIVE, reason=None, since=at, generation=row.generation + 1)
        if not changed:
            return False
        await (
            of_organization(row.organization_id)
            .filter(state=IntegrationState.FAILING)
            .update(
                state=IntegrationState.ACTIVE,
                reason=None,
                since=at,
                unreadable_since=None,
                generation=F("generation") + 1,
            )
        )
        await Job.filter(
            organization_id=row.organization_id,
            state=JobState.PARKED,
            reason__in=sorted(WAITS_FOR_MEMBER),
            integration_id__in=Subquery(of_organization(row.organization_id).values("id")),
        ).update(state=JobState.WAITING, due_at=stamp, leased_until=None, reason=None)
        await _tell(row, JobKind.TELL_HEALTHY, stamp=stamp)
        await arrange_later(row.organization_id, stamp=stamp)
        return True

    return await transaction(work)


async def arrange_later(organization_id: int, *, stamp: int) -> None:
    """Have the worker bring everybody in line, unless that is written down already."""
    waiting = Job.filter(
        organization_id=organization_id,
        kind=JobKind.ARRANGE_MEMBERS,
        state=JobState.WAITING,
        leased_until=None,
    )

    async def work() -> None:
        await audit.turn(organization_id)  # or two would both find none
        if not await waiting.exists():
            await Job.create(
                organization_id=organization_id,
                kind=JobKind.ARRANGE_MEMBERS,
                due_at=stamp,
                created_at=stamp,
            )

    await transaction(work)


async def _tell(row: OrganizationIntegration, kind: JobKind, *, stamp: int) -> None:
    if row.owner_email is not None:
        await Job.create(
            organization_id=row.organization_id, kind=kind, due_at=stamp, created_at=stamp
        )
