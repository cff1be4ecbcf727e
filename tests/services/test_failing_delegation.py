"""The organization's consent breaks, and works again: one mail each, one To-Do, no reconnecting."""

from __future__ import annotations

import pytest

from tests.services.estate import DOMAIN, Estate
from tests.world import HOUR, World
from together.domain.integration import Standing
from together.providers.errors import NeedsPerson
from together.providers.values import Secret
from together.services.people.todos import TodoKind, Todos
from together.services.signing_in.viewer import Viewer
from together.store.models import DelegationState, Integration, Member

OWNER = "it@saltmarsh.example.org"


@pytest.fixture
async def estate(world: World) -> Estate:
    estate = Estate(world)
    await estate.activated(owner=OWNER)
    return estate


async def _todos(estate: Estate, member: Member) -> list[TodoKind]:
    found = await Todos(estate.town.registry, estate.town.clock).of(Viewer.of(member))
    return [each.kind for each in found if each.kind is not TodoKind.BOOK_NEXT_SESSION]


async def _read(estate: Estate, member: Member) -> None:
    mine = await Integration.get(member_id=member.id, source="ORGANIZATION")
    async with estate.grants.open(mine) as calendars:
        await calendars.list()


async def test_from_failing_to_healthy(estate: Estate):
    """Withdrawn and given back: two mails to the owner, and one To-Do for administrators."""
    ada, told = estate.world.ada, []

    async def noted() -> None:
        await estate.work()
        own = await estate.own(ada)
        told.append(
            (
                (await estate.row()).state.value,
                own.standing.value,
                await _todos(estate, ada),
                [each.value for each in await _todos(estate, estate.world.chiara)],
                len(estate.post.sent),
            )
        )

    await noted()
    estate.town.sandbox.delegate(DOMAIN, scopes=())
    estate.town.clock.forward(2 * HOUR)
    for member in (ada, estate.world.ben):
        with pytest.raises(NeedsPerson):
            await _read(estate, member)
    await noted()
    await estate.grants.delegations.sweep()
    await noted()
    estate.town.sandbox.delegate(DOMAIN)
    estate.town.clock.forward(HOUR)
    await estate.grants.delegations.sweep()
    await noted()
    todo = ["FIX_ORGANIZATION_INTEGRATION"]
    assert told == [
        ("ACTIVE", "INTEGRATED", [], [], 0),
        ("FAILING", "NOT_INTEGRATED", [], todo, 1),
        ("FAILING", "NOT_INTEGRATED", [], todo, 1),
        ("ACTIVE", "INTEGRATED", [], [], 2),
    ]
    assert estate.post.sent == [
        (f"Saltmarsh Institute <{OWNER}>", f"Saltmarsh Institute is {each}")
        for each in (
            "not connected to Memory Calendar any more",
            "connected to Memory Calendar again",
        )
    ]


async def test_nobody_has_to_read_for_it_to_be_found_out(estate: Estate):
    """The worker asks by itself whether the consent still works, once in a quarter of an hour."""
    estate.town.sandbox.delete_key()
    assert await estate.grants.delegations.sweep() == 0
    estate.town.clock.forward(HOUR)
    assert await estate.grants.delegations.sweep() == 1
    row = await estate.row()
    assert (row.state, row.reason) == (DelegationState.FAILING, "KeyRefused")


async def test_an_outage_is_no_failure(estate: Estate):
    """While the service is down nothing is noted, nobody is told, and members stay integrated."""
    estate.town.sandbox.down = True
    estate.town.clock.forward(HOUR)
    await estate.grants.delegations.sweep()
    await estate.work()
    assert (await estate.row()).state is DelegationState.ACTIVE
    assert (await estate.own(estate.world.ada)).standing is Standing.INTEGRATED
    assert estate.post.sent == []


async def test_another_key_is_used_once_it_is_verified(estate: Estate):
    """A key that replaces another reads nothing before it was verified; the owner hears of both."""
    await estate.service.upload_key(estate.chiara, Secret(estate.town.sandbox.add_key("second")))
    assert (await estate.own(estate.world.ada)).standing is Standing.NOT_INTEGRATED
    estate.town.sandbox.requests.clear()
    await estate.grants.delegations.sweep()
    await estate.work()
    assert estate.town.sandbox.requests == []
    estate.town.sandbox.delegate(DOMAIN, key_id="key-2")
    await estate.service.verify(estate.chiara, estate.world.ada.email)
    assert (await estate.own(estate.world.ada)).standing is Standing.INTEGRATED
    assert (await estate.row()).credential_id == "key-2"
    await estate.work()
    assert [subject for _, subject in estate.post.sent] == [
        "Saltmarsh Institute is not connected to Memory Calendar any more",
        "Saltmarsh Institute is connected to Memory Calendar again",
    ]


async def test_turned_off_while_it_fails(estate: Estate):
    """Turning it off ends the To-Do, and no mail says that it works again."""
    estate.town.sandbox.delete_key()
    estate.town.clock.forward(HOUR)
    await estate.grants.delegations.sweep()
    await estate.service.turn_off(estate.chiara, provider="memory")
    await estate.work()
    assert await _todos(estate, estate.world.chiara) == []
    assert estate.post.sent == []
