"""What goes wrong with a calendar is noted once, in one place, and goes on to whoever asked."""

from __future__ import annotations

import pytest

from tests.services.town import Town
from tests.world import World
from together.providers.errors import (
    AuthorizationExpired,
    Gone,
    Misconfigured,
    ProviderUnavailable,
)
from together.services.connections import trouble
from together.store.models import CalendarRow, Integration, IntegrationState


@pytest.fixture
def town() -> Town:
    return Town()


async def _whoami(town: Town, integration: Integration) -> str:
    async with town.grants.open(integration) as calendars:
        return (await calendars.whoami()).email


async def _row(integration: Integration) -> dict[str, object]:
    return dict(await Integration.get(id=integration.id))


async def _heard(town: Town, integration: Integration, *unread: str) -> None:
    now = town.clock()
    await trouble.heard(integration, unread=unread, began=now, at=now)


async def _fails(town: Town, integration: Integration, error: Exception) -> None:
    with pytest.raises(type(error)):
        async with trouble.reading(integration, clock=town.clock):
            raise error


async def test_a_failed_reading_is_noted_once_and_cleared(town: Town, world: World):
    """The first outage says since when; later ones change nothing; what was read clears it."""
    integration = await town.connect(world.ada)
    town.sandbox.down = True
    began = town.clock()
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            async with trouble.reading(integration, clock=town.clock):
                await _whoami(town, integration)
        town.clock.forward(60)
    row = await Integration.get(id=integration.id)
    assert (row.state, row.unreadable_since) == (IntegrationState.ACTIVE, began)
    town.sandbox.down = False
    async with trouble.reading(integration, clock=town.clock):
        await _whoami(town, integration)
    assert (await Integration.get(id=integration.id)).unreadable_since == began
    await _heard(town, integration)
    assert (await Integration.get(id=integration.id)).unreadable_since is None


@pytest.mark.parametrize(
    "error", [ProviderUnavailable(), Gone(), Misconfigured(), RuntimeError("private")]
)
@pytest.mark.parametrize("unreadable_since", [None, 1000])
async def test_a_write_that_fails_says_nothing_about_reading(
    town: Town, world: World, error: Exception, unreadable_since: int | None
):
    """Whatever became of an event, the connection stays as it is, and the error goes on."""
    integration = await town.connect(world.ada)
    await Integration.filter(id=integration.id).update(unreadable_since=unreadable_since)
    await integration.refresh_from_db()
    before = await _row(integration)
    with pytest.raises(type(error)):
        async with trouble.noted(integration, clock=town.clock):
            raise error
    assert await _row(integration) == before


async def test_a_write_that_works_says_nothing_about_reading(town: Town, world: World):
    """A calendar that takes events and cannot be read stays unreadable."""
    integration = await town.connect(world.ada)
    await _fails(town, integration, ProviderUnavailable())
    before = await _row(integration)
    async with trouble.noted(integration, clock=town.clock):
        await _whoami(town, integration)
    assert await _row(integration) == before


async def test_what_an_operator_must_mend_is_logged(town: Town, world: World, caplog):
    """It is told in codes alone, and its member is asked for nothing."""
    integration = await town.connect(world.ada)
    await _fails(town, integration, Misconfigured(status=403, code="accessNotConfigured"))
    assert f"integration {integration.id}: Misconfigured status=403 code=accessNotConfigured" in (
        caplog.text
    )
    assert (await Integration.get(id=integration.id)).state is IntegrationState.ACTIVE


@pytest.mark.parametrize("error", [AuthorizationExpired(), ProviderUnavailable()])
async def test_trouble_of_an_older_generation_is_not_noted(
    town: Town, world: World, error: Exception
):
    """A call that began before its member reconnected says nothing about what is there now."""
    old = await town.connect(world.ada)
    await Integration.filter(id=old.id).update(generation=old.generation + 1)
    before = await _row(old)
    await _fails(town, old, error)
    assert await _row(old) == before


@pytest.mark.parametrize("replaced", ["generation", "choice"])
async def test_what_was_heard_of_an_older_one(town: Town, world: World, replaced: str):
    """What was read of an older connection or choice says nothing about the one of now."""
    old = await town.connect(world.ada)
    await _fails(town, old, ProviderUnavailable())
    await Integration.filter(id=old.id).update(**{replaced: getattr(old, replaced) + 1})
    before, calendar = await _row(old), dict(await CalendarRow.get(integration_id=old.id))
    await _heard(town, old)
    await _heard(town, old, "home")
    assert await _row(old) == before
    assert dict(await CalendarRow.get(integration_id=old.id)) == calendar


async def test_an_older_failure_arrives_later(town: Town, world: World):
    """What was read after it began says more than it does."""
    integration = await town.connect(world.ada)

    async def late() -> None:
        async with trouble.reading(integration, clock=town.clock):
            town.clock.forward(5)
            await Integration.filter(id=integration.id).update(read_at=town.clock())
            raise ProviderUnavailable

    with pytest.raises(ProviderUnavailable):
        await late()
    assert (await Integration.get(id=integration.id)).unreadable_since is None


async def test_a_lost_grant_is_not_unreadable(town: Town, world: World):
    """It waits for its member, and an outage that is noticed later changes nothing about that."""
    integration = await town.connect(world.ada)
    await _fails(town, integration, ProviderUnavailable())
    await _fails(town, integration, AuthorizationExpired())
    lost = await _row(integration)
    assert (lost["state"], lost["reason"], lost["since"], lost["unreadable_since"]) == (
        IntegrationState.NEEDS_RECONNECT,
        "AuthorizationExpired",
        town.clock(),
        None,
    )
    town.clock.forward(60)
    await _fails(town, integration, ProviderUnavailable())
    await _fails(town, integration, AuthorizationExpired())
    assert await _row(integration) == lost


async def test_calendars_that_are_left_out_are_named(town: Town, world: World):
    """Each is unreadable since it was first left out; the connection is while one of them is."""
    town.sandbox.add_account(world.ada.email, calendars=("home", "work", "club"))
    integration = await town.connect(world.ada)
    await CalendarRow.filter(external_id__not="club").update(counts=True)
    began = town.clock()

    async def since() -> tuple[list[int | None], int | None]:
        rows = await CalendarRow.all().order_by("id")
        await integration.refresh_from_db()
        return [row.unreadable_since for row in rows], integration.unreadable_since

    await _heard(town, integration, "home", "club")
    assert await since() == ([began, None, None], began)
    town.clock.forward(60)
    await _heard(town, integration, "home", "work")
    assert await since() == ([began, began + 60, None], began)
    await _heard(town, integration, "work")
    assert await since() == ([None, began + 60, None], began)
    await _heard(town, integration)
    assert await since() == ([None, None, None], None)


async def test_an_older_reading_arrives_later(town: Town, world: World):
    """What it left out was read since, and is not noted any more."""
    integration = await town.connect(world.ada)
    began = town.clock()
    await Integration.filter(id=integration.id).update(read_at=began + 5)
    await trouble.heard(integration, unread=["home"], began=began, at=began + 9)
    assert (await Integration.get(id=integration.id)).unreadable_since is None
    assert (await CalendarRow.get(integration_id=integration.id)).unreadable_since is None


async def test_a_lost_grant_leaves_no_calendar_unread(town: Town, world: World):
    """It is the consent that is to be seen to, and no calendar of it."""
    integration = await town.connect(world.ada)
    await _heard(town, integration, "home")
    assert (await CalendarRow.get(integration_id=integration.id)).unreadable_since is not None
    await _fails(town, integration, AuthorizationExpired())
    assert (await CalendarRow.get(integration_id=integration.id)).unreadable_since is None
