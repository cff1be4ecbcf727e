"""A link that could not be made is asked for again, and nothing else of the event is touched."""

from __future__ import annotations

import pytest

from tests.services.desk import Desk
from tests.services.diary import connect
from together.providers.errors import Conflict, Gone, ProviderError
from together.services.delivery_state import DeliveryState
from together.services.event_writing import MOST_POLLS
from together.store.models import Booking, CalendarEvent, Job, JobKind, JobState


async def test_a_link_that_failed(desk: Desk):
    """It is asked for with another key each time until it is there; the event is not rewritten."""
    await connect(desk.world.ada)
    book = desk.diaries.of(desk.world.ada)
    book.fails = 2
    booking = await desk.book()
    await desk.run()
    assert book.calls == ["busy", "create", "read", "remake_meeting", "read", "remake_meeting"]
    assert book.asked_again == [f"{booking.event_key}-1", f"{booking.event_key}-2"]
    assert (await Booking.get(id=booking.id)).join_url == "https://meet.example.net/abc"


async def test_a_link_that_always_fails(desk: Desk):
    """Asking ends after a while, each time with a key of its own: the session has no link."""
    await connect(desk.world.ada)
    book = desk.diaries.of(desk.world.ada)
    book.fails = 1000
    booking = await desk.book()
    await desk.run()
    assert len(set(book.asked_again)) == len(book.asked_again) == MOST_POLLS
    assert not (await CalendarEvent.get(booking_id=booking.id)).meeting_pending
    assert await desk.state(booking, desk.world.ada) is DeliveryState.DELIVERED


@pytest.mark.parametrize(
    ("calls", "error"),
    [(["read"], Gone()), (["read", "remake_meeting"], Conflict())],
)
async def test_no_link_will_come(desk: Desk, calls: list[str], error: ProviderError):
    """Where the event is gone, or its calendar carries no links, it is asked once and no more."""
    await connect(desk.world.ada)
    book = desk.diaries.of(desk.world.ada)
    book.fails = 1000
    booking = await desk.book()
    await desk.once()
    book.failing = [*[None] * (len(calls) - 1), error]
    await desk.run()
    assert book.calls == ["busy", "create", *calls]
    poll = await Job.get(kind=JobKind.POLL_MEETING)
    assert (poll.state, poll.reason) == (JobState.PARKED, type(error).__name__)
    assert not (await CalendarEvent.get(booking_id=booking.id)).meeting_pending
