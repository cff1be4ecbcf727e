"""Members and matches from files: all of it, or nothing.  Doing it twice changes nothing more."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from together.domain.texts import BadText, clean_text
from together.services.organization import everybody
from together.services.people import found_by, matched
from together.services.people.import_plan import RANK, Allowed, Plan, planned
from together.services.people.programs import named
from together.services.people.roles import without_programs
from together.services.people.sheets import MatchLine, Wrong, read_sheets
from together.store import audit
from together.store.audit import Facts
from together.store.models import Match, Member, Organization, Participant, Role
from together.store.scope import Scope
from together.store.transaction import transaction

_BATCH = 500
_NAME_LIMIT = 200
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

T = TypeVar("T")


class ImportRefused(Exception):  # noqa: N818  (an answer, not a fault)
    """Something is wrong, so nothing was changed.  `problems` says it line by line."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Imported:
    """How many lines did what, or would do."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    matched: int = 0
    matched_before: int = 0


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

        `named` makes the organization where it is missing; `rehearsing` takes everything back, so
        that it says what would be, whatever that is.
        """
        self._say(f"Reading {', '.join(name for name, _ in files)} …")
        named, problems = _named(named)
        sheets = read_sheets(files)
        if problems or sheets.problems:
            raise ImportRefused([*problems, *map(str, _sorted(sheets.problems))])

        async def work() -> Imported:
            organization = await _organization(slug, named=named)
            scope = Scope(organization.id if organization else 0)
            plan = await planned(scope, sheets, allowed)
            if plan.problems:
                raise ImportRefused(list(map(str, _sorted(plan.problems))))
            organization = organization or await Organization.create(slug=slug, name=named)
            say = _say_nothing if rehearsing else self._say
            await self._write(Scope(organization.id), plan, say)
            done = Imported(
                len(plan.new),
                len(plan.changes),
                plan.unchanged,
                len(plan.matches),
                plan.matched_before,
            )
            if rehearsing:
                raise _Rehearsed(done)
            return done

        try:
            return await transaction(work)
        except _Rehearsed as rehearsed:
            return rehearsed.done

    async def _write(self, scope: Scope, plan: Plan, say: Callable[[str], None]) -> None:
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
            keys = [line.key for line in lines]
            await found_by.note(await scope(Member).filter(email_key__in=keys))
            say(f"{done} of {len(plan.new)} new members")
        other = [member.id for member, changes in plan.changes if "role" in changes]
        for _done, ids in _batches(other):
            await without_programs(ids, scope=scope)
        for done, (member, changes) in enumerate(plan.changes, start=1):
            await scope(Member).filter(id=member.id).update(**changes)
            if done % _BATCH == 0:
                say(f"{done} of {len(plan.changes)} changed members")
        renamed = [member.id for member, changes in plan.changes if "name" in changes]
        for _done, ids in _batches(renamed):
            await found_by.note_ids(scope, ids)
        coming = [line.key for line in plan.new]
        coming += [member.email_key for member, changes in plan.changes if changes.get("active")]
        await everybody.welcome_many(organization_id, coming, at=now)
        await self._write_matches(scope, plan.matches, say)
        await self._note(scope, plan, now)

    async def _write_matches(
        self, scope: Scope, lines: Sequence[MatchLine], say: Callable[[str], None]
    ) -> None:
        if not lines:
            return
        now, organization_id = self._clock(), scope.organization_id
        names = {line.program_key: line.program for line in reversed(lines)}
        programs = await named(scope, names, at=now)
        ids = {
            key: member_id for member_id, key in await scope(Member).values_list("id", "email_key")
        }
        for done, part in _batches(lines):
            rows = [
                Match(
                    organization_id=organization_id,
                    program_id=programs[line.program_key].id,
                    created_at=now,
                )
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
            people: Any = await (
                scope(Participant)
                .filter(match_id__in=list(made.values()))
                .order_by("match_id", "id")
                .values_list("id", flat=True)
            )
            before = 2 * (done - len(part))
            await matched.write_down(people, organization_id=organization_id, after=before)
            say(f"{done} of {len(lines)} new matches")

    async def _note(self, scope: Scope, plan: Plan, now: int) -> None:
        """Write down what an administrator may be asked about later."""
        if not plan.new and not plan.changes and not plan.matches:
            return
        ids: dict[str, int] = {}
        granted = [line for line in plan.new if RANK[line.role or Role.PARTICIPANT]]
        if granted:
            keys = [line.key for line in granted]
            ids = dict(
                await scope(Member).filter(email_key__in=keys).values_list("email_key", "id")
            )
        notes: list[tuple[str, str, Facts, Facts]] = [
            (
                "member.role_granted",
                f"member:{ids[line.key]}",
                {"role": None},
                {"role": line.role and line.role.value},
            )
            for line in granted
        ]
        for member, changes in plan.changes:
            who = f"member:{member.id}"
            if "role" in changes:
                roles: tuple[Facts, Facts] = (
                    {"role": member.role.value},
                    {"role": Role(changes["role"]).value},
                )
                notes.append(("member.role_changed", who, *roles))
            if changes.get("active"):
                notes.append(("member.reactivated", who, {"active": False}, {"active": True}))
        counts = f"{len(plan.new)}+{len(plan.changes)} members, {len(plan.matches)} matches"
        many: Facts = {
            "members_created": len(plan.new),
            "members_changed": len(plan.changes),
            "matches_created": len(plan.matches),
        }
        for action, subject, before, after in [*notes, ("imported", counts, {}, many)]:
            await audit.record(
                scope.organization_id,
                actor_id=None,
                action=action,
                subject=subject,
                before=before,
                after=after,
                at=now,
            )


class _Rehearsed(Exception):  # noqa: N818  (takes a transaction back)
    def __init__(self, done: Imported) -> None:
        super().__init__()
        self.done = done


def _say_nothing(_words: str) -> None:
    pass


def _named(name: str | None) -> tuple[str | None, list[str]]:
    """The name of an organization as it is kept, and what is wrong with it."""
    if name is None:
        return None, []
    try:
        name = clean_text("--create", name, _NAME_LIMIT)
    except BadText as bad:
        return None, [str(bad)]
    return name, [] if name else ["--create: The name is empty."]


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


def _batches(things: Sequence[T]) -> Iterator[tuple[int, Sequence[T]]]:
    """Parts of a list, each with how many are done when it is."""
    for start in range(0, len(things), _BATCH):
        part = things[start : start + _BATCH]
        yield start + len(part), part


def _sorted(problems: Sequence[Wrong]) -> list[Wrong]:
    return sorted(problems, key=lambda problem: (problem.file, problem.line))
