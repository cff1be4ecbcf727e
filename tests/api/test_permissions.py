"""Every field as every role and as a stranger: what one may not see is null, and is not loaded."""

from __future__ import annotations

import pytest

from tests.api.conftest import Api
from tests.services import diary
from tests.world import DAY, NOW, looked_after, match, program, session
from together.store.models import (
    Booking,
    CalendarRow,
    IntegrationState,
    MatchState,
    Member,
    Organization,
    Participant,
    Role,
)

NODE = """query N($id: ID!) { node(id: $id) { __typename id
    ... on Member { name email timeZone weeklyHours { weekday }
        administration { role active calendar } }
    ... on Match { program { name } state createdAt endedAt sessionsHeld
        participants { role member { id } calendar } bookings { nodes { id } }
        availability(start: "2026-12-01T00:00:00Z", end: "2026-12-02T00:00:00Z", timeZone: "UTC",
            duration: 45) { __typename }
        checkSlots(starts: ["2026-12-01T10:00:00Z"], timeZone: "UTC", duration: 45) { __typename } }
    ... on Booking { start end bookingState: state place joinUrl history { what }
        participants { member { id } } }
    ... on CalendarIntegration { source account }
    ... on ConnectedCalendar { name counts receives missingSince reason }
    ... on Program { name archivedAt administrators { id } matches { nodes { id } } }
    ... on Organization { name members { nodes { id } } matches { nodes { id } } }
    ... on CalendarProvider { slug } ... on VideoProvider { slug }
} }"""
ROLES = ("ada", "ben", "dev", "elin", "ivo", "chiara", "kemi", "jo", "leo", "mira")
"""Ada mentors Ben, and Dev; Elin mentored Farid; Ivo is in nothing; Chiara administers; Kemi looks
after the program of all matches, and Jo after another one; Leo is an IT administrator; Mira is of
the other organization."""


async def _world(api: Api) -> dict[str, str]:
    """Name everything there is by its id."""
    world = api.world
    await Member.filter(id=world.leo.id).update(role=Role.IT_ADMIN)
    mentoring = await looked_after(world.kemi)
    await looked_after(world.jo, "Autumn mentoring")
    held = await session(world.match, world.ada, world.ben, starts=NOW - 2 * DAY)
    await Booking.filter(id=held.id).update(join_url="https://meet.memory.example/abc")
    organization = await Organization.get(id=world.saltmarsh.id)
    return {
        "org": f"org_{organization.uid}",
        "ada": f"mbr_{world.ada.uid}",
        "ben": f"mbr_{world.ben.uid}",
        "ivo": f"mbr_{world.ivo.uid}",
        "program": f"prg_{mentoring.uid}",
        "match": f"mat_{world.match.uid}",
        "ended": f"mat_{world.ended_match.uid}",
        "held": f"bkg_{held.uid}",
        "calendar": f"int_{world.ada.uid}",
        "another's calendar": f"cal_{await _calendar(world.leo)}",
        "provider": "prv_memory",
        "video": "vid_memory_meet",
    }


async def _calendar(member: Member) -> str:
    """Give a member a calendar, of a connection that has ended."""
    integration = await diary.connect(member, state=IntegrationState.NEEDS_RECONNECT)
    return (await CalendarRow.get(integration_id=integration.id)).uid


SEEN = {
    "ada": {"ada", "ben", "program", "match", "held", "calendar", "provider", "video"},
    "ben": {"ada", "ben", "program", "match", "held", "provider", "video"},
    "dev": {"ada", "program", "provider", "video"},
    "elin": {"ended", "program", "provider", "video"},
    "ivo": {"ivo", "provider", "video"},
    "chiara": {"org", "ada", "ben", "ivo", "program", "match", "ended", "provider", "video"},
    "kemi": {"ada", "ben", "program", "match", "ended", "provider", "video"},
    "jo": {"provider", "video"},
    "leo": {"another's calendar", "provider", "video"},
    "mira": {"provider", "video"},
}


async def test_who_finds_what(api: Api):
    """Of everything there is, each finds what is theirs, and of the rest nothing at all."""
    ids = await _world(api)
    for who in ROLES:
        seen = set()
        for name, each in ids.items():
            node = (await api.ask(NODE, who=who, id=each))["node"]
            if node is not None:
                assert node["id"] == each
                seen.add(name)
        assert (who, seen) == (who, SEEN[who])
        listed = await api.ask(
            "query L($ids: [ID!]!) { nodes(ids: $ids) { id } }", who=who, ids=list(ids.values())
        )
        assert [node and node["id"] for node in listed["nodes"]] == [
            each if name in seen else None for name, each in ids.items()
        ]


async def test_foreign_missing_malformed_and_forbidden(api: Api, statements: list[str]):
    """What may not be seen is not found by the same statements as what is not there."""
    world, answers, sent = api.world, [], []
    for each in (
        f"mbr_{world.mira.uid}",
        f"mbr_{world.ivo.uid}",
        "mbr_AAAAAAAAAAAAAAAAAAAAAA",
        "mbr_",
        "nonsense",
        "TWVtYmVyOjQx",
    ):
        statements.clear()
        answers.append((await api.post({"query": NODE, "variables": {"id": each}})).content)
        sent.append(list(statements))
    assert set(answers) == {b'{"data":{"node":null}}'}
    assert [len(each) for each in sent] == [2] * 6
    assert len({each[1].split("IN (")[0] for each in sent}) == 1


async def test_a_member_is_seen_by_others_without_what_is_administered(api: Api):
    """Role, activity and integration of a member are for administrators alone."""
    ids = await _world(api)
    partner = (await api.ask(NODE, who="ben", id=ids["ada"]))["node"]
    assert partner["administration"] is None
    administrator = (await api.ask(NODE, who="chiara", id=ids["ada"]))["node"]
    assert administrator["administration"] == {
        "role": "PARTICIPANT",
        "active": True,
        "calendar": "NOT_INTEGRATED",
    }


async def test_an_administrator_sees_no_times(api: Api, statements: list[str]):
    """An administrator sees who is matched and how much was held: never times, nothing is read."""
    ids = await _world(api)
    statements.clear()
    seen = (await api.ask(NODE, who="chiara", id=ids["match"]))["node"]
    assert {
        name: seen[name] for name in ("sessionsHeld", "bookings", "availability", "checkSlots")
    } == {"sessionsHeld": 1, "bookings": None, "availability": None, "checkSlots": None}
    assert [each["calendar"] for each in seen["participants"]] == [None, None]
    assert not [each for each in statements if "busy" in each or "seat" in each]
    mine = (await api.ask(NODE, who="ada", id=ids["match"]))["node"]
    assert mine["sessionsHeld"] is None
    assert [each["id"] for each in mine["bookings"]["nodes"]] == [ids["held"]]
    assert mine["availability"] == {"__typename": "Availability"}


@pytest.mark.parametrize("who", ["ada", "leo", "mira"])
async def test_the_organization(api: Api, who):
    """Only its administrators see the organization; to others it is null, and nothing is read."""
    query = "{ organization { name members { nodes { email } } matches { nodes { id } } } }"
    assert await api.ask(query, who=who) == {"organization": None}
    seen = (await api.ask(query, who="chiara"))["organization"]
    assert seen["name"] == "Saltmarsh Institute"
    assert [each["email"] for each in seen["members"]["nodes"]][:2] == [
        "ada@saltmarsh.example.org",
        "ben@saltmarsh.example.org",
    ]
    assert len(seen["matches"]["nodes"]) == 3


async def test_what_is_of_another_organization(api: Api):
    """An administrator reaches nothing across the line, with any mutation."""
    foreign, member = f"mat_{api.world.foreign_match.uid}", f"mbr_{api.world.mira.uid}"
    query = """mutation M($match: ID!, $member: ID!, $program: ID!, $ada: ID!, $ben: ID!) {
        endMatch(input: {matchId: $match}) { __typename }
        deactivateMember(input: {memberId: $member}) { __typename }
        reactivateMember(input: {memberId: $member}) { __typename }
        setMemberRole(input: {memberId: $member, role: IT_ADMIN}) { __typename }
        renameProgram(input: {programId: $program, name: "Ours"}) { __typename }
        archiveProgram(input: {programId: $program}) { __typename }
        restoreProgram(input: {programId: $program}) { __typename }
        addProgramAdministrator(input: {programId: $program, memberId: $ben}) { __typename }
        removeProgramAdministrator(input: {programId: $program, memberId: $ben}) { __typename }
        createMatch(input: {mentorId: $ben, menteeIds: [$ada], programId: $program, clientKey: "k"})
            { ... on InvalidInput { field } }
    }"""
    elsewhere = f"prg_{(await program(api.world.northlight.id)).uid}"
    ada, ben = f"mbr_{api.world.ada.uid}", f"mbr_{api.world.ben.uid}"
    given = {"match": foreign, "member": member, "program": elsewhere, "ada": ada, "ben": ben}
    told = await api.ask(query, who="chiara", **given)
    assert told.pop("createMatch") == {"field": "program"}
    assert told == {name: {"__typename": "NotFound"} for name in told}
    await api.world.foreign_match.refresh_from_db()
    assert api.world.foreign_match.state is MatchState.ACTIVE


async def test_who_joins_later(api: Api):
    """Whoever joins a match sees the sessions from that day on."""
    world = api.world
    group = await match(world.ada, world.ben, world.hana, now=NOW - 30 * DAY)
    before = await session(group, world.ada, world.ben, starts=NOW - 3 * DAY)
    after = await session(group, world.ada, world.ben, world.hana, starts=NOW + DAY)
    await Participant.filter(match_id=group.id, member_id=world.hana.id).update(joined_at=NOW - DAY)
    query = "query B($id: ID!) { node(id: $id) { ... on Match { bookings { nodes { id } } } } }"
    seen = {
        who: [
            node["id"]
            for node in (await api.ask(query, who=who, id=f"mat_{group.uid}"))["node"]["bookings"][
                "nodes"
            ]
        ]
        for who in ("ada", "hana")
    }
    both = [f"bkg_{before.uid}", f"bkg_{after.uid}"]
    assert seen == {"ada": both, "hana": both[1:]}
    assert (await api.ask(NODE, who="hana", id=both[0]))["node"] is None
    assert (await api.ask(NODE, who="hana", id=both[1]))["node"] is not None


OFFER = "{ calendarOffer { hidden limited providers { slug } } }"
LIMIT = """mutation M($i: LimitCalendarProvidersInput!) { limitCalendarProviders(input: $i) {
    ... on LimitCalendarProvidersPayload { calendarOffer { hidden limited providers { slug } } }
} }"""
OWN = "{ viewer { calendarProviders { slug } calendarIntegration { managed nextSteps } } }"


async def test_what_members_are_offered(api: Api):
    """Administrators, those of integrations too, see and say it; members see what is left."""
    await _world(api)
    everything = {"hidden": False, "limited": False, "providers": [{"slug": "memory"}]}
    nothing = {"hidden": True, "limited": False, "providers": []}
    for who in ("chiara", "leo"):
        assert await api.ask(OFFER, who=who) == {"calendarOffer": everything}
        said = await api.ask(LIMIT, who=who, i={"hidden": True})
        assert said["limitCalendarProviders"]["calendarOffer"] == nothing
        assert await api.ask(OFFER, who="ada") == {"calendarOffer": None}
        assert (await api.ask(OWN, who="ada"))["viewer"] == {
            "calendarProviders": [],
            "calendarIntegration": {"managed": True, "nextSteps": []},
        }
        assert (await api.ask(OFFER, who="chiara")) == {"calendarOffer": nothing}
        await api.ask(LIMIT, who=who, i={})
    assert await api.errors(LIMIT, who="ada", i={"hidden": True}) == [
        ("Your role does not allow this.", {"code": "FORBIDDEN"})
    ]
    assert (await api.ask(OWN, who="ada"))["viewer"]["calendarProviders"] == [{"slug": "memory"}]


async def test_a_secret_is_sent_in_a_variable(api: Api):
    """A key that stands in the document is refused, and is not in the answer."""
    query = 'mutation { uploadOrganizationKey(input: {key: "hush"}) { __typename } }'
    [(words, extensions)] = await api.errors(query, who="chiara")
    assert (words, extensions["code"]) == (
        "A Secret is sent in a variable, and never written into the document.",
        "BAD_USER_INPUT",
    )
