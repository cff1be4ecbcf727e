"""What becomes of a sync when something goes wrong, or ends, while it is under way."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.lookout import KEY, Lookout
from tests.services.town import Stopping, gate
from tests.world import DAY, HOUR, NOW, World
from together.domain.spans import Span
from together.services.signing_in.viewer import Viewer
from together.services.syncing import changes
from together.store.clock import database_now
from together.store.models import (
    Attempt,
    Booking,
    BusyBlock,
    BusyReading,
    CalendarSync,
    Integration,
    IntegrationState,
    Watch,
)
from together.testing.memory import MemoryCalendars

OWN = Span.of(NOW + 2 * DAY, NOW + 2 * DAY + HOUR)
CHANGES = "GET /calendars/home/changes"


@pytest.fixture
async def lookout(world: World) -> Lookout:
    return Lookout(world)


async def _waits(lookout: Lookout) -> int:
    """Say in how many seconds Ada's calendar has its turn again."""
    return (await lookout.sync()).due_at - await database_now()


async def test_an_outage_loses_nothing(lookout: Lookout):
    """While the service is down nothing is stored and nobody asked; then all of it is found."""
    integration = await lookout.connect()
    await lookout.read()
    cursor = (await lookout.sync()).cursor
    lookout.town.sandbox.down = True
    lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
    for nth in range(3):
        await lookout.run()
        sync = await lookout.sync()
        assert (sync.cursor, sync.attempts, sync.reason) == (
            cursor,
            nth + 1,
            "ProviderUnavailable",
        )
        assert 0 < await _waits(lookout) <= 15 * 60
    await integration.refresh_from_db()
    assert (integration.state, integration.watched_until) == (IntegrationState.ACTIVE, 0)
    lookout.town.sandbox.down = False
    await lookout.run()
    await integration.refresh_from_db()
    sync = await lookout.sync()
    assert (sync.attempts, sync.reason, sync.cursor == cursor) == (0, None, False)
    assert integration.watched_until > NOW
    assert await lookout.blocks() == [(OWN.starts, OWN.ends)]


async def test_a_pause_is_heeded(lookout: Lookout):
    """A service that asks for a pause is not asked before it is over, whatever it tells."""
    await lookout.connect()
    lookout.town.sandbox.throttled = 600
    await lookout.run()
    assert await _waits(lookout) > 590
    lookout.town.sandbox.throttled = None
    lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
    assert await lookout.heard() == 0


async def test_a_service_that_hangs_is_given_up(lookout: Lookout):
    """A sync that takes too long ends, and is tried again."""
    await lookout.connect()
    async with gate() as (arrived, go_on):

        async def hang(request):
            arrived.set()
            await go_on.wait()

        lookout.town.transport.before = hang
        lookout.syncing = lookout.another(limit=0.05)
        await lookout.run()
        assert arrived.is_set()
    sync = await lookout.sync()
    assert (sync.attempts, sync.reason, sync.leased_until) == (1, "ProviderUnavailable", None)


async def test_a_lost_consent_asks_its_member(lookout: Lookout):
    """A grant that was revoked is found out, and its calendar is asked no more."""
    integration = await lookout.connect()
    lookout.town.sandbox.revoke(lookout.world.ada.email)
    await lookout.run()
    await integration.refresh_from_db()
    assert integration.state is IntegrationState.NEEDS_RECONNECT
    asked = lookout.asked(CHANGES)
    assert await lookout.run() == 0
    assert lookout.asked(CHANGES) == asked


async def test_a_calendar_that_vanished_is_let_go(lookout: Lookout):
    """A calendar the service knows no more is looked for in its list, and let go."""
    await lookout.connect()
    lookout.town.clock.forward(DAY)
    lookout.town.sandbox.take_calendar(lookout.world.ada.email, "home")
    await lookout.run()
    assert (await lookout.sync()).reason == "Gone"
    assert await lookout.syncing.tidy() == 1
    assert await CalendarSync.all().count() == 0


async def test_a_plugin_that_breaks_stops_no_other(lookout: Lookout, monkeypatch):
    """What a plugin raises by mistake ends its own sync and is the operator's to read of."""
    await lookout.connect()
    await lookout.connect(lookout.world.ben)

    async def broken(self, calendar_id, cursor):
        raise LookupError("a title")

    with monkeypatch.context() as patch:
        patch.setattr(MemoryCalendars, "changes", broken)
        assert await lookout.run() == 2
    reasons = await CalendarSync.all().values_list("reason", flat=True)
    assert set(reasons) == {"Misconfigured"}


async def test_two_workers_sync_once(lookout: Lookout):
    """Of any number that look at once, one syncs; one that died is followed by another."""
    await lookout.connect()
    await CalendarSync.all().update(due_at=0)
    asked = lookout.asked(CHANGES)
    workers = [lookout.another() for _ in range(4)]
    assert sum(await asyncio.gather(*(each.run_once() for each in workers))) == 1
    assert lookout.asked(CHANGES) == asked + 1
    await CalendarSync.all().update(due_at=0)
    (dead,) = await workers[0].claim(10)
    assert await workers[1].run_once() == 0
    past = await database_now() - 1
    await CalendarSync.all().update(due_at=0, leased_until=past)
    assert await workers[1].run_once() == 1
    before = await CalendarSync.all().values()
    await workers[0].sync(dead)  # it was only slow: what it brings is thrown away
    assert await CalendarSync.all().values() == before


async def test_killed_before_the_cursor_it_is_done_again(lookout: Lookout, monkeypatch):
    """Cut off after a session was moved and before that is noted, it moves once."""
    booking = await lookout.booked(integration=await lookout.connect())
    await lookout.run()
    later = Span.of(booking.starts + 2 * HOUR, booking.ends + 2 * HOUR)
    lookout.town.sandbox.move(KEY, later)

    async def killed(self, *given):
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(changes.Syncing, "_keep", killed)
        await CalendarSync.all().update(due_at=0)
        (claimed,) = await lookout.syncing.claim(10)
        with pytest.raises(asyncio.CancelledError):
            await lookout.syncing.sync(claimed)
    await booking.refresh_from_db()
    moved = dict(booking)
    assert moved["starts"] == later.starts
    await CalendarSync.all().update(leased_until=None)
    assert await lookout.run() == 1
    await booking.refresh_from_db()
    assert dict(booking) == moved


async def test_stopped_anywhere_it_brings_nothing_back(lookout: Lookout, monkeypatch):
    """Stopped at any await while its member disconnects, a sync leaves nothing behind."""
    synced, stops = changes.Syncing._synced, 0
    while True:
        await Attempt.all().delete()  # nobody may start this often
        await lookout.town.connect(lookout.world.ada)
        await lookout.read()
        await lookout.syncing.arrange()
        await CalendarSync.all().update(due_at=0)
        (claimed,) = await lookout.syncing.claim(10)
        lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
        stopping = Stopping(stops, lambda: lookout.town.connecting.disconnect(lookout.ada))
        with monkeypatch.context() as patch:
            patch.setattr(
                changes.Syncing, "_synced", lambda *given, s=stopping: s.around(synced(*given))
            )
            await lookout.syncing.sync(claimed)
        await stopping.end()
        if not stopping.stopped:
            break
        left = [await model.all().count() for model in _ALL]
        assert left == [0] * len(_ALL), stops
        stops += 1
    assert stops > 10


_ALL = (Integration, CalendarSync, Watch, BusyReading, BusyBlock)


async def test_a_session_is_not_moved_after_disconnecting(lookout: Lookout, monkeypatch):
    """What was read through a connection that is over by then says nothing of a session."""
    booking = await lookout.booked(integration=await lookout.connect())
    await lookout.run()
    lookout.town.sandbox.move(KEY, Span.of(booking.starts + HOUR, booking.ends + HOUR))

    async def meanwhile(request):
        if request.url.path.endswith(KEY):
            lookout.town.transport.before = None
            await Integration.all().update(generation=7)

    lookout.town.transport.before = meanwhile
    cursor = (await lookout.sync()).cursor
    await lookout.heard()
    after, sync = await Booking.get(id=booking.id), await lookout.sync()
    assert (after.starts, after.ends) == (booking.starts, booking.ends)
    assert (sync.cursor, sync.leased_until) == (cursor, None)
    await lookout.run()
    assert (await Booking.get(id=booking.id)).starts == booking.starts + HOUR


async def test_without_reading_events_busy_times_follow(lookout: Lookout):
    """Where a consent lets us read busy times alone, they are read again when something changes."""
    lookout.town.sandbox.unticked = frozenset({"events"})
    await lookout.connect()
    await lookout.read()
    lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
    assert await lookout.heard() == 1
    assert await lookout.blocks() == [(OWN.starts, OWN.ends)]


async def test_a_member_who_leaves_is_synced_no_more(lookout: Lookout):
    """Deactivating a member takes their calendars out of the queue at once."""
    await lookout.connect()
    await lookout.town.members.deactivate_member(
        Viewer.of(lookout.world.chiara), lookout.world.ada.uid
    )
    assert [await model.all().count() for model in _ALL] == [0] * len(_ALL)
    assert await lookout.run() == 0


async def test_a_suspended_connection_rests(lookout: Lookout):
    """While the organization looks after calendars, a member's own is not asked."""
    await lookout.connect()
    asked = lookout.asked(CHANGES)
    await Integration.all().update(state=IntegrationState.SUSPENDED)
    assert await lookout.run() == 0
    assert lookout.asked(CHANGES) == asked
