"""The history of a session has who said whether they come, and when."""

from __future__ import annotations

import pytest

from tests.services import hand
from tests.services.desk import Desk
from tests.services.diary import connect, viewer
from tests.services.secretary import LINKS
from tests.world import HOUR, MINUTE, NOW
from together.providers.values import Answer
from together.services.outbox.answer_links import Invited
from together.services.refusals import TooManySessions
from together.services.sessions import answer_notes
from together.services.sessions.answering import Answering
from together.services.sessions.taking import MOST_CHANGES
from together.store.models import Booking, History, Seat


async def _told(booking: Booking) -> list[tuple]:
    rows = History.filter(booking_id=booking.id).order_by("id")
    return await rows.values_list("at", "member_id", "what")


async def test_answers(desk: Desk):
    """Each answer that is another one than before is noted, given here or by the link of a mail."""
    ada, ben = desk.world.ada, desk.world.ben
    booking, answering = await desk.book(), Answering(LINKS, desk.clock)
    for answer in (Answer.TENTATIVE, Answer.TENTATIVE, Answer.DECLINED):
        desk.clock.forward(MINUTE)
        await answering.respond(viewer(ben), booking.uid, answer)
    link = LINKS.address(Invited(booking.uid, ben.uid, booking.sequence)).rpartition("/")[2]
    await answering.answer(link, Answer.ACCEPTED)
    await answering.asked(link)
    assert await _told(booking) == [
        (NOW, ada.id, "BOOKED"),
        (NOW + MINUTE, ben.id, "TENTATIVE"),
        (NOW + 3 * MINUTE, ben.id, "DECLINED"),
        (NOW + 3 * MINUTE, ben.id, "ACCEPTED"),
    ]


async def test_answers_are_no_changes(desk: Desk):
    """However many have answered within the hour, the session can be moved."""
    booking = await desk.book()
    given = {"organization_id": booking.organization_id, "booking_id": booking.id, "at": NOW}
    await History.bulk_create(
        History(**given, what="ACCEPTED", member_id=desk.world.ben.id) for _ in range(MOST_CHANGES)
    )
    await desk.move(booking, booking.starts + HOUR)
    await desk.book()
    assert await History.filter(what="RESCHEDULED").count() == 1


async def test_not_too_often(desk: Desk):
    """Who changes their mind again and again within an hour is not heard, and can be later."""
    ben, booking = desk.world.ben, await desk.book()
    answering = Answering(LINKS, desk.clock)
    answers = [(Answer.ACCEPTED, Answer.DECLINED)[n % 2] for n in range(answer_notes.MOST)]
    for answer in answers:
        await answering.respond(viewer(ben), booking.uid, answer)
    with pytest.raises(TooManySessions):
        await answering.respond(viewer(ben), booking.uid, Answer.ACCEPTED)
    await answering.respond(viewer(ben), booking.uid, Answer.DECLINED)  # it is what they said
    await answering.respond(viewer(desk.world.ada), booking.uid, Answer.TENTATIVE)
    assert (await Seat.get(member_id=ben.id)).answer == "DECLINED"
    desk.clock.forward(HOUR)
    await answering.respond(viewer(ben), booking.uid, Answer.ACCEPTED)
    assert (await Seat.get(member_id=ben.id)).answer == "ACCEPTED"
    assert await History.filter(member_id=ben.id).count() == answer_notes.MOST + 1


async def test_an_answer_in_a_calendar(desk: Desk):
    """What a guest says to the organizer's event is noted as theirs, once, as if said here."""
    ada, ben = desk.world.ada, desk.world.ben
    await connect(ada)
    booking = await desk.book()
    await desk.run()
    for answer in (Answer.ACCEPTED, Answer.ACCEPTED, Answer.DECLINED):
        await hand.said(desk, booking, ada, ben=answer)
    assert [row[1:] for row in await _told(booking)] == [
        (ada.id, "BOOKED"),
        (ben.id, "ACCEPTED"),
        (ben.id, "DECLINED"),
    ]
