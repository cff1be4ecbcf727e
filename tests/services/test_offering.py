"""What members are offered is for administrators to say, and holds at every step of a consent."""

from __future__ import annotations

import pytest

from tests.services.town import RETURN_TO, Town
from tests.world import World
from together.services.connections.integrations import own
from together.services.connections.offering import Offer, Offering, offered
from together.services.people.todos import TodoKind, Todos
from together.services.refusals import (
    Forbidden,
    InvalidInput,
    ManagedByOrganization,
    ProviderUnknown,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    AuditEntry,
    Integration,
    IntegrationState,
    Job,
    JobKind,
    Member,
    OrganizationIntegration,
    Role,
)


@pytest.fixture
def town() -> Town:
    return Town()


def _offering(town: Town) -> Offering:
    return Offering(registry=town.registry, clock=town.clock)


async def test_without_a_choice_everything_is_offered(town: Town, world: World):
    """Every service installed is offered until an administrator says otherwise."""
    assert await offered(world.saltmarsh.id) == Offer()
    assert Offer().of(["outlook", "google"]) == ["google", "outlook"]
    assert Offer(("outlook",)).of(["outlook", "google"]) == ["outlook"]
    assert Offer(("outlook",), hidden=True).of(["outlook", "google"]) == []


async def test_who_may_say_it(town: Town, world: World):
    """Administrators may, those of integrations too, and members may not; it is audited."""
    for role in (Role.ORG_ADMIN, Role.IT_ADMIN):
        await Member.filter(id=world.leo.id).update(role=role)
        await world.leo.refresh_from_db()
        await _offering(town).limit(Viewer.of(world.leo), providers=["memory"], hidden=False)
    with pytest.raises(Forbidden):
        await _offering(town).limit(Viewer.of(world.ada), providers=None, hidden=True)
    assert await offered(world.saltmarsh.id) == Offer(("memory",))
    assert await offered(world.northlight.id) == Offer()
    lines = await AuditEntry.filter(action__startswith="integration").values_list(
        "actor_id", "action", "subject"
    )
    line = (world.leo.id, "integration.offer_limited", f"organization:{world.saltmarsh.id}")
    assert lines == [line, line]
    assert await OrganizationIntegration.all().count() == 1


@pytest.mark.parametrize(
    ("providers", "field"),
    [([], "providers"), (["memory", "nowhere"], "providers.1"), (["memory"] * 51, "providers")],
)
async def test_what_cannot_be_offered(town: Town, world: World, providers, field):
    """Nothing, a service that is not installed, and a list without end are refused by name."""
    with pytest.raises(InvalidInput) as caught:
        await _offering(town).limit(Viewer.of(world.chiara), providers=providers, hidden=False)
    assert caught.value.field == field
    assert await offered(world.saltmarsh.id) == Offer()


async def _hide(town: Town, world: World, *, hidden: bool = True) -> None:
    await _offering(town).limit(Viewer.of(world.chiara), providers=None, hidden=hidden)


async def test_hidden_options_cannot_be_used(town: Town, world: World):
    """Where the organization looks after it, nobody begins; shown again, everybody can."""
    await _hide(town, world)
    town.sandbox.add_account(world.ada.email)
    with pytest.raises(ManagedByOrganization) as caught:
        await town.connecting.start(Viewer.of(world.ada), "memory", return_to=RETURN_TO)
    assert (caught.value.provider, caught.value.next_steps) == ("memory", ())
    await _hide(town, world, hidden=False)
    assert (await town.connect(world.ada)).state is IntegrationState.ACTIVE


async def test_a_consent_under_way_when_the_options_are_hidden(town: Town, world: World):
    """It ends as looked after by the organization; its grant is kept nowhere and given back."""
    handle = await town.handle(world.ada)
    await _hide(town, world)
    await town.refused(ManagedByOrganization, world.ada, handle)
    assert await Integration.all().count() == 0
    assert [job.kind for job in await Job.all()] == [JobKind.REVOKE_GRANT]
    await _hide(town, world, hidden=False)
    await town.connects(world.ada)


async def test_a_service_that_is_not_offered(town: Town, world: World):
    """A service outside the list is as unknown as one that is not installed."""
    await OrganizationIntegration.create(organization_id=world.saltmarsh.id, offered=["other"])
    with pytest.raises(ProviderUnknown):
        await town.connecting.start(Viewer.of(world.ada), "memory", return_to=RETURN_TO)
    assert (await town.connect(world.mira)).state is IntegrationState.ACTIVE  # of Northlight


async def test_whoever_is_connected_stays_so(town: Town, world: World):
    """A connection goes on, is not asked to be repaired, and can be ended by its member."""
    await town.connect(world.ada)
    await _hide(town, world)
    mine = await own(Viewer.of(world.ada), registry=town.registry, now=town.clock())
    assert mine is not None
    assert mine.can_write
    todos = Todos(town.registry, town.clock)
    await Integration.all().update(state=IntegrationState.NEEDS_RECONNECT)
    kinds = {todo.kind for todo in await todos.of(Viewer.of(world.ada))}
    assert TodoKind.RECONNECT_CALENDAR not in kinds
    await _hide(town, world, hidden=False)
    kinds = {todo.kind for todo in await todos.of(Viewer.of(world.ada))}
    assert TodoKind.RECONNECT_CALENDAR in kinds
    await _hide(town, world)
    await town.connecting.disconnect(Viewer.of(world.ada))
    assert await Integration.all().count() == 0
