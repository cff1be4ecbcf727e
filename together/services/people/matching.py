"""Which match the same people have already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from together.store.models import Match, MatchState, Member, Participant
from together.store.scope import Scope


async def active_match(scope: Scope, people: Collection[Member], program_id: int) -> Match | None:
    """Find the active match of exactly these people in this program, whoever mentors whom."""
    ids = {member.id for member in people}
    of_one = await (
        scope(Participant)
        .filter(member_id=min(ids), match__state=MatchState.ACTIVE, match__program_id=program_id)
        .values_list("match_id", flat=True)
    )
    members: defaultdict[int, set[int]] = defaultdict(set)
    for row in await scope(Participant).filter(match_id__in=list(of_one)):
        members[row.match_id].add(row.member_id)
    same = [match_id for match_id, who in members.items() if who == ids]
    return await scope(Match).filter(id__in=same).order_by("id").first()
