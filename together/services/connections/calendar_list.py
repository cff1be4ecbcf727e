"""The calendars of an account, as its service lists them, with what their member chose of them.

What the list no longer holds is gone, not unknown: it counts no more, and is remembered where it
was chosen.  What is listed and cannot be read stays unknown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from together.providers.contract import Calendars
from together.providers.errors import NeedsPerson
from together.providers.values import Calendar
from together.services.connections.effective import managed
from together.services.connections.resting import Resting
from together.services.outbox.readdressing import readdress
from together.store.models import (
    BusyBlock,
    BusyReading,
    CalendarRow,
    Integration,
    IntegrationState,
)
from together.store.transaction import transaction

log = logging.getLogger(__name__)

MOST = 250
"""Calendars of an account that are kept."""

AGAIN = 15 * 60
"""Seconds within which a calendar that cannot be read makes us ask for the list once."""

_LONGEST_ID = 1024

_COLUMNS = (
    "name", "primary", "writable", "carries_meetings", "zone", "missing_since", "counts",
    "counted", "receives", "received", "unreadable_since",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Changed:
    """Whether something else counts now, and whether events go somewhere else."""

    counting: bool = False
    receiving: bool = False


UNCHANGED = Changed()


async def look_again(
    integration: Integration, calendars: Calendars, *, clock: Callable[[], int], resting: Resting
) -> bool:
    """Ask for the list because something in it does not answer; say whether that explains it.

    Of what goes wrong here only a lost grant goes on to whoever called.
    """
    at = clock()
    if not await claimed(integration, before=at - AGAIN, at=at):
        return False
    try:
        changed = await renew(integration, await calendars.list(), at=at)
    except NeedsPerson:
        raise
    except Exception as error:  # noqa: BLE001  (the call that led here has its own outcome)
        resting.heed(integration, error)
        log.warning("integration %s: not listed: %s", integration.id, type(error).__name__)
        return False
    return changed != UNCHANGED


async def renew(integration: Integration, listed: Sequence[Calendar], *, at: int) -> Changed | None:
    """Put a list that was asked for `at` this moment in the place of the one before.

    None, and thrown away, when the connection or a newer asking has replaced what it was read for.
    """

    async def work() -> Changed | None:
        current = await (
            Integration.filter(
                id=integration.id,
                organization_id=integration.organization_id,
                generation=integration.generation,
                state=IntegrationState.ACTIVE,
                listed_at__lte=at,
            )
            .select_for_update(no_key=True)
            .first()
        )
        return None if current is None else await keep(current, listed, at=at)

    return await transaction(work)


async def begin(integration: Integration, listed: Sequence[Calendar], *, at: int) -> None:
    """Keep the first list of a connection: its primary calendar counts, and receives events."""
    rows = [_there(None, calendar, _mine(integration)) for calendar in _kept(listed)]
    for row in _first(rows):
        row.counts = True
    for row in _first(_writable(rows)):
        row.receives = True
    for row in rows:
        await row.save()
    await readdress(integration, after=at)


async def keep(integration: Integration, listed: Sequence[Calendar], *, at: int) -> Changed:
    """Keep a later list, and the choices; belongs into a transaction that holds the integration.

    What was to receive and cannot any more is stood in for by the primary calendar, or the first
    that can be written, until it is back.
    """
    mine = _mine(integration)
    old = {row.external_id: row for row in await CalendarRow.filter(**mine).order_by("id")}
    if not old and managed(integration):
        await begin(integration, listed, at=at)  # nobody was there to choose
        return Changed(counting=True, receiving=True)
    was, wished = snapshot(old.values()), _wished(old.values())
    for row in old.values():
        if integration.unreadable_since is None:
            row.unreadable_since = None  # noted of a consent that was replaced
    there = [
        _there(old.get(calendar.id), calendar, mine)
        for calendar in _kept(listed, chosen={key for key, row in old.items() if _chosen(row)})
    ]
    gone = [row for key, row in old.items() if row not in there]
    for row in gone:
        _take_away(row, at=at)
    _let_receive(wished, there, gone)
    changed = await store([*gone, *there], was=was)
    await settle(integration, changed, at=at)
    return changed


def snapshot(rows: Iterable[CalendarRow]) -> Mapping[int, Mapping[str, Any]]:
    """Remember how rows are, before they are changed and stored."""
    return {row.id: _values(row) for row in rows}


async def store(rows: Sequence[CalendarRow], *, was: Mapping[int, Mapping[str, Any]]) -> Changed:
    """Write what is another now, and say what that changes.

    One at most receives, so the others let go before it does.
    """
    for row in sorted(rows, key=lambda row: row.receives):
        if row.missing_since is not None and not _chosen(row):
            await row.delete()
        elif _values(row) != was.get(row.id):
            await row.save()
    changed = {
        name: {row.id for row in rows if getattr(row, name)}
        != {key for key, values in was.items() if values[name]}
        for name in ("counts", "receives")
    }
    return Changed(counting=changed["counts"], receiving=changed["receives"])


async def settle(integration: Integration, changed: Changed, *, at: int) -> None:
    """Have everything follow another choice; belongs into the transaction that makes it.

    Busy times that were read of the old one go, and what is being read of it comes too late.
    """
    mine = _mine(integration)
    if changed.counting:
        await Integration.filter(
            id=integration.id, organization_id=integration.organization_id
        ).update(choice=integration.choice + 1, unreadable_since=None, watched_until=0)
        await CalendarRow.filter(**mine).update(unreadable_since=None)
        await BusyReading.filter(**mine).delete()
        await BusyBlock.filter(**mine).delete()
    await readdress(integration, after=at)


def _mine(integration: Integration) -> dict[str, Any]:
    return {"organization_id": integration.organization_id, "integration_id": integration.id}


async def claimed(integration: Integration, *, before: int, at: int) -> bool:
    """Take the turn at asking, in whatever process."""
    return bool(
        await Integration.filter(
            id=integration.id,
            organization_id=integration.organization_id,
            generation=integration.generation,
            listed_at__lte=before,
        ).update(listed_at=at)
    )


def _kept(listed: Sequence[Calendar], *, chosen: Set[str] = frozenset()) -> list[Calendar]:
    """Leave out what is too much, and nothing that was chosen."""
    fit = {each.id: each for each in listed if 0 < len(each.id) <= _LONGEST_ID}
    by_choice = sorted(fit.values(), key=lambda each: each.id not in chosen)
    kept = {each.id for each in by_choice[:MOST]}
    return [each for key, each in fit.items() if key in kept]


def _there(row: CalendarRow | None, calendar: Calendar, mine: dict[str, Any]) -> CalendarRow:
    """Give the row of a calendar that is listed; one that was missing counts again if it did."""
    row = row or CalendarRow(**mine, external_id=calendar.id)
    row.name = calendar.name[:500]
    row.primary, row.writable = calendar.primary, calendar.writable
    row.carries_meetings = calendar.carries_meetings
    row.zone = calendar.zone if calendar.zone and len(calendar.zone) <= 64 else None
    row.missing_since = None
    row.counts, row.counted = row.counts or row.counted, False
    return row


def _take_away(row: CalendarRow, *, at: int) -> None:
    row.missing_since = at if row.missing_since is None else row.missing_since
    row.counted, row.counts = row.counts or row.counted, False


def _let_receive(
    wished: CalendarRow | None, there: Sequence[CalendarRow], gone: Sequence[CalendarRow]
) -> None:
    """Let the one that is wished for receive, or another while it cannot; none where none is."""
    able = _writable(there)
    receiver = wished
    if wished is not None and wished not in able:
        standing_in = [row for row in able if row.receives]
        receiver = next(iter(standing_in or _first(able)), None)
    for row in (*there, *gone):
        row.receives = row is receiver
        row.received = row is wished and row is not receiver


def _values(row: CalendarRow) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in _COLUMNS}


def _wished(rows: Collection[CalendarRow]) -> CalendarRow | None:
    """Give the calendar that is to receive, whether it can or not."""
    waits = [row for row in rows if row.received]
    return next(iter(waits or [row for row in rows if row.receives]), None)


def _chosen(row: CalendarRow) -> bool:
    return row.counts or row.receives or row.counted or row.received


def _writable(rows: Iterable[CalendarRow]) -> list[CalendarRow]:
    return [row for row in rows if row.writable]


def _first(rows: Sequence[CalendarRow]) -> Sequence[CalendarRow]:
    """Give the primary calendar, or the first where none is named so."""
    return ([row for row in rows if row.primary] or rows)[:1]
