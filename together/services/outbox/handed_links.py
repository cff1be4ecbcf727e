"""Video links of sessions that are handed over: those that came with an event went with it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tortoise.expressions import Subquery

from together.store.models import (
    Booking,
    Job,
    JobKind,
    OrganizationVideo,
    VideoChoice,
    VideoMeeting,
)


async def without_their_links(
    organization_id: int, booking_ids: Collection[int], *, at: int
) -> None:
    """Let go of links that came with the events; the organization's own service makes others.

    A meeting at a service of its own is no part of any event, and stays.
    """
    mine: dict[str, Any] = {"organization_id": organization_id}
    elsewhere = VideoMeeting.filter(**mine).values("booking_id")
    linked = Booking.filter(
        **mine,
        id__in=sorted(booking_ids),
        id__not_in=Subquery(elsewhere),
        video__isnull=False,
    )
    lost: Any = await linked.order_by("id").values_list("id", flat=True)
    if not lost:
        return
    ours = Booking.filter(**mine, id__in=list(lost))
    house = await OrganizationVideo.filter(**mine, choice=VideoChoice.PROVIDER).first()
    if house is None or house.provider is None or house.distribution is None:
        await ours.update(join_url=None, link_given_up=True)
        return
    await ours.update(join_url=None, link_given_up=False, video=house.provider)
    await VideoMeeting.bulk_create(
        VideoMeeting(
            **mine, booking_id=each, provider=house.provider, distribution=house.distribution
        )
        for each in lost
    )
    await Job.bulk_create(
        Job(
            **mine,
            kind=JobKind.WRITE_MEETING,
            booking_id=each,
            due_at=at,
            created_at=at,
        )
        for each in lost
    )
