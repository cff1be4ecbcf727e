"""Handed over at any moment, of groups and series, with and without links, copies and mail."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.services.desk import NINE, Desk
from tests.services.diary import connect
from tests.services.handovers import Handovers
from tests.services.planning import wanted
from tests.services.town import Stopping
from tests.world import DAY, HOUR, NOW, World, match
from together.domain.recurrence import Repeats
from together.services.availability.busy import Busy
from together.services.outbox import handing_over
from together.services.outbox.delivery import Delivery
from together.services.outbox.delivery_state import DeliveryState
from together.services.sessions.booking import BookRequest
from together.services.sessions.series import SeriesBookings
from together.services.signing_in.viewer import Viewer
from together.store.database import Database
from together.store.models import (
    Booking,
    BookingState,
    CalendarEvent,
    Integration,
    Invitation,
    Job,
    JobKind,
    JobState,
    LeftEvent,
    Member,
    OrganizationVideo,
    VideoChoice,
    VideoMeeting,
)
from together.store.transaction import transaction


@pytest.fixture
async def leaving(world: World) -> Handovers:
    return await Handovers.of(world, world.ada)


async def _booked(leaving: Handovers, who: Member, **asked) -> Booking:
    given = {
        "match_uid": leaving.world.match.uid,
        "start": NINE,
        "duration": 45,
        "zone": "Europe/Stockholm",
        "client_key": f"by-{who.id}-{asked.get('start', NINE)}",
        "over_busy": True,
        "outside_hours": True,
    } | asked
    return (await leaving.bookings.book(Viewer.of(who), BookRequest(**given))).booking


async def test_gone_at_every_await_of_a_worker(leaving: Handovers):
    """Wherever a worker is when the calendar goes, no event is left and one mail each is sent."""
    for step in range(0, 120, 3):
        start = NINE + (step % 10) * HOUR + (step // 10) * DAY
        booking = await leaving.book(start=start)
        stopping = Stopping(step, leaving.leave)
        await stopping.around(leaving.worker.run_once())
        if stopping.stopped:
            await stopping.end()
        else:
            await leaving.leave()
        await leaving.deliver()
        await leaving.is_together_s(booking, "ada", "ben")
        await leaving.come_back()
        if not stopping.stopped:
            break
    else:
        raise AssertionError("the worker never came to its end")
    await leaving.deliver()
    await leaving.is_settled()


async def test_gone_while_the_mails_and_the_event_are_on_their_way(leaving: Handovers):
    """Cut off at any await, taking away and writing are done again, and nothing twice."""
    for step in range(0, 90, 5):
        start = NINE + (step % 10) * HOUR + (step // 10) * DAY
        booking = await leaving.book(start=start)
        await leaving.deliver()
        await leaving.leave()
        task = asyncio.create_task(leaving.worker.run_once())
        for _ in range(step):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await Database.current().client.undisturbed.settled()  # what it had begun there
        await leaving.deliver()
        assert leaving.standing() == []
        assert {key: set(told) for key, told in leaving.letters(booking).items()} == {
            "ada": {("REQUEST", 1)},
            "ben": {("REQUEST", 1)},
        }
        await leaving.come_back()


async def test_booked_at_the_same_moment(leaving: Handovers):
    """A booking comes before the disconnection or after it, and is Together's either way."""
    for n in range(6):
        start = NINE + n * DAY

        async def later(n: int = n) -> None:
            await asyncio.sleep(n * 0.004)
            await leaving.leave()

        booking, _ = await asyncio.gather(leaving.book(start=start), later())
        await leaving.deliver()
        await leaving.is_together_s(booking, "ada", "ben")
        await leaving.come_back()
    await leaving.is_settled()


async def test_a_group(leaving: Handovers):
    """Everybody of a group is written to once, whoever of them has a calendar."""
    ada, ben, dev = leaving.world.ada, leaving.world.ben, leaving.world.dev
    trio = await match(ada, ben, dev, now=NOW - DAY)
    await leaving.town.connect(dev)
    booking = await _booked(leaving, ada, match_uid=trio.uid)
    await leaving.deliver()
    assert leaving.standing() == [booking.event_key]
    await leaving.leave()
    await leaving.deliver()
    await leaving.is_together_s(booking, "ada", "ben", "dev")
    await leaving.is_settled()


async def test_who_has_a_copy_keeps_it(desk: Desk):
    """A guest's own copy, on another account, stays; their work address is invited, as before."""
    ada, ben = desk.world.ada, desk.world.ben
    going = await connect(ada)
    await connect(ben, email="ben.home@example.net")
    booking = await desk.book()
    await desk.run()
    assert len(desk.events(ada)) == len(desk.events(ben)) == 1

    async def gone() -> int:
        return await handing_over.of_calendar(going, after=desk.clock())

    assert await transaction(gone) == 1
    [copy] = await CalendarEvent.all()
    assert copy.integration_id == (await Integration.get(member_id=ben.id)).id
    rows = await Invitation.filter(booking_id=booking.id).order_by("member_id")
    assert [(row.member_id, row.mailed, row.sent, row.replaces) for row in rows] == [
        (ada.id, True, None, True),
        (ben.id, True, None, True),
    ]
    assert [row.integration_id for row in await LeftEvent.all()] == [going.id]


async def test_a_copy_goes_alone(leaving: Handovers):
    """Of a session that Together organizes, a copy that goes is a mail for its member alone."""
    ada, ben = leaving.world.ada, leaving.world.ben
    booking = await _booked(leaving, ben)
    await leaving.deliver()
    assert leaving.letters(booking) == {"ben": [("REQUEST", 0)]}
    assert leaving.events(ada) == [booking.event_key]
    await leaving.goes(ada)
    await leaving.deliver()
    assert leaving.standing() == []
    assert leaving.letters(booking) == {"ben": [("REQUEST", 0)], "ada": [("REQUEST", 0)]}
    assert (await Booking.get(id=booking.id)).sequence == 0
    await leaving.is_settled()


async def test_a_copy_goes_of_a_session_in_another_s_calendar(leaving: Handovers):
    """Whom the booker's calendar invites by their work address is not written to by Together."""
    ben = leaving.world.ben
    await leaving.town.connect(ben, account="ben@home.example.net")
    booking = await leaving.book(place="Room 4")
    await leaving.deliver()
    await leaving.goes(ben)
    await leaving.deliver()
    [row] = await CalendarEvent.all()
    assert row.booking_id == booking.id
    assert leaving.letters(booking) == {}
    assert {each.mailed for each in await Invitation.all()} == {False}
    await leaving.is_settled()


async def test_a_series_in_few_statements(leaving: Handovers, statements: list[str]):
    """A year of weeks takes as many statements as one session, and each is handed over."""
    booker = SeriesBookings(
        busy=Busy(leaving.town.grants, leaving.town.clock),
        registry=leaving.town.registry,
        clock=leaving.town.clock,
    )
    counts = []
    for n, count in enumerate((2, 3, 52)):  # with the first, the organization's key is made
        asked = wanted(
            leaving.world, count=count, repeats=Repeats.WEEKLY, start=NINE + n * 2 * HOUR
        )
        await booker.book(
            leaving.ada, replace(asked, client_key=f"k{n}", over_busy=True, outside_hours=True)
        )
        await CalendarEvent.all().update(event_id="there")
        del statements[:]
        await leaving.leave()
        counts.append(len(statements))
        await Job.filter(kind=JobKind.WITHDRAW_EVENT).update(state=JobState.DONE)
        await LeftEvent.all().delete()
        await leaving.come_back()
    assert counts[1] == counts[2]
    assert await Invitation.filter(mailed=True).count() == 2 * 57
    assert await Job.filter(kind=JobKind.INVITE).count() == 2 * 57
    assert not await CalendarEvent.exists()


async def test_free_and_busy_alone(leaving: Handovers):
    """A calendar that is only read holds nothing, and nothing changes when it goes."""
    await Integration.all().update(capabilities=1)
    booking = await leaving.book()
    await leaving.deliver()
    told = {"ada": [("REQUEST", 0)], "ben": [("REQUEST", 0)]}
    assert leaving.letters(booking) == told
    await leaving.leave()
    await leaving.deliver()
    assert leaving.letters(booking) == told
    await leaving.is_settled()


async def test_without_a_mail_server(leaving: Handovers):
    """The event goes all the same, and each is told that nothing was sent to them."""
    booking = await leaving.book()
    await leaving.deliver()
    await leaving.leave()
    leaving.worker = Delivery(leaving.town.grants, leaving.town.registry, leaving.town.clock)
    await leaving.deliver()
    assert leaving.standing() == []
    assert await leaving.told(booking) == [DeliveryState.NOT_SENT] * 2
    await leaving.is_settled()


async def test_a_disputed_session(leaving: Handovers):
    """A session that overlaps another still stands, so it is handed over like any other."""
    booking = await leaving.book()
    await leaving.deliver()
    await Booking.all().update(state=BookingState.CONFLICT)
    await leaving.leave()
    await leaving.deliver()
    await leaving.is_together_s(booking, "ada", "ben")


async def test_the_organization_s_service_makes_another_link(leaving: Handovers, world: World):
    """A link that went with the event is made anew, and the mail, which waits for it, says it."""
    booking = await leaving.book()
    await leaving.deliver()
    before = (await Booking.get(id=booking.id)).join_url
    assert before is not None
    await OrganizationVideo.create(
        organization_id=world.saltmarsh.id,
        choice=VideoChoice.PROVIDER,
        provider="memory_rooms",
        distribution="together",
    )
    await leaving.leave()
    row = await Booking.get(id=booking.id)
    assert (row.video, row.join_url, row.link_given_up) == ("memory_rooms", None, False)
    [meeting] = await VideoMeeting.all()
    assert (meeting.booking_id, meeting.provider) == (booking.id, "memory_rooms")
    kinds = [job.kind for job in await Job.filter(state=JobState.WAITING).order_by("id")]
    assert kinds.count(JobKind.WRITE_MEETING) == 1


async def test_a_link_of_a_service_of_its_own_stays(leaving: Handovers, world: World):
    """A meeting that is no part of the event goes on, and the mail says where."""
    booking = await leaving.book()
    await leaving.deliver()
    await VideoMeeting.create(
        organization_id=world.saltmarsh.id,
        booking_id=booking.id,
        provider="memory_rooms",
        distribution="together",
        meeting_id="m",
    )
    link = (await Booking.get(id=booking.id)).join_url
    await leaving.leave()
    row = await Booking.get(id=booking.id)
    assert (row.join_url, row.link_given_up) == (link, False)
    await leaving.deliver()
    assert all(f"Join: {link}" in each.text for each in leaving.post.letters)
    await leaving.is_together_s(booking, "ada", "ben")


async def test_it_is_counted_before(leaving: Handovers):
    """What would be handed over is what is: sessions ahead of the booker's, and no copies."""
    ada, ben = leaving.world.ada, leaving.world.ben
    await leaving.book()
    await _booked(leaving, ben, start=NINE + 2 * HOUR)
    await leaving.deliver()
    mine = Integration.filter(member_id=ada.id)
    organization = leaving.world.saltmarsh.id

    async def told() -> int:
        return await handing_over.counted(organization, mine, after=leaving.town.clock())

    assert await CalendarEvent.all().count() == 2
    assert await told() == 1
    leaving.town.clock.now = NINE + HOUR
    assert await told() == 0


async def test_what_is_over_is_forgotten(leaving: Handovers):
    """Nothing is kept of an event that nobody could take away, once its session is over."""
    await leaving.book()
    await leaving.deliver()
    leaving.town.sandbox.revoke(leaving.world.ada.email)
    leaving.town.clock.forward(2 * HOUR)
    await leaving.leave()
    await leaving.deliver()
    assert await handing_over.forget(now=NINE) == 0
    assert await LeftEvent.all().count() == 1
    assert await handing_over.forget(now=NINE + HOUR) == 2
    assert not await LeftEvent.exists()
    assert not await Job.filter(kind=JobKind.WITHDRAW_EVENT).exists()
