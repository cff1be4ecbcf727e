"""Which role a member has: given and taken by administrators, never by and for themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from together.services.refusals import Forbidden, InvalidInput, NotFound
from together.services.signing_in.viewer import Viewer
from together.store import audit
from together.store.models import Member, ProgramAdministrator, Role
from together.store.scope import Scope
from together.store.transaction import transaction


class Roles:
    """The roles of an organization's members, for its administrators."""

    def __init__(self, *, clock: Callable[[], int]) -> None:
        self._clock = clock

    async def set_role(self, viewer: Viewer, uid: str, role: Role) -> Member:
        """Give a member a role.  With PROGRAM_ADMIN taken, their programs are taken as well.

        Nobody changes their own, so that an organization always has an administrator.
        """
        if viewer.role is not Role.ORG_ADMIN:
            raise Forbidden
        if uid == viewer.uid:
            raise InvalidInput("member", "Another administrator has to change your role.")

        async def work() -> Member:
            member = await held(viewer, uid)
            if member is None:
                raise NotFound
            await changed_role(viewer, member, role, at=self._clock())
            return member

        return await transaction(work)


async def turn(viewer: Viewer) -> None:
    """Let whoever else changes the organization wait; refuse who lost the role meanwhile.

    What an administrator began may take as long as a service takes to answer, and only who is one
    still may end it.
    """
    await audit.turn(viewer.organization_id)
    still = Scope(viewer.organization_id)(Member).filter(
        id=viewer.member_id, active=True, role=viewer.role
    )
    if not await still.exists():
        raise Forbidden


async def held(viewer: Viewer, uid: str) -> Member | None:
    """Hold a member, together with the administrator who is about to change what they may.

    Two administrators who take the role from each other take turns, and the second one has it no
    more: one of them stays.
    """
    rows = await (
        Scope(viewer.organization_id)(Member)
        .filter(uid__in=[viewer.uid, uid])
        .order_by("id")
        .select_for_update()
    )
    found = {row.uid: row for row in rows}
    me = found.get(viewer.uid)
    if me is None or not me.active or me.role is not Role.ORG_ADMIN:
        raise Forbidden
    return found.get(uid)


async def changed_role(viewer: Viewer, member: Member, role: Role, *, at: int) -> None:
    """Give a member who is held another role, unless it is theirs already."""
    if member.role is role:
        return
    before, member.role = member.role, role
    await member.save(update_fields=["role"])
    await without_programs([member.id], scope=Scope(viewer.organization_id))
    await audit.record(
        viewer.organization_id,
        at=at,
        actor_id=viewer.member_id,
        action="member.role_changed",
        subject=f"member:{member.id}",
        before={"role": before.value},
        after={"role": role.value},
    )


async def without_programs(member_ids: Sequence[int], *, scope: Scope) -> None:
    """Take their programs from members whose role is, or was, another than PROGRAM_ADMIN."""
    await scope(ProgramAdministrator).filter(member_id__in=list(member_ids)).delete()
