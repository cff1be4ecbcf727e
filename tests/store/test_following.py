"""The database keeps in step how each member is connected, whoever writes the rows it follows."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tests.services.diary import connect
from tests.world import NOW, World
from together.providers.values import Capability
from together.store.models import (
    CalendarRow,
    Integration,
    IntegrationSource,
    IntegrationState,
    Member,
    MemberStatus,
)
from together.store.transaction import transaction

NOTHING = {
    "active": True, "integration_id": None, "source": "NONE", "provider": "", "state": "NONE",
    "can_read": False, "counting": 0, "reads": False, "unread": False, "last_at": 0,
    "read_at": None, "reason": None, "listed": False,
}  # fmt: skip


async def _row(member: Member) -> dict[str, Any]:
    row = await MemberStatus.get(member_id=member.id)
    return {name: getattr(row, name) for name in NOTHING}


async def _should_be(member: Member) -> dict[str, Any]:
    """Work it out from what the row follows."""
    used = await (
        Integration.filter(member_id=member.id)
        .exclude(state=IntegrationState.SUSPENDED)
        .get_or_none()
    )
    now = await Member.get(id=member.id)
    if used is None:
        return NOTHING | {"active": now.active}
    counting = await CalendarRow.filter(integration_id=used.id, counts=True).count()
    can_read = bool(used.capabilities & Capability.FREE_BUSY.value)
    return {
        "active": now.active,
        "integration_id": used.id,
        "source": used.source.value,
        "provider": used.provider,
        "state": used.state.value,
        "can_read": can_read,
        "counting": counting,
        "reads": used.state is IntegrationState.ACTIVE and can_read and counting > 0,
        "unread": used.unreadable_since is not None,
        "last_at": max(used.since, used.read_at or 0),
        "read_at": used.read_at,
        "reason": used.reason,
        "listed": used.listed_at > 0,
    }


async def test_everybody_has_a_row(world: World):
    """Each member has one from the moment they are made, with their address and nothing else."""
    rows = await MemberStatus.all().order_by("member_id")
    people = await Member.all().order_by("id")
    assert [(row.member_id, row.organization_id, row.email_key) for row in rows] == [
        (each.id, each.organization_id, each.email_key) for each in people
    ]
    assert await _row(world.ada) == NOTHING


async def test_it_follows_a_member(world: World):
    """Another address, and leaving, are in it at once; nobody else's row changes."""
    await Member.filter(id=world.ada.id).update(email_key="a@saltmarsh.example.org", active=False)
    row = await MemberStatus.get(member_id=world.ada.id)
    assert (row.email_key, row.active) == ("a@saltmarsh.example.org", False)
    assert await MemberStatus.filter(active=False).count() == 1
    await Member.filter(id=world.ada.id).delete()
    assert not await MemberStatus.exists(member_id=world.ada.id)


async def test_a_connection_rests_while_another_is_used(world: World):
    """The row is about the one that is in use, and about the older one again when that is back."""
    mine = await connect(world.ada)
    one = await _row(world.ada)
    assert (one["integration_id"], one["source"], one["counting"]) == (mine.id, "INDIVIDUAL", 1)
    await Integration.filter(id=mine.id).update(state=IntegrationState.SUSPENDED)
    assert await _row(world.ada) == NOTHING
    await CalendarRow.filter(integration_id=mine.id).update(counts=False)
    theirs = await connect(world.ada, source=IntegrationSource.ORGANIZATION, account_id="mailbox:1")
    assert await _row(world.ada) == await _should_be(world.ada)
    await Integration.filter(id=theirs.id).delete()
    assert await _row(world.ada) == NOTHING
    await CalendarRow.filter(integration_id=mine.id).update(counts=True)
    await Integration.filter(id=mine.id).update(state=IntegrationState.ACTIVE)
    assert (await _row(world.ada))["counting"] == 1
    assert await _row(world.ada) == await _should_be(world.ada)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_done(world: World, seed: int):
    """After any number of changes, in any order, it is what it should be."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    members = [world.ada, world.ben, world.mira]

    async def change() -> None:
        who = chance.choice(members)
        rows = Integration.filter(member_id=who.id)
        used = await rows.exclude(state=IntegrationState.SUSPENDED).first()
        what = chance.randrange(7)
        if used is None:
            if await rows.exists():
                await rows.update(state=IntegrationState.ACTIVE, since=NOW + chance.randrange(99))
            else:
                await connect(who)
        elif what == 0:
            await Integration.filter(id=used.id).update(state=IntegrationState.SUSPENDED)
        elif what == 1:
            await Integration.filter(id=used.id).delete()
        elif what == 2:
            await Integration.filter(id=used.id).update(
                state=chance.choice(["ACTIVE", "NEEDS_RECONNECT", "NO_MAILBOX"]),
                capabilities=chance.choice([1, 2, 3]),
                reason=chance.choice([None, "NoMailbox"]),
                listed_at=chance.choice([0, NOW]),
            )
        elif what == 3:
            await Integration.filter(id=used.id).update(
                read_at=NOW + chance.randrange(99), unreadable_since=chance.choice([None, NOW])
            )
        elif what == 4:
            await CalendarRow.filter(integration_id=used.id).update(counts=chance.random() < 0.5)
        elif what == 5:
            await CalendarRow.create(
                organization_id=who.organization_id,
                integration_id=used.id,
                external_id=f"{chance.random()}",
                name="Another",
                counts=chance.random() < 0.5,
            )
        else:
            await CalendarRow.filter(integration_id=used.id, receives=False).delete()

    for _ in range(40):
        await transaction(change)
    for who in members:
        assert await _row(who) == await _should_be(who)


async def test_two_at_once(world: World):
    """Readings and choices that cross each other leave nothing out."""
    mine = await connect(world.ada)
    for name in "abcdef":
        await CalendarRow.create(
            organization_id=world.saltmarsh.id, integration_id=mine.id, external_id=name, name=name
        )

    async def choose(name: str) -> None:
        async def work() -> None:
            await CalendarRow.filter(integration_id=mine.id, external_id=name).update(counts=True)
            await asyncio.sleep(0.01)

        await transaction(work)

    async def read(at: int) -> None:
        async def work() -> None:
            await Integration.filter(id=mine.id).update(read_at=NOW + at)
            await asyncio.sleep(0.01)

        await transaction(work)

    await asyncio.gather(*(choose(name) for name in "abcdef"), *(read(at) for at in range(6)))
    assert (await _row(world.ada))["counting"] == 7
    assert await _row(world.ada) == await _should_be(world.ada)
