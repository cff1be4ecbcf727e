"""What is asked of a booking, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from together.store.models import Booking, Member


@dataclass(frozen=True, slots=True)
class Video:
    """How the session gets its link: by itself, by a chosen service, or not at all."""

    automatic: bool = True
    provider: str | None = None
    """Slug of a chosen video service."""

    @classmethod
    def by(cls, slug: str) -> Video:
        return cls(automatic=False, provider=slug)


@dataclass(frozen=True, slots=True)
class Time:
    """When a session is, in epoch seconds."""

    starts: int
    ends: int
    occurrence: int | None = None
    """Its number in a series, from 1 on."""


AUTOMATIC = Video()
NO_VIDEO = Video(automatic=False)


@dataclass(frozen=True, slots=True)
class BookRequest:
    """What a member asks for."""

    match_uid: str
    start: int
    """Epoch seconds."""
    duration: int
    """Minutes."""
    zone: str
    """IANA; the start lies on the grid of this zone."""
    client_key: str
    video: Video = AUTOMATIC
    place: str | None = None
    """With a place and `AUTOMATIC`, the place stands instead of a link."""
    outside_hours: bool = False
    over_busy: bool = False

    def said(self) -> dict[str, str | int | bool | None]:
        """Everything but the key, to tell one request from another."""
        return {
            "match": self.match_uid,
            "start": self.start,
            "duration": self.duration,
            "zone": self.zone,
            "automatic": self.video.automatic,
            "video": self.video.provider,
            "place": self.place,
            "outside_hours": self.outside_hours,
            "over_busy": self.over_busy,
        }


@dataclass(frozen=True, slots=True)
class Booked:
    """A session that stands."""

    booking: Booking
    unchecked: Sequence[Member] = ()
    """Whose calendar should have been read for these minutes and could not be, viewer first."""
