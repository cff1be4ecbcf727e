"""Whatever an administrator changes is one line of the log, with what was before and is after."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from strawberry.permission import PermissionExtension

from tests.api.conftest import Api
from tests.services.estate import DOMAIN
from tests.world import NOW
from together.api.permissions import SignedIn
from together.api.schema import Mutation
from together.services.organization import audit_log, audited, proving
from together.store import audit
from together.store.models import AuditEntry, Member, Organization, Program, Role

Line = tuple[str, dict[str, Any] | None, dict[str, Any] | None]

LOG = """query L(
    $first: Int, $after: String, $last: Int, $before: String, $filter: AuditLogFilter
) {
    organization { auditLog(
        first: $first, after: $after, last: $last, before: $before, filter: $filter
    ) {
    nodes { at actor { name } operator action words subject { kind id text } before after hash }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }
}"""
ACTIVE, OFF = {"active": True}, {"active": False}
NOTHING: dict[str, Any] = {}

STEPS: dict[str, tuple[dict[str, Any], list[Line]]] = {
    "createMember": (
        {"email": "new@x.example", "name": "New Person", "clientKey": "k", "role": "IT_ADMIN"},
        [
            ("member.created", None, {"active": True, "role": "IT_ADMIN"}),
            ("member.role_granted", {"role": None}, {"role": "IT_ADMIN"}),
        ],
    ),
    "deactivateMember": (
        {"memberId": "IVO"},
        [("member.deactivated", ACTIVE | {"calendars": []}, OFF | {"calendars": []})],
    ),
    "reactivateMember": ({"memberId": "IVO"}, [("member.reactivated", OFF, ACTIVE)]),
    "createMatch": (
        {"mentorId": "HANA", "menteeIds": ["BEN", "ADA"], "programId": "PROGRAM", "clientKey": "k"},
        [
            (
                "match.created",
                None,
                {"state": "ACTIVE", "program": "PROGRAM", "mentor": "HANA"}
                | {"mentees": ["ADA", "BEN"]},
            )
        ],
    ),
    "endMatch": (
        {"matchId": "MATCH"},
        [("match.ended", {"state": "ACTIVE"}, {"state": "ENDED"})],
    ),
    "setMemberRole": (
        {"memberId": "JO", "role": "IT_ADMIN"},
        [("member.role_changed", {"role": "PARTICIPANT"}, {"role": "IT_ADMIN"})],
    ),
    "createProgram": (
        {"name": "Spring", "clientKey": "k"},
        [("program.created", None, {"name": "Spring"})],
    ),
    "renameProgram": (
        {"programId": "PROGRAM", "name": "Autumn"},
        [("program.renamed", {"name": "Mentoring"}, {"name": "Autumn"})],
    ),
    "addProgramAdministrator": (
        {"programId": "PROGRAM", "memberId": "KEMI"},
        [
            ("member.role_changed", {"role": "PARTICIPANT"}, {"role": "PROGRAM_ADMIN"}),
            ("program.administrator_added", None, {"member": "KEMI"}),
        ],
    ),
    "removeProgramAdministrator": (
        {"programId": "PROGRAM", "memberId": "KEMI"},
        [("program.administrator_removed", {"member": "KEMI"}, None)],
    ),
    "archiveProgram": (
        {"programId": "PROGRAM"},
        [("program.archived", {"archived": False}, {"archived": True, "matches_ended": 2})],
    ),
    "restoreProgram": (
        {"programId": "PROGRAM"},
        [("program.restored", {"archived": True}, {"archived": False})],
    ),
    "askMembersToConnect": (
        {"clientKey": "k"},
        [("members.asked_to_connect", None, {"written": 12})],
    ),
    "setOrganizationVideo": (
        {"choice": "NONE"},
        [("video.chosen", {"video": "CALENDAR"}, {"video": "NONE"})],
    ),
    "limitCalendarProviders": (
        {"providers": ["memory"]},
        [("integration.offer_limited", {"offered": None}, {"offered": ["memory"]})],
    ),
    "setUpOrganizationIntegration": (
        {"provider": "memory", "ownerEmail": f"it@{DOMAIN}", "limited": True},
        [
            (
                "integration.set_up",
                {"method": "INDIVIDUAL", "provider": None, "state": "OFF", "wanted": []}
                | {"owner_domain": None},
                {"method": "DOMAIN_WIDE", "provider": "memory", "state": "SETTING_UP"}
                | {"wanted": ["FREE_BUSY"], "owner_domain": DOMAIN},
            )
        ],
    ),
    "uploadOrganizationKey": (
        {"key": "KEY"},
        [
            (
                "integration.key_uploaded",
                {"credential": None, "key": None},
                {"credential": "ACTOR", "key": "ACTOR"},
            )
        ],
    ),
    "verifyOrganizationIntegration": (
        {"mailbox": f"ada@{DOMAIN}"},
        [
            ("integration.verification", None, {"mailbox": f"ada@{DOMAIN}"}),
            (
                "integration.verified",
                {"state": "SETTING_UP", "verified": False},
                {"state": "VERIFIED", "verified": True},
            ),
        ],
    ),
    "activateOrganizationIntegration": (
        {"provider": "memory"},
        [("integration.activated", {"state": "VERIFIED"}, {"state": "ACTIVE"})],
    ),
    "turnOffOrganizationIntegration": (
        {"provider": "memory"},
        [
            (
                "integration.turned_off",
                {"credential": "ACTOR", "key": "ACTOR", "method": "DOMAIN_WIDE"}
                | {"state": "ACTIVE", "verified": True},
                {"credential": None, "key": None, "method": "INDIVIDUAL"}
                | {"state": "OFF", "verified": False},
            )
        ],
    ),
}
"""Each with what it takes and which lines it writes, in an order in which each one works."""

ELSEWHERE = {
    "startOrganizationConsent": "it changes nothing before it is completed",
    "completeOrganizationConsent": "tests/services/test_consenting.py walks it, to its line",
}
"""What is not walked here, and why."""


def test_every_change_of_an_administrator_is_walked():
    """A mutation that only administrators may call stands in the walk, or this fails."""
    found = set()
    for made in Mutation.__strawberry_definition__.fields:
        asked = [each for each in made.extensions if isinstance(each, PermissionExtension)]
        needed = {type(permission) for each in asked for permission in each.permissions}
        if needed - {SignedIn}:
            found.add(_camel(made.name))
    assert found == set(STEPS) | set(ELSEWHERE)


async def test_each_change_is_one_line(api: Api):
    """Every change by an administrator adds what it should, by id, and nobody's name or secret."""
    world = api.world
    await proving.add(world.saltmarsh.id, [DOMAIN], at=NOW)
    key = api.town.sandbox.add_key()
    told = json.loads(key)
    api.town.sandbox.add_account(f"ada@{DOMAIN}")
    api.town.sandbox.delegate(DOMAIN)
    ids = {name.upper(): f"mbr_{each.uid}" for name, each in world.people.items()}
    program = await Program.get(organization_id=world.saltmarsh.id)
    ids |= {"MATCH": f"mat_{world.match.uid}", "KEY": key, "PROGRAM": f"prg_{program.uid}"}
    ids |= {"ACTOR": told["id"]}
    for mutation, (given, expected) in STEPS.items():
        kind = mutation[0].upper() + mutation[1:]
        query = f"mutation M($i: {kind}Input!) {{ {mutation}(input: $i) {{ __typename }} }}"
        before = await AuditEntry.all().count()
        done = await api.ask(query, who="chiara", i=_named(given, ids))
        assert done[mutation] == {"__typename": f"{kind}Payload"}, mutation
        new = await AuditEntry.all().count() - before
        nodes = (await _log(api, first=new))["nodes"]
        lines = [(each["action"], each["before"], each["after"]) for each in reversed(nodes)]
        assert lines == _named(expected, ids), mutation
        assert {each["actor"]["name"] for each in nodes} == {"Chiara Moretti"}
    assert await audit.first_broken(world.saltmarsh.id) is None
    # Only of a mailbox that was asked is the address told.
    lines_kept = AuditEntry.exclude(action="integration.verification")
    kept = " ".join(f"{row.before} {row.after}" for row in await lines_kept)
    secrets = [
        told["secret"],
        "@",
        "New Person",
        *(each.name for each in world.people.values()),
    ]
    assert [each for each in secrets if each in kept] == []
    assert {row.action for row in await AuditEntry.all()} <= set(audit_log.WORDS)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.title() for each in others)


def _named(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: sorted(_named(each, names)) if key == "mentees" else _named(each, names)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return type(value)(_named(each, names) for each in value)
    return names.get(value, value) if isinstance(value, str) else value


async def _log(api: Api, *, who: str = "chiara", **arguments: Any) -> Any:
    return (await api.ask(LOG, who=who, **arguments))["organization"]["auditLog"]


async def _lines(api: Api, many: int) -> None:
    for at in range(many):
        await audit.record(
            api.world.saltmarsh.id,
            at=NOW + at,
            actor_id=api.world.chiara.id if at % 2 else api.world.leo.id,
            action="match.ended" if at % 3 else "match.created",
            subject=f"match:{api.world.match.id}" if at % 2 else f"member:{api.world.ben.id}",
            after={"count": at},
        )


async def test_who_reads_it(api: Api, statements: list[str]):
    """Administrators of the organization read its log; to others it is null, and not read."""
    world = api.world
    await Member.filter(id=world.leo.id).update(role=Role.IT_ADMIN)
    await Member.filter(id=world.nils.id).update(role=Role.ORG_ADMIN)
    await _lines(api, 2)
    for who in ("ada", "leo", "mira"):
        statements.clear()
        assert await api.ask(LOG, who=who) == {"organization": None}
        assert not [each for each in statements if "audit_entry" in each]
    assert len((await _log(api))["nodes"]) == 2
    assert (await _log(api, who="nils"))["nodes"] == []
    asked = {"actor": f"mbr_{world.chiara.uid}", "subject": f"mat_{world.match.uid}"}
    for name, value in asked.items():
        assert (await _log(api, who="nils", filter={name: value}))["nodes"] == []
        assert len((await _log(api, filter={name: value}))["nodes"]) == 1


async def test_what_a_line_says(api: Api):
    """Who, what in a name and in words, when, to what, and what was there before and after."""
    world = api.world
    await audit.record(
        world.saltmarsh.id,
        at=NOW,
        actor_id=None,
        action="domain.proved",
        subject=f"domain:{DOMAIN}",
        before={"domains": []},
        after={"domains": [DOMAIN]},
    )
    await audit.record(
        world.saltmarsh.id,
        at=NOW + 1,
        actor_id=world.chiara.id,
        action="something.newer",
        subject=f"organization:{world.saltmarsh.id}",
    )
    newer, older = (await _log(api))["nodes"]
    organization = await Organization.get(id=world.saltmarsh.id)
    assert [newer.pop("hash"), older.pop("hash")] == [
        row.hash for row in await AuditEntry.all().order_by("-id")
    ]
    assert newer == {
        "at": "2026-11-30T08:00:01Z",
        "actor": {"name": "Chiara Moretti"},
        "operator": False,
        "action": "something.newer",
        "words": "something.newer",
        "subject": {"kind": "organization", "id": f"org_{organization.uid}", "text": None},
        "before": None,
        "after": None,
    }
    assert older == {
        "at": "2026-11-30T08:00:00Z",
        "actor": None,
        "operator": True,
        "action": "domain.proved",
        "words": "The operator said that a domain is the organization's.",
        "subject": {"kind": "domain", "id": None, "text": DOMAIN},
        "before": {"domains": []},
        "after": {"domains": [DOMAIN]},
    }


async def test_what_the_program_did_by_itself(api: Api):
    """A mailbox that Together asked unasked was asked by nobody: no member, and no operator."""
    here, chiara = api.world.saltmarsh.id, api.world.chiara.id
    for actor in (chiara, None):
        await audited.mailbox_asked(here, f"ada@{DOMAIN}", actor_id=actor, at=NOW)
    assert [
        (each["action"], each["actor"], each["operator"]) for each in (await _log(api))["nodes"]
    ] == [
        ("integration.probed", None, False),
        ("integration.verification", {"name": "Chiara Moretti"}, False),
    ]
    assert audit_log.WORDS.keys() > audit_log.BY_ITSELF


async def test_people_go_and_their_lines_stay(api: Api):
    """Of who was deleted, what they did stays without a name, and so does what was done to them."""
    world = api.world
    for actor, subject in ((world.leo, world.jo), (world.chiara, world.leo)):
        await audit.record(
            world.saltmarsh.id,
            at=NOW,
            actor_id=actor.id,
            action="member.created",
            subject=f"member:{subject.id}",
            after=ACTIVE,
        )
    await Member.filter(id=world.leo.id).delete()
    seen = [
        (each["actor"], each["operator"], each["subject"]) for each in (await _log(api))["nodes"]
    ]
    assert seen == [
        ({"name": "Chiara Moretti"}, False, {"kind": "member", "id": None, "text": None}),
        (None, False, {"kind": "member", "id": f"mbr_{world.jo.uid}", "text": None}),
    ]


async def _walked(api: Api, size: int, **given: Any) -> list[int]:
    """Go through all pages forward, and find the same backward."""
    there, page = [], await _log(api, first=size, **given)
    while True:
        there += [each["after"]["count"] for each in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        page = await _log(api, first=size, after=page["pageInfo"]["endCursor"], **given)
    back, page = [], await _log(api, last=size, **given)
    while True:
        back = [each["after"]["count"] for each in page["nodes"]] + back
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        page = await _log(api, last=size, before=page["pageInfo"]["startCursor"], **given)
    assert back == there
    return there


async def test_pages_and_filters(api: Api):
    """The newest first, page by page in both directions, each line once, whatever is filtered."""
    world = api.world
    await _lines(api, 9)
    moment = "2026-11-30T08:00:05Z"
    for given, counts in (
        (None, [8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ({"action": "match.created"}, [6, 3, 0]),
        ({"actor": f"mbr_{world.leo.uid}"}, [8, 6, 4, 2, 0]),
        ({"subject": f"mat_{world.match.uid}"}, [7, 5, 3, 1]),
        ({"since": moment}, [8, 7, 6, 5]),
        ({"until": moment, "subject": f"mbr_{world.ben.uid}"}, [4, 2, 0]),
        ({"action": "match.created", "actor": f"mbr_{world.chiara.uid}"}, [3]),
    ):
        assert await _walked(api, 2, filter=given) == counts


@pytest.mark.parametrize("given", ["nonsense", "mbr_AAAAAAAAAAAAAAAAAAAAAA", "prv_memory", "MIRA"])
async def test_whom_nobody_knows(api: Api, given: str):
    """Lines of who is foreign, missing or no member are looked for, and there are none."""
    await _lines(api, 3)
    named = {"MIRA": f"mbr_{api.world.mira.uid}"}.get(given, given)
    for name in ("actor", "subject"):
        assert (await _log(api, filter={name: named}))["nodes"] == []


async def test_a_page_does_not_shift(api: Api):
    """Lines that are added while somebody reads change nothing of what they read on."""
    await _lines(api, 4)
    page = await _log(api, first=2)
    await _lines(api, 2)
    rest = await _log(api, first=9, after=page["pageInfo"]["endCursor"])
    assert [each["after"]["count"] for each in (*page["nodes"], *rest["nodes"])] == [3, 2, 1, 0]


async def test_a_cursor_is_of_one_filter(api: Api):
    """A cursor of another filter, or of another administrator, does not open."""
    await _lines(api, 3)
    await Member.filter(id=api.world.leo.id).update(role=Role.ORG_ADMIN)
    cursor = (await _log(api, first=1))["pageInfo"]["endCursor"]
    for who, given in (("chiara", {"action": "match.ended"}), ("leo", None)):
        answer = await api.errors(LOG, who=who, after=cursor, filter=given)
        assert [words for words, _ in answer] == ["This cursor is not one of this list."]


async def test_administrators_at_once(api: Api):
    """Many changes at the same moment make one chain, with one line each."""
    query = """mutation M($i: LimitCalendarProvidersInput!) {
        limitCalendarProviders(input: $i) { __typename } }"""
    given = [{"hidden": True}, {"providers": ["memory"]}] * 5
    await asyncio.gather(*(api.ask(query, who="chiara", i=each) for each in given))
    nodes = (await _log(api))["nodes"]
    assert len(nodes) == 10
    assert await audit.first_broken(api.world.saltmarsh.id) is None
    standing: dict[str, Any] = {"hidden": False, "offered": None}
    for each in reversed(nodes):
        assert each["before"].items() <= standing.items()
        standing |= each["after"]


async def test_a_page_is_read_in_few_statements(api: Api, statements: list[str]):
    """Twenty lines take as many statements as two."""
    await _lines(api, 20)
    many = []
    for size in (2, 20):
        statements.clear()
        await _log(api, first=size)
        many.append(len(statements))
    assert many[0] == many[1]
