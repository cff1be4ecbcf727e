"""Expected noes about programs, in our words, with what a client needs to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from together.services.refusals import Refusal

if TYPE_CHECKING:
    from together.store.models import Program


class ProgramNameTaken(Refusal):
    words = "A program of this name exists in your organization. Use it, or choose another name."

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program = program
        """Of the same organization."""


class ProgramArchived(Refusal):
    words = "This program is archived. Restore it first, or choose another."
