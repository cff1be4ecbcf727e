"""Members and matches from files: all of it, or nothing.  Doing it twice changes nothing more."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from together.services.sheets import MatchLine, MemberLine, Sheets, Wrong, read_sheets
from together.store import audit
from together.store.models import Match, MatchState, Member, Organization, Participant, Role
from together.store.scope import Scope
from together.store.transaction import transaction

_RANK = {Role.PARTICIPANT: 0, Role.IT_ADMIN: 1, Role.ORG_ADMIN: 2}
_BATCH = 500
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

T = TypeVar("T")


class ImportRefused(Exception):  # noqa: N818  (an answer, not a fault)
    """Something is wrong, so nothing was changed.  `problems` says it line by line."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an import does only where it is told to."""

    granting_roles: bool = False
    """Give somebody a role that may do more than they may now."""
    reactivating: bool = False
    """Let somebody in again who was deactivated."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How many lines did what, or would do."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    matched: int = 0
    matched_before: int = 0


@dataclass(slots=True)
class _Plan:
    new: list[MemberLine] = field(default_factory=list)
    changes: list[tuple[Member, dict[str, Any]]] = field(default_factory=list)
    unchanged: int = 0
    matches: list[MatchLine] = field(default_factory=list)
    matched_before: int = 0
    problems: list[Wrong] = field(default_factory=list)


class Importing:
    """Imports into one organization."""

    def __init__(self, *, clock: Callable[[], int], say: Callable[[str], None]) -> None:
        self._clock = clock
        self._say = say

    async def run(
        self,
        slug: str,
        files: Sequence[tuple[str, bytes]],
        *,
        allowed: Allowed,
        named: str | None = None,
        rehearsing: bool = False,
    ) -> Imported:
        """Import the files, by name and content, or raise `ImportRefused` and change nothing.

        `named` makes the organization where it is missing; `rehearsing` only says what would be.
        """
        self._say(f"Reading {', '.join(name for name, _ in files)} …")
        sheets = read_sheets(files)
        if sheets.problems:
            raise ImportRefused(list(map(str, _sorted(sheets.problems))))

        async def work() -> Imported:
            organization = await _organization(slug, named=named)
            scope = Scope(organization.id if organization else 0)
            plan = await _plan(scope, sheets, allowed)
            if plan.problems:
                raise ImportRefused(list(map(str, _sorted(plan.problems))))
            if not rehearsing:
                organization = organization or await Organization.create(slug=slug, name=named)
                await self._write(Scope(organization.id), plan)
            return Imported(
                len(plan.new),
                len(plan.changes),
                plan.unchanged,
                len(plan.matches),
                plan.matched_before,
            )

        return await transaction(work)

    async def _write(self, scope: Scope, plan: _Plan) -> None:
        now, organization_id = self._clock(), scope.organization_id
        for done, lines in _batches(plan.new):
            await Member.bulk_create(
                [
                    Member(
                        organization_id=organization_id,
                        email=line.email,
                        email_key=line.key,
                        name=line.name,
                        zone=line.zone,
                        role=line.role or Role.PARTICIPANT,
                    )
                    for line in lines
                ]
            )
            self._say(f"{done} of {len(plan.new)} new members")
        for done, (member, changes) in enumerate(plan.changes, start=1):
            await scope(Member).filter(id=member.id).update(**changes)
            if done % _BATCH == 0:
                self._say(f"{done} of {len(plan.changes)} changed members")
        await self._write_matches(scope, plan.matches)
        await self._note(scope, plan, now)

    async def _write_matches(self, scope: Scope, lines: Sequence[MatchLine]) -> None:
        if not lines:
            return
        now, organization_id = self._clock(), scope.organization_id
        ids = {
            key: member_id for member_id, key in await scope(Member).values_list("id", "email_key")
        }
        for done, part in _batches(lines):
            rows = [
                Match(organization_id=organization_id, program=line.program, created_at=now)
                for line in part
            ]
            await Match.bulk_create(rows)
            uids = [row.uid for row in rows]
            made = dict(await scope(Match).filter(uid__in=uids).values_list("uid", "id"))
            await Participant.bulk_create(
                [
                    Participant(
                        organization_id=organization_id,
                        match_id=made[uid],
                        member_id=ids[key],
                        role=role,
                        joined_at=now,
                    )
                    for uid, line in zip(uids, part, strict=True)
                    for role, key in (("MENTOR", line.mentor), ("MENTEE", line.mentee))
                ]
            )
            self._say(f"{done} of {len(lines)} new matches")

    async def _note(self, scope: Scope, plan: _Plan, now: int) -> None:
        """Write down what an administrator may be asked about later."""
        if not plan.new and not plan.changes and not plan.matches:
            return
        ids: dict[str, int] = {}
        granted = [line for line in plan.new if _RANK[line.role or Role.PARTICIPANT]]
        if granted:
            keys = [line.key for line in granted]
            ids = dict(
                await scope(Member).filter(email_key__in=keys).values_list("email_key", "id")
            )
        notes = [("member.role_granted", f"member:{ids[line.key]}") for line in granted]
        for member, changes in plan.changes:
            if "role" in changes:
                notes.append(("member.role_changed", f"member:{member.id}"))
            if changes.get("active"):
                notes.append(("member.reactivated", f"member:{member.id}"))
        counts = f"{len(plan.new)}+{len(plan.changes)} members, {len(plan.matches)} matches"
        for action, subject in [*notes, ("imported", counts)]:
            await audit.record(
                scope.organization_id,
                actor_id=None,
                action=action,
                subject=subject,
                at=now,
            )


async def _organization(slug: str, *, named: str | None) -> Organization | None:
    organization = await Organization.filter(slug=slug).select_for_update().get_or_none()
    if organization is None and named is None:
        raise ImportRefused(
            [f"There is no organization {slug[:63]!a}. Make it with --create NAME, or correct it."]
        )
    if organization is None and not _SLUG.fullmatch(slug):
        raise ImportRefused(
            [f"{slug[:63]!a} cannot name an organization. Use a-z, 0-9 and hyphens."]
        )
    return organization


async def _plan(scope: Scope, sheets: Sheets, allowed: Allowed) -> _Plan:
    """Compare the files with what is there."""
    plan = _Plan()
    here = {member.email_key: member for member in await scope(Member).all()}
    for line in sheets.members:
        _plan_member(plan, line, here.get(line.key), allowed)
    coming = {line.key for line in sheets.members}
    inactive = {key for key, member in here.items() if not member.active} - coming
    together = await _paired(scope) if sheets.matches else frozenset()
    for match in sheets.matches:
        people = (match.mentor, match.mentee)
        for key in people:
            if key not in here and key not in coming:
                words = f"Nobody has the address {key[:80]!a} here or in these files."
                plan.problems.append(Wrong(match.file, match.line, words))
            elif key in inactive:
                words = f"{key[:80]!a} is deactivated, so they cannot be matched."
                plan.problems.append(Wrong(match.file, match.line, words))
        ids = tuple(here[key].id if key in here else 0 for key in people)
        if (match.program, *ids) in together:
            plan.matched_before += 1
        else:
            plan.matches.append(match)
    return plan


def _plan_member(plan: _Plan, line: MemberLine, member: Member | None, allowed: Allowed) -> None:
    def wrong(words: str) -> None:
        plan.problems.append(Wrong(line.file, line.line, words))

    before = member.role if member else Role.PARTICIPANT
    role = line.role or before
    if _RANK[role] > _RANK[before] and not allowed.granting_roles:
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
    """Program, mentor and mentee of every active match of two."""
    rows = (
        await scope(Participant)
        .filter(match__state=MatchState.ACTIVE)
        .values_list("match_id", "match__program", "role", "member_id")
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


def _batches(things: Sequence[T]) -> Iterator[tuple[int, Sequence[T]]]:
    """Parts of a list, each with how many are done when it is."""
    for start in range(0, len(things), _BATCH):
        part = things[start : start + _BATCH]
        yield start + len(part), part


def _sorted(problems: Sequence[Wrong]) -> list[Wrong]:
    return sorted(problems, key=lambda problem: (problem.file, problem.line))
