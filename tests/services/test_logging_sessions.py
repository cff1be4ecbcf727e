"""A session that took place without having been booked is written down, and nothing more."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.services.asking import rows
from tests.services.desk import Desk
from tests.services.diary import connect, viewer
from tests.world import DAY, HOUR, MINUTE, NOW, match, session
from together.services.outbox.delivery_state import DeliveryState
from together.services.reading import held
from together.services.refusals import (
    InvalidInput,
    KeyReused,
    MatchHasEnded,
    NotFound,
    Refusal,
    SlotUnavailable,
    TooManySessions,
    UnknownZone,
)
from together.services.sessions.logging_sessions import LONGEST_AGO, Logbook, LogRequest
from together.services.sessions.taking import MOST_CHANGES
from together.store.models import Booking, BookingState, History, Match, Member, Participant, Seat

BEGAN = NOW - 3 * HOUR - 7 * MINUTE
"""On no grid: a session begins when it begins."""


@pytest.fixture
async def logbook(desk: Desk) -> Logbook:
    await Participant.all().update(joined_at=NOW - 365 * DAY)
    return Logbook(desk.clock)


def _took(desk: Desk, **change) -> LogRequest:
    asked = LogRequest(
        desk.world.match.uid, BEGAN, 50, "Europe/Stockholm", "key-1", place="The café"
    )
    return replace(asked, **change)


async def test_logged(desk: Desk, logbook: Logbook):
    """It is held and done, with its people and its history; nobody is invited or reminded."""
    ada, ben = desk.world.ada, desk.world.ben
    await connect(ada)
    booking = await logbook.log(viewer(ada), _took(desk))
    assert (
        booking.starts, booking.ends, booking.zone, booking.place, booking.state, booking.logged,
        booking.done_at, booking.booked_by_id, booking.video,
    ) == (
        BEGAN, BEGAN + 50 * MINUTE, "Europe/Stockholm", "The café", BookingState.CONFIRMED, True,
        NOW, ada.id, None,
    )  # fmt: skip
    assert await Seat.all().order_by("member_id").values_list("member_id", "live", "answer") == [
        (ada.id, False, "ACCEPTED"),
        (ben.id, False, "NEEDS_ACTION"),
    ]
    assert await History.all().values_list("at", "member_id", "what") == [(NOW, ada.id, "LOGGED")]
    assert await rows() == {
        "Booking": 1, "Seat": 2, "Job": 0, "History": 1, "ClientKey": 1, "CalendarEvent": 0,
    }  # fmt: skip
    assert desk.diaries.calls == {}
    for who in (ada, ben):
        assert await desk.state(booking, who) is DeliveryState.NOT_SENT
    assert await held(viewer(ada), [desk.world.match.id], now=NOW) == {desk.world.match.id: 1}


async def test_client_key(desk: Desk, logbook: Logbook):
    """The same key writes it down once; with another input it is refused."""
    ada = viewer(desk.world.ada)
    made = await asyncio.gather(*(logbook.log(ada, _took(desk)) for _ in range(3)))
    assert (len({each.id for each in made}), await Booking.all().count()) == (1, 1)
    with pytest.raises(KeyReused):
        await logbook.log(ada, _took(desk, duration=51))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start": NOW - 49 * MINUTE}, "start"),
        ({"start": NOW + DAY}, "start"),
        ({"start": NOW - LONGEST_AGO * DAY - 1}, "start"),
        ({"duration": 4}, "duration"),
        ({"duration": 481}, "duration"),
        ({"place": "a" * 501}, "place"),
        ({"zone": "Mars/Olympus"}, "zone"),
    ],
)
async def test_not_like_that(desk: Desk, logbook: Logbook, change: dict, field: str):
    """What is not over, was long ago or is no session is refused, by its field."""
    with pytest.raises(InvalidInput) as caught:
        await logbook.log(viewer(desk.world.ada), _took(desk, **change))
    assert (caught.value.field, await Booking.all().count()) == (field, 0)
    assert (caught.type is UnknownZone) == (field == "zone")


async def test_whose_it_is_not(desk: Desk, logbook: Logbook):
    """Nothing is written down for somebody else's match, or for one that is closed."""
    world = desk.world

    async def refused(kind: type[Refusal], who: Member) -> None:
        with pytest.raises(kind):
            await logbook.log(viewer(who), _took(desk))

    for who in (world.hana, world.chiara, world.mira):
        await refused(NotFound, who)
    await Member.filter(id=world.ben.id).update(active=False)
    await refused(MatchHasEnded, world.ada)
    await Member.filter(id=world.ben.id).update(active=True)
    await Match.filter(id=world.match.id).update(state="ENDED")
    await refused(MatchHasEnded, world.ada)


async def test_before_they_were_matched(desk: Desk, logbook: Logbook):
    """Who joined later would not see it, so it is theirs only from the day they joined on."""
    ada, ben, chiara = desk.world.ada, desk.world.ben, desk.world.chiara
    group = await match(ada, ben, chiara)
    await Participant.filter(match_id=group.id).update(joined_at=NOW - 365 * DAY)
    await Participant.filter(match_id=group.id, member_id=chiara.id).update(joined_at=BEGAN + 1)
    booking = await logbook.log(viewer(ada), _took(desk, match_uid=group.uid))
    assert await Seat.filter(booking_id=booking.id).order_by("id").values_list(
        "member_id", flat=True
    ) == [ada.id, ben.id]
    with pytest.raises(InvalidInput):
        await logbook.log(viewer(chiara), _took(desk, match_uid=group.uid))


async def test_at_another_session(desk: Desk, logbook: Logbook):
    """It is refused where this match or who logs had another session, and nowhere else.

    A session of the other person's elsewhere is neither in the way nor told of.
    """
    world = desk.world
    other = await match(world.ben, world.hana)
    await session(other, world.ben, world.hana, starts=BEGAN)
    first = await logbook.log(viewer(world.ada), _took(desk))
    for who in (world.ada, world.ben):
        with pytest.raises(SlotUnavailable) as caught:
            await logbook.log(viewer(who), _took(desk, client_key="key-2", start=BEGAN + MINUTE))
        assert caught.value.alternatives == ()
    third = await match(world.ada, world.hana)
    await Participant.filter(match_id=third.id).update(joined_at=NOW - 365 * DAY)
    with pytest.raises(SlotUnavailable):
        await logbook.log(viewer(world.ada), _took(desk, client_key="key-3", match_uid=third.uid))
    await Booking.filter(id=first.id).update(state=BookingState.CANCELLED)
    await logbook.log(viewer(world.ada), _took(desk, client_key="key-4"))
    after = await logbook.log(viewer(world.ada), _took(desk, client_key="key-5", start=first.ends))
    assert after.starts == first.ends


async def test_the_same_at_once(desk: Desk, logbook: Logbook):
    """Of two who write down the same session at once, one does."""
    ends = await asyncio.gather(
        *(logbook.log(viewer(who), _took(desk)) for who in (desk.world.ada, desk.world.ben)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in ends) == ["Booking", "SlotUnavailable"]


async def test_not_too_often(desk: Desk, logbook: Logbook):
    """Nobody fills the other's list."""
    booking = await logbook.log(viewer(desk.world.ada), _took(desk))
    given = {"organization_id": booking.organization_id, "booking_id": booking.id, "what": "X"}
    await History.bulk_create(History(at=NOW, **given) for _ in range(MOST_CHANGES))
    with pytest.raises(TooManySessions):
        await logbook.log(viewer(desk.world.ada), _took(desk, client_key="2", start=NOW - DAY))
