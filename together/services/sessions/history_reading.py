"""What became of sessions, as whoever looks may know it."""

from __future__ import annotations

from collections.abc import Sequence

from together.domain.integration import Standing
from together.services.availability.circle import standings
from together.services.reading import grouped
from together.services.signing_in.viewer import Viewer
from together.store.models import History
from together.store.scope import Scope

_UNTOLD = {"MOVED_IN_CALENDAR": "RESCHEDULED", "CANCELLED_IN_CALENDAR": "CANCELLED"}
"""What a change in a calendar is to who may not know that there is one."""


async def history(
    viewer: Viewer, booking_ids: Sequence[int], *, now: int
) -> dict[int, list[History]]:
    """Read what became of sessions; that it was done in a calendar is told as the table allows.

    Its own member knows, and who is integrated and so is told whether the others are.
    """
    rows = await (
        Scope(viewer.organization_id)(History).filter(booking_id__in=booking_ids).order_by("id")
    )
    mine = await standings([viewer.member_id], viewer.organization_id, now=now)
    told = mine.get(viewer.member_id, (None, Standing.NOT_INTEGRATED))[1]
    for row in rows:
        if told is Standing.NOT_INTEGRATED and row.member_id != viewer.member_id:
            row.what = _UNTOLD.get(row.what, row.what)
    return grouped(rows, "booking_id")
