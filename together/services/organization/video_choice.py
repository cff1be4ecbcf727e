"""Where an organization's sessions get their links from, where nobody says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from together.providers.contract import VideoProvider
from together.providers.registry import Registry
from together.store.models import OrganizationVideo, VideoChoice
from together.store.scope import Scope


@dataclass(frozen=True, slots=True)
class HouseVideo:
    """What the organization gives its sessions, as a booking meets it."""

    provider: str | None = None
    """Slug of its own service, which makes a link whoever books; None where it has none here."""
    by_itself: bool = True
    """Whether a link is added without being asked for."""


async def house_video(organization_id: int, registry: Registry) -> HouseVideo:
    """Read it.  A service whose plugin is not here any more is as if it had not been chosen."""
    row = await Scope(organization_id)(OrganizationVideo).first()
    if row is None or row.choice is VideoChoice.CALENDAR:
        return HouseVideo()
    if row.choice is VideoChoice.NONE:
        return HouseVideo(by_itself=False)
    return HouseVideo(None if standing_provider(row, registry) is None else row.provider)


def standing_provider(row: OrganizationVideo, registry: Registry) -> VideoProvider | None:
    """Give the service of the package that was chosen; another package gets nothing of it."""
    slug = row.provider or ""
    if registry.distributions.get(slug) != row.distribution:
        return None
    video = registry.videos.get(slug)
    return None if video is None or video.organization is None else video


def makes_its_own(slug: str | None, registry: Registry) -> bool:
    """Say whether the links of a service come with no calendar's event."""
    video = registry.videos.get(slug or "")
    return video is not None and video.made_with is None
