"""What goes wrong with a calendar is noted once, in one place, and goes on to whoever asked."""

from __future__ import annotations

import pytest

from tests.services.town import Town
from tests.world import World
from together.providers.errors import (
    AuthorizationExpired,
    Gone,
    ProviderUnavailable,
)
from together.services import trouble
from together.store.models import (
    Integration,
    IntegrationState,
)


@pytest.fixture
def town() -> Town:
    return Town()


async def _whoami(town: Town, integration: Integration) -> str:
    async with town.grants.open(integration) as calendars:
        return (await calendars.whoami()).email


async def test_passing_trouble_is_noted_once_and_cleared(town: Town, world: World):
    """The first outage says since when; later ones change nothing; a success clears it."""
    integration = await town.connect(world.ada)
    town.sandbox.down = True
    began = town.clock()
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            async with trouble.noted(integration, clock=town.clock):
                await _whoami(town, integration)
        town.clock.forward(60)
    row = await Integration.get(id=integration.id)
    assert (row.state, row.unreadable_since) == (IntegrationState.ACTIVE, began)
    town.sandbox.down = False
    async with trouble.noted(integration, clock=town.clock):
        await _whoami(town, integration)
    assert (await Integration.get(id=integration.id)).unreadable_since is None


async def test_a_refused_call_says_nothing_about_the_calendar(town: Town, world: World):
    """An event that is gone leaves the connection as it is, and goes on to whoever asked."""
    integration = await town.connect(world.ada)
    before = dict(await Integration.get(id=integration.id))
    with pytest.raises(Gone):
        async with trouble.noted(integration, clock=town.clock):
            raise Gone
    assert dict(await Integration.get(id=integration.id)) == before


async def test_trouble_of_an_older_generation_is_not_noted(town: Town, world: World):
    """A call that began before its member reconnected does not ask them to reconnect again."""
    old = await town.connect(world.ada)
    await Integration.filter(id=old.id).update(generation=old.generation + 1)
    with pytest.raises(AuthorizationExpired):
        async with trouble.noted(old, clock=town.clock):
            raise AuthorizationExpired
    assert (await Integration.get(id=old.id)).state is IntegrationState.ACTIVE
