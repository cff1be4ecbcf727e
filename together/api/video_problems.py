"""What may be in the way of an organization's choice of where links come from."""

from __future__ import annotations

from typing import Self

import strawberry

from together.api.problem import Problem, ProblemCode, tells
from together.services.organization import video_refusals as refusals
from together.services.organization.video_refusals import VideoObstacle

strawberry.enum(
    VideoObstacle,
    name="OrganizationVideoObstacle",
    description="What stands in the way of a choice.",
)


@tells(
    refusals.OrganizationVideoUnavailable,
    ProblemCode.ORGANIZATION_VIDEO_UNAVAILABLE,
    "Sessions cannot get their links in this way, so nothing was changed.",
)
class OrganizationVideoUnavailable(Problem):
    obstacle: VideoObstacle = strawberry.field(description="What stands in the way.")

    @classmethod
    def of(cls, refusal: refusals.OrganizationVideoUnavailable) -> Self:
        return cls(message=refusal.message, code=cls.named, obstacle=refusal.obstacle)
