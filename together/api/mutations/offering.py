"""Which calendar services members are offered, as their administrators decide."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import problems
from together.api.context import Info
from together.api.fields import mutation
from together.api.offers import CalendarOffer
from together.api.outcomes import Raises
from together.api.permissions import LooksAfterIntegrations, requires
from together.services import refusals


@strawberry.input(description="What members are to be offered.")
class LimitCalendarProvidersInput:
    providers: list[str] | None = strawberry.field(
        default=None,
        description="The slugs of the services that members may choose from, at most 50; null is "
        "every service.",
    )
    hidden: bool = strawberry.field(
        default=False,
        description="Offer nothing at all: members are told that the organization looks after it. "
        "Whoever is connected stays connected, and may disconnect.",
    )


@strawberry.type(description="Members are offered what was said, from now on.")
class LimitCalendarProvidersPayload:
    calendar_offer: CalendarOffer = strawberry.field(description="What they are offered.")


LimitCalendarProvidersResult = Annotated[
    LimitCalendarProvidersPayload | problems.InvalidInput,
    strawberry.union(
        "LimitCalendarProvidersResult", description="What is offered, or why it is as it was."
    ),
]


@mutation(
    description="Say which calendar services members are offered. For administrators, those of "
    "integrations too.",
    extensions=[requires(LooksAfterIntegrations), Raises(refusals.InvalidInput)],
)
async def limit_calendar_providers(
    info: Info,
    input: LimitCalendarProvidersInput,  # noqa: A002  (the argument's name in the schema)
) -> LimitCalendarProvidersResult | None:
    offer = await info.context.services.offering.limit(
        info.context.viewer, providers=input.providers, hidden=input.hidden
    )
    return LimitCalendarProvidersPayload(calendar_offer=CalendarOffer.of(info, offer))
