"""A session of a series is cancelled alone, or with those that come after it."""

from __future__ import annotations

import pytest

from tests.services.asking import NINE, request
from tests.services.diary import viewer
from tests.services.planning import wanted
from tests.world import DAY, HOUR, FakeClock, World
from together.services.refusals import KeyReused, SessionIsOver
from together.services.sessions.booking import Bookings
from together.services.sessions.series import SeriesBookings
from together.store.models import Booking, History, Job, JobKind, Seat

WEEK = 7 * DAY


async def test_cancel_one(world: World, series: SeriesBookings, bookings: Bookings):
    """One session of a series is cancelled without the others."""
    booked = await series.book(viewer(world.ada), wanted(world))
    await bookings.cancel(viewer(world.ben), booked.bookings[1].uid)
    assert await _standing() == [1, 3, 4]


async def test_cancel_this_and_following(
    world: World, series: SeriesBookings, bookings: Bookings, woken: list[str]
):
    """From one session on all are cancelled, each with its job and history."""
    booked = await series.book(viewer(world.ada), wanted(world))
    other = await bookings.book(viewer(world.ada), request(world, start=NINE + 30 * DAY))
    named = booked.bookings[1]
    for _ in range(2):
        cancelled = await bookings.cancel_from(
            viewer(world.ben), named.uid, reason="Moved away", client_key="c"
        )
        assert [
            (each.occurrence, each.state, each.cancel_reason, each.sequence) for each in cancelled
        ] == [(n, "CANCELLED", "Moved away", 1) for n in (2, 3, 4)]
    assert await _standing() == [None, 1]
    ids = [each.id for each in booked.bookings[1:]]
    cancelling = Job.filter(kind=JobKind.CANCEL_EVENT).order_by("id")
    assert await cancelling.values_list("booking_id", flat=True) == ids
    assert await History.filter(what="CANCELLED").order_by("id").values_list(
        "booking_id", "member_id"
    ) == [(each, world.ben.id) for each in ids]
    assert await Seat.filter(live=True).count() == 4
    assert (other.booking.id in ids, woken) == (False, ["woken"] * 3)
    with pytest.raises(KeyReused):
        await bookings.cancel(viewer(world.ben), named.uid, reason="Moved away", client_key="c")


async def test_cancel_what_lies_ahead(
    world: World, series: SeriesBookings, bookings: Bookings, clock: FakeClock
):
    """What is over stays as it was; a series is cancelled from a session that lies ahead."""
    booked = await series.book(viewer(world.ada), wanted(world))
    first, second, *_ = booked.bookings
    await bookings.cancel(viewer(world.ada), first.uid)
    clock.now = NINE + WEEK + HOUR
    with pytest.raises(SessionIsOver):
        await bookings.cancel_from(viewer(world.ada), second.uid)
    cancelled = await bookings.cancel_from(viewer(world.ada), first.uid)
    assert [each.occurrence for each in cancelled] == [1, 3, 4]
    assert await _standing() == [2]


async def test_cancel_following_without_a_series(world: World, bookings: Bookings):
    """A session that was booked for itself has nothing that comes after it."""
    for n in range(2):
        asked = request(world, start=NINE + n * DAY, client_key=f"{n}")
        await bookings.book(viewer(world.ada), asked)
    first = await Booking.all().order_by("starts").first()
    assert len(await bookings.cancel_from(viewer(world.ada), first.uid)) == 1
    assert await Booking.filter(state="CONFIRMED").count() == 1


async def _standing() -> list[int | None]:
    rows = await Booking.filter(state="CONFIRMED").values_list("occurrence", flat=True)
    return sorted(rows, key=lambda each: each or 0)
