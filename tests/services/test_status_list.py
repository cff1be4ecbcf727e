"""Administrators see how everybody is connected: who with what, and why not."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.services.diary import ALL, connect
from tests.services.overview import Overview, Part
from tests.services.town import Town
from tests.world import DAY, NOW, World
from tests.world import member as person
from together.domain.integration import Standing
from together.providers.values import Capability
from together.services.connections.integrations import own, source_of, standing_of
from together.services.connections.offering import Offer
from together.services.organization import everybody, proving, status_words
from together.services.organization.set_up_status import preview_of
from together.services.organization.status_list import Which, counted, listed
from together.services.refusals import Forbidden
from together.services.signing_in.viewer import Viewer
from together.store.database import Database
from together.store.models import (
    CalendarRow,
    Integration,
    IntegrationSource,
    IntegrationState,
    Member,
    OrganizationIntegration,
    Role,
)
from together.store.scope import Scope

NOBODY = Offer()
MANAGED = Offer(connected_with="memory")


@pytest.fixture
def desk(world: World) -> Overview:
    return Overview(world)


async def _counts(member: Member, *, counts: bool) -> None:
    await CalendarRow.filter(integration__member_id=member.id).update(counts=counts)


async def test_everybody_by_address(desk: Overview):
    """All active members of the organization are there, and nobody of another one."""
    await Member.filter(id=desk.world.dev.id).update(active=False)
    assert await desk.names() == [
        "Ada", "Ben", "Chiara", "Elin", "Farid", "Grace", "Hana", "Ivo", "Jo", "Kemi", "Leo",
    ]  # fmt: skip
    assert await desk.names(Part(2)) == ["Ada", "Ben", "Chiara"]  # one more than a page
    after = (desk.world.ben.email_key,)
    assert await desk.names(Part(2, after=after)) == ["Chiara", "Elin", "Farid"]
    back = Part(2, backward=True, before=(desk.world.elin.email_key,))
    assert await desk.names(back) == ["Chiara", "Ben", "Ada"]


@pytest.mark.parametrize("role", [Role.PARTICIPANT, Role.IT_ADMIN])
async def test_who_may_look(desk: Overview, role: Role):
    """Those who look after integrations see everybody; a participant sees nobody."""
    await Member.filter(id=desk.world.leo.id).update(role=role)
    leo = Viewer.of(await Member.get(id=desk.world.leo.id))
    if role is Role.IT_ADMIN:
        assert len(await listed(leo, Which(), Part(), offer=NOBODY, now=NOW)) == 12
        return
    for question in (
        listed(leo, Which(), Part(), offer=NOBODY, now=NOW),
        counted(leo, Which(), offer=NOBODY, now=NOW),
    ):
        with pytest.raises(Forbidden):
            await question


OLD = NOW - 2 * DAY
STANDINGS = list(
    product(
        [*IntegrationState],
        [Capability.EVENTS, ALL],
        [False, True],
        [(OLD, None), (NOW - DAY, NOW - DAY), (OLD, NOW - DAY + 1), (NOW, None)],
        [None, NOW - 5],
    )
)


async def test_it_is_what_the_member_is_told(desk: Overview):
    """Judged in the database, in the list and for its owner, a connection is the same."""
    world = desk.world
    await connect(world.ada)
    for state, granted, counts, (since, read_at), unreadable in STANDINGS:
        await Integration.filter(member_id=world.ada.id).update(
            state=state, capabilities=granted.value, since=since, read_at=read_at,
            unreadable_since=unreadable,
        )  # fmt: skip
        await _counts(world.ada, counts=counts)
        found = (await standing_of([world.ada.id], scope=Scope(world.saltmarsh.id), now=NOW))[
            world.ada.id
        ]
        told = await desk.of(world.ada)
        assert (told.standing, told.reason is None) == (found, found is Standing.INTEGRATED)
        for each in Standing:
            assert ("Ada" in await desk.names(standing=each)) == (each is found)


async def test_source_state_and_provider_are_the_members_own(desk: Overview):
    """Whose consent it is and how it stands is what the member sees of it."""
    town, world = Town(), desk.world
    await connect(world.ada)
    await connect(world.ben, source=IntegrationSource.ORGANIZATION, account_id="mailbox:b")
    await connect(world.dev, state=IntegrationState.SUSPENDED)
    for offer in (NOBODY, MANAGED):
        desk.offer = offer
        for who in (world.ada, world.ben, world.dev, world.elin):
            mine = await own(Viewer.of(who), registry=town.registry, now=NOW)
            told = await desk.of(who)
            assert (told.source, told.state) == (
                source_of(mine, offer),
                "NONE" if mine is None else mine.integration.state.value,
            )
            assert told.provider == (offer.connected_with if mine is None else "memory")
            assert who.name.split()[0] in await desk.names(source=told.source)
            if told.provider is not None:
                assert who.name.split()[0] in await desk.names(provider=told.provider)


async def test_filters_and_numbers(desk: Overview):
    """Every filter leaves those it names, all of them hold together, and the numbers are theirs."""
    world = desk.world
    await connect(world.ada, read_at=NOW)
    await connect(world.ben, state=IntegrationState.NEEDS_RECONNECT, reason="AuthorizationExpired")
    await connect(
        world.dev, source=IntegrationSource.ORGANIZATION, account_id="m", provider="other",
        state=IntegrationState.NO_MAILBOX,
    )  # fmt: skip
    await connect(world.elin, unreadable_since=NOW)
    assert await desk.names(state="NEEDS_RECONNECT") == ["Ben"]
    assert await desk.names(state="ACTIVE") == ["Ada", "Elin"]
    assert await desk.names(source="ORGANIZATION") == ["Dev"]
    assert await desk.names(provider="memory", source="INDIVIDUAL") == ["Ada", "Ben", "Elin"]
    assert await desk.names(provider="memory", source="ORGANIZATION") == []
    assert await desk.names(standing=Standing.UNREADABLE_NOW) == ["Elin"]
    assert len(await desk.names(state="NONE")) == 8
    everybody = {
        ("INDIVIDUAL", "memory", "ACTIVE", Standing.INTEGRATED): 1,
        ("INDIVIDUAL", "memory", "ACTIVE", Standing.UNREADABLE_NOW): 1,
        ("INDIVIDUAL", "memory", "NEEDS_RECONNECT", Standing.NOT_INTEGRATED): 1,
        ("ORGANIZATION", "other", "NO_MAILBOX", Standing.NOT_INTEGRATED): 1,
        ("NONE", None, "NONE", Standing.NOT_INTEGRATED): 8,
    }
    assert await desk.numbers() == everybody
    assert await desk.numbers(state="NEEDS_RECONNECT") == {
        key: count for key, count in everybody.items() if key[2] == "NEEDS_RECONNECT"
    }
    desk.offer = MANAGED
    assert await desk.names(source="NONE") == []
    assert (await desk.numbers(source="ORGANIZATION"))[
        ("ORGANIZATION", "memory", "NONE", Standing.NOT_INTEGRATED)
    ] == 8


WHY: list[tuple[dict[str, Any], str]] = [
    ({"state": "NEEDS_RECONNECT", "reason": "AuthorizationExpired"}, "Access to their calendar"),
    ({"state": "NEEDS_RECONNECT", "reason": "AdminApprovalRequired"}, "The organization of the"),
    ({"state": "NEEDS_RECONNECT", "reason": "NeedsPerson"}, status_words.ANY_RECONNECT),
    ({"state": "NO_MAILBOX", "reason": "NoMailbox"}, status_words.NO_MAILBOX_THERE),
    ({"state": "NO_MAILBOX", "reason": "NoCalendarService"}, "Their account at the"),
    ({"state": "NO_MAILBOX", "reason": "MailboxRestricted"}, "A policy at the"),
    ({"state": "FAILING", "reason": "KeyRefused"}, status_words.FAILING),
    ({"capabilities": 2}, status_words.NOT_ALLOWED),
    ({"since": NOW - 2 * DAY}, status_words.UNREAD_FOR_A_DAY),
    ({"unreadable_since": NOW}, status_words.UNREADABLE_NOW),
]


@pytest.mark.parametrize(("columns", "words"), WHY)
async def test_the_reason_in_plain_words(desk: Overview, columns: dict[str, Any], words: str):
    """It says why somebody is not integrated, and nothing of their account or calendars."""
    await connect(desk.world.ada, email="secret@elsewhere.example.net")
    await Integration.filter(member_id=desk.world.ada.id).update(**columns)
    told = await desk.of(desk.world.ada)
    assert told.reason is not None
    assert told.reason.startswith(words)
    assert "elsewhere" not in repr(told)


async def test_the_reason_of_who_has_nothing(desk: Overview):
    """Without a connection, the reason is whose turn it is."""
    ada = desk.world.ada
    assert (await desk.of(ada)).reason == status_words.NOT_CONNECTED
    desk.offer = Offer(hidden=True)
    assert (await desk.of(ada)).reason == status_words.NOTHING_OFFERED
    desk.offer = MANAGED
    assert (await desk.of(ada)).reason == status_words.NOT_AMONG_THEM
    await connect(ada, source=IntegrationSource.ORGANIZATION)
    await _counts(ada, counts=False)
    assert (await desk.of(ada)).reason == status_words.BEING_SET_UP
    await Integration.filter(member_id=ada.id).update(listed_at=NOW)
    assert (await desk.of(ada)).reason == status_words.NONE_COUNTS


async def test_the_last_sync(desk: Overview):
    """It is when all that counts was last read, and nothing where that never was."""
    await connect(desk.world.ada, read_at=NOW - 60)
    await connect(desk.world.ben)
    assert [(await desk.of(who)).read_at for who in (desk.world.ada, desk.world.ben)] == [
        NOW - 60,
        None,
    ]


# However many


async def _asked(desk: Overview, statements: list[str]) -> list[str]:
    """Ask for pages and numbers in every way, and give the statements."""
    statements.clear()
    for which in (
        {},
        {"search": "ada l"},
        {"state": "NEEDS_RECONNECT"},
        {"source": "INDIVIDUAL", "provider": "memory"},
        {"standing": Standing.NOT_INTEGRATED, "search": "ben"},
    ):
        await desk.all(Part(20, after=("a",)), **which)
        await desk.numbers(**which)
    return list(statements)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_no_table_is_gone_through(desk: Overview, statements: list[str]):
    """On SQLite every statement of the list begins at an index."""
    texts = await _asked(desk, statements)
    for text in texts:
        plan = await Database.current().client.execute_query_dict(
            f"EXPLAIN QUERY PLAN {text}", ["x"] * text.count("?")
        )
        steps = [row["detail"] for row in plan]
        assert not [each for each in steps if each.startswith("SCAN")], (text, steps)
    assert len(texts) == 10


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_who_is_lacking_is_found_by_an_index(desk: Overview, statements: list[str]):
    """On SQLite, what activating would do and who has no connection yet read no connection."""
    here = desk.world.saltmarsh.id
    row = await OrganizationIntegration.create(organization_id=here, provider="memory")
    await proving.add(here, ["saltmarsh.example.org"], at=NOW)
    statements.clear()
    await preview_of(here)
    await everybody.lacking(row).order_by("id").limit(100)
    texts = list(statements)
    for text in texts:
        plan = await Database.current().client.execute_query_dict(
            f"EXPLAIN QUERY PLAN {text}", ["x"] * text.count("?")
        )
        steps = [step["detail"] for step in plan]
        assert not [each for each in steps if each.startswith("SCAN")], (text, steps)
        assert '"integration"' not in text
    assert len(texts) == 5


async def test_as_many_statements_for_more_people(desk: Overview, statements: list[str]):
    """A page takes one statement, and so do the numbers, however many there are."""
    for many in (12, 42):
        while len(await desk.all()) < many:
            n = await Member.all().count()
            made = await person(desk.world.saltmarsh, f"N{n} Other", "UTC")
            await connect(made, account_id=f"n{n}")
        statements.clear()
        assert len(await desk.all(Part(50))) == many
        await desk.numbers()
        assert len(statements) == 2
