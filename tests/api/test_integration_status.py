"""How everybody is connected, as a frontend for administrators draws it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.services.diary import connect
from tests.world import NOW, member
from together.api.limits import Limits
from together.services.organization import proving, status_words
from together.services.people import found_by
from together.store.models import (
    IntegrationSource,
    IntegrationState,
    Member,
    OrganizationIntegration,
    Role,
)

STATUS = """query S($filter: IntegrationStatusFilter, $first: Int, $after: String, $last: Int,
        $before: String) {
    integrationStatus(filter: $filter) {
        members(first: $first, after: $after, last: $last, before: $before) {
            nodes { memberId name email source state standing lastSuccessfulSync reason
                provider { slug label } }
            edges { cursor node { email } }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
        totals { members integrated unreadableNow notIntegrated
            each { count source state standing provider { slug } } } } }"""
ASK = """mutation A($i: AskMembersToConnectInput!) { askMembersToConnect(input: $i) { __typename
    ... on AskMembersToConnectPayload { asked notAsked { because count } }
    ... on InvalidInput { field message } } }"""


async def _status(api: Api, *, who: str = "chiara", **given: Any) -> Any:
    return (await api.ask(STATUS, who=who, **given))["integrationStatus"]


def _emails(found: Any) -> list[str]:
    return [edge["node"]["email"].partition("@")[0] for edge in found["members"]["edges"]]


async def test_the_screen(api: Api):
    """Each member has source, state, sync and reason; the account they use is nowhere."""
    world = api.world
    await connect(world.ada, read_at=NOW - 60, email="private@home.example.net")
    await connect(world.ben, state=IntegrationState.NEEDS_RECONNECT, reason="AuthorizationExpired")
    found = await _status(api, first=3)
    assert found["members"]["nodes"] == [
        {
            "memberId": f"mbr_{world.ada.uid}",
            "name": "Ada Lindqvist",
            "email": "ada@saltmarsh.example.org",
            "source": "INDIVIDUAL",
            "state": "ACTIVE",
            "standing": "INTEGRATED",
            "lastSuccessfulSync": "2026-11-30T07:59:00Z",
            "reason": None,
            "provider": {"slug": "memory", "label": "Memory Calendar"},
        },
        {
            "memberId": f"mbr_{world.ben.uid}",
            "name": "Ben Okafor",
            "email": "ben@saltmarsh.example.org",
            "source": "INDIVIDUAL",
            "state": "NEEDS_RECONNECT",
            "standing": "NOT_INTEGRATED",
            "lastSuccessfulSync": None,
            "reason": status_words.RECONNECT["AuthorizationExpired"],
            "provider": {"slug": "memory", "label": "Memory Calendar"},
        },
        {
            "memberId": f"mbr_{world.chiara.uid}",
            "name": "Chiara Moretti",
            "email": "chiara@saltmarsh.example.org",
            "source": "NONE",
            "state": "NONE",
            "standing": "NOT_INTEGRATED",
            "lastSuccessfulSync": None,
            "reason": status_words.NOT_CONNECTED,
            "provider": None,
        },
    ]
    assert found["totals"] == {
        "members": 12,
        "integrated": 1,
        "unreadableNow": 0,
        "notIntegrated": 11,
        "each": [
            {
                "count": count, "source": source, "state": state, "standing": standing,
                "provider": slug and {"slug": slug},
            }
            for count, source, state, standing, slug in (
                (10, "NONE", "NONE", "NOT_INTEGRATED", None),
                (1, "INDIVIDUAL", "ACTIVE", "INTEGRATED", "memory"),
                (1, "INDIVIDUAL", "NEEDS_RECONNECT", "NOT_INTEGRATED", "memory"),
            )
        ],
    }  # fmt: skip


async def test_pages_join(api: Api):
    """Pages join from both ends; a cursor is of one viewer and one filter."""
    everybody = _emails(await _status(api))
    one = await _status(api, first=5)
    end = one["members"]["pageInfo"]["endCursor"]
    two = await _status(api, first=100, after=end)
    assert _emails(one) + _emails(two) == everybody
    start = two["members"]["pageInfo"]["startCursor"]
    back = await _status(api, last=3, before=start)
    assert (_emails(back), back["members"]["pageInfo"]["hasPreviousPage"]) == (everybody[2:5], True)
    await Member.filter(id=api.world.leo.id).update(role=Role.IT_ADMIN)
    for who, given in (("chiara", {"filter": {"state": "NONE"}}), ("leo", {})):
        [(_, extensions)] = await api.errors(STATUS, who=who, after=end, **given)
        assert extensions["code"] == "BAD_USER_INPUT"


async def test_numbers_are_those_of_the_list(api: Api):
    """Whatever the filter, the numbers add up to the length of the list."""
    world = api.world
    await found_by.note(list(world.people.values()))  # none of another organization's counts
    await connect(world.ada, read_at=NOW)
    await connect(world.ben, unreadable_since=NOW)
    await connect(
        world.dev, source=IntegrationSource.ORGANIZATION, state=IntegrationState.NO_MAILBOX
    )
    for given, expected in (
        ({"state": "ACTIVE"}, ["ada", "ben"]),
        ({"state": "NO_MAILBOX"}, ["dev"]),
        ({"standing": "UNREADABLE_NOW"}, ["ben"]),
        ({"source": "ORGANIZATION"}, ["dev"]),
        ({"provider": "memory", "source": "INDIVIDUAL"}, ["ada", "ben"]),
        ({"search": "BEN OKA"}, ["ben"]),
        ({"search": "dev@salt", "state": "NO_MAILBOX"}, ["dev"]),
        ({"search": "dev", "state": "ACTIVE"}, []),
    ):
        found = await _status(api, filter=given)
        totals = found["totals"]
        assert (given, _emails(found)) == (given, expected)
        assert totals["members"] == sum(each["count"] for each in totals["each"]) == len(expected)


async def test_a_search_that_finds_too_much(api: Api):
    """It is refused as a question, and says why; as an input, it is a problem."""
    [(words, extensions)] = await api.errors(STATUS, who="chiara", filter={"search": "%"})
    assert (words, extensions["code"]) == (
        "`search`: A search has a word of two letters or digits at least.",
        "BAD_USER_INPUT",
    )
    told = await api.ask(ASK, who="chiara", i={"clientKey": "k", "filter": {"search": "_"}})
    assert told["askMembersToConnect"] == {
        "__typename": "InvalidInput",
        "field": "filter.search",
        "message": "A search has a word of two letters or digits at least.",
    }


@pytest.mark.parametrize("who", ["ada", "mira"])
async def test_nobody_else_sees_it(api: Api, who: str, statements: list[str]):
    """To who does not look after integrations it is null, and nothing of it is read."""
    statements.clear()
    assert await api.ask(STATUS, who=who) == {"integrationStatus": None}
    assert not [each for each in statements if "member_status" in each]


async def test_an_administrator_of_integrations_sees_it(api: Api):
    """Whoever looks after integrations and nothing else sees it, and none of the members' hours."""
    await Member.filter(id=api.world.leo.id).update(role=Role.IT_ADMIN)
    found = await _status(api, who="leo", first=1)
    assert _emails(found) == ["ada"]
    named = found["members"]["nodes"][0]["memberId"]
    node = "query N($id: ID!) { node(id: $id) { id } }"
    assert await api.ask(node, who="leo", id=named) == {"node": None}


async def test_nobody_of_another_organization(api: Api):
    """An administrator of another organization sees that one, and asks nobody of this."""
    await Member.filter(id=api.world.mira.id).update(role=Role.ORG_ADMIN)
    assert _emails(await _status(api, who="mira")) == ["mira", "nils"]
    given = {"clientKey": "k", "memberIds": [f"mbr_{api.world.ada.uid}"]}
    told = await api.ask(ASK, who="mira", i=given)
    assert told["askMembersToConnect"]["field"] == "memberIds[0]"


async def test_asking(api: Api):
    """Those who can connect are written to, and it is said how many are not, and why."""
    world = api.world
    await proving.add(world.saltmarsh.id, ["saltmarsh.example.org"], at=NOW)
    await connect(world.ada)
    asked = {"__typename": "AskMembersToConnectPayload", "asked": 11}
    assert await api.ask(ASK, who="chiara", i={"clientKey": "1"}) == {
        "askMembersToConnect": asked | {"notAsked": [{"because": "CONNECTED", "count": 1}]}
    }
    ids = [f"mbr_{each.uid}" for each in (world.ada, world.ben)]
    again = await api.ask(ASK, who="chiara", i={"clientKey": "2", "memberIds": ids})
    assert again["askMembersToConnect"] == {
        "__typename": "AskMembersToConnectPayload",
        "asked": 0,
        "notAsked": [
            {"because": "CONNECTED", "count": 1},
            {"because": "ASKED_LATELY", "count": 1},
        ],
    }
    both = {"clientKey": "3", "memberIds": ids, "filter": {}}
    told = await api.ask(ASK, who="chiara", i=both)
    assert told["askMembersToConnect"]["field"] == "memberIds"


async def test_asking_where_the_organization_connects_everybody(api: Api):
    """Nobody is asked for what the organization does."""
    await OrganizationIntegration.create(
        organization_id=api.world.saltmarsh.id, provider="memory", state="ACTIVE"
    )
    told = await api.ask(ASK, who="chiara", i={"clientKey": "1"})
    assert told["askMembersToConnect"] == {
        "__typename": "AskMembersToConnectPayload",
        "asked": 0,
        "notAsked": [{"because": "NOTHING_OFFERED", "count": 12}],
    }
    [first] = (await _status(api, first=1))["members"]["nodes"]
    assert (first["source"], first["state"], first["provider"]["slug"]) == (
        "ORGANIZATION", "NONE", "memory",
    )  # fmt: skip


async def test_what_it_costs(api: Api):
    """A page costs as many as it may hold, and what looks through everybody costs more."""
    query = "{ integrationStatus { totals { members } members(first: 100) { nodes { name } } } }"
    # The whole of it, its numbers, a page, and the members on that.
    price = 1 + 50 + 50 + 100
    api.documents.limits = Limits(cost=price)
    assert await api.ask(query, who="chiara")
    api.documents.limits = Limits(cost=price - 1)
    [(words, _)] = await api.errors(query, who="chiara")
    assert f"with {price} objects" in words


async def test_as_many_statements_for_a_longer_page(api: Api, statements: list[str]):
    """The screen takes as many statements for forty members as for ten."""
    sent = []
    for many in (10, 40):
        while await Member.filter(organization_id=api.world.saltmarsh.id).count() < many:
            n = await Member.all().count()
            made = await member(api.world.saltmarsh, f"N{n} Other", "UTC")
            await connect(made, account_id=f"n{n}")
        statements.clear()
        assert len(_emails(await _status(api, first=many))) == many
        sent.append(len(statements))
    assert sent[0] == sent[1]
