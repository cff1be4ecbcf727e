"""Whether an organization's consent works is asked on a mailbox that can say so, and once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from tests.services.estate import DOMAIN, Estate
from tests.world import DAY, HOUR, NOW, World
from together.domain.spans import Span
from together.providers.errors import NeedsAdministrator, NeedsPerson, ProviderUnavailable
from together.services.organization import proving, set_up_words
from together.services.people.todos import TodoKind, Todos
from together.store.models import AuditEntry, DelegationState, Integration, Member

OWNER = "it@saltmarsh.example.org"
WINDOW = Span.of(NOW, NOW + DAY)


@pytest.fixture
async def estate(world: World) -> Estate:
    estate = Estate(world)
    await estate.activated(owner=OWNER)
    return estate


async def _mine(member: Member) -> Integration:
    return await Integration.get(member_id=member.id, source="ORGANIZATION")


async def _read(estate: Estate, *members: Member) -> None:
    """Let their busy times be read, the last one last."""
    for member in members:
        estate.town.clock.forward(60)
        mine = await _mine(member)
        await Integration.filter(id=mine.id).update(read_at=estate.town.clock())


async def _swept(estate: Estate) -> tuple[str, str | None, str | None]:
    estate.town.clock.forward(HOUR)
    await estate.grants.delegations.sweep()
    await estate.work()
    row = await estate.row()
    return row.state.value, row.reason, row.verified_mailbox


async def _asked(*, action: str = "integration.probed") -> Sequence[str]:
    lines = AuditEntry.filter(action=action).order_by("id")
    return [(line.subject).removeprefix("mailbox:").partition("@")[0] for line in await lines]


def _gone(estate: Estate, member: Member, how: str) -> None:
    if how == "deleted":
        del estate.town.sandbox.state["accounts"][member.email]
    else:
        estate.town.sandbox.restricted.add(member.email)


@pytest.mark.parametrize("how", ["deleted", "restricted"])
async def test_another_mailbox_says_it(estate: Estate, how: str):
    """Where the first is gone, a consent that is withdrawn is noticed, and told once of each."""
    world = estate.world
    await _read(estate, world.dev, world.ben)
    _gone(estate, world.ada, how)
    assert await _swept(estate) == ("ACTIVE", None, world.ben.email)
    estate.town.sandbox.delegate(DOMAIN, scopes=())
    found = [await _swept(estate) for _ in range(2)]
    assert found == [("FAILING", "NotDelegated", world.ben.email)] * 2
    todos = await Todos(estate.town.registry, estate.town.clock).of(estate.chiara)
    assert [each.kind for each in todos] == [TodoKind.FIX_ORGANIZATION_INTEGRATION]
    estate.town.sandbox.delegate(DOMAIN)
    found = [await _swept(estate) for _ in range(2)]
    assert found == [("ACTIVE", None, world.ben.email)] * 2
    assert [subject for _, subject in estate.post.sent] == [
        f"Saltmarsh Institute is {each}"
        for each in (
            "not connected to Memory Calendar any more",
            "connected to Memory Calendar again",
        )
    ]
    # Each that was asked in the first one's place is written down, once.
    assert await _asked() == ["ben", "dev"]


async def test_the_first_left_the_domains(estate: Estate):
    """A mailbox whose domain was taken back is asked no more; another one is."""
    world, elsewhere = estate.world, "ada@annex.example.org"
    await Member.filter(id=world.ada.id).update(email=elsewhere, email_key=elsewhere)
    estate.town.sandbox.add_account(elsewhere)
    await proving.add(world.saltmarsh.id, ["annex.example.org"], at=NOW)
    estate.town.sandbox.delegate("annex.example.org")
    await estate.service.verify(estate.chiara, elsewhere)
    await _read(estate, world.ben)
    await proving.remove(world.saltmarsh.id, ["annex.example.org"], at=NOW)
    row = await estate.row()
    assert (row.verified_mailbox, row.verified_at is None) == (None, False)
    assert await _swept(estate) == ("ACTIVE", None, world.ben.email)
    estate.town.sandbox.delegate(DOMAIN, scopes=())
    assert (await _swept(estate))[:2] == ("FAILING", "NotDelegated")


async def test_the_first_is_somebody_elses_now(estate: Estate):
    """What is said of that mailbox alone, as the service says of a foreign one, fails nobody."""
    world = estate.world
    moved = "ada@annex.example.org"
    await proving.add(world.saltmarsh.id, ["annex.example.org"], at=NOW)
    estate.town.sandbox.add_account(moved)
    estate.town.sandbox.delegate("annex.example.org")
    await estate.service.verify(estate.chiara, moved)
    await _read(estate, world.ben)
    estate.town.sandbox.delegate("annex.example.org", scopes=())
    assert await _swept(estate) == ("ACTIVE", None, world.ben.email)
    assert estate.post.sent == []


async def test_the_first_was_deactivated(estate: Estate):
    """Of a member who left nothing is read any more, also not to see whether the consent works."""
    world = estate.world
    await _read(estate, world.ben)
    await estate.town.members.deactivate_member(estate.chiara, world.ada.uid)
    asked: list[str] = []
    verified = estate.grants.delegations._probes._verified

    async def noted(row, mailbox):
        asked.append(mailbox)
        return await verified(row, mailbox)

    estate.grants.delegations._probes._verified = noted
    assert await _swept(estate) == ("ACTIVE", None, world.ben.email)
    assert asked == [world.ben.email]


async def test_only_who_is_read_anyway_is_asked(estate: Estate):
    """Others are in an active match, were read, are few, and are taken by when they were read."""
    world = estate.world
    await _read(estate, world.elin, world.hana, world.dev)  # Elin's match has ended, Hana has none
    _gone(estate, world.ada, "deleted")
    _gone(estate, world.dev, "restricted")
    estate.town.sandbox.requests.clear()
    assert await _swept(estate) == ("ACTIVE", None, None)
    assert await _asked() == ["dev"]
    assert estate.town.sandbox.requests.count("POST /token") == 2
    assert await estate.states(world.dev) == [("ORGANIZATION", "NO_MAILBOX")]
    # Nothing is kept of whom it was asked on, but that they were.
    assert (await _mine(world.hana)).read_at is not None


async def test_no_mailbox_is_left(estate: Estate):
    """Where none can say it, the set-up says so in words; verifying another mends it."""
    for name in ("ada", "ben", "dev"):
        _gone(estate, estate.world.people[name], "deleted")
    assert await _swept(estate) == ("ACTIVE", None, None)
    status = await estate.service.status(estate.chiara)
    assert (tuple(status.missing), status.next) == (
        (set_up_words.NO_MAILBOX_LEFT,),
        set_up_words.NO_MAILBOX_LEFT,
    )
    await estate.service.verify(estate.chiara, estate.world.hana.email)
    status = await estate.service.status(estate.chiara)
    assert (tuple(status.missing), status.next) == ((), set_up_words.NOTHING)
    assert await _swept(estate) == ("ACTIVE", None, estate.world.hana.email)


async def test_of_many_calls_that_fail_one_asks(estate: Estate):
    """Ten members' calls are refused at once: the consent is asked about once, and noted."""
    estate.town.sandbox.delegate(DOMAIN, scopes=())
    estate.town.clock.forward(2 * HOUR)
    probed: list[str] = []
    verified = estate.grants.delegations._probes._verified

    async def counted(row, mailbox):
        probed.append(mailbox)
        return await verified(row, mailbox)

    estate.grants.delegations._probes._verified = counted
    failed = await asyncio.gather(
        *(_listed(estate, member) for member in list(estate.world.people.values())[:10]),
        return_exceptions=True,
    )
    assert {isinstance(each, NeedsPerson) for each in failed} == {True}
    assert probed == ["ada@saltmarsh.example.org"]
    await estate.work()
    assert (await estate.row()).state is DelegationState.FAILING
    assert len(estate.post.sent) == 1


async def test_who_asks_meanwhile_takes_the_answer(estate: Estate):
    """Of calls that fail together while all else works, one asks; a later one asks again."""
    probes, probed = estate.grants.delegations._probes, []
    verified, organization_id = probes._verified, estate.world.saltmarsh.id

    async def slowly(row, mailbox):
        probed.append(mailbox)
        await asyncio.sleep(0.05)
        return await verified(row, mailbox)

    probes._verified = slowly
    answers = await asyncio.gather(*(probes.found_out(organization_id) for _ in range(5)))
    assert (answers, len(probed)) == ([True] * 5, 1)
    assert (await probes.found_out(organization_id), len(probed)) == (True, 2)


async def test_when_nobody_can_say_it_is_for_later(estate: Estate):
    """A refusal that cannot be told from a broken consent is no lost one, and asks once a while."""
    world = estate.world
    for name in ("ada", "dev"):
        _gone(estate, world.people[name], "deleted")
    estate.town.clock.forward(2 * HOUR)
    probes = estate.grants.delegations._probes
    before = probes._asked

    async def refused(request: httpx.Request) -> None:
        estate.town.sandbox.delegate(DOMAIN, scopes=())

    estate.town.transport.before = refused
    mine = await _mine(world.ben)
    await Integration.filter(member_id=world.ada.id).delete()
    estate.town.sandbox.delegate(DOMAIN)
    row = await estate.row()
    row.verified_mailbox = None
    await row.save(update_fields=["verified_mailbox"])
    for _ in range(3):
        with pytest.raises(ProviderUnavailable):
            async with estate.grants.open(mine) as calendars:
                await calendars.list()
    assert probes._asked - before == 1
    assert await estate.states(world.ben) == [("ORGANIZATION", "ACTIVE")]
    estate.town.clock.forward(60)
    with pytest.raises(ProviderUnavailable):
        async with estate.grants.open(mine) as calendars:
            await calendars.list()
    assert probes._asked - before == 2


async def _listed(estate: Estate, member: Member) -> None:
    async with estate.grants.open(await _mine(member)) as calendars:
        await calendars.list()


async def test_a_call_that_finds_it_out_is_heard_at_once(estate: Estate):
    """A refused call notes it for everybody in that moment, not a quarter of an hour later."""
    estate.town.sandbox.delegate(DOMAIN, scopes=("events",))
    estate.town.clock.forward(2 * HOUR)
    with pytest.raises(NeedsAdministrator):
        await _listed(estate, estate.world.ben)
    row = await estate.row()
    assert (row.state, row.reason) == (DelegationState.FAILING, "ScopesMissing")
