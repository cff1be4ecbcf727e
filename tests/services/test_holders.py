"""Whoever holds an account is told that another member tried to connect it."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.diary import connect
from tests.services.office import Office
from tests.services.town import Town
from tests.world import DAY, World
from together.services.connections.holders import tell_the_holder
from together.services.outbox.letters import moment
from together.services.refusals import AccountTaken, AlreadyConnected, Refusal, WrongAccount
from together.services.signing_in.viewer import Viewer
from together.store.models import Integration, Job, JobKind, Member

SHARED = "desk@home.example.net"

PLAIN = """
Hello Ben Okafor,

Another member of Saltmarsh Institute has signed in to Memory Calendar as desk@home.example.net, and
tried to connect that account as their own, on {when}.

You have connected it, so they were refused. Nothing was connected, nothing of your calendar was
shown, and they were not told that it is you who holds it.

If it was you, or somebody you share this account with, there is nothing to do: one account can be
connected by one member.

If you did not expect it, somebody else can sign in to this account. Change its password, sign out
everybody who is signed in to it, and tell an administrator of Saltmarsh Institute.

You are told once a day at most, however often it is tried.

Together, for Saltmarsh Institute
"""


@pytest.fixture
def town(office: Office) -> Town:
    return Town(clock=office.clock)


async def _tried(town: Town, who: Member, *, account: str = SHARED) -> Refusal:
    handle = await town.handle(who, account=account)
    with pytest.raises((AccountTaken, AlreadyConnected, WrongAccount)) as caught:
        await town.connecting.complete(Viewer.of(who), handle)
    return caught.value


async def _letters() -> list[int | None]:
    """The integrations that a letter was written for."""
    jobs = await Job.filter(kind=JobKind.TELL_HOLDER).order_by("id")
    return [job.integration_id for job in jobs]


async def test_what_it_says(town: Town, office: Office, world: World):
    """At the work address: what was tried, when, and what to do; of whoever tried it, nothing."""
    held = await town.connect(world.ben, account=SHARED)
    await _tried(town, world.ada)
    await office.send()
    [job] = await Job.filter(kind=JobKind.TELL_HOLDER)
    [arrived] = office.boxes.arrived
    read = arrived.message
    assert {name: str(read[name]) for name in ("From", "To", "Subject", "Message-ID")} == {
        "From": "Together <post@saltmarsh.example.org>",
        "To": "Ben Okafor <ben@saltmarsh.example.org>",
        "Subject": "Somebody tried to connect your Memory Calendar",
        "Message-ID": f"<{job.uid}@saltmarsh.example.org>",
    }
    said = PLAIN.format(when=moment(job.created_at, zone="Africa/Lagos"))
    assert arrived.part("plain").split() == said.split()
    assert "ada" not in arrived.raw.decode().lower()
    assert (job.integration_id, job.state) == (held.id, "DONE")


async def test_once_a_day(town: Town, office: Office, world: World):
    """However often it is tried, and by how many at once, one letter a day is written."""
    held = await town.connect(world.ben, account=SHARED)
    people = (world.ada, world.dev, world.elin)
    await asyncio.gather(*(_tried(town, who) for who in people))
    assert await _letters() == [held.id]
    await office.send()
    await _tried(town, world.ada)
    assert await _letters() == [held.id]
    [job] = await Job.filter(kind=JobKind.TELL_HOLDER)
    await Job.filter(id=job.id).update(created_at=job.created_at - DAY)
    await _tried(town, world.ada)
    await office.send()
    assert await _letters() == [held.id, held.id]
    assert office.told() == ["ben", "ben"]


async def test_the_answer_is_the_same(town: Town, world: World):
    """Whether a letter was written now or earlier that day, who is refused hears the same."""
    await town.connect(world.ben, account=SHARED)
    answers = [await _tried(town, world.ada) for _ in range(2)]
    assert len(await _letters()) == 1
    assert [(type(each), str(each), vars(each)) for each in answers] == [
        (AccountTaken, AccountTaken.words, vars(answers[0]))
    ] * 2
    assert not await Integration.exists(member_id=world.ada.id)


async def test_two_who_race_for_it(town: Town, world: World):
    """Of two who connect it at once, the one who got it is told of the other."""
    handles = [await town.handle(who, account=SHARED) for who in (world.ada, world.ben)]
    await asyncio.gather(
        *(
            town.connecting.complete(Viewer.of(who), handle)
            for who, handle in zip((world.ada, world.ben), handles, strict=True)
        ),
        return_exceptions=True,
    )
    [held] = await Integration.filter(account_email=SHARED)
    assert await _letters() == [held.id]


async def test_by_somebody_who_has_connected_another(town: Town, office: Office, world: World):
    """The holder is told, too, where the other is refused for having another account already."""
    held = await town.connect(world.ben, account=SHARED)
    await office.lost(await town.connect(world.ada))
    assert isinstance(await _tried(town, world.ada, account="ada@home.example.net"), WrongAccount)
    assert await _letters() == []  # nobody holds it
    assert isinstance(await _tried(town, world.ada), WrongAccount)
    assert await _letters() == [held.id]
    await Job.all().delete()
    handle = await town.handle(world.dev, account=SHARED)
    await connect(world.dev, provider="another")
    with pytest.raises(AlreadyConnected):
        await town.connecting.complete(Viewer.of(world.dev), handle)
    assert await _letters() == [held.id]


async def test_nobody_across_the_line(town: Town, world: World):
    """Who holds it in another organization is neither in the way nor told."""
    await town.connect(world.mira, account=SHARED)
    await town.connect(world.ben, account=SHARED)
    await _tried(town, world.ada)
    [job] = await Job.filter(kind=JobKind.TELL_HOLDER)
    held = await Integration.get(id=job.integration_id)
    assert (held.member_id, job.organization_id) == (world.ben.id, world.saltmarsh.id)


async def test_nobody_is_told_of_themselves(town: Town, world: World):
    """Whoever connects twice at once, and is refused once, is no other member."""
    held = await town.connect(world.ben, account=SHARED)
    for who, written in ((world.ben, []), (world.ada, [held.id])):
        await tell_the_holder(Viewer.of(who), provider="memory", account_id=held.account_id)
        assert await _letters() == written


@pytest.mark.parametrize("how", ["disconnected", "deactivated"])
async def test_not_when_it_is_held_no_more(town: Town, office: Office, world: World, how: str):
    """Who has let go of the account, or has left, gets no letter any more."""
    await town.connect(world.ben, account=SHARED)
    await _tried(town, world.ada)
    if how == "disconnected":
        await town.connecting.disconnect(Viewer.of(world.ben))
    else:
        await Member.filter(id=world.ben.id).update(active=False)
    await office.send()
    assert office.boxes.arrived == []
    assert await Job.get(kind=JobKind.TELL_HOLDER).values_list("state", flat=True) == "DONE"
