"""One query draws one screen, in as many statements for a hundred matches as for one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.world import DAY, HOUR, NOW, match, session
from together.store.models import Holiday, HoursException

SCREEN = """query Home($first: Int) { viewer {
    name timeZone
    hours { timeZone isDefault exceptions { date windows { start end } } holidays { date name } }
    calendarIntegration { state standing busyTimesSeenBy { name } nextSteps }
    todos { kind match { id } }
    matches(first: $first) { nodes {
        id program { name } state
        participants { role calendar member { name email weeklyHours { weekday } } }
        bookings(first: 3, endsAfter: "2026-11-30T08:00:00Z") {
            nodes {
                id start end state joinUrl joinUrlState delivery match { id }
                participants { answer member { name } } history { at by { name } what }
            }
            pageInfo { hasNextPage }
        }
    } }
} }"""


async def test_no_statement_more_for_more_matches(api: Api, statements: list[str]):
    """The home screen takes as many statements for twelve matches as for three."""
    world = api.world
    await api.town.connect(world.ada)
    ahead = 0
    for count, others in (
        (3, ["elin"]),
        (12, ["farid", "grace", "hana", "ivo", "jo", "kemi", "leo", "chiara", "ben"]),
    ):
        for first in others:
            other = world.people[first]
            made = await match(world.ada, other, now=NOW - 20 * DAY)
            for _ in range(4):
                ahead += 1
                await session(
                    made, world.ada, other, starts=NOW + ahead * HOUR, video="memory_meet",
                    join_url="https://meet.memory.example/abc",
                )  # fmt: skip
        statements.clear()
        answer = await api.ask(SCREEN, first=50)
        nodes = answer["viewer"]["matches"]["nodes"]
        assert len(nodes) == count
        drawn = [len(node["bookings"]["nodes"]) for node in nodes]
        assert sorted(drawn) == [0, 0] + [3] * (count - 2)
        assert [each["bookings"]["pageInfo"]["hasNextPage"] for each in nodes] == [
            each == 3 for each in drawn
        ]
        sent = len(statements)
        if count == 3:
            before = sent
    # Askers of one loader may meet in one batch or in two; a statement for each match is nine more.
    assert abs(sent - before) <= 3
    assert sent <= 36


async def test_the_home_screen(api: Api):
    """The viewer finds their hours, their calendar, what to do, and their matches."""
    world = api.world
    await HoursException.create(
        organization_id=world.saltmarsh.id, member_id=world.ada.id, date="2026-12-24", windows=[]
    )
    await Holiday.create(
        organization_id=world.saltmarsh.id, date="2026-12-25", name="Christmas Day"
    )
    for first in ("ada", "ben"):
        await api.town.connect(world.people[first])
    booked = await session(world.match, world.ada, world.ben, starts=NOW + DAY)
    seen = (await api.ask(SCREEN))["viewer"]
    assert seen["hours"] == {
        "timeZone": "Europe/Stockholm",
        "isDefault": True,
        "exceptions": [{"date": "2026-12-24", "windows": []}],
        "holidays": [{"date": "2026-12-25", "name": "Christmas Day"}],
    }
    assert seen["calendarIntegration"] == {
        "state": "ACTIVE",
        "standing": "INTEGRATED",
        "busyTimesSeenBy": [{"name": "Ben Okafor"}],
        "nextSteps": ["DISCONNECT"],
    }
    other = f"mat_{world.other_match.uid}"
    assert seen["todos"] == [
        {"kind": "RESPOND_TO_SESSION", "match": None},
        {"kind": "BOOK_NEXT_SESSION", "match": {"id": other}},
    ]
    by_id = {node["id"]: node for node in seen["matches"]["nodes"]}
    week = [{"weekday": day} for day in (
        "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY",
    )]  # fmt: skip
    assert by_id[f"mat_{world.match.uid}"] == {
        "id": f"mat_{world.match.uid}",
        "program": {"name": "Mentoring"},
        "state": "ACTIVE",
        "participants": [
            {
                "role": role,
                "calendar": "INTEGRATED",
                "member": {"name": each.name, "email": each.email, "weeklyHours": week},
            }
            for role, each in (("MENTOR", world.ada), ("MENTEE", world.ben))
        ],
        "bookings": {
            "nodes": [
                {
                    "id": f"bkg_{booked.uid}",
                    "start": "2026-12-01T08:00:00Z",
                    "end": "2026-12-01T08:45:00Z",
                    "state": "CONFIRMED",
                    "joinUrl": None,
                    "joinUrlState": "NONE",
                    "delivery": "NOT_SENT",
                    "match": {"id": f"mat_{world.match.uid}"},
                    "participants": [
                        {"answer": "NEEDS_ACTION", "member": {"name": each.name}}
                        for each in (world.ada, world.ben)
                    ],
                    "history": [],
                }
            ],
            "pageInfo": {"hasNextPage": False},
        },
    }


TIMES = """
    availability(start: "2026-12-01T00:00:00Z", end: "2026-12-03T00:00:00Z",
            timeZone: "Europe/Stockholm", duration: 45) { __typename ... on Availability {
        asOf emptyBecause days { date slots free } slots { start states people { state } }
        people { calendar unknownBecause periods { start end state } } } }
    checkSlots(starts: ["2026-12-01T10:00:00Z"], timeZone: "Europe/Stockholm", duration: 45) {
        ... on SlotChecks { asOf slots { start verdict people { state } } } }
"""


@pytest.mark.parametrize("connected", [(), ("ben",), ("ben", "dev")])
async def test_who_is_not_integrated_is_told_nothing(api: Api, connected, statements: list[str]):
    """For a viewer without a calendar the screen is the same whatever others have connected."""
    text = SCREEN.replace("bookings(", TIMES + "bookings(")
    statements.clear()
    before = (await api.post({"query": text})).content
    sent = list(statements)
    assert b"2026-12-01T09:00:00Z" in before
    for first in connected:
        await api.town.connect(api.world.people[first])
    statements.clear()
    assert (await api.post({"query": text})).content == before
    assert sorted(statements) == sorted(sent)


PAGES = """query P($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
    node(id: $id) { ... on Match {
        bookings(first: $first, after: $after, last: $last, before: $before) {
            edges { cursor node { id } }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        } } } }"""


async def test_pages(api: Api):
    """Pages join without a gap or a repetition, from both ends, whatever comes between."""
    world = api.world
    made = [
        await session(world.match, world.ada, world.ben, starts=NOW + n * DAY) for n in range(1, 8)
    ]
    ids = [f"bkg_{each.uid}" for each in made]

    async def part(**arguments: Any) -> dict[str, Any]:
        answer = await api.ask(PAGES, id=f"mat_{world.match.uid}", **arguments)
        return answer["node"]["bookings"]

    def of(found: dict[str, Any]) -> list[str]:
        return [edge["node"]["id"] for edge in found["edges"]]

    one = await part(first=3)
    assert (of(one), one["pageInfo"]["hasNextPage"], one["pageInfo"]["hasPreviousPage"]) == (
        ids[:3], True, False,
    )  # fmt: skip
    await session(world.match, world.ada, world.ben, starts=NOW + HOUR)
    two = await part(first=3, after=one["pageInfo"]["endCursor"])
    assert of(two) == ids[3:6]
    three = await part(first=3, after=two["pageInfo"]["endCursor"])
    assert (of(three), three["pageInfo"]["hasNextPage"]) == (ids[6:], False)
    back = await part(last=2, before=three["pageInfo"]["startCursor"])
    assert (of(back), back["pageInfo"]["hasPreviousPage"]) == (ids[4:6], True)
    end = await part(last=2)
    assert (of(end), end["pageInfo"]["hasNextPage"]) == (ids[5:], False)
    # A cursor belongs to one list and one viewer.
    stolen = {"query": PAGES, "variables": {
        "id": f"mat_{world.match.uid}", "after": one["pageInfo"]["endCursor"],
    }}  # fmt: skip
    answer = (await api.post(stolen, who="ben")).json()
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_lists_of_matches_and_members(api: Api):
    """The lists of matches and members are pages too, each in its own order."""
    query = """query L($m: String, $n: String) { organization {
        members(first: 8, after: $m) { nodes { email } pageInfo { endCursor hasNextPage } }
        matches(first: 2, after: $n) { nodes { id } pageInfo { endCursor hasNextPage } }
    } }"""
    one = (await api.ask(query, who="chiara"))["organization"]
    ends = {
        "m": one["members"]["pageInfo"]["endCursor"],
        "n": one["matches"]["pageInfo"]["endCursor"],
    }
    two = (await api.ask(query, who="chiara", **ends))["organization"]
    emails = [n["email"] for n in one["members"]["nodes"] + two["members"]["nodes"]]
    assert emails == sorted(m.email for m in api.world.people.values() if "saltmarsh" in m.email)
    ids = [n["id"] for n in one["matches"]["nodes"] + two["matches"]["nodes"]]
    here = (api.world.match, api.world.other_match, api.world.ended_match)
    assert sorted(ids) == sorted(f"mat_{each.uid}" for each in here)
    assert [two[name]["pageInfo"]["hasNextPage"] for name in ("members", "matches")] == [
        False,
        False,
    ]
