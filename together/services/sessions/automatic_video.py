"""Which service's link a session gets by itself, said to its booker before they book."""

from __future__ import annotations

from together.domain.integration import Standing
from together.providers.registry import Registry
from together.services.availability.circle import standings
from together.services.organization.video_choice import house_video
from together.services.sessions.booking_values import AUTOMATIC
from together.services.sessions.organizing import video_of, written_at
from together.services.signing_in.viewer import Viewer


async def automatic_for(viewer: Viewer, *, registry: Registry, now: int) -> str | None:
    """Give the slug of the service, or None where none is added."""
    found = await standings([viewer.member_id], viewer.organization_id, now=now)
    integration, standing = found.get(viewer.member_id, (None, Standing.NOT_INTEGRATED))
    integrated = standing is not Standing.NOT_INTEGRATED
    return video_of(
        AUTOMATIC,
        place=None,
        organizer=await written_at(integration if integrated else None),
        registry=registry,
        house=await house_video(viewer.organization_id, registry),
        integrated=integrated,
    )
