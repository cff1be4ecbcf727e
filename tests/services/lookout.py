"""A town whose calendars are watched, and the address at which the service tells of changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette

from tests.services.town import Town
from tests.world import DAY, HOUR, NOW, World
from together.api.notifications import notifications_route
from together.domain.spans import Span
from together.providers.values import EventDraft
from together.services.availability.busy import Busy
from together.services.connections.resting import Resting
from together.services.sessions.organizing import account_hash
from together.services.signing_in.viewer import Viewer
from together.services.syncing.changes import Syncing
from together.services.syncing.notices import Notices
from together.services.syncing.turns import FOLD
from together.store.clock import database_now
from together.store.models import (
    Booking,
    BusyBlock,
    CalendarEvent,
    CalendarSync,
    Integration,
    Member,
    Seat,
    Watch,
)

URL = "https://together.example.org"
KEY = "a1" * 16


@dataclass(slots=True)
class Lookout:
    """Ada's calendar, and those who look after it."""

    world: World
    town: Town = field(default_factory=Town)
    public_url: str | None = URL
    resting: Resting = field(init=False)
    busy: Busy = field(init=False)
    syncing: Syncing = field(init=False)
    notices: Notices = field(init=False)
    web: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self.resting = Resting(self.town.clock)
        self.notices = Notices(self.town.registry, self.town.clock, pause=0.0)
        self.busy = Busy(self.town.grants, self.town.clock, resting=self.resting)
        self.syncing = self.another()
        app = Starlette(routes=[notifications_route(self.notices)])
        self.web = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL)
        self.town.sandbox.connect(self.web)

    def another(self, **options: Any) -> Syncing:
        """Give what another process would sync with."""
        given: dict[str, Any] = {"resting": self.resting, "public_url": self.public_url}
        return Syncing(
            self.town.grants, self.town.registry, self.busy, self.town.clock, **given | options
        )

    async def connect(self, member: Member | None = None) -> Integration:
        integration = await self.town.connect(member or self.world.ada)
        await self.run()
        return integration

    async def run(self) -> int:
        """Bring in what is missing, and sync all as if it were due."""
        await self.syncing.arrange()
        await CalendarSync.all().update(due_at=0)
        return await self.syncing.run_once()

    async def heard(self) -> int:
        """Let what the service tells arrive, and sync what is due for it."""
        await self.town.sandbox.teller.told()
        await self.notices.finished()
        due = await CalendarSync.filter(due_at__lte=await soon(), attempts=0)
        await CalendarSync.filter(id__in=[row.id for row in due]).update(due_at=0)
        return await self.syncing.run_once()

    async def booked(self, *, integration: Integration) -> Booking:
        """Write a session into the calendar, as the outbox would have."""
        ada = self.world.ada
        booking = await Booking.create(
            organization_id=ada.organization_id, match_id=self.world.match.id,
            booked_by_id=ada.id, event_key=KEY, starts=NOW + DAY, ends=NOW + DAY + HOUR,
            zone="Europe/Stockholm", created_at=NOW,
        )  # fmt: skip
        for member in (ada, self.world.ben):
            await Seat.create(
                organization_id=ada.organization_id, booking_id=booking.id, member_id=member.id,
                starts=booking.starts, ends=booking.ends,
            )  # fmt: skip
        draft = EventDraft(
            KEY, "home", Span.of(booking.starts, booking.ends), "Mentoring session",
            guests=(self.world.ben.email,),
        )  # fmt: skip
        async with self.town.grants.open(integration, writing=True) as calendars:
            event = await calendars.create(draft)
        await CalendarEvent.create(
            organization_id=ada.organization_id, booking_id=booking.id,
            integration_id=integration.id, account_hash=account_hash(integration),
            calendar_id="home", event_id=event.id, starts=booking.starts, ends=booking.ends,
        )  # fmt: skip
        return booking

    async def sync(self) -> CalendarSync:
        return await CalendarSync.get(integration__member_id=self.world.ada.id)

    async def watch(self) -> Watch:
        return await Watch.get(calendar_sync__integration__member_id=self.world.ada.id)

    async def blocks(self) -> list[tuple[int, int]]:
        rows = await BusyBlock.filter(integration__member_id=self.world.ada.id).order_by("starts")
        return [(row.starts, row.ends) for row in rows]

    async def read(self) -> None:
        """Read Ada's busy times, as somebody who looks for a time would."""
        row = await Integration.get(member_id=self.world.ada.id)
        window = Span.of(NOW, NOW + 7 * DAY)
        await self.busy.known([row], window, until=NOW + 60 * DAY)

    @property
    def ada(self) -> Viewer:
        return Viewer.of(self.world.ada)

    def asked(self, what: str) -> int:
        """How often the service was asked this: ``GET /calendars/home/changes``."""
        return self.town.sandbox.requests.count(what)


async def soon() -> int:
    return await database_now() + FOLD + 1
