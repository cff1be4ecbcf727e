"""Which of the events that have changed are of sessions, and may say something of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from together.services.sessions.event_reading import put_into_the_past
from together.store.clock import database_now
from together.store.models import STANDING, CalendarEvent, CalendarSync

_AT_ONCE = 500


async def named_by(sync: CalendarSync, named: Collection[str] | None) -> Sequence[CalendarEvent]:
    """Find the sessions ahead whose events are among those; None is all of them.

    So is one that lies behind because its event was put there, which may be put back.
    """
    if named is not None and not named:
        return []
    now = await database_now()
    mine: dict[str, Any] = {
        "organization_id": sync.organization_id,
        "integration_id": sync.integration_id,
        "calendar_id": sync.external_id,
        "booking__state__in": sorted(STANDING),
    }
    if named is None:
        return await CalendarEvent.filter(
            **mine, event_id__not_isnull=True, booking__ends__gt=now
        ).order_by("id")
    names, found = sorted(named), []
    for place in range(0, len(names), _AT_ONCE):
        chunk = CalendarEvent.filter(**mine, event_id__in=names[place : place + _AT_ONCE])
        found += await chunk.filter(booking__ends__gt=now).order_by("id")
        behind = await chunk.filter(booking__ends__lte=now, booking__done_at=None).order_by("id")
        slipped = await put_into_the_past(
            sync.organization_id, [row.booking_id for row in behind], at=now
        )
        found += [row for row in behind if row.booking_id in slipped]
    return found
