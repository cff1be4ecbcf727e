"""Administrators have members asked to connect a calendar."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from together.api import problems
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, uid_of
from together.api.integration_status import IntegrationStatusFilter
from together.api.mutations.booking import CLIENT_KEY
from together.api.outcomes import Raises
from together.api.permissions import LooksAfterIntegrations, requires
from together.services import refusals
from together.services.organization.asking_to_connect import Meant, Outcome, Told
from together.services.organization.status_list import Which


@strawberry.enum(description="Why no mail is written to a member.")
class NotAskedBecause(Enum):
    DEACTIVATED = strawberry.enum_value("DEACTIVATED", description="They were deactivated.")
    CONNECTED = strawberry.enum_value("CONNECTED", description="Their calendar is connected.")
    NOTHING_TO_DO = strawberry.enum_value(
        "NOTHING_TO_DO",
        description="It is not for them to mend: they have no mailbox at the organization's "
        "calendar service, or its integration does not work.",
    )
    NOTHING_OFFERED = strawberry.enum_value(
        "NOTHING_OFFERED",
        description="They have nothing to choose from: the organization looks after it.",
    )
    ASKED_LATELY = strawberry.enum_value(
        "ASKED_LATELY", description="They were asked within the last seven days."
    )
    ADDRESS_NOT_CONFIRMED = strawberry.enum_value(
        "ADDRESS_NOT_CONFIRMED",
        description="Their address is in no domain that is known to be the organization's, and "
        "nobody has signed in with it.",
    )


@strawberry.type(description="To how many no mail is written, and why.")
class NotAsked:
    because: NotAskedBecause = strawberry.field(description="Why.")
    count: int = strawberry.field(description="To how many.")


@strawberry.input(description="Who is to be asked: those whom the filter leaves, or these.")
class AskMembersToConnectInput:
    client_key: str = strawberry.field(description=CLIENT_KEY)
    filter: IntegrationStatusFilter | None = strawberry.field(
        default=None,
        description="As of `integrationStatus`; without it, and without `memberIds`, everybody. "
        "Of those it leaves, whoever is connected is not written to.",
    )
    member_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="These members and no others, at most 500; without a `filter`."
    )


@strawberry.type(description="The mails are being written.")
class AskMembersToConnectPayload:
    asked: int = strawberry.field(
        description="To how many members one is written. They go out a few in a second, and to "
        "nobody who has connected a calendar by then."
    )
    not_asked: list[NotAsked] = strawberry.field(
        description="To how many of those who were meant none is written, and why."
    )

    @classmethod
    def of(cls, told: Told) -> AskMembersToConnectPayload:
        return cls(
            asked=told.get(Outcome.WRITTEN, 0),
            not_asked=[
                NotAsked(because=each, count=told[Outcome[each.name]])
                for each in NotAskedBecause
                if Outcome[each.name] in told
            ],
        )


AskMembersToConnectResult = Annotated[
    AskMembersToConnectPayload | problems.KeyReused | problems.InvalidInput,
    strawberry.union("AskMembersToConnectResult", description="To how many, or why to nobody."),
]


@mutation(
    description="Ask members who have no calendar connected, by mail, to connect one: each once in "
    "seven days at most, however often this is sent, and nobody who can do nothing about it. For "
    "administrators, those of integrations too.",
    extensions=[
        requires(LooksAfterIntegrations),
        Raises(refusals.KeyReused, refusals.InvalidInput),
    ],
)
async def ask_members_to_connect(
    info: Info,
    input: AskMembersToConnectInput,  # noqa: A002  (the argument's name in the schema)
) -> AskMembersToConnectResult | None:
    told = await info.context.services.asking.ask(
        info.context.viewer, _meant(input), client_key=input.client_key
    )
    return AskMembersToConnectPayload.of(told)


def _meant(given: AskMembersToConnectInput) -> Meant:
    which = Which() if given.filter is None else given.filter.which()
    if given.member_ids is None:
        return Meant(None, which)
    if given.filter is not None:
        raise refusals.InvalidInput("memberIds", "Choose members, or a filter, and not both.")
    return Meant(tuple(uid_of(Kind.MEMBER, each) for each in given.member_ids), which)
