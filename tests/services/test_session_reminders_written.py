"""Reminders of sessions are written down once for each time, whoever looks, and late if need be."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.desk import NINE
from tests.services.reminding import REMINDS, look, want
from tests.services.secretary import Secretary
from tests.world import DAY, HOUR, MINUTE, NOW, World, session
from together.services.availability.busy import Busy
from together.services.connections.choosing import Choosing
from together.services.outbox import session_reminders
from together.services.outbox.worker import Worker
from together.services.people.profile import Reminder
from together.store.models import (
    Booking,
    Job,
    JobKind,
    Organization,
    Seat,
)


async def test_booked_at_short_notice(secretary: Secretary):
    """A moment that had passed when the session was booked, or moved, is none."""
    await Organization.all().update(policy={"notice": 0})
    secretary.clock.now = NINE - 30 * MINUTE
    soon = await secretary.book()
    assert await look(secretary, NINE - 30 * MINUTE) == []
    await secretary.cancel(soon)
    await secretary.book(start=NINE + 5 * HOUR)
    assert await look(secretary, NINE) == []
    assert await look(secretary, NINE + 4 * HOUR) == ["ada", "ben"]


async def test_moved(secretary: Secretary):
    """Each time that a session is given has reminders of its own, if it is given before them."""
    await Organization.all().update(policy={"notice": 0})
    booking = await secretary.book(start=NINE + 5 * DAY)
    assert await look(secretary, NINE + 4 * DAY) == ["ada", "ben"]
    await secretary.move(booking, NINE + 8 * DAY)
    assert await look(secretary, NINE + 5 * DAY - HOUR) == []
    assert await look(secretary, NINE + 7 * DAY) == ["ada", "ben"]
    await secretary.move(booking, NINE + 7 * DAY + 10 * HOUR)
    assert await look(secretary, NINE + 7 * DAY + MINUTE) == []
    assert await look(secretary, NINE + 7 * DAY + 9 * HOUR) == ["ada", "ben"]


async def test_moved_before_it_was_sent(secretary: Secretary):
    """Of two that wait to be sent since a session was moved, only the one of its new time is."""
    await Organization.all().update(policy={"notice": 0})
    booking = await secretary.book(start=NINE)
    secretary.clock.now = NINE - HOUR
    await secretary.delivery.mails.remind_of_sessions()
    await secretary.move(booking, NINE + HOUR)
    assert await look(secretary, NINE) == ["ada", "ben"]
    assert await Job.filter(kind=JobKind.REMIND_HOUR).count() == 4
    assert "11:00 (Africa/Lagos)" in "".join(each.part("plain") for each in secretary.boxes.arrived)


@pytest.mark.parametrize(
    ("late", "told"),
    [
        (NINE - 22 * HOUR, [JobKind.REMIND_DAY] * 2),
        (NINE - HOUR + 1, [JobKind.REMIND_HOUR] * 2),
        (NINE, []),
        (NINE + HOUR, []),
    ],
)
async def test_a_late_worker(secretary: Secretary, late: int, told: list[JobKind]):
    """A worker that was away reminds of what is still ahead, once, and of nothing begun."""
    await secretary.book()
    await look(secretary, late)
    assert await Job.filter(kind__in=REMINDS).values_list("kind", flat=True) == told
    assert len(secretary.boxes.arrived) == len(told)


async def test_only_a_day_ahead_and_late(secretary: Secretary):
    """Who wants no reminder an hour ahead gets that of the day, however late, until it begins."""
    for who in (secretary.world.ada, secretary.world.ben):
        await want(who, Reminder.DAY_AHEAD)
    await secretary.book()
    assert await look(secretary, NINE - MINUTE) == ["ada", "ben"]


async def test_many_workers_at_once(secretary: Secretary):
    """Whoever looks at the same moment, in however many processes, one of them writes it down."""
    for n in range(5):
        await secretary.book(start=NINE + n * HOUR)
    secretary.clock.now = NINE - 19 * HOUR
    found = await asyncio.gather(
        *(session_reminders.write_down(now=secretary.clock.now) for _ in range(8))
    )
    assert (sum(found), await Job.filter(kind__in=REMINDS).count()) == (10, 10)
    assert len(set(await Job.filter(kind__in=REMINDS).values_list("generation", flat=True))) == 10


async def test_nothing_of_it_when_booking(secretary: Secretary, statements: list[str]):
    """Booking and moving write no reminder and look at no wish: both are the same for everybody."""
    seen = []
    for n, wishes in enumerate(((), tuple(Reminder))):
        await want(secretary.world.ben, *wishes)
        statements.clear()
        booking = await secretary.book(start=NINE + n * 3 * HOUR)
        await secretary.move(booking, NINE + n * 3 * HOUR + HOUR)
        seen.append(len(statements))
        assert await Job.filter(kind__in=REMINDS).count() == 0
    assert seen[0] == seen[1]


async def test_statements(secretary: Secretary, statements: list[str]):
    """However many sessions lie ahead, a look at which nothing is due takes one statement."""
    world = secretary.world
    for n in range(60):
        await session(world.match, world.ada, world.ben, starts=NINE + n * HOUR)
    statements.clear()
    assert await session_reminders.write_down(now=NOW) == 0
    assert len(statements) == 1
    statements.clear()
    assert await session_reminders.write_down(now=NOW + 40 * HOUR) == 48
    assert len(statements) < 12
    statements.clear()
    assert await session_reminders.write_down(now=NOW + 40 * HOUR) == 0
    assert len(statements) == 1


async def test_in_ids_only(secretary: Secretary):
    """The outbox knows whose seat it is, and no word or address."""
    await secretary.book()
    secretary.clock.now = NINE - DAY
    await secretary.delivery.mails.remind_of_sessions()
    job = await Job.filter(kind=JobKind.REMIND_DAY).order_by("id").first()
    seat = await Seat.get(member_id=secretary.world.ada.id)
    assert (job.booking_id, job.generation, job.sealed, job.provider) == (
        seat.booking_id, seat.id, None, None,
    )  # fmt: skip


async def test_the_worker_reminds(world: World, secretary: Secretary):
    """The worker looks by itself, and sends what it finds."""
    await session(world.match, world.ada, world.ben, starts=NOW + 30 * MINUTE)
    await Booking.all().update(created_at=NOW - DAY)
    busy = Busy(secretary.diaries, secretary.clock)
    choosing = Choosing(secretary.diaries, busy, secretary.clock)
    worker, stop = Worker(secretary.delivery, busy, choosing, remind=0.05), asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    async with asyncio.timeout(5):
        while len(secretary.boxes.arrived) < 2:  # noqa: ASYNC110  (it has no event)
            await asyncio.sleep(0.01)
    stop.set()
    await running
    assert sorted(secretary.told_by_name()) == ["ada", "ben"]
