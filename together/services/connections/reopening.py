"""Lets work go on that waited for somebody to act."""

from __future__ import annotations

from together.services.outbox.targets import WAITS_FOR_MEMBER
from together.store.models import Integration, Job, JobState


async def reopen(integration: Integration, *, now: int) -> int:
    """Let go on what waited for this calendar's member; `now` is the database's.

    The attempts stay counted: they say that an event may have been made.
    """
    return int(
        await Job.filter(
            organization_id=integration.organization_id,
            integration_id=integration.id,
            state=JobState.PARKED,
            reason__in=sorted(WAITS_FOR_MEMBER),
        ).update(state=JobState.WAITING, due_at=now, leased_until=None, reason=None)
    )
