"""A link that could not be made is asked for again, and nothing else of the event is touched."""

from __future__ import annotations

import pytest

from tests.services.desk import Desk
from tests.services.diary import connect
from together.providers.errors import (
    AuthorizationExpired,
    Conflict,
    Gone,
    ProviderError,
    RateLimited,
)
from together.services.outbox.delivery_state import DeliveryState
from together.services.outbox.event_writing import MOST_POLLS
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
    await desk.once()
    assert not await _given_up(booking)
    await desk.run()
    assert len(set(book.asked_again)) == len(book.asked_again) == MOST_POLLS
    assert not (await CalendarEvent.get(booking_id=booking.id)).meeting_pending
    assert await _given_up(booking)
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
    assert await _given_up(booking)


@pytest.mark.parametrize(
    ("error", "given_up"),
    [(Conflict(), True), (Gone(), True), (AuthorizationExpired(), False), (RateLimited(), False)],
)
async def test_an_event_that_is_not_written(desk: Desk, error: ProviderError, given_up: bool):
    """With an event that is refused for good goes its link; one that waits is not given up."""
    await connect(desk.world.ada)
    booking = await desk.book()
    desk.diaries.of(desk.world.ada).always = error
    await desk.once()
    assert await _given_up(booking) is given_up


async def test_a_copy_that_is_refused(desk: Desk):
    """What becomes of a guest's own copy says nothing about the link, which waits for its owner."""
    await connect(desk.world.ada)
    await connect(desk.world.ben, email="ben.home@example.com")
    adas, bens = desk.diaries.of(desk.world.ada), desk.diaries.of(desk.world.ben)
    adas.polls, bens.always = 1000, Conflict()
    booking = await desk.book()
    await desk.once()
    adas.always = AuthorizationExpired()
    await desk.run()
    parked = await Job.filter(state=JobState.PARKED).order_by("id").values_list("kind", "reason")
    assert parked == [
        (JobKind.POLL_MEETING, "AuthorizationExpired"),
        (JobKind.WRITE_EVENT, "Conflict"),
    ]
    assert not await _given_up(booking)


async def test_a_written_event_may_bring_a_link_after_all(desk: Desk):
    """An event that could not be written and is, later, is asked for its link like any other."""
    await connect(desk.world.ada)
    book = desk.diaries.of(desk.world.ada)
    book.polls, book.failing = 1, [None, Conflict()]
    booking = await desk.book()
    await desk.run()
    assert await _given_up(booking)
    await Job.filter(kind=JobKind.WRITE_EVENT, reason="Conflict").update(state=JobState.WAITING)
    await desk.once()
    assert not await _given_up(booking)
    await desk.run()
    assert (await Booking.get(id=booking.id)).join_url == "https://meet.example.net/abc"


async def test_a_session_that_is_over_needs_no_link(desk: Desk):
    """Asking ends with the session, whatever the service says."""
    await connect(desk.world.ada)
    book = desk.diaries.of(desk.world.ada)
    book.polls = 1000
    booking = await desk.book()
    await desk.once()
    desk.clock.now = booking.ends
    await desk.run()
    assert book.calls == ["busy", "create"]
    poll = await Job.get(kind=JobKind.POLL_MEETING)
    assert (poll.state, poll.reason) == (JobState.PARKED, "SessionOver")


async def _given_up(booking: Booking) -> bool:
    """Whether its people are told that no link will come."""
    booking = await Booking.get(id=booking.id)
    assert booking.join_url is None
    return booking.link_given_up
