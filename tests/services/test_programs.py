"""Programs are made, renamed and closed by administrators, who say who looks after them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.world import DAY, NOW, FakeClock, World, looked_after, match, program, session
from together.services.people.import_plan import Allowed
from together.services.people.importing import Imported, Importing, ImportRefused
from together.services.people.program_refusals import ProgramArchived, ProgramNameTaken
from together.services.people.programs import MOST_ADMINISTRATORS, Programs
from together.services.refusals import Forbidden, InvalidInput, KeyReused, NotFound, Refusal
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    AuditEntry,
    Booking,
    BookingState,
    Match,
    MatchState,
    Member,
    Program,
    ProgramAdministrator,
    Role,
)

MATCHES = "mentor,mentee,program\nhana@saltmarsh.example.org,leo@saltmarsh.example.org,{}\n"


@pytest.fixture
def programs(world: World) -> Programs:
    return Programs(clock=FakeClock())


@pytest.fixture
def chiara(world: World) -> Viewer:
    return Viewer.of(world.chiara)


async def _told() -> list[tuple[str, str, Any, Any]]:
    """What the log says: action, subject, before and after."""
    return [
        (
            line.action,
            line.subject,
            *(each and json.loads(each) for each in (line.before, line.after)),
        )
        for line in await AuditEntry.all().order_by("id")
    ]


async def _refused(kind: type[Refusal], work: Awaitable[object]) -> Any:
    with pytest.raises(kind) as caught:
        await work
    return caught.value


async def _imported(program: str) -> Imported:
    importing = Importing(clock=FakeClock(), say=lambda _: None)
    files = [("matches.csv", MATCHES.format(program).encode())]
    return await importing.run("saltmarsh", files, allowed=Allowed())


async def test_a_program_begins(programs: Programs, chiara: Viewer):
    """It has the name it was given, without space around it; the log says who made it."""
    made = await programs.create(chiara, client_key="k", name="  Spring  mentoring ")
    assert (made.name, made.name_key, made.created_at, made.archived_at) == (
        "Spring  mentoring",
        "spring mentoring",
        NOW,
        None,
    )
    again = await programs.create(chiara, client_key="k", name="  Spring  mentoring ")
    assert again.id == made.id
    await _refused(KeyReused, programs.create(chiara, client_key="k", name="Autumn"))
    assert await _told() == [
        ("program.created", f"program:{made.id}", None, {"name": "Spring  mentoring"})
    ]


@pytest.mark.parametrize("name", ["", "  ", "Men\ntoring", "Men\u202etoring", "a\0b", "x" * 201])
async def test_a_name_that_cannot_be(programs: Programs, chiara: Viewer, name: str):
    """Nothing empty, nothing too long, and nothing that cannot be read as it stands."""
    here = await program(chiara.organization_id)
    for work in (
        programs.create(chiara, client_key="k", name=name),
        programs.rename(chiara, here.uid, name=name),
    ):
        assert (await _refused(InvalidInput, work)).field == "name"
    assert await _told() == []


async def test_a_name_that_is_taken(programs: Programs, chiara: Viewer, world: World):
    """Names are compared folded, within the organization, archived programs included."""
    here = await program(world.saltmarsh.id)
    await programs.archive(chiara, here.uid)
    spring = await programs.create(chiara, client_key="1", name="Spring")
    for work in (
        programs.create(chiara, client_key="2", name="MENTORING"),
        programs.rename(chiara, spring.uid, name=" mentoring "),
    ):
        assert (await _refused(ProgramNameTaken, work)).program.id == here.id
    assert (await programs.rename(chiara, spring.uid, name="SPRING")).name == "SPRING"
    world.mira.role = Role.ORG_ADMIN
    await world.mira.save(update_fields=["role"])
    abroad = await programs.create(Viewer.of(world.mira), client_key="3", name="Spring")
    assert abroad.organization_id == world.northlight.id


async def test_the_same_name_at_once(programs: Programs, chiara: Viewer):
    """Of ten who make a program of one name, one makes it, and the others are told of it."""
    made = await asyncio.gather(
        *(programs.create(chiara, client_key=f"{n}", name="Spring") for n in range(10)),
        return_exceptions=True,
    )
    [one] = [each for each in made if isinstance(each, Program)]
    refused = [each for each in made if isinstance(each, ProgramNameTaken)]
    assert (len(refused), {each.program.id for each in refused}) == (9, {one.id})


async def test_another_name(programs: Programs, chiara: Viewer, world: World):
    """The program stays the same, with its matches; an import knows it by its new name only."""
    here = await program(world.saltmarsh.id)
    for _ in range(2):
        renamed = await programs.rename(chiara, here.uid, name="Spring")
    assert (renamed.id, renamed.name) == (here.id, "Spring")
    assert await Match.filter(program_id=here.id).count() == 3
    assert await _told() == [
        ("program.renamed", f"program:{here.id}", {"name": "Mentoring"}, {"name": "Spring"})
    ]
    await _imported("Mentoring")
    assert {each.name for each in await Program.filter(organization_id=1)} == {
        "Mentoring",
        "Spring",
    }


async def test_an_archived_program(programs: Programs, chiara: Viewer, world: World):
    """Its matches end with the sessions ahead of them, those of other programs go on, and no new
    match comes into it until it is restored.
    """
    here, other = await program(world.saltmarsh.id), await program(world.saltmarsh.id, "Other")
    elsewhere = await match(world.hana, world.leo)
    await Match.filter(id=elsewhere.id).update(program_id=other.id)
    booked = await session(world.match, world.ada, world.ben, starts=NOW + DAY)
    for _ in range(2):
        archived = await programs.archive(chiara, here.uid)
    assert archived.archived_at == NOW
    assert (await Booking.get(id=booked.id)).state is BookingState.CANCELLED
    going_on = await Match.filter(state=MatchState.ACTIVE, organization_id=world.saltmarsh.id)
    assert [each.id for each in going_on] == [elsewhere.id]
    assert (await Match.get(id=world.match.id)).ended_at == NOW
    with pytest.raises(ImportRefused, match="The program 'MENTORING' is archived"):
        await _imported("MENTORING")
    for _ in range(2):
        restored = await programs.restore(chiara, here.uid)
    assert restored.archived_at is None
    assert await _imported("MENTORING") == Imported(matched=1)
    subject, off, on = f"program:{here.id}", {"archived": False}, {"archived": True}
    assert [line for line in await _told() if line[0].startswith("program")] == [
        ("program.archived", subject, off, on | {"matches_ended": 2}),
        ("program.restored", subject, on, off),
    ]


async def test_many_matches_end(
    programs: Programs, chiara: Viewer, world: World, monkeypatch: pytest.MonkeyPatch
):
    """However many there are, all of them end."""
    monkeypatch.setattr("together.services.people.programs._BATCH", 2)
    for other in (world.hana, world.leo, world.kemi):
        await match(world.grace, other)
    await programs.archive(chiara, (await program(world.saltmarsh.id)).uid)
    assert await Match.filter(state=MatchState.ACTIVE).count() == 1  # Northlight's


async def test_an_import_makes_programs(world: World):
    """A name that is not there yet makes one program, once, and the log says so."""
    before = await Program.filter(organization_id=world.saltmarsh.id).count()
    assert await _imported("  Spring mentoring") == Imported(matched=1)
    assert await _imported("SPRING  Mentoring") == Imported(matched_before=1)
    assert await Program.filter(organization_id=world.saltmarsh.id).count() == before + 1
    made = await Program.get(name="Spring mentoring")
    assert ("program.created", f"program:{made.id}", None, {"name": made.name}) in await _told()


async def test_who_looks_after_it(programs: Programs, chiara: Viewer, world: World):
    """A participant becomes a PROGRAM_ADMIN by it, and stays one; twice is once."""
    here = await program(world.saltmarsh.id)
    for _ in range(2):
        await programs.add_administrator(chiara, here.uid, member=world.hana.uid)
    rows = await ProgramAdministrator.all().values_list("program_id", "member_id", "added_at")
    assert rows == [(here.id, world.hana.id, NOW)]
    for _ in range(2):
        await programs.remove_administrator(chiara, here.uid, member=world.hana.uid)
    assert await ProgramAdministrator.all().count() == 0
    assert (await Member.get(id=world.hana.id)).role is Role.PROGRAM_ADMIN
    who, subject = {"member": world.hana.uid}, f"program:{here.id}"
    assert await _told() == [
        (
            "member.role_changed",
            f"member:{world.hana.id}",
            {"role": "PARTICIPANT"},
            {"role": "PROGRAM_ADMIN"},
        ),
        ("program.administrator_added", subject, None, who),
        ("program.administrator_removed", subject, who, None),
    ]


async def test_who_cannot_look_after_it(programs: Programs, chiara: Viewer, world: World):
    """Nobody of elsewhere, nobody who has left, and nobody who sees more already."""
    here = await program(world.saltmarsh.id)
    await Member.filter(id=world.jo.id).update(active=False)
    await Member.filter(id=world.leo.id).update(role=Role.IT_ADMIN)
    for who in (world.mira.uid, world.jo.uid, world.leo.uid, world.chiara.uid, "-"):
        work = programs.add_administrator(chiara, here.uid, member=who)
        assert (await _refused(InvalidInput, work)).field == "member"
    for who in (world.mira.uid, "-"):
        work = programs.remove_administrator(chiara, here.uid, member=who)
        assert (await _refused(InvalidInput, work)).field == "member"
    await programs.archive(chiara, here.uid)
    await _refused(
        ProgramArchived, programs.add_administrator(chiara, here.uid, member=world.hana.uid)
    )
    assert await ProgramAdministrator.all().count() == 0


async def test_how_many_look_after_it(programs: Programs, chiara: Viewer, world: World):
    """A program has a limited number of administrators."""
    here = await looked_after(world.kemi)
    for number in range(MOST_ADMINISTRATORS - 1):
        who = await Member.create(
            organization_id=here.organization_id,
            email=f"{number}@saltmarsh.example.org",
            email_key=f"{number}@saltmarsh.example.org",
            name="Name",
        )
        await looked_after(who)
    work = programs.add_administrator(chiara, here.uid, member=world.hana.uid)
    assert "50 administrators at most" in (await _refused(InvalidInput, work)).message


CALLS: dict[str, Callable[[Programs, Viewer, str, str], Awaitable[object]]] = {
    "create": lambda service, by, uid, who: service.create(by, client_key="k", name="N"),
    "rename": lambda service, by, uid, who: service.rename(by, uid, name="N"),
    "archive": lambda service, by, uid, who: service.archive(by, uid),
    "restore": lambda service, by, uid, who: service.restore(by, uid),
    "add": lambda service, by, uid, who: service.add_administrator(by, uid, member=who),
    "remove": lambda service, by, uid, who: service.remove_administrator(by, uid, member=who),
}


@pytest.mark.parametrize("call", CALLS)
async def test_only_administrators(programs: Programs, world: World, call: str):
    """Whoever does not administer the organization changes nothing, not even of their program."""
    here = await looked_after(world.kemi)
    for role in (Role.PARTICIPANT, Role.PROGRAM_ADMIN, Role.IT_ADMIN):
        world.kemi.role = role
        by = Viewer.of(world.kemi)
        await _refused(Forbidden, CALLS[call](programs, by, here.uid, world.hana.uid))
    assert await _told() == []


@pytest.mark.parametrize("call", [name for name in CALLS if name != "create"])
async def test_a_program_of_elsewhere_is_not_found(
    programs: Programs, chiara: Viewer, world: World, call: str
):
    """A foreign, a missing and a malformed id are one answer."""
    abroad = await program(world.northlight.id)
    for uid in (abroad.uid, "A" * 22, "-"):
        await _refused(NotFound, CALLS[call](programs, chiara, uid, world.hana.uid))
    assert await _told() == []
