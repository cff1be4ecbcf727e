"""Which programs a viewer looks after: the one place that says so.

Both are needed, the role and the program: whoever lost the role has no program any more, and a
row that were left over would show nothing.
"""

from __future__ import annotations

from typing import Any

from tortoise.expressions import Subquery

from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Match,
    MatchState,
    Participant,
    Program,
    ProgramAdministrator,
    Role,
)
from together.store.scope import Scope


def looks_after_programs(viewer: Viewer) -> bool:
    """Whether the viewer may have programs to look after."""
    return viewer.role is Role.PROGRAM_ADMIN


def programs_of(viewer: Viewer) -> Subquery:
    """Select the ids of the programs that the viewer looks after."""
    return Subquery(_places(viewer).values("program_id"))


def matches_of(viewer: Viewer) -> Subquery:
    """Select the ids of the matches of these programs, ended ones too."""
    rows = Scope(viewer.organization_id)(Match).filter(program_id__in=programs_of(viewer))
    return Subquery(rows.values("id"))


def people_of(viewer: Viewer) -> tuple[Subquery, Subquery]:
    """Select the ids of whoever is in these matches, and of who else looks after the programs."""
    scope = Scope(viewer.organization_id)
    matched = scope(Participant).filter(match_id__in=matches_of(viewer))
    colleagues = scope(ProgramAdministrator).filter(program_id__in=programs_of(viewer))
    return Subquery(matched.values("member_id")), Subquery(colleagues.values("member_id"))


def matched_in(viewer: Viewer, program: str | None = None) -> Subquery:
    """Select the ids of whoever is in an active match: of a program, or of all looked after.

    A program that is neither the viewer's nor, for an administrator, the organization's is as one
    in which nobody is matched.
    """
    scope = Scope(viewer.organization_id)
    programs = scope(Program)
    if viewer.role is not Role.ORG_ADMIN:
        programs = programs.filter(id__in=programs_of(viewer))
    if program is not None:
        programs = programs.filter(uid=program)
    going_on = scope(Match).filter(
        program_id__in=Subquery(programs.values("id")), state=MatchState.ACTIVE
    )
    matched = scope(Participant).filter(match_id__in=Subquery(going_on.values("id")))
    return Subquery(matched.values("member_id"))


def _places(viewer: Viewer) -> Any:
    return Scope(viewer.organization_id)(ProgramAdministrator).filter(
        member_id=viewer.member_id, member__role=Role.PROGRAM_ADMIN
    )
