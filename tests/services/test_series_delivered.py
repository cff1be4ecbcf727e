"""Each session of a series reaches calendars and rooms as an event of its own."""

from __future__ import annotations

from tests.services.asking import NINE
from tests.services.desk import Desk
from tests.services.diary import REGISTRY, connect, viewer
from tests.services.planning import wanted
from tests.services.studio import Studio
from tests.world import DAY, World
from together.services.availability.busy import Busy
from together.services.sessions.series import SeriesBookings
from together.store.models import Booking, CalendarEvent, VideoMeeting

WEEK = 7 * DAY


async def test_events_of_their_own(desk: Desk, world: World):
    """Every session is one event with its own key and link; cancelled ones are taken away."""
    await connect(world.ada)
    booker = SeriesBookings(
        busy=Busy(desk.diaries, desk.clock), registry=REGISTRY, clock=desk.clock
    )
    booked = await booker.book(viewer(world.ada), wanted(world))
    await desk.run()
    book = desk.diaries.of(world.ada)
    assert {key: draft.span.starts for key, draft in book.events.items()} == {
        each.event_key: each.starts for each in booked.bookings
    }
    assert book.invited == [world.ben.email] * 4
    links = await Booking.filter(series_id=booked.series.id).values_list("join_url", flat=True)
    assert links == ["https://meet.example.net/abc"] * 4
    await desk.bookings.cancel_from(viewer(world.ada), booked.bookings[2].uid)
    await desk.run()
    assert sorted(draft.span.starts for draft in book.events.values()) == [NINE, NINE + WEEK]
    assert await CalendarEvent.all().count() == 4


async def test_rooms_of_their_own(world: World):
    """At the organization's own video service every session gets a meeting."""
    studio = Studio(world)
    await studio.rooms()
    await connect(world.ada)
    booker = SeriesBookings(
        busy=Busy(studio.diaries, studio.clock), registry=studio.registry, clock=studio.clock
    )
    booked = await booker.book(viewer(world.ada), wanted(world))
    await studio.run()
    ids = [each.id for each in booked.bookings]
    assert await VideoMeeting.all().order_by("booking_id").values_list(
        "booking_id", "provider"
    ) == [(each, "memory_rooms") for each in ids]
    links = await Booking.filter(id__in=ids).values_list("join_url", flat=True)
    assert (len(set(links)), None in links) == (4, False)
