"""An organization lets Together read when its members are busy, and nothing more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.desk import NINE
from tests.services.estate import DOMAIN, Estate
from tests.world import HOUR, World
from together.domain.integration import Standing
from together.domain.spans import Span
from together.providers.values import Capability, Secret
from together.services.outbox.delivery_state import DeliveryState, delivery_of
from together.services.refusals import OverBusyTime, VideoUnavailable
from together.services.sessions.automatic_video import automatic_for
from together.services.sessions.booking import Bookings
from together.services.sessions.booking_values import BookRequest, Video
from together.services.signing_in.viewer import Viewer
from together.store.models import Booking, CalendarEvent, Integration, Job, JobKind, Member
from together.testing.memory_delegation import SCOPES


class LimitedEstate(Estate):
    """Where sessions are booked, too."""

    booked = 0

    async def book(self, who: Member, *, start: int = NINE, **more: Any) -> Booking:
        self.booked += 1
        asked = BookRequest(
            match_uid=self.world.match.uid,
            start=start,
            duration=45,
            zone="Europe/Stockholm",
            client_key=f"key-{self.booked}",
            outside_hours=True,
            **more,
        )
        town = self.town
        desk = Bookings(busy=self.busy, registry=town.registry, clock=town.clock)
        return (await desk.book(Viewer.of(who), asked)).booking

    async def again(self, *, limited: bool) -> None:
        """Turn it off, and set it up anew."""
        await self.service.turn_off(self.chiara, provider="memory")
        await self.service.set_up(self.chiara, provider="memory", owner_email=None, limited=limited)
        key = self.town.sandbox.add_key()
        await self.service.upload_key(self.chiara, Secret(key))
        self.town.sandbox.delegate(DOMAIN, key_id=json.loads(key)["id"])
        await self.service.verify(self.chiara, self.world.ada.email)
        await self.service.activate(self.chiara, provider="memory")
        await self.work()

    async def told(self, booking: Booking, who: Member) -> DeliveryState:
        row = await Booking.get(id=booking.id)
        found = await delivery_of(Viewer.of(who), [row], now=self.town.clock())
        return found[row.id]


@pytest.fixture
async def estate(world: World) -> LimitedEstate:
    return LimitedEstate(world)


def _scopes_asked(estate: Estate) -> set[str]:
    grants = estate.town.sandbox.state["grants"].values()
    return {scope for grant in grants for scope in grant["scopes"]}


async def test_busy_times_are_read_and_nothing_is_written(estate: LimitedEstate):
    """Booking knows when people are busy; no event is written, and no token could write one."""
    ada, ben = estate.world.ada, estate.world.ben
    await estate.activated(limited=True)
    for who in (ada, ben):
        mine = await estate.own(who)
        assert (mine.standing, mine.can_write) == (Standing.INTEGRATED, False)
    estate.town.sandbox.add_busy(ben.email, Span.of(NINE, NINE + HOUR))
    with pytest.raises(OverBusyTime):
        await estate.book(ada)
    booking = await estate.book(ada, start=NINE + 2 * HOUR)
    await estate.work()
    assert (booking.video, booking.join_url) == (None, None)
    assert await CalendarEvent.all().count() == 0
    events = (JobKind.WRITE_EVENT, JobKind.POLL_MEETING, JobKind.REVISE_EVENT)
    assert not await Job.exists(kind__in=events, integration_id__isnull=False)
    assert estate.town.sandbox.state["events"] == {}
    assert _scopes_asked(estate) == {SCOPES[Capability.FREE_BUSY]}


async def test_no_link_comes_from_such_a_calendar(estate: LimitedEstate):
    """None comes by itself, none can be asked for, and the booking stands without one."""
    ada = estate.world.ada
    await estate.activated(limited=True)
    assert (
        await automatic_for(Viewer.of(ada), registry=estate.town.registry, now=estate.town.clock())
        is None
    )
    with pytest.raises(VideoUnavailable):
        await estate.book(ada, video=Video.by("memory_meet"))
    assert (await estate.book(ada)).video is None


async def test_what_was_to_be_written_before_is_given_up(estate: LimitedEstate):
    """Limited meanwhile, a session whose event never came is not told to be on its way."""
    ada = estate.world.ada
    await estate.activated()
    booking = await estate.book(ada)
    assert (booking.video, await estate.told(booking, ada)) == (
        "memory_meet",
        DeliveryState.PENDING,
    )
    await estate.again(limited=True)
    row = await Booking.get(id=booking.id)
    assert (row.join_url, row.link_given_up) == (None, True)
    assert await estate.told(booking, ada) is DeliveryState.DELIVERED  # by mail
    assert _scopes_asked(estate) <= set(SCOPES.values())
    limited = await Integration.get(member_id=ada.id)
    assert not await Job.exists(integration_id=limited.id)
    assert estate.town.sandbox.state["events"] == {}


async def test_allowed_to_write_again_it_stays_together_s(estate: LimitedEstate):
    """What was handed over meanwhile is written nowhere, although events may be written again."""
    ada = estate.world.ada
    await estate.activated()
    booking = await estate.book(ada)
    for limited in (True, False):
        await estate.again(limited=limited)
    assert await estate.told(booking, ada) is DeliveryState.DELIVERED
    # If the worker had begun to write it, it was taken away.
    assert not [each for each in estate.town.sandbox.state["events"].values() if each["live"]]
    row = await Booking.get(id=booking.id)
    assert (row.join_url, row.link_given_up) == (None, True)
