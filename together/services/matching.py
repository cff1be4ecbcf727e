"""Which match the same people have already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from together.services.sheets import program_key
from together.store.models import Match, MatchState, Member, Participant
from together.store.scope import Scope


async def active_match(scope: Scope, people: Collection[Member], program: str) -> Match | None:
    """Find the active match of exactly these people in this program, whoever mentors whom.

    Programs are compared as an import compares them.
    """
    ids = {member.id for member in people}
    of_one = await (
        scope(Participant)
        .filter(member_id=min(ids), match__state=MatchState.ACTIVE)
        .values_list("match_id", flat=True)
    )
    members: defaultdict[int, set[int]] = defaultdict(set)
    for row in await scope(Participant).filter(match_id__in=list(of_one)):
        members[row.match_id].add(row.member_id)
    same = [match_id for match_id, who in members.items() if who == ids]
    for match in await scope(Match).filter(id__in=same).order_by("id"):
        if program_key(match.program) == program_key(program):
            return match
    return None
