"""One way into a transaction: whole or not at all, whatever becomes of whoever asked."""

import asyncio
import os
import random

import anyio
import pytest
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from tests.world import World
from together.store.database import Database
from together.store.models import Holiday, Member, Organization
from together.store.transaction import transaction

STORM = 4000 if os.environ.get("TOGETHER_TEST_SOAK") else 400
"""Callers that are cancelled; `make soak` has ten times as many."""


async def _holidays() -> list[str]:
    return sorted(await Holiday.all().values_list("name", flat=True))


async def test_work_that_fails_leaves_nothing(world: World):
    """An exception takes back everything the work had written, and comes out as it is."""

    async def work():
        await _add(world.saltmarsh, "one")
        raise LookupError("why")

    with pytest.raises(LookupError, match="why"):
        await transaction(work)
    assert await _holidays() == []


async def test_a_transaction_inside_another_is_a_part_of_it(world: World):
    """What an inner transaction wrote is taken back with the outer one."""

    async def inner():
        await _add(world.saltmarsh, "inner")
        return "answer"

    async def outer():
        assert await transaction(inner) == "answer"
        assert await _holidays() == ["inner"]
        raise LookupError

    with pytest.raises(LookupError):
        await transaction(outer)
    assert await _holidays() == []


async def test_a_cancelled_caller_leaves_and_the_work_is_done(world: World):
    """The work goes to its end although its caller was cancelled in the middle of it."""
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work():
        await _add(world.saltmarsh, "before")
        begun.set()
        await go_on.wait()
        await _add(world.saltmarsh, "the rest")
        done.set()

    caller = asyncio.create_task(transaction(work))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    with anyio.fail_after(10):
        await done.wait()
    await Database.current().client.undisturbed.settled()
    assert await _holidays() == ["before", "the rest"]


async def test_closing_waits_for_what_is_under_way(database_url: str):
    """A database that is closed brings the transactions of callers who left to their end."""
    database = await Database.open(database_url)
    async with database.entered():
        begun = asyncio.Event()

        async def work():
            begun.set()
            await asyncio.sleep(0.05)
            await Organization.create(slug="saltmarsh", name="Saltmarsh Institute")

        caller = asyncio.create_task(transaction(work))
        await begun.wait()
        caller.cancel()
    await database.close()
    again = await Database.open(database_url)
    async with again.entered():
        assert await Organization.all().count() == 1
    await again.close()


async def test_a_storm_of_cancellations_leaves_every_transaction_whole(world: World):
    """After hundreds of callers were cancelled at random moments, the next one is answered."""
    chance = random.Random(20261130)  # noqa: S311

    async def caller(number: int):
        async def work():
            await _add(world.saltmarsh, f"{number:04} a")
            if number % 7 == 0:
                await asyncio.sleep(chance.random() / 200)
            await _add(world.saltmarsh, f"{number:04} b")
            if number % 11 == 0:
                raise LookupError

        await transaction(work)

    callers = [asyncio.create_task(caller(number)) for number in range(STORM)]
    for task in chance.sample(callers, STORM * 19 // 20):
        if chance.random() < 0.2:
            await asyncio.sleep(chance.random() / 200)
        task.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    with anyio.fail_after(20):
        await _add(world.northlight, "plain a")
        await _add(world.northlight, "plain b")
        await transaction(lambda: _add(world.saltmarsh, "next a"))
        await transaction(lambda: _add(world.saltmarsh, "next b"))
        await Database.current().client.undisturbed.settled()
    found = await _holidays()
    whole = {name[:-2] for name in found}
    assert found == sorted(f"{name} {part}" for name in whole for part in "ab")
    assert len(found) > 20
    assert [name for name in whole if name.isdigit() and int(name) % 11 == 0] == []


async def test_a_storm_over_plain_statements_leaves_every_connection_free(world: World):
    """After hundreds of reads, writes and bulk writes were cancelled, all kinds are answered."""
    chance = random.Random(8)  # noqa: S311

    async def caller(number: int):
        await Member.filter(organization_id=world.saltmarsh.id).count()
        await _add(world.saltmarsh, f"{number}")
        await Holiday.bulk_create(
            [_holiday(world.saltmarsh, f"{number} {part}") for part in range(20)]
        )

    callers = [asyncio.create_task(caller(number)) for number in range(STORM // 2)]
    for task in chance.sample(callers, 190):
        if chance.random() < 0.2:
            await asyncio.sleep(chance.random() / 200)
        task.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    with anyio.fail_after(20):
        await asyncio.gather(*(Member.all().count() for _ in range(30)))
        await transaction(lambda: caller(1000))
    bulks = [name.split()[0] for name in await _holidays() if " " in name]
    assert {bulks.count(number) for number in bulks} == {20}


async def test_reads_do_not_wait_behind_a_writer(world: World):
    """A read is answered, with what was last committed, while a transaction stands open."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work():
        await Member.filter(id=world.ada.id).update(name="Ada L.")
        begun.set()
        await go_on.wait()

    writer = asyncio.create_task(transaction(work))
    await begun.wait()
    try:
        with anyio.fail_after(5):
            during = [
                await Member.get(id=world.ada.id).values_list("name", flat=True) for _ in "12345"
            ]
    finally:
        go_on.set()
    await writer
    after = await Member.get(id=world.ada.id).values_list("name", flat=True)
    assert (during, after) == (["Ada Lindqvist"] * 5, "Ada L.")


async def test_a_deadlock_is_tried_again_and_reaches_nobody(world: World):
    """Transactions that lock the same rows in opposite orders all come to their end."""

    async def work(first: Member, second: Member):
        for person in (first, second):
            row = await Member.select_for_update().get(id=person.id)
            await Member.filter(id=person.id).update(generation=row.generation + 1)
            await asyncio.sleep(0.02)

    pair = (world.ada, world.ben)
    await asyncio.gather(
        *(transaction(lambda n=n: work(pair[n % 2], pair[1 - n % 2])) for n in range(6))
    )
    rows = await Member.filter(id__in=[person.id for person in pair]).values_list(
        "generation", flat=True
    )
    assert rows == [6, 6]


async def test_there_is_no_other_way_in(world: World):
    """Tortoise's own transaction, which keeps its lock when cancelled, is refused."""
    with pytest.raises(RuntimeError, match=r"together\.store.transaction"):
        async with in_transaction():
            pass


async def test_a_task_that_outlives_its_transaction_cannot_use_it(world: World):
    """A task left behind by a transaction is refused its connection, and may begin its own."""
    over = asyncio.Event()

    async def left_behind():
        await over.wait()
        with pytest.raises(RuntimeError, match="is over"):
            await _add(world.saltmarsh, "stray")
        await transaction(lambda: _add(world.saltmarsh, "own"))

    async def work():
        return asyncio.create_task(left_behind())

    stray = await transaction(work)
    over.set()
    await stray
    assert await _holidays() == ["own"]


async def test_many_rows_at_once_are_whole_also_outside_a_transaction(world: World):
    """A bulk insert that the database refuses in its middle leaves none of its rows."""
    rows = [_holiday(world.saltmarsh, name) for name in ("a", "b", "a")]
    with pytest.raises(IntegrityError):
        await Holiday.bulk_create(rows)
    assert await _holidays() == []
    await transaction(lambda: Holiday.bulk_create(rows[:2]))
    assert await _holidays() == ["a", "b"]


def _holiday(organization: Organization, name: str) -> Holiday:
    return Holiday(organization_id=organization.id, date=name, name=name)


async def _add(organization: Organization, name: str) -> None:
    await _holiday(organization, name).save()
