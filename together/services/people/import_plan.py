"""What an import would change, found by comparing its files with what is there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from together.services.people.sheets import MatchLine, MemberLine, Sheets, Wrong
from together.store.models import MatchState, Member, Participant, Program, Role
from together.store.scope import Scope

RANK = {Role.PARTICIPANT: 0, Role.PROGRAM_ADMIN: 1, Role.IT_ADMIN: 2, Role.ORG_ADMIN: 3}
"""Roles by how much they may do."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an import does only where it is told to."""

    granting_roles: bool = False
    """Give somebody a role that may do more than they may now."""
    reactivating: bool = False
    """Let somebody in again who was deactivated."""


@dataclass(slots=True)
class Plan:
    """What to do, line by line, and what is wrong with it."""

    new: list[MemberLine] = field(default_factory=list)
    changes: list[tuple[Member, dict[str, Any]]] = field(default_factory=list)
    unchanged: int = 0
    matches: list[MatchLine] = field(default_factory=list)
    matched_before: int = 0
    problems: list[Wrong] = field(default_factory=list)


async def planned(scope: Scope, sheets: Sheets, allowed: Allowed) -> Plan:
    """Compare the files with what is there."""
    plan = Plan()
    here = {member.email_key: member for member in await scope(Member).all()}
    for line in sheets.members:
        _plan_member(plan, line, here.get(line.key), allowed)
    coming = {line.key for line in sheets.members}
    inactive = {key for key, member in here.items() if not member.active} - coming
    together = await _paired(scope) if sheets.matches else frozenset()
    archived = {row.name_key for row in await scope(Program).filter(archived_at__not_isnull=True)}
    for match in sheets.matches:
        if match.program_key in archived:
            words = f"The program {match.program[:80]!a} is archived. Restore it, or name another."
            plan.problems.append(Wrong(match.file, match.line, words))
        people = (match.mentor, match.mentee)
        for key in people:
            if key not in here and key not in coming:
                words = f"Nobody has the address {key[:80]!a} here or in these files."
                plan.problems.append(Wrong(match.file, match.line, words))
            elif key in inactive:
                words = f"{key[:80]!a} is deactivated, so they cannot be matched."
                plan.problems.append(Wrong(match.file, match.line, words))
        ids = tuple(here[key].id if key in here else 0 for key in people)
        if (match.program_key, *ids) in together:
            plan.matched_before += 1
        else:
            plan.matches.append(match)
    return plan


def _plan_member(plan: Plan, line: MemberLine, member: Member | None, allowed: Allowed) -> None:
    def wrong(words: str) -> None:
        plan.problems.append(Wrong(line.file, line.line, words))

    before = member.role if member else Role.PARTICIPANT
    role = line.role or before
    if RANK[role] > RANK[before] and not allowed.granting_roles:
        wrong(f"This gives the role {role}. Say --grant-roles if it is meant.")
    if member is None:
        if line.zone is None:
            wrong("zone is empty, and nobody with this address is here yet.")
        plan.new.append(line)
        return
    changes: dict[str, Any] = {}
    if not member.active:
        if not allowed.reactivating:
            wrong("This member is deactivated. Say --reactivate to let them in again.")
        changes |= {"active": True, "generation": member.generation + 1}
    if member.name != line.name:
        changes["name"] = line.name
    if line.zone is not None and member.zone != line.zone:
        changes["zone"] = line.zone
    if member.role != role:
        changes["role"] = role
    if changes:
        plan.changes.append((member, changes))
    else:
        plan.unchanged += 1


async def _paired(scope: Scope) -> frozenset[tuple[Any, ...]]:
    """Folded program, mentor and mentee of every active match of two."""
    rows = (
        await scope(Participant)
        .filter(match__state=MatchState.ACTIVE)
        .values_list("match_id", "match__program__name_key", "role", "member_id")
    )
    people: defaultdict[tuple[int, str], dict[str, list[int]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for match_id, program, role, member_id in rows:
        people[match_id, program][role].append(member_id)
    return frozenset(
        (program, *who["MENTOR"], *who["MENTEE"])
        for (_match, program), who in people.items()
        if len(who["MENTOR"]) == len(who["MENTEE"]) == 1
    )
