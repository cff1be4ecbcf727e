"""What screens read of series, many at a time: one statement a question, bound to who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from together.services.reading import grouped, seen_bookings
from together.services.signing_in.viewer import Viewer
from together.store.models import Booking, Series
from together.store.scope import Scope


async def series(viewer: Viewer, *, uids: Sequence[str]) -> Sequence[Series]:
    """Find the series of which the viewer sees a session."""
    rows = await seen_bookings(viewer).filter(series__uid__in=uids).select_related("series")
    return list({row.series_id: cast("Series", row.series) for row in rows}.values())


async def series_by_id(viewer: Viewer, ids: Sequence[int]) -> Sequence[Series]:
    """Find the series of sessions that the viewer sees."""
    return await Scope(viewer.organization_id).some(Series, ids)


async def occurrences(viewer: Viewer, series_ids: Sequence[int]) -> dict[int, list[Booking]]:
    """List the sessions of series, from the day the viewer joined the match on."""
    rows = seen_bookings(viewer).filter(series_id__in=series_ids)
    return grouped(await rows.order_by("starts"), "series_id")
