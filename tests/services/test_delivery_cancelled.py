"""A cancelled session leaves no event behind, whenever it is cancelled."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.services.desk import Desk
from tests.services.diary import connect
from tests.world import HOUR, World
from together.providers.errors import (
    AuthorizationExpired,
    Conflict,
    ProviderUnavailable,
    RateLimited,
)
from together.services.connections.reopening import reopen
from together.services.outbox import delivery
from together.services.outbox.delivery import KEPT, judged
from together.services.outbox.delivery_state import DeliveryState
from together.store.clock import database_now
from together.store.models import (
    CalendarRow,
    Integration,
    Job,
    JobKind,
    JobState,
)


async def test_cancel(desk: Desk):
    """A cancelled session's event is taken away, everywhere it stands."""
    await connect(desk.world.ada)
    await connect(desk.world.ben, email="ben.home@example.com")
    booking = await desk.book()
    await desk.run()
    await desk.cancel(booking)
    assert await desk.state(booking, desk.world.ada) is DeliveryState.PENDING
    await desk.run()
    assert (desk.events(desk.world.ada), desk.events(desk.world.ben)) == ([], [])
    assert await desk.state(booking, desk.world.ada) is DeliveryState.DELIVERED


async def test_cancelled_before_it_was_written(desk: Desk):
    """A session that is cancelled before the worker came never reaches a calendar."""
    await connect(desk.world.ada)
    booking = await desk.book()
    await desk.cancel(booking)
    await desk.run()
    assert desk.diaries.of(desk.world.ada).calls == ["busy"]
    assert await Job.exclude(state=JobState.DONE).count() == 0


@pytest.mark.parametrize("fault", [None, ProviderUnavailable(), AuthorizationExpired()])
async def test_cancelled_while_it_is_written(desk: Desk, fault):
    """A cancellation that meets the writing ends with no event, whatever the writer hears."""
    ada = await connect(desk.world.ada)
    booking = await desk.book()
    book = desk.diaries.of(desk.world.ada)
    book.gate, book.after = asyncio.Event(), fault
    writing = asyncio.create_task(desk.delivery.run_once())
    await book.called("create")
    await desk.cancel(booking)
    for _ in range(2):
        await desk.delivery.run_once()
    waiting = await Job.get(kind=JobKind.CANCEL_EVENT, integration_id=ada.id)
    assert (waiting.state, waiting.reason) == (JobState.WAITING, "NotYet")
    book.gate.set()
    await writing
    await desk.run()
    if isinstance(fault, AuthorizationExpired):
        await Integration.filter(id=ada.id).update(state="ACTIVE")
        await reopen(ada, now=await database_now())
        await desk.run()
    assert desk.events(desk.world.ada) == []
    assert await Job.exclude(state=JobState.DONE).count() == 0


async def test_cancelled_while_nothing_got_through(desk: Desk):
    """Nobody is invited to a session, only to hear that it is cancelled."""
    await connect(desk.world.ada)
    booking = await desk.book()
    book = desk.diaries.of(desk.world.ada)
    book.always = ProviderUnavailable()
    for _ in range(3):
        await desk.once()
    await desk.cancel(booking)
    book.always = None
    await desk.run()
    assert (book.events, book.invited) == ({}, [])
    assert await desk.state(booking, desk.world.ada) is DeliveryState.DELIVERED


@pytest.mark.parametrize("fault", [ProviderUnavailable(), None])
async def test_cancelled_after_an_answer_was_lost_and_then_the_grant(desk: Desk, fault):
    """The event that may stand is taken away once its member has reconnected, and not before."""
    ada = await connect(desk.world.ada)
    booking = await desk.book()
    book = desk.diaries.of(desk.world.ada)
    if fault is None:  # at the very first try
        book.after = AuthorizationExpired()
    else:
        book.after = fault
        await desk.once()
        book.failing = [AuthorizationExpired()]
    await desk.once()
    await desk.cancel(booking)
    await desk.run()
    assert list(book.events) == [booking.event_key]
    assert await desk.state(booking, desk.world.ada) is DeliveryState.WAITING_FOR_RECONNECT
    await Integration.filter(id=ada.id).update(state="ACTIVE")
    await reopen(ada, now=await database_now())
    await desk.run()
    assert book.events == {}
    assert await desk.state(booking, desk.world.ada) is DeliveryState.DELIVERED
    assert await Job.exclude(state=JobState.DONE).count() == 0


@pytest.mark.parametrize("lost", [False, True])
async def test_cancelled_after_writing_was_given_up(desk: Desk, lost: bool):
    """What was refused at once left nothing; where an answer was lost before, it is looked for."""
    await connect(desk.world.ada)
    booking = await desk.book()
    book = desk.diaries.of(desk.world.ada)
    if lost:
        book.after = ProviderUnavailable()
        await desk.once()
    book.failing = [Conflict()]
    await desk.once()
    made = len(book.events)
    calls = len(book.calls)
    await desk.cancel(booking)
    await desk.run()
    assert (made, book.events) == (int(lost), {})
    assert book.calls[calls:] == (["create", "cancel"] if lost else [])
    assert await desk.state(booking, desk.world.ada) is DeliveryState.DELIVERED


async def test_written_after_all(desk: Desk):
    """An event that comes to be after its session's cancellation was dealt with is taken away."""
    await connect(desk.world.ada)
    booking = await desk.book()
    book = desk.diaries.of(desk.world.ada)
    book.gate = asyncio.Event()
    writing = asyncio.create_task(desk.delivery.run_once())
    await book.called("create")
    await Job.filter(kind=JobKind.WRITE_EVENT).update(state=JobState.DONE)
    await desk.cancel(booking)
    await desk.run()
    book.gate.set()
    await writing
    await desk.run()
    assert desk.events(desk.world.ada) == []


async def test_cancel_waits_for_its_service(desk: Desk):
    """A cancellation is tried again too, until the event is gone."""
    await connect(desk.world.ada)
    booking = await desk.book()
    await desk.run()
    desk.diaries.of(desk.world.ada).failing = [ProviderUnavailable(), RateLimited()]
    await desk.cancel(booking)
    await desk.run()
    assert desk.events(desk.world.ada) == []


async def test_disconnected(desk: Desk):
    """Of a calendar that is not connected any more nothing is asked, and the session stands."""
    ada = await connect(desk.world.ada)
    booking = await desk.book()
    await CalendarRow.filter(integration_id=ada.id).delete()
    await Integration.filter(id=ada.id).delete()
    await desk.run()
    assert desk.diaries.of(desk.world.ada).calls == ["busy"]
    job = await Job.get(booking_id=booking.id, integration_id=ada.id)
    assert (job.state, job.reason) == (JobState.PARKED, "Disconnected")


async def revocation(world: World, **fields) -> Job:
    now = await database_now()
    given = {"due_at": now, "created_at": now, "sealed": "sealed"} | fields
    return await Job.create(
        organization_id=world.saltmarsh.id, kind=JobKind.REVOKE_GRANT, provider="memory", **given
    )


@pytest.mark.parametrize("error", [None, AuthorizationExpired()])
async def test_revoked(desk: Desk, error):
    """A grant that was given back, or was gone already, leaves no copy behind."""
    desk.diaries.revoking = error
    job = await revocation(desk.world)
    await desk.delivery.run_once()
    await job.refresh_from_db()
    assert (job.state, job.sealed) == (JobState.DONE, None)


async def test_revocation_is_given_up(desk: Desk):
    """A revocation is tried within minutes, again and again, and dropped after seven days."""
    desk.diaries.revoking = ProviderUnavailable(retry_after=timedelta(hours=5))
    now = await database_now()
    young, old = await revocation(desk.world), await revocation(desk.world, created_at=now - KEPT)
    await desk.delivery.run_once()
    await young.refresh_from_db()
    await old.refresh_from_db()
    assert (young.state, young.sealed) == (JobState.WAITING, "sealed")
    assert young.due_at <= now + delivery.LONGEST_REVOCATION_PAUSE + 2
    assert (old.state, old.sealed) == (JobState.DONE, None)


def test_pauses_grow():
    """Pauses grow, are never shorter than the service asks, and never longer than needed."""
    for attempts in range(1, 20):
        job = Job(kind=JobKind.WRITE_EVENT, attempts=attempts)
        pause = judged(job, ProviderUnavailable()).pause
        assert min(5 * 2**attempts, 900) // 2 <= pause <= min(5 * 2**attempts, 900)
        asked = judged(job, RateLimited(retry_after=timedelta(hours=6))).pause
        assert 6 * HOUR <= asked <= 6 * HOUR + 450
