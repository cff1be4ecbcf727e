"""A lost connection is repaired by its own account and by no other."""

from __future__ import annotations

import pytest

from tests.services.town import (
    Stopping,
    Town,
)
from tests.world import HOUR, World, session
from together.services.connections.completing import Completing
from together.services.refusals import (
    AlreadyConnected,
    ConsentNotFound,
    WrongAccount,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Attempt,
    CalendarEvent,
    CalendarRow,
    Integration,
    IntegrationState,
    Job,
    JobKind,
    JobState,
)


@pytest.fixture
def town() -> Town:
    return Town()


async def _lost(integration: Integration) -> None:
    await Integration.filter(id=integration.id).update(
        state=IntegrationState.NEEDS_RECONNECT, reason="AuthorizationExpired", reminded=1
    )


async def test_a_second_calendar(town: Town, world: World):
    """While one works, no other is connected; once it is disconnected, another is."""
    await town.connect(world.ada)
    with pytest.raises(AlreadyConnected):
        await town.started(world.ada)
    await town.connecting.disconnect(Viewer.of(world.ada))
    await town.connects(world.ada, account="ada@home.example.net")


async def test_reconnecting_the_same_account(town: Town, world: World):
    """It keeps its id and its member's choices, and needs nobody any more."""
    town.sandbox.add_account(world.ada.email, calendars=("home", "work", "club"))
    before = await town.connect(world.ada)
    calendars = CalendarRow.filter(integration_id=before.id)
    await calendars.filter(external_id="home").update(receives=False)
    await calendars.filter(external_id="work").update(counts=True, receives=True)
    kept = dict(await calendars.filter(external_id="work").get())
    await _lost(before)
    del town.sandbox.state["accounts"][world.ada.email]["calendars"]["club"]
    town.clock.forward(60)
    after = await town.connect(world.ada)
    assert (after.uid, after.state, after.reason, after.since, after.reminded) == (
        before.uid,
        IntegrationState.ACTIVE,
        None,
        town.clock(),
        0,
    )
    assert dict(await calendars.filter(external_id="work").get()) == kept
    assert [
        (c.external_id, c.counts, c.receives) for c in await calendars.order_by("external_id")
    ] == [("home", True, False), ("work", True, True)]


async def test_the_only_counting_calendar_is_gone(town: Town, world: World):
    """Reconnecting lets no calendar count that its member had not chosen; one of them receives."""
    town.sandbox.add_account(world.ada.email, calendars=("home", "work"))
    integration = await town.connect(world.ada)
    calendars = CalendarRow.filter(integration_id=integration.id)
    await calendars.filter(external_id="home").update(counts=False, receives=False)
    await calendars.filter(external_id="work").update(counts=True, receives=True)
    await _lost(integration)
    del town.sandbox.state["accounts"][world.ada.email]["calendars"]["work"]
    await town.connect(world.ada)
    assert [
        (c.external_id, c.counts, c.receives, c.missing_since is None)
        for c in await calendars.order_by("external_id")
    ] == [("home", False, True, True), ("work", False, False, False)]


async def test_reconnecting_a_wrong_account(town: Town, world: World):
    """Another account changes nothing of the connection, and the right one repairs it."""
    integration = await town.connect(world.ada)
    await _lost(integration)
    before = dict(await Integration.get(id=integration.id))
    handle = await town.handle(world.ada, account="ada@home.example.net")
    with pytest.raises(WrongAccount):
        await town.connecting.complete(Viewer.of(world.ada), handle)
    assert dict(await Integration.get(id=integration.id)) == before
    await town.connects(world.ada)


async def test_reconnecting_wakes_what_waited_for_it(town: Town, world: World):
    """Work parked for the lost grant is due again; work parked for another reason is not."""
    integration = await town.connect(world.ada)
    reasons = ("AuthorizationExpired", "Gone")
    for nth, reason in enumerate(reasons):
        booked = await session(
            world.match, world.ada, world.ben, starts=town.clock() + (nth + 5) * HOUR
        )
        await CalendarEvent.create(
            organization_id=world.saltmarsh.id,
            booking_id=booked.id,
            integration_id=integration.id,
            calendar_id="home",
        )
        await Job.create(
            organization_id=world.saltmarsh.id,
            kind=JobKind.WRITE_EVENT,
            state=JobState.PARKED,
            booking_id=booked.id,
            integration_id=integration.id,
            reason=reason,
            due_at=0,
            created_at=0,
        )
    await _lost(integration)
    await town.connect(world.ada)
    assert [(job.state, job.due_at > 0, job.reason) for job in await Job.all().order_by("id")] == [
        (JobState.WAITING, True, None),
        (JobState.PARKED, False, "Gone"),
    ]


async def test_a_completion_stopped_anywhere_brings_nothing_back(
    town: Town, world: World, monkeypatch: pytest.MonkeyPatch
):
    """Stopped at any await while its member disconnects, a reconnection leaves no row behind."""
    complete, ada = Completing.complete, Viewer.of(world.ada)
    stops = 0
    while True:
        await Attempt.all().delete()
        await _lost(await town.connect(world.ada))
        handle = await town.handle(world.ada)
        stopping = Stopping(stops, lambda: town.connecting.disconnect(ada))
        monkeypatch.setattr(
            Completing, "complete", lambda *given, s=stopping: s.around(complete(*given))
        )
        try:
            await town.connecting.complete(ada, handle)
        except (ConsentNotFound, AlreadyConnected):
            assert stopping.stopped
        await stopping.end()
        monkeypatch.setattr(Completing, "complete", complete)
        if not stopping.stopped:
            break
        assert await Integration.all().count() == await CalendarRow.all().count() == 0
        stops += 1
    assert stops > 5


async def test_a_deactivated_member_connects_nothing(town: Town, world: World):
    """A consent under way ends with the membership, and a new one begins with it."""
    handle = await town.handle(world.ada)
    chiara = Viewer.of(world.chiara)
    await town.members.deactivate_member(chiara, world.ada.uid)
    await town.refused(ConsentNotFound, world.ada, handle)
    await town.members.reactivate_member(chiara, world.ada.uid)
    await town.refused(ConsentNotFound, world.ada, handle)
    await town.connects(world.ada)
