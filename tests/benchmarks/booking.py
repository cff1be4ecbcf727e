"""Bookings in a second, and their delivery: `python -m tests.benchmarks.booking`.

Each beside a bare insert of one row in a transaction, on the same database, in one process: only
the ratios mean anything.  The calendars answer at once.  `--postgres` takes a server of its own.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from tests import postgres
from tests.services.desk import NINE, Desk
from tests.services.diary import connect
from tests.world import DAY, HOUR, NOW, match, member, saltmarsh
from together.services.outbox.delivery import PLACES
from together.store.database import Database
from together.store.migrate import migrate
from together.store.models import CalendarEvent, Holiday, Job, JobState, Match, Member
from together.store.transaction import transaction

PAIRS, EACH, AT_ONCE = 20, 10, 8
Work = Callable[[], Awaitable[object]]


async def one_by_one(works: Sequence[Work]) -> tuple[float, float]:
    """Do it all, and say how much in a second, and how long all but a hundredth took at most."""
    took = []
    begins = time.perf_counter()
    for work in works:
        at = time.perf_counter()
        await work()
        took.append(time.perf_counter() - at)
    rate = len(works) / (time.perf_counter() - begins)
    return rate, sorted(took)[len(took) * 99 // 100] * 1e3


async def at_once(works: Sequence[Work]) -> tuple[float, float]:
    """The same with several under way all the time."""
    took: list[float] = []
    waiting = iter(works)

    async def ask() -> None:
        for work in waiting:
            at = time.perf_counter()
            await work()
            took.append(time.perf_counter() - at)

    begins = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(AT_ONCE)))
    rate = len(works) / (time.perf_counter() - begins)
    return rate, sorted(took)[len(took) * 99 // 100] * 1e3


async def measured(url: str) -> None:
    await migrate(url)
    database = await Database.open(url)
    try:
        async with database.entered():
            sys.stdout.write(f"{PAIRS * EACH} of each ({url[:8]}…)\n\n")
            sys.stdout.write(f"{'':34}{'a second':>10}{'p99, ms':>10}{'/ bare insert':>16}\n")
            await _measured()
    finally:
        await database.close()


async def _measured() -> None:
    desk = Desk(await saltmarsh())
    pairs = await transaction(lambda: _pairs(desk))
    for mentor, _ in pairs:
        await connect(mentor)
    bare, p99 = await one_by_one([_inserting(desk, n) for n in range(PAIRS * EACH)])
    _say("bare insert", bare, p99, bare)
    days = range(EACH)
    _say("booked, one by one", *await one_by_one(_booking(desk, pairs, days)), bare)
    _say("delivered", *await _delivered(desk, PAIRS * EACH), bare)
    bare, p99 = await at_once([_inserting(desk, n) for n in range(1000, 1000 + PAIRS * EACH)])
    _say(f"bare insert, {AT_ONCE} at once", bare, p99, bare)
    later = range(EACH, 2 * EACH)
    _say(f"booked, {AT_ONCE} at once", *await at_once(_booking(desk, pairs, later)), bare)


async def _pairs(desk: Desk) -> list[tuple[Member, Match]]:
    here, made = desk.world.saltmarsh, []
    for number in range(PAIRS):
        both = [await member(here, f"{role}{number} Moe", "UTC") for role in ("Mentor", "Mentee")]
        made.append((both[0], await match(*both, now=NOW)))
    return made


def _inserting(desk: Desk, number: int) -> Work:
    async def insert() -> Holiday:
        date = f"{1000 + number:04}-01-01"
        home = desk.world.saltmarsh.id
        return await Holiday.create(organization_id=home, date=date, name="A day")

    return lambda: transaction(insert)


def _booking(desk: Desk, pairs: Sequence[tuple[Member, Match]], days: Sequence[int]) -> list[Work]:
    def book(mentor: Member, of: Match, day: int) -> Work:
        return lambda: desk.book(mentor, of=of, start=NINE + day * DAY + 3 * HOUR)

    return [book(mentor, of, day) for day in days for mentor, of in pairs]


async def _delivered(desk: Desk, sessions: int) -> tuple[float, float]:
    """Say how many sessions a second come to their calendar, and how long a round takes."""
    took = []
    begins = time.perf_counter()
    while await Job.filter(state=JobState.WAITING).exists():
        await Job.filter(state=JobState.WAITING, due_at__gt=0).update(due_at=0)
        at = time.perf_counter()
        await desk.delivery.run_once()
        took.append(time.perf_counter() - at)
    rate = sessions / (time.perf_counter() - begins)
    written = await CalendarEvent.filter(event_id__isnull=False).count()
    assert written == sessions, (written, sessions, PLACES)
    return rate, sorted(took)[len(took) * 99 // 100] * 1e3


def _say(name: str, rate: float, p99: float, bare: float) -> None:
    sys.stdout.write(f"{name:34}{rate:10.0f}{p99:10.2f}{bare / rate:16.1f}\n")


def main() -> None:
    with ExitStack() as stack:
        if "--postgres" in sys.argv:
            server = stack.enter_context(postgres.server())
            asyncio.run(server.run("CREATE DATABASE booking"))
            url = server.url("booking")
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = f"sqlite:///{folder / 'together.db'}"
        asyncio.run(measured(url))


if __name__ == "__main__":
    main()
