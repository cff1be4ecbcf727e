"""Who may do what is said by administrators, and never by somebody about themselves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.services.town import Town
from tests.world import NOW, FakeClock, World, looked_after
from together.services.people.import_plan import Allowed
from together.services.people.importing import Importing
from together.services.people.roles import Roles
from together.services.refusals import Forbidden, InvalidInput, NotFound
from together.services.signing_in.viewer import Viewer
from together.store.models import AuditEntry, Member, ProgramAdministrator, Role


@pytest.fixture
def roles(world: World) -> Roles:
    return Roles(clock=FakeClock())


@pytest.fixture
def town() -> Town:
    return Town()


async def _administrators() -> set[str]:
    return set(await Member.filter(role=Role.ORG_ADMIN, active=True).values_list("name", flat=True))


async def test_a_role_is_given(roles: Roles, world: World):
    """The log says what it was and what it is; the same again says nothing more."""
    chiara = Viewer.of(world.chiara)
    for _ in range(2):
        member = await roles.set_role(chiara, world.ben.uid, Role.IT_ADMIN)
    assert member.role is (await Member.get(id=world.ben.id)).role is Role.IT_ADMIN
    [line] = await AuditEntry.all()
    assert (line.at, line.actor_id, line.action, line.subject, line.before, line.after) == (
        NOW,
        world.chiara.id,
        "member.role_changed",
        f"member:{world.ben.id}",
        '{"role":"PARTICIPANT"}',
        '{"role":"IT_ADMIN"}',
    )


async def test_nobody_changes_their_own(roles: Roles, world: World):
    """So the last administrator stays, and nobody raises themselves."""
    with pytest.raises(InvalidInput) as caught:
        await roles.set_role(Viewer.of(world.chiara), world.chiara.uid, Role.PARTICIPANT)
    assert caught.value.field == "member"
    for role in (Role.PARTICIPANT, Role.PROGRAM_ADMIN, Role.IT_ADMIN):
        await Member.filter(id=world.ada.id).update(role=role)
        with pytest.raises(Forbidden):
            await roles.set_role(
                Viewer.of(await Member.get(id=world.ada.id)), world.ada.uid, Role.ORG_ADMIN
            )
    assert await _administrators() == {"Chiara Moretti"}


async def test_a_member_of_elsewhere_is_not_found(roles: Roles, world: World):
    """A foreign, a missing and a malformed id are one answer."""
    for uid in (world.mira.uid, "A" * 22, "-"):
        with pytest.raises(NotFound):
            await roles.set_role(Viewer.of(world.chiara), uid, Role.ORG_ADMIN)
    assert await AuditEntry.all().count() == 0


@pytest.mark.parametrize("means", ["role", "deactivation"])
async def test_two_administrators_at_once(roles: Roles, town: Town, world: World, means: str):
    """Of two who take it from each other at once, one stays; so do three in a ring."""
    for ring in (("chiara", "ben"), ("chiara", "ben", "ada")):
        people = [world.people[name] for name in ring]
        ids = [each.id for each in people]
        await Member.filter(id__in=ids).update(role=Role.ORG_ADMIN, active=True)
        viewers = [Viewer.of(await Member.get(id=each)) for each in ids]

        def taken(at: int, people: Any = people, viewers: Any = viewers) -> Any:
            next_one = people[(at + 1) % len(people)].uid
            if means == "role":
                return roles.set_role(viewers[at], next_one, Role.PARTICIPANT)
            return town.members.deactivate_member(viewers[at], next_one)

        done = await asyncio.gather(*map(taken, range(len(ring))), return_exceptions=True)
        assert {type(each) for each in done} == {Member, Forbidden}
        assert await _administrators()


@pytest.mark.parametrize("means", ["mutation", "import"])
async def test_with_the_role_go_the_programs(roles: Roles, world: World, means: str):
    """Whoever is no PROGRAM_ADMIN any more looks after nothing; others keep what they have."""
    await looked_after(world.kemi)
    await looked_after(world.jo)
    if means == "mutation":
        await roles.set_role(Viewer.of(world.chiara), world.kemi.uid, Role.PARTICIPANT)
    else:
        line = "email,name,zone,role\nkemi@saltmarsh.example.org,Kemi Ade,,PARTICIPANT\n"
        importing = Importing(clock=FakeClock(), say=lambda _: None)
        await importing.run("saltmarsh", [("m.csv", line.encode())], allowed=Allowed())
    assert (await Member.get(id=world.kemi.id)).role is Role.PARTICIPANT
    left = await ProgramAdministrator.all().values_list("member_id", flat=True)
    assert left == [world.jo.id]
    await roles.set_role(Viewer.of(world.chiara), world.kemi.uid, Role.PROGRAM_ADMIN)
    assert await ProgramAdministrator.filter(member_id=world.kemi.id).count() == 0
