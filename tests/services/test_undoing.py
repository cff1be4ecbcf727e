"""What was written down by mistake is taken back, by its people and within days."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.services.desk import NINE, Desk
from tests.services.diary import viewer
from tests.world import DAY, HOUR, MINUTE, NOW
from together.services import reading
from together.services.reading import Which, held
from together.services.refusals import MatchHasEnded, NotFound, Refusal, TooManySessions
from together.services.sessions.logging_sessions import Logbook, LogRequest
from together.services.sessions.session_notes import SessionNotes
from together.services.sessions.session_refusals import (
    SessionIsCancelled,
    SessionNotLogged,
    SessionWasLogged,
    TooLateToUndo,
)
from together.services.sessions.taking import MOST_CHANGES
from together.services.sessions.undoing import WITHIN_DAYS, Undoing
from together.store.models import (
    Booking,
    BookingState,
    ClientKey,
    History,
    Job,
    Match,
    Member,
    Participant,
)

BEGAN = NOW - 3 * HOUR


@dataclass(frozen=True, slots=True)
class _Page:
    """The first ten, as `Asked` has it."""

    size: int = 10
    backward: bool = False
    after: None = None
    before: None = None


@pytest.fixture
async def undoing(desk: Desk) -> Undoing:
    await Participant.all().update(joined_at=NOW - 365 * DAY)
    return Undoing(desk.clock)


async def _logged(desk: Desk, key: str = "log", **change) -> Booking:
    asked = LogRequest(desk.world.match.uid, BEGAN, 50, "Europe/Stockholm", key, **change)
    return await Logbook(desk.clock).log(viewer(desk.world.ada), asked)


async def _done(desk: Desk) -> Booking:
    """Mark a session as done at the moment it begins."""
    booking = await desk.book()
    desk.clock.now = NINE
    return await SessionNotes(desk.clock).mark_done(viewer(desk.world.ada), booking.uid)


async def _told(booking: Booking) -> list[tuple]:
    rows = History.filter(booking_id=booking.id).order_by("id")
    return await rows.values_list("member_id", "what")


async def _listed(desk: Desk) -> list[int]:
    """Give the sessions of the match by both ways in which they are listed."""
    ada, match = viewer(desk.world.ada), desk.world.match.id
    one = await reading.bookings_of(ada, match, _Page(), which=Which())
    many = await reading.first_bookings(ada, [match], _Page(), which=Which())
    ids = [each.id for each in one]
    assert [each.id for each in many.get(match, [])] == ids
    return ids


async def test_a_logged_session_is_taken_back(desk: Desk, undoing: Undoing):
    """Either side takes it back: it is in no list and counts no more, and its history has both."""
    ada, ben, match = desk.world.ada, desk.world.ben, desk.world.match
    booking = await _logged(desk)
    assert await _listed(desk) == [booking.id]
    desk.clock.forward(HOUR)
    for _ in range(2):  # once more is no error
        assert (await undoing.unlog(viewer(ben), booking.uid)).state is BookingState.CANCELLED
    assert (await _listed(desk), await held(viewer(ada), [match.id], now=NOW)) == ([], {})
    assert await _told(booking) == [(ada.id, "LOGGED"), (ben.id, "UNLOGGED")]
    [found] = await reading.bookings(viewer(ada), uids=[booking.uid])
    assert (found.id, found.logged, found.done_at) == (booking.id, True, None)
    assert await Job.all().count() == 0


async def test_logged_again(desk: Desk, undoing: Undoing):
    """Its time can be logged again; the key that logged it still answers with what it made."""
    booking = await _logged(desk)
    await undoing.unlog(viewer(desk.world.ada), booking.uid)
    again = await _logged(desk, "again")
    assert (again.id != booking.id, await _listed(desk)) == (True, [again.id])
    assert (await _logged(desk)).id == booking.id
    assert await ClientKey.all().count() == 2


async def test_a_cancelled_session_stays_in_the_list(desk: Desk, undoing: Undoing):
    """Only what was logged leaves the list: a session that was booked and cancelled is in it."""
    booking = await desk.book()
    await desk.cancel(booking)
    assert await _listed(desk) == [booking.id]


async def test_not_done_after_all(desk: Desk, undoing: Undoing):
    """The mark is taken away, once, and can be set again; a session that is ahead can be moved."""
    ada, ben = desk.world.ada, desk.world.ben
    booking = await _done(desk)
    desk.clock.forward(MINUTE)
    for _ in range(2):
        assert (await undoing.unmark_done(viewer(ben), booking.uid)).done_at is None
    assert (await Booking.get(id=booking.id)).done_at is None
    notes = SessionNotes(desk.clock)
    assert (await notes.mark_done(viewer(ada), booking.uid)).done_at == NINE + MINUTE
    assert await _told(booking) == [
        (ada.id, "BOOKED"), (ada.id, "DONE"), (ben.id, "NOT_DONE"), (ada.id, "DONE"),
    ]  # fmt: skip


async def test_within_seven_days(desk: Desk, undoing: Undoing):
    """What was written down a week ago stays."""
    logged, done = await _logged(desk), await _done(desk)
    desk.clock.now = NOW + WITHIN_DAYS * DAY
    with pytest.raises(TooLateToUndo):
        await undoing.unlog(viewer(desk.world.ada), logged.uid)
    desk.clock.now = NINE + WITHIN_DAYS * DAY
    with pytest.raises(TooLateToUndo):
        await undoing.unmark_done(viewer(desk.world.ada), done.uid)
    desk.clock.now -= 1
    await undoing.unmark_done(viewer(desk.world.ada), done.uid)
    assert await _listed(desk) == [logged.id, done.id]


async def test_each_its_own_way(desk: Desk, undoing: Undoing):
    """A booked session is not unlogged, and one that was logged is not merely unmarked."""
    ada = viewer(desk.world.ada)
    logged, done = await _logged(desk), await _done(desk)
    with pytest.raises(SessionNotLogged):
        await undoing.unlog(ada, done.uid)
    with pytest.raises(SessionWasLogged):
        await undoing.unmark_done(ada, logged.uid)
    await Booking.filter(id=done.id).update(state=BookingState.CANCELLED)
    with pytest.raises(SessionIsCancelled):
        await undoing.unmark_done(ada, done.uid)


async def test_refused(desk: Desk, undoing: Undoing):
    """Nothing is taken back of others' sessions, of a closed match, or too often in an hour."""
    world, logged, done = desk.world, await _logged(desk), await _done(desk)

    async def no(kind: type[Refusal], *who: Member) -> None:
        for each in who or (world.ada,):
            for take_back, booking in ((undoing.unlog, logged), (undoing.unmark_done, done)):
                with pytest.raises(kind):
                    await take_back(viewer(each), booking.uid)

    await no(NotFound, world.hana, world.dev, world.chiara, world.mira)
    given = {"organization_id": done.organization_id, "booking_id": done.id, "what": "X"}
    many = [History(at=NINE, **given) for _ in range(MOST_CHANGES)]
    await History.bulk_create(many)
    await no(TooManySessions)
    await Match.filter(id=world.match.id).update(state="ENDED")
    await no(MatchHasEnded)
    assert await _listed(desk) == [logged.id, done.id]
