"""A world in which sessions are booked and delivered, one step at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.services.diary import REGISTRY, Diaries, viewer
from tests.world import FakeClock, World
from together.providers.values import EventDraft
from together.services.availability.busy import Busy
from together.services.outbox.delivery import Delivery
from together.services.outbox.delivery_state import DeliveryState, delivery_of
from together.services.sessions.booking import Bookings, BookRequest
from together.services.sessions.moving import MoveRequest
from together.services.sessions.rescheduling import Rescheduling
from together.store.models import (
    Booking,
    Job,
    JobState,
    Match,
    Member,
)

NINE = int(datetime(2026, 12, 1, 9, tzinfo=UTC).timestamp())


class Desk:
    """A world in which sessions are booked and delivered."""

    def __init__(self, world: World) -> None:
        self.world, self.diaries, self.clock = world, Diaries(), FakeClock()
        self.bookings = Bookings(
            busy=Busy(self.diaries, self.clock), registry=REGISTRY, clock=self.clock
        )
        self.delivery = Delivery(self.diaries, REGISTRY, self.clock)
        self.rescheduling = Rescheduling(busy=Busy(self.diaries, self.clock), clock=self.clock)
        self.booked = 0

    async def book(
        self,
        who: Member | None = None,
        *,
        start: int | None = None,
        of: Match | None = None,
        place: str | None = None,
    ) -> Booking:
        self.booked += 1
        asked = BookRequest(
            match_uid=(of or self.world.match).uid,
            place=place,
            start=NINE if start is None else start,
            duration=45,
            zone="Europe/Stockholm",
            client_key=f"key-{self.booked}",
            over_busy=True,
            outside_hours=True,
        )
        return (await self.bookings.book(viewer(who or self.world.ada), asked)).booking

    async def move(
        self, booking: Booking, start: int, *, who: Member | None = None, **more: Any
    ) -> Booking:
        self.booked += 1
        asked = MoveRequest(
            booking_uid=booking.uid,
            start=start,
            zone="Europe/Stockholm",
            client_key=f"key-{self.booked}",
            outside_hours=True,
        )
        by = viewer(who or self.world.ada)
        return (await self.rescheduling.reschedule(by, replace(asked, **more))).booking

    async def cancel(self, booking: Booking, *, reason: str | None = None) -> None:
        await self.bookings.cancel(viewer(self.world.ada), booking.uid, reason=reason)

    async def run(self) -> None:
        """Deliver until nothing waits, as if every pause had passed."""
        for _ in range(60):
            await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
            if not await self.delivery.run_once():
                return
        raise AssertionError("still something to deliver")

    async def once(self) -> None:
        await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
        await self.delivery.run_once()

    def events(self, member: Member) -> list[EventDraft]:
        return list(self.diaries.of(member).events.values())

    async def state(self, booking: Booking, who: Member) -> DeliveryState:
        booking = await Booking.get(id=booking.id)
        told = await delivery_of(viewer(who), [booking], now=self.clock())
        return told[booking.id]
