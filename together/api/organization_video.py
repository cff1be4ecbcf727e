"""Where an organization's sessions get their video links, as its administrators see and say it."""

from __future__ import annotations

import strawberry

from together.api.context import Info
from together.api.fields import field
from together.api.offers import VideoProvider, video_provider
from together.api.scalars import Instant
from together.services.organization.video_choice import standing_provider
from together.services.organization.video_refusals import OBSTACLE_NOW, no_links
from together.store.models import OrganizationVideo as Row
from together.store.models import VideoChoice

strawberry.enum(
    VideoChoice,
    name="OrganizationVideoChoice",
    description="Where sessions get their links, where whoever books does not say.",
)


@strawberry.type(description="A video service that can be chosen for the whole organization.")
class OrganizationVideoOption:
    provider: VideoProvider = strawberry.field(description="The service.")
    handover_title: str | None = strawberry.field(
        description="What to write above the field for what it needs; null where it needs nothing."
    )
    handover_words: str | None = strawberry.field(
        description="Where what it needs is found at the service."
    )


@strawberry.type(description="Where the organization's sessions get their video links.")
class OrganizationVideo:
    row: strawberry.Private[Row]
    choice: VideoChoice = strawberry.field(description="From where.")
    credential_name: str | None = strawberry.field(
        description="Who makes the meetings there, by name. What was handed over is shown to "
        "nobody."
    )

    @classmethod
    async def load(cls, info: Info) -> OrganizationVideo:
        """Read it as it stands."""
        context = info.context
        row = await context.services.organization_videos.status(context.viewer)
        return cls(row=row, choice=row.choice, credential_name=row.credential_name)

    @field(description="The organization's own service; null where links come from calendars.")
    def provider(self, info: Info) -> VideoProvider | None:
        return video_provider(info, self.row.provider)

    @field(description="In plain words why it makes no links now; null where nothing is wrong.")
    def reason(self, info: Info) -> str | None:
        if self.row.choice is not VideoChoice.PROVIDER:
            return None
        if standing_provider(self.row, info.context.services.registry) is None:
            return OBSTACLE_NOW
        return no_links(self.row)

    @field(description="Since when it is so; null where nothing was ever chosen.")
    def since(self) -> Instant | None:
        return Instant(self.row.since) if self.row.since else None

    @field(description="The services that make links of their own for an organization.")
    def options(self, info: Info) -> list[OrganizationVideoOption]:
        found = []
        for slug, video in sorted(info.context.services.registry.videos.items()):
            shown = video_provider(info, slug)
            if video.organization is None or shown is None:
                continue
            needed = video.organization.handover
            found.append(
                OrganizationVideoOption(
                    provider=shown,
                    handover_title=None if needed is None else needed.title,
                    handover_words=None if needed is None else needed.words,
                )
            )
        return found
