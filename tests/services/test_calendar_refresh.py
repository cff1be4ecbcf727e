"""The list of calendars is asked for by its member, and once a day by the worker."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.services.calendars import Shelf
from tests.services.town import Town
from tests.world import MINUTE, World
from together.services.connections import choosing
from together.services.connections.choosing import ASKED_EVERY, LISTED
from together.services.refusals import (
    NeedsReconnect,
    NotAvailableHere,
    NotConnected,
    ProviderDown,
    TooManyAttempts,
)
from together.store.models import CalendarRow, Integration, IntegrationState


@pytest.fixture
def shelf(world: World) -> Shelf:
    return Shelf(Town(), world)


async def test_refused_and_mended(shelf: Shelf):
    """Each way in which it can fail is said, changes nothing, and is over when its reason is."""

    async def fails(kind: type[Exception]) -> Any:
        before = await CalendarRow.all().order_by("id").values()
        with pytest.raises(kind) as caught:
            await shelf.refresh()
        assert await CalendarRow.all().order_by("id").values() == before
        return caught.value

    sandbox = shelf.town.sandbox
    await fails(NotConnected)
    await shelf.connect()
    sandbox.add_calendar(shelf.world.ada.email, "other")
    sandbox.down = True
    assert (await fails(ProviderDown)).retry_after is None
    sandbox.down, sandbox.throttled = False, 90
    assert (await fails(ProviderDown)).retry_after == timedelta(seconds=90)
    shelf.town.clock.forward(90)
    sandbox.throttled, sandbox.nonsense = None, True
    await fails(NotAvailableHere)
    sandbox.nonsense = False
    assert (await shelf.integration()).unreadable_since is None
    await shelf.refresh()
    assert "other" in await shelf.rows()
    sandbox.revoke(shelf.world.ada.email)
    await fails(NeedsReconnect)
    sent = list(sandbox.requests)
    await fails(NeedsReconnect)
    assert sandbox.requests == sent
    assert (await shelf.own()).integration.state is IntegrationState.NEEDS_RECONNECT
    await shelf.town.connect(shelf.world.ada)
    await shelf.refresh()


async def test_once_a_day(shelf: Shelf):
    """The worker asks for a list that nobody asked for in a day, and not again for another."""
    await shelf.connect()
    shelf.lose("club")
    assert await shelf.choosing.sweep() == 0
    shelf.town.clock.forward(LISTED)
    assert [await shelf.choosing.sweep() for _ in range(2)] == [1, 0]
    assert list(await shelf.rows()) == ["home", "work"]
    shelf.town.clock.forward(LISTED - MINUTE)
    await shelf.refresh()
    shelf.town.clock.forward(MINUTE)
    assert await shelf.choosing.sweep() == 0


async def test_the_worker_s_turns(shelf: Shelf, world: World, monkeypatch: pytest.MonkeyPatch):
    """A round asks for so many lists, for none twice, and a broken one holds up no other."""
    monkeypatch.setattr(choosing, "LISTS", 2)
    await shelf.connect()
    for person in (world.ben, world.dev, world.elin):
        await shelf.town.connect(person)
    await Integration.filter(member_id=world.ben.id).update(access_token=None)
    await Integration.filter(member_id=world.dev.id).update(state=IntegrationState.NEEDS_RECONNECT)
    shelf.town.clock.forward(LISTED)
    assert [await shelf.choosing.sweep() for _ in range(3)] == [1, 1, 0]
    assert shelf.town.sandbox.requests.count("GET /calendars") == 4 + 2


async def test_rounds_at_once(shelf: Shelf):
    """However many processes make a round at the same time, one of them asks."""
    await shelf.connect()
    shelf.town.clock.forward(LISTED)
    assert sorted(await asyncio.gather(*(shelf.choosing.sweep() for _ in range(3)))) == [0, 0, 1]
    assert shelf.town.sandbox.requests.count("GET /calendars") == 2


async def test_once_a_minute(shelf: Shelf):
    """However often and however many at once, a member has the list asked for once a minute.

    It was asked for when the calendar was connected, too.
    """

    async def asked(many: int) -> list[Any]:
        asking = (shelf.choosing.refresh(shelf.ada) for _ in range(many))
        said = await asyncio.gather(*asking, return_exceptions=True)
        return sorted(type(each).__name__ for each in said if each is not None)

    await shelf.connect()
    listings = shelf.town.sandbox.requests.count("GET /calendars")
    assert await asked(3) == ["TooManyAttempts"] * 3
    shelf.town.clock.forward(ASKED_EVERY)
    assert await asked(60) == ["TooManyAttempts"] * 59
    assert shelf.town.sandbox.requests.count("GET /calendars") == listings + 1
    shelf.town.clock.forward(ASKED_EVERY - 1)
    with pytest.raises(TooManyAttempts, match=r"asked for a moment ago\. Try again in a minute"):
        await shelf.choosing.refresh(shelf.ada)
    shelf.town.clock.forward(1)
    assert await asked(1) == []
