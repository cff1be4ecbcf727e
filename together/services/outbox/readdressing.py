"""Events that were to be written into a calendar which is gone are written where events go now."""

from __future__ import annotations

from typing import Any

from together.providers.errors import Gone
from together.store.clock import database_now
from together.store.models import (
    STANDING,
    Booking,
    CalendarEvent,
    CalendarRow,
    Integration,
    Job,
    JobKind,
    JobState,
)


async def readdress(integration: Integration, *, after: int) -> None:
    """Give what was not written yet another calendar; belongs into a transaction of the list's.

    Of sessions that are not over `after`.  What stands in a calendar stays there, whatever receives
    from now on; what may have been made in one that nobody reaches any more cannot be looked for.
    """
    mine: dict[str, Any] = {"organization_id": integration.organization_id}
    listed = await CalendarRow.filter(
        **mine, integration_id=integration.id, missing_since=None
    ).values_list("external_id", "receives")
    receiver = next((key for key, receives in listed if receives), None)
    if receiver is None:
        return
    lost = CalendarEvent.filter(
        **mine,
        integration_id=integration.id,
        event_id=None,
        booking__state__in=STANDING,
        booking__ends__gt=after,
    ).exclude(calendar_id__in=[key for key, _ in listed])
    ids = sorted({row.booking_id for row in await lost})
    if not ids:
        return
    # Whoever notes what was written, or cancels, holds the session's row.
    await Booking.filter(**mine, id__in=ids).order_by("id").select_for_update()
    now = await database_now()
    of_these: dict[str, Any] = {
        **mine, "integration_id": integration.id, "booking_id__in": ids,
    }  # fmt: skip
    await CalendarEvent.filter(**of_these, event_id=None).update(calendar_id=receiver)
    await Job.filter(
        **of_these, kind=JobKind.WRITE_EVENT, state=JobState.PARKED, reason=Gone.__name__
    ).update(state=JobState.WAITING, due_at=now, leased_until=None, reason=None)
