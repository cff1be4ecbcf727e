"""A session is given another time: all of it, or it stays as it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.services.desk import NINE, Desk
from tests.services.diary import connect, viewer
from tests.world import DAY, HOUR, MINUTE, NOW
from together.domain.spans import Span, Spans
from together.providers.errors import AuthorizationExpired, ProviderUnavailable
from together.services.availability.circle import Circle
from together.services.availability.ground import Ground
from together.services.refusals import (
    DurationNotOffered,
    InvalidInput,
    KeyReused,
    MatchHasEnded,
    NotFound,
    OutsideHours,
    OverBusyTime,
    Refusal,
    SlotUnavailable,
    TooFarAhead,
    TooManySessions,
    TooSoon,
    UnknownZone,
)
from together.services.sessions import moving, taking
from together.services.sessions.moving import MoveRequest
from together.services.sessions.session_refusals import (
    SessionChanged,
    SessionHasBegun,
    SessionIsCancelled,
)
from together.store.models import (
    Booking,
    ClientKey,
    History,
    Job,
    JobKind,
    Match,
    Member,
    Organization,
    Seat,
)

TEN = NINE + HOUR


async def _stands(booking: Booking) -> tuple[int, int, int]:
    row = await Booking.get(id=booking.id)
    return row.starts, row.ends, row.sequence


async def test_moved(desk: Desk):
    """The time is taken anew, those who did not choose it are asked anew, and it is noted."""
    ada, ben = desk.world.ada, desk.world.ben
    booking = await desk.book()
    await Seat.filter(booking_id=booking.id).update(answer="ACCEPTED")
    moved = await desk.move(booking, TEN, who=ben)
    assert (moved.id, moved.starts, moved.ends) == (booking.id, TEN, TEN + 45 * MINUTE)
    assert await _stands(booking) == (TEN, TEN + 45 * MINUTE, 1)
    assert await Seat.all().order_by("member_id").values_list(
        "member_id", "starts", "ends", "live", "answer"
    ) == [
        (ada.id, TEN, TEN + 45 * MINUTE, True, "NEEDS_ACTION"),
        (ben.id, TEN, TEN + 45 * MINUTE, True, "ACCEPTED"),
    ]
    assert await Job.all().order_by("id").values_list("kind", "booking_id", "integration_id") == [
        (JobKind.WRITE_EVENT, booking.id, None),
        (JobKind.REVISE_EVENT, booking.id, None),
    ]
    assert await History.all().order_by("id").values_list("at", "member_id", "what") == [
        (NOW, ada.id, "BOOKED"),
        (NOW, ben.id, "RESCHEDULED"),
    ]


async def test_its_own_time_does_not_count(desk: Desk):
    """A session may be moved by a part of its own length, and made longer where it stands."""
    await Organization.filter(id=desk.world.saltmarsh.id).update(
        policy={"buffer_after": 30, "per_day": 1}
    )
    booking = await desk.book()
    await desk.move(booking, NINE + 15 * MINUTE)
    await desk.move(booking, NINE + 15 * MINUTE, duration=60)
    assert await _stands(booking) == (NINE + 15 * MINUTE, NINE + 75 * MINUTE, 2)


async def test_its_own_event_does_not_count(desk: Desk):
    """What calendars are busy with because of it is no reason against, also where it stood before.

    What else is in them is.
    """
    ada, ben = desk.world.ada, desk.world.ben
    await connect(ada)
    await connect(ben)
    booking = await desk.book()
    await desk.run()
    for who in (ada, ben):
        desk.diaries.of(who).busy = [(NINE, NINE + 45 * MINUTE)]
    await desk.move(booking, NINE + 30 * MINUTE)
    # Nothing was delivered since: their calendars still show it where it was.
    await desk.move(booking, NINE)
    desk.diaries.of(ben).busy = [(NINE, NINE + HOUR)]
    with pytest.raises(OverBusyTime):
        await desk.move(booking, NINE + 15 * MINUTE)
    await desk.move(booking, NINE + 15 * MINUTE, over_busy=True)
    assert await _stands(booking) == (NINE + 15 * MINUTE, NINE + HOUR, 3)


def _asked(booking: Booking, start: int = TEN, **change) -> MoveRequest:
    asked = MoveRequest(booking.uid, start, "Europe/Stockholm", "moved", outside_hours=True)
    return replace(asked, **change)


async def test_unchecked(desk: Desk):
    """It is said whose calendar could not be read for the new time."""
    await connect(desk.world.ada)
    await connect(desk.world.ben)
    booking = await desk.book()
    desk.diaries.of(desk.world.ben).always = ProviderUnavailable()
    moved = await desk.rescheduling.reschedule(viewer(desk.world.ada), _asked(booking))
    assert [each.id for each in moved.unchecked] == [desk.world.ben.id]


async def test_consent_lost_while_moving(desk: Desk):
    """A consent that turns out to be gone counts at once: that calendar is not asked for."""
    await connect(desk.world.ada)
    booking = await desk.book()
    desk.diaries.of(desk.world.ada).always = AuthorizationExpired()
    moved = await desk.rescheduling.reschedule(viewer(desk.world.ada), _asked(booking))
    assert (moved.booking.starts, moved.unchecked) == (TEN, [])


async def test_client_key(desk: Desk):
    """The same key moves once, and is answered afresh; with another input it is refused."""
    ada = viewer(desk.world.ada)
    booking = await desk.book()
    first = await desk.rescheduling.reschedule(ada, _asked(booking))
    await desk.move(booking, NINE)
    again = await desk.rescheduling.reschedule(ada, _asked(booking))
    assert (first.booking.starts, again.booking.starts) == (TEN, NINE)
    with pytest.raises(KeyReused):
        await desk.rescheduling.reschedule(ada, _asked(booking, TEN + HOUR))
    await Match.filter(id=desk.world.match.id).update(state="ENDED")
    assert (await desk.rescheduling.reschedule(ada, _asked(booking))).booking.starts == NINE


async def test_the_same_request_at_once(desk: Desk):
    """Of one request that comes many times at once, one moves and all are told so."""
    booking = await desk.book()
    ada = viewer(desk.world.ada)
    moved = await asyncio.gather(
        *(desk.rescheduling.reschedule(ada, _asked(booking)) for _ in range(4))
    )
    assert [each.booking.starts for each in moved] == [TEN] * 4
    assert await _stands(booking) == (TEN, TEN + 45 * MINUTE, 1)


async def test_to_where_it_is(desk: Desk):
    """Moving a session to where it is changes nothing, also when that is too soon by now."""
    booking = await desk.book()
    desk.clock.now = NINE - MINUTE
    await desk.move(booking, NINE)
    assert await _stands(booking) == (NINE, NINE + 45 * MINUTE, 0)
    assert await Job.filter(kind=JobKind.REVISE_EVENT).count() == 0


def _policy(**rules):
    async def change(desk: Desk, booking: Booking) -> None:
        await Organization.filter(id=desk.world.saltmarsh.id).update(policy=rules)

    return change


async def _nothing(desk: Desk, booking: Booking) -> None:
    """Leave everything as it is."""


async def _cancelled(desk: Desk, booking: Booking) -> None:
    await desk.cancel(booking)


async def _begun(desk: Desk, booking: Booking) -> None:
    desk.clock.now = NINE


async def _ended(desk: Desk, booking: Booking) -> None:
    await Match.filter(id=booking.match_id).update(state="ENDED")


async def _left(desk: Desk, booking: Booking) -> None:
    await Member.filter(id=desk.world.ben.id).update(active=False)


async def _taken(desk: Desk, booking: Booking) -> None:
    await desk.book(start=TEN + 30 * MINUTE)


async def _changed_often(desk: Desk, booking: Booking) -> None:
    given = {"organization_id": booking.organization_id, "booking_id": booking.id, "what": "MOVED"}
    await History.bulk_create(History(at=NOW, **given) for _ in range(taking.MOST_CHANGES))


@pytest.mark.parametrize(
    ("before", "change", "refusal"),
    [
        (_nothing, {"zone": "Mars/Olympus"}, UnknownZone),
        (_nothing, {"start": -1}, InvalidInput),
        (_nothing, {"start": TEN + MINUTE}, InvalidInput),
        (_nothing, {"client_key": " "}, InvalidInput),
        (_nothing, {"duration": 50}, DurationNotOffered),
        (_nothing, {"start": NOW + 900}, TooSoon),
        (_nothing, {"start": NINE + 90 * DAY}, TooFarAhead),
        (_nothing, {"start": NINE + 12 * HOUR, "outside_hours": False}, OutsideHours),
        (_nothing, {"booking_uid": "unknown"}, NotFound),
        (_cancelled, {}, SessionIsCancelled),
        (_begun, {}, SessionHasBegun),
        (_ended, {}, MatchHasEnded),
        (_left, {}, MatchHasEnded),
        (_taken, {}, SlotUnavailable),
        (_changed_often, {}, TooManySessions),
    ],
)
async def test_refused(desk: Desk, before, change: dict, refusal: type[Refusal]):
    """Each refusal leaves the session where it is, and the same key can be used again."""
    booking = await desk.book()
    await before(desk, booking)
    stood, keys = await _stands(booking), await ClientKey.all().count()
    with pytest.raises(refusal) as caught:
        await desk.rescheduling.reschedule(viewer(desk.world.ada), _asked(booking, **change))
    assert caught.type is refusal
    assert (await _stands(booking), await ClientKey.all().count()) == (stood, keys)


async def test_whose_it_is_not(desk: Desk):
    """Somebody who is not in the session, or in another organization, finds none to move."""
    booking = await desk.book()
    for who in (desk.world.hana, desk.world.chiara, desk.world.mira):
        with pytest.raises(NotFound):
            await desk.move(booking, TEN, who=who)


async def test_alternatives(desk: Desk):
    """A time that is taken is refused with others, among them some that the session stands in."""
    booking = await desk.book()
    await desk.book(start=TEN)
    with pytest.raises(SlotUnavailable) as caught:
        await desk.move(booking, NINE + 30 * MINUTE)
    found = [(start - NINE) // MINUTE for start in caught.value.alternatives]
    assert (len(found), 0 in found, {30, 60, 75} & set(found)) == (5, True, set())


async def test_moved_by_both_at_once(desk: Desk):
    """Of two people who move one session at once, one is told that the other was first."""
    booking = await desk.book()
    ends = await asyncio.gather(
        desk.move(booking, TEN),
        desk.move(booking, TEN + HOUR, who=desk.world.ben),
        return_exceptions=True,
    )
    assert sorted(type(each) for each in ends if isinstance(each, Exception)) == [SessionChanged]
    [moved] = [each for each in ends if isinstance(each, Booking)]
    assert await _stands(booking) == (moved.starts, moved.ends, 1)


async def test_one_time_for_many(desk: Desk):
    """Of many who take one time at once, by booking and by moving, one has it."""
    booked = [await desk.book(start=TEN + n * HOUR) for n in range(3)]
    ends = await asyncio.gather(
        *(desk.move(each, NINE) for each in booked),
        *(desk.book(who=desk.world.ben) for _ in range(3)),
        return_exceptions=True,
    )
    won = [each for each in ends if isinstance(each, Booking)]
    assert (len(won), {type(each) for each in ends} - {Booking}) == (1, {SlotUnavailable})
    seats = await Seat.filter(live=True, starts__lt=NINE + 45 * MINUTE, ends__gt=NINE)
    assert {each.booking_id for each in seats} == {won[0].id}


async def test_the_database_refuses_an_overlap(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """Where nobody looks whether the time is taken, the database does."""
    monkeypatch.setattr(moving, "ground", _open)
    monkeypatch.setattr("together.services.sessions.rescheduling.ground", _open)
    booking = await desk.book()
    await desk.book(start=TEN)
    with pytest.raises(SlotUnavailable):
        await desk.move(booking, TEN + 15 * MINUTE)
    assert await _stands(booking) == (NINE, NINE + 45 * MINUTE, 0)


async def _open(people: Circle, window: Span, **_: object) -> Ground:
    return Ground(
        {},
        hours=Spans([window]),
        allowed=Spans([window]),
        weekly=Spans([window]),
        taken=Spans(),
        capped=Spans(),
        own_hours_only=False,
    )


async def test_nothing_hidden(desk: Desk, statements):
    """Moving tells who is not integrated nothing of the other's calendar, to the statement."""
    seen = []
    for n in range(2):
        if n:
            await connect(desk.world.ben)
            desk.diaries.of(desk.world.ben).busy = [(NINE, NINE + DAY)]
        booking = await desk.book(start=NINE + n * 3 * HOUR)
        await desk.run()
        calls = desk.diaries.calls.get(desk.world.ben.id, []).copy()
        statements.clear()
        await desk.move(booking, TEN + n * 3 * HOUR)
        seen.append([each.partition(" WHERE ")[0] for each in statements])
        assert desk.diaries.calls.get(desk.world.ben.id, []) == calls
    assert seen[0] == seen[1]
