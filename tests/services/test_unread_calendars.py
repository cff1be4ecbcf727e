"""Calendars that count and are not read, and accounts that have none: said, and mended."""

from __future__ import annotations

import pytest

from tests.services.calendars import WINDOW, Shelf, stored, told
from tests.services.town import Town
from tests.world import HOUR, NOW, World
from together.domain.integration import Standing
from together.domain.spans import Spans
from together.providers.values import Capability
from together.services.availability.busy import Known
from together.services.connections.choosing import LOOKED_FOR
from together.store.models import Integration


@pytest.fixture
def shelf(world: World) -> Shelf:
    return Shelf(Town(), world)


async def test_without_the_one_that_is_not_read(shelf: Shelf):
    """Counted no more, it is no reason any more, and the others are read at once."""
    await shelf.connect()
    shelf.town.sandbox.unreadable = {"work"}
    await shelf.choose("home", "work")
    assert await shelf.unread() == {"work": NOW}
    assert (await shelf.own()).standing is Standing.UNREADABLE_NOW
    await shelf.choose("home")
    own = await shelf.own()
    assert (own.standing, own.reason, await shelf.unread()) == (Standing.INTEGRATED, None, {})
    assert await shelf.known() == told("home")


async def test_all_are_listed_and_none_is_read(shelf: Shelf):
    """Where no other could be read instead, there is nothing to choose, and still a reason."""
    await shelf.connect("home", "work")
    await shelf.choose("home", "work")
    shelf.town.sandbox.unreadable = {"home", "work"}
    shelf.town.clock.forward(HOUR)
    assert await shelf.known() == Known(Spans(), Spans([WINDOW]), shelf.town.clock())
    assert await stored() == (1, [])
    own = await shelf.own()
    assert (own.standing, own.to_choose) == (Standing.UNREADABLE_NOW, None)
    assert own.reason is not None
    assert "refuses to let a calendar be read" in own.reason


async def test_connected_anew_nothing_is_unread(shelf: Shelf):
    """What a consent did not let us read says nothing about the one that replaces it."""
    await shelf.connect("home", "work")
    await shelf.choose("home", "work")
    shelf.town.sandbox.unreadable = {"work"}
    shelf.town.clock.forward(HOUR)
    await shelf.known()
    assert list(await shelf.unread()) == ["work"]
    before = (await shelf.integration()).generation
    await Integration.all().update(capabilities=Capability.FREE_BUSY.value)
    await shelf.town.connect(shelf.world.ada)
    assert (await shelf.integration()).generation > before
    own = await shelf.own()
    assert (own.standing, own.reason, await shelf.unread()) == (Standing.INTEGRATED, None, {})


async def test_an_account_without_a_calendar(shelf: Shelf):
    """It has a reason of its own and nothing to choose; within hours of its return all is well."""
    await shelf.connect("home", "work")
    await shelf.known()
    shelf.lose("home", "work")
    shelf.town.clock.forward(HOUR)
    await shelf.known()
    own = await shelf.own()
    assert (own.standing, own.to_choose) == (Standing.NOT_INTEGRATED, None)
    assert own.reason is not None
    assert own.reason.startswith("This account has no calendar any more")
    shelf.find("home", "work")
    assert await shelf.choosing.sweep() == 0
    shelf.town.clock.forward(LOOKED_FOR)
    assert [await shelf.choosing.sweep() for _ in range(2)] == [1, 0]
    own = await shelf.own()
    assert (own.standing, own.reason) == (Standing.INTEGRATED, None)
    assert await shelf.known() == told("home", at=shelf.town.clock())
