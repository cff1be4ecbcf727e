"""A service that fails between the exchange and the connection costs nobody their consent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
import pytest

from tests.services.town import BASE_URL, DISTRIBUTION, Town, gate
from tests.world import World
from together.providers.registry import Registry
from together.services.connections.attempts import forget
from together.services.connections.completing import HELD
from together.services.connections.next_steps import NextStep
from together.services.outbox.delivery import claim
from together.services.refusals import (
    ConnectionRefusal,
    ConsentNotFound,
    NotAvailableHere,
    ProviderDown,
    StartedBySomebodyElse,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import Attempt, AttemptState, Integration, Job, JobKind, Member
from together.testing.memory import MemoryCalendar


@pytest.fixture
def town() -> Town:
    return Town()


def _falls(town: Town, at: str) -> Callable[[httpx.Request], Awaitable[None]]:
    async def fall(request: httpx.Request) -> None:
        town.sandbox.down = request.url.path == at

    return fall


async def _held(town: Town, member: Member, at: str = "/me") -> str:
    """Complete while everything behind the exchange is down, and give the handle."""
    handle = await town.handle(member)
    town.transport.before = _falls(town, at)
    refusal = await town.refused(ProviderDown, member, handle)
    assert isinstance(refusal, ConnectionRefusal)
    assert refusal.next_steps == (NextStep.TRY_LATER,)
    town.transport.before, town.sandbox.down = None, False
    return handle


async def _goes_back(town: Town) -> None:
    await town.grants.revoke(await Job.get(kind=JobKind.REVOKE_GRANT))
    assert town.sandbox.state["grants"] == {}


@pytest.mark.parametrize("at", ["/me", "/calendars"])
async def test_the_same_handle_connects(town: Town, world: World, at: str):
    """However often it fails, the code is exchanged once, and nothing is left to give back."""
    handle = await _held(town, world.ada, at)
    town.transport.before = _falls(town, at)
    await town.refused(ProviderDown, world.ada, handle)
    town.transport.before, town.sandbox.down = None, False
    assert await town.connecting.complete(Viewer.of(world.ada), handle)
    assert (town.refreshes(), await Job.all().count()) == (1, 0)
    with pytest.raises(ConsentNotFound):
        await town.connecting.complete(Viewer.of(world.ada), handle)


async def test_what_is_kept_meanwhile(town: Town, world: World):
    """The grant is sealed in the job that gives it back a minute after its handle is over."""
    await _held(town, world.ada)
    attempt, job = await Attempt.get(), await Job.get()
    [grant] = town.sandbox.state["grants"].values()
    kept = f"{attempt.code} {attempt.verifier} {job.sealed}"
    assert not [each for each in (grant["access"], *town.sandbox.state["grants"]) if each in kept]
    assert (attempt.state, attempt.verifier, job.kind, job.due_at) == (
        AttemptState.RETURNED,
        "",
        JobKind.REVOKE_GRANT,
        attempt.expires_at + HELD,
    )
    assert await claim(10) == []


async def test_a_handle_that_expires(town: Town, world: World):
    """The grant goes back by itself, and nothing of it stays in the attempt."""
    handle = await _held(town, world.ada)
    await Attempt.all().update(expires_at=1)
    await town.refused(ConsentNotFound, world.ada, handle)
    await forget(now=2)
    attempt = await Attempt.get()
    assert (attempt.state, attempt.code) == (AttemptState.ENDED, None)
    await _goes_back(town)
    await town.connects(world.ada)


async def test_a_handle_in_other_hands(town: Town, world: World):
    """It connects nobody, and the grant goes back."""
    handle = await _held(town, world.ada)
    await town.refused(StartedBySomebodyElse, world.ben, handle)
    await town.refused(ConsentNotFound, world.ada, handle)
    await _goes_back(town)


async def test_a_member_who_was_deactivated_meanwhile(town: Town, world: World):
    """What was held connects nothing for a membership of later, and goes back."""
    handle = await _held(town, world.ada)
    chiara = Viewer.of(world.chiara)
    await town.members.deactivate_member(chiara, world.ada.uid)
    await town.members.reactivate_member(chiara, world.ada.uid)
    await town.refused(ConsentNotFound, world.ada, handle)
    await _goes_back(town)


async def test_a_failure_that_comes_after_a_deactivation(town: Town, world: World):
    """A handle that is put back for a membership which has ended is of no use."""
    handle = await town.handle(world.ada)
    async with gate() as (arrived, go_on):

        async def hold(request: httpx.Request) -> None:
            if request.url.path == "/me":
                arrived.set()
                await go_on.wait()
                town.sandbox.down = True

        town.transport.before = hold
        call = asyncio.create_task(town.connecting.complete(Viewer.of(world.ada), handle))
        await arrived.wait()
        chiara = Viewer.of(world.chiara)
        await town.members.deactivate_member(chiara, world.ada.uid)
        await town.members.reactivate_member(chiara, world.ada.uid)
        go_on.set()
        with pytest.raises(ProviderDown):
            await call
    town.transport.before, town.sandbox.down = None, False
    await town.refused(ConsentNotFound, world.ada, handle)
    await _goes_back(town)


async def test_a_worker_that_is_giving_it_back(town: Town, world: World):
    """Nobody connects with a grant that is being revoked."""
    handle = await _held(town, world.ada)
    await Job.all().update(due_at=0)
    [job] = await claim(10)
    await town.refused(ConsentNotFound, world.ada, handle)
    await town.grants.revoke(job)
    assert town.sandbox.state["grants"] == {}
    await town.connects(world.ada)


async def test_what_another_attempt_holds(town: Town, world: World):
    """The name of a held grant opens in its own attempt alone."""
    await _held(town, world.ada)
    kept = (await Attempt.get()).code
    handle = await town.handle(world.ben)
    await Attempt.filter(member_id=world.ben.id).update(code=kept, verifier="")
    await town.refused(NotAvailableHere, world.ben, handle)


@pytest.mark.parametrize("at", ["/token", "/me", "/calendars"])
async def test_a_wait_that_outlasts_the_handle(town: Town, world: World, at: str):
    """Who is to wait longer than the handle lives starts again, and the grant goes back now."""
    handle = await town.handle(world.ada)

    async def throttle(request: httpx.Request) -> None:
        town.sandbox.throttled = 600 if request.url.path == at else None

    town.transport.before = throttle
    refusal = await town.refused(ProviderDown, world.ada, handle)
    assert isinstance(refusal, ProviderDown)
    assert refusal.retry_after is not None
    assert (refusal.retry_after.total_seconds(), refusal.next_steps) == (600, (NextStep.CONNECT,))
    assert "Start again" in refusal.message
    town.transport.before, town.sandbox.throttled = None, None
    await town.refused(ConsentNotFound, world.ada, handle)
    if at != "/token":
        [job] = await claim(10)
        await town.grants.revoke(job)
        assert town.sandbox.state["grants"] == {}
    await town.connects(world.ada)


async def test_a_service_that_takes_nothing_back(world: World):
    """There the copy is destroyed, and nothing is asked of the service."""
    provider = MemoryCalendar(BASE_URL)
    provider.oauth = replace(provider.oauth, revoke_url=None)
    town = Town(registry=Registry({"memory": provider}, {}, distributions={"memory": DISTRIBUTION}))
    await _held(town, world.ada)
    before = list(town.sandbox.requests)
    await town.grants.revoke(await Job.get())
    assert town.sandbox.requests == before


async def test_a_reconnection(town: Town, world: World):
    """What is held of an account that stands is not given back, and repairs it when it is used."""
    integration = await town.connect(world.ada)
    await Integration.all().update(state="NEEDS_RECONNECT", reason="AuthorizationExpired")
    handle = await town.handle(world.ada)
    town.transport.before = _falls(town, "/me")
    with pytest.raises(ProviderDown):
        await town.connecting.complete(Viewer.of(world.ada), handle)
    town.transport.before, town.sandbox.down = None, False
    await town.grants.revoke(await Job.get())
    assert "POST /revoke" not in town.sandbox.requests
    again = await town.connecting.complete(Viewer.of(world.ada), handle)
    assert (again.uid, again.state.value) == (integration.uid, "ACTIVE")
