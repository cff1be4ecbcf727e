"""Which calendars are synced, and whose turn it is: the queue is the rows themselves.

A hint moves a calendar forward in it, so that a thousand of them are one reading that waits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tortoise.connection import get_connection
from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from together.providers.registry import Registry
from together.store.clock import database_now
from together.store.database import Database
from together.store.models import STANDING, CalendarSync, Integration, IntegrationState
from together.store.transaction import transaction

PERIOD = 10 * 60
"""Seconds after which a calendar is asked for its changes that nobody told of."""

WATCHED_PERIOD = 30 * 60
"""Seconds after which one is that is watched: no service promises to tell of everything."""

LEASE = 300
"""Seconds that a calendar belongs to the worker which claimed it."""

PROLONG = 60
"""Seconds after which a worker that goes on with a calendar prolongs its lease."""

FOLD = 1
"""Seconds that a hint waits for others like it."""

MOST = 500
"""Calendars that one look brings in or lets go of, at the most."""

_CHOSEN = "(c.counts OR c.receives) AND c.missing_since IS NULL"
_AHEAD = "e.event_id IS NOT NULL AND b.state IN ({standing}) AND b.ends > {now}"


async def arrange(registry: Registry) -> int:
    """Bring in every calendar that is to be synced and is not yet; say how many.

    Those are the ones that count or receive, and those that hold events of sessions ahead.
    """
    now, found = await database_now(), []
    for slug, provider in registry.calendars.items():
        if provider.syncs is not None:
            found += await _missing(slug, provider.syncs.value, now=now)
    if found:

        async def work() -> None:
            # One that is disconnected meanwhile is not there to be pointed at.
            standing = {
                row.id
                for row in await Integration.filter(
                    id__in=[row.integration_id for row in found]
                ).select_for_update(no_key=True)
            }
            await CalendarSync.bulk_create(
                [row for row in found if row.integration_id in standing], ignore_conflicts=True
            )

        await transaction(work)
    await _come_back(now=now)
    return len(found)


async def _come_back(*, now: int) -> None:
    """Let calendars of a connection that came back be asked at once, and watched anew.

    What was told meanwhile was told to nobody, and its watches are of before.  One that fails when
    it is asked is left to its pause.
    """
    sql = (
        "SELECT s.id FROM calendar_sync s JOIN integration i ON i.id = s.integration_id "  # noqa: S608
        f"WHERE i.state = '{IntegrationState.ACTIVE}' AND i.since > s.synced_at "
        f"AND s.attempts = 0 AND s.due_at > {now} LIMIT {MOST}"
    )
    rows = await get_connection(Database.current().dialect).execute_query_dict(sql)
    if rows:
        await CalendarSync.filter(id__in=[row["id"] for row in rows], attempts=0).update(due_at=now)


async def _missing(slug: str, capabilities: int, *, now: int) -> list[CalendarSync]:
    # Names and numbers of ours and nothing else: the two databases do not share a placeholder.
    within = (
        f"i.state = '{IntegrationState.ACTIVE}' AND i.provider = '{slug}' "
        f"AND (i.capabilities & {capabilities}) = {capabilities}"
    )
    sql = (
        "SELECT * FROM ("  # noqa: S608
        "SELECT c.organization_id, c.integration_id, c.external_id FROM calendar c "
        f"JOIN integration i ON i.id = c.integration_id WHERE {_CHOSEN} AND {within} UNION "
        "SELECT e.organization_id, e.integration_id, e.calendar_id FROM calendar_event e "
        "JOIN integration i ON i.id = e.integration_id JOIN booking b ON b.id = e.booking_id "
        f"WHERE {_ahead(now)} AND {within}) w WHERE NOT EXISTS (SELECT 1 FROM calendar_sync s "
        "WHERE s.integration_id = w.integration_id AND s.external_id = w.external_id) "
        f"LIMIT {MOST}"
    )
    rows = await get_connection(Database.current().dialect).execute_query_dict(sql)
    return [CalendarSync(**row) for row in rows]


async def superfluous() -> list[CalendarSync]:
    """Find calendars for which no reason is left."""
    sql = (
        "SELECT s.id FROM calendar_sync s WHERE NOT EXISTS (SELECT 1 FROM calendar c "  # noqa: S608
        "WHERE c.integration_id = s.integration_id AND c.external_id = s.external_id "
        f"AND {_CHOSEN}) AND NOT EXISTS (SELECT 1 FROM calendar_event e "
        "JOIN booking b ON b.id = e.booking_id WHERE e.integration_id = s.integration_id "
        f"AND e.calendar_id = s.external_id AND {_ahead(await database_now())}) LIMIT {MOST}"
    )
    rows = await get_connection(Database.current().dialect).execute_query_dict(sql)
    return await CalendarSync.filter(id__in=[row["id"] for row in rows]) if rows else []


def _ahead(now: int) -> str:
    standing = ", ".join(f"'{state}'" for state in sorted(STANDING))
    return _AHEAD.format(standing=standing, now=now)


async def hinted(ids: Collection[int]) -> None:
    """Let these calendars be asked for their changes soon, also if they are being asked now.

    One that cannot be asked waits for its pause to end: nothing is lost before that.
    """
    soon = await database_now() + FOLD
    await CalendarSync.filter(id__in=list(ids), due_at__gt=soon, attempts=0).update(due_at=soon)


async def claim(most: int) -> Sequence[CalendarSync]:
    """Take calendars whose turn it is; of the others none is held up.

    The next turn is set here, to when the lease ends, for what told of a change may be forgotten
    by whoever dies.  A hint that comes from now on moves it, whatever becomes of this.
    """
    now = await database_now()
    if most < 1 or not await _due(now).exists():
        return []

    async def work() -> list[CalendarSync]:
        rows = await (
            _due(now)
            .order_by("due_at", "id")
            .limit(most)
            .select_for_update(skip_locked=True, no_key=True)
        )
        if rows:
            await CalendarSync.filter(id__in=[row.id for row in rows]).update(
                leased_until=now + LEASE, due_at=now + LEASE
            )
        return rows

    rows = await transaction(work)
    for row in rows:
        row.leased_until = now + LEASE
    return rows


def _due(now: int) -> QuerySet[CalendarSync]:
    in_use = Integration.filter(state=IntegrationState.ACTIVE).values("id")
    return CalendarSync.filter(
        Q(leased_until=None) | Q(leased_until__lte=now),
        due_at__lte=now,
        integration_id__in=Subquery(in_use),
    )


def mine(sync: CalendarSync) -> QuerySet[CalendarSync]:
    """Find the row as long as it is ours: claimed, and by nobody since."""
    return CalendarSync.filter(
        id=sync.id, organization_id=sync.organization_id, leased_until=sync.leased_until
    )


async def prolonged(sync: CalendarSync) -> bool:
    """Keep a calendar for longer that is still being synced; False where it is ours no more."""
    now = await database_now()
    until = now + LEASE
    unhinted = mine(sync).filter(due_at=sync.leased_until, due_at__gt=now)
    ours = await unhinted.update(leased_until=until, due_at=until) or await mine(sync).update(
        leased_until=until
    )
    if ours:
        sync.leased_until = until
    return bool(ours)


async def done(sync: CalendarSync, *, period: int, **columns: object) -> None:
    """Give a calendar back that was synced, to be asked again later, or soon where a hint came.

    It belongs into the transaction that stores what came of it.
    """
    now = await database_now()
    held = await mine(sync).select_for_update(no_key=True).first()
    if held is not None:
        hinted = held.due_at <= now or held.due_at != held.leased_until
        await mine(sync).update(
            leased_until=None,
            due_at=min(now + period, held.due_at) if hinted else now + period,
            attempts=0,
            reason=None,
            **columns,
        )


async def failed(sync: CalendarSync, *, pause: int, reason: str, counts: bool = True) -> None:
    """Give one back that could not be synced; no hint shortens the pause."""
    await mine(sync).update(
        leased_until=None,
        due_at=await database_now() + pause,
        attempts=sync.attempts + 1 if counts else max(sync.attempts, 1),
        reason=reason,
    )
