"""What waits in the outbox, what is parked in it and why, and which calendars are not synced.

For the operator: by ids, kinds and names of errors, never by what is in them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from tortoise.functions import Count, Max, Min

from together.store import audit
from together.store.clock import database_now
from together.store.models import CalendarSync, Job, JobKind, JobState
from together.store.transaction import transaction

PAGE = 500
"""Rows of a list that are read, or put back, at once."""


@dataclass(frozen=True, slots=True)
class Pile:
    """Jobs of one kind that are not done, in one state, for one reason."""

    state: JobState
    kind: JobKind
    reason: str | None
    count: int
    oldest_at: int
    attempts: int
    """Of the one that was tried most often."""
    late_by: int
    """Seconds since the first of them was due; 0 where none is yet."""


@dataclass(frozen=True, slots=True)
class Failing:
    """Calendars of one service that could not be synced last, for one reason."""

    provider: str
    reason: str
    count: int
    attempts: int
    """Of the one that was tried most often."""
    last_at: int | None
    """When the one that waits longest was synced; None where one never was."""


class CannotRetry(Exception):  # noqa: N818  (an answer, not a fault)
    """A job cannot be put back; its text says which, and why."""


async def piles() -> tuple[Pile, ...]:
    """Count what is not done."""
    now = await database_now()
    rows = await (
        Job.filter(state__in=[JobState.WAITING, JobState.PARKED])
        .annotate(
            count=Count("id"), oldest=Min("created_at"), tried=Max("attempts"), due=Min("due_at")
        )
        .group_by("state", "kind", "reason")
        .values("state", "kind", "reason", "count", "oldest", "tried", "due")
    )
    found = [
        Pile(
            JobState(row["state"]),
            JobKind(row["kind"]),
            row["reason"],
            row["count"],
            row["oldest"],
            row["tried"],
            max(0, now - row["due"]),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda each: (each.state, each.kind, each.reason or "")))


async def failing() -> tuple[Failing, ...]:
    """Count the calendars that could not be synced last."""
    rows = await (
        CalendarSync.filter(reason__isnull=False)
        .annotate(
            count=Count("id"),
            tried=Max("attempts"),
            last=Min("synced_at"),
            synced=Count("synced_at"),
        )
        .group_by("integration__provider", "reason")
        .values("integration__provider", "reason", "count", "tried", "last", "synced")
    )
    found = [
        Failing(
            row["integration__provider"],
            row["reason"],
            row["count"],
            row["tried"],
            row["last"] if row["synced"] == row["count"] else None,
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda each: (each.provider, each.reason)))


async def parked(*, after: int = 0) -> Sequence[Job]:
    """List what is parked, the oldest first, a page from after one id."""
    rows = Job.filter(state=JobState.PARKED, id__gt=after).select_related("organization")
    return await rows.order_by("id").limit(PAGE)


async def unsynced(*, after: int = 0) -> Sequence[CalendarSync]:
    """List the calendars that could not be synced last, a page from after one id."""
    rows = CalendarSync.filter(reason__isnull=False, id__gt=after)
    return await rows.select_related("organization", "integration").order_by("id").limit(PAGE)


async def retry(ids: Collection[int], *, at: int) -> int:
    """Put these parked jobs back, all of them or none; say how many there were.  It is audited."""

    async def work() -> int:
        rows = await Job.filter(id__in=sorted(ids)).order_by("id").select_for_update()
        for number in sorted(set(ids) - {row.id for row in rows}):
            raise CannotRetry(f"There is no job {number}.")
        for row in rows:
            if row.state is not JobState.PARKED:
                raise CannotRetry(f"Job {row.id} is {row.state}, not PARKED.")
        await _put_back(rows, at=at)
        return len(rows)

    return await transaction(work)


async def retry_all(*, at: int) -> int:
    """Put back what is parked now, some at a time; say how many there were.  It is audited."""
    done, last = 0, 0
    until = await Job.filter(state=JobState.PARKED).order_by("-id").first()

    async def work() -> tuple[int, int]:
        rows = await (
            Job.filter(state=JobState.PARKED, id__gt=last, id__lte=until.id if until else 0)
            .order_by("id")
            .limit(PAGE)
            .select_for_update()
        )
        await _put_back(rows, at=at)
        return len(rows), rows[-1].id if rows else 0

    while True:
        count, last = await transaction(work)
        done += count
        if not count:
            return done


async def _put_back(rows: Sequence[Job], *, at: int) -> None:
    now = await database_now()
    by_organization = sorted(rows, key=lambda row: (row.organization_id, row.id))
    for organization, jobs in groupby(by_organization, key=lambda row: row.organization_id):
        ids = [job.id for job in jobs]
        await Job.filter(id__in=ids, organization_id=organization, state=JobState.PARKED).update(
            state=JobState.WAITING, due_at=now, leased_until=None
        )
        await audit.record(
            organization,
            at=at,
            actor_id=None,
            action="outbox.retried",
            subject="outbox",
            after={"jobs": [str(each) for each in ids]},
        )
