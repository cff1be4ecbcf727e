"""A session's event stays in the calendar it was written to, whatever is chosen afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from tests.services.asking import NINE, request
from tests.services.calendars import Shelf
from tests.services.looking import ask
from tests.services.town import Town
from tests.world import DAY, World
from together.services.availability.free_times import Availabilities
from together.services.connections.calendar_list import AGAIN
from together.services.outbox.delivery import Delivery
from together.services.sessions.booking import Bookings
from together.store.models import Booking, CalendarEvent, Job, JobKind, JobState


@dataclass(slots=True)
class Office:
    """Ada's calendars, with a desk at which her sessions are booked and delivered."""

    shelf: Shelf
    booked: int = field(default=0)

    async def book(self) -> Booking:
        town, world = self.shelf.town, self.shelf.world
        bookings = Bookings(busy=self.shelf.busy, registry=town.registry, clock=town.clock)
        self.booked += 1
        asked = request(
            world, start=NINE + self.booked * DAY, client_key=f"key-{self.booked}", over_busy=True
        )
        return (await bookings.book(self.shelf.ada, asked)).booking

    async def cancel(self, booking: Booking) -> None:
        town = self.shelf.town
        bookings = Bookings(busy=self.shelf.busy, registry=town.registry, clock=town.clock)
        await bookings.cancel(self.shelf.ada, booking.uid)

    async def deliver(self) -> None:
        """Deliver until nothing waits, as if every pause had passed."""
        town = self.shelf.town
        delivery = Delivery(town.grants, town.registry, town.clock)
        for _ in range(20):
            await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
            if not await delivery.run_once():
                return
        raise AssertionError("still something to deliver")

    def events(self) -> list[tuple[str, list[str]]]:
        """Give each event that stands: its calendar, and its guests."""
        return [
            (event["calendar"], sorted(event["answers"]))
            for event in self.shelf.town.sandbox.events(self.shelf.world.ada.email)
        ]


@pytest.fixture
async def office(world: World) -> Office:
    """Ada has three calendars; the one called work receives, and does not count."""
    shelf = Shelf(Town(), world)
    await shelf.connect()
    await shelf.choose("home", receiving="work")
    return Office(shelf)


async def test_it_stays_where_it_stands(office: Office, world: World):
    """Another calendar receives what comes next; what stood before is cancelled where it stands."""
    guests = [world.ben.email]
    before = await office.book()
    await office.deliver()
    await office.shelf.choose("home", receiving="club")
    after = await office.book()
    await office.deliver()
    assert office.events() == [("work", guests), ("club", guests)]
    await office.cancel(before)
    await office.deliver()
    assert office.events() == [("club", guests)]
    sent = [each for each in office.shelf.town.sandbox.requests if each.startswith("DELETE")]
    assert sent == [f"DELETE /calendars/work/events/{before.event_key}"]
    rows = await CalendarEvent.all().order_by("id")
    assert [(row.booking_id, row.calendar_id) for row in rows] == [
        (before.id, "work"),
        (after.id, "club"),
    ]


async def test_booked_before_and_written_after(office: Office):
    """A session booked before another calendar receives is written where it was to be written."""
    await office.book()
    await office.shelf.choose("home", receiving="club")
    await office.deliver()
    assert [calendar for calendar, _ in office.events()] == ["work"]


async def test_written_where_events_go_now(office: Office, world: World):
    """What cannot be written any more, as its calendar is gone, is written into its stand-in."""
    await office.book()
    office.shelf.lose("work")
    office.shelf.town.clock.forward(AGAIN)
    await office.deliver()
    assert office.events() == [("home", [world.ben.email])]
    job = await Job.get(kind=JobKind.WRITE_EVENT, integration_id__isnull=False)
    assert (job.state, job.reason) == (JobState.DONE, None)
    assert (await office.shelf.rows())["work"] == ("received", "missing")


async def test_it_waits_until_the_list_is_known(office: Office, world: World):
    """Found to be gone too soon after the last list, it is written when the next one says so."""
    booking = await office.book()
    office.shelf.lose("work")
    await office.deliver()
    writes = Job.filter(kind=JobKind.WRITE_EVENT, integration_id__isnull=False)
    assert [(job.state, job.reason) for job in await writes] == [(JobState.PARKED, "Gone")]
    await office.shelf.refresh()
    await office.deliver()
    assert office.events() == [("home", [world.ben.email])]
    await office.cancel(booking)
    await office.deliver()
    assert office.events() == []


async def test_nothing_to_write_to(office: Office):
    """Without any calendar to write to it waits, and is written when its member chooses one."""
    await office.book()
    office.shelf.lose("work")
    office.shelf.town.sandbox.read_only = {"home", "club"}
    office.shelf.town.clock.forward(AGAIN)
    await office.deliver()
    assert office.events() == []
    office.shelf.town.sandbox.read_only = {"home"}
    await office.shelf.refresh()
    await office.deliver()
    assert [calendar for calendar, _ in office.events()] == ["club"]


async def test_what_was_written_is_not_written_anew(office: Office, world: World):
    """An event that stood in a calendar which is gone now is left to whoever has that calendar."""
    await office.book()
    await office.deliver()
    office.shelf.lose("work")
    await office.shelf.refresh()
    await office.deliver()
    assert office.events() == [("work", [world.ben.email])]
    assert [row.calendar_id for row in await CalendarEvent.all()] == ["work"]


async def test_one_answer_is_enough(office: Office, world: World):
    """Whoever asks when a calendar that counts has vanished is answered at once, and rightly."""
    shelf = office.shelf
    await shelf.town.connect(world.ben)
    await shelf.choose("home", "club")
    available = Availabilities(shelf.busy, shelf.town.clock)
    first = await ask(available, world.ben, world)
    shelf.lose("club")
    shelf.town.clock.forward(AGAIN)
    async with asyncio.timeout(4):
        answer = await ask(available, world.ben, world)
    seen = {person.member.id: person for person in answer.people}[world.ada.id]
    before = {person.member.id: person for person in first.people}[world.ada.id]
    assert (seen.standing, seen.unknown) == (before.standing, before.unknown)
    assert answer.as_of == shelf.town.clock()
    row = await shelf.integration()
    assert (row.choice, row.unreadable_since) == (2, None)
