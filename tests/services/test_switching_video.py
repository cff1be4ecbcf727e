"""An organization leaves its video service for another, or it breaks: each has a defined end."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.services.desk import NINE
from tests.services.diary import connect
from tests.services.studio import MemoryHalls, OnlyForOne, Studio, room
from tests.services.town import BASE_URL
from tests.world import DAY, HOUR, World
from together.services.organization import owner_letters
from together.services.organization.video_refusals import (
    OrganizationVideoUnavailable,
    VideoObstacle,
)
from together.store.models import (
    Booking,
    Job,
    JobKind,
    JobState,
    LeftMeeting,
    LeftVideo,
    OrganizationIntegration,
    OrganizationVideo,
    VideoChoice,
    VideoMeeting,
)
from together.testing.memory_rooms import MemoryRooms


@pytest.fixture
async def studio(world: World) -> Studio:
    made = Studio(world)
    await made.rooms()
    await connect(world.ada)
    return made


def _hall(booking: Booking) -> str:
    return f"https://halls.example.net/{booking.event_key}"


async def _left() -> tuple[int, int]:
    return await LeftMeeting.all().count(), await LeftVideo.all().count()


async def _meeting(booking: Booking) -> tuple[str, bool]:
    row = await VideoMeeting.get(booking_id=booking.id)
    return row.provider, row.meeting_id is not None


async def test_meetings_ahead_are_made_anew(studio: Studio, world: World):
    """Each is made once at the new service, told in the event, and then taken away at the old."""
    booked = [await studio.book(start=NINE + each * HOUR) for each in range(2)]
    await studio.run()
    assert len(studio.sandbox.state["rooms"]) == 2
    await studio.choose("memory_halls")
    # Until there is another link, the old one stands.
    assert [await studio.seen(each) for each in booked] == [
        ("memory_halls", room(each), False) for each in booked
    ]
    assert len(studio.sandbox.state["rooms"]) == 2
    await studio.run()
    assert [await studio.seen(each) for each in booked] == [
        ("memory_halls", _hall(each), False) for each in booked
    ]
    assert {event.place for event in studio.events(world.ada)} == {_hall(each) for each in booked}
    assert (studio.sandbox.state["rooms"], studio.sandbox.made_rooms) == ({}, 2)
    deleted = [each for each in studio.sandbox.requests if each.startswith("DELETE")]
    assert (len(deleted), await _left()) == (2, (0, 0))
    assert not await Job.filter(state=JobState.WAITING).exists()


async def test_the_same_again_and_back(studio: Studio):
    """Chosen twice, nothing is made twice; back at the first, each is made there again."""
    booking = await studio.book()
    await studio.run()
    await studio.choose("memory_halls")
    await studio.choose("memory_halls")
    await studio.run()
    await studio.rooms()
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)
    assert (studio.sandbox.made_rooms, await _left()) == (2, (0, 0))
    assert list(studio.sandbox.state["rooms"]) == [booking.event_key]


async def test_back_before_anything_was_done(studio: Studio):
    """Away and back before the worker comes, the session ends with one room and its link."""
    booking = await studio.book()
    await studio.run()
    await studio.choose("memory_halls")
    await studio.rooms()
    await studio.run()
    assert await _left() == (0, 0)
    seen = await studio.seen(booking)
    assert (seen[0], seen[2]) == ("memory_rooms", False)
    assert seen[1] == room(booking)
    assert list(studio.sandbox.state["rooms"]) == [booking.event_key]


async def test_what_is_over_or_cancelled_is_left(studio: Studio):
    """Sessions that are over keep what they had; a cancelled one's meeting is gone already."""
    over, cancelled = await studio.book(), await studio.book(start=NINE + HOUR)
    await studio.run()
    await studio.cancel(cancelled)
    await studio.run()
    studio.clock.forward(9 * DAY)
    await studio.choose("memory_halls")
    await studio.run()
    assert await studio.seen(over) == ("memory_rooms", room(over), False)
    assert await _left() == (0, 0)


@pytest.mark.parametrize("choice", [VideoChoice.NONE, VideoChoice.CALENDAR])
async def test_turned_off_the_links_stay(studio: Studio, choice: VideoChoice):
    """With no service of its own any more, the organization's links stay valid, and no other is
    made.
    """
    booking = await studio.book()
    await studio.run()
    await studio.videos.choose(studio.chiara, choice)
    assert (await OrganizationVideo.get()).credential is None
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)
    assert list(studio.sandbox.state["rooms"]) == [booking.event_key]
    assert await _left() == (0, 0)


async def test_cancelled_after_the_switch(studio: Studio):
    """A session that is cancelled before it got its new link leaves no meeting at either."""
    booking = await studio.book()
    await studio.run()
    await studio.choose("memory_halls")
    await studio.cancel(booking)
    await studio.run()
    assert (studio.sandbox.state["rooms"], await _left()) == ({}, (0, 0))


async def test_left_while_it_was_being_made(studio: Studio, world: World):
    """A room that is made while its service is left is taken away; the link is the new one."""
    booking = await studio.book()
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def before(request: Any) -> None:
        if request.method == "PUT":
            studio.transport.before = None
            waiting.set()
            await go_on.wait()

    studio.transport.before = before
    working = asyncio.create_task(studio.once())
    async with asyncio.timeout(10):
        await waiting.wait()
    await studio.choose("memory_halls")
    go_on.set()
    await working
    await studio.run()
    assert await studio.seen(booking) == ("memory_halls", _hall(booking), False)
    assert await _meeting(booking) == ("memory_halls", True)
    assert (studio.sandbox.state["rooms"], await _left()) == ({}, (0, 0))


async def test_the_old_key_does_not_work_any_more(studio: Studio):
    """What cannot be taken away stays there, the new link is made, and nothing is kept of it."""
    booking = await studio.book()
    await studio.run()
    studio.sandbox.delete_room_key()
    await studio.choose("memory_halls")
    await studio.run()
    assert await studio.seen(booking) == ("memory_halls", _hall(booking), False)
    assert await _left() == (0, 0)
    [job] = await Job.filter(kind=JobKind.LEAVE_MEETING)
    assert (job.state, job.reason) == (JobState.PARKED, "KeyRefused")


async def test_the_new_service_is_down(studio: Studio):
    """While the new one makes no link, the old one stands and is not taken away."""
    await studio.choose("memory_halls")
    booking = await studio.book()
    await studio.run()
    key = studio.sandbox.add_room_key()
    await studio.choose("memory_rooms", key)
    studio.sandbox.down = True
    await studio.once()
    assert await studio.seen(booking) == ("memory_rooms", _hall(booking), False)
    assert await _left() == (1, 1)
    studio.sandbox.down = False
    await studio.run()
    assert await studio.seen(booking) == ("memory_rooms", room(booking), False)
    assert await _left() == (0, 0)


async def test_what_opens_the_old_one_is_sealed(studio: Studio):
    """It is kept sealed to its own row, for as long as there is something to take away."""
    await studio.book()
    await studio.run()
    before = (await OrganizationVideo.get()).credential
    await studio.choose("memory_halls")
    row = await LeftVideo.get()
    secret = studio.sandbox.state["room_keys"]["room-key-1"]
    assert row.credential not in (None, before)
    assert secret not in json.dumps({name: str(value) for name, value in vars(row).items()})
    assert (await OrganizationVideo.get()).credential is None
    await studio.run()
    assert await _left() == (0, 0)


async def test_where_nothing_stands_nothing_is_kept(studio: Studio):
    """A session whose meeting was never begun leaves nothing, and no key is kept for it."""
    booking = await studio.book()
    await studio.choose("memory_halls")
    assert await _left() == (0, 0)
    await studio.run()
    assert await studio.seen(booking) == ("memory_halls", _hall(booking), False)
    assert (studio.sandbox.made_rooms, await _left()) == (0, (0, 0))


async def test_another_package_takes_nothing_away(studio: Studio):
    """What was left belongs to the package that made it; another one of that name opens nothing."""
    booking = await studio.book()
    await studio.run()
    await studio.choose("memory_halls")
    await LeftVideo.all().update(distribution="another package")
    studio.sandbox.requests.clear()
    await studio.once()
    await studio.once()
    assert (await studio.seen(booking))[1] == _hall(booking)
    assert [each for each in studio.sandbox.requests if "rooms" in each] == []
    studio.install(MemoryRooms(BASE_URL), MemoryHalls(), OnlyForOne())


# The owner is told


async def _owned(world: World) -> None:
    await OrganizationIntegration.create(
        organization_id=world.saltmarsh.id, owner_email="it@saltmarsh.example.org"
    )


async def _letters(studio: Studio) -> list[str]:
    """The subjects of what was written down to be sent, worded now."""
    told = []
    for job in await Job.filter(
        kind__in=[JobKind.TELL_VIDEO_FAILING, JobKind.TELL_VIDEO_HEALTHY]
    ).order_by("id"):
        letter = await owner_letters.about_video(job, registry=studio.registry)
        if letter is not None:
            assert letter.address == "it@saltmarsh.example.org"
            told.append(letter.subject)
    return told


async def test_the_owner_is_told_once_of_each(studio: Studio, world: World):
    """Broken and working again: one mail each, however many sessions find out."""
    await _owned(world)
    key = studio.sandbox.state["room_keys"]["room-key-1"]
    studio.sandbox.delete_room_key()
    studio.videos.tokens.forget(world.saltmarsh.id)
    booked = [await studio.book(start=NINE + each * HOUR) for each in range(3)]
    await studio.run()
    failing = "Saltmarsh Institute gets no links from Memory Rooms any more"
    assert await _letters(studio) == [failing]
    studio.sandbox.state["room_keys"]["room-key-1"] = key
    await studio.book(start=NINE + 4 * HOUR)
    await studio.run()
    healthy = "Saltmarsh Institute gets links from Memory Rooms again"
    assert await _letters(studio) == [healthy]  # of what is over nothing is said
    assert await Job.filter(kind=JobKind.TELL_VIDEO_FAILING).count() == 1
    assert (await OrganizationVideo.get()).reason is None
    # Those that waited for a link get it.
    assert [await studio.seen(each) for each in booked] == [
        ("memory_rooms", room(each), False) for each in booked
    ]


async def test_another_key_mends_it(studio: Studio, world: World):
    """Handed over anew, the service works again, and the owner hears of that once."""
    await _owned(world)
    studio.sandbox.delete_room_key()
    studio.videos.tokens.forget(world.saltmarsh.id)
    await studio.book()
    await studio.run()
    await studio.rooms()
    await studio.rooms()
    await studio.run()
    assert await _letters(studio) == ["Saltmarsh Institute gets links from Memory Rooms again"]
    assert await Job.filter(kind=JobKind.TELL_VIDEO_HEALTHY).count() == 1


async def test_chosen_again_while_it_fails(studio: Studio, world: World):
    """Said once more without another key, it is tried first: nobody hears that it works again."""
    await _owned(world)
    key = studio.sandbox.state["room_keys"]["room-key-1"]
    studio.sandbox.delete_room_key()
    studio.videos.tokens.forget(world.saltmarsh.id)
    await studio.book()
    await studio.run()
    with pytest.raises(OrganizationVideoUnavailable) as caught:
        await studio.choose("memory_rooms")
    assert caught.value.obstacle is VideoObstacle.CREDENTIAL_REFUSED
    assert (await OrganizationVideo.get()).reason == "KeyRefused"
    assert await Job.filter(kind=JobKind.TELL_VIDEO_HEALTHY).count() == 0
    studio.sandbox.state["room_keys"]["room-key-1"] = key
    await studio.choose("memory_rooms")
    assert await _letters(studio) == ["Saltmarsh Institute gets links from Memory Rooms again"]


async def test_turned_off_while_it_fails(studio: Studio, world: World):
    """Whoever chooses no service any more is not told that it works again."""
    await _owned(world)
    studio.sandbox.delete_room_key()
    studio.videos.tokens.forget(world.saltmarsh.id)
    await studio.book()
    await studio.run()
    await studio.videos.choose(studio.chiara, VideoChoice.NONE)
    assert await _letters(studio) == []


async def test_without_an_owner_nobody_is_mailed(studio: Studio, world: World):
    """An organization that named nobody has the To-Do, and no mail is written down."""
    studio.sandbox.delete_room_key()
    studio.videos.tokens.forget(world.saltmarsh.id)
    await studio.book()
    await studio.run()
    assert (await OrganizationVideo.get()).reason == "KeyRefused"
    assert await Job.filter(kind=JobKind.TELL_VIDEO_FAILING).count() == 0


async def test_an_outage_tells_nobody(studio: Studio, world: World):
    """A service that is down for a while is neither noted nor told."""
    await _owned(world)
    await studio.book()
    studio.sandbox.down = True
    await studio.once()
    assert (await OrganizationVideo.get()).reason is None
    assert await Job.filter(kind=JobKind.TELL_VIDEO_FAILING).count() == 0
