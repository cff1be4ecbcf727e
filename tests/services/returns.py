"""Two whose calendars are connected; one of them organizes, and hers goes and comes back."""

from __future__ import annotations

from tests.services.desk import NINE
from tests.services.town import Town
from tests.world import World
from together.services.availability.busy import Busy
from together.services.outbox.delivery import Delivery
from together.services.outbox.delivery_state import DeliveryState, delivery_of
from together.services.sessions.booking import Bookings, BookRequest
from together.services.signing_in.viewer import Viewer
from together.store.models import Booking, Integration, Job, JobState, Member


class Returns:
    """Ada and Ben, whose calendars are connected; Ada organizes, and hers goes and comes back."""

    def __init__(self, town: Town, world: World) -> None:
        self.town, self.world, self.ada = town, world, Viewer.of(world.ada)
        self.worker = Delivery(town.grants, town.registry, town.clock)
        self.bookings = Bookings(
            busy=Busy(town.grants, town.clock), registry=town.registry, clock=town.clock
        )

    @classmethod
    async def of(cls, world: World) -> Returns:
        town = Town()
        await town.connect(world.ada)
        await town.connect(world.ben)
        return cls(town, world)

    async def book(self, *, start: int = NINE, place: str | None = None) -> Booking:
        asked = BookRequest(
            match_uid=self.world.match.uid,
            start=start,
            duration=45,
            zone="Europe/Stockholm",
            client_key=f"book-{start}",
            over_busy=True,
            outside_hours=True,
            place=place,
        )
        return (await self.bookings.book(self.ada, asked)).booking

    async def deliver(self) -> None:
        """Deliver until nothing is left to do, as if every pause had passed."""
        for _ in range(60):
            await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
            if not await self.worker.run_once():
                return
        raise AssertionError("still something to deliver")

    async def leave(self) -> None:
        await self.town.connecting.disconnect(self.ada)

    async def come_back(self, *, account: str | None = None) -> Integration:
        return await self.town.connect(self.world.ada, account=account)

    async def told(self, booking: Booking) -> list[DeliveryState]:
        """What Ada and Ben are told of their invitations."""
        booking, now = await Booking.get(id=booking.id), self.town.clock()
        return [
            (await delivery_of(Viewer.of(who), [booking], now=now))[booking.id]
            for who in (self.world.ada, self.world.ben)
        ]

    def events(self, who: Member) -> list[str]:
        return [event["id"] for event in self.town.sandbox.events(who.email)]
