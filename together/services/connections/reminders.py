"""Reminds members of a calendar that waits for them: after 1, 3, 7 and 14 days, and no more.

Days are of 24 hours from the moment of the loss, so that a reminder comes at that time of day.
Each is written down once for each loss.  Whoever comes late writes the latest one only, and none
where one still waits to be sent: what it says is found out when it is sent, as is whether there is
anything to say at all.
"""

from __future__ import annotations

from functools import partial, reduce
from operator import or_
from typing import Any

from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from together.providers.registry import Registry
from together.services.connections.integrations import can_reconnect, reason_in_words
from together.services.connections.offering import offered
from together.services.outbox.letters import Letter, Link, moment
from together.store.clock import database_now
from together.store.models import Integration, IntegrationState, Job, JobKind, JobState
from together.store.transaction import transaction

DAYS = (1, 3, 7, 14)
_DAY = 86_400

BATCH = 100
"""Calendars whose reminders are written down in one transaction."""

PLACE = "Profile > My Calendar > Calendar Integrations"


async def write_down(*, now: int) -> int:
    """Put the reminders that are due into the outbox; say for how many calendars that was."""
    found = 0
    if not await _due(now).exists():
        return found  # without holding up anybody who writes
    at = await database_now()
    while (some := await transaction(partial(_write_some, now=now, at=at))) == BATCH:
        found += some
    return found + some


async def _write_some(*, now: int, at: int) -> int:
    rows = await _due(now).order_by("id").limit(BATCH).select_for_update(skip_locked=True)
    waiting = set(
        await Job.filter(
            kind=JobKind.REMIND_RECONNECT,
            state=JobState.WAITING,
            integration_id__in=[row.id for row in rows],
        ).values_list("integration_id", "generation")
    )
    await Job.bulk_create(
        Job(
            organization_id=row.organization_id,
            kind=JobKind.REMIND_RECONNECT,
            integration_id=row.id,
            generation=row.generation,
            due_at=at,
            created_at=at,
        )
        for row in rows
        if (row.id, row.generation) not in waiting
    )
    for days in DAYS:
        reached = [row.id for row in rows if _latest(row, now=now) == days]
        if reached:
            await Integration.filter(id__in=reached).update(reminded=F("since") + days * _DAY)
    return len(rows)


def _due(now: int) -> QuerySet[Integration]:
    """Find the lost calendars of which a moment has come that no reminder was written for."""
    moments = [
        Q(since__lte=now - days * _DAY, reminded__lt=F("since") + days * _DAY) for days in DAYS
    ]
    return Integration.filter(
        reduce(or_, moments),
        state=IntegrationState.NEEDS_RECONNECT,
        since__lte=now - DAYS[0] * _DAY,
    )


def _latest(integration: Integration, *, now: int) -> int:
    return max(days for days in DAYS if integration.since + days * _DAY <= now)


async def letter(job: Job, *, registry: Registry, page: str | None) -> Letter | None:
    """Word the reminder; None when its calendar does not wait for anybody any more."""
    integration = await (
        Integration.filter(
            id=job.integration_id,
            organization_id=job.organization_id,
            generation=job.generation,
            state=IntegrationState.NEEDS_RECONNECT,
            member__active=True,
        )
        .select_related("member", "organization")
        .get_or_none()
    )
    if integration is None or not can_reconnect(integration, registry):
        return None  # nobody is asked for what cannot be done
    offer = await offered(job.organization_id)
    if not offer.allows(integration.provider):
        return None  # nobody is asked for what they are not offered
    member: Any = integration.member
    organization: Any = integration.organization
    label = registry.calendars[integration.provider].label
    since = moment(integration.since, zone=member.zone)
    last = integration.reminded >= integration.since + DAYS[-1] * _DAY
    paragraphs = [
        f"Hello {member.name},",
        f"Together cannot see your calendar any more: {label}, connected as "
        f"{integration.account_email}. That has been so since {since}.",
        reason_in_words(integration) or "",
        "Until it is connected again, nobody is shown when you are free, and you are not shown "
        "when they are.",
        f"To repair it, go to {PLACE}, choose {label}, and sign in with the same account.",
        "If you do not want to use this calendar here any more, choose Disconnect there.",
        "This was the last reminder."
        if last
        else "You are reminded 1, 3, 7 and 14 days after a calendar was lost, and then no more.",
        f"Together, for {organization.name}",
    ]
    said = tuple(each for each in paragraphs if each)
    return Letter(
        name=member.name,
        address=member.email,
        subject=f"Please reconnect your {label}",
        paragraphs=said,
        link=None if page is None else Link("Calendar Integrations", page, after=len(said) - 3),
    )
