"""What members may do beside their own sessions: their role, and the programs they look after."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import problems, program_problems
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, uid_of
from together.api.members import Member
from together.api.outcomes import Raises
from together.api.permissions import IsAdministrator, requires
from together.api.programs import Program
from together.services import refusals
from together.services.people import program_refusals
from together.store.models import Role


@strawberry.input(description="Who may do what from now on.")
class SetMemberRoleInput:
    member_id: strawberry.ID = strawberry.field(description="The member; never yourself.")
    role: Role = strawberry.field(description="What they may do beside their own sessions.")


@strawberry.type(description="The member has this role.")
class SetMemberRolePayload:
    member: Member = strawberry.field(description="The member.")


SetMemberRoleResult = Annotated[
    SetMemberRolePayload | problems.NotFound | problems.InvalidInput,
    strawberry.union("SetMemberRoleResult", description="The member, or why nothing was done."),
]


@mutation(
    description="Give a member a role. Nobody changes their own, so that an administrator stays. "
    "Whoever is PROGRAM_ADMIN no more has no programs either. For administrators.",
    extensions=[
        requires(IsAdministrator),
        Raises(refusals.NotFound, refusals.InvalidInput),
    ],
)
async def set_member_role(info: Info, input: SetMemberRoleInput) -> SetMemberRoleResult | None:  # noqa: A002
    member = await info.context.services.roles.set_role(
        info.context.viewer, uid_of(Kind.MEMBER, input.member_id), input.role
    )
    return SetMemberRolePayload(member=Member.of(member))


@strawberry.input(description="Who is to look after which program.")
class AddProgramAdministratorInput:
    program_id: strawberry.ID = strawberry.field(description="The program.")
    member_id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="The member looks after the program.")
class AddProgramAdministratorPayload:
    program: Program = strawberry.field(description="The program.")


AddProgramAdministratorResult = Annotated[
    AddProgramAdministratorPayload
    | program_problems.ProgramArchived
    | problems.NotFound
    | problems.InvalidInput,
    strawberry.union(
        "AddProgramAdministratorResult", description="The program, or why nothing was done."
    ),
]


@mutation(
    description="Let a member look after a program, and see how the members of its matches are "
    "connected. A PARTICIPANT gets the role PROGRAM_ADMIN by it; other administrators see all "
    "that already and are refused. For administrators.",
    extensions=[
        requires(IsAdministrator),
        Raises(program_refusals.ProgramArchived, refusals.NotFound, refusals.InvalidInput),
    ],
)
async def add_program_administrator(
    info: Info,
    input: AddProgramAdministratorInput,  # noqa: A002  (the argument's name in the schema)
) -> AddProgramAdministratorResult | None:
    program = await info.context.services.programs.add_administrator(
        info.context.viewer,
        uid_of(Kind.PROGRAM, input.program_id),
        member=uid_of(Kind.MEMBER, input.member_id),
    )
    return AddProgramAdministratorPayload(program=Program.of(program))


@strawberry.input(description="Who is to look after which program no more.")
class RemoveProgramAdministratorInput:
    program_id: strawberry.ID = strawberry.field(description="The program.")
    member_id: strawberry.ID = strawberry.field(description="The member.")


@strawberry.type(description="The member does not look after the program.")
class RemoveProgramAdministratorPayload:
    program: Program = strawberry.field(description="The program.")


RemoveProgramAdministratorResult = Annotated[
    RemoveProgramAdministratorPayload | problems.NotFound | problems.InvalidInput,
    strawberry.union(
        "RemoveProgramAdministratorResult", description="The program, or why nothing was done."
    ),
]


@mutation(
    description="Take a program from a member, who keeps the role and other programs; without "
    "any they see no more than a PARTICIPANT. For administrators.",
    extensions=[requires(IsAdministrator), Raises(refusals.NotFound, refusals.InvalidInput)],
)
async def remove_program_administrator(
    info: Info,
    input: RemoveProgramAdministratorInput,  # noqa: A002  (the argument's name in the schema)
) -> RemoveProgramAdministratorResult | None:
    program = await info.context.services.programs.remove_administrator(
        info.context.viewer,
        uid_of(Kind.PROGRAM, input.program_id),
        member=uid_of(Kind.MEMBER, input.member_id),
    )
    return RemoveProgramAdministratorPayload(program=Program.of(program))
