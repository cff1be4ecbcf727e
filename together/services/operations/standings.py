"""How the outbox and the syncing stand, in numbers, read in three statements."""

from __future__ import annotations

from dataclasses import dataclass

from tortoise.functions import Count, Min

from together.store.clock import database_now
from together.store.models import CalendarSync, Job, JobState


@dataclass(frozen=True, slots=True)
class Pile:
    """Jobs of one kind in one state."""

    kind: str
    state: str
    count: int
    age: int
    """Of the oldest, in seconds."""


@dataclass(frozen=True, slots=True)
class Calendars:
    """Calendars of one service that are synced, by how it went last."""

    provider: str
    outcome: str
    """``ok``, or the name of an error."""
    count: int


@dataclass(frozen=True, slots=True)
class Standings:
    """All of it, of every organization together."""

    piles: tuple[Pile, ...]
    calendars: tuple[Calendars, ...]
    sync_lag: int
    """Seconds since the calendar that waits longest was due; 0 where none is."""


async def standings() -> Standings:
    """Read it."""
    now = await database_now()
    jobs = await (
        Job.filter(state__in=[JobState.WAITING, JobState.PARKED])
        .annotate(count=Count("id"), oldest=Min("created_at"))
        .group_by("kind", "state")
        .values("kind", "state", "count", "oldest")
    )
    syncs = await (
        CalendarSync.all()
        .annotate(count=Count("id"), due=Min("due_at"))
        .group_by("integration__provider", "reason")
        .values("integration__provider", "reason", "count", "due")
    )
    return Standings(
        tuple(
            Pile(str(row["kind"]), str(row["state"]), row["count"], max(0, now - row["oldest"]))
            for row in jobs
        ),
        tuple(
            Calendars(row["integration__provider"], row["reason"] or "ok", row["count"])
            for row in syncs
        ),
        # A calendar that was never asked is due since the epoch: its wait is not known.
        max([0, *(now - row["due"] for row in syncs if row["due"] > 0)]),
    )
