"""An administrator says where the organization's sessions get their video links."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import delegation_problems as told
from together.api import problems
from together.api.context import Info
from together.api.fields import mutation
from together.api.organization_video import OrganizationVideo
from together.api.outcomes import Raises
from together.api.permissions import LooksAfterIntegrations, requires
from together.api.video_problems import OrganizationVideoUnavailable
from together.domain.secret import Secret
from together.services import refusals
from together.services.organization import delegation_refusals, video_refusals
from together.store.models import VideoChoice


@strawberry.input(description="Where links are to come from.")
class SetOrganizationVideoInput:
    choice: VideoChoice = strawberry.field(description="From where.")
    provider: str | None = strawberry.field(
        default=None,
        description="The slug of the organization's own service, with PROVIDER and only then. One "
        "that makes its links with the events of the organization's calendar stands for CALENDAR.",
    )
    credential: Secret | None = strawberry.field(
        default=None,
        description="What the service needs, in a variable. It is tried, sealed, and never shown. "
        "Null keeps what was handed over for the same service before.",
    )


@strawberry.type(description="Sessions that are booked from now on get their links in this way.")
class SetOrganizationVideoPayload:
    organization_video: OrganizationVideo = strawberry.field(description="As it stands now.")


SetOrganizationVideoResult = Annotated[
    SetOrganizationVideoPayload
    | OrganizationVideoUnavailable
    | told.KeyUnusable
    | told.SetUpChanged
    | problems.InvalidInput,
    strawberry.union(
        "SetOrganizationVideoResult", description="How it stands, or why it is as it was."
    ),
]


@mutation(
    description="Say where sessions get their video links, where whoever books does not say. For "
    "administrators, those of integrations too.",
    extensions=[
        requires(LooksAfterIntegrations),
        Raises(
            video_refusals.OrganizationVideoUnavailable,
            delegation_refusals.KeyUnusable,
            delegation_refusals.SetUpChanged,
            refusals.InvalidInput,
        ),
    ],
)
async def set_organization_video(
    info: Info,
    input: SetOrganizationVideoInput,  # noqa: A002  (the argument's name in the schema)
) -> SetOrganizationVideoResult | None:
    await info.context.services.organization_videos.choose(
        info.context.viewer,
        input.choice,
        provider=input.provider,
        credential=input.credential,
    )
    return SetOrganizationVideoPayload(organization_video=await OrganizationVideo.load(info))
