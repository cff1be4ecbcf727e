"""Listeners of plugins hear of every change after its commit, and none of them harms another."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tests.world import HOUR, NOW, World, session
from together.providers import BookingChange, BookingListener, ChangeKind
from together.services.listening import telling
from together.services.listening.telling import KINDS, Telling
from together.services.outbox import delivery
from together.services.outbox.delivery import Delivery
from together.store.clock import database_now
from together.store.models import Booking, History, Job, JobKind, JobState
from together.store.transaction import transaction


class Hears(BookingListener):
    """Keeps what it is told, and raises or hangs when it is told to."""

    def __init__(self, slug: str = "ears") -> None:
        self.slug = slug
        self.heard: list[BookingChange] = []
        self.fault: BaseException | None = None
        self.hangs: asyncio.Event | None = None

    async def booking_changed(self, change: BookingChange) -> None:
        if self.hangs is not None:
            try:
                await self.hangs.wait()
            except asyncio.CancelledError:
                await self.hangs.wait()  # it does not let itself be cancelled
        if self.fault is not None:
            raise self.fault
        self.heard.append(change)


class Stage:
    """One process that delivers, with these listeners."""

    def __init__(self, *listeners: Hears, patience: float = 5.0) -> None:
        registered = {each.slug: each for each in listeners}
        self.telling = Telling(registered, patience=patience)
        nobody: object = None
        self.delivery = Delivery(
            nobody,  # type: ignore[arg-type]  (no calendar is opened here)
            nobody,  # type: ignore[arg-type]
            lambda: NOW,
            mails=nobody,  # type: ignore[arg-type]
            telling=self.telling,
        )
        self.delivery.mails = nobody  # type: ignore[assignment]

    async def run(self) -> int:
        """Look, and deliver what is due."""
        made = await self.telling.look()
        await self.delivery.run_once()
        return made


async def change(world: World, booking: Booking, what: str, *, at: int | None = None) -> History:
    return await History.create(
        organization_id=world.saltmarsh.id,
        booking_id=booking.id,
        at=await database_now() if at is None else at,
        member_id=world.ada.id,
        what=what,
    )


async def _booked(world: World) -> Booking:
    return await session(world.match, world.ada, world.ben, starts=NOW + HOUR, agenda="canary")


def _tell_of(world: World, booking: Booking, row: History, kind: ChangeKind) -> BookingChange:
    return BookingChange(
        id=f"chg_{row.id}",
        kind=kind,
        organization_id=f"org_{world.saltmarsh.uid}",
        booking_id=f"bkg_{booking.uid}",
        at=datetime.fromtimestamp(row.at, UTC),
        start=datetime.fromtimestamp(booking.starts, UTC),
        end=datetime.fromtimestamp(booking.ends, UTC),
    )


async def test_a_change_is_heard_once_by_each(world: World):
    """Ids, times and the kind of change, nothing else; looking again tells nothing twice."""
    booking = await _booked(world)
    row = await change(world, booking, "BOOKED")
    one, other = Hears("ears"), Hears("eyes")
    stage = Stage(one, other)
    assert await stage.run() == 2
    assert one.heard == other.heard == [_tell_of(world, booking, row, ChangeKind.BOOKED)]
    assert "canary" not in repr(one.heard)
    moved = await change(world, booking, "MOVED_IN_CALENDAR")
    assert [await stage.run(), await stage.run(), await Stage(one, other).run()] == [2, 0, 0]
    assert one.heard[1:] == [_tell_of(world, booking, moved, ChangeKind.RESCHEDULED)]


async def test_nothing_is_heard_before_the_commit(world: World):
    """What was rolled back is never told."""
    booking, ears = await _booked(world), Hears()

    async def work() -> None:
        await change(world, booking, "CANCELLED")
        raise LookupError

    with pytest.raises(LookupError):
        await transaction(work)
    assert await Stage(ears).run() == 0
    assert ears.heard == []


async def test_where_nobody_listens_nothing_is_written(world: World):
    """Without a listener no row of the outbox is made."""
    await change(world, await _booked(world), "BOOKED")
    assert await Stage().run() == 0
    assert await Job.all().count() == 0


async def test_a_change_of_another_process_is_heard_after_a_kill(world: World):
    """A worker that died between claim and answer leaves it to the next, with the same id."""
    row = await change(world, await _booked(world), "BOOKED")
    ears = Hears()
    dies = Stage(ears)
    await dies.telling.look()
    [job] = await delivery.claim(10)
    await dies.telling.tell(job)  # and it died before it could note that
    await Job.filter(id=job.id).update(leased_until=await database_now() - 1)
    assert await Stage(ears).run() == 0
    assert [each.id for each in ears.heard] == [f"chg_{row.id}"] * 2


@pytest.mark.parametrize("fault", [ValueError("canary"), SystemExit(3)])
async def test_one_that_raises_harms_nothing(world: World, fault: BaseException, caplog):
    """The other hears of it, and the one that raised hears again later; its text is nowhere."""
    await change(world, await _booked(world), "BOOKED")
    bad, good = Hears("bad"), Hears("good")
    bad.fault = fault
    stage = Stage(bad, good)
    await stage.run()
    assert (len(bad.heard), len(good.heard)) == (0, 1)
    rows = {row.provider: (row.state, row.reason) for row in await Job.all()}
    assert rows == {"bad": (JobState.WAITING, "ListenerFailed"), "good": (JobState.DONE, None)}
    assert "canary" not in caplog.text
    bad.fault = None
    await Job.all().update(due_at=await database_now())
    await stage.run()
    assert (len(bad.heard), len(good.heard)) == (1, 1)


async def test_one_that_hangs_harms_nothing(world: World):
    """One that does not even heed being cancelled is left to itself, and takes two places."""
    booking = await _booked(world)
    for _ in range(4):
        await change(world, booking, "ACCEPTED")
    bad, good = Hears("bad"), Hears("good")
    bad.hangs = asyncio.Event()
    async with asyncio.timeout(5):
        await Stage(bad, good, patience=1.5).run()
    assert [each.kind for each in good.heard] == [ChangeKind.ANSWERED] * 4
    reasons = await Job.filter(provider="bad").order_by("id").values_list("reason", flat=True)
    assert sorted(reasons) == ["LeftAlone"] * 2 + ["ListenerFailed"] * 2
    bad.hangs.set()
    await asyncio.sleep(0)


async def test_a_listener_that_is_gone(world: World):
    """What was to be told to one that is not installed here waits, and is said to be the
    operator's.
    """
    await change(world, await _booked(world), "BOOKED")
    await Stage(Hears()).telling.look()
    await Stage().run()
    [job] = await Job.all()
    assert (job.kind, job.state, job.reason) == (
        JobKind.TELL_LISTENER,
        JobState.WAITING,
        "ListenerMissing",
    )


async def test_a_new_listener_hears_of_the_last_days(world: World, monkeypatch):
    """However many pages of history there are, what is older than three days is not told."""
    monkeypatch.setattr(telling, "PAGE", 2)
    booking, now = await _booked(world), await database_now()
    for age in (9, 5, 4, 2, 1):
        await change(world, booking, "ACCEPTED", at=now - age * 24 * HOUR)
    ears = Hears()
    await Stage(ears).run()
    ages = [(now - int(each.at.timestamp())) // (24 * HOUR) for each in ears.heard]
    assert sorted(ages) == [1, 2]


async def test_two_workers_write_it_once(world: World):
    """Of workers that look at the same time, one writes down what is to be told."""
    await change(world, await _booked(world), "BOOKED")
    made = await asyncio.gather(*(Stage(Hears()).telling.look() for _ in range(3)))
    assert (sorted(made), await Job.all().count()) == ([0, 0, 1], 1)


async def test_what_was_numbered_earlier_and_came_later(world: World):
    """A row with a lower id, committed after a higher one was told, is told all the same."""
    booking, ears = await _booked(world), Hears()
    first = await change(world, booking, "BOOKED")
    await change(world, booking, "DONE")
    late = {"at": first.at, "member_id": None, "what": "BOOKED"}
    await first.delete()
    stage = Stage(ears)
    await stage.run()
    await History.create(
        id=first.id, organization_id=world.saltmarsh.id, booking_id=booking.id, **late
    )
    assert await stage.run() == 1
    assert [each.kind for each in ears.heard] == [ChangeKind.DONE, ChangeKind.BOOKED]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_change_in_a_calendar_is_told_like_any(dialect: str):
    """No kind of change says that somebody has a calendar, or what they answered."""
    assert not any("CALENDAR" in kind for kind in ChangeKind)
    assert {KINDS[what] for what in ("ACCEPTED", "TENTATIVE", "DECLINED")} == {ChangeKind.ANSWERED}
