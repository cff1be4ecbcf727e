"""Members and matches are made once, however often and however many at once ask for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.services.town import Town
from tests.world import FakeClock, World
from tests.world import program as program_of
from together.services.people.import_plan import Allowed
from together.services.people.importing import Imported, Importing
from together.services.refusals import AlreadyMatched, EmailTaken, KeyReused
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    AuditEntry,
    ClientKey,
    Match,
    MatchState,
    Member,
    Participant,
    Role,
)

Make = Callable[..., Awaitable[Any]]
MATCHES = "mentor,mentee,program\nhana@saltmarsh.example.org,leo@saltmarsh.example.org,{}\n"


@pytest.fixture
def town() -> Town:
    return Town()


@pytest.fixture
def member(town: Town, world: World) -> Make:
    def make(*, by: Member = world.chiara, key: str = "k", **changes: Any) -> Awaitable[Member]:
        given = {"email": "ravi@saltmarsh.example.org", "name": "Ravi Rao"} | changes
        return town.members.create_member(Viewer.of(by), client_key=key, **given)

    return make


@pytest.fixture
def match(town: Town, world: World) -> Make:
    async def make(
        *, by: Member = world.chiara, key: str = "k", program: str = "Mentoring", **changes: Any
    ) -> Match:
        given = {"mentor": world.hana.uid, "mentees": [world.leo.uid]} | changes
        within = await program_of(world.saltmarsh.id, program)
        return await town.members.create_match(
            Viewer.of(by), client_key=key, program=within.uid, **given
        )

    return make


async def _made() -> tuple[int, int, int]:
    """How many members Saltmarsh and Northlight have, how many matches, and lines of the log."""
    return await Member.all().count(), await Match.all().count(), await AuditEntry.all().count()


async def test_the_same_request_again(member: Make, match: Make):
    """It answers with what the first one made, as that is now, and makes nothing."""
    ravi, pair = await member(), await match()
    await Member.filter(id=ravi.id).update(name="Ravi R. Rao")
    await Match.filter(id=pair.id).update(state=MatchState.ENDED)
    made = await _made()
    again = await member(), await match()
    assert [(each.id, type(each)) for each in again] == [(ravi.id, Member), (pair.id, Match)]
    assert (again[0].name, again[1].state) == ("Ravi R. Rao", MatchState.ENDED)
    assert await _made() == made


async def test_the_same_key_for_something_else(world: World, member: Make, match: Make):
    """Any other input is another request, and the key says no; nothing is made of it."""
    await member()
    await match()
    made = await _made()
    for make, changes in (
        (member, {"name": "Ravi"}),
        (member, {"email": "rao@saltmarsh.example.org"}),
        (member, {"zone": "Asia/Kolkata"}),
        (member, {"role": Role.IT_ADMIN}),
        (match, {"mentor": world.leo.uid, "mentees": [world.hana.uid]}),
        (match, {"mentees": [world.leo.uid, world.kemi.uid]}),
        (match, {"program": "Spring mentoring"}),
    ):
        with pytest.raises(KeyReused):
            await make(**changes)
    assert await _made() == made


async def test_a_key_belongs_to_one_member_for_a_day(world: World, member: Make, match: Make):
    """The same key of another administrator, or after a day, is another key."""
    world.grace.role = Role.ORG_ADMIN
    first, pair = await member(), await match()
    assert await member(by=world.grace, email="rao@saltmarsh.example.org") != first
    assert await match(by=world.grace, program="Spring mentoring") != pair
    await ClientKey.all().update(created_at=1)
    with pytest.raises(EmailTaken):
        await member()
    with pytest.raises(AlreadyMatched):
        await match()
    assert await member(name="Rao", email="r@saltmarsh.example.org") != first


async def test_a_refusal_is_not_remembered(member: Make, match: Make, world: World):
    """What was refused may be sent again with its key, once it can be done."""
    with pytest.raises(EmailTaken):
        await member(email=world.ben.email)
    with pytest.raises(AlreadyMatched):
        await match(mentor=world.ada.uid, mentees=[world.ben.uid])
    assert (await member()).name == "Ravi Rao"
    await Match.filter(id=world.match.id).update(state=MatchState.ENDED)
    again = await match(mentor=world.ada.uid, mentees=[world.ben.uid])
    assert again.id != world.match.id


@pytest.mark.parametrize("what", ["member", "match"])
async def test_the_same_request_at_once(request, world: World, what: str):
    """Ten at once make one, and every answer names it."""
    make: Make = request.getfixturevalue(what)
    members, matches, lines = await _made()
    made = await asyncio.gather(*(make() for _ in range(10)))
    assert len({each.id for each in made}) == 1
    one = (1, 0) if what == "member" else (0, 1)
    assert await _made() == (members + one[0], matches + one[1], lines + 1)


@pytest.mark.parametrize("what", ["member", "match"])
async def test_one_key_for_two_things_at_once(request, world: World, what: str):
    """One is made; the other reads that the key was used."""
    make: Make = request.getfixturevalue(what)
    other = {"email": "rao@saltmarsh.example.org"} if what == "member" else {"program": "Other"}
    made = await asyncio.gather(make(), make(**other), return_exceptions=True)
    assert sorted(type(each).__name__ for each in made) == ["KeyReused", what.title()]


async def test_the_same_people_at_once(world: World, match: Make):
    """However many match the same people at once, in whatever order: one match, which all name."""
    hana, leo, kemi = world.hana.uid, world.leo.uid, world.kemi.uid
    orders = [{"mentor": hana, "mentees": [leo, kemi]}, {"mentor": kemi, "mentees": [hana, leo]}]
    answers = await asyncio.gather(
        *(match(key=f"{n}", **orders[n % 2]) for n in range(8)),
        return_exceptions=True,
    )
    [made] = [each for each in answers if isinstance(each, Match)]
    refused = [each for each in answers if isinstance(each, AlreadyMatched)]
    assert ({each.match.id for each in refused}, len(refused)) == ({made.id}, 7)
    assert await Participant.filter(match_id=made.id).count() == 3


async def test_whom_else_one_may_match(world: World, match: Make):
    """In another program, with more or fewer people, or once it has ended, it is another match."""
    pair = await match(program="spring  Mentoring")
    with pytest.raises(AlreadyMatched) as caught:
        await match(
            key="2", mentor=world.leo.uid, mentees=[world.hana.uid], program="SPRING mentoring"
        )
    assert (caught.value.match.id, caught.value.match.organization_id) == (
        pair.id,
        world.saltmarsh.id,
    )
    await match(key="3", program="Autumn mentoring")
    await match(key="4", mentees=[world.leo.uid, world.kemi.uid], program="Spring mentoring")
    await match(key="5", mentor=world.kemi.uid, program="Spring mentoring")
    await Match.filter(id=pair.id).update(state=MatchState.ENDED)
    assert (await match(key="6", program="Spring mentoring")).id != pair.id


async def test_what_is_imported_and_what_is_made(world: World, match: Make):
    """Each knows what the other made: an import changes nothing, a mutation names the match."""
    importing = Importing(clock=FakeClock(), say=lambda _: None)

    async def imported(program: str) -> Imported:
        files = [("matches.csv", MATCHES.format(program).encode())]
        return await importing.run("saltmarsh", files, allowed=Allowed())

    await match(program="By hand")
    assert await imported("by   hand") == Imported(matched_before=1)
    assert await imported("Imported") == Imported(matched=1)
    with pytest.raises(AlreadyMatched):
        await match(key="2", program="imported")
    assert await imported("Two  words") == Imported(matched=1)
    with pytest.raises(AlreadyMatched):
        await match(key="3", program="two Words")
    assert await imported("Imported") == Imported(matched_before=1)


async def test_an_import_at_the_same_time(world: World, match: Make):
    """However the two meet, the people are matched once."""
    importing = Importing(clock=FakeClock(), say=lambda _: None)
    for n in range(6):
        files = [("matches.csv", MATCHES.format(f"Round {n}").encode())]
        await asyncio.gather(
            importing.run("saltmarsh", files, allowed=Allowed()),
            match(key=f"{n}", program=f"Round {n}"),
            return_exceptions=True,
        )
        assert await Match.filter(program__name=f"Round {n}").count() == 1
