"""A join link is a claim of the service until it has been looked at."""

from __future__ import annotations

from urllib.parse import urlsplit

from together.providers.contract import VideoProvider
from together.providers.values import Event

_LONGEST = 2000


def checked_link(event: Event, video: VideoProvider | None) -> str | None:
    """Give the event's link, if it is https on a host that its provider declared."""
    if video is None or event.meeting is None:
        return None
    link = event.meeting.join_url
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
