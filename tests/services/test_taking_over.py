"""What somebody does to a session in their calendar is taken over, once, and told to the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.services import hand
from tests.services.desk import NINE, Desk
from tests.services.diary import REGISTRY, connect, viewer
from tests.services.planning import wanted
from tests.services.secretary import Secretary
from tests.services.studio import Studio, room
from tests.world import DAY, HOUR, MINUTE, World, match
from together.domain.spans import Span
from together.services.availability.busy import Busy
from together.services.outbox.delivery_state import DeliveryState
from together.services.sessions.history_reading import history
from together.services.sessions.series import SeriesBookings
from together.store.clock import database_now
from together.store.models import (
    Booking,
    CalendarEvent,
    Integration,
    Match,
    MatchState,
    Member,
    Seat,
    VideoMeeting,
)

TEN, NOON = NINE + HOUR, NINE + 3 * HOUR
LENGTH = 45 * MINUTE


def _span(start: int) -> Span:
    return Span.of(start, start + LENGTH)


async def _booked(desk: Desk, **more: Any) -> Booking:
    """Book a session that Ada's calendar holds, with Ben as its guest, and write it."""
    await connect(desk.world.ada)
    booking = await desk.book(**more)
    await desk.run()
    return booking


async def test_a_move_is_taken_over(desk: Desk):
    """A session that its organizer moves in their calendar is there from then on, and says why.

    Nothing of it is written back: a change that was found does not echo.
    """
    ada = desk.world.ada
    booking = await _booked(desk)
    await hand.moved(desk, booking, ada, TEN, minutes=30)
    end = TEN + 30 * MINUTE
    assert await hand.standing(booking) == (TEN, end, "CONFIRMED", 1)
    row = await CalendarEvent.get(booking_id=booking.id)
    assert (row.starts, row.ends) == (TEN, end)
    seats = await Seat.filter(booking_id=booking.id).order_by("member_id")
    assert [(each.starts, each.ends, each.live, each.answer) for each in seats] == [
        (TEN, end, True, "ACCEPTED"),
        (TEN, end, True, "NEEDS_ACTION"),
    ]
    assert await hand.history(booking) == [("BOOKED", ada.id), ("MOVED_IN_CALENDAR", ada.id)]
    await desk.run()
    assert desk.diaries.of(ada).calls == ["busy", "create"]
    assert await desk.state(booking, ada) is DeliveryState.DELIVERED


async def test_a_move_here_is_not_one_there(desk: Desk):
    """What was written from here is read as it was written, and changes nothing."""
    ada = desk.world.ada
    booking = await _booked(desk)
    await desk.move(booking, TEN)
    await desk.run()
    before = await hand.standing(booking)
    reading = await hand.read(desk, booking, ada)
    await reading.taken()
    assert (await hand.standing(booking), await hand.waiting(booking)) == (before, [])


async def test_the_others_hear_of_it(desk: Desk):
    """Copies are moved along; the guest's own calendar says the new time."""
    ada, ben = desk.world.ada, desk.world.ben
    await connect(ben, email="ben.home@example.com")
    booking = await _booked(desk)
    await hand.moved(desk, booking, ada, TEN)
    assert await desk.state(booking, ben) is DeliveryState.PENDING
    await desk.run()
    assert [each.span for each in desk.events(ben)] == [_span(TEN)]
    assert desk.diaries.of(ben).calls.count("update") == 1


async def test_the_meeting_moves_along(world: World):
    """A meeting at the organization's own service is moved to where the session is."""
    studio = Studio(world)
    await studio.rooms()
    booking = await _booked(studio)
    await hand.moved(studio, booking, world.ada, TEN)
    await studio.run()
    meeting = await VideoMeeting.get(booking_id=booking.id)
    assert (meeting.starts, meeting.ends) == (TEN, TEN + LENGTH)
    assert (await studio.seen(booking))[1] == room(booking)


@pytest.mark.parametrize("days", [-3, 4, 6, 40, 300])
async def test_wherever_it_was_put(desk: Desk, days: int):
    """It is a fact: also outside hours, on a Saturday, farther than offered, and in the past."""
    now = await database_now()
    start = now - 3 * DAY if days < 0 else NINE + days * DAY - 6 * HOUR + 7 * MINUTE
    booking = await _booked(desk)
    await hand.moved(desk, booking, desk.world.ada, start)
    assert await hand.standing(booking) == (start, start + LENGTH, "CONFIRMED", 1)
    await desk.run()


async def test_a_slip_is_put_back(desk: Desk):
    """A time that no session can have is put back, once, where the session is."""
    ada = desk.world.ada
    booking = await _booked(desk)
    before = await hand.standing(booking)
    slips = [(TEN, 24 * 60 + 1), (NINE + 800 * DAY, 45), (TEN, 1 / 60)]
    for start, minutes in slips:
        await hand.moved(desk, booking, ada, start, minutes=minutes)
        assert await hand.waiting(booking) == ["REVISE_EVENT"]
        await desk.run()
        assert [each.span for each in desk.events(ada)] == [_span(NINE)]
    assert await hand.standing(booking) == before
    assert desk.diaries.of(ada).calls.count("update") == 3
    for minutes in (24 * 60, 1):
        await hand.moved(desk, booking, ada, TEN, minutes=minutes)
        assert (await hand.standing(booking))[1] == TEN + minutes * MINUTE


async def test_a_copy_moves_nothing(desk: Desk):
    """A copy that its owner moves is put back once, and once more if it is moved once more."""
    ben = desk.world.ben
    await connect(ben, email="ben.home@example.com")
    booking = await _booked(desk)
    before = await hand.standing(booking)
    for nth, start in enumerate((TEN, NOON, TEN), 1):
        reading = await hand.moved(desk, booking, ben, start)
        await desk.run()
        await reading.taken()
        assert [each.span for each in desk.events(ben)] == [_span(NINE)]
        assert desk.diaries.of(ben).calls.count("update") == nth
        await (await hand.read(desk, booking, ben)).taken()
        await desk.run()
    assert (await hand.standing(booking), await hand.waiting(booking)) == (before, [])


async def test_a_service_that_knows_better(desk: Desk):
    """A copy that never stands where it was put is put back once, and not for ever."""
    ben = desk.world.ben
    await connect(ben, email="ben.home@example.com")
    booking = await _booked(desk)
    for _ in range(3):
        await hand.moved(desk, booking, ben, NINE + MINUTE)
        await desk.run()
    assert desk.diaries.of(ben).calls.count("update") == 1


async def test_where_together_invites(secretary: Secretary):
    """Where no calendar invites, every event is a copy: moving one moves nothing."""
    ben = secretary.world.ben
    await connect(ben)
    booking = await secretary.book()
    await secretary.run()
    before = await hand.standing(booking)
    await hand.moved(secretary, booking, ben, TEN)
    await hand.deleted(secretary, booking, ben)
    assert await hand.standing(booking) == before


async def test_the_organizer_deletes_it(desk: Desk):
    """A session whose event its organizer deletes is cancelled, everywhere, without a reason."""
    ada, ben = desk.world.ada, desk.world.ben
    await connect(ben, email="ben.home@example.com")
    booking = await _booked(desk)
    await hand.deleted(desk, booking, ada)
    row = await Booking.get(id=booking.id)
    assert (row.state.value, row.cancel_reason, row.sequence) == ("CANCELLED", None, 1)
    assert await hand.live(booking) == {False}
    assert await hand.history(booking) == [
        ("BOOKED", ada.id),
        ("CANCELLED_IN_CALENDAR", ada.id),
    ]
    await desk.run()
    assert (desk.events(ada), desk.events(ben)) == ([], [])
    assert await hand.waiting(booking) == []


async def test_a_guest_deletes_their_copy(desk: Desk):
    """It is an answer, once: who says here later that they come, comes."""
    ada, ben = desk.world.ada, desk.world.ben
    await connect(ben, email="ben.home@example.com")
    booking = await _booked(desk)
    reading = await hand.deleted(desk, booking, ben)
    assert await hand.answers(booking) == {ada.id: "ACCEPTED", ben.id: "DECLINED"}
    await Seat.filter(booking_id=booking.id, member_id=ben.id).update(answer="ACCEPTED")
    await reading.taken()
    await (await hand.read(desk, booking, ben)).taken()
    assert await hand.answers(booking) == {ada.id: "ACCEPTED", ben.id: "ACCEPTED"}
    assert (await hand.standing(booking))[2] == "CONFIRMED"
    await desk.move(booking, TEN)
    await desk.run()
    assert (desk.events(ben), desk.diaries.of(ben).calls.count("update")) == ([], 0)


async def test_a_group(desk: Desk):
    """In a group everybody's seat moves along, and each answers for themselves."""
    world = desk.world
    ada, ben, dev = world.ada, world.ben, world.dev
    group = await match(ada, ben, dev)
    for who in (ben, dev):
        await connect(who, email=f"{who.id}@example.com")
    booking = await _booked(desk, of=group)
    await hand.moved(desk, booking, ada, TEN)
    await desk.run()
    assert set(await Seat.filter(booking_id=booking.id).values_list("starts", "live")) == {
        (TEN, True)
    }
    assert [each.span for who in (ben, dev) for each in desk.events(who)] == [_span(TEN)] * 2
    await hand.deleted(desk, booking, dev)
    assert await hand.answers(booking) == {
        ada.id: "ACCEPTED",
        ben.id: "NEEDS_ACTION",
        dev.id: "DECLINED",
    }


async def test_a_session_of_a_series(desk: Desk):
    """One session of a series is moved or deleted by itself; the others stay as they are."""
    ada = desk.world.ada
    await connect(ada)
    busy = Busy(desk.diaries, desk.clock)
    series = SeriesBookings(busy=busy, registry=REGISTRY, clock=desk.clock)
    await series.book(viewer(ada), wanted(desk.world))
    await desk.run()
    first, second, third, last = await Booking.all().order_by("starts")
    await hand.moved(desk, second, ada, second.starts + DAY)
    await hand.deleted(desk, third, ada)
    await hand.moved(desk, last, ada, first.starts)
    await desk.run()
    found = {each.occurrence: each for each in await Booking.all()}
    assert {n: (each.starts, each.state.value) for n, each in found.items()} == {
        1: (first.starts, "CONFIRMED"),
        2: (second.starts + DAY, "CONFIRMED"),
        3: (third.starts, "CANCELLED"),
        4: (first.starts, "CONFLICT"),
    }


async def test_who_is_told_that_it_was_a_calendar(desk: Desk):
    """Its owner reads that it was done in a calendar, and so does who is integrated.

    To anybody else it is as if it had been done here: whether there is a calendar is not theirs.
    """
    ada, ben = desk.world.ada, desk.world.ben
    booking = await _booked(desk)
    await hand.moved(desk, booking, ada, TEN)
    await hand.deleted(desk, booking, ada)

    async def told(who: Member) -> list[tuple[str, int | None]]:
        rows = await history(viewer(who), [booking.id], now=desk.clock())
        return [(each.what, each.member_id) for each in rows[booking.id]]

    plain = [("BOOKED", ada.id), ("RESCHEDULED", ada.id), ("CANCELLED", ada.id)]
    whole = [
        ("BOOKED", ada.id),
        ("MOVED_IN_CALENDAR", ada.id),
        ("CANCELLED_IN_CALENDAR", ada.id),
    ]
    assert (await told(ada), await told(ben)) == (whole, plain)
    await connect(ben)
    assert await told(ben) == whole
    await Integration.filter(member_id=ada.id).delete()
    assert await told(ada) == whole


# Nothing happens


async def _ended(desk: Desk, booking: Booking) -> None:
    await Match.filter(id=booking.match_id).update(state=MatchState.ENDED)


async def _left(desk: Desk, booking: Booking) -> None:
    await Member.filter(id=desk.world.ben.id).update(active=False)


async def _cancelled(desk: Desk, booking: Booking) -> None:
    await desk.cancel(booking)


async def _done(desk: Desk, booking: Booking) -> None:
    await Booking.filter(id=booking.id).update(done_at=NINE)


async def _lost(desk: Desk, booking: Booking) -> None:
    await Integration.all().update(state="NEEDS_RECONNECT")


async def _newer(desk: Desk, booking: Booking) -> None:
    await Integration.all().update(generation=7)


async def _disconnected(desk: Desk, booking: Booking) -> None:
    await Integration.all().delete()


async def _another(desk: Desk, booking: Booking) -> None:
    await CalendarEvent.all().update(event_id="another")


async def _handed_over(desk: Desk, booking: Booking) -> None:
    await CalendarEvent.all().delete()


CLOSED: list[Callable[[Desk, Booking], Any]] = [
    _ended, _left, _cancelled, _done, _lost, _newer, _disconnected, _another, _handed_over
]  # fmt: skip


@pytest.mark.parametrize("gone", [False, True])
@pytest.mark.parametrize("closed", CLOSED)
async def test_a_calendar_that_has_nothing_to_say(desk: Desk, closed, gone: bool):
    """What was read before its match, its member or its connection went changes nothing."""
    ada = desk.world.ada
    booking = await _booked(desk)
    if gone:
        hand.delete(desk, booking, ada)
    else:
        hand.put(desk, booking, ada, TEN)
    reading = await hand.read(desk, booking, ada)
    await closed(desk, booking)
    before = (await hand.standing(booking), await hand.history(booking))
    await reading.taken(generation=0)
    assert (await hand.standing(booking), await hand.history(booking)) == before


async def test_a_session_that_is_over(desk: Desk):
    """A session that is over when its calendar is read stays as it was."""
    booking = await _booked(desk)
    hand.put(desk, booking, desk.world.ada, TEN)
    reading = await hand.read(desk, booking, desk.world.ada)
    await reading.taken(read_at=NINE + LENGTH)
    assert await hand.standing(booking) == (NINE, NINE + LENGTH, "CONFIRMED", 0)


async def test_an_organization_that_is_gone(desk: Desk):
    """Of an organization that was deleted meanwhile nothing is left to change."""
    booking = await _booked(desk)
    reading = await hand.read(desk, booking, desk.world.ada)
    await desk.world.saltmarsh.delete()
    await reading.taken()
    assert await Booking.filter(id=booking.id).count() == 0
