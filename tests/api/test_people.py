"""Members change what is theirs, and administrators who is there."""

from __future__ import annotations

from tests.api.conftest import Api
from tests.api.test_flows import connect
from tests.world import program
from together.store.models import Member


async def test_hours_and_profile(api: Api):
    """A member changes their name, zone and hours, and reads them back as they wrote them."""
    profile = """mutation P($i: UpdateProfileInput!) { updateProfile(input: $i) {
        ... on UpdateProfilePayload { viewer { name timeZone } }
        ... on InvalidInput { field message } } }"""
    assert await api.ask(profile, i={"name": " Ada L. ", "timeZone": "Asia/Tokyo"}) == {
        "updateProfile": {"viewer": {"name": "Ada L.", "timeZone": "Asia/Tokyo"}}
    }
    refused = await api.ask(profile, i={"name": "Ada\u202e"})
    assert refused["updateProfile"]["field"] == "name"
    hours = """mutation H($i: UpdateHoursInput!) { updateHours(input: $i) {
        ... on UpdateHoursPayload { hours { isDefault weekly { weekday windows { start end } }
            exceptions { date windows { start end } } } }
        ... on InvalidInput { field message } } }"""
    monday = {"weekday": "MONDAY", "windows": [{"start": "22:00", "end": "24:00"}]}
    away = {"date": "2026-12-24", "windows": []}
    seen = (await api.ask(hours, i={"weekly": [monday], "exceptions": [away]}))["updateHours"]
    assert seen["hours"]["isDefault"] is False
    assert seen["hours"]["weekly"][0] == monday
    assert [day["windows"] for day in seen["hours"]["weekly"][1:]] == [[]] * 6
    assert seen["hours"]["exceptions"] == [away]
    for bad, field in (
        ({"weekly": [monday, monday]}, "weekly"),
        ({"exceptions": [away, away]}, "exceptions"),
        (
            {"weekly": [{"weekday": "MONDAY", "windows": [{"start": "12:00", "end": "09:00"}]}]},
            "weekly.1[0]",
        ),
    ):
        assert (await api.ask(hours, i=bad))["updateHours"]["field"] == field
    back = (await api.ask(hours, i={"useDefaultWeek": True}))["updateHours"]["hours"]
    assert (back["isDefault"], back["exceptions"]) == (True, [away])


async def test_administration(api: Api):
    """An administrator brings somebody in, matches them, ends the match, and lets them go."""
    made = await api.ask(
        """mutation { createMember(input: {email: "Zoe@saltmarsh.example.org", name: "Zoe Quist",
            clientKey: "zoe", timeZone: "Europe/Oslo"}) { ... on CreateMemberPayload { member {
            id email administration { role active calendar } } } } }""",
        who="chiara",
    )
    zoe = made["createMember"]["member"]
    assert zoe == {
        "id": zoe["id"],
        "email": "Zoe@saltmarsh.example.org",
        "administration": {"role": "PARTICIPANT", "active": True, "calendar": "NOT_INTEGRATED"},
    }
    again = """mutation { createMember(input: {email: "zoe@saltmarsh.example.org", name: "Z",
        clientKey: "z"}) { __typename } }"""
    assert await api.ask(again, who="chiara") == {"createMember": {"__typename": "EmailTaken"}}
    first_year = f"prg_{(await program(api.world.saltmarsh.id, 'First year')).uid}"
    matched = await api.ask(
        """mutation M($a: ID!, $b: [ID!]!, $p: ID!) { createMatch(input: {mentorId: $a,
            menteeIds: $b, clientKey: "zoe", programId: $p}) { ... on CreateMatchPayload { match {
            id program { name } state participants { role member { name } } } } } }""",
        who="chiara",
        a=zoe["id"],
        b=[f"mbr_{api.world.ivo.uid}"],
        p=first_year,
    )
    match = matched["createMatch"]["match"]
    assert match == {
        "id": match["id"],
        "program": {"name": "First year"},
        "state": "ACTIVE",
        "participants": [
            {"role": "MENTEE", "member": {"name": "Ivo Novak"}},
            {"role": "MENTOR", "member": {"name": "Zoe Quist"}},
        ],
    }
    twice = """mutation M($a: ID!, $b: [ID!]!, $k: String!, $p: ID!) { createMatch(input: {
        mentorId: $a, menteeIds: $b, clientKey: $k, programId: $p}) { __typename
        ... on CreateMatchPayload { match { id } } ... on AlreadyMatched { match { id } } } }"""
    ivo = f"mbr_{api.world.ivo.uid}"
    told = [
        (await api.ask(twice, who="chiara", a=a, b=[b], k=key, p=first_year))["createMatch"]
        for a, b, key in ((zoe["id"], ivo, "zoe"), (zoe["id"], ivo, "new"), (ivo, zoe["id"], "ivo"))
    ]
    assert told == [
        {"__typename": name, "match": {"id": match["id"]}}
        for name in ("CreateMatchPayload", "AlreadyMatched", "AlreadyMatched")
    ]
    assert await api.ask(twice, who="chiara", a=ivo, b=[zoe["id"]], k="zoe", p=first_year) == {
        "createMatch": {"__typename": "KeyReused"}
    }
    ended = await api.ask(
        """mutation E($m: ID!, $z: ID!) { endMatch(input: {matchId: $m}) {
            ... on EndMatchPayload { match { state endedAt } } }
            deactivateMember(input: {memberId: $z}) {
            ... on DeactivateMemberPayload { member { administration { active } } } } }""",
        who="chiara",
        m=match["id"],
        z=zoe["id"],
    )
    assert ended == {
        "endMatch": {"match": {"state": "ENDED", "endedAt": "2026-11-30T08:00:00Z"}},
        "deactivateMember": {"member": {"administration": {"active": False}}},
    }
    assert await Member.filter(active=False).count() == 1


async def test_several_mutations_in_one_request(api: Api):
    """Each mutation of a request shows what it made itself, not what was read before it."""
    text = """mutation M($a: ID!) {
        one: deactivateMember(input: {memberId: $a}) {
            ... on DeactivateMemberPayload { member { ...m } } }
        two: reactivateMember(input: {memberId: $a}) {
            ... on ReactivateMemberPayload { member { ...m } } }
    } fragment m on Member { administration { active calendar } }"""
    await connect(api, "ben")
    assert await api.ask(text, who="chiara", a=f"mbr_{api.world.ben.uid}") == {
        "one": {"member": {"administration": {"active": False, "calendar": "NOT_INTEGRATED"}}},
        "two": {"member": {"administration": {"active": True, "calendar": "NOT_INTEGRATED"}}},
    }
