"""How connections stand: judged many at once for the table, and in full for their owners."""

from __future__ import annotations

import pytest

from tests.services.town import Town
from tests.world import DAY, World
from together.domain.integration import Standing
from together.providers.registry import Registry
from together.providers.values import Capability
from together.services.connections import integrations
from together.services.signing_in.viewer import Viewer
from together.store.models import CalendarRow, Integration, IntegrationState
from together.store.scope import Scope


@pytest.fixture
def town() -> Town:
    return Town()


async def test_many_members_in_one_statement(town: Town, world: World, statements: list[str]):
    """Connected, out of reach, lost and never connected are told apart at once."""
    people = [world.ada, world.ben, world.dev, world.hana, world.leo]
    for member in people[:4]:
        await town.connect(member)
    await Integration.filter(member_id=world.ben.id).update(unreadable_since=town.clock())
    await Integration.filter(member_id=world.dev.id).update(state=IntegrationState.NEEDS_RECONNECT)
    await CalendarRow.filter(integration__member_id=world.hana.id).update(counts=False)
    statements.clear()
    found = await integrations.standing_of(
        [member.id for member in people], scope=Scope(world.saltmarsh.id), now=town.clock()
    )
    assert found == {
        world.ada.id: Standing.INTEGRATED,
        world.ben.id: Standing.UNREADABLE_NOW,
        world.dev.id: Standing.NOT_INTEGRATED,
        world.hana.id: Standing.NOT_INTEGRATED,
        world.leo.id: Standing.NOT_INTEGRATED,
    }
    assert len(statements) == 1


async def test_members_of_another_organization_are_not_judged(town: Town, world: World):
    """Asked across the line, a connected member looks like one who is not."""
    await town.connect(world.mira)
    found = await integrations.standing_of(
        [world.mira.id], scope=Scope(world.saltmarsh.id), now=town.clock()
    )
    assert found == {world.mira.id: Standing.NOT_INTEGRATED}


async def _own(town: Town, world: World) -> integrations.Own | None:
    return await integrations.own(Viewer.of(world.ada), registry=town.registry, now=town.clock())


async def test_nothing_connected(town: Town, world: World):
    """A member without a connection has none to be shown."""
    assert await _own(town, world) is None


async def test_one_s_own_connection(town: Town, world: World):
    """Its owner sees what was granted, the calendars with the primary first, and what is next."""
    town.sandbox.add_account(world.ada.email, calendars=("home", "club"))
    await town.connect(world.ada)
    own = await _own(town, world)
    assert own is not None
    assert own.capabilities == Capability.FREE_BUSY | Capability.EVENTS
    assert [calendar.name for calendar in own.calendars] == ["Home", "Club"]
    assert (own.standing, own.available, own.can_write, own.can_reconnect) == (
        Standing.INTEGRATED,
        True,
        True,
        False,
    )


async def test_read_only(town: Town, world: World):
    """Without events nothing is written to it, and consenting again would gain something."""
    town.sandbox.unticked = frozenset({"events"})
    await town.connect(world.ada)
    own = await _own(town, world)
    assert own is not None
    assert (own.standing, own.can_write, own.can_reconnect) == (Standing.INTEGRATED, False, True)


async def test_unread_for_a_day(town: Town, world: World):
    """A connection that nothing was read of for 24 hours counts no longer, and loses nothing."""
    await town.connect(world.ada)
    town.clock.forward(DAY)
    own = await _own(town, world)
    assert own is not None
    assert (own.standing, own.integration.state) == (
        Standing.NOT_INTEGRATED,
        IntegrationState.ACTIVE,
    )


async def test_a_service_that_is_not_offered_any_more(town: Town, world: World):
    """Its owner still sees the connection, and that nothing can be done with it here."""
    await town.connect(world.ada)
    own = await integrations.own(Viewer.of(world.ada), registry=Registry({}, {}), now=town.clock())
    assert own is not None
    assert (own.available, own.can_reconnect) == (False, False)


@pytest.mark.parametrize("reason", ["AuthorizationExpired", "AdminApprovalRequired", "Other"])
def test_every_reason_has_words(reason: str):
    """Whatever was lost, its owner reads a sentence, and none of the service's."""
    words = integrations.reason_in_words(Integration(reason=reason))
    assert words is not None
    assert words.endswith(".")
    assert integrations.reason_in_words(Integration(reason=None)) is None
