"""An organization's connections end: their sessions are handed over, and their events taken away.

The transaction that ends them writes one job, which does the rest a batch at a time.  Where an
administrator ends what works, the job holds a sealed copy of the credential, which serves to take
events out of mailboxes and nothing else, and is destroyed when that is done, within an hour.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tortoise.expressions import Q, Subquery

from together.providers.errors import NeedsTime, ProviderError
from together.providers.values import Capability, Secret
from together.services.organization.delegated import Delegations
from together.services.outbox import handing_over
from together.services.outbox.targets import NotYet
from together.store.clock import database_now
from together.store.models import (
    CalendarEvent,
    DelegationState,
    Integration,
    Job,
    JobKind,
    JobState,
    OrganizationIntegration,
)
from together.store.transaction import transaction
from together.store.vault import Place, Vault

log = logging.getLogger(__name__)

KEPT = 45 * 60
"""Seconds for which a copy opens mailboxes: within an hour it is gone, the worker's last pause
included."""

BUDGET = 60.0
"""Seconds after which the rest is left to the next turn."""

_PAUSE = timedelta(seconds=15)


class WaitsForEvents(NeedsTime):
    """The credential is still needed: events wait to be taken out of mailboxes."""

    words = "Events of this organization wait to be taken away."


@dataclass(frozen=True, slots=True)
class Copy:
    """What a job may open mailboxes with."""

    credential: Secret
    distribution: str


async def later(organization_id: int) -> Job:
    """Write the job, in the transaction that ends connections."""
    now = await database_now()
    job = Job(
        organization_id=organization_id,
        kind=JobKind.HAND_OVER,
        due_at=now,
        created_at=now,
    )
    await job.save()
    return job


async def later_with_copy(row: OrganizationIntegration, delegations: Delegations) -> None:
    """Do the same, with a copy of the credential, where that works and may write."""
    job = await later(row.organization_id)
    if row.state is not DelegationState.ACTIVE:
        return
    if Capability.EVENTS not in Capability(row.capabilities):
        return
    try:
        credential = await delegations.credential(row)
    except ProviderError:
        log.warning("organization %s: its events stay where they are", row.organization_id)
        return
    job.provider = row.provider
    text = json.dumps({"credential": credential.reveal(), "distribution": row.distribution})
    job.sealed = await delegations.vault.seal(Secret(text), _place(job))
    await job.save()


async def copies(organization_id: int) -> list[Job]:
    """Find the jobs that still hold a copy; the newest first."""
    return await (
        Job.filter(
            organization_id=organization_id,
            kind=JobKind.HAND_OVER,
            state=JobState.WAITING,
            sealed__isnull=False,
            created_at__gt=await database_now() - KEPT,
        )
        .order_by("-id")
        .all()
    )


async def opened(job: Job, vault: Vault) -> Copy:
    """Open the copy that a job holds."""
    text = await vault.open(job.sealed or "", _place(job))
    held: dict[str, Any] = json.loads(text.reveal())
    return Copy(Secret(held["credential"]), held["distribution"])


def _place(job: Job) -> Place:
    return Place(
        organization_id=job.organization_id,
        purpose="moving_out",
        table="job",
        column="sealed",
        row=job.uid,
        provider=job.provider or "",
    )


class MovingOut:
    """Carries out the jobs of the kind HAND_OVER."""

    def __init__(self, clock: Callable[[], int], *, budget: float = BUDGET) -> None:
        self._clock, self._budget = clock, budget

    async def hand_over(self, job: Job) -> None:
        """Hand over what is left, and wait for what is to be taken away as long as that can be.

        Once it returns, the job is done and its copy is to be destroyed.
        """
        until = time.monotonic() + self._budget
        while await transaction(lambda: self._some(job.organization_id)):
            if time.monotonic() > until:
                raise NotYet(retry_after=timedelta(0))
        if job.sealed is None or await database_now() >= job.created_at + KEPT:
            return
        if await _taking_away(job.organization_id):
            raise WaitsForEvents(retry_after=_PAUSE)

    async def _some(self, organization_id: int) -> bool:
        return await handing_over.of_organization(organization_id, after=self._clock())


async def _taking_away(organization_id: int) -> bool:
    """Whether anything waits to be taken out of a calendar that is not connected any more."""
    mine: dict[str, Any] = {"organization_id": organization_id}
    there = Subquery(Integration.filter(**mine).values("id"))
    left = CalendarEvent.filter(**mine, integration_id__not_in=there).values("booking_id")
    return await Job.exists(
        Q(
            kind__in=[JobKind.WITHDRAW_EVENT, JobKind.CANCEL_EVENT],
            integration_id__isnull=False,
            integration_id__not_in=there,
        )
        | Q(kind=JobKind.CANCEL_EVENT, integration_id=None, booking_id__in=Subquery(left)),
        **mine,
        state=JobState.WAITING,
    )
