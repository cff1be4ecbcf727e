"""A session that was moved is moved wherever it stands, in order, and its people are told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tests.services.desk import NINE, Desk
from tests.services.diary import connect
from tests.services.secretary import Secretary
from tests.services.studio import Studio, room
from tests.world import HOUR, MINUTE, World
from together.domain.spans import Span
from together.providers.errors import AuthorizationExpired, Gone, ProviderUnavailable
from together.services.connections.reopening import reopen
from together.services.outbox.delivery_state import DeliveryState
from together.services.people.todos import TodoKind, Todos
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import (
    Booking,
    CalendarEvent,
    Integration,
    Job,
    JobKind,
    JobState,
    VideoMeeting,
)

TEN, NOON = NINE + HOUR, NINE + 3 * HOUR


def _span(start: int) -> Span:
    return Span.of(start, start + 45 * MINUTE)


async def test_the_event_moves(desk: Desk):
    """The one event in the organizer's calendar is changed, whoever of the two moves it."""
    ada = desk.world.ada
    await connect(ada)
    booking = await desk.book()
    await desk.run()
    [written] = desk.events(ada)
    await desk.move(booking, TEN, who=desk.world.ben)
    assert await desk.state(booking, ada) is DeliveryState.PENDING
    await desk.run()
    [moved] = desk.events(ada)
    assert (moved.key, moved.span, moved.guests) == (written.key, _span(TEN), written.guests)
    assert desk.diaries.of(ada).calls == ["busy", "create", "update"]
    row = await CalendarEvent.get(booking_id=booking.id)
    assert (row.starts, row.ends) == (TEN, TEN + 45 * MINUTE)
    assert (await Booking.get(id=booking.id)).join_url == "https://meet.example.net/abc"
    assert await desk.state(booking, ada) is DeliveryState.DELIVERED


async def test_copies_move(desk: Desk):
    """A guest whose calendar is on another account has their copy moved, too."""
    ben = desk.world.ben
    await connect(desk.world.ada)
    await connect(ben, email="ben.home@example.com")
    booking = await desk.book()
    await desk.run()
    await desk.move(booking, TEN)
    await desk.run()
    [copy] = desk.events(ben)
    assert (copy.span, copy.guests, copy.place) == (_span(TEN), (), "https://meet.example.net/abc")
    assert desk.diaries.of(ben).calls == ["busy", "create", "busy", "update"]


async def test_before_it_was_written(desk: Desk):
    """What was not written yet is written where the session is now, and not moved after."""
    ada = desk.world.ada
    await connect(ada)
    booking = await desk.book()
    await desk.move(booking, TEN)
    await desk.run()
    assert [each.span for each in desk.events(ada)] == [_span(TEN)]
    assert desk.diaries.of(ada).calls == ["busy", "busy", "create"]


async def test_while_it_is_written(desk: Desk):
    """A session that is moved while its event is on its way is moved after it."""
    ada = desk.world.ada
    await connect(ada)
    booking = await desk.book()
    book = desk.diaries.of(ada)
    book.gate = asyncio.Event()
    delivering = asyncio.create_task(desk.delivery.run_once())
    await book.called("create")
    moving = asyncio.create_task(desk.move(booking, TEN))
    await asyncio.sleep(0.05)  # it asks the calendar, too
    book.gate.set()
    await asyncio.gather(delivering, moving)
    await desk.run()
    assert [each.span for each in desk.events(ada)] == [_span(TEN)]
    assert book.calls.count("create") == 1


async def test_made_before_and_found_after(desk: Desk):
    """An event whose making was never answered, of a session moved since, is found and moved."""
    ada = desk.world.ada
    await connect(ada)
    booking = await desk.book()
    desk.diaries.of(ada).after = ProviderUnavailable()
    await desk.once()
    await desk.move(booking, TEN)
    await desk.run()
    assert [each.span for each in desk.events(ada)] == [_span(TEN)]
    assert await desk.state(booking, ada) is DeliveryState.DELIVERED


async def test_moves_arrive_in_order(desk: Desk):
    """A move that is still on its way does not arrive after the next one."""
    ada = desk.world.ada
    await connect(ada)
    booking = await desk.book()
    await desk.run()
    await desk.move(booking, TEN)
    await desk.once()  # finds out whose calendars hold it
    book = desk.diaries.of(ada)
    book.gate = asyncio.Event()
    first = asyncio.create_task(desk.delivery.run_once())
    await book.called("update")
    back = asyncio.create_task(desk.move(booking, NINE))
    await asyncio.sleep(0.05)
    assert book.calls.count("update") == 1
    book.gate.set()
    await asyncio.gather(first, back)
    await desk.run()
    assert [each.span for each in desk.events(ada)] == [_span(NINE)]
    assert set(await Job.all().values_list("state", flat=True)) == {JobState.DONE}


async def test_back_while_the_move_is_on_its_way(desk: Desk):
    """A session that is moved back before its move has arrived stands where it was, in the end."""
    ada = desk.world.ada
    await connect(ada)
    booking = await desk.book()
    await desk.run()
    await desk.move(booking, TEN)
    await desk.once()
    await desk.move(booking, NINE)
    [on_its_way] = await Job.filter(kind=JobKind.REVISE_EVENT, integration_id__isnull=False)
    later = await database_now() + 60
    await Job.filter(id=on_its_way.id).update(leased_until=later)  # by another worker
    await desk.delivery.run_once()
    await desk.delivery.run_once()
    assert desk.diaries.of(ada).calls.count("update") == 0
    jobs = Job.filter(kind=JobKind.REVISE_EVENT, integration_id__isnull=False)
    assert await jobs.filter(state=JobState.WAITING).count() == 2
    await desk.run()
    assert [each.span for each in desk.events(ada)] == [_span(NINE)]


async def test_moved_and_cancelled(desk: Desk):
    """A cancellation waits for a move that is on its way, and one that is not is not begun."""
    ada = desk.world.ada
    await connect(ada)
    first, second = await desk.book(), await desk.book(start=NOON)
    await desk.run()
    await desk.move(first, TEN)
    await desk.once()
    book = desk.diaries.of(ada)
    book.gate = asyncio.Event()
    moving = asyncio.create_task(desk.delivery.run_once())
    await book.called("update")
    await desk.cancel(first)
    cancelling = asyncio.create_task(desk.delivery.run_once())
    await asyncio.sleep(0.05)
    await desk.delivery.run_once()
    assert book.calls.count("cancel") == 0
    book.gate.set()
    await asyncio.gather(moving, cancelling)
    await desk.move(second, NOON + HOUR)
    await desk.cancel(second)
    await desk.run()
    assert (desk.events(ada), book.calls.count("update")) == ([], 1)


async def test_outage(desk: Desk):
    """While the service is down the session is where it was moved to, and says what it awaits."""
    ada, ben = desk.world.ada, desk.world.ben
    await connect(ada)
    await connect(ben)
    booking = await desk.book()
    await desk.run()
    await desk.move(booking, TEN)
    desk.diaries.of(ada).failing = [ProviderUnavailable(), ProviderUnavailable()]
    for _ in range(3):
        await desk.once()
        for who in (ada, ben):
            assert await desk.state(booking, who) is DeliveryState.PENDING
    await desk.run()
    assert [each.span for each in desk.events(ada)] == [_span(TEN)]
    for who in (ada, ben):
        assert await desk.state(booking, who) is DeliveryState.DELIVERED


async def test_waits_for_reconnect(desk: Desk):
    """A lost grant parks the move until its member reconnects."""
    ada = await connect(desk.world.ada)
    booking = await desk.book()
    await desk.run()
    await desk.move(booking, TEN)
    desk.diaries.of(desk.world.ada).always = AuthorizationExpired()
    await desk.run()
    assert await desk.state(booking, desk.world.ada) is DeliveryState.WAITING_FOR_RECONNECT
    desk.diaries.of(desk.world.ada).always = None
    await Integration.filter(id=ada.id).update(state="ACTIVE")
    assert await reopen(ada, now=await database_now()) == 1
    await desk.run()
    assert [each.span for each in desk.events(desk.world.ada)] == [_span(TEN)]
    assert await desk.state(booking, desk.world.ada) is DeliveryState.DELIVERED


async def test_an_event_that_is_gone(desk: Desk):
    """An event that its owner has deleted is not made again by a move, and that is said."""
    await connect(desk.world.ada)
    booking = await desk.book()
    await desk.run()
    await desk.move(booking, TEN)
    desk.diaries.of(desk.world.ada).always = Gone()
    await desk.run()
    assert await desk.state(booking, desk.world.ada) is DeliveryState.FAILED


async def test_not_after_the_session(desk: Desk):
    """What could not be moved before the session is over is not moved any more."""
    await connect(desk.world.ada)
    booking = await desk.book()
    await desk.run()
    await desk.move(booking, TEN)
    desk.clock.now = TEN + HOUR
    await desk.run()
    assert desk.diaries.of(desk.world.ada).calls == ["busy", "create", "busy"]


async def test_mailed(secretary: Secretary):
    """Who was invited by mail gets an update: the same UID, a higher SEQUENCE, the new time.

    The others are asked anew, and their old links do not answer any more.
    """
    ada, ben = secretary.world.ada, secretary.world.ben
    booking = await secretary.book()
    await secretary.run()
    moved = await secretary.move(booking, TEN)
    for who in (ada, ben):
        assert await secretary.state(booking, who) is DeliveryState.PENDING
    await secretary.run()
    for who in (ada, ben):
        assert secretary.told(who) == [("REQUEST", 0), ("REQUEST", 1)]
        first, second = secretary.received(who)
        assert second.event.uid == first.event.uid
        assert second.event.dtstart.astimezone(UTC) == datetime.fromtimestamp(TEN, UTC)
        assert second.subject.startswith("Updated: Mentoring session")
        assert await secretary.state(booking, who) is DeliveryState.DELIVERED
    assert [each.status for each in second.event.attendees] == [
        "ACCEPTED",
        "NEEDS-ACTION",
    ]
    await secretary.cancel(moved)
    await secretary.run()
    assert secretary.told(ben)[-1] == ("CANCEL", 2)


async def test_moved_before_the_mail(secretary: Secretary):
    """Who was not written to yet gets one invitation, to where the session is."""
    ben = secretary.world.ben
    booking = await secretary.book()
    await secretary.move(booking, TEN)
    await secretary.run()
    assert secretary.told(ben) == [("REQUEST", 1)]
    [letter] = secretary.received(ben)
    assert letter.subject.startswith("Invitation: ")


async def test_asked_anew(desk: Desk):
    """Whoever had answered is asked again by their To-Dos, but not who chose the new time."""
    ada, ben = desk.world.ada, desk.world.ben
    booking = await desk.book()
    await desk.move(booking, TEN, who=ben)
    todos = Todos(desk.bookings._registry, desk.clock)
    asked = {
        who.name: [
            each.kind
            for each in await todos.of(Viewer.of(who))
            if each.kind is TodoKind.RESPOND_TO_SESSION
        ]
        for who in (ada, ben)
    }
    assert asked == {ada.name: [TodoKind.RESPOND_TO_SESSION], ben.name: []}


@pytest.fixture
async def studio(world: World) -> Studio:
    made = Studio(world)
    await made.rooms()
    return made


def _rooms(studio: Studio) -> list[str]:
    return [each["start"] for each in studio.sandbox.state["rooms"].values()]


async def test_the_meeting_follows(studio: Studio):
    """The meeting of the organization's own service moves, and its link stays."""
    ada = studio.world.ada
    await connect(ada)
    booking = await studio.book()
    await studio.run()
    await studio.move(booking, TEN)
    await studio.run()
    assert _rooms(studio) == [datetime.fromtimestamp(TEN, UTC).isoformat()]
    assert (await studio.seen(booking))[1] == room(booking)
    [event] = studio.events(ada)
    assert (event.span, event.place) == (_span(TEN), room(booking))
    row = await VideoMeeting.get(booking_id=booking.id)
    assert (row.starts, row.ends) == (TEN, TEN + 45 * MINUTE)


async def test_a_meeting_made_before_and_found_after(studio: Studio):
    """A meeting whose making was never answered, of a session moved since, is found and moved."""
    booking = await studio.book(studio.world.ada)
    await Booking.filter(id=booking.id).update(video="memory_rooms")
    await VideoMeeting.create(
        organization_id=booking.organization_id, booking_id=booking.id,
        provider="memory_rooms", distribution="together",
    )  # fmt: skip
    job = await Job.create(
        organization_id=booking.organization_id, booking_id=booking.id,
        kind=JobKind.WRITE_MEETING, due_at=0, created_at=await database_now(),
    )  # fmt: skip
    await studio.run()
    await VideoMeeting.filter(booking_id=booking.id).update(
        meeting_id=None, starts=None, ends=None
    )  # as if it had died before it could note it
    await Job.filter(id=job.id).update(state=JobState.WAITING)
    await studio.move(booking, TEN)
    await studio.run()
    assert _rooms(studio) == [datetime.fromtimestamp(TEN, UTC).isoformat()]
