"""Calendars are watched, renewed with an overlap, and unwatched with their connection."""

from __future__ import annotations

import pytest

from tests.services.lookout import Lookout
from tests.world import DAY, HOUR, NOW, World
from together.domain.spans import Span
from together.providers.errors import ProviderUnavailable
from together.services.syncing.watches import AGAIN, SOON
from together.store.models import CalendarSync, Integration, Watch
from together.testing.memory import MemoryCalendars

OWN = Span.of(NOW + 9 * DAY, NOW + 9 * DAY + HOUR)


@pytest.fixture
async def lookout(world: World) -> Lookout:
    return Lookout(world)


async def _renewable(lookout: Lookout) -> Watch:
    """Connect, and go to the moment at which its watch is to be renewed."""
    await lookout.connect()
    watch = await lookout.watch()
    lookout.town.clock.now = watch.renew_at
    return watch


async def test_a_watch_is_made_anew_before_it_ends(lookout: Lookout, monkeypatch):
    """Where it cannot be renewed, another one is known before the old one ends."""
    old = await _renewable(lookout)
    known: list[list[str]] = []
    unwatch = MemoryCalendars.unwatch

    async def told(calendars, watch):
        known.append([row.watch_id for row in await Watch.all().order_by("id")])
        await unwatch(calendars, watch)

    monkeypatch.setattr(MemoryCalendars, "unwatch", told)
    await lookout.run()
    new = await lookout.watch()
    assert known == [[old.watch_id, new.watch_id]]
    assert new.expires_at > old.expires_at
    assert list(lookout.town.sandbox.state["watches"]) == [new.watch_id]
    lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
    assert await lookout.heard() == 1


async def test_a_watch_is_renewed(lookout: Lookout):
    """Where it can be, it lives on with its id and its secret."""
    lookout.town.sandbox.renews = True
    old = await _renewable(lookout)
    await lookout.run()
    new = await lookout.watch()
    assert (new.id, new.watch_id, new.secret_hash) == (old.id, old.watch_id, old.secret_hash)
    assert new.expires_at == old.renew_at + (old.expires_at - NOW)
    lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
    assert await lookout.heard() == 1


async def test_one_that_is_over_is_made_anew(lookout: Lookout):
    """A watch that the service ended before its time is replaced, and what it missed is found."""
    lookout.town.sandbox.renews = True
    old = await _renewable(lookout)
    await lookout.read()
    lookout.town.sandbox.state["watches"].clear()
    lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
    await lookout.run()
    assert (await lookout.watch()).watch_id != old.watch_id
    assert await lookout.blocks() == [(OWN.starts, OWN.ends)]


async def test_one_that_ran_out_is_made_anew(lookout: Lookout):
    """A watch that nobody renewed in time is believed no more, and another one made."""
    old = await _renewable(lookout)
    lookout.town.clock.now = old.expires_at
    await lookout.run()
    assert (await lookout.watch()).watch_id != old.watch_id


async def test_a_refusal_is_heeded_for_a_day(lookout: Lookout):
    """A calendar that cannot be watched is asked for changes, and tried again the day after."""
    lookout.town.sandbox.refuses_watches = True
    integration = await lookout.connect()
    await lookout.run()
    await integration.refresh_from_db()
    asked = "POST /calendars/home/watches"
    assert (lookout.asked(asked), await Watch.all().count()) == (1, 0)
    assert ((await lookout.sync()).cursor is None, integration.watched_until) == (False, 0)
    lookout.town.clock.forward(AGAIN)
    lookout.town.sandbox.refuses_watches = False
    await lookout.run()
    assert (lookout.asked(asked), await Watch.all().count()) == (2, 1)


async def test_an_outage_is_not_a_refusal(lookout: Lookout, monkeypatch):
    """Where the service could only not answer, it is tried again in some minutes."""

    async def away(calendars, calendar_id, channel):
        raise ProviderUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(MemoryCalendars, "watch", away)
        await lookout.connect()
    assert await Watch.all().count() == 0
    lookout.town.clock.forward(SOON)
    await lookout.run()
    assert await Watch.all().count() == 1


async def test_disconnecting_ends_it(lookout: Lookout):
    """What a member disconnects is watched no more, there or here."""
    await lookout.connect()
    await lookout.town.connecting.disconnect(lookout.ada)
    assert lookout.town.sandbox.state["watches"] == {}
    assert (await CalendarSync.all().count(), await Watch.all().count()) == (0, 0)


async def test_disconnecting_does_not_wait_for_it(lookout: Lookout):
    """While the service is down the watch runs out by itself, and nothing of it is kept."""
    await lookout.connect()
    lookout.town.sandbox.down = True
    await lookout.town.connecting.disconnect(lookout.ada)
    assert (await CalendarSync.all().count(), await Watch.all().count()) == (0, 0)
    assert not await Integration.exists()


async def test_connected_anew_it_is_watched_anew(lookout: Lookout):
    """A watch of an older consent is ended, and another one made with the new one."""
    await lookout.connect()
    old = await lookout.watch()
    await Integration.all().update(generation=1)
    await lookout.run()
    new = await lookout.watch()
    assert (new.generation, new.watch_id == old.watch_id) == (1, False)
    assert list(lookout.town.sandbox.state["watches"]) == [new.watch_id]


async def test_two_workers_watch_once(lookout: Lookout):
    """Of two that look at the same time one claims the calendar, and one watch is made."""
    await lookout.town.connect(lookout.world.ada)
    other = lookout.another()
    await lookout.syncing.arrange()
    claims = [await lookout.syncing.claim(10), await other.claim(10)]
    assert [len(claim) for claim in claims] == [1, 0]
    await lookout.syncing.sync(claims[0][0])
    assert len(lookout.town.sandbox.state["watches"]) == 1
