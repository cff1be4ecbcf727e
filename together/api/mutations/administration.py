"""What administrators do: members come and leave, matches begin and end."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import problems, program_problems
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, uid_of
from together.api.matches import Match
from together.api.members import Member
from together.api.mutations.booking import CLIENT_KEY
from together.api.outcomes import Raises
from together.api.permissions import IsAdministrator, requires
from together.api.scalars import Zone
from together.services import refusals
from together.services.people import program_refusals
from together.store.models import Role


@strawberry.input(description="Who comes into the organization.")
class CreateMemberInput:
    email: str = strawberry.field(description="Their work address, which they sign in with.")
    name: str = strawberry.field(description="Their name.")
    client_key: str = strawberry.field(description=CLIENT_KEY)
    time_zone: Zone = strawberry.field(default=Zone("UTC"), description="Their zone.")
    role: Role = strawberry.field(
        default=Role.PARTICIPANT, description="What they may do beside their own sessions."
    )


@strawberry.type(description="The member was made.")
class CreateMemberPayload:
    member: Member = strawberry.field(description="The member.")


CreateMemberResult = Annotated[
    CreateMemberPayload | problems.EmailTaken | problems.KeyReused | problems.InvalidInput,
    strawberry.union("CreateMemberResult", description="The member, or why there is none."),
]


@mutation(
    description="Make a member. For administrators.",
    extensions=[
        requires(IsAdministrator),
        Raises(refusals.EmailTaken, refusals.KeyReused, refusals.InvalidInput),
    ],
)
async def create_member(info: Info, input: CreateMemberInput) -> CreateMemberResult | None:  # noqa: A002
    member = await info.context.services.members.create_member(
        info.context.viewer,
        client_key=input.client_key,
        email=input.email,
        name=input.name,
        zone=input.time_zone,
        role=input.role,
    )
    return CreateMemberPayload(member=Member.of(member))


@strawberry.input(description="Who leaves.")
class DeactivateMemberInput:
    member_id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="The member was deactivated.")
class DeactivateMemberPayload:
    member: Member = strawberry.field(description="The member.")


DeactivateMemberResult = Annotated[
    DeactivateMemberPayload | problems.NotFound | problems.InvalidInput,
    strawberry.union("DeactivateMemberResult", description="The member, or why nothing was done."),
]


@mutation(
    description="Deactivate a member: they sign in no more, their calendar is disconnected, and "
    "the sessions ahead of their matches are cancelled. For administrators.",
    extensions=[
        requires(IsAdministrator),
        Raises(refusals.NotFound, refusals.InvalidInput),
    ],
)
async def deactivate_member(
    info: Info,
    input: DeactivateMemberInput,  # noqa: A002  (the argument's name in the schema)
) -> DeactivateMemberResult | None:
    member = await info.context.services.members.deactivate_member(
        info.context.viewer, uid_of(Kind.MEMBER, input.member_id)
    )
    return DeactivateMemberPayload(member=Member.of(member))


@strawberry.input(description="Who comes back.")
class ReactivateMemberInput:
    member_id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="The member was reactivated.")
class ReactivateMemberPayload:
    member: Member = strawberry.field(description="The member.")


ReactivateMemberResult = Annotated[
    ReactivateMemberPayload | problems.NotFound,
    strawberry.union("ReactivateMemberResult", description="The member, or why nothing was done."),
]


@mutation(
    description="Let a member in again. No calendar comes back with them. For administrators.",
    extensions=[requires(IsAdministrator), Raises(refusals.NotFound)],
)
async def reactivate_member(
    info: Info,
    input: ReactivateMemberInput,  # noqa: A002  (the argument's name in the schema)
) -> ReactivateMemberResult | None:
    member = await info.context.services.members.reactivate_member(
        info.context.viewer, uid_of(Kind.MEMBER, input.member_id)
    )
    return ReactivateMemberPayload(member=Member.of(member))


@strawberry.input(description="Who is matched with whom.")
class CreateMatchInput:
    mentor_id: strawberry.ID = strawberry.field(description="The mentor.")
    mentee_ids: list[strawberry.ID] = strawberry.field(description="The mentees, at most 19.")
    program_id: strawberry.ID = strawberry.field(description="The program they are matched in.")
    client_key: str = strawberry.field(description=CLIENT_KEY)


@strawberry.type(description="The match was made.")
class CreateMatchPayload:
    match: Match = strawberry.field(description="The match.")


CreateMatchResult = Annotated[
    CreateMatchPayload
    | problems.AlreadyMatched
    | program_problems.ProgramArchived
    | problems.KeyReused
    | problems.InvalidInput,
    strawberry.union("CreateMatchResult", description="The match, or why there is none."),
]


@mutation(
    description="Match a mentor with mentees. The same people have one active match in a program, "
    "whoever mentors whom. For administrators.",
    extensions=[
        requires(IsAdministrator),
        Raises(
            refusals.AlreadyMatched,
            program_refusals.ProgramArchived,
            refusals.KeyReused,
            refusals.InvalidInput,
        ),
    ],
)
async def create_match(info: Info, input: CreateMatchInput) -> CreateMatchResult | None:  # noqa: A002
    match = await info.context.services.members.create_match(
        info.context.viewer,
        client_key=input.client_key,
        mentor=uid_of(Kind.MEMBER, input.mentor_id),
        mentees=[uid_of(Kind.MEMBER, mentee) for mentee in input.mentee_ids],
        program=uid_of(Kind.PROGRAM, input.program_id),
    )
    return CreateMatchPayload(match=Match.of(match))


@strawberry.input(description="Which match to end.")
class EndMatchInput:
    match_id: strawberry.ID = strawberry.field(description="The match.")


@strawberry.type(description="The match has ended.")
class EndMatchPayload:
    match: Match = strawberry.field(description="The match.")


EndMatchResult = Annotated[
    EndMatchPayload | problems.NotFound,
    strawberry.union("EndMatchResult", description="The match, or why it goes on."),
]


@mutation(
    description="End a match: nothing of it is open any more, and the sessions ahead are "
    "cancelled. For administrators.",
    extensions=[requires(IsAdministrator), Raises(refusals.NotFound)],
)
async def end_match(info: Info, input: EndMatchInput) -> EndMatchResult | None:  # noqa: A002
    match = await info.context.services.members.end_match(
        info.context.viewer, uid_of(Kind.MATCH, input.match_id)
    )
    return EndMatchPayload(match=Match.of(match))
