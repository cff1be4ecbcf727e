"""Busy blocks in the store: read in one statement, replaced in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tortoise.connection import get_connection
from tortoise.expressions import Q, Subquery
from tortoise.functions import Coalesce

from together.domain.spans import Span, Spans
from together.services.connections import trouble
from together.store.database import Database
from together.store.models import (
    BusyBlock,
    BusyReading,
    Integration,
    IntegrationSource,
    IntegrationState,
    MatchState,
    Participant,
)
from together.store.transaction import transaction

LONG = 2 * 86_400
"""Seconds after which a calendar that cannot be read has its turn no oftener than the others."""

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Stored:
    """What readings of one person's calendars say, wherever they are."""

    busy: Spans = field(default_factory=Spans)
    covers: Spans = field(default_factory=Spans)
    """Where a complete reading says that what is not busy is free."""
    asked: Spans = field(default_factory=Spans)
    """Where anything was read, complete or not."""
    as_of: int | None = None
    """The oldest of the readings."""
    unread: frozenset[str] = frozenset()
    """Of one that was just made: the calendars that count and could not be read."""
    lost: bool = False


async def stored(
    integrations: Sequence[Integration], window: Span, *, since: int
) -> dict[int, Stored]:
    """Give what readings from `since` on say about the window, by integration's row id.

    One statement for readings and blocks together: between two, a disconnection could take the
    blocks away from a reading that was seen, and what is unknown would look free.
    """
    if not integrations:
        return {}
    rows = await _rows(integrations, window, since=since)
    busy: dict[int, list[tuple[int, int]]] = {each.id: [] for each in integrations}
    readings: dict[int, list[tuple[int, int, int, bool]]] = {each.id: [] for each in integrations}
    for owner, starts, ends, read_at, complete in rows:
        if read_at is None:
            busy[owner].append((starts, ends))
        else:
            readings[owner].append((starts, ends, read_at, bool(complete)))
    return {each.id: _stored(busy[each.id], readings[each.id]) for each in integrations}


def _stored(busy: list[tuple[int, int]], readings: list[tuple[int, int, int, bool]]) -> Stored:
    if not readings:
        return Stored()
    asked = Spans.of((starts, ends) for starts, ends, _, _ in readings)
    return Stored(
        busy=Spans.of(busy) & asked,
        covers=Spans.of((starts, ends) for starts, ends, _, complete in readings if complete),
        asked=asked,
        as_of=min(read_at for _, _, read_at, _ in readings),
    )


async def _rows(
    integrations: Sequence[Integration], window: Span, *, since: int
) -> list[tuple[int, int, int, int | None, bool | None]]:
    organization = integrations[0].organization_id
    ids = ", ".join(str(int(each.id)) for each in integrations)
    where = (
        f"organization_id = {int(organization)} AND integration_id IN ({ids}) "
        f"AND ends > {int(window.starts)} AND starts < {int(window.ends)}"
    )
    # Whole numbers of ours and nothing else: the two databases do not share a placeholder.
    rows = await get_connection(Database.current().dialect).execute_query_dict(
        "SELECT integration_id, starts, ends, read_at, complete FROM busy_reading "  # noqa: S608
        f"WHERE {where} AND read_at > {int(since)} "
        "UNION ALL SELECT integration_id, starts, ends, NULL, NULL FROM busy_block "
        f"WHERE {where}"
    )
    return [
        (row["integration_id"], row["starts"], row["ends"], row["read_at"], row["complete"])
        for row in rows
    ]


async def keep(integration: Integration, read: Stored, reach: Span) -> bool:
    """Put a reading in the place of the older ones; False if its integration was replaced since.

    A newer one stays where it is: two processes may have read at once, and one took longer.
    """
    at = read.as_of
    if at is None:
        return False  # nothing was read

    async def work() -> bool:
        # Held against a disconnection, and against another reading, until we are done.
        current = Integration.filter(
            id=integration.id,
            organization_id=integration.organization_id,
            generation=integration.generation,
            choice=integration.choice,
        )
        if await current.select_for_update(no_key=True).first() is None:
            return False
        mine: dict[str, Any] = {
            "organization_id": integration.organization_id,
            "integration_id": integration.id,
        }
        if await BusyReading.exists(**mine, read_at__gt=at):
            return True
        # Whatever was noted since the row was loaded: a process that could not read, or that could.
        await trouble.told(integration, unread=read.unread, at=at)
        if not read.unread:
            await current.update(read_at=at)
        await BusyReading.filter(**mine).delete()
        await BusyBlock.filter(**mine).delete()
        await BusyReading.create(
            **mine, starts=reach.starts, ends=reach.ends, read_at=at,
            complete=bool(read.covers),
        )  # fmt: skip
        await BusyBlock.bulk_create(
            [BusyBlock(**mine, starts=starts, ends=ends) for starts, ends in read.busy.pairs()],
            batch_size=_BATCH,
        )
        return True

    return await transaction(work)


async def kept(integration: Integration) -> bool:
    """Say whether anything is stored that was read of it."""
    return await BusyReading.exists(
        organization_id=integration.organization_id, integration_id=integration.id
    )


async def forget(*, before: int) -> int:
    """Delete what no answer may rest on any more; say how many readings that were.

    Readings go first, and then the blocks that are left without one, in one statement: a reading
    which is stored meanwhile brings both at once, so that its blocks are never taken for old.
    """

    async def work() -> int:
        old = await BusyReading.filter(read_at__lt=before).values_list("integration_id", flat=True)
        if not old:
            return 0
        gone = int(await BusyReading.filter(read_at__lt=before).delete())
        standing = Subquery(BusyReading.all().values("integration_id"))
        await BusyBlock.filter(
            integration_id__in=list(old), integration_id__not_in=standing
        ).delete()
        return gone

    return await transaction(work)


async def take_turns(*, before: int, again: int, now: int, most: int) -> list[Integration]:
    """Take those not read since `before` whose turn it is: whoever was tried longest ago is first.

    Taking a turn is what moves a calendar to the end of the line, so that those which cannot be
    read never stand before the others.  None is taken twice after `again`, by whichever process.
    """
    waiting = Integration.filter(
        Q(read_at=None) | Q(read_at__lt=before),
        Q(tried_at=None) | Q(tried_at__lte=again),
        Q(unreadable_since=None)
        | Q(unreadable_since__gt=now - LONG)
        | Q(tried_at=None)
        | Q(tried_at__lt=before),
        # Busy times that an organization lets us read are read for people who are matched.
        Q(source=IntegrationSource.INDIVIDUAL)
        | Q(
            member_id__in=Subquery(
                Participant.filter(match__state=MatchState.ACTIVE).values("member_id")
            )
        ),
        state=IntegrationState.ACTIVE,
    )

    async def work() -> list[Integration]:
        # One that was never tried comes first: the two databases sort a NULL to opposite ends.
        rows = await (
            waiting.annotate(tried=Coalesce("tried_at", 0))
            .order_by("tried", "id")
            .limit(most)
            .select_for_update(skip_locked=True, no_key=True)
        )
        if rows:
            await Integration.filter(id__in=[row.id for row in rows]).update(tried_at=now)
        return rows

    return await transaction(work)
