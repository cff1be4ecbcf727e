"""What was taken away never comes back, and goes back to the service it came from."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.services.town import Stopping, Town, gate
from tests.world import HOUR, World
from together.providers.errors import (
    AuthorizationExpired,
)
from together.services.connections.renewing import Renewals
from together.services.refusals import ProviderDown, ScopeMissing
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Attempt,
    AuditEntry,
    BusyBlock,
    BusyReading,
    CalendarRow,
    Integration,
    Job,
    JobKind,
)


@pytest.fixture
def town() -> Town:
    return Town()


async def _whoami(town: Town, integration: Integration) -> str:
    async with town.grants.open(integration) as calendars:
        return (await calendars.whoami()).email


async def test_a_renewal_stopped_anywhere_brings_nothing_back(
    town: Town, world: World, monkeypatch: pytest.MonkeyPatch
):
    """Stopped at any await while its member disconnects, a renewal leaves no row behind."""
    renew, ada = Renewals._renew, Viewer.of(world.ada)
    stops = 0
    while True:
        await Attempt.all().delete()  # a member may not start this often
        integration = await town.connect(world.ada)
        town.clock.forward(2 * HOUR)
        stopping = Stopping(stops, lambda: town.connecting.disconnect(ada))
        monkeypatch.setattr(Renewals, "_renew", lambda *given, s=stopping: s.around(renew(*given)))
        try:
            await _whoami(town, integration)
        except AuthorizationExpired:
            assert stopping.stopped
        await stopping.end()
        if not stopping.stopped:
            break
        kept = [Integration, CalendarRow, BusyBlock, BusyReading]
        assert [await model.all().count() for model in kept] == [0, 0, 0, 0]
        stops += 1
    assert stops > 5
    assert await AuditEntry.filter(action="calendar.disconnected").count() == stops


async def test_a_token_that_comes_too_late_is_given_back(
    town: Town, world: World, monkeypatch: pytest.MonkeyPatch
):
    """A renewal that ends after the disconnection hands its new token to the revoker."""
    integration = await town.connect(world.ada)
    town.clock.forward(2 * HOUR)
    async with gate() as (arrived, go_on):

        async def hold(request: httpx.Request) -> None:
            if request.url.path == "/token":
                arrived.set()
                await go_on.wait()

        town.transport.before = hold
        call = asyncio.create_task(_whoami(town, integration))
        await arrived.wait()
        await town.connecting.disconnect(Viewer.of(world.ada))
        go_on.set()
        with pytest.raises(AuthorizationExpired):
            await call
    jobs = await Job.filter(kind=JobKind.REVOKE_GRANT).order_by("id")
    assert len(jobs) == 2
    for job in jobs:
        await town.grants.revoke(job)
    assert town.sandbox.state["grants"] == {}


async def test_an_account_connected_again_is_not_revoked(town: Town, world: World):
    """A revocation that comes late does not end the connection made since."""
    await town.connect(world.ada)
    await town.connecting.disconnect(Viewer.of(world.ada))
    ada = await type(world.ada).get(id=world.ada.id)
    again = await town.connect(ada)
    job = await Job.get(kind=JobKind.REVOKE_GRANT)
    await town.grants.revoke(job)
    assert await _whoami(town, again) == ada.email
    assert "POST /revoke" not in town.sandbox.requests


async def test_an_account_connected_in_another_organization_is_not_revoked(
    town: Town, world: World
):
    """One person's disconnection here does not end their connection there; the last one does."""
    here = await town.connect(world.ada, account="shared@home.example.net")
    there = await town.connect(world.mira, account="shared@home.example.net")
    await town.connecting.disconnect(Viewer.of(world.ada))
    await town.grants.revoke(await Job.get(organization_id=here.organization_id))
    assert "POST /revoke" not in town.sandbox.requests
    assert await _whoami(town, there) == "shared@home.example.net"
    await town.connecting.disconnect(Viewer.of(world.mira))
    await town.grants.revoke(await Job.get(organization_id=there.organization_id))
    assert town.sandbox.requests.count("POST /revoke") == 1


@pytest.mark.parametrize("fault", ["unticked", "down"])
async def test_what_is_not_kept_is_not_revoked_under_a_connection_elsewhere(
    town: Town, world: World, fault: str
):
    """A consent that fails here ends no connection of its account in another organization."""
    there = await town.connect(world.mira, account="shared@home.example.net")
    town.sandbox.unticked = frozenset({"freebusy"} if fault == "unticked" else ())
    handle = await town.handle(world.ada, account="shared@home.example.net")

    async def fall(request: httpx.Request) -> None:
        town.sandbox.down = request.url.path == "/me"

    if fault == "down":
        town.transport.before = fall
    await town.refused(ProviderDown if fault == "down" else ScopeMissing, world.ada, handle)
    town.transport.before, town.sandbox.down = None, False
    for job in await Job.filter(kind=JobKind.REVOKE_GRANT):
        await town.grants.revoke(job)
    assert "POST /revoke" not in town.sandbox.requests
    assert await _whoami(town, there) == "shared@home.example.net"
