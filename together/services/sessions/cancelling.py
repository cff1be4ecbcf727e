"""Cancels sessions that others decided about: their match has ended, or somebody has left."""

from __future__ import annotations

from collections.abc import Iterable

from together.services.sessions.calling_off import call_off_all
from together.store.clock import database_now
from together.store.models import STANDING, Booking
from together.store.scope import Scope


async def cancel_ahead(
    match_ids: Iterable[int], *, scope: Scope, by: int | None, now: int
) -> list[Booking]:
    """Cancel what of these matches is not over, inside the transaction that decides it."""
    sessions = await (
        scope(Booking)
        .filter(match_id__in=list(match_ids), state__in=STANDING, ends__gt=now)
        .order_by("id")
        .select_for_update()
    )
    await call_off_all(sessions, by=by, reason=None, now=now, stamp=await database_now())
    return sessions
