"""Whatever crosses a change in a calendar: what was written here is not undone, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.services import hand
from tests.services.desk import NINE, Desk
from tests.services.diary import connect
from tests.world import HOUR, MINUTE
from together.providers.errors import AuthorizationExpired, ProviderUnavailable
from together.services.refusals import SlotUnavailable
from together.services.sessions.session_refusals import SessionChanged, SessionIsCancelled
from together.store.models import (
    Booking,
    CalendarEvent,
    Integration,
    Job,
    JobKind,
    JobState,
    Seat,
)

TEN, NOON = NINE + HOUR, NINE + 3 * HOUR
LENGTH = 45 * MINUTE


async def _booked(desk: Desk) -> Booking:
    await connect(desk.world.ada)
    booking = await desk.book()
    await desk.run()
    return booking


async def _agree(desk: Desk, booking: Booking) -> int:
    """Deliver what waits; the calendar and the session say the same in the end."""
    await desk.run()
    row, seats = await Booking.get(id=booking.id), await Seat.filter(booking_id=booking.id)
    event = await CalendarEvent.get(booking_id=booking.id)
    [stands] = desk.events(desk.world.ada)
    spans = {(row.starts, row.ends), (event.starts, event.ends)}
    assert {*spans, (stands.span.starts, stands.span.ends)} == {(row.starts, row.ends)}
    assert {(each.starts, each.ends) for each in seats} == {(row.starts, row.ends)}
    return row.starts


async def test_read_before_a_move_and_told_after(desk: Desk):
    """What was read before a move here does not undo it, neither before nor after it arrived."""
    booking, ada = await _booked(desk), desk.world.ada
    old = await hand.read(desk, booking, ada)
    await desk.move(booking, TEN)
    await old.taken()
    assert (await Booking.get(id=booking.id)).starts == TEN
    await desk.run()
    await old.taken()
    await old.taken()
    assert await hand.waiting(booking) == ["LOOK_AT_EVENT"]  # to be sure, and once
    assert await _agree(desk, booking) == TEN
    assert (await Booking.get(id=booking.id)).sequence == 1


async def test_moved_there_while_a_move_from_here_waits(desk: Desk):
    """A move from here that has yet to arrive wins: it is written over what it finds."""
    booking, ada = await _booked(desk), desk.world.ada
    await desk.move(booking, TEN)
    await hand.moved(desk, booking, ada, NOON)
    await desk.once()  # finds out whose calendars hold it
    await hand.moved(desk, booking, ada, NOON)
    assert await hand.standing(booking) == (TEN, TEN + LENGTH, "CONFIRMED", 1)
    assert await _agree(desk, booking) == TEN


async def test_moved_there_while_its_service_is_down(desk: Desk):
    """The same while the service is down, or its member has to connect again."""
    booking, ada = await _booked(desk), desk.world.ada
    await desk.move(booking, TEN)
    book = desk.diaries.of(ada)
    book.failing = [ProviderUnavailable(), AuthorizationExpired()]
    for _ in range(3):
        await desk.once()
        await hand.moved(desk, booking, ada, NOON)
        assert (await Booking.get(id=booking.id)).starts == TEN
    parked = Job.filter(kind=JobKind.REVISE_EVENT, state=JobState.PARKED)
    assert await parked.count() == 1
    await Integration.all().update(state="ACTIVE")
    await hand.moved(desk, booking, ada, NOON)
    assert (await Booking.get(id=booking.id)).starts == TEN
    await parked.update(state=JobState.WAITING)
    assert await _agree(desk, booking) == TEN


async def test_moved_there_while_a_move_arrives(desk: Desk):
    """What is read while a write is under way is read again after it, whichever came first."""
    booking, ada = await _booked(desk), desk.world.ada
    book = desk.diaries.of(ada)
    await desk.move(booking, TEN)
    await desk.once()
    for first in ("theirs", "ours"):
        book.gate, book.calls = asyncio.Event(), []
        arriving = asyncio.create_task(desk.delivery.run_once())
        await book.called("update")
        if first == "theirs":
            hand.put(desk, booking, ada, NOON)
            reading = await hand.read(desk, booking, ada)
            await reading.taken()
            book.gate.set()
            await arriving
        else:
            book.gate.set()
            await arriving
            hand.put(desk, booking, ada, NOON)
            reading = await hand.read(desk, booking, ada)
            await reading.taken(read_at=reading.at - 1)
        assert "LOOK_AT_EVENT" in await hand.waiting(booking)
        assert await _agree(desk, booking) == (TEN if first == "theirs" else NOON)
        book.gate = None
        await desk.move(booking, NINE + 2 * HOUR, over_busy=True)
        await desk.once()


async def test_looking_waits_for_what_is_under_way(desk: Desk):
    """The event is not read again before what was being written to it has arrived."""
    booking, ada = await _booked(desk), desk.world.ada
    old = await hand.read(desk, booking, ada)
    await desk.move(booking, TEN)
    await desk.run()
    await old.taken()
    await desk.move(booking, NOON, over_busy=True)
    await desk.once()
    book = desk.diaries.of(ada)
    book.calls = []
    await Job.filter(kind=JobKind.REVISE_EVENT, state=JobState.WAITING).update(
        leased_until=2**40
    )  # by another worker
    for _ in range(2):
        await Job.filter(kind=JobKind.LOOK_AT_EVENT).update(due_at=0)
        await desk.delivery.run_once()
    assert book.calls == []
    assert await _agree(desk, booking) == NOON


async def test_deleted_while_a_move_waits(desk: Desk):
    """A session whose event is gone is cancelled, also if a move had yet to arrive there."""
    booking, ada = await _booked(desk), desk.world.ada
    await desk.move(booking, TEN)
    await hand.deleted(desk, booking, ada)
    assert (await Booking.get(id=booking.id)).state.value == "CANCELLED"
    await desk.run()
    assert desk.events(ada) == []


Deed = Callable[[Desk, Booking], Awaitable[Any]]


async def _reschedule(desk: Desk, booking: Booking) -> None:
    await desk.move(booking, NOON, over_busy=True, who=desk.world.ben)


async def _cancel(desk: Desk, booking: Booking) -> None:
    await desk.cancel(booking)


async def _book(desk: Desk, booking: Booking) -> None:
    await desk.book(of=desk.world.other_match, start=TEN)


@pytest.mark.parametrize("deed", [_reschedule, _cancel, _book])
@pytest.mark.parametrize("pause", range(6))
async def test_at_once(desk: Desk, deed: Deed, pause: int):
    """At whatever moment it crosses a move, a cancellation or a booking here, all agree after."""
    booking, ada = await _booked(desk), desk.world.ada
    hand.put(desk, booking, ada, TEN)
    reading = await hand.read(desk, booking, ada)

    async def later() -> None:
        await asyncio.sleep(pause * 0.004)
        await reading.taken()

    refused = (SlotUnavailable, SessionChanged, SessionIsCancelled)
    found = await asyncio.gather(deed(desk, booking), later(), return_exceptions=True)
    assert [each for each in found if each is not None and not isinstance(each, refused)] == []
    await reading.taken()
    await desk.run()
    row = await Booking.get(id=booking.id)
    if row.state.value == "CANCELLED":
        assert (desk.events(ada), await hand.live(booking)) == ([], {False})
        return
    taken = await Seat.filter(live=True, member_id=ada.id).order_by("starts")
    assert all(one.ends <= two.starts for one, two in pairwise(taken))
    event = next(each for each in desk.events(ada) if each.key == booking.event_key)
    assert (event.span.starts, event.span.ends) == (row.starts, row.ends)


@pytest.mark.parametrize("nth", range(6))
async def test_cut_off(desk: Desk, nth: int):
    """Whoever stops reading at whatever moment leaves the session as it was, or as it is to be."""
    booking, ada = await _booked(desk), desk.world.ada
    hand.put(desk, booking, ada, TEN)
    reading = await hand.read(desk, booking, ada)
    task = asyncio.create_task(reading.taken())
    for _ in range(nth * 5):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await hand.standing(booking) in (
        (NINE, NINE + LENGTH, "CONFIRMED", 0),
        (TEN, TEN + LENGTH, "CONFIRMED", 1),
    )
    await reading.taken()
    assert await _agree(desk, booking) == TEN
    assert (await hand.history(booking))[1:] == [("MOVED_IN_CALENDAR", ada.id)]
