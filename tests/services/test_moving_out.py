"""An organization that ends its integration leaves nothing in its members' mailboxes."""

from __future__ import annotations

import pytest

from tests.services.desk import NINE
from tests.services.estate import DOMAIN, Estate
from tests.services.handovers import Post
from tests.world import HOUR, World
from together.providers.values import Secret
from together.services.availability.busy import Busy
from together.services.organization import everybody, moving_out, proving
from together.services.outbox.delivery import Delivery
from together.services.outbox.mail import Mails
from together.services.sessions.booking import Bookings, BookRequest
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import (
    AuditEntry,
    Booking,
    CalendarEvent,
    DelegationState,
    Job,
    JobKind,
    JobState,
    LeftEvent,
    Organization,
    OrganizationIntegration,
)


class House(Estate):
    """An organization that looks after its members' calendars, and books sessions in them."""

    letters: Post

    async def opened(self) -> House:
        self.letters = Post()
        await self.activated()
        mails = Mails(self.town.registry, self.town.clock, post=self.letters)
        self.delivery = Delivery(self.town.grants, self.town.registry, self.town.clock, mails)
        return self

    async def book(self, *, start: int = NINE) -> Booking:
        asked = BookRequest(
            match_uid=self.world.match.uid,
            start=start,
            duration=45,
            zone="Europe/Stockholm",
            client_key=f"book-{start}",
            over_busy=True,
            outside_hours=True,
        )
        booker = Bookings(
            busy=Busy(self.town.grants, self.town.clock),
            registry=self.town.registry,
            clock=self.town.clock,
        )
        return (await booker.book(Viewer.of(self.world.ada), asked)).booking

    async def turn_off(self) -> None:
        await self.service.turn_off(self.chiara, provider="memory")

    async def turn_on_again(self) -> None:
        """With another key, because the first is destroyed."""
        await self.service.set_up(self.chiara, provider="memory", owner_email=None, limited=False)
        await self.service.upload_key(self.chiara, Secret(self.town.sandbox.add_key("second")))
        self.town.sandbox.delegate(DOMAIN, key_id="key-2")
        await self.service.verify(self.chiara, self.world.ada.email)
        await self.service.activate(self.chiara, provider="memory")
        await self.work()

    def standing(self) -> list[str]:
        events = self.town.sandbox.state["events"]
        return sorted(key for key, event in events.items() if event["live"])

    def told(self, booking: Booking) -> list[tuple[str, str, int]]:
        mine = [each for each in self.letters.letters if each.uid == booking.event_key]
        return sorted((each.to.partition("@")[0], each.method, each.sequence) for each in mine)

    async def secrets(self) -> int:
        return await Job.filter(sealed__isnull=False).count()


INVITED = [("ada", "REQUEST", 1), ("ben", "REQUEST", 1)]


@pytest.fixture
async def house(world: World) -> House:
    return await House(world).opened()


async def test_turned_off(house: House):
    """The events are taken out of the mailboxes, everybody is written to, and no key is left."""
    booking = await house.book()
    await house.work()
    assert (house.standing(), house.told(booking)) == ([booking.event_key], [])
    await house.turn_off()
    assert (await house.row()).credential is None
    assert await house.secrets() == 1
    await house.work()
    assert (house.standing(), house.told(booking)) == ([], INVITED)
    assert await house.secrets() == 0
    assert await CalendarEvent.all().count() == await LeftEvent.all().count() == 0
    assert await Job.exclude(state=JobState.DONE).count() == 0
    line = await AuditEntry.get(action="integration.sessions_handed_over")
    assert (line.actor_id, line.after) == (house.world.chiara.id, '{"sessions":1}')


async def test_more_than_a_batch(house: House, monkeypatch: pytest.MonkeyPatch):
    """A batch at a time, all of them; each session once."""
    monkeypatch.setattr("together.services.outbox.handing_over.BATCH", 2)
    booked = [await house.book(start=NINE + n * HOUR) for n in range(5)]
    await house.work()
    assert len(house.standing()) == 5
    await house.turn_off()
    await house.work()
    assert house.standing() == []
    assert [house.told(each) for each in booked] == [INVITED] * 5


async def test_the_service_is_down(house: House):
    """The mails leave at once; the copy is kept for the events, and gone within the hour."""
    booking = await house.book()
    await house.work()
    await house.turn_off()
    house.town.sandbox.down = True
    await house.work()
    assert (house.standing(), house.told(booking)) == ([booking.event_key], INVITED)
    assert await house.secrets() == 1
    await Job.filter(kind=JobKind.HAND_OVER).update(
        created_at=await database_now() - moving_out.KEPT
    )
    await house.work()
    assert await house.secrets() == 0
    parked = await Job.get(kind=JobKind.WITHDRAW_EVENT)
    assert (parked.state, parked.reason) == (JobState.PARKED, "AuthorizationExpired")


async def test_down_and_back(house: House):
    """While the copy is kept, what could not be taken away is, as soon as the service is back."""
    booking = await house.book()
    await house.work()
    await house.turn_off()
    house.town.sandbox.down = True
    await house.work()
    house.town.sandbox.down = False
    await house.work()
    assert (house.standing(), house.told(booking)) == ([], INVITED)
    assert await house.secrets() == 0


async def test_a_key_that_failed_serves_for_nothing(house: House):
    """Of a consent that is lost no copy is kept: it is destroyed, and what stands there stays."""
    booking = await house.book()
    await house.work()
    house.town.sandbox.delete_key()
    house.town.clock.forward(HOUR)
    await house.grants.delegations.sweep()
    await house.turn_off()
    assert await house.secrets() == 0
    await house.work()
    assert (house.standing(), house.told(booking)) == ([booking.event_key], INVITED)


async def test_on_again(house: House):
    """Together stays the organizer, and what was left in the mailbox is taken away then."""
    booking = await house.book()
    await house.work()
    await house.turn_off()
    house.town.sandbox.down = True
    await house.work()
    await Job.filter(kind=JobKind.HAND_OVER).update(
        created_at=await database_now() - moving_out.KEPT
    )
    await house.work()
    house.town.sandbox.down = False
    await house.turn_on_again()
    assert (house.standing(), house.told(booking)) == ([], INVITED)
    assert not await LeftEvent.exists()


async def test_on_again_at_once(house: House):
    """Before the worker came to it, nothing is taken up: the session is Together's all the same."""
    booking = await house.book()
    await house.work()
    await house.turn_off()
    await house.turn_on_again()
    assert (house.standing(), house.told(booking)) == ([], INVITED)


async def test_a_domain_that_is_taken_back(house: House):
    """Its mailboxes are opened no more: their sessions are handed over, and that is all."""
    booking = await house.book()
    await house.work()
    asked = len(house.town.sandbox.requests)
    await proving.remove(house.world.saltmarsh.id, [DOMAIN], at=house.town.clock())
    await house.work()
    assert len(house.town.sandbox.requests) == asked
    assert (house.standing(), house.told(booking)) == ([booking.event_key], INVITED)


async def test_another_key_hands_nothing_over(house: House):
    """A key that replaces another, for the same mailboxes, leaves every event where it is."""
    booking = await house.book()
    await house.work()
    await house.service.upload_key(house.chiara, Secret(house.town.sandbox.add_key("second")))
    house.town.sandbox.delegate(DOMAIN, key_id="key-2")
    await house.service.verify(house.chiara, house.world.ada.email)
    await house.work()
    assert (house.standing(), house.told(booking)) == ([booking.event_key], [])


async def test_a_leaver_s_events_are_still_taken_away(house: House):
    """Turned off just after somebody has left, the copy cancels what they had."""
    await house.book()
    await house.work()
    await house.town.members.deactivate_member(house.chiara, house.world.ada.uid)
    await house.turn_off()
    await house.work()
    assert house.standing() == []
    assert await house.secrets() == 0


async def test_looking_again_is_in_rounds(house: House, monkeypatch: pytest.MonkeyPatch):
    """In each round it is the turn of some organizations, and after a few everybody had it."""
    monkeypatch.setattr(everybody, "IN_A_ROUND", 2)
    world = house.world
    others = [await Organization.create(slug=f"guild-{n}", name=f"Guild {n}") for n in range(4)]
    for each in others:
        await OrganizationIntegration.create(
            organization_id=each.id, state=DelegationState.ACTIVE, method="DOMAIN_WIDE"
        )
    managing = {world.saltmarsh.id, *(each.id for each in others)}
    asked, now = [], await database_now()
    for n in range(3):
        await Job.filter(kind=JobKind.ARRANGE_MEMBERS).delete()
        await everybody.left_over(now=now + n * everybody.ROUND)
        rows = await Job.filter(kind=JobKind.ARRANGE_MEMBERS)
        asked.append({row.organization_id for row in rows})
    assert sorted(len(each) for each in asked) == [1, 2, 2]
    assert set().union(*asked) == managing
