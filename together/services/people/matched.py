"""Tells members that they were put into a match: by whom, with whom, and what it shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from together.services.outbox.letters import Letter, listed, moment
from together.store.clock import database_now
from together.store.models import AuditEntry, Job, JobKind, MatchState, Member, Participant
from together.store.scope import Scope

CREATED, CREATED_WITH_THEMSELVES = "match.created", "match.created_with_themselves"
"""What the audit log says of a match that an administrator made."""

PACE = 5
"""Letters in a second: thousands of an import do not stand before what must reach a calendar."""


async def write_down(participants: Sequence[int], *, organization_id: int, after: int = 0) -> None:
    """Write a letter to each of them, named by row id, in the transaction that put them there.

    `after` is how many letters of the same transaction go out before these.
    """
    at = await database_now()
    await Job.bulk_create(
        Job(
            organization_id=organization_id,
            kind=JobKind.TELL_MATCHED,
            generation=participant,
            due_at=at + place // PACE,
            created_at=at,
        )
        for place, participant in enumerate(participants, start=after)
    )


async def letter(job: Job) -> Letter | None:
    """Word it; None when the match has ended meanwhile, or the member has left."""
    scope = Scope(job.organization_id)
    mine = await (
        scope(Participant)
        .filter(id=job.generation, match__state=MatchState.ACTIVE, member__active=True)
        .select_related("member", "match__program", "organization")
        .get_or_none()
    )
    if mine is None:
        return None
    member: Any = mine.member
    match: Any = mine.match
    organization: Any = mine.organization
    others = await (
        scope(Participant)
        .filter(match_id=mine.match_id, id__not=mine.id)
        .select_related("member")
        .order_by("id")
    )
    return Letter(
        name=member.name,
        address=member.email,
        subject=f"You are in a match: {match.program.name}",
        paragraphs=(
            f"Hello {member.name},",
            f"{await _who_matched(scope, mine)} into a match of {organization.name}: "
            f"{match.program.name}. That was on {moment(mine.joined_at, zone=member.zone)}.",
            _company(mine, others),
            "Your busy times can be seen by those of them who have connected a calendar, and only "
            "while yours is connected, too; you then see theirs. They see blocks of time, and "
            "nothing of what is in them. Administrators see no calendar.",
            "Your weekly hours and your time zone are shown to all of them.",
            f"If you did not expect this, ask an administrator of {organization.name}.",
            f"Together, for {organization.name}",
        ),
    )


async def _who_matched(scope: Scope, participant: Participant) -> str:
    """Say who did it, as the audit log has it; of what was imported it names nobody."""
    line = await (
        scope(AuditEntry)
        .filter(
            subject=f"match:{participant.match_id}",
            action__in=[CREATED, CREATED_WITH_THEMSELVES],
        )
        .first()
    )
    if line is None:
        return "Your organization has put you"
    if line.actor_id == participant.member_id:
        return "You have put yourself"
    by = await scope(Member).get_or_none(id=line.actor_id)
    return f"{'An administrator' if by is None else by.name} has put you"


def _company(mine: Participant, others: Sequence[Participant]) -> str:
    mentors, mentees = _names(others, role="MENTOR"), _names(others, role="MENTEE")
    if mine.role == "MENTOR":
        return f"You are the mentor of {listed(mentees)}."
    with_them = f" With you in it: {listed(mentees)}." if mentees else ""
    return f"Your mentor is {listed(mentors)}.{with_them}"


def _names(people: Sequence[Participant], *, role: str) -> list[str]:
    members: list[Any] = [each.member for each in people if each.role == role]
    return [member.name for member in members]
