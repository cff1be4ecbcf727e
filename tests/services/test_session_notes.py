"""An agenda, and that a session took place: kept in Together, for the people of the match."""

from __future__ import annotations

import pytest

from tests.services.desk import NINE, Desk
from tests.services.diary import connect, viewer
from tests.services.secretary import Secretary
from tests.world import HOUR, MINUTE, NOW
from together.services.refusals import (
    InvalidInput,
    MatchHasEnded,
    NotFound,
    SessionIsOver,
    TooManySessions,
)
from together.services.sessions.session_notes import LONGEST_AGENDA, SessionNotes
from together.services.sessions.session_refusals import (
    SessionAhead,
    SessionHasBegun,
    SessionIsCancelled,
)
from together.services.sessions.taking import MOST_CHANGES
from together.store.models import Booking, History, Match, Member


@pytest.fixture
def notes(desk: Desk) -> SessionNotes:
    return SessionNotes(desk.clock)


async def _told(booking: Booking) -> list[tuple]:
    rows = History.filter(booking_id=booking.id).order_by("id")
    return await rows.values_list("at", "member_id", "what")


async def test_agenda(desk: Desk, notes: SessionNotes):
    """Either side writes it, replaces it and takes it away; what changes nothing is not noted."""
    ada, ben = desk.world.ada, desk.world.ben
    booking = await desk.book()
    written = await notes.set_agenda(viewer(ben), booking.uid, " One.\n\nTwo ")
    assert written.agenda == "One.\n\nTwo"
    await notes.set_agenda(viewer(ada), booking.uid, "One.\n\nTwo")
    assert (await notes.set_agenda(viewer(ada), booking.uid, "  ")).agenda is None
    assert (await Booking.get(id=booking.id)).agenda is None
    assert await _told(booking) == [
        (NOW, ada.id, "BOOKED"),
        (NOW, ben.id, "AGENDA_SET"),
        (NOW, ada.id, "AGENDA_SET"),
    ]


async def test_agenda_and_reason_stay_here(secretary: Secretary):
    """No calendar and no mail says what a session is about, or why it was cancelled."""
    ada, ben = secretary.world.ada, secretary.world.ben
    for n, organizes in enumerate((False, True)):
        if organizes:
            await connect(ada)
        booking = await secretary.book(start=NINE + n * 2 * HOUR)
        await SessionNotes(secretary.clock).set_agenda(viewer(ben), booking.uid, "Agenda-mark")
        await secretary.run()
        await secretary.move(booking, NINE + HOUR + n * 2 * HOUR)
        await secretary.run()
        drafts = repr(secretary.events(ada))
        await secretary.cancel(booking, reason="Reason-mark")
        await secretary.run()
        said = drafts + "".join(each.message.as_string() for each in secretary.boxes.arrived)
        assert ("Agenda-mark" in said, "Reason-mark" in said) == (False, False)
        kept = await Booking.get(id=booking.id)
        assert (kept.agenda, kept.cancel_reason) == ("Agenda-mark", "Reason-mark")


@pytest.mark.parametrize("agenda", ["a" * (LONGEST_AGENDA + 1), "\x07", "\u202eabc"])
async def test_agenda_refused(desk: Desk, notes: SessionNotes, agenda: str):
    """One that is too long, controls something or turns the direction of text is not kept."""
    booking = await desk.book()
    with pytest.raises(InvalidInput) as caught:
        await notes.set_agenda(viewer(desk.world.ada), booking.uid, agenda)
    assert (caught.value.field, (await Booking.get(id=booking.id)).agenda) == ("agenda", None)


async def test_done(desk: Desk, notes: SessionNotes):
    """Once it has begun, a session is marked as done, once; then it is not cancelled or moved."""
    ada, ben = desk.world.ada, desk.world.ben
    booking = await desk.book()
    with pytest.raises(SessionAhead):
        await notes.mark_done(viewer(ada), booking.uid)
    desk.clock.now = NINE
    assert (await notes.mark_done(viewer(ben), booking.uid)).done_at == NINE
    desk.clock.now = NINE + MINUTE
    assert (await notes.mark_done(viewer(ada), booking.uid)).done_at == NINE
    assert (await _told(booking))[1:] == [(NINE, ben.id, "DONE")]
    with pytest.raises(SessionIsOver):
        await desk.cancel(booking)
    with pytest.raises(SessionHasBegun):
        await desk.move(booking, NINE + 24 * HOUR)


async def test_refused(desk: Desk, notes: SessionNotes):
    """Nothing is written down of sessions of others, that are cancelled, or of a closed match."""
    world, booking, other = desk.world, await desk.book(), await desk.book(start=NINE + HOUR)
    desk.clock.now = NINE + 2 * HOUR

    async def refused(kind: type[Exception], uid: str, *who: Member) -> None:
        for each in who or (world.ada,):
            with pytest.raises(kind):
                await notes.set_agenda(viewer(each), uid, "Agenda")
            with pytest.raises(kind):
                await notes.mark_done(viewer(each), uid)

    await refused(NotFound, booking.uid, world.hana, world.chiara, world.mira)
    await refused(NotFound, "unknown")
    await Member.filter(id=world.ben.id).update(active=False)
    await refused(MatchHasEnded, booking.uid)
    await Member.filter(id=world.ben.id).update(active=True)
    await Match.filter(id=world.match.id).update(state="ENDED")
    await refused(MatchHasEnded, booking.uid)
    await Booking.filter(id=other.id).update(state="CANCELLED")
    await refused(SessionIsCancelled, other.uid)
    kept = await Booking.all().values_list("agenda", "done_at")
    assert kept == [(None, None)] * 2


async def test_not_too_often(desk: Desk, notes: SessionNotes):
    """An agenda cannot be used to fill the history of a match."""
    booking = await desk.book()
    given = {"organization_id": booking.organization_id, "booking_id": booking.id, "what": "X"}
    await History.bulk_create(History(at=NOW, **given) for _ in range(MOST_CHANGES - 1))
    with pytest.raises(TooManySessions):
        await notes.set_agenda(viewer(desk.world.ada), booking.uid, "Agenda")
