"""A session takes its people's time, and a key finds it again."""

from __future__ import annotations

import pytest

from tests.services.asking import NINE, request, rows
from tests.services.diary import Diaries, connect, viewer
from tests.world import HOUR, MINUTE, NOW, FakeClock, World
from together.providers.errors import AuthorizationExpired, ProviderUnavailable
from together.providers.values import Capability
from together.services.refusals import (
    InvalidInput,
    KeyReused,
    NotFound,
    SessionIsOver,
)
from together.services.sessions.booking import AUTOMATIC, NO_VIDEO, Bookings, Video
from together.store.models import (
    Booking,
    BookingState,
    CalendarEvent,
    ClientKey,
    History,
    Job,
    JobKind,
    Match,
    Seat,
)


async def test_plain(world: World, bookings: Bookings, woken: list[str]):
    """With nobody integrated a session is booked, with no link and nothing in any calendar."""
    booked = await bookings.book(viewer(world.ada), request(world, place="Room  5 "))
    booking = await Booking.get(id=booked.booking.id)
    assert (
        booking.starts, booking.ends, booking.state, booking.booked_by_id, booking.zone,
        booking.place, booking.video, booking.join_url, booking.match_id,
    ) == (
        NINE, NINE + 45 * MINUTE, BookingState.CONFIRMED, world.ada.id, "Europe/Stockholm",
        "Room  5", None, None, world.match.id,
    )  # fmt: skip
    assert booked.unchecked == []
    assert await Seat.all().order_by("member_id").values_list(
        "member_id", "starts", "ends", "live", "answer"
    ) == [
        (world.ada.id, NINE, NINE + 45 * MINUTE, True, "ACCEPTED"),
        (world.ben.id, NINE, NINE + 45 * MINUTE, True, "NEEDS_ACTION"),
    ]
    assert await Job.all().values_list("kind", "booking_id", "integration_id") == [
        (JobKind.WRITE_EVENT, booking.id, None)
    ]
    assert await History.all().values_list("booking_id", "at", "member_id", "what") == [
        (booking.id, NOW, world.ada.id, "BOOKED")
    ]
    assert (len(booking.event_key), set(booking.event_key) - set("0123456789abcdefghijklmnopqrstuv")
            ) == (32, set())  # fmt: skip
    assert woken == ["woken"]


async def test_integrated_booker(world: World, diaries: Diaries, bookings: Bookings):
    """A booker whose calendar can be written organizes, and the link comes with the event."""
    ada = await connect(world.ada)
    await connect(world.ben)
    booked = await bookings.book(viewer(world.ada), request(world))
    assert (booked.booking.video, booked.unchecked) == ("memory_meet", [])
    assert await CalendarEvent.all().values_list(
        "booking_id", "integration_id", "calendar_id", "event_id"
    ) == [(booked.booking.id, ada.id, f"calendar-{world.ada.id}", None)]
    assert await Job.all().order_by("id").values_list("kind", "integration_id") == [
        (JobKind.WRITE_EVENT, ada.id),
        (JobKind.WRITE_EVENT, None),
    ]
    assert diaries.calls == {world.ada.id: ["busy"], world.ben.id: ["busy"]}


async def test_read_only_booker(world: World, bookings: Bookings):
    """Reading granted but writing not: booked, with nothing in the booker's calendar, no link."""
    await connect(world.ada, capabilities=Capability.FREE_BUSY)
    booked = await bookings.book(viewer(world.ada), request(world))
    assert (booked.booking.video, await CalendarEvent.all().count()) == (None, 0)


@pytest.mark.parametrize(
    ("video", "place", "expected"),
    [
        (AUTOMATIC, "The café", None),
        (NO_VIDEO, None, None),
        (Video.by("memory_meet"), None, "memory_meet"),
        (Video.by("memory_meet"), "The café", "memory_meet"),
    ],
)
async def test_video(world: World, bookings: Bookings, video, place, expected):
    """A link is made when it was chosen, or by itself where there is no place."""
    await connect(world.ada)
    booked = await bookings.book(viewer(world.ada), request(world, video=video, place=place))
    assert (booked.booking.video, booked.booking.place) == (expected, place)


async def test_unchecked(world: World, diaries: Diaries, bookings: Bookings):
    """With a calendar out of reach the session is booked, and it is said whose was not read."""
    await connect(world.ada)
    await connect(world.ben)
    diaries.of(world.ben).always = ProviderUnavailable()
    booked = await bookings.book(viewer(world.ada), request(world))
    assert [each.id for each in booked.unchecked] == [world.ben.id]
    again = await bookings.book(viewer(world.ada), request(world))
    assert [each.id for each in again.unchecked] == [world.ada.id, world.ben.id]


async def test_consent_lost_while_booking(world: World, diaries: Diaries, bookings: Bookings):
    """A consent that turns out to be gone while booking counts at once: nothing goes there."""
    await connect(world.ada)
    diaries.of(world.ada).always = AuthorizationExpired()
    booked = await bookings.book(viewer(world.ada), request(world))
    assert (booked.booking.video, await CalendarEvent.all().count()) == (None, 0)


async def test_client_key(world: World, bookings: Bookings, woken: list[str]):
    """The same key with the same input gives the first session, read afresh; another is refused."""
    first = await bookings.book(viewer(world.ada), request(world))
    await Booking.filter(id=first.booking.id).update(join_url="https://meet.example.net/x")
    again = await bookings.book(viewer(world.ada), request(world))
    assert (again.booking.id, again.booking.join_url) == (
        first.booking.id,
        "https://meet.example.net/x",
    )
    with pytest.raises(KeyReused):
        await bookings.book(viewer(world.ada), request(world, start=NINE + HOUR))
    other = await bookings.book(viewer(world.ben), request(world, start=NINE + HOUR))
    assert other.booking.id != first.booking.id
    await Match.filter(id=world.match.id).update(state="ENDED")
    assert (await bookings.book(viewer(world.ada), request(world))).booking.id == first.booking.id
    assert woken == ["woken"] * 2


async def test_client_key_is_kept_a_day(world: World, bookings: Bookings):
    """After a day a key may be used again."""
    await bookings.book(viewer(world.ada), request(world))
    await ClientKey.all().update(created_at=1)
    await bookings.book(viewer(world.ada), request(world, start=NINE + HOUR))
    assert await rows() | {"Job": 0, "History": 0} == {
        "Booking": 2, "Seat": 4, "Job": 0, "History": 0, "ClientKey": 1, "CalendarEvent": 0,
    }  # fmt: skip


async def test_cancel(world: World, bookings: Bookings, woken: list[str]):
    """Either side cancels, once: the time is free again, and doing it again is no error."""
    booked = await bookings.book(viewer(world.ada), request(world))
    uid = booked.booking.uid
    for _ in range(2):
        cancelled = await bookings.cancel(viewer(world.ben), uid, reason=" Ill.\r\nSorry ")
        assert (cancelled.state, cancelled.cancel_reason) == ("CANCELLED", "Ill.\nSorry")
    assert await Seat.filter(live=True).count() == 0
    assert await Job.filter(kind=JobKind.CANCEL_EVENT).count() == 1
    assert await History.all().order_by("id").values_list("member_id", "what") == [
        (world.ada.id, "BOOKED"),
        (world.ben.id, "CANCELLED"),
    ]
    assert woken == ["woken"] * 3
    await bookings.book(viewer(world.ada), request(world, client_key="again"))


async def test_cancel_with_a_key(world: World, bookings: Bookings):
    """A cancellation may carry a key too: the same again is the same, another input is refused."""
    booked = await bookings.book(viewer(world.ada), request(world))
    uid = booked.booking.uid
    for _ in range(2):
        await bookings.cancel(viewer(world.ada), uid, client_key="key-1")
    with pytest.raises(KeyReused):
        await bookings.cancel(viewer(world.ada), uid, reason="Else", client_key="key-1")


async def test_cancel_refused(world: World, bookings: Bookings, clock: FakeClock):
    """Strangers find no session, a session that is over stays, and a reason is plain text."""
    booked = await bookings.book(viewer(world.ada), request(world))
    uid = booked.booking.uid
    for who in (world.dev, world.mira, world.chiara):
        with pytest.raises(NotFound):
            await bookings.cancel(viewer(who), uid)
    for missing in ("nothing", "no\x00thing"):
        with pytest.raises(NotFound):
            await bookings.cancel(viewer(world.ada), missing)
    with pytest.raises(InvalidInput):
        await bookings.cancel(viewer(world.ada), uid, reason="\u202e")
    clock.now = NINE + HOUR
    with pytest.raises(SessionIsOver):
        await bookings.cancel(viewer(world.ada), uid)
