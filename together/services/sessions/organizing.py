"""Who holds the session's event, and where its link comes from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from together.providers.registry import Registry
from together.providers.values import Capability
from together.services.organization.video_choice import HouseVideo
from together.services.refusals import VideoUnavailable
from together.services.sessions.booking_values import Video
from together.store.models import CalendarRow, Integration, IntegrationState


@dataclass(frozen=True, slots=True)
class Place:
    """A calendar that can be written."""

    integration: Integration
    calendar: CalendarRow


def account_hash(integration: Integration) -> str:
    """Tell a member's account from every other, also when its integration is long gone."""
    said = (
        integration.organization_id,
        integration.member_id,
        integration.provider,
        integration.account_id,
    )
    return hashlib.sha256("\n".join(map(str, said)).encode()).hexdigest()


async def written_at(integration: Integration | None) -> Place | None:
    """Find the calendar that a member's events go to; None when none of theirs can be written.

    Whether the member has to be integrated, too, is for the caller to say.
    """
    if integration is None or integration.state is not IntegrationState.ACTIVE:
        return None
    if Capability.EVENTS not in Capability(integration.capabilities):
        return None
    calendar = await CalendarRow.filter(
        organization_id=integration.organization_id,
        integration_id=integration.id,
        receives=True,
        writable=True,
    ).first()
    return None if calendar is None else Place(integration, calendar)


def video_of(
    video: Video,
    *,
    place: str | None,
    organizer: Place | None,
    registry: Registry,
    house: HouseVideo,
    integrated: bool,
) -> str | None:
    """Give the slug of the service that makes the link, or None when there is to be none.

    A link is added by itself to sessions of who is integrated, also where it comes from the
    organization's own service.
    """
    if video.automatic:
        if place or not house.by_itself:
            return None
        own = house.provider if integrated else None
        return own or _carried(organizer, registry)
    if video.provider is None:
        return None
    if video.provider == house.provider:
        return house.provider
    chosen = registry.videos.get(video.provider)
    if chosen is None or chosen.slug != _carried(organizer, registry, wanted=video.provider):
        raise VideoUnavailable
    return chosen.slug


def _carried(
    organizer: Place | None, registry: Registry, *, wanted: str | None = None
) -> str | None:
    """Give the service whose links come with events in the organizer's calendar."""
    if organizer is None or not organizer.calendar.carries_meetings:
        return None
    for slug, video in sorted(registry.videos.items()):
        if video.made_with == organizer.integration.provider and wanted in (None, slug):
            return slug
    return None
