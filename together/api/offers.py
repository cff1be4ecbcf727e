"""The services on offer: what a member may choose from."""

from __future__ import annotations

from typing import Any

import strawberry

from together.api.context import Info
from together.api.ids import Kind, to_id
from together.api.nodes import Node
from together.services.connections.offering import Offer


@strawberry.type(description="A calendar service that can be connected.")
class CalendarProvider(Node):
    slug: str = strawberry.field(description="Its name for programs: `google`.")
    label: str = strawberry.field(description="Its name for people: Google Calendar.")
    available: bool = strawberry.field(description="False when it is not offered here any more.")


@strawberry.type(description="What the members of the organization are offered.")
class CalendarOffer:
    providers: list[CalendarProvider] = strawberry.field(
        description="The services they may choose from; none while the options are hidden."
    )
    limited: bool = strawberry.field(
        description="Whether an administrator chose them; otherwise it is every service there is."
    )
    hidden: bool = strawberry.field(
        description="Whether members are offered nothing, because the organization looks after it."
    )

    @classmethod
    def of(cls, info: Info, offer: Offer) -> CalendarOffer:
        installed = list(info.context.services.registry.calendars)
        return cls(
            providers=[calendar_provider(info, slug) for slug in offer.of(installed)],
            limited=offer.only is not None,
            hidden=offer.hidden,
        )


@strawberry.type(description="A service that makes the video link of a session.")
class VideoProvider(Node):
    slug: str = strawberry.field(description="Its name for programs.")
    label: str = strawberry.field(description="Its name for people: Google Meet.")
    made_with: CalendarProvider | None = strawberry.field(
        description="The calendar whose events carry its links; null when it makes them itself."
    )


def calendar_provider(info: Info, slug: str, *, available: bool | None = None) -> CalendarProvider:
    """Show a calendar service, also one that a connection remembers and nobody offers."""
    provider: Any = info.context.services.registry.calendars.get(slug)
    return CalendarProvider(
        id=to_id(Kind.PROVIDER, slug),
        slug=slug,
        label=slug if provider is None else provider.label,
        available=provider is not None if available is None else available,
    )


def video_provider(info: Info, slug: str | None) -> VideoProvider | None:
    """Show a video service; None when no link was asked for."""
    if slug is None:
        return None
    provider: Any = info.context.services.registry.videos.get(slug)
    made_with = None if provider is None else provider.made_with
    return VideoProvider(
        id=to_id(Kind.VIDEO_PROVIDER, slug),
        slug=slug,
        label=slug if provider is None else provider.label,
        made_with=None if made_with is None else calendar_provider(info, made_with),
    )
