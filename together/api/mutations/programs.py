"""What administrators do with programs: make, name and close them, and say who looks after them."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import problems, program_problems
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, uid_of
from together.api.mutations.booking import CLIENT_KEY
from together.api.outcomes import Raises
from together.api.permissions import IsAdministrator, requires
from together.api.programs import Program
from together.services import refusals
from together.services.people import program_refusals


@strawberry.input(description="What the new program is called.")
class CreateProgramInput:
    name: str = strawberry.field(
        description="Its name, at most 200 characters; unique in the organization, where upper "
        "and lower case are one."
    )
    client_key: str = strawberry.field(description=CLIENT_KEY)


@strawberry.type(description="The program was made.")
class CreateProgramPayload:
    program: Program = strawberry.field(description="The program.")


CreateProgramResult = Annotated[
    CreateProgramPayload
    | program_problems.ProgramNameTaken
    | problems.KeyReused
    | problems.InvalidInput,
    strawberry.union("CreateProgramResult", description="The program, or why there is none."),
]


@mutation(
    description="Make a program. For administrators.",
    extensions=[
        requires(IsAdministrator),
        Raises(program_refusals.ProgramNameTaken, refusals.KeyReused, refusals.InvalidInput),
    ],
)
async def create_program(info: Info, input: CreateProgramInput) -> CreateProgramResult | None:  # noqa: A002
    program = await info.context.services.programs.create(
        info.context.viewer, client_key=input.client_key, name=input.name
    )
    return CreateProgramPayload(program=Program.of(program))


@strawberry.input(description="What a program is called from now on.")
class RenameProgramInput:
    program_id: strawberry.ID = strawberry.field(description="The program.")
    name: str = strawberry.field(description="Its new name.")


@strawberry.type(description="The program has this name.")
class RenameProgramPayload:
    program: Program = strawberry.field(description="The program.")


RenameProgramResult = Annotated[
    RenameProgramPayload
    | program_problems.ProgramNameTaken
    | problems.NotFound
    | problems.InvalidInput,
    strawberry.union("RenameProgramResult", description="The program, or why it keeps its name."),
]


@mutation(
    description="Give a program another name, an archived one too. An import knows it by the new "
    "one only. For administrators.",
    extensions=[
        requires(IsAdministrator),
        Raises(program_refusals.ProgramNameTaken, refusals.NotFound, refusals.InvalidInput),
    ],
)
async def rename_program(info: Info, input: RenameProgramInput) -> RenameProgramResult | None:  # noqa: A002
    program = await info.context.services.programs.rename(
        info.context.viewer, uid_of(Kind.PROGRAM, input.program_id), name=input.name
    )
    return RenameProgramPayload(program=Program.of(program))


@strawberry.input(description="Which program to archive.")
class ArchiveProgramInput:
    program_id: strawberry.ID = strawberry.field(description="The program.")


@strawberry.type(description="The program is archived.")
class ArchiveProgramPayload:
    program: Program = strawberry.field(description="The program.")


ArchiveProgramResult = Annotated[
    ArchiveProgramPayload | problems.NotFound,
    strawberry.union("ArchiveProgramResult", description="The program, or why it goes on."),
]


@mutation(
    description="Archive a program: every match of it ends, with the sessions ahead cancelled, "
    "and nobody is matched in it any more. It stays in the list, with its name. For "
    "administrators.",
    extensions=[requires(IsAdministrator), Raises(refusals.NotFound)],
)
async def archive_program(info: Info, input: ArchiveProgramInput) -> ArchiveProgramResult | None:  # noqa: A002
    program = await info.context.services.programs.archive(
        info.context.viewer, uid_of(Kind.PROGRAM, input.program_id)
    )
    return ArchiveProgramPayload(program=Program.of(program))


@strawberry.input(description="Which program to open again.")
class RestoreProgramInput:
    program_id: strawberry.ID = strawberry.field(description="The program.")


@strawberry.type(description="The program goes on.")
class RestoreProgramPayload:
    program: Program = strawberry.field(description="The program.")


RestoreProgramResult = Annotated[
    RestoreProgramPayload | problems.NotFound,
    strawberry.union("RestoreProgramResult", description="The program, or why it stays closed."),
]


@mutation(
    description="Open an archived program again: people can be matched in it. The matches that "
    "ended stay ended. For administrators.",
    extensions=[requires(IsAdministrator), Raises(refusals.NotFound)],
)
async def restore_program(info: Info, input: RestoreProgramInput) -> RestoreProgramResult | None:  # noqa: A002
    program = await info.context.services.programs.restore(
        info.context.viewer, uid_of(Kind.PROGRAM, input.program_id)
    )
    return RestoreProgramPayload(program=Program.of(program))
