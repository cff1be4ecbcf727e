"""What a consent bought leaves memory with it: here at once, elsewhere within the minute."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.estate import Estate
from tests.world import World
from together.providers.errors import AuthorizationExpired
from together.providers.values import Secret
from together.services.connections.grants import Grants
from together.services.organization import proving
from together.services.organization.token_cache import EVERY, swept
from together.services.people.members import Members
from together.store.models import Integration, Member


@pytest.fixture
async def estate(world: World) -> Estate:
    estate = Estate(world)
    await estate.activated()
    return estate


async def _mine(member: Member) -> Integration:
    return await Integration.get(member_id=member.id, source="ORGANIZATION")


async def _used(grants: Grants, *members: Member) -> None:
    for member in members:
        async with grants.open(await _mine(member)) as calendars:
            await calendars.list()


def _held(grants: Grants) -> list[str]:
    """Every token that the cache of a process holds, in the clear."""
    return [each.access_token.reveal() for each in grants.delegations.tokens._kept.values()]


@pytest.mark.parametrize("how", ["turned off", "another key", "consent withdrawn"])
async def test_it_leaves_this_process_at_once(estate: Estate, how: str):
    """Whatever ends a consent here, no token of it is in memory in the next moment."""
    ada = estate.world.ada
    await _used(estate.grants, ada)
    assert len(_held(estate.grants)) > 0
    if how == "turned off":
        await estate.service.turn_off(estate.chiara, provider="memory")
    elif how == "another key":
        another = Secret(estate.town.sandbox.add_key("second"))
        await estate.service.upload_key(estate.chiara, another)
    else:
        estate.town.sandbox.delegate("saltmarsh.example.org", scopes=())
        await estate.grants.delegations.probe(await estate.row())
    assert _held(estate.grants) == []


async def test_it_leaves_the_others_within_the_minute(estate: Estate):
    """Another process finds out by itself, and keeps what belongs to somebody else."""
    other = estate.town.grants
    await _used(other, estate.world.ada)
    await other.delegations.tokens.sweep()
    assert len(_held(other)) == 1
    await estate.service.turn_off(estate.chiara, provider="memory")
    assert len(_held(other)) == 1
    assert EVERY <= 60
    task = asyncio.create_task(swept(other.delegations.tokens, every=0.001))
    await asyncio.wait([task], timeout=0.3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert _held(other) == []


async def test_who_is_deactivated_leaves_at_once(estate: Estate):
    """A token for a mailbox goes with its member, here at once and elsewhere with the sweep."""
    here, other, world = estate.grants, estate.town.grants, estate.world
    for grants in (here, other):
        grants.delegations.tokens.forget(world.saltmarsh.id)
        await _used(grants, world.ada, world.ben)
    members = Members(grants=here, vault=estate.town.vault, clock=estate.town.clock)
    await members.deactivate_member(estate.chiara, world.ben.uid)
    assert len(_held(here)) == 1
    assert len(_held(other)) == 2
    await other.delegations.tokens.sweep()
    assert len(_held(other)) == 1


async def test_a_domain_that_is_taken_back(estate: Estate):
    """The tokens of its mailboxes are over in every process."""
    await _used(estate.grants, estate.world.ada)
    await proving.remove(estate.world.saltmarsh.id, ["saltmarsh.example.org"], at=0)
    await estate.grants.delegations.tokens.sweep()
    assert _held(estate.grants) == []


async def test_a_token_that_comes_too_late_is_not_kept(estate: Estate):
    """Turned off while the service makes a token, the token is neither used nor kept."""
    estate.grants.delegations.tokens.forget(estate.world.saltmarsh.id)

    async def off(request) -> None:
        if request.url.path == "/token":
            estate.town.transport.before = None
            await estate.service.turn_off(estate.chiara, provider="memory")

    mine = await _mine(estate.world.ada)
    estate.town.transport.before = off
    with pytest.raises(AuthorizationExpired):
        async with estate.grants.open(mine) as calendars:
            await calendars.list()
    assert _held(estate.grants) == []


async def test_access_is_looked_at_before_every_request(estate: Estate):
    """Turned off between two requests of one client, after a renewal, the second is refused."""
    mine = await _mine(estate.world.ada)
    async with estate.grants.open(mine) as calendars:
        await calendars.list()
        estate.town.sandbox.expire()
        await calendars.list()  # renewed in its course
        await estate.service.turn_off(estate.chiara, provider="memory")
        estate.town.sandbox.requests.clear()
        with pytest.raises(AuthorizationExpired):
            await calendars.list()
    assert estate.town.sandbox.requests == []


async def test_a_personal_one_is_looked_at_too(world: World):
    """Disconnected between two requests of one client, after a renewal, the second is refused."""
    estate = Estate(world)
    mine = await estate.town.connect(world.ada)
    async with estate.grants.open(mine) as calendars:
        estate.town.sandbox.expire()
        await calendars.list()
        await Integration.filter(id=mine.id).update(generation=mine.generation + 1)
        estate.town.sandbox.requests.clear()
        with pytest.raises(AuthorizationExpired):
            await calendars.list()
    assert estate.town.sandbox.requests == []


async def test_nothing_of_it_is_printed(estate: Estate):
    """Neither the cache nor a client's transport shows a token."""
    await _used(estate.grants, estate.world.ada)
    cache, held = estate.grants.delegations.tokens, _held(estate.grants)
    shown = repr([cache, vars(cache)])
    assert [token for token in held if token in shown] == []
    assert held != []
