"""What is left of somebody who leaves, when their calendar service does not play along."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.services.test_members import _chiara, _organized, town
from tests.services.town import Town, gate
from tests.world import HOUR, World
from together.providers.errors import AuthorizationExpired
from together.services.connections import revoking
from together.services.outbox.delivery import Delivery
from together.services.refusals import MemberDeactivated
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import Integration, Job, JobKind, JobState

__all__ = ["town"]


async def test_within_an_hour_a_leavers_grant_is_gone(
    town: Town, world: World, monkeypatch: pytest.MonkeyPatch
):
    """Although its service was down all the time, an hour later the copy opens nothing."""
    integration, _ = await _organized(town, world)
    await town.members.deactivate_member(_chiara(world), world.ada.uid)
    town.sandbox.down = True
    worker = Delivery(town.grants, town.registry, town.clock)

    async def rounds() -> Job:
        for _ in range(4):
            await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
            await worker.run_once()
        return await Job.get(kind=JobKind.REVOKE_GRANT)

    waiting = await rounds()
    assert (waiting.state, waiting.sealed is None) == (JobState.WAITING, False)

    async def in_an_hour() -> int:
        return await database_now() + HOUR

    monkeypatch.setattr(revoking, "database_now", in_an_hour)
    with pytest.raises(AuthorizationExpired):
        async with town.grants.left_behind(
            organization_id=world.saltmarsh.id, integration_id=integration.id
        ):
            pass
    gone = await rounds()
    assert (gone.state, gone.sealed) == (JobState.DONE, None)


async def test_who_disconnects_and_then_leaves(
    town: Town, world: World, monkeypatch: pytest.MonkeyPatch
):
    """The copy that may wait seven days for an outage is gone within the hour, once they leave."""
    await _organized(town, world)
    await town.connecting.disconnect(Viewer.of(world.ada))
    town.sandbox.down = True
    later = await database_now() + HOUR

    async def in_an_hour() -> int:
        return later

    monkeypatch.setattr(revoking, "database_now", in_an_hour)
    job = Job.filter(kind=JobKind.REVOKE_GRANT)
    for leaves in (False, True):
        if leaves:
            await town.members.deactivate_member(_chiara(world), world.ada.uid)
        await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
        await Delivery(town.grants, town.registry, town.clock).run_once()
        assert ((await job.get()).sealed is None) is leaves


@pytest.mark.parametrize("under_way", ["renewal", "consent"])
async def test_a_grant_that_arrives_after_its_member_has_left(
    town: Town, world: World, monkeypatch: pytest.MonkeyPatch, under_way: str
):
    """It is gone within an hour too, although the service that is to take it back is down."""
    if under_way == "renewal":
        integration = await town.connect(world.ada)
        town.clock.forward(2 * HOUR)
        work, waits_at, ends = _whoami(town, integration), "/token", AuthorizationExpired
    else:
        handle = await town.handle(world.ada)
        work = town.connecting.complete(Viewer.of(world.ada), handle)
        waits_at, ends = "/calendars", MemberDeactivated
    async with gate() as (arrived, go_on):

        async def hold(request: httpx.Request) -> None:
            if request.url.path == waits_at:
                arrived.set()
                await go_on.wait()

        town.transport.before = hold
        call = asyncio.create_task(work)
        await arrived.wait()
        await town.members.deactivate_member(_chiara(world), world.ada.uid)
        go_on.set()
        with pytest.raises(ends):
            await call
    copies = Job.filter(kind=JobKind.REVOKE_GRANT)
    assert await copies.count() == (2 if under_way == "renewal" else 1)
    now = await database_now()

    async def in_an_hour() -> int:
        return now + HOUR

    town.sandbox.down = True
    monkeypatch.setattr(revoking, "database_now", in_an_hour)
    await Delivery(town.grants, town.registry, town.clock).run_once()
    assert {(job.state, job.sealed) for job in await copies} == {(JobState.DONE, None)}


async def _whoami(town: Town, integration: Integration) -> str:
    async with town.grants.open(integration) as calendars:
        return (await calendars.whoami()).email
