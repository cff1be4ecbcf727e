"""A sync comes to its end: whatever one event is like, however many there are, and if killed."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.lookout import KEY, Lookout
from tests.world import DAY, HOUR, NOW, World
from together.domain.spans import Span
from together.providers.errors import Misconfigured, Refused
from together.services.syncing import turns
from together.services.syncing.turns import LEASE
from together.store.clock import database_now
from together.store.models import (
    Booking,
    BookingState,
    CalendarEvent,
    CalendarSync,
    Integration,
    Job,
    JobKind,
)
from together.testing.memory import MemoryCalendars

OWN = Span.of(NOW + 2 * DAY, NOW + 2 * DAY + HOUR)


@pytest.fixture
async def lookout(world: World) -> Lookout:
    return Lookout(world)


async def _more(booking: Booking, event_id: str) -> CalendarEvent:
    """Have another session like this one, whose event is not there."""
    row = await Booking.create(
        organization_id=booking.organization_id, match_id=booking.match_id,
        booked_by_id=booking.booked_by_id, event_key=f"{event_id:0>32}",
        starts=booking.starts + DAY, ends=booking.ends + DAY, zone=booking.zone, created_at=NOW,
    )  # fmt: skip
    shape = await CalendarEvent.get(booking_id=booking.id)
    return await CalendarEvent.create(
        organization_id=row.organization_id, booking_id=row.id,
        integration_id=shape.integration_id, account_hash=shape.account_hash,
        calendar_id=shape.calendar_id, event_id=event_id, starts=row.starts, ends=row.ends,
    )  # fmt: skip


async def test_whoever_is_killed_leaves_the_hint(lookout: Lookout):
    """A calendar that somebody claimed for a hint, and died, is asked when the lease is over."""
    await lookout.connect()
    await CalendarSync.all().update(due_at=0)
    (claimed,) = await lookout.syncing.claim(10)
    sync = await lookout.sync()
    assert sync.leased_until == claimed.leased_until
    assert sync.due_at <= (sync.leased_until or 0)
    assert sync.due_at <= await database_now() + LEASE
    await lookout.syncing.sync(claimed)
    assert (await lookout.sync()).due_at > await database_now() + LEASE


async def test_a_hint_after_the_lease_is_kept(lookout: Lookout):
    """Whoever is so slow that its lease is over gives nothing back that a hint came for."""
    await lookout.connect()
    await CalendarSync.all().update(due_at=0)
    (claimed,) = await lookout.syncing.claim(10)
    past = await database_now() - 1
    await CalendarSync.all().update(due_at=past, leased_until=past)
    claimed.leased_until = past
    await lookout.syncing.sync(claimed)
    assert (await lookout.sync()).due_at == past


@pytest.mark.parametrize("error", [Refused, Misconfigured])
async def test_one_event_that_cannot_be_read(lookout: Lookout, monkeypatch, error):
    """It keeps no other from being taken over; if that may pass, it is looked at once more."""
    integration = await lookout.connect()
    booking = await lookout.booked(integration=integration)
    strange = await _more(booking, "strange")
    read = MemoryCalendars.read

    async def odd(self, event):
        if event.id == "strange":
            raise error
        return await read(self, event)

    monkeypatch.setattr(MemoryCalendars, "read", odd)
    lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
    lookout.town.sandbox.delete(KEY)
    lookout.town.sandbox.forget_changes()
    await lookout.run()
    await booking.refresh_from_db()
    sync = await lookout.sync()
    assert (booking.state, sync.reason, sync.attempts) == (BookingState.CANCELLED, None, 0)
    jobs = Job.filter(kind=JobKind.LOOK_AT_EVENT).values_list("booking_id", "integration_id")
    again = [(strange.booking_id, integration.id)] if error is Misconfigured else []
    assert await jobs == again
    lookout.town.sandbox.forget_changes()
    await lookout.run()
    assert await jobs == again


async def test_however_many_there_are(lookout: Lookout):
    """What takes long and goes on is not given up: only what stands still is."""
    integration = await lookout.connect()
    booking = await lookout.booked(integration=integration)
    for nth in range(6):
        await _more(booking, f"gone-{nth}")

    async def slow(request):
        if "/events/" in request.url.path:
            await asyncio.sleep(0.15)

    lookout.town.transport.before = slow
    lookout.town.sandbox.forget_changes()
    lookout.syncing = lookout.another(limit=0.5)
    await lookout.run()
    sync = await lookout.sync()
    assert (sync.attempts, sync.reason, sync.leased_until) == (0, None, None)


@pytest.mark.parametrize("hint", [False, True])
async def test_whoever_goes_on_keeps_its_place(lookout: Lookout, monkeypatch, hint: bool):
    """The lease of a calendar with many sessions is prolonged, and no hint is lost by it."""
    booking = await lookout.booked(integration=await lookout.connect())
    await _more(booking, "gone")
    lookout.town.sandbox.forget_changes()
    await lookout.town.sandbox.teller.told()
    await lookout.notices.finished()  # no hint but the one below
    await CalendarSync.all().update(due_at=0)
    (claimed,) = await lookout.syncing.claim(10)
    claimed.leased_until = soon = await database_now() + 100
    await CalendarSync.all().update(leased_until=soon, due_at=soon)
    seen: list[tuple[bool, bool]] = []

    async def look(request):
        if "/events/" in request.url.path:
            row = await lookout.sync()
            seen.append(((row.leased_until or 0) > soon, row.due_at == row.leased_until))
            if hint:
                await turns.hinted([row.id])

    monkeypatch.setattr(turns, "PROLONG", 0)
    lookout.town.transport.before = look
    await lookout.syncing.sync(claimed)
    assert seen == [(False, True), (True, not hint)]
    row = await lookout.sync()
    assert (row.leased_until, row.due_at <= await database_now() + 1) == (None, hint)


async def test_whoever_lost_its_place_goes_on_no_further(lookout: Lookout, monkeypatch):
    """A calendar that somebody else has claimed meanwhile is theirs from then on."""
    booking = await lookout.booked(integration=await lookout.connect())
    await _more(booking, "gone")
    lookout.town.sandbox.forget_changes()
    await CalendarSync.all().update(due_at=0)
    (claimed,) = await lookout.syncing.claim(10)
    await CalendarSync.all().update(leased_until=2**40)
    monkeypatch.setattr(turns, "PROLONG", 0)
    read = len(lookout.town.sandbox.requests)
    await lookout.syncing.sync(claimed)
    asked = lookout.town.sandbox.requests[read:]
    assert sum("/events/" in each for each in asked) == 1
    assert (await lookout.sync()).leased_until == 2**40


async def test_a_connection_that_came_back_is_asked_at_once(lookout: Lookout):
    """What changed while it rested is found now and not at the next turn, and once."""
    await lookout.connect()
    await CalendarSync.all().update(due_at=0)
    await lookout.syncing.run_once()
    far = await database_now() + DAY
    sync = await lookout.sync()
    await CalendarSync.all().update(due_at=far)
    await lookout.syncing.arrange()
    assert (await lookout.sync()).due_at == far
    await Integration.all().update(since=(sync.synced_at or 0) + 1)
    await lookout.syncing.arrange()
    assert (await lookout.sync()).due_at <= await database_now()
    await CalendarSync.all().update(due_at=far, attempts=1)
    await lookout.syncing.arrange()
    assert (await lookout.sync()).due_at == far
