"""Every way a consent can end; each one that fails is followed by one that connects."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.services.town import (
    BASE_URL,
    DISTRIBUTION,
    FleetingSandbox,
    Town,
)
from tests.world import World
from together.providers.errors import AdminApprovalRequired
from together.providers.registry import Registry
from together.providers.values import Capability
from together.services.connections.next_steps import NextStep
from together.services.refusals import (
    AccountTaken,
    AccountWithoutCalendar,
    ApprovalRequired,
    ConnectionRefusal,
    ConsentNotFound,
    ConsentWasDeclined,
    NotAvailableHere,
    ProviderDown,
    Refusal,
    ScopeMissing,
    StartedBySomebodyElse,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Attempt,
    Integration,
    Job,
    JobKind,
)
from together.testing.memory import MemoryCalendar

EVERYTHING = Capability.FREE_BUSY | Capability.EVENTS


@pytest.fixture
def town() -> Town:
    return Town()


async def test_a_declined_consent(town: Town, world: World):
    """Nothing is stored, and the member can try again."""
    town.sandbox.consent_error = "access_denied"
    await town.refused(ConsentWasDeclined, world.ada, await town.handle(world.ada))
    town.sandbox.consent_error = None
    await town.connects(world.ada)


async def test_an_account_whose_organization_must_approve(world: World):
    """The member is told that an administrator must approve, and can take another account."""
    provider = MemoryCalendar(BASE_URL)
    provider.oauth = replace(provider.oauth, refusals={"approval_required": AdminApprovalRequired})
    town = Town(registry=Registry({"memory": provider}, {}, distributions={"memory": DISTRIBUTION}))
    town.sandbox.consent_error = "approval_required"
    await town.refused(ApprovalRequired, world.ada, await town.handle(world.ada))
    town.sandbox.consent_error = None
    await town.connects(world.ada, account="ada@home.example.net")


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("server_error", ProviderDown),
        ("temporarily_unavailable", ProviderDown),
        ("invalid_client", NotAvailableHere),
        ("<script>", NotAvailableHere),
        ("x" * 5000, NotAvailableHere),
    ],
)
async def test_other_errors_of_a_consent(
    town: Town, world: World, said: str, outcome: type[Refusal]
):
    """What passes is told apart from what the operator must mend, and none of it is repeated."""
    town.sandbox.consent_error = said
    handle = await town.handle(world.ada)
    refusal = await town.refused(outcome, world.ada, handle)
    assert said not in str(refusal)
    await town.refused(ConsentNotFound, world.ada, handle)
    assert isinstance(refusal, ConnectionRefusal)
    # There is no code, so the same handle is of no use.
    assert NextStep.TRY_LATER not in refusal.next_steps
    town.sandbox.consent_error = None
    await town.connects(world.ada)


@pytest.mark.parametrize("who", ["ben", "mira"])
async def test_a_consent_finished_by_somebody_else(town: Town, world: World, who: str):
    """Ada starts and somebody else consents: nothing is exchanged, and neither is connected."""
    stranger = getattr(world, who)
    handle = await town.handle(world.ada, account=stranger.email)
    with pytest.raises(StartedBySomebodyElse):
        await town.connecting.complete(Viewer.of(stranger), handle)
    with pytest.raises(ConsentNotFound):
        await town.connecting.complete(Viewer.of(world.ada), handle)
    assert town.sandbox.requests == []
    assert await Integration.all().count() == 0
    assert (await Attempt.get()).code is None
    await town.connects(stranger)
    await town.connects(world.ada)


@pytest.mark.parametrize("handle", ["", "x" * 43, "x" * 5000, "Zürich"])
async def test_an_unknown_handle(town: Town, world: World, handle: str):
    """A handle that is not one of ours is unknown."""
    await town.refused(ConsentNotFound, world.ada, handle)
    await town.connects(world.ada)


async def test_an_expired_handle(town: Town, world: World):
    """After five minutes a handle is over, and its code stays where it is."""
    handle = await town.handle(world.ada)
    await Attempt.all().update(expires_at=1)
    await town.refused(ConsentNotFound, world.ada, handle)
    assert town.sandbox.requests == []
    await town.connects(world.ada)


async def test_a_handle_works_once(town: Town, world: World):
    """Of two that complete at once one connects, and the code is exchanged once."""
    handle = await town.handle(world.ada)
    ada = Viewer.of(world.ada)
    done = await asyncio.gather(
        *(town.connecting.complete(ada, handle) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) == ["ConsentNotFound", "Integration"]
    assert town.refreshes() == 1


async def test_a_code_that_was_used(town: Town, world: World):
    """A code the service does not know any more has to be fetched anew."""
    handle = await town.handle(world.ada)
    town.sandbox.state["codes"].clear()
    await town.refused(ConsentNotFound, world.ada, handle)
    await town.connects(world.ada)


async def test_free_and_busy_left_unticked(town: Town, world: World):
    """Without reading nothing is connected, and the grant goes back to the service."""
    town.sandbox.unticked = frozenset({"freebusy"})
    await town.refused(ScopeMissing, world.ada, await town.handle(world.ada))
    await town.grants.revoke(await Job.get(kind=JobKind.REVOKE_GRANT))
    assert town.sandbox.state["grants"] == {}
    town.sandbox.unticked = frozenset()
    await town.connects(world.ada)


@pytest.mark.parametrize("again", [False, True])
async def test_a_consent_that_does_not_last(world: World, again: bool):
    """Without a refresh token nothing is connected or replaced, and the grant goes back."""
    town = Town(sandbox=FleetingSandbox())
    town.sandbox.fleeting = False
    if again:
        await town.connects(world.ada)
        await Integration.all().update(state="NEEDS_RECONNECT")
    before = await Integration.all().values()
    town.sandbox.fleeting = True
    handle = await town.handle(world.ada)
    with pytest.raises(ScopeMissing) as caught:
        await town.connecting.complete(Viewer.of(world.ada), handle)
    assert "longer than an hour" in caught.value.message
    assert await Integration.all().values() == before
    if not again:  # else giving it back would end the connection which stands
        await town.grants.revoke(await Job.get(kind=JobKind.REVOKE_GRANT))
        assert town.sandbox.requests.count("POST /revoke") == 1
    town.sandbox.fleeting = False
    await town.connects(world.ada)


async def test_a_service_whose_consents_never_last(world: World):
    """A provider that declares so is taken at its word."""
    provider = MemoryCalendar(BASE_URL)
    provider.oauth = replace(provider.oauth, lasting=False)
    registry = Registry({"memory": provider}, {}, distributions={"memory": DISTRIBUTION})
    await Town(sandbox=FleetingSandbox(), registry=registry).connects(world.ada)


async def test_events_left_unticked(town: Town, world: World):
    """Reading without writing connects read only, and consenting again adds the writing."""
    town.sandbox.unticked = frozenset({"events"})
    first = await town.connect(world.ada)
    town.sandbox.unticked = frozenset()
    second = await town.connect(world.ada)
    assert Capability(first.capabilities) is Capability.FREE_BUSY
    assert Capability(second.capabilities) == EVERYTHING
    assert (second.uid, second.generation) == (first.uid, first.generation + 1)


async def test_an_account_without_a_calendar(town: Town, world: World):
    """It is refused, its grant goes back, and another account connects."""
    town.sandbox.add_account("ada@post.example.net", calendars=())
    handle = await town.handle(world.ada, account="ada@post.example.net")
    await town.refused(AccountWithoutCalendar, world.ada, handle)
    await town.grants.revoke(await Job.get(kind=JobKind.REVOKE_GRANT))
    assert town.sandbox.state["grants"] == {}
    await town.connects(world.ada)


async def test_an_account_that_another_member_holds(town: Town, world: World):
    """It is refused without a word about whose it is, and the holder's connection goes on."""
    held = await town.connect(world.ben)
    handle = await town.handle(world.ada, account=world.ben.email)
    refusal = await town.refused(AccountTaken, world.ada, handle)
    assert world.ben.name not in str(refusal)
    assert not await Job.exists(kind="REVOKE_GRANT")
    async with town.grants.open(held) as calendars:
        assert (await calendars.whoami()).email == world.ben.email
    await town.connects(world.ada)


async def test_two_members_race_for_one_account(town: Town, world: World):
    """Of two who complete with one account at once one gets it, and it still works."""
    handles = [
        await town.handle(member, account="desk@saltmarsh.example.org")
        for member in (world.ada, world.ben)
    ]
    done = await asyncio.gather(
        *(
            town.connecting.complete(Viewer.of(member), handle)
            for member, handle in zip((world.ada, world.ben), handles, strict=True)
        ),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in done) == ["AccountTaken", "Integration"]


async def test_an_account_may_be_connected_in_two_organizations(town: Town, world: World):
    """One account serves its person at Saltmarsh and at Northlight."""
    await town.connects(world.ada, account="shared@home.example.net")
    await town.connects(world.mira, account="shared@home.example.net")
