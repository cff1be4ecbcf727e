"""What may be wrong about a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from together.api.problem import Problem, ProblemCode, tells
from together.services.people import program_refusals as refusals

if TYPE_CHECKING:
    from together.api.programs import Program


@tells(
    refusals.ProgramNameTaken,
    ProblemCode.PROGRAM_NAME_TAKEN,
    "A program of this name exists; upper and lower case are one.",
)
class ProgramNameTaken(Problem):
    program: Annotated[Program, strawberry.lazy("together.api.programs")] = strawberry.field(
        description="The program that is called so."
    )

    @classmethod
    def of(cls, refusal: refusals.ProgramNameTaken) -> Self:
        from together.api.programs import Program

        program = Program.of(refusal.program)
        return cls(message=refusal.message, code=cls.named, program=program)


@tells(
    refusals.ProgramArchived,
    ProblemCode.PROGRAM_ARCHIVED,
    "The program is archived: nothing new comes into it.",
)
class ProgramArchived(Problem):
    pass
