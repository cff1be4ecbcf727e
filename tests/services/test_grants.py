"""A stored grant is renewed once, stays sealed, and never comes back once it was taken away."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from tests.services.town import DISTRIBUTION, QuietSandbox, Town, gate
from tests.world import HOUR, FakeClock, World
from together.providers.errors import (
    AuthorizationExpired,
    Misconfigured,
    ProviderUnavailable,
)
from together.services.connections import renewing, sealing, trouble
from together.store.models import (
    Integration,
    IntegrationState,
)
from together.store.vault import Vault


@pytest.fixture
def town() -> Town:
    return Town()


async def _whoami(town: Town, integration: Integration) -> str:
    async with town.grants.open(integration) as calendars:
        return (await calendars.whoami()).email


async def test_a_connected_calendar_opens(town: Town, world: World):
    """The calendars of a connected member answer with their account."""
    integration = await town.connect(world.ada)
    assert await _whoami(town, integration) == world.ada.email


async def test_the_grant_is_sealed_in_the_row(town: Town, world: World):
    """Neither token stands in the row as it is, and the vault opens both."""
    integration = await town.connect(world.ada)
    grant = await sealing.opened(town.vault, integration)
    row = repr(dict(integration))
    assert grant.refresh_token is not None
    assert grant.access_token.reveal() not in row
    assert grant.refresh_token.reveal() not in row
    assert [*town.sandbox.state["grants"]] == [grant.refresh_token.reveal()]


async def test_nothing_is_read_before_the_first_request(town: Town, world: World):
    """Opening calendars sends nothing and opens nothing."""
    integration = await town.connect(world.ada)
    integration.access_token = "moved"
    await integration.save()
    async with town.grants.open(integration):
        before = len(town.sandbox.requests)
    assert len(town.sandbox.requests) == before


async def test_parallel_calls_renew_once(town: Town, world: World):
    """Twenty calls over an expired token, through twenty openings, ask for a new one once."""
    integration = await town.connect(world.ada)
    town.clock.forward(2 * HOUR)
    before = town.refreshes()
    grants = town.grants

    async def call() -> str:
        async with grants.open(integration) as calendars:
            return (await calendars.whoami()).email

    assert await asyncio.gather(*(call() for _ in range(20))) == [world.ada.email] * 20
    assert town.refreshes() - before == 1


async def test_two_processes_renew_once(town: Town, world: World):
    """Whoever does not hold the lease waits for what its holder stores."""
    integration = await town.connect(world.ada)
    town.clock.forward(2 * HOUR)
    before = town.refreshes()
    async with gate() as (arrived, go_on):

        async def hold(request: httpx.Request) -> None:
            if request.url.path == "/token":
                arrived.set()
                await go_on.wait()

        town.transport.before = hold
        first = asyncio.create_task(_whoami(town, integration))
        await arrived.wait()
        others = [asyncio.create_task(_whoami(town, integration)) for _ in range(3)]
        await asyncio.sleep(3 * renewing.POLL)
        assert not any(task.done() for task in others)
        go_on.set()
        emails = await asyncio.gather(first, *others)
    assert emails == [world.ada.email] * 4
    assert town.refreshes() - before == 1


async def test_a_lease_runs_out(town: Town, world: World):
    """A process that died while it renewed stops nobody for longer than its lease."""
    integration = await town.connect(world.ada)
    town.clock.forward(2 * HOUR)
    await Integration.filter(id=integration.id).update(renewing_until=1)
    assert await _whoami(town, integration) == world.ada.email
    assert (await Integration.get(id=integration.id)).renewing_until is None


async def test_a_rotated_refresh_token_is_stored_before_the_new_access_token_is_used(
    town: Town, world: World
):
    """When the first signed request leaves, the row holds the refresh token that works."""
    integration = await town.connect(world.ada)
    old = (await sealing.opened(town.vault, integration)).refresh_token
    town.clock.forward(2 * HOUR)
    seen = []

    async def look(request: httpx.Request) -> None:
        if request.url.path == "/me":
            row = await Integration.get(id=integration.id)
            seen.append((await sealing.opened(town.vault, row)).refresh_token)

    town.transport.before = look
    await _whoami(town, integration)
    (stored,) = seen
    assert stored != old
    assert [stored.reveal()] == [*town.sandbox.state["grants"]]


async def test_the_old_refresh_token_stays_when_none_comes(world: World):
    """A renewal without a new refresh token keeps the one there is."""
    clock = FakeClock()
    town = Town(clock=clock, sandbox=QuietSandbox(now=clock))
    integration = await town.connect(world.ada)
    before = await sealing.opened(town.vault, integration)
    town.clock.forward(2 * HOUR)
    await _whoami(town, integration)
    after = await sealing.opened(town.vault, await Integration.get(id=integration.id))
    assert after.refresh_token == before.refresh_token
    assert after.access_token != before.access_token


async def test_a_caller_that_leaves_does_not_take_the_new_token_along(town: Town, world: World):
    """A renewal goes on to its end when whoever needed it is cancelled."""
    integration = await town.connect(world.ada)
    town.clock.forward(2 * HOUR)
    async with gate() as (arrived, go_on):

        async def hold(request: httpx.Request) -> None:
            if request.url.path == "/token":
                arrived.set()
                await go_on.wait()

        town.transport.before = hold
        caller = asyncio.create_task(_whoami(town, integration))
        await arrived.wait()
        caller.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await caller
    town.transport.before = None
    before = town.refreshes()
    for _ in range(100):
        row = await Integration.get(id=integration.id)
        if row.renewing_until is None:
            break
        await asyncio.sleep(0.01)
    assert await _whoami(town, integration) == world.ada.email
    assert town.refreshes() == before


async def test_an_outage_during_renewal_leaves_no_lease(town: Town, world: World):
    """When the service is back, the next call renews at once."""
    integration = await town.connect(world.ada)
    town.clock.forward(2 * HOUR)
    town.sandbox.down = True
    with pytest.raises(ProviderUnavailable):
        await _whoami(town, integration)
    town.sandbox.down = False
    assert await _whoami(town, integration) == world.ada.email


async def test_a_revoked_grant_waits_for_its_member(town: Town, world: World):
    """A grant taken back at the service is `AuthorizationExpired`, and then nothing is sent."""
    integration = await town.connect(world.ada)
    town.sandbox.revoke(world.ada.email)
    with pytest.raises(AuthorizationExpired):
        async with trouble.noted(integration, clock=town.clock):
            await _whoami(town, integration)
    row = await Integration.get(id=integration.id)
    sent = len(town.sandbox.requests)
    with pytest.raises(AuthorizationExpired):
        await _whoami(town, row)
    assert (row.state, row.reason, row.since) == (
        IntegrationState.NEEDS_RECONNECT,
        "AuthorizationExpired",
        town.clock(),
    )
    assert len(town.sandbox.requests) == sent


async def test_another_package_gets_no_grant(town: Town, world: World):
    """A package that took over the slug opens nothing; the one that made the grant does again."""
    integration = await town.connect(world.ada)
    theirs = replace(town.registry, distributions={"memory": "another-memory"})
    with pytest.raises(Misconfigured):
        await _whoami(Town(clock=town.clock, sandbox=town.sandbox, registry=theirs), integration)
    assert town.registry.distributions["memory"] == DISTRIBUTION
    assert await _whoami(town, integration) == world.ada.email


async def test_a_lost_key_asks_nobody_to_reconnect(town: Town, world: World):
    """A grant that does not open is the operator's trouble, and the member keeps their state."""
    integration = await town.connect(world.ada)
    lost = Town(
        clock=town.clock, sandbox=town.sandbox, vault=Vault({"k1": b"2" * 32}, current="k1")
    )
    with pytest.raises(Misconfigured):
        async with trouble.noted(integration, clock=town.clock):
            await _whoami(lost, integration)
    assert (await Integration.get(id=integration.id)).state is IntegrationState.ACTIVE
    assert await _whoami(town, integration) == world.ada.email


async def test_a_row_moved_to_another_member_does_not_open(town: Town, world: World):
    """Tokens copied into somebody else's row open nothing."""
    ada, ben = await town.connect(world.ada), await town.connect(world.ben)
    ben.access_token, ben.refresh_token = ada.access_token, ada.refresh_token
    await ben.save()
    with pytest.raises(Misconfigured):
        await _whoami(town, ben)


async def test_an_origin_not_declared_is_refused(town: Town, world: World):
    """A request to anywhere but the provider is refused before it is sent."""
    integration = await town.connect(world.ada)
    sent = len(town.sandbox.requests)
    async with town.grants.open(integration) as calendars:
        http: httpx.AsyncClient = calendars._api._http
        with pytest.raises(Misconfigured):
            await http.get("https://elsewhere.example.org/")
    assert len(town.sandbox.requests) == sent


async def test_a_lease_that_nobody_gives_back_is_waited_for_in_vain(
    town: Town, world: World, monkeypatch: pytest.MonkeyPatch
):
    """Whoever waits longer than two leases is told to come again, and the grant stays as it is."""
    integration = await town.connect(world.ada)
    town.clock.forward(2 * HOUR)
    await Integration.filter(id=integration.id).update(renewing_until=2**40)
    monkeypatch.setattr(renewing, "LEASE", 0)
    with pytest.raises(ProviderUnavailable):
        await _whoami(town, integration)
    await Integration.filter(id=integration.id).update(renewing_until=None)
    monkeypatch.undo()
    assert await _whoami(town, integration) == world.ada.email
