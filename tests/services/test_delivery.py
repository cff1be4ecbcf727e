"""What must reach a calendar reaches it, and everybody is told what is theirs to know."""

from __future__ import annotations

import pytest

from tests.services.desk import NINE, Desk
from tests.services.diary import connect
from tests.world import HOUR
from together.domain.spans import Span
from together.providers.errors import (
    AuthorizationExpired,
    Conflict,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
)
from together.providers.values import EventDraft
from together.services.connections.reopening import reopen
from together.services.outbox.delivery_state import DeliveryState
from together.store.clock import database_now
from together.store.models import (
    Booking,
    CalendarEvent,
    Integration,
    Job,
    JobKind,
    JobState,
)


async def test_organizer(desk: Desk):
    """The booker's calendar holds one event that says little and invites the other."""
    ada = await connect(desk.world.ada)
    await connect(desk.world.ben)
    booking = await desk.book()
    await desk.run()
    assert desk.events(desk.world.ada) == [
        EventDraft(
            key=booking.event_key,
            calendar_id=f"calendar-{desk.world.ada.id}",
            span=Span.of(booking.starts, booking.ends),
            title="Mentoring session",
            guests=(desk.world.ben.email,),
            place=None,
            wants_meeting=True,
        )
    ]
    assert desk.events(desk.world.ben) == []
    assert (await Booking.get(id=booking.id)).join_url == "https://meet.example.net/abc"
    row = await CalendarEvent.get(booking_id=booking.id)
    assert (row.integration_id, row.event_id, row.meeting_pending) == (
        ada.id,
        booking.event_key,
        False,
    )
    assert set(await Job.all().values_list("state", flat=True)) == {JobState.DONE}


async def test_together_organizes(desk: Desk):
    """Where the booker's calendar cannot be written, the other's gets an event without guests."""
    await connect(desk.world.ben)
    booking = await desk.book()
    assert await desk.state(booking, desk.world.ben) is DeliveryState.PENDING
    await desk.run()
    [draft] = desk.events(desk.world.ben)
    assert (draft.guests, draft.wants_meeting) == ((), False)
    assert await desk.state(booking, desk.world.ada) is DeliveryState.NOT_SENT
    assert await desk.state(booking, desk.world.ben) is DeliveryState.DELIVERED


async def test_another_account(desk: Desk):
    """A guest whose calendar is on another account gets a copy of their own, with the link."""
    await connect(desk.world.ada)
    await connect(desk.world.ben, email="ben.home@example.com")
    desk.diaries.of(desk.world.ada).polls = 2
    await desk.book()
    await desk.run()
    [invited], [copy] = desk.events(desk.world.ada), desk.events(desk.world.ben)
    assert invited.guests == (desk.world.ben.email,)
    assert (copy.guests, copy.place, copy.wants_meeting) == (
        (),
        "https://meet.example.net/abc",
        False,
    )


async def test_outage(desk: Desk):
    """While the service is down the session stands and says so; the event comes later, once."""
    await connect(desk.world.ada)
    desk.diaries.of(desk.world.ada).failing = [None, ProviderUnavailable(), RateLimited()]
    booking = await desk.book()
    for _ in range(2):
        await desk.once()
        assert await desk.state(booking, desk.world.ada) is DeliveryState.PENDING
    await desk.run()
    assert await desk.state(booking, desk.world.ada) is DeliveryState.DELIVERED
    assert len(desk.events(desk.world.ada)) == 1


async def test_answer_lost(desk: Desk):
    """An event whose making was never answered is found again and not made twice."""
    await connect(desk.world.ada)
    booking = await desk.book()
    desk.diaries.of(desk.world.ada).after = ProviderUnavailable()
    await desk.run()
    assert desk.diaries.of(desk.world.ada).calls == ["busy", "create", "create"]
    assert len(desk.events(desk.world.ada)) == 1
    assert (await CalendarEvent.get(booking_id=booking.id)).event_id == booking.event_key


async def test_waits_for_reconnect(desk: Desk):
    """A lost grant parks the event until its member reconnects, which the others are not told."""
    ada = await connect(desk.world.ada)
    await connect(desk.world.ben)
    booking = await desk.book()
    desk.diaries.of(desk.world.ada).always = AuthorizationExpired()
    await desk.run()
    assert await desk.state(booking, desk.world.ada) is DeliveryState.WAITING_FOR_RECONNECT
    assert await desk.state(booking, desk.world.ben) is DeliveryState.PENDING
    assert (await Integration.get(id=ada.id)).state == "NEEDS_RECONNECT"
    desk.diaries.of(desk.world.ada).always = None
    await Integration.filter(id=ada.id).update(state="ACTIVE")
    assert await reopen(ada, now=await database_now()) == 1
    await desk.run()
    assert await desk.state(booking, desk.world.ada) is DeliveryState.DELIVERED
    assert await desk.state(booking, desk.world.ben) is DeliveryState.DELIVERED


async def test_refused(desk: Desk):
    """What the service will never do is not tried again, and said."""
    await connect(desk.world.ada)
    booking = await desk.book()
    desk.diaries.of(desk.world.ada).always = Conflict()
    await desk.run()
    assert desk.diaries.of(desk.world.ada).calls == ["busy", "create"]
    assert await desk.state(booking, desk.world.ada) is DeliveryState.FAILED


async def test_misconfigured(desk: Desk, caplog):
    """A mistake of the operator's is tried now and then, and logged by code alone."""
    await connect(desk.world.ada)
    booking = await desk.book()
    desk.diaries.of(desk.world.ada).failing = [
        Misconfigured(status=403, code="accessNotConfigured")
    ]
    await desk.once()
    assert "accessNotConfigured" in caplog.text
    assert await desk.state(booking, desk.world.ada) is DeliveryState.PENDING
    await desk.run()
    assert await desk.state(booking, desk.world.ada) is DeliveryState.DELIVERED


async def test_a_broken_job_stops_no_other(desk: Desk, caplog):
    """A fault of ours in one job costs the others nothing, and its text is not logged."""
    await connect(desk.world.ada)
    await desk.book()
    await desk.book(start=NINE + HOUR)
    desk.diaries.of(desk.world.ada).failing = [RuntimeError("private")]
    await desk.run()
    assert len(desk.events(desk.world.ada)) == 2
    assert "RuntimeError" in caplog.text
    assert "private" not in caplog.text


async def test_session_over(desk: Desk):
    """An event that could not be written before its session ended is not written after it."""
    await connect(desk.world.ada)
    booking = await desk.book()
    desk.clock.now = NINE + HOUR
    await desk.run()
    assert desk.events(desk.world.ada) == []
    assert (await Job.get(booking_id=booking.id, integration_id__isnull=False)).reason == (
        "SessionOver"
    )


async def test_delivery_tells_nothing_hidden(desk: Desk, statements):
    """A guest who is not integrated is told the same, whatever the booker's calendar holds."""
    seen = []
    for n in range(2):
        if n:
            await connect(desk.world.ada)
        booking = await desk.book(start=NINE + n * HOUR)
        told = []
        for _ in range(2):
            statements.clear()
            state = await desk.state(booking, desk.world.ben)
            told.append((state, [each.partition(" WHERE ")[0] for each in statements]))
            await desk.run()
        await desk.cancel(booking)
        told.append(await desk.state(booking, desk.world.ben))
        seen.append(told)
    assert seen[0] == seen[1]
    assert seen[0][0][0] is DeliveryState.PENDING


async def test_pending_link(desk: Desk):
    """A link that is still being made is asked for again until it is there."""
    await connect(desk.world.ada)
    desk.diaries.of(desk.world.ada).polls = 3
    booking = await desk.book()
    await desk.run()
    assert (await Booking.get(id=booking.id)).join_url == "https://meet.example.net/abc"
    assert not (await CalendarEvent.get(booking_id=booking.id)).meeting_pending
    assert desk.diaries.of(desk.world.ada).calls == ["busy", "create", "read", "read", "read"]


async def test_link_never_made(desk: Desk):
    """Polling for a link ends: the session stands without one."""
    await connect(desk.world.ada)
    desk.diaries.of(desk.world.ada).polls = 1000
    booking = await desk.book()
    await desk.run()
    poll = await Job.get(kind=JobKind.POLL_MEETING)
    assert (poll.state, poll.reason) == (JobState.PARKED, "LinkMissing")
    assert not (await CalendarEvent.get(booking_id=booking.id)).meeting_pending
    assert await desk.state(booking, desk.world.ada) is DeliveryState.DELIVERED


@pytest.mark.parametrize(
    "link",
    [
        "http://meet.example.net/abc",
        "https://meet.example.net.evil.example/abc",
        "https://ada@meet.example.net/abc",
        "https://meet.example.net:8443/abc",
        "https://evil.example/\\@meet.example.net/",
        "https://meet.example.net/a\nb",
        "javascript:alert(1)",
        "https://meet.example.net:x/",
        "https://meet.example.net/" + "a" * 2000,
    ],
)
async def test_bad_link(desk: Desk, link: str):
    """A link that is not https on a host its provider declared is not believed."""
    await connect(desk.world.ada)
    desk.diaries.of(desk.world.ada).link = link
    booking = await desk.book()
    await desk.run()
    assert (await Booking.get(id=booking.id)).join_url is None
    assert len(desk.events(desk.world.ada)) == 1
