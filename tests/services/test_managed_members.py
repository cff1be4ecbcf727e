"""What members have, and lose, while their organization looks after their calendars."""

from __future__ import annotations

import httpx
import pytest

from tests.services.estate import DOMAIN, Estate
from tests.services.town import RETURN_TO
from tests.world import DAY, HOUR, NOW, World, match
from together.domain.integration import Standing
from together.domain.spans import Span
from together.providers.errors import AuthorizationExpired, NoMailbox
from together.providers.values import Capability, Secret
from together.services.availability import circle
from together.services.connections.grants import Grants
from together.services.connections.offering import offered
from together.services.organization import arranging, everybody, proving
from together.services.organization.delegation_refusals import SetUpIncomplete
from together.services.people.todos import TodoKind, Todos
from together.services.refusals import ManagedByOrganization, NotConnected
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    BusyBlock,
    BusyReading,
    CalendarRow,
    Integration,
    IntegrationState,
    Member,
)

WINDOW = Span.of(NOW, NOW + DAY)


@pytest.fixture
async def estate(world: World) -> Estate:
    return Estate(world)


async def _mine(member: Member) -> Integration:
    return await Integration.get(member_id=member.id, source="ORGANIZATION")


async def test_everybody_is_connected_without_doing_anything(estate: Estate):
    """Each member of the domain has a calendar that counts and receives; one has no mailbox."""
    await estate.activated()
    ada = await estate.own(estate.world.ada)
    assert (ada.standing, ada.can_write, ada.can_reconnect, ada.reason) == (
        Standing.INTEGRATED,
        True,
        False,
        None,
    )
    assert [(row.counts, row.receives) for row in ada.calendars] == [(True, True)]
    ivo = await estate.own(estate.world.ivo)
    assert (ivo.integration.state, ivo.standing) == (
        IntegrationState.NO_MAILBOX,
        Standing.NOT_INTEGRATED,
    )
    assert "has no mailbox with your address" in ivo.reason
    assert await Integration.filter(organization_id=estate.world.northlight.id).count() == 0


async def test_a_mailbox_that_comes_later_is_found(estate: Estate):
    """Who had no mailbox is looked for again the next day, and is connected then."""
    await estate.activated()
    estate.town.sandbox.add_account(estate.world.ivo.email)
    for hours, state in ((1, "NO_MAILBOX"), (DAY // HOUR, "ACTIVE")):
        estate.town.clock.forward(hours * HOUR)
        await everybody.left_over(now=NOW)
        await estate.work()
        assert await estate.states(estate.world.ivo) == [("ORGANIZATION", state)]
    assert (await estate.own(estate.world.ivo)).standing is Standing.INTEGRATED


async def test_one_who_joins_is_connected(estate: Estate):
    """A new member is connected in the transaction that makes them; one from elsewhere is not."""
    await estate.activated()
    made = {}
    for at, email in enumerate(("new@saltmarsh.example.org", "new@elsewhere.example.net")):
        estate.town.sandbox.add_account(email)
        member = await estate.town.members.create_member(
            estate.chiara, client_key=f"k{at}", email=email, name="New"
        )
        made[email] = await estate.states(member)
        await estate.work()
        own = await estate.own(member)
        made[email] += [None if own is None else own.standing]
    assert made == {
        "new@saltmarsh.example.org": [("ORGANIZATION", "ACTIVE"), Standing.INTEGRATED],
        "new@elsewhere.example.net": [None],
    }


async def test_one_who_leaves_and_comes_back(estate: Estate):
    """Deactivated, a member has nothing left here, and is connected again when they are back."""
    await estate.activated()
    ben = estate.world.ben
    mine = await _mine(ben)
    await estate.busy.known([mine], WINDOW, until=WINDOW.ends)
    assert await BusyReading.filter(integration_id=mine.id).count() == 1
    await estate.town.members.deactivate_member(estate.chiara, ben.uid)
    assert await estate.states(ben) == []
    assert await BusyReading.filter(integration_id=mine.id).count() == 0
    with pytest.raises(AuthorizationExpired):
        async with estate.grants.open(mine) as calendars:
            await calendars.list()
    await estate.town.members.reactivate_member(estate.chiara, ben.uid)
    assert await estate.states(ben) == [("ORGANIZATION", "ACTIVE")]


async def test_nothing_is_offered_and_nothing_can_be_connected(estate: Estate):
    """Connecting and disconnecting are refused with the reason, for every member."""
    await estate.activated()
    ada = Viewer.of(estate.world.ada)
    offer = await offered(ada.organization_id)
    assert (offer.of(["memory"]), offer.managed, offer.connected_with) == ([], True, "memory")
    with pytest.raises(ManagedByOrganization):
        await estate.town.connecting.start(ada, "memory", return_to=RETURN_TO)
    with pytest.raises(ManagedByOrganization):
        await estate.town.connecting.disconnect(ada)
    with pytest.raises(NotConnected):
        await estate.town.connecting.disconnect(Viewer.of(estate.world.mira))


async def test_a_consent_under_way_ends_and_is_given_back(estate: Estate):
    """Who comes back from a consent after the activation is told why, and it is revoked."""
    handle = await estate.town.handle(estate.world.ada)
    await estate.activated()
    with pytest.raises(ManagedByOrganization):
        await estate.town.connecting.complete(Viewer.of(estate.world.ada), handle)
    assert await estate.states(estate.world.ada) == [("ORGANIZATION", "ACTIVE")]
    await estate.work()
    assert "POST /revoke" in estate.town.sandbox.requests


async def test_a_personal_connection_rests_and_comes_back(estate: Estate):
    """It is neither read nor renewed meanwhile, and is used again when that is turned off."""
    personal = await estate.town.connect(estate.world.ada)
    await estate.busy.known([personal], WINDOW, until=WINDOW.ends)
    await estate.activated()
    assert await estate.states(estate.world.ada) == [
        ("INDIVIDUAL", "SUSPENDED"),
        ("ORGANIZATION", "ACTIVE"),
    ]
    await personal.refresh_from_db()
    assert await BusyReading.filter(integration_id=personal.id).count() == 0
    with pytest.raises(AuthorizationExpired):
        async with estate.grants.open(personal):
            pass
    found = await circle.standings([estate.world.ada.id], personal.organization_id, now=NOW)
    assert found[estate.world.ada.id][0].source == "ORGANIZATION"
    await estate.service.turn_off(estate.chiara, provider="memory")
    await estate.work()
    assert await estate.states(estate.world.ada) == [("INDIVIDUAL", "ACTIVE")]
    assert (await estate.own(estate.world.ada)).standing is Standing.INTEGRATED


async def test_one_that_does_not_work_any_more_becomes_a_todo(estate: Estate):
    """A suspended grant that was revoked meanwhile asks its member to reconnect afterwards."""
    await estate.town.connect(estate.world.ada)
    await estate.activated()
    estate.town.sandbox.revoke(estate.world.ada.email)
    todos, ada = Todos(estate.town.registry, estate.town.clock), Viewer.of(estate.world.ada)
    kinds = [todo.kind for todo in await todos.of(ada)]
    assert TodoKind.RECONNECT_CALENDAR not in kinds
    await estate.service.turn_off(estate.chiara, provider="memory")
    await estate.work()
    assert await estate.states(estate.world.ada) == [("INDIVIDUAL", "NEEDS_RECONNECT")]
    assert (await todos.of(ada))[0].kind is TodoKind.RECONNECT_CALENDAR


async def test_a_suspended_one_can_be_deleted_by_its_owner(estate: Estate):
    """Disconnecting takes the suspended connection, and leaves the organization's."""
    await estate.town.connect(estate.world.ada)
    await estate.activated()
    await estate.town.connecting.disconnect(Viewer.of(estate.world.ada))
    assert await estate.states(estate.world.ada) == [("ORGANIZATION", "ACTIVE")]


async def test_busy_times_are_read_in_an_active_match_only(estate: Estate):
    """Of a member who is in no active match nothing is read, whoever asks; then it is."""
    await estate.activated()
    requests = estate.town.sandbox.requests
    hana, elin = await _mine(estate.world.hana), await _mine(estate.world.elin)
    requests.clear()
    for each in (hana, elin):  # Elin's match has ended
        known = await estate.busy.known([each], WINDOW, until=WINDOW.ends)
        assert [*known[each.id].busy.pairs()] == []
        assert known[each.id].as_of is None
    swept = await estate.busy.sweep()
    assert (swept, requests.count("POST /busy")) == (3, 3)  # Ada, Ben and Dev
    await match(estate.world.hana, estate.world.ivo)
    known = await estate.busy.known([hana], WINDOW, until=WINDOW.ends)
    assert known[hana.id].as_of == NOW


async def test_a_token_is_for_the_call_at_hand(estate: Estate):
    """Reading asks for free and busy only, writing for events only; each token is used again."""
    await estate.activated()
    mine = await _mine(estate.world.ada)
    for writing in (False, True, False, True):
        async with estate.grants.open(mine, writing=writing) as calendars:
            await calendars.list()
    scopes = [
        grant["scopes"]
        for grant in estate.town.sandbox.state["grants"].values()
        if grant["email"] == estate.world.ada.email and "key" in grant
    ]
    # One token by which it was verified, with everything; then one for each purpose.
    assert sorted(scopes) == [["events"], ["events", "freebusy"], ["freebusy"]]
    assert not await Integration.filter(access_token__isnull=False).exists()


async def test_a_token_is_good_for_one_generation(estate: Estate):
    """What is cached is not used once another key came, though the connection is the same."""
    await estate.activated()
    mine = await _mine(estate.world.ada)
    async with estate.grants.open(mine) as calendars:
        await calendars.list()
        another = Secret(estate.town.sandbox.add_key("second"))
        await estate.service.upload_key(estate.chiara, another)
        with pytest.raises(AuthorizationExpired):
            await calendars.list()


async def test_nobody_outside_of_the_domains_is_asked_for(estate: Estate):
    """A domain that is taken back ends its members' connections; no request names them again."""
    await estate.activated()
    mine = await _mine(estate.world.ada)
    assert await CalendarRow.filter(integration_id=mine.id).count() == 1
    await proving.remove(estate.world.saltmarsh.id, [DOMAIN], at=NOW)
    assert await Integration.all().count() == 0
    assert await CalendarRow.all().count() == 0
    assert await BusyBlock.all().count() == 0
    await estate.work()
    assert await Integration.all().count() == 0
    estate.town.clock.forward(DAY)
    estate.town.sandbox.requests.clear()
    await estate.grants.delegations.sweep()
    assert estate.town.sandbox.requests == []


async def test_what_was_verified_outside_of_the_domains_is_verified_no_more(estate: Estate):
    """A mailbox in a domain that was taken back before activating does not count any more."""
    await estate.prepared()
    await estate.service.verify(estate.chiara, estate.world.ada.email)
    await proving.remove(estate.world.saltmarsh.id, [DOMAIN], at=NOW)
    row = await estate.row()
    assert (row.state.value, row.verified_at, row.verified_mailbox) == ("SETTING_UP", None, None)
    with pytest.raises(SetUpIncomplete):
        await estate.service.activate(estate.chiara, provider="memory")


async def test_access_that_ends_during_a_call_is_not_renewed(estate: Estate):
    """A token that is refused because all of it is over is not asked for again."""
    await estate.activated()
    mine = await _mine(estate.world.ada)

    class Over(httpx.AsyncBaseTransport):
        """Turns the integration off while a service refuses a token."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            reply = await estate.town.transport.handle_async_request(request)
            if reply.status_code == 401:
                await estate.service.turn_off(estate.chiara, provider="memory")
                estate.town.sandbox.requests.clear()
            return reply

    grants = Grants(estate.town.registry, estate.town.vault, Over(), estate.town.clock)
    async with grants.open(mine) as calendars:
        await calendars.list()
        estate.town.sandbox.expire()
        with pytest.raises(AuthorizationExpired):
            await calendars.list()
    assert estate.town.sandbox.requests == []


async def test_a_personal_connection_does_not_come_back_under_another(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
):
    """Activated again while those that rested are tried, they go on resting."""
    await estate.town.connect(estate.world.ada)
    await estate.activated()
    await estate.service.turn_off(estate.chiara, provider="memory")
    clock = arranging.database_now

    async def meanwhile() -> int:
        monkeypatch.setattr(arranging, "database_now", clock)
        await estate.prepared()
        estate.town.sandbox.delegate(DOMAIN, key_id="key-2")
        await estate.service.verify(estate.chiara, estate.world.ada.email)
        await estate.service.activate(estate.chiara, provider="memory")
        return await clock()

    monkeypatch.setattr(arranging, "database_now", meanwhile)
    await estate.work()
    assert await estate.states(estate.world.ada) == [
        ("INDIVIDUAL", "SUSPENDED"),
        ("ORGANIZATION", "ACTIVE"),
    ]


async def test_limited_to_free_and_busy_times(estate: Estate):
    """With free/busy only, availability works and nothing can be written."""
    await estate.activated(limited=True)
    own = await estate.own(estate.world.ada)
    assert (own.capabilities, own.can_write, own.standing) == (
        Capability.FREE_BUSY,
        False,
        Standing.INTEGRATED,
    )


async def test_a_mailbox_that_goes_is_noted_for_its_member_alone(estate: Estate):
    """One member's mailbox is refused: they are not integrated, and everybody else is."""
    await estate.activated()
    estate.town.sandbox.restricted.add(estate.world.ben.email)
    estate.town.clock.forward(2 * HOUR)  # tokens are over
    with pytest.raises(NoMailbox):
        async with estate.grants.open(await _mine(estate.world.ben)) as calendars:
            await calendars.list()
    assert await estate.states(estate.world.ben) == [("ORGANIZATION", "NO_MAILBOX")]
    assert await estate.states(estate.world.ada) == [("ORGANIZATION", "ACTIVE")]
    assert (await estate.row()).state == "ACTIVE"
