"""Programs: made, renamed and closed by administrators, and whoever looks after them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from together.domain.programs import program_key, program_name
from together.domain.texts import BadText
from together.services.client_keys import Once
from together.services.people.program_refusals import ProgramArchived, ProgramNameTaken
from together.services.people.roles import changed_role, held, turn
from together.services.refusals import Forbidden, InvalidInput, NotFound
from together.services.sessions.cancelling import cancel_ahead
from together.services.signing_in.viewer import Viewer
from together.store import audit
from together.store.audit import Facts
from together.store.models import (
    Match,
    MatchState,
    Program,
    ProgramAdministrator,
    Role,
)
from together.store.scope import Scope
from together.store.transaction import transaction

MOST_ADMINISTRATORS = 50
_BATCH = 500


class Programs:
    """The programs of an organization, for its administrators."""

    def __init__(self, *, clock: Callable[[], int]) -> None:
        self._clock = clock

    async def create(self, viewer: Viewer, *, client_key: str, name: str) -> Program:
        """Make a program; once for each client key."""
        _administers(viewer)
        once = Once.of(viewer, "createProgram", key=client_key, said={"name": name})
        name = _checked(name)

        async def make() -> int:
            await turn(viewer)
            await _refuse_taken(viewer, name)
            program = await made(viewer.organization_id, name, at=self._clock())
            await self._audited(viewer, "program.created", program, after={"name": name})
            return program.id

        made_id = await once.carried_out(make)
        return await Scope(viewer.organization_id)(Program).get(id=made_id)

    async def rename(self, viewer: Viewer, uid: str, *, name: str) -> Program:
        """Call a program something else, an archived one too."""
        _administers(viewer)
        name = _checked(name)

        async def work() -> Program:
            program = await _held(viewer, uid)
            if program.name == name:
                return program
            await _refuse_taken(viewer, name, but=program)
            before, program.name, program.name_key = program.name, name, program_key(name)
            await program.save(update_fields=["name", "name_key"])
            await self._audited(
                viewer, "program.renamed", program, before={"name": before}, after={"name": name}
            )
            return program

        return await transaction(work)

    async def archive(self, viewer: Viewer, uid: str) -> Program:
        """Close a program: its matches end, as if each were ended, and it gets no more of them."""
        _administers(viewer)

        async def work() -> Program:
            program = await _held(viewer, uid)
            if program.archived_at is not None:
                return program
            program.archived_at = self._clock()
            await program.save(update_fields=["archived_at"])
            ended = await self._end_matches(viewer, program)
            after: Facts = {"archived": True, "matches_ended": ended}
            await self._audited(
                viewer, "program.archived", program, before={"archived": False}, after=after
            )
            return program

        return await transaction(work)

    async def restore(self, viewer: Viewer, uid: str) -> Program:
        """Open an archived program again; the matches that ended with it stay so."""
        _administers(viewer)

        async def work() -> Program:
            program = await _held(viewer, uid)
            if program.archived_at is None:
                return program
            program.archived_at = None
            await program.save(update_fields=["archived_at"])
            await self._audited(
                viewer,
                "program.restored",
                program,
                before={"archived": True},
                after={"archived": False},
            )
            return program

        return await transaction(work)

    async def add_administrator(self, viewer: Viewer, uid: str, *, member: str) -> Program:
        """Let a member look after a program; a participant becomes a PROGRAM_ADMIN by it."""
        _administers(viewer)

        async def work() -> Program:
            who = await held(viewer, member)
            program = await _held(viewer, uid)
            if who is None or not who.active:
                raise InvalidInput("member", "There is no active member with this id.")
            if program.archived_at is not None:
                raise ProgramArchived
            if who.role not in (Role.PARTICIPANT, Role.PROGRAM_ADMIN):
                raise InvalidInput(
                    "member", f"Their role is {who.role}, which sees everybody's status already."
                )
            rows = Scope(viewer.organization_id)(ProgramAdministrator).filter(program_id=program.id)
            if await rows.filter(member_id=who.id).exists():
                return program
            if await rows.count() >= MOST_ADMINISTRATORS:
                raise InvalidInput(
                    "member", f"A program has {MOST_ADMINISTRATORS} administrators at most."
                )
            at = self._clock()
            await changed_role(viewer, who, Role.PROGRAM_ADMIN, at=at)
            await ProgramAdministrator.create(
                organization_id=viewer.organization_id,
                program_id=program.id,
                member_id=who.id,
                added_at=at,
            )
            await self._audited(
                viewer, "program.administrator_added", program, after={"member": who.uid}
            )
            return program

        return await transaction(work)

    async def remove_administrator(self, viewer: Viewer, uid: str, *, member: str) -> Program:
        """Take a program from a member, who keeps the role and what they see by other programs."""
        _administers(viewer)

        async def work() -> Program:
            who = await held(viewer, member)
            program = await _held(viewer, uid)
            if who is None:
                raise InvalidInput("member", "There is no member with this id.")
            rows = Scope(viewer.organization_id)(ProgramAdministrator)
            if await rows.filter(program_id=program.id, member_id=who.id).delete():
                await self._audited(
                    viewer, "program.administrator_removed", program, before={"member": who.uid}
                )
            return program

        return await transaction(work)

    async def _end_matches(self, viewer: Viewer, program: Program) -> int:
        scope, at = Scope(viewer.organization_id), self._clock()
        ended = 0
        while (
            matches := await scope(Match)
            .filter(program_id=program.id, state=MatchState.ACTIVE)
            .order_by("id")
            .limit(_BATCH)
            .select_for_update()
        ):
            ids = [match.id for match in matches]
            await scope(Match).filter(id__in=ids).update(state=MatchState.ENDED, ended_at=at)
            await cancel_ahead(ids, scope=scope, by=viewer.member_id, now=at)
            ended += len(ids)
        return ended

    async def _audited(
        self,
        viewer: Viewer,
        action: str,
        program: Program,
        *,
        before: Facts | None = None,
        after: Facts | None = None,
    ) -> None:
        await audit.record(
            viewer.organization_id,
            at=self._clock(),
            actor_id=viewer.member_id,
            action=action,
            subject=f"program:{program.id}",
            before=before,
            after=after,
        )


async def made(organization_id: int, name: str, *, at: int) -> Program:
    """Make a program of a checked name, whose turn it is."""
    return await Program.create(
        organization_id=organization_id, name=name, name_key=program_key(name), created_at=at
    )


async def named(scope: Scope, names: Mapping[str, str], *, at: int) -> dict[str, Program]:
    """Find programs by folded name and, in an import's turn, make those that are not there."""
    found = {row.name_key: row for row in await scope(Program).all() if row.name_key in names}
    for key, name in names.items():
        if key in found:
            continue
        program = found[key] = await made(scope.organization_id, name, at=at)
        await audit.record(
            scope.organization_id,
            at=at,
            actor_id=None,
            action="program.created",
            subject=f"program:{program.id}",
            after={"name": name},
        )
    return found


async def matchable(scope: Scope, uid: str) -> Program:
    """Find a program in which people can be matched."""
    program = await scope.get(Program, uid)
    if program is None:
        raise InvalidInput("program", "There is no program with this id.")
    if program.archived_at is not None:
        raise ProgramArchived
    return program


def _administers(viewer: Viewer) -> None:
    if viewer.role is not Role.ORG_ADMIN:
        raise Forbidden


def _checked(text: str) -> str:
    try:
        name = program_name("name", text)
    except BadText as bad:
        raise InvalidInput("name", bad.why) from None
    if not name:
        raise InvalidInput("name", "A program has a name.")
    return name


async def _held(viewer: Viewer, uid: str) -> Program:
    """Find a program when it is the viewer's turn: all that changes one waits for the other."""
    await turn(viewer)
    program = await Scope(viewer.organization_id).get(Program, uid)
    if program is None:
        raise NotFound
    return program


async def _refuse_taken(viewer: Viewer, name: str, *, but: Program | None = None) -> None:
    rows = Scope(viewer.organization_id)(Program).filter(name_key=program_key(name))
    there = await rows.get_or_none()
    if there is not None and (but is None or there.id != but.id):
        raise ProgramNameTaken(there)
