"""A session that is moved in a calendar onto another one is disputed until one gives way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from tests.services import hand
from tests.services.desk import NINE, Desk
from tests.services.diary import REGISTRY, connect, viewer
from tests.services.secretary import LINKS
from tests.world import DAY, HOUR, MINUTE, World, match
from together.api.bookings import Booking as Shown
from together.providers.values import Answer
from together.services import reading
from together.services.people.todos import TodoKind, Todos
from together.services.refusals import SlotUnavailable, TooManySessions
from together.services.sessions import taking
from together.services.sessions.answering import Answering
from together.services.sessions.cancelling import cancel_ahead
from together.services.sessions.logging_sessions import Logbook, LogRequest
from together.store.models import Booking, BookingState, Member, Organization, Seat
from together.store.scope import Scope
from together.store.transaction import transaction

TEN, NOON = NINE + HOUR, NINE + 3 * HOUR
LENGTH = 45 * MINUTE


@dataclass(slots=True)
class Clash:
    """Ada has a session with Ben, and one with Dev an hour later; the first is moved onto it."""

    desk: Desk
    disputed: Booking
    """With Ben."""
    other: Booking
    """With Dev."""

    async def state(self) -> tuple[str, set[bool]]:
        row = await Booking.get(id=self.disputed.id)
        assert (row.disputed_at is None) is (row.state is not BookingState.CONFLICT)
        return row.state.value, await hand.live(self.disputed)

    async def to_resolve(self, who: Member) -> list[tuple[int, list[int]]]:
        """Which sessions a member is told to resolve, and with which they overlap."""
        todos = await Todos(REGISTRY, self.desk.clock).of(viewer(who))
        return [
            (todo.booking.id, [each.id for each in todo.overlaps])
            for todo in todos
            if todo.kind is TodoKind.RESOLVE_CONFLICT and todo.booking is not None
        ]


CONFIRMED, CONFLICT = ("CONFIRMED", {True}), ("CONFLICT", {False})


async def two(desk: Desk) -> Clash:
    """The two sessions, before anything is moved."""
    world = desk.world
    await connect(world.ada)
    with_dev = await desk.book(of=world.other_match, start=TEN)
    with_ben = await desk.book()
    await desk.run()
    return Clash(desk, with_ben, with_dev)


@pytest.fixture
async def clash(desk: Desk) -> Clash:
    found = await two(desk)
    await hand.moved(desk, found.disputed, desk.world.ada, TEN + 15 * MINUTE)
    assert await found.state() == CONFLICT
    return found


async def test_it_is_marked(clash: Clash):
    """It is where it was put, and the other session is as it was."""
    start = TEN + 15 * MINUTE
    assert await hand.standing(clash.disputed) == (start, start + LENGTH, "CONFLICT", 1)
    assert await hand.standing(clash.other) == (TEN, TEN + LENGTH, "CONFIRMED", 0)
    assert await hand.live(clash.other) == {True}


async def test_a_buffer_is_met_too(desk: Desk):
    """What lies within the time between two sessions overlaps, as it does for a booking."""
    await Organization.filter(id=desk.world.saltmarsh.id).update(policy={"buffer_after": 15})
    found = await two(desk)
    await desk.move(found.other, NOON)
    await desk.run()
    await hand.moved(desk, found.disputed, desk.world.ada, NOON - 50 * MINUTE)
    assert await found.state() == CONFLICT
    await hand.moved(desk, found.disputed, desk.world.ada, NOON - 60 * MINUTE)
    assert await found.state() == CONFIRMED


async def test_who_is_told(clash: Clash):
    """Whose two sessions meet is told which; nobody else is told with what the time is disputed."""
    world = clash.desk.world
    assert await clash.to_resolve(world.ada) == [(clash.disputed.id, [clash.other.id])]
    for who in (world.ben, world.dev, world.chiara):
        assert await clash.to_resolve(who) == []
    seen = await reading.bookings(viewer(world.ben), uids=[clash.disputed.uid, clash.other.uid])
    assert [Shown.of(each).state.name for each in seen] == ["CONFLICT"]


async def test_once_it_is_over(clash: Clash):
    """Nobody is asked to resolve what is over."""
    clash.desk.clock.now = TEN + 2 * HOUR
    assert await clash.to_resolve(clash.desk.world.ada) == []


async def test_rescheduling_resolves_it(clash: Clash):
    """The disputed session is given a free time here, and has it."""
    desk = clash.desk
    with pytest.raises(SlotUnavailable):
        await desk.move(clash.disputed, TEN + 30 * MINUTE)
    assert await clash.state() == CONFLICT
    await desk.move(clash.disputed, NOON, over_busy=True)
    assert (await clash.state(), await clash.to_resolve(desk.world.ada)) == (CONFIRMED, [])
    await desk.run()
    assert await hand.waiting(clash.disputed) == []


async def test_moving_it_on_resolves_it(clash: Clash):
    """So does moving it on to a free time in the calendar."""
    await hand.moved(clash.desk, clash.disputed, clash.desk.world.ada, NOON)
    assert await clash.state() == CONFIRMED
    assert set(await Seat.filter(booking_id=clash.disputed.id).values_list("starts", "ends")) == {
        (NOON, NOON + LENGTH)
    }


async def test_cancelling_it_resolves_it(clash: Clash):
    """Nothing is disputed about a session that is cancelled."""
    await clash.desk.cancel(clash.disputed)
    assert await clash.state() == ("CANCELLED", {False})
    assert await clash.to_resolve(clash.desk.world.ada) == []
    await clash.desk.run()


@pytest.mark.parametrize("way", ["moved", "cancelled", "moved there", "deleted there"])
async def test_the_other_one_gives_way(clash: Clash, way: str):
    """It has its time once the other session is moved or cancelled, here or in the calendar."""
    desk, ada = clash.desk, clash.desk.world.ada
    await desk.run()
    assert await clash.state() == CONFLICT
    match way:
        case "moved":
            await desk.move(clash.other, NOON, over_busy=True)
        case "cancelled":
            await desk.cancel(clash.other)
        case "moved there":
            await hand.moved(desk, clash.other, ada, NOON)
        case "deleted there":
            await hand.deleted(desk, clash.other, ada)
    await desk.run()
    assert (await clash.state(), await clash.to_resolve(ada)) == (CONFIRMED, [])


async def test_a_third_one_stays_in_the_way(clash: Clash):
    """It stays disputed while any other session takes its time."""
    desk, world = clash.desk, clash.desk.world
    third = await desk.book(world.ben, of=await match(world.ben, world.elin), start=TEN + HOUR)
    await hand.moved(desk, clash.disputed, world.ada, TEN + 30 * MINUTE)
    assert await clash.to_resolve(world.ben) == [(clash.disputed.id, [third.id])]
    await desk.cancel(clash.other)
    await desk.run()
    assert await clash.state() == CONFLICT
    assert await clash.to_resolve(world.ada) == []
    await desk.bookings.cancel(viewer(world.ben), third.uid)
    await desk.run()
    assert await clash.state() == CONFIRMED


async def test_what_it_met_was_being_cancelled(clash: Clash):
    """It is looked at once more: who cancelled may have looked before it was marked."""
    await Booking.filter(id=clash.other.id).update(state=BookingState.CANCELLED)
    await Seat.filter(booking_id=clash.other.id).update(live=False)
    await clash.desk.run()
    assert await clash.state() == CONFIRMED


async def test_its_time_can_be_booked(clash: Clash):
    """It keeps nobody else from the time that it may not have."""
    desk, world = clash.desk, clash.desk.world
    await desk.cancel(clash.other)
    new = await desk.book(of=world.other_match, start=TEN)
    await desk.run()
    assert await hand.live(new) == {True}
    assert await clash.state() == CONFLICT


async def test_it_stands(clash: Clash):
    """It is listed, answered, linked, asked about and counted like any session that stands."""
    desk, world = clash.desk, clash.desk.world
    ben = viewer(world.ben)
    todos = await Todos(REGISTRY, desk.clock).of(ben)
    assert [(each.kind, each.booking) for each in todos] == [
        (TodoKind.RESPOND_TO_SESSION, clash.disputed)
    ]
    await Answering(LINKS, desk.clock).respond(ben, clash.disputed.uid, Answer.TENTATIVE)
    assert (await hand.answers(clash.disputed))[world.ben.id] == "TENTATIVE"
    assert await reading.held(ben, [world.match.id], now=NINE + DAY) == {world.match.id: 1}


async def test_the_limit_counts_it(clash: Clash, monkeypatch: pytest.MonkeyPatch):
    """A match whose open sessions are as many as it may have gets no other, disputed or not."""
    monkeypatch.setattr(taking, "MOST_OPEN", 1)
    with pytest.raises(TooManySessions):
        await clash.desk.book(start=NOON)


async def test_caps_count_it(clash: Clash):
    """Somebody whose day is full with it can have no other session on that day."""
    desk = clash.desk
    await Organization.filter(id=desk.world.saltmarsh.id).update(policy={"per_day": 1})
    await desk.cancel(clash.other)
    with pytest.raises(SlotUnavailable):
        await desk.book(start=NOON)


async def test_the_end_of_its_match(clash: Clash):
    """It is cancelled with its match."""
    match_id, scope = clash.disputed.match_id, Scope(clash.disputed.organization_id)
    now = clash.desk.clock()
    await transaction(lambda: cancel_ahead([match_id], scope=scope, by=None, now=now))
    assert (await clash.state())[0] == "CANCELLED"


async def test_logging_beside_it(clash: Clash):
    """No session is written down for a time in which it took place."""
    clash.desk.clock.now = NINE + DAY
    asked = LogRequest(clash.desk.world.match.uid, TEN + 20 * MINUTE, 30, "UTC", "k")
    with pytest.raises(SlotUnavailable):
        await Logbook(clash.desk.clock).log(viewer(clash.desk.world.ben), asked)


async def test_into_the_past(desk: Desk):
    """Of what is over nobody can choose another time, so it is not disputed."""
    found = await two(desk)
    await Booking.filter(id=found.other.id).update(starts=NINE - 30 * DAY, ends=NINE - 30 * DAY + 9)
    await Seat.filter(booking_id=found.other.id).update(
        starts=NINE - 30 * DAY, ends=NINE - 30 * DAY + LENGTH
    )
    await hand.moved(desk, found.disputed, desk.world.ada, NINE - 30 * DAY)
    assert await found.state() == ("CONFIRMED", {False})


async def test_two_onto_one_time(desk: Desk):
    """Of two that are moved onto one free time at once, one has it, and one is disputed."""
    found, ada = await two(desk), desk.world.ada
    for each in (found.disputed, found.other):
        hand.put(desk, each, ada, NOON)
    readings = [await hand.read(desk, each, ada) for each in (found.disputed, found.other)]
    await asyncio.gather(*(each.taken() for each in readings))
    states = {(await Booking.get(id=each.id)).state.value for each in (found.disputed, found.other)}
    assert states == {"CONFIRMED", "CONFLICT"}
    await desk.run()
    assert await Seat.filter(live=True).count() == 2


async def test_a_move_while_the_other_is_cancelled(desk: Desk):
    """However the two meet, nothing stays disputed for a session that was cancelled."""
    for nth in range(4):
        start = NINE + nth * DAY
        found = await _two_at(desk, start)
        hand.put(desk, found.disputed, desk.world.ada, start + HOUR)
        reading_ = await hand.read(desk, found.disputed, desk.world.ada)
        await asyncio.gather(reading_.taken(), desk.cancel(found.other), desk.once())
        await desk.run()
        assert await found.state() == CONFIRMED


async def _two_at(desk: Desk, start: int) -> Clash:
    if not desk.booked:
        await connect(desk.world.ada)
    other = await desk.book(of=desk.world.other_match, start=start + HOUR)
    disputed = await desk.book(start=start)
    await desk.run()
    return Clash(desk, disputed, other)


async def test_across_the_line(clash: Clash, world: World):
    """Sessions of another organization are neither met nor settled."""
    mira = world.mira
    theirs = await clash.desk.book(mira, of=world.foreign_match, start=TEN)
    assert await hand.live(theirs) == {True}
    assert await clash.to_resolve(mira) == []
