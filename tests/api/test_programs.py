"""Programs as administrators see them, and as those do who look after them."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Api
from tests.services.diary import connect
from tests.world import NOW, looked_after, match, program
from together.services.people.programs import Programs
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    IntegrationState,
    Match,
    MatchState,
    Member,
    ProgramAdministrator,
    Role,
)

STATUS = """query S($filter: IntegrationStatusFilter) { integrationStatus(filter: $filter) {
    members { nodes { email state } } totals { members each { count state } } } }"""
MINE = "{ viewer { role programs { nodes { name matches { nodes { id } } } } } }"


async def _overseen(api: Api, who: str, **filters: Any) -> list[str] | None:
    """Give the first names in the list, whose totals count the same people."""
    found = (await api.ask(STATUS, who=who, filter=filters))["integrationStatus"]
    if found is None:
        return None
    names = [each["email"].partition("@")[0] for each in found["members"]["nodes"]]
    totals = found["totals"]
    assert totals["members"] == sum(each["count"] for each in totals["each"]) == len(names)
    return names


async def test_whose_status_a_program_administrator_sees(api: Api):
    """Of the members in active matches of their programs, and of nobody else, by any filter."""
    world = api.world
    await connect(world.ada, state=IntegrationState.NEEDS_RECONNECT)
    await looked_after(world.kemi)
    autumn = await looked_after(world.jo, "Autumn mentoring")
    other = await match(world.hana, world.grace)
    await Match.filter(id=other.id).update(program_id=autumn.id)
    assert await _overseen(api, "kemi") == ["ada", "ben", "dev"]
    assert await _overseen(api, "kemi", state="NEEDS_RECONNECT") == ["ada"]
    assert await _overseen(api, "kemi", search="ha") == []
    assert await _overseen(api, "kemi", programId=f"prg_{autumn.uid}") == []
    assert await _overseen(api, "jo") == ["grace", "hana"]
    assert await _overseen(api, "ada") is None
    await looked_after(world.kemi, "Autumn mentoring")
    assert await _overseen(api, "kemi") == ["ada", "ben", "dev", "grace", "hana"]
    assert await _overseen(api, "kemi", programId=f"prg_{autumn.uid}") == ["grace", "hana"]


async def test_when_it_ends(api: Api):
    """With the match, with the program, with the role, and when somebody leaves: at once."""
    world = api.world
    mentoring = await looked_after(world.kemi)
    await Match.filter(id=world.match.id).update(state=MatchState.ENDED)
    assert await _overseen(api, "kemi") == ["ada", "dev"]
    await Member.filter(id=world.dev.id).update(active=False)
    assert await _overseen(api, "kemi") == ["ada"]
    service, chiara = Programs(clock=api.town.clock), Viewer.of(world.chiara)
    await service.remove_administrator(chiara, mentoring.uid, member=world.kemi.uid)
    assert await _overseen(api, "kemi") == []
    await service.add_administrator(chiara, mentoring.uid, member=world.kemi.uid)
    assert await _overseen(api, "kemi") == ["ada"]
    await Member.filter(id=world.kemi.id).update(role=Role.PARTICIPANT)
    assert await ProgramAdministrator.exists(member_id=world.kemi.id)
    assert await _overseen(api, "kemi") is None
    nothing = {"role": "PARTICIPANT", "programs": {"nodes": []}}
    assert (await api.ask(MINE, who="kemi"))["viewer"] == nothing


async def test_an_archived_program_has_nobody_to_oversee(api: Api):
    """Its matches have ended; who looked after it still finds them, without anybody's status."""
    world = api.world
    mentoring = await looked_after(world.kemi)
    await Programs(clock=api.town.clock).archive(Viewer.of(world.chiara), mentoring.uid)
    assert await _overseen(api, "kemi") == []
    [mine] = (await api.ask(MINE, who="kemi"))["viewer"]["programs"]["nodes"]
    assert (mine["name"], len(mine["matches"]["nodes"])) == ("Mentoring", 3)


async def test_the_filter_for_other_administrators(api: Api):
    """It finds a program of the organization for its administrators, and no other for anybody."""
    world = api.world
    await Member.filter(id=world.leo.id).update(role=Role.IT_ADMIN)
    here, abroad = await program(world.saltmarsh.id), await program(world.northlight.id)
    assert await _overseen(api, "chiara", programId=f"prg_{here.uid}") == ["ada", "ben", "dev"]
    for who, each in (
        ("chiara", f"prg_{abroad.uid}"),
        ("chiara", f"mat_{world.match.uid}"),
        ("chiara", "prg_"),
        ("leo", f"prg_{here.uid}"),
    ):
        assert await _overseen(api, who, programId=each) == []


MATCHES = """query M($id: ID!) { node(id: $id) { ... on Program { name administrators { name }
    matches { nodes { id state sessionsHeld bookings { nodes { id } }
        participants { calendar member { name weeklyHours { weekday }
            administration { role } } }
        availability(start: "2026-12-01T00:00:00Z", end: "2026-12-02T00:00:00Z",
            timeZone: "UTC", duration: 45) { __typename } } } } } }"""


async def test_a_program_administrator_sees_no_times(api: Api, statements: list[str]):
    """Who is matched in the program, and nothing of when: no calendar, no hours, no session."""
    mentoring = await looked_after(api.world.kemi)
    await connect(api.world.ada)
    statements.clear()
    seen = (await api.ask(MATCHES, who="kemi", id=f"prg_{mentoring.uid}"))["node"]
    assert [each["name"] for each in seen["administrators"]] == ["Kemi Ade"]
    assert len(seen["matches"]["nodes"]) == 3
    for each in seen["matches"]["nodes"]:
        assert (each["sessionsHeld"], each["bookings"], each["availability"]) == (None,) * 3
        for one in each["participants"]:
            assert (one["calendar"], one["member"]["weeklyHours"]) == (None, None)
            assert one["member"]["administration"] is None
    touched = ("busy", "seat", "integration", "hours_exception", "booking")
    assert [each for each in statements if any(f'"{name}' in each for name in touched)] == []


ALL = """query P($first: Int, $after: String) { organization {
    programs(first: $first, after: $after) {
        nodes { name archivedAt administrators { name } matches(first: 2) {
            nodes { program { name } participants { member { name } } }
            pageInfo { hasNextPage } } }
        pageInfo { hasNextPage endCursor } } } }"""


async def test_the_list_of_programs(api: Api, statements: list[str]):
    """By name, page by page, and in as many statements for many programs as for a few."""
    world = api.world
    await looked_after(world.kemi)
    sent = []
    for names in (["Autumn", "spring"], ["Summer", "winter", "Zebra"]):
        for name in names:
            made = await match(world.hana, world.grace, now=NOW)
            within = await program(world.saltmarsh.id, name)
            await Match.filter(id=made.id).update(program_id=within.id)
        statements.clear()
        found = (await api.ask(ALL, who="chiara"))["organization"]["programs"]
        sent.append(len(statements))
    assert sent[0] == sent[1]
    names = [each["name"] for each in found["nodes"]]
    assert names == ["Autumn", "Mentoring", "spring", "Summer", "winter", "Zebra"]
    assert found["nodes"][1]["administrators"] == [{"name": "Kemi Ade"}]
    for each in found["nodes"]:
        matches = each["matches"]
        assert {one["program"]["name"] for one in matches["nodes"]} == {each["name"]}
        assert (len(matches["nodes"]), matches["pageInfo"]["hasNextPage"]) == (
            (2, True) if each["name"] == "Mentoring" else (1, False)
        )
    read, after = [], None
    while True:
        part = (await api.ask(ALL, who="chiara", first=4, after=after))["organization"]["programs"]
        read += [each["name"] for each in part["nodes"]]
        after = part["pageInfo"]["endCursor"]
        if not part["pageInfo"]["hasNextPage"]:
            break
    assert read == names


async def test_the_matches_of_a_program_page_by_page(api: Api):
    """From the newest to the oldest and back, without a gap or a repetition."""
    here = await looked_after(api.world.kemi)
    query = """query P($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
        node(id: $id) { ... on Program {
            matches(first: $first, after: $after, last: $last, before: $before) {
                nodes { id } pageInfo { startCursor endCursor } } } } }"""

    async def part(**given: Any) -> tuple[list[str], Any]:
        answer = await api.ask(query, who="kemi", id=f"prg_{here.uid}", **given)
        found = answer["node"]["matches"]
        return [each["id"] for each in found["nodes"]], found["pageInfo"]

    every, _ = await part()
    newest, page = await part(first=1)
    others, rest = await part(first=5, after=page["endCursor"])
    assert [*newest, *others] == every
    assert (await part(last=1, before=rest["startCursor"]))[0] == newest
    assert (await part(last=2))[0] == every[1:]
