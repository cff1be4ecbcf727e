"""Two administrators at once, and members in the middle of their own consent: each has an end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from tests.services.consents import SLUG, ConsentEstate
from tests.services.estate import DOMAIN, Estate
from tests.services.town import RETURN_TO, query
from tests.world import World
from together.providers.values import Secret
from together.services.organization import delegation_state, proving
from together.services.organization.delegation_refusals import SetUpChanged, SetUpIncomplete
from together.services.refusals import ManagedByOrganization
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import (
    AuditEntry,
    DelegationState,
    Integration,
    Job,
    JobKind,
    Member,
    OrganizationIntegration,
    Role,
)


@pytest.fixture
async def estate(world: World) -> Estate:
    return Estate(world)


async def _another(world: World) -> Viewer:
    await Member.filter(id=world.leo.id).update(role=Role.IT_ADMIN)
    await world.leo.refresh_from_db()
    return Viewer.of(world.leo)


async def _both(*calls: Awaitable[Any]) -> list[str]:
    done = await asyncio.gather(*calls, return_exceptions=True)
    return sorted("done" if each is None else type(each).__name__ for each in done)


async def test_two_keys_at_once(estate: Estate):
    """Of two keys that are uploaded together one stands, whole, and the other is told."""
    await estate.prepared()
    leo = await _another(estate.world)
    keys = [estate.town.sandbox.add_key(name) for name in ("second", "third")]
    uploads = [
        estate.service.upload_key(who, Secret(key))
        for who, key in zip((estate.chiara, leo), keys, strict=True)
    ]
    told = await _both(*uploads)
    assert told in (["SetUpChanged", "done"], ["done", "done"])
    row = await estate.row()
    opened = (await estate.grants.delegations.credential(row)).reveal()
    assert row.credential_id == row.key_id
    assert f'"{row.credential_id}"' in opened
    estate.town.sandbox.delegate(DOMAIN, key_id=row.credential_id or "")
    await estate.service.verify(leo, estate.world.ada.email)
    assert (await estate.row()).state is DelegationState.VERIFIED


async def test_verified_while_another_key_comes(estate: Estate):
    """What was found out about one key does not count for the next one."""
    await estate.prepared()
    leo = await _another(estate.world)

    async def meanwhile(request: Any) -> None:
        estate.town.transport.before = None
        await estate.service.upload_key(leo, Secret(estate.town.sandbox.add_key("second")))

    estate.town.transport.before = meanwhile
    with pytest.raises(SetUpChanged):
        await estate.service.verify(estate.chiara, estate.world.ada.email)
    row = await estate.row()
    assert (row.state, row.verified_at) == (DelegationState.SETTING_UP, None)
    with pytest.raises(SetUpIncomplete):
        await estate.service.activate(estate.chiara, provider="memory")


async def test_activated_twice_at_once(estate: Estate):
    """Two who activate together connect everybody once."""
    await estate.prepared()
    await estate.service.verify(estate.chiara, estate.world.ada.email)
    leo = await _another(estate.world)
    told = await _both(
        *(estate.service.activate(who, provider="memory") for who in (estate.chiara, leo))
    )
    await estate.work()
    assert told == ["done", "done"]
    assert await Integration.filter(source="ORGANIZATION").count() == 12
    assert (await estate.row()).state is DelegationState.ACTIVE


async def test_activated_and_turned_off_at_once(estate: Estate):
    """Whoever comes second decides, and everybody is as that one said."""
    await estate.prepared()
    await estate.service.verify(estate.chiara, estate.world.ada.email)
    leo = await _another(estate.world)
    told = await _both(
        estate.service.activate(estate.chiara, provider="memory"),
        estate.service.turn_off(leo, provider="memory"),
    )
    await estate.work()
    assert told in (["SetUpIncomplete", "done"], ["done", "done"])
    assert (await estate.row()).state is DelegationState.OFF
    assert await Integration.all().count() == 0
    lines = await AuditEntry.filter(action="integration.turned_off").count()
    assert lines == 1


async def test_two_consents_at_once(world: World):
    """Of two administrators who complete together one consent stands, and the other is told."""
    estate = ConsentEstate(world)
    await estate.chosen()
    dev = await estate.administrator(world.dev)
    handles = [await estate.handle(who) for who in (estate.chiara, dev)]
    told = await asyncio.gather(
        estate.outcome(handles[0], estate.chiara), estate.outcome(handles[1], dev)
    )
    assert sorted(told) in (["SetUpChanged", "done"], ["done", "done"])
    row = await estate.row()
    assert (row.state, row.verified_at, row.credential is None) == (
        DelegationState.SETTING_UP,
        None,
        False,
    )
    await estate.service.verify(dev, world.ada.email)
    assert (await estate.row()).state is DelegationState.VERIFIED


async def test_a_consent_while_another_turns_it_off(world: World):
    """Turned off while the sign-in is exchanged, the consent is dropped, and nothing is kept."""
    estate = ConsentEstate(world)
    await estate.chosen()
    dev, handle = await estate.administrator(world.dev), await estate.handle()

    async def meanwhile(request: Any) -> None:
        estate.town.transport.before = None
        await estate.service.turn_off(dev, provider=SLUG)

    estate.town.transport.before = meanwhile
    assert await estate.outcome(handle) == "SetUpChanged"
    assert await estate.nothing_kept()
    assert (await estate.row()).state is DelegationState.OFF


# Members in the middle of their own consent


@pytest.mark.parametrize("moment", ["started", "came back", "exchanging", "just connected"])
async def test_activated_in_the_middle_of_a_consent(estate: Estate, moment: str):
    """At each moment it ends as managed by the organization, is given back, and nothing is read."""
    await estate.prepared()
    await estate.service.verify(estate.chiara, estate.world.ada.email)
    town, ada = estate.town, Viewer.of(estate.world.ada)

    async def activate() -> None:
        await estate.service.activate(estate.chiara, provider="memory")
        await estate.work()

    handle: str | None = None
    if moment == "started":
        params = await town.consented(
            await town.connecting.start(ada, "memory", return_to=RETURN_TO)
        )
        await activate()
        handle = query(await town.connecting.callback("memory", params)).get("handle")
    else:
        handle = await town.handle(estate.world.ada)
    if moment == "came back":
        await activate()
    if moment == "exchanging":

        async def meanwhile(request: Any) -> None:
            town.transport.before = None
            await activate()

        town.transport.before = meanwhile
    if moment == "just connected":
        await town.connecting.complete(ada, handle or "")
        await activate()
        assert await estate.states(estate.world.ada) == [
            ("INDIVIDUAL", "SUSPENDED"),
            ("ORGANIZATION", "ACTIVE"),
        ]
        return
    with pytest.raises(ManagedByOrganization):
        await town.connecting.complete(ada, handle or "")
    assert await estate.states(estate.world.ada) == [("ORGANIZATION", "ACTIVE")]
    await estate.work()
    assert "POST /revoke" in town.sandbox.requests
    mine = [
        g for g in town.sandbox.state["grants"].values() if g["email"] == estate.world.ada.email
    ]
    assert [grant for grant in mine if "key" not in grant] == []


# The worker's own work


async def test_everybody_is_arranged_by_one_job(estate: Estate):
    """However many find at once that everybody is to be looked at, one job is written down."""
    await estate.prepared()
    organization_id, stamp = estate.world.saltmarsh.id, await database_now()
    await asyncio.gather(
        *(delegation_state.arrange_later(organization_id, stamp=stamp) for _ in range(8))
    )
    assert await Job.filter(kind=JobKind.ARRANGE_MEMBERS).count() == 1


async def test_a_long_address_is_written_down_whole(estate: Estate):
    """Whose mailbox was asked stands in the audit log, however long the address is."""
    long = f"{'a' * 60}@{'b' * 60}.{DOMAIN}"
    await estate.prepared()
    domain = long.rpartition("@")[2]
    await proving.add(estate.world.saltmarsh.id, [domain], at=0)
    estate.town.sandbox.add_account(long)
    estate.town.sandbox.delegate(domain)
    await estate.service.verify(estate.chiara, long)
    line = await AuditEntry.get(action="integration.verification")
    assert (line.after, len(line.subject)) == (f'{{"mailbox":"{long}"}}', 60)
    assert await OrganizationIntegration.get(verified_mailbox=long)
