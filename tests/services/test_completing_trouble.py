"""A service that fails while a connection is made; each time the member connects afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from tests.services.town import (
    BASE_URL,
    DISTRIBUTION,
    Town,
    gate,
)
from tests.world import World
from together.providers.registry import Registry
from together.providers.values import Secret
from together.services.refusals import (
    ConsentNotFound,
    NotAvailableHere,
    ProviderDown,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Attempt,
    Integration,
    IntegrationState,
)
from together.testing.memory import MemoryCalendar


@pytest.fixture
def town() -> Town:
    return Town()


async def test_a_service_that_is_down_at_the_exchange(town: Town, world: World):
    """Nothing is stored, and the same handle connects when the service is back."""
    handle = await town.handle(world.ada)
    town.sandbox.down = True
    await town.refused(ProviderDown, world.ada, handle)
    town.sandbox.down = False
    assert await town.connecting.complete(Viewer.of(world.ada), handle)


async def test_a_service_that_throttles(town: Town, world: World):
    """The member is told how long the service wants them to wait."""
    handle = await town.handle(world.ada)
    town.sandbox.throttled = 30
    refusal = await town.refused(ProviderDown, world.ada, handle)
    assert isinstance(refusal, ProviderDown)
    assert refusal.retry_after is not None
    assert refusal.retry_after.total_seconds() == 30
    town.sandbox.throttled = None
    assert await town.connecting.complete(Viewer.of(world.ada), handle)


async def test_a_service_that_does_not_answer(town: Town, world: World):
    """A time-out is a service that is down."""
    handle = await town.handle(world.ada)

    async def hang(request: httpx.Request) -> None:
        raise httpx.ReadTimeout(str(request.url), request=request)

    town.transport.before = hang
    refusal = await town.refused(ProviderDown, world.ada, handle)
    assert BASE_URL not in str(refusal)
    town.transport.before = None
    assert await town.connecting.complete(Viewer.of(world.ada), handle)


async def test_a_service_that_talks_nonsense(town: Town, world: World):
    """An answer nobody can read is the operator's trouble."""
    handle = await town.handle(world.ada)
    town.sandbox.nonsense = True
    await town.refused(NotAvailableHere, world.ada, handle)
    town.sandbox.nonsense = False
    await town.connects(world.ada)


async def test_our_own_credentials_are_wrong(
    town: Town, world: World, caplog: pytest.LogCaptureFixture
):
    """The member reads that it is not available here; the operator reads why, and no secret."""
    wrong = MemoryCalendar(BASE_URL)
    wrong.oauth = replace(wrong.oauth, client_secret=Secret("guessed-secret"))
    broken = Town(
        clock=town.clock,
        sandbox=town.sandbox,
        registry=Registry({"memory": wrong}, {}, distributions={"memory": DISTRIBUTION}),
    )
    await broken.refused(NotAvailableHere, world.ada, await broken.handle(world.ada))
    assert "code=invalid_client" in caplog.text
    assert "guessed-secret" not in caplog.text
    await town.connects(world.ada)


async def test_a_consent_taken_back_at_once(town: Town, world: World):
    """A token that is refused at birth has to be fetched anew."""
    handle = await town.handle(world.ada)

    async def take_back(request: httpx.Request) -> None:
        if request.url.path == "/me":
            town.sandbox.revoke(world.ada.email)

    town.transport.before = take_back
    await town.refused(ConsentNotFound, world.ada, handle)
    town.transport.before = None
    await town.connects(world.ada)


async def test_a_token_endpoint_that_moved(town: Town, world: World):
    """A code is not sent anywhere but where the consent was started for."""
    handle = await town.handle(world.ada)
    await Attempt.all().update(token_url="https://elsewhere.example.org/token")
    await town.refused(ConsentNotFound, world.ada, handle)
    assert town.sandbox.requests == []
    await town.connects(world.ada)


async def test_a_mutation_cancelled_half_way(town: Town, world: World):
    """A caller who leaves during the exchange finds the calendar connected."""
    handle = await town.handle(world.ada)
    async with gate() as (arrived, go_on):

        async def hold(request: httpx.Request) -> None:
            arrived.set()
            await go_on.wait()

        town.transport.before = hold
        call = asyncio.create_task(town.connecting.complete(Viewer.of(world.ada), handle))
        await arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    for _ in range(200):
        if await Integration.exists(member_id=world.ada.id):
            break
        await asyncio.sleep(0.01)
    assert (await Integration.get()).state is IntegrationState.ACTIVE
