"""Somebody whose calendar stands is offered what they can do, whatever a reconnection comes to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.town import BASE_URL, DISTRIBUTION, RETURN_TO, Town
from tests.world import World
from together.providers.errors import AdminApprovalRequired
from together.providers.registry import Registry
from together.services.connections.next_steps import NextStep
from together.services.refusals import (
    AccountWithoutCalendar,
    AlreadyConnected,
    ApprovalRequired,
    ConnectionRefusal,
    ConsentNotFound,
    ConsentWasDeclined,
    NotAvailableHere,
    ProviderDown,
    ProviderUnknown,
    ScopeMissing,
    WrongAccount,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import Integration, IntegrationState, Job
from together.testing.memory import MemoryCalendar

AGAIN = (NextStep.RECONNECT, NextStep.DISCONNECT)
OTHER = "ada@home.example.net"


@pytest.fixture
def town() -> Town:
    provider = MemoryCalendar(BASE_URL)
    provider.oauth = replace(provider.oauth, refusals={"ask_admin": AdminApprovalRequired})
    return Town(registry=Registry({"memory": provider}, {}, distributions={"memory": DISTRIBUTION}))


async def _lose(town: Town, world: World) -> Integration:
    integration = await town.connect(world.ada)
    await Integration.all().update(
        state=IntegrationState.NEEDS_RECONNECT, reason="AuthorizationExpired"
    )
    await integration.refresh_from_db()
    return integration


async def _refused(
    town: Town, world: World, kind: type[ConnectionRefusal], handle: str
) -> ConnectionRefusal:
    before = dict(await Integration.get())
    with pytest.raises(kind) as caught:
        await town.connecting.complete(Viewer.of(world.ada), handle)
    assert dict(await Integration.get()) == before
    return caught.value


@pytest.mark.parametrize(
    ("said", "kind", "steps"),
    [
        ("access_denied", ConsentWasDeclined, AGAIN),
        ("ask_admin", ApprovalRequired, (NextStep.ASK_ADMINISTRATOR, *AGAIN)),
        ("invalid_scope", NotAvailableHere, AGAIN),
        ("server_error", ProviderDown, AGAIN[:1]),
    ],
)
async def test_an_error_of_the_consent(
    town: Town,
    world: World,
    said: str,
    kind: type[ConnectionRefusal],
    steps: tuple[NextStep, ...],
):
    """The same account again or none; no other account, and no other service."""
    await _lose(town, world)
    town.sandbox.consent_error = said
    refusal = await _refused(town, world, kind, await town.handle(world.ada))
    assert refusal.next_steps == steps
    assert "sign in with a different account" not in refusal.message
    town.sandbox.consent_error = None
    await town.connects(world.ada)


@pytest.mark.parametrize("lacks", ["calendar", "scope", "nothing"])
async def test_another_account_is_told_first_that_it_is_another(
    town: Town, world: World, lacks: str
):
    """Whatever else it lacks, and before anything else is asked of it."""
    await _lose(town, world)
    town.sandbox.add_account(OTHER, calendars=() if lacks == "calendar" else ("home",))
    town.sandbox.unticked = frozenset({"freebusy"} if lacks == "scope" else ())
    handle = await town.handle(world.ada, account=OTHER)
    town.sandbox.requests.clear()
    refusal = await _refused(town, world, WrongAccount, handle)
    assert (refusal.next_steps, town.sandbox.requests) == (AGAIN, ["POST /token", "GET /me"])
    await town.grants.revoke(await Job.get(kind="REVOKE_GRANT"))
    assert [grant["email"] for grant in town.sandbox.state["grants"].values()] == [world.ada.email]
    town.sandbox.unticked = frozenset()
    await town.connects(world.ada)


async def test_another_account_that_somebody_holds(town: Town, world: World):
    """Its holder is told, as they are of a first connection."""
    await _lose(town, world)
    await town.connect(world.ben)
    handle = await town.handle(world.ada, account=world.ben.email)
    with pytest.raises(WrongAccount):
        await town.connecting.complete(Viewer.of(world.ada), handle)
    assert [job.kind.value for job in await Job.all()] == ["TELL_HOLDER"]


async def test_the_same_account_has_lost_its_calendar(town: Town, world: World):
    """It stays connected as it is, and another one comes after a disconnection."""
    await _lose(town, world)
    calendars = town.sandbox.state["accounts"][world.ada.email]["calendars"]
    kept = dict(calendars)
    calendars.clear()
    refusal = await _refused(town, world, AccountWithoutCalendar, await town.handle(world.ada))
    assert (refusal.next_steps, "disconnect first" in refusal.message) == (AGAIN, True)
    calendars.update(kept)
    await town.connects(world.ada)


async def test_allowing_more(town: Town, world: World):
    """Of a connection that works, consenting again is for what was left unticked."""
    town.sandbox.unticked = frozenset({"events"})
    await town.connect(world.ada)
    town.sandbox.unticked = frozenset({"events", "freebusy"})
    refusal = await _refused(town, world, ScopeMissing, await town.handle(world.ada))
    assert refusal.next_steps == (NextStep.ALLOW_MORE,)
    town.sandbox.consent_error = "access_denied"
    refusal = await _refused(town, world, ConsentWasDeclined, await town.handle(world.ada))
    assert refusal.next_steps == (NextStep.ALLOW_MORE, NextStep.DISCONNECT)


async def test_a_consent_that_is_over(town: Town, world: World):
    """One starts again with the same account."""
    await _lose(town, world)
    handle = await town.handle(world.ada)
    town.sandbox.state["codes"].clear()
    refusal = await _refused(town, world, ConsentNotFound, handle)
    assert refusal.next_steps == (NextStep.RECONNECT,)


async def test_a_service_that_is_gone_or_is_another_packages(town: Town, world: World):
    """There is nothing to reconnect with: the way on is to disconnect."""
    await _lose(town, world)
    provider = town.registry.calendars["memory"]
    for registry, kind in (
        (Registry({}, {}, distributions={}), ProviderUnknown),
        (Registry({"memory": provider}, {}, distributions={"memory": "x"}), AlreadyConnected),
    ):
        elsewhere = Town(clock=town.clock, sandbox=town.sandbox, registry=registry)
        with pytest.raises(kind) as caught:
            await elsewhere.connecting.start(Viewer.of(world.ada), "memory", return_to=RETURN_TO)
        assert caught.value.next_steps == (NextStep.DISCONNECT,)
    await town.connects(world.ada)
