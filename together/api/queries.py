"""The root of queries: the viewer, the organization, and anything by its id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import strawberry

from together.api.bookings import Booking
from together.api.calendars import ConnectedCalendar
from together.api.context import Info
from together.api.fields import field
from together.api.ids import NOBODY, Kind, split
from together.api.integration_status import IntegrationStatus, IntegrationStatusFilter
from together.api.integrations import CalendarIntegration
from together.api.limits import over
from together.api.matches import Match
from together.api.members import Member
from together.api.nodes import Node
from together.api.offers import CalendarOffer, calendar_provider, video_provider
from together.api.organization import Organization
from together.api.organization_integration import OrganizationIntegration
from together.api.organization_video import OrganizationVideo
from together.api.permissions import (
    IsAdministrator,
    LooksAfterIntegrations,
    OverseesMembers,
    SignedIn,
    only,
    requires,
)
from together.api.programs import Program
from together.api.rating import RateLimit
from together.api.series import Series
from together.api.viewer import Viewer
from together.services import reading

SHOWN: Mapping[Kind, Callable[[Any], Node]] = {
    Kind.ORGANIZATION: Organization.of,
    Kind.MEMBER: Member.of,
    Kind.PROGRAM: Program.of,
    Kind.MATCH: Match.of,
    Kind.BOOKING: Booking.of,
    Kind.SERIES: Series.of,
    Kind.CALENDAR: ConnectedCalendar.of,
}


@strawberry.type(description="What can be asked.")
class Query:
    @field(
        description="Whoever asks: the door to everything that is theirs.",
        extensions=[requires(SignedIn)],
    )
    async def viewer(self, info: Info) -> Viewer | None:
        row = await info.context.loaders.members.load(info.context.viewer.member_id)
        return Viewer.of(row)

    @field(
        description="The viewer's organization. For administrators; null to everybody else.",
        extensions=[only(IsAdministrator)],
    )
    async def organization(self, info: Info) -> Organization | None:
        return Organization.of(await reading.own_organization(info.context.viewer))

    @field(
        description="What members are offered to connect. For administrators, those of "
        "integrations too; null to everybody else.",
        extensions=[only(LooksAfterIntegrations)],
    )
    async def calendar_offer(self, info: Info) -> CalendarOffer | None:
        context = info.context
        offer = await context.loaders.offers.load(context.viewer.organization_id)
        return CalendarOffer.of(info, offer)

    @field(
        description="How far the organization's integration is, and what comes next. For "
        "administrators, those of integrations too; null to everybody else.",
        extensions=[only(LooksAfterIntegrations)],
    )
    async def organization_integration(self, info: Info) -> OrganizationIntegration | None:
        return await OrganizationIntegration.load(info)

    @field(
        description="Where the organization's sessions get their video links. For administrators, "
        "those of integrations too; null to everybody else.",
        extensions=[only(LooksAfterIntegrations)],
    )
    async def organization_video(self, info: Info) -> OrganizationVideo | None:
        return await OrganizationVideo.load(info)

    @field(
        description="How the members are connected. For administrators, those of integrations "
        "too; a PROGRAM_ADMIN finds those who are in an active match of their programs. Null to "
        "everybody else.",
        extensions=[only(OverseesMembers)],
    )
    async def integration_status(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002  (the argument's name in the schema)
            IntegrationStatusFilter | None,
            strawberry.argument(description="Which of them; everybody if not said."),
        ] = None,
    ) -> IntegrationStatus | None:
        return IntegrationStatus.of(filter)

    @field(
        description="How many requests the viewer may still send in this minute.",
        extensions=[requires(SignedIn)],
    )
    async def rate_limit(self, info: Info) -> RateLimit | None:
        return RateLimit.of(info)

    @field(
        description="Anything by its id. Null for what is not there, and for what the viewer may "
        "not see.",
        extensions=[requires(SignedIn)],
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id.")],  # noqa: A002
    ) -> Node | None:
        return await fetch(info, id)

    @field(
        description="Many things by their ids, in the same order.",
        extensions=[requires(SignedIn)],
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="The ids, at most 100.")
        ],
    ) -> list[Node | None] | None:
        most = info.context.cursors.most
        if len(ids) > most:
            raise over("page", allowed=most, asked=len(ids), code="BAD_USER_INPUT")
        return list(await asyncio.gather(*(fetch(info, each) for each in ids)))


async def fetch(info: Info, text: str) -> Node | None:
    """Find anything by its id, within the viewer's organization and permission.

    What is foreign, missing, malformed or forbidden is looked for in the same way and not found.
    """
    kind, uid = split(text) or (Kind.MEMBER, NOBODY)
    if kind is Kind.PROVIDER:
        offered = uid in info.context.services.registry.calendars
        return calendar_provider(info, uid) if offered else None
    if kind is Kind.VIDEO_PROVIDER:
        offered = uid in info.context.services.registry.videos
        return video_provider(info, uid) if offered else None
    row = await info.context.loaders.found.load((kind, uid))
    if row is None:
        return None
    return await CalendarIntegration.load(info) if kind is Kind.INTEGRATION else SHOWN[kind](row)
