"""Two servers and two workers in a storm: in the end calendars, mailboxes and database agree."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.postgres import Server
from tests.storm.people import People
from tests.storm.port import HOME, Port, opened
from tests.storm.verdict import verdict

THOROUGH = bool(os.environ.get("TOGETHER_TEST_SOAK"))
LASTS = 600 if THOROUGH else float(os.environ.get("TOGETHER_TEST_STORM_SECONDS", "10"))
"""Seconds; another number may be given, to look for something."""
SETTLING = 300 if THOROUGH else 120
"""Seconds that may pass until all is delivered, once it is calm."""

_HURRY = (
    "UPDATE job SET due_at = extract(epoch FROM now())::bigint WHERE state = 'WAITING' "
    "AND leased_until IS NULL AND due_at > extract(epoch FROM now())",
    "UPDATE calendar_sync SET due_at = extract(epoch FROM now())::bigint, attempts = 0 "
    "WHERE attempts > 0 AND leased_until IS NULL",
)
"""The pauses between two tries are over at once, those of ten minutes too."""
_ASK = "UPDATE calendar_sync SET due_at = 0, attempts = 0, synced_at = NULL, leased_until = NULL"
_LEFT = (
    "SELECT count(*) FROM job WHERE state = 'WAITING' UNION ALL "
    "SELECT count(*) FROM calendar_sync s JOIN integration i ON i.id = s.integration_id "
    "WHERE i.state = 'ACTIVE' AND (synced_at IS NULL OR due_at <= extract(epoch FROM now()))"
)


@pytest.fixture
def seed() -> int:
    """The seed of the storm: a new one, or the one of a storm that went wrong."""
    return int(os.environ.get("TOGETHER_TEST_STORM") or secrets.randbelow(10**9))


@pytest.fixture
async def storm_database(
    postgres_server: Server, _postgres_template: str, seed: int
) -> AsyncIterator[str]:
    """The name of a migrated database on the server."""
    name = f"storm{seed}"
    await postgres_server.run(
        f"CREATE DATABASE {name} TEMPLATE {_postgres_template} STRATEGY file_copy"
    )
    yield name
    await postgres_server.run(f"DROP DATABASE {name} WITH (FORCE)")


async def test_storm(
    postgres_server: Server, storm_database: str, tmp_path: Path, seed: int
) -> None:
    """Whatever the weather and the people do, there is no overlap, no orphan and no double."""
    chances = [random.Random(seed + number) for number in range(3)]  # noqa: S311  (no secret)
    async with opened(postgres_server, storm_database, tmp_path, chances[0]) as port:
        people = People(port, chances[1])
        joined = [await people.join(each) for each, home in HOME.items() if home]
        assert joined == ["CompleteCalendarConnectionPayload"] * len(joined)
        await _storm(port, people, chances[2])
        await _settled(port)
        found = [*people.wrong, *await verdict(port, people.deleted)]
        assert found == [], _report(seed, found, people, port)
        assert people.done.total() > LASTS


async def _storm(port: Port, people: People, chance: random.Random) -> None:
    port.calm(False)
    ends = asyncio.get_running_loop().time() + LASTS
    beside = asyncio.create_task(_beside(port, chance))
    try:
        await people.act(ends)
    finally:
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)
        port.calm(True)
    if beside.done() and not beside.cancelled() and (failed := beside.exception()):
        raise failed


async def _beside(port: Port, chance: random.Random) -> None:
    """Kill a worker now and then, lose and repeat what is told, and let tokens expire."""
    for second in itertools.count(1):
        await asyncio.sleep(1)
        for statement in _HURRY:
            await port.database.execute(statement)
        if second % 6 == 0:
            port.kill_worker(chance.randrange(2))
        google, outlook = (each.sandbox for each in port.vendors.values())
        google.switches.pushes_lost = chance.random() < 0.2
        outlook.switches.pushes_lost = chance.random() < 0.2
        google.switches.pushes_twice = outlook.switches.pushes_twice = chance.random() < 0.3
        google.switches.pushes_late_seconds = chance.choice([0.0, 0.0, 0.7])
        outlook.switches.pushes_late = chance.random() < 0.2
        if chance.random() < 0.1:
            google.forget_changes()
        if chance.random() < 0.1:
            outlook.world.forget()
        if chance.random() < 0.1:
            name = chance.choice([*HOME])
            if home := HOME[name]:
                port.vendors[home].sandbox.expire_access(port.member(name).email)


async def _settled(port: Port) -> None:
    """Let two fresh workers deliver and ask until nothing is left, and nothing new comes of it."""
    for each in port.vendors.values():
        each.sandbox.switches.set({"pushes_lost": False, "pushes_twice": False})
    port.vendors["google"].sandbox.switches.pushes_late_seconds = 0.0
    port.vendors["outlook"].sandbox.switches.pushes_late = False
    await port.stop_workers()
    await port.database.execute("UPDATE job SET leased_until = NULL")
    await port.database.execute(_ASK)
    port.start_worker()
    port.start_worker()
    async with asyncio.timeout(SETTLING):
        jobs = -1
        while True:
            await _idle(port)
            [(most,)] = await port.rows("SELECT coalesce(max(id), 0) FROM job")
            if most == jobs:
                return
            jobs = most
            await port.database.execute(_ASK + " WHERE leased_until IS NULL")


async def _idle(port: Port) -> None:
    quiet = 0
    while quiet < 3:
        for statement in _HURRY:
            await port.database.execute(statement)
        left = [row["count"] for row in await port.rows(_LEFT)]
        quiet = quiet + 1 if left == [0, 0] else 0
        await asyncio.sleep(0.2)


def _report(seed: int, found: list[str], people: People, port: Port) -> str:
    lines = [
        f"TOGETHER_TEST_STORM={seed} brings this storm again, as far as processes keep step.",
        *found,
        str(dict(people.done)),
        *(str(each.met) for each in port.weathers),
        port.logs(),
    ]
    return "\n".join(lines)
