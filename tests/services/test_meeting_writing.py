"""A session's meeting is made at the organization's service once, and goes with the session."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.services.desk import NINE
from tests.services.diary import connect
from tests.services.studio import MemoryHalls, OnlyForOne, Studio, room
from tests.world import DAY, HOUR, World
from together.providers.values import Capability
from together.services.outbox import meeting_jobs
from together.services.outbox.delivery_state import DeliveryState
from together.services.people.todos import TodoKind, Todos
from together.services.refusals import VideoUnavailable
from together.services.sessions.booking_values import BookRequest, Video
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Booking,
    CalendarEvent,
    Job,
    JobKind,
    JobState,
    OrganizationVideo,
    Seat,
    VideoChoice,
    VideoMeeting,
)


@pytest.fixture
async def studio(world: World) -> Studio:
    made = Studio(world)
    await made.rooms()
    return made


async def _jobs(booking: Booking, kind: JobKind) -> list[tuple[str, str | None]]:
    rows = await Job.filter(booking_id=booking.id, kind=kind).order_by("id")
    return [(row.state.value, row.reason) for row in rows]


async def test_a_session_gets_its_room_and_its_event_says_so(studio: Studio, world: World):
    """The link comes first, the event carries it as its place, and nobody was asked anything."""
    await connect(world.ada)
    booking = await studio.book()
    assert await studio.seen(booking) == ("memory_rooms", None, False)
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)
    [event] = studio.events(world.ada)
    assert (event.place, event.wants_meeting, event.guests) == (
        room(booking),
        False,
        ("ben@saltmarsh.example.org",),
    )
    assert studio.diaries.calls == {world.ada.id: ["busy", "create"]}
    [made] = studio.sandbox.state["rooms"].values()
    assert (made["title"], made["host"]) == ("Mentoring session", world.ada.email)


async def test_who_is_limited_to_free_and_busy_gets_the_room(studio: Studio, world: World):
    """Nothing is written to such a calendar, and the link comes from the organization."""
    await connect(world.ada, capabilities=Capability.FREE_BUSY)
    booking = await studio.book()
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)
    assert studio.events(world.ada) == []
    assert await CalendarEvent.all().count() == 0


async def test_whoever_is_not_integrated_asks_for_it(studio: Studio, world: World):
    """To them no link comes by itself, as the table has it; asked for, it comes."""
    plain = await studio.book()
    assert plain.video is None
    asked = BookRequest(
        match_uid=world.match.uid,
        start=NINE + HOUR,
        duration=45,
        zone="Europe/Stockholm",
        client_key="chosen",
        video=Video.by("memory_rooms"),
        outside_hours=True,
    )
    chosen = (await studio.bookings.book(Viewer.of(world.ada), asked)).booking
    await studio.run()
    assert await studio.seen(chosen) == ("memory_rooms", room(chosen), False)


async def test_a_place_stands_instead_of_a_link(studio: Studio, world: World):
    """A session with a place gets no room, and one of an organization without links gets none."""
    await connect(world.ada)
    placed = await studio.book(place="Room 4")
    await studio.videos.choose(studio.chiara, VideoChoice.NONE)
    plain = await studio.book(start=NINE + HOUR)
    await studio.run()
    assert [await studio.seen(each) for each in (placed, plain)] == [(None, None, False)] * 2
    assert await VideoMeeting.all().count() == 0


async def test_another_organization_s_service_cannot_be_asked_for(studio: Studio, world: World):
    """A service that the organization has not chosen makes no link, whoever asks."""
    asked = BookRequest(
        match_uid=world.foreign_match.uid,
        start=NINE,
        duration=45,
        zone="UTC",
        client_key="k",
        video=Video.by("memory_rooms"),
        outside_hours=True,
    )
    with pytest.raises(VideoUnavailable):
        await studio.bookings.book(Viewer.of(world.mira), asked)


async def test_a_link_of_nobody_s_making(studio: Studio, world: World):
    """A service that needs nothing from anybody gives a link, and nothing is sent anywhere."""
    await studio.choose("memory_halls")
    studio.sandbox.requests.clear()
    await connect(world.ada)
    booking = await studio.book()
    await studio.run()
    link = f"https://halls.example.net/{booking.event_key}"
    assert await studio.seen(booking) == ("memory_halls", link, False)
    assert studio.sandbox.requests == []


async def test_the_room_goes_with_the_session(studio: Studio, world: World):
    """A cancelled session leaves no room; cancelled before it was made, none is made."""
    await connect(world.ada)
    booking, early = await studio.book(), await studio.book(start=NINE + HOUR)
    await studio.cancel(early)
    await studio.run()
    assert list(studio.sandbox.state["rooms"]) == [booking.event_key]
    await studio.cancel(booking)
    await studio.run()
    assert studio.sandbox.state["rooms"] == {}
    assert studio.sandbox.made_rooms == 1


async def test_the_room_follows_a_move(studio: Studio, world: World):
    """A session that was moved moves its room, whose link stays; the same again asks nobody."""
    await connect(world.ada)
    booking = await studio.book()
    await studio.run()
    span = {"starts": NINE + DAY, "ends": NINE + DAY + HOUR}
    await Seat.filter(booking_id=booking.id).update(**span)
    await Booking.filter(id=booking.id).update(**span)
    job = await Job.get(kind=JobKind.WRITE_MEETING)
    for _ in range(2):
        await Job.filter(id=job.id).update(state=JobState.WAITING)
        await studio.run()
    assert studio.sandbox.requests.count(f"PATCH /rooms/{booking.event_key}") == 1
    [made] = studio.sandbox.state["rooms"].values()
    assert made["start"] == "2026-12-02T09:00:00+00:00"
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)


async def test_made_once_whatever_is_lost(studio: Studio, world: World):
    """When the answer is lost, or the worker dies before its note, the next try finds the room."""
    await connect(world.ada)
    booking = await studio.book()
    job = await Job.get(kind=JobKind.WRITE_MEETING)
    meeting = await VideoMeeting.get()
    async with studio.videos.open(meeting, mailbox=world.ada.email) as rooms:
        row = await Booking.get(id=booking.id)
        span = _span(row)
        await rooms.create(key=row.event_key, span=span, title="Session")
    await asyncio.gather(*(studio.delivery._meetings.write(job) for _ in range(3)))
    await studio.run()
    assert studio.sandbox.made_rooms == 1
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)


def _span(row: Booking) -> Any:
    from together.domain.spans import Span

    return Span.of(row.starts, row.ends)


async def test_cancelled_while_it_was_being_made(studio: Studio, world: World):
    """A room that is made while its session is cancelled is taken away again."""
    await connect(world.ada)
    booking = await studio.book()
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def before(request: Any) -> None:
        if request.method == "PUT":
            waiting.set()
            await go_on.wait()

    studio.transport.before = before
    working = asyncio.create_task(studio.once())
    async with asyncio.timeout(10):
        await waiting.wait()
    await studio.cancel(booking)
    go_on.set()
    await working
    await studio.run()
    assert (studio.sandbox.made_rooms, studio.sandbox.state["rooms"]) == (1, {})


async def test_an_outage_is_waited_out(studio: Studio, world: World):
    """While the service is down the link is pending and the event is not held up for long."""
    await connect(world.ada)
    studio.sandbox.down = True
    booking = await studio.book()
    await studio.once()
    assert await studio.seen(booking) == ("memory_rooms", None, False)
    assert studio.events(world.ada) == []
    await Job.filter(state=JobState.WAITING).update(created_at=0)
    await studio.once()
    assert [event.place for event in studio.events(world.ada)] == [None]
    assert await studio.state(booking, world.ben) is not DeliveryState.FAILED
    studio.sandbox.down = False
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)
    assert [event.place for event in studio.events(world.ada)] == [room(booking)]
    assert studio.diaries.of(world.ada).calls.count("create") == 1
    assert await _jobs(booking, JobKind.REVISE_EVENT) == [("DONE", None)]


async def test_a_key_that_was_deleted(studio: Studio, world: World):
    """No link comes and it is said, to administrators with the reason; a new key brings it."""
    await connect(world.ada)
    studio.sandbox.delete_room_key()
    studio.videos.tokens.forget(studio.world.saltmarsh.id)
    booking = await studio.book()
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", None, True)
    assert await _jobs(booking, JobKind.WRITE_MEETING) == [("PARKED", "KeyRefused")]
    assert (await OrganizationVideo.get()).reason == "KeyRefused"
    assert await _to_do(studio, world) == [
        "The service does not accept what was handed over any more. Hand over another."
    ]
    assert [event.place for event in studio.events(world.ada)] == [None]
    await studio.rooms()
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)
    assert (await OrganizationVideo.get()).reason is None
    assert await _to_do(studio, world) == []
    assert [event.place for event in studio.events(world.ada)] == [room(booking)]


async def _to_do(studio: Studio, world: World) -> list[str | None]:
    """What administrators are asked to mend, and nobody else is."""
    todos = Todos(studio.registry, studio.clock)
    kind = TodoKind.FIX_ORGANIZATION_INTEGRATION
    assert kind not in {each.kind for each in await todos.of(Viewer.of(world.ada))}
    return [each.reason for each in await todos.of(studio.chiara) if each.kind is kind]


async def test_a_token_that_ends_early_is_made_anew(studio: Studio, world: World):
    """A token that the service refuses is replaced once, and a fresh one that is refused waits."""
    await connect(world.ada)
    first = await studio.book()
    await studio.run()
    studio.sandbox.state["room_tokens"].clear()
    second = await studio.book(start=NINE + HOUR)
    await studio.run()
    assert [(await studio.seen(each))[1] for each in (first, second)] == [room(first), room(second)]
    assert studio.sandbox.requests.count("POST /rooms/token") == 3


async def test_a_link_on_a_host_that_was_not_declared(studio: Studio, world: World):
    """A link that leads elsewhere is not shown, and the session says that it has none."""
    await connect(world.ada)
    await studio.choose("memory_halls")
    MemoryHalls.join_hosts, kept = frozenset({"other.example.net"}), MemoryHalls.join_hosts
    try:
        booking = await studio.book()
        await studio.run()
    finally:
        MemoryHalls.join_hosts = kept
    assert await studio.seen(booking) == ("memory_halls", None, True)
    assert await _jobs(booking, JobKind.WRITE_MEETING) == [("PARKED", "LinkMissing")]


async def test_the_service_is_changed_meanwhile(studio: Studio, world: World):
    """A session that waits for a service which was given up gets no link, and says so."""
    await connect(world.ada)
    booking = await studio.book()
    await studio.videos.choose(studio.chiara, VideoChoice.NONE)
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", None, True)
    assert await _jobs(booking, JobKind.WRITE_MEETING) == [("PARKED", "VideoChanged")]
    await studio.choose("memory_halls")
    studio.install(OnlyForOne(), MemoryHalls())
    other = await studio.book(start=NINE + HOUR)
    await studio.run()
    assert (await studio.seen(other))[0] == "memory_halls"


async def test_a_session_that_is_over(studio: Studio, world: World):
    """No room is made for a session that has come to its end."""
    booking = await studio.book()
    await Booking.filter(id=booking.id).update(video="memory_rooms")
    await meeting_jobs.make_later(
        [await Booking.get(id=booking.id)], registry=studio.registry, at=0
    )
    studio.clock.now = NINE + DAY
    await studio.run()
    assert await _jobs(booking, JobKind.WRITE_MEETING) == [("PARKED", "SessionOver")]
    assert studio.sandbox.made_rooms == 0


async def test_the_calendar_goes_and_the_room_stays(studio: Studio, world: World):
    """Who disconnects gives up no link that their calendar was not to bring."""
    from together.services.outbox.join_links import without_link

    await connect(world.ada)
    studio.sandbox.down = True
    booking = await studio.book()
    assert await without_link(world.saltmarsh.id, [booking.id]).count() == 0
    studio.sandbox.down = False
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)
