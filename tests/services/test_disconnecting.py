"""Disconnecting takes everything of a calendar away at once, and says what stood in it."""

from __future__ import annotations

import pytest

from tests.services.town import Town
from tests.world import DAY, HOUR, World, session
from together.providers.errors import AuthorizationExpired
from together.services.refusals import NotConnected
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import (
    Attempt,
    AttemptState,
    AuditEntry,
    Booking,
    BusyBlock,
    BusyReading,
    CalendarEvent,
    CalendarRow,
    Integration,
    Job,
    JobKind,
    JobState,
    Member,
)
from together.store.vault import Vault


@pytest.fixture
def town() -> Town:
    return Town()


async def _holds(integration: Integration, booking: Booking) -> None:
    await CalendarEvent.create(
        organization_id=integration.organization_id,
        booking_id=booking.id,
        integration_id=integration.id,
        calendar_id="home",
    )


async def _job(integration: Integration, kind: JobKind, booking: Booking) -> Job:
    return await Job.create(
        organization_id=integration.organization_id,
        kind=kind,
        booking_id=booking.id,
        integration_id=integration.id,
        due_at=1,
        created_at=1,
    )


async def test_nothing_is_connected(town: Town, world: World):
    """Without a calendar there is nothing to disconnect; with one there is, once."""
    with pytest.raises(NotConnected):
        await town.connecting.disconnect(Viewer.of(world.ada))
    await town.connect(world.ada)
    assert await town.connecting.disconnect(Viewer.of(world.ada)) == []
    with pytest.raises(NotConnected):
        await town.connecting.disconnect(Viewer.of(world.ada))
    await town.connects(world.ada)


async def test_everything_of_it_is_gone(town: Town, world: World):
    """Tokens, calendars and busy times are deleted; another member's stay."""
    mine, theirs = await town.connect(world.ada), await town.connect(world.ben)
    for integration in (mine, theirs):
        span = {"integration_id": integration.id, "starts": 0, "ends": 60}
        organization = {"organization_id": integration.organization_id}
        await BusyReading.create(**organization, **span, read_at=1)
        await BusyBlock.create(**organization, **span)
    await town.connecting.disconnect(Viewer.of(world.ada))
    assert [row.id for row in await Integration.all()] == [theirs.id]
    for model in (CalendarRow, BusyBlock, BusyReading):
        assert [row.integration_id for row in await model.all()] == [theirs.id]
    with pytest.raises(AuthorizationExpired):
        async with town.grants.open(mine) as calendars:
            await calendars.whoami()


async def test_the_grant_goes_back_to_the_service(town: Town, world: World):
    """A sealed copy waits for the worker, which revokes it; doing it twice is no error."""
    await town.connect(world.ada)
    await town.connecting.disconnect(Viewer.of(world.ada))
    job = await Job.get()
    assert (job.kind, job.provider, job.integration_id) == (JobKind.REVOKE_GRANT, "memory", None)
    await town.grants.revoke(job)
    assert town.sandbox.state["grants"] == {}
    await town.grants.revoke(job)


async def test_a_copy_is_not_used_after_its_time(
    town: Town, world: World, monkeypatch: pytest.MonkeyPatch
):
    """Seven days after the disconnection nothing is sent any more."""
    await town.connect(world.ada)
    await town.connecting.disconnect(Viewer.of(world.ada))
    job, sent = await Job.get(), len(town.sandbox.requests)
    later = await database_now() + 8 * DAY

    async def in_eight_days() -> int:
        return later

    monkeypatch.setattr("together.services.connections.revoking.database_now", in_eight_days)
    await town.grants.revoke(job)
    assert len(town.sandbox.requests) == sent


async def test_sessions_ahead_are_named(town: Town, world: World):
    """Those that stand in the calendar and are not over are named by start, and stay."""
    integration = await town.connect(world.ada)
    now = town.clock()
    later = await session(world.match, world.ada, world.ben, starts=now + 2 * DAY)
    sooner = await session(world.match, world.ada, world.ben, starts=now + DAY)
    over = await session(world.match, world.ada, world.ben, starts=now - DAY)
    for booking in (later, sooner, over):
        await _holds(integration, booking)
    await session(world.other_match, world.ada, world.dev, starts=now + 3 * DAY)
    cancelled = await session(
        world.match, world.ada, world.ben, starts=now + 4 * DAY, state="CANCELLED"
    )
    await _holds(integration, cancelled)
    named = await town.connecting.disconnect(Viewer.of(world.ada))
    assert [booking.id for booking in named] == [sooner.id, later.id]
    assert await Booking.filter(state="CONFIRMED").count() == 4


async def test_what_was_to_be_written_is_not(town: Town, world: World):
    """Work for the calendar comes to its end, nothing done; that for another calendar goes on."""
    mine, theirs = await town.connect(world.ada), await town.connect(world.ben)
    booking = await session(world.match, world.ada, world.ben, starts=town.clock() + HOUR)
    for each in (mine, theirs):
        await _holds(each, booking)
        await _job(each, JobKind.WRITE_EVENT, booking)
    await town.connecting.disconnect(Viewer.of(world.ada))
    jobs = await Job.filter(kind=JobKind.WRITE_EVENT).order_by("id")
    assert [(job.state, job.reason) for job in jobs] == [
        (JobState.DONE, None),
        (JobState.WAITING, None),
    ]
    assert [row.integration_id for row in await CalendarEvent.all()] == [theirs.id]


async def test_what_is_under_way_is_stopped(town: Town, world: World):
    """The member's generation rises, and a consent under way is over."""
    await town.connect(world.ada)
    town.sandbox.unticked = frozenset({"events"})
    await Integration.all().update(capabilities=1)
    await town.started(world.ada)
    await town.connecting.disconnect(Viewer.of(world.ada))
    assert (await Member.get(id=world.ada.id)).generation == world.ada.generation + 1
    assert {row.state for row in await Attempt.all()} == {AttemptState.ENDED}


async def test_a_grant_that_does_not_open_is_disconnected_all_the_same(town: Town, world: World):
    """A lost key keeps nobody from disconnecting, and from connecting again."""
    await town.connect(world.ada)
    await Attempt.all().delete()
    lost = Town(
        clock=town.clock, sandbox=town.sandbox, vault=Vault({"k1": b"2" * 32}, current="k1")
    )
    assert await lost.connecting.disconnect(Viewer.of(world.ada)) == []
    assert await Job.all().count() == await Integration.all().count() == 0
    await town.connects(world.ada)


async def test_connecting_and_disconnecting_are_audited(town: Town, world: World):
    """Both are written down by id, and without an address."""
    await town.connect(world.ada)
    await town.connecting.disconnect(Viewer.of(world.ada))
    lines = await AuditEntry.all().order_by("id")
    assert [(line.actor_id, line.action, line.subject) for line in lines] == [
        (world.ada.id, "calendar.connected", f"member:{world.ada.id}"),
        (world.ada.id, "calendar.disconnected", f"member:{world.ada.id}"),
    ]
    standing, handed = '{"provider":"memory","state":"ACTIVE"}', '{"sessions_handed_over":0}'
    assert [(line.before, line.after) for line in lines] == [(None, standing), (standing, handed)]
