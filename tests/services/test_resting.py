"""A pause that a service asks for binds every call to it, whoever was told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.services.calendars import UNTIL, WINDOW
from tests.services.desk import Desk
from tests.services.diary import REGISTRY, Book, Diaries, Diary, connect, viewer
from tests.world import MINUTE, World
from together.providers.contract import Calendars
from together.providers.errors import ProviderUnavailable, RateLimited
from together.providers.values import Calendar
from together.services.availability.busy import Busy
from together.services.connections.choosing import ASKED_EVERY, LISTED, Choosing
from together.services.connections.resting import REST, LeftAlone, Resting
from together.services.outbox.delivery import Delivery
from together.services.outbox.delivery_state import DeliveryState
from together.services.refusals import ProviderDown
from together.services.sessions.booking import Bookings
from together.store.clock import database_now
from together.store.models import Booking, Integration, Job, JobKind, JobState

PAUSE = 600
ASKED = RateLimited(retry_after=timedelta(seconds=PAUSE))


class ListedDiary(Diary):
    """A calendar whose list is a call like any other."""

    async def list(self) -> Sequence[Calendar]:
        await self._called("list")
        return await super().list()


class ListedDiaries(Diaries):
    @asynccontextmanager
    async def open(
        self, integration: Integration, *, writing: bool = False
    ) -> AsyncIterator[Calendars]:
        yield ListedDiary(self.books.setdefault(integration.member_id, Book()), integration)


class Office:
    """One process: what reads, lists and writes knows of the same pauses."""

    def __init__(self, world: World) -> None:
        self.desk = Desk(world)
        self.desk.diaries = ListedDiaries()
        resting = Resting(self.desk.clock)
        diaries, clock = self.desk.diaries, self.desk.clock
        self.busy = Busy(diaries, clock, resting=resting)
        self.choosing = Choosing(diaries, self.busy, clock, resting=resting)
        self.desk.delivery = Delivery(diaries, REGISTRY, clock, resting=resting)
        self.desk.bookings = Bookings(busy=self.busy, registry=REGISTRY, clock=clock)
        self.world, self.clock = world, clock

    @property
    def book(self) -> Book:
        return self.desk.diaries.of(self.world.ada)

    async def read(self) -> None:
        row = await Integration.get(member_id=self.world.ada.id)
        await self.busy.known([row], WINDOW, until=UNTIL)

    async def refused(self) -> timedelta | None:
        with pytest.raises(ProviderDown) as caught:
            await self.choosing.refresh(viewer(self.world.ada))
        return caught.value.retry_after


@pytest.fixture
async def office(world: World) -> Office:
    office = Office(world)
    await connect(world.ada)
    return office


async def _told_by(office: Office, what: str) -> Booking:
    """Have one kind of call told to wait."""
    booking = await office.desk.book()
    office.book.calls.clear()
    office.book.always = ASKED
    match what:
        case "busy":
            await office.read()
        case "list":
            assert await office.refused() == timedelta(seconds=PAUSE)
        case "the list's sweep":
            office.clock.forward(LISTED)
            assert await office.choosing.sweep() == 0
        case "create":
            await office.desk.once()
    assert len(office.book.calls) == 1
    return booking


@pytest.mark.parametrize("what", ["busy", "list", "the list's sweep", "create"])
async def test_nothing_is_asked_for_so_long(office: Office, what: str):
    """Reading, listing, the worker's sweeps and its writes all wait, and go on after it."""
    booking = await _told_by(office, what)
    told = office.clock()
    await Integration.all().update(listed_at=told - LISTED)
    office.clock.forward(PAUSE - 1)
    assert await office.refused() == timedelta(seconds=1)
    await office.read()
    await office.busy.sweep()
    assert await office.choosing.sweep() == 0
    await office.desk.once()
    assert len(office.book.calls) == 1
    assert await office.desk.state(booking, office.world.ada) is DeliveryState.PENDING
    office.clock.forward(ASKED_EVERY)
    office.book.always = None
    await office.choosing.refresh(viewer(office.world.ada))
    await office.read()
    await office.desk.run()
    assert sorted(set(office.book.calls[1:])) == ["busy", "create", "list"]
    assert await office.desk.state(booking, office.world.ada) is DeliveryState.DELIVERED


async def test_a_job_that_waits_is_not_tried(office: Office):
    """Its time moves behind the pause, and no try is counted, so that nothing seems half done."""
    await _told_by(office, "busy")
    for _ in range(3):
        await office.desk.once()
        job = await Job.get(kind=JobKind.WRITE_EVENT, integration_id__isnull=False)
        assert (job.state, job.attempts, job.reason) == (JobState.WAITING, 0, "LeftAlone")
        assert PAUSE <= job.due_at - await database_now() <= PAUSE + MINUTE


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_try_that_was_made_stays_counted(office: Office, cancelled: bool):
    """What was tried before a pause may have made an event, which is looked for after it."""
    booking = await office.desk.book()
    office.book.after = ASKED
    await office.desk.once()
    await office.desk.once()
    job = await Job.get(kind=JobKind.WRITE_EVENT, integration_id__isnull=False)
    assert (job.attempts, office.book.calls.count("create")) == (1, 1)
    if cancelled:
        await office.desk.cancel(booking)
    office.clock.forward(PAUSE)
    await office.desk.run()
    assert len(office.desk.events(office.world.ada)) == (0 if cancelled else 1)


async def test_what_did_not_say_how_long(office: Office):
    """A failure without a time to wait holds up reading for a moment, and nothing else."""
    office.book.failing = [ProviderUnavailable()]
    await office.read()
    await office.read()
    assert office.book.calls == ["busy"]
    office.clock.forward(ASKED_EVERY)
    office.book.failing = [ProviderUnavailable()]
    await office.read()
    await office.choosing.refresh(viewer(office.world.ada))
    assert office.book.calls == ["busy"] * 2 + ["list"]
    office.clock.forward(REST)
    await office.read()
    assert office.book.calls == ["busy"] * 2 + ["list", "busy"]


async def test_told_while_looking_again(office: Office):
    """A list that is asked for in between, and refused, is as good a word as any."""
    office.book.unread = {f"calendar-{office.world.ada.id}": "notFound"}
    office.book.failing = [None, ASKED]
    await Integration.all().update(listed_at=0)
    await office.read()
    assert office.book.calls == ["busy", "list"]
    assert await office.refused() == timedelta(seconds=PAUSE)


async def test_another_consent_is_another_pause(office: Office):
    """A pause binds the grant it was asked of; whoever connects anew is not held up by it."""
    resting = Resting(office.clock)
    row = await Integration.get(member_id=office.world.ada.id)
    resting.heed(row, ASKED)
    with pytest.raises(LeftAlone) as caught:
        async with resting.heeded(row):
            raise AssertionError
    assert caught.value.retry_after == timedelta(seconds=PAUSE)
    row.generation += 1
    async with resting.heeded(row):
        assert row not in resting
