"""What guests say to the organizer's event is heard, once, and never over what they say here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services import hand
from tests.services.desk import NINE, Desk
from tests.services.diary import REGISTRY, connect, viewer
from tests.services.secretary import LINKS
from tests.world import HOUR, MINUTE, World, match
from together.providers.values import Answer, Meeting
from together.services.outbox.answer_links import Invited
from together.services.people.todos import TodoKind, Todos
from together.services.sessions.answering import Answering
from together.store.models import Booking, CalendarEvent, Member, Seat

TEN = NINE + HOUR
ACCEPTED, DECLINED, TENTATIVE = Answer.ACCEPTED, Answer.DECLINED, Answer.TENTATIVE


async def _booked(desk: Desk) -> Booking:
    await connect(desk.world.ada)
    booking = await desk.book()
    await desk.run()
    return booking


async def _bens(desk: Desk, booking: Booking) -> str:
    return (await hand.answers(booking))[desk.world.ben.id]


async def _asked(desk: Desk, who: Member) -> list[TodoKind]:
    todos = await Todos(REGISTRY, desk.clock).of(viewer(who))
    return [each.kind for each in todos if each.kind is TodoKind.RESPOND_TO_SESSION]


@pytest.mark.parametrize("answer", [ACCEPTED, DECLINED, TENTATIVE])
async def test_an_answer_there_is_one_here(desk: Desk, answer: Answer):
    """A guest who answers in their calendar is not asked any more."""
    booking, ben = await _booked(desk), desk.world.ben
    assert await _asked(desk, ben) == [TodoKind.RESPOND_TO_SESSION]
    await hand.said(desk, booking, desk.world.ada, ben=answer)
    assert await _bens(desk, booking) == answer.value
    assert await _asked(desk, ben) == []
    assert (await hand.standing(booking), await hand.waiting(booking)) == (
        (NINE, NINE + 45 * MINUTE, "CONFIRMED", 0),
        [],
    )


async def test_what_is_read_again_is_no_news(desk: Desk):
    """An answer here stands, however often the calendar says what it had said before."""
    booking, ada = await _booked(desk), desk.world.ada
    await hand.said(desk, booking, ada, ben=ACCEPTED)
    await Seat.filter(member_id=desk.world.ben.id).update(answer="DECLINED", answered_at=1)
    await hand.said(desk, booking, ada, ben=ACCEPTED)
    assert await _bens(desk, booking) == "DECLINED"
    await hand.said(desk, booking, ada, ben=TENTATIVE)
    assert await _bens(desk, booking) == "TENTATIVE"


async def test_nobody_has_answered_there(desk: Desk):
    """That a calendar waits for an answer takes none back that was given here."""
    booking = await _booked(desk)
    answering = Answering(LINKS, desk.clock)
    await answering.respond(viewer(desk.world.ben), booking.uid, ACCEPTED)
    reading = await hand.read(desk, booking, desk.world.ada, ben=Answer.NEEDS_ACTION)
    await reading.taken(read_at=reading.at + 60)
    assert await _bens(desk, booking) == "ACCEPTED"


@pytest.mark.parametrize("way", ["by link", "here"])
async def test_an_answer_after_the_reading_wins(desk: Desk, way: str):
    """What a calendar said before somebody answered here is old, then and later."""
    booking, ben = await _booked(desk), desk.world.ben
    reading = await hand.read(desk, booking, desk.world.ada, ben=ACCEPTED)
    answering = Answering(LINKS, desk.clock)
    if way == "here":
        await answering.respond(viewer(ben), booking.uid, DECLINED)
    else:
        token = LINKS.address(Invited(booking.uid, ben.uid, booking.sequence)).rpartition("/")[2]
        await answering.answer(token, DECLINED)
    await reading.taken()
    assert await _bens(desk, booking) == "DECLINED"
    await reading.taken(read_at=reading.at + 60)
    assert await _bens(desk, booking) == "DECLINED"


async def test_an_older_reading_comes_later(desk: Desk):
    """A reading that was overtaken by a later one says nothing any more."""
    booking, ada = await _booked(desk), desk.world.ada
    old = await hand.read(desk, booking, ada, ben=ACCEPTED)
    new = await hand.read(desk, booking, ada, ben=DECLINED)
    await new.taken(read_at=old.at + 60)
    await old.taken()
    assert await _bens(desk, booking) == "DECLINED"


async def test_a_move_asks_anew(desk: Desk):
    """Whoever had accepted another time is asked again, and heard when they answer again."""
    booking, ada = await _booked(desk), desk.world.ada
    await hand.said(desk, booking, ada, ben=ACCEPTED)
    hand.put(desk, booking, ada, TEN)
    await hand.said(desk, booking, ada, ben=ACCEPTED)
    assert await _bens(desk, booking) == "NEEDS_ACTION"
    await hand.said(desk, booking, ada, ben=DECLINED)
    assert await _bens(desk, booking) == "DECLINED"


async def test_moved_and_answered_at_once(desk: Desk):
    """An answer that is new with the move is one to the new time."""
    booking, ada = await _booked(desk), desk.world.ada
    hand.put(desk, booking, ada, TEN)
    await hand.said(desk, booking, ada, ben=ACCEPTED)
    assert await _bens(desk, booking) == "ACCEPTED"


async def test_an_answer_to_the_time_before(desk: Desk):
    """While a move that was made here is on its way, answers are to another time."""
    booking, ada = await _booked(desk), desk.world.ada
    await desk.move(booking, TEN)
    reading = await hand.read(desk, booking, ada, ben=ACCEPTED)
    await reading.taken(read_at=reading.at + 60)
    assert await _bens(desk, booking) == "NEEDS_ACTION"


async def test_a_group(desk: Desk, world: World):
    """Each is heard for themselves; an address that is nobody's in it says nothing."""
    ada, ben, dev, elin = world.ada, world.ben, world.dev, world.elin
    await connect(ada)
    booking = await desk.book(of=await match(ada, ben, dev, elin))
    await desk.run()
    await hand.said(desk, booking, ada, ben=ACCEPTED, dev=DECLINED, hana=ACCEPTED)
    assert await hand.answers(booking) == {
        ada.id: "ACCEPTED",
        ben.id: "ACCEPTED",
        dev.id: "DECLINED",
        elin.id: "NEEDS_ACTION",
    }


async def test_answers_in_a_copy(desk: Desk):
    """What a copy says of guests is nobody's answer: it has none."""
    ada, ben = desk.world.ada, desk.world.ben
    await connect(ben, email="ben.home@example.com")
    booking = await _booked(desk)
    await hand.said(desk, booking, ben, ada=DECLINED, ben=ACCEPTED)
    assert await hand.answers(booking) == {ada.id: "ACCEPTED", ben.id: "NEEDS_ACTION"}


async def test_addresses_are_folded(desk: Desk, world: World):
    """A work address is told apart as members' addresses are, whatever its letters."""
    await Member.filter(id=world.ben.id).update(email="Ben@Saltmarsh.Example.org")
    booking = await _booked(desk)
    await hand.said(desk, booking, world.ada, ben=ACCEPTED)
    assert await _bens(desk, booking) == "ACCEPTED"


async def test_a_link_that_comes_late(desk: Desk):
    """A link that comes after it was given up is fetched, looked at and shown."""
    book = desk.diaries.of(desk.world.ada)
    booking = await _booked(desk)
    await Booking.filter(id=booking.id).update(join_url=None, link_given_up=True)
    reading = await hand.read(desk, booking, desk.world.ada)
    assert reading.found is not None
    late = replace(reading, found=replace(reading.found, meeting=Meeting("m", book.link)))
    await late.taken()
    await late.taken()
    assert await hand.waiting(booking) == ["POLL_MEETING"]
    await desk.run()
    row = await Booking.get(id=booking.id)
    assert (row.join_url, row.link_given_up) == (book.link, False)
    assert not (await CalendarEvent.get(booking_id=booking.id)).meeting_pending
    await late.taken()
    assert await hand.waiting(booking) == []
