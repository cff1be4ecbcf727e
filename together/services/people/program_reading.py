"""What screens read of programs, many at a time: one statement a question, bound to who asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tortoise.expressions import Q, Subquery

from together.services.people.looked_after import looks_after_programs, programs_of
from together.services.reading import Asked, administers, grouped, part
from together.services.signing_in.viewer import Viewer
from together.store.models import Match, Participant, Program, ProgramAdministrator
from together.store.scope import Scope


async def programs(viewer: Viewer, *, uids: Sequence[str]) -> Sequence[Program]:
    """Find programs by uid: those of the viewer's matches, looked after, or all of them."""
    rows = Scope(viewer.organization_id)(Program).filter(uid__in=uids)
    if administers(viewer):
        return await rows
    scope = Scope(viewer.organization_id)
    mine = scope(Participant).filter(member_id=viewer.member_id).values("match_id")
    matched = scope(Match).filter(id__in=Subquery(mine)).values("program_id")
    seen = Q(id__in=Subquery(matched))
    if looks_after_programs(viewer):
        seen |= Q(id__in=programs_of(viewer))
    return await rows.filter(seen)


async def programs_by_id(viewer: Viewer, ids: Sequence[int]) -> Sequence[Program]:
    """Find programs that a row which the viewer sees points to."""
    return await Scope(viewer.organization_id).some(Program, ids)


async def looked_after(viewer: Viewer, ids: Sequence[int]) -> dict[int, bool]:
    """Say which of these programs the viewer looks after."""
    if administers(viewer):
        return dict.fromkeys(ids, True)
    if not looks_after_programs(viewer):
        return {}
    rows = Scope(viewer.organization_id)(Program).filter(id__in=ids)
    mine = await rows.filter(id__in=programs_of(viewer)).values_list("id", flat=True)
    return dict.fromkeys(map(int, mine), True)  # type: ignore[arg-type]


async def all_programs(viewer: Viewer, asked: Asked) -> Sequence[Program]:
    """List the organization's programs by name."""
    rows = Scope(viewer.organization_id)(Program)
    return await part(rows, asked, columns=("name_key",), falling=False)


async def own_programs(viewer: Viewer, asked: Asked) -> Sequence[Program]:
    """List the programs that the viewer looks after, by name."""
    if not looks_after_programs(viewer):
        return []
    rows = Scope(viewer.organization_id)(Program).filter(id__in=programs_of(viewer))
    return await part(rows, asked, columns=("name_key",), falling=False)


async def administrators(
    viewer: Viewer, program_ids: Sequence[int]
) -> dict[int, list[ProgramAdministrator]]:
    """List who looks after each of many programs, the first of them first."""
    rows = Scope(viewer.organization_id)(ProgramAdministrator).filter(program_id__in=program_ids)
    return grouped(await rows.order_by("added_at", "id"), "program_id")


async def matches_in(viewer: Viewer, program_id: int, asked: Asked) -> Sequence[Match]:
    """List the matches of one program, the newest first, from anywhere in the list."""
    rows = Scope(viewer.organization_id)(Match).filter(program_id=program_id)
    return await part(rows, asked, columns=("created_at", "uid"), falling=True)


async def first_matches(
    viewer: Viewer, program_ids: Sequence[int], asked: Asked
) -> dict[int, list[Match]]:
    """List the newest (or the oldest) matches of many programs, in one statement.

    Each program is a statement of its own within it, which reads no more than its page.
    """
    order = "ASC" if asked.backward else "DESC"
    # Nothing but integers of ours and words of this file is in the text.
    pages = (
        'SELECT * FROM (SELECT * FROM "match" '  # noqa: S608
        f"WHERE organization_id = {int(viewer.organization_id)} AND program_id = {int(program)} "
        f"ORDER BY created_at {order}, uid {order} LIMIT {int(asked.size) + 1}) AS page"
        for program in program_ids
    )
    rows: Any = await Match.raw(" UNION ALL ".join(pages))
    return grouped(rows, "program_id")
