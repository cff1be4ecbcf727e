"""A join link: a claim of the service until it has been looked at, and what is missing of it."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from together.providers.contract import VideoProvider
from together.providers.values import Event
from together.store.models import Booking, VideoMeeting

_LONGEST = 2000


def checked_link(event: Event, video: VideoProvider | None) -> str | None:
    """Give the event's link, if it is https on a host that its provider declared."""
    return None if event.meeting is None else checked_url(event.meeting.join_url, video)


def checked_url(link: str, video: VideoProvider | None) -> str | None:
    """Give a link, if it is https on a host that its provider declared."""
    if video is None:
        return None
    if len(link) > _LONGEST or not link.isascii() or not link.isprintable() or " " in link:
        return None
    if "\\" in link:
        return None
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "https" or parts.username is not None or port not in (None, 443):
        return None
    return link if parts.hostname in video.join_hosts else None


def without_link(
    organization_id: int, booking_ids: Collection[int], **which: int
) -> QuerySet[Booking]:
    """Give those of these sessions that were to have a link with a calendar's event and have none.

    Meetings of an organization's own service do not depend on any calendar.
    """
    meetings = VideoMeeting.filter(organization_id=organization_id).values("booking_id")
    return Booking.filter(
        organization_id=organization_id,
        id__in=sorted(booking_ids),
        id__not_in=Subquery(meetings),
        video__isnull=False,
        join_url=None,
        **which,
    )
