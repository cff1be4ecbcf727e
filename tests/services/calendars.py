"""A member with several calendars, and what the tests of choosing say and look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.services.town import Town
from tests.world import DAY, HOUR, NOW, World
from together.domain.spans import Span, Spans
from together.services.availability.busy import Busy, Known
from together.services.connections.choosing import ASKED_EVERY, Choice, Choosing
from together.services.connections.integrations import Own, own
from together.services.signing_in.viewer import Viewer
from together.store.models import BusyBlock, BusyReading, CalendarRow, Integration

WINDOW = Span.of(NOW + DAY, NOW + 2 * DAY)
UNTIL = NOW + 60 * DAY
BUSY = {
    name: Span.of(NOW + DAY + nth * HOUR, NOW + DAY + (nth + 1) * HOUR)
    for nth, name in enumerate(("home", "work", "club"))
}
"""An hour of each calendar's own."""

Rows = dict[str, tuple[str, ...]]


@dataclass(slots=True)
class Shelf:
    """Ada's calendars: three at the service, each with an hour of its own."""

    town: Town
    world: World
    busy: Busy = field(init=False)
    choosing: Choosing = field(init=False)

    def __post_init__(self) -> None:
        grants = self.town.grants
        self.busy = Busy(grants, self.town.clock)
        self.choosing = Choosing(grants, self.busy, self.town.clock)

    @property
    def ada(self) -> Viewer:
        return Viewer.of(self.world.ada)

    async def connect(self, *names: str) -> Integration:
        """Connect Ada, whose first calendar is the primary one."""
        email, names = self.world.ada.email, names or tuple(BUSY)
        self.town.sandbox.add_account(email, calendars=names)
        for name in names:
            self.town.sandbox.add_busy(email, BUSY[name], calendar=name)
        return await self.town.connect(self.world.ada)

    def lose(self, *names: str) -> None:
        for name in names:
            self.town.sandbox.take_calendar(self.world.ada.email, name)

    def find(self, *names: str) -> None:
        for name in names:
            self.town.sandbox.add_calendar(self.world.ada.email, name)
            self.town.sandbox.add_busy(self.world.ada.email, BUSY[name], calendar=name)

    async def integration(self) -> Integration:
        return await Integration.get(member_id=self.world.ada.id)

    async def uids(self, names: Iterable[str]) -> list[str]:
        mine = await CalendarRow.filter(integration__member_id=self.world.ada.id)
        rows = {row.external_id: row.uid for row in mine}
        return [rows.get(name, name) for name in names]

    async def choose(self, *counting: str, **receiving: str | None) -> None:
        """Choose by name; without ``receiving=…`` where events go stays as it is."""
        choice = Choice(await self.uids(counting), receiving_stays=True)
        if "receiving" in receiving:
            named = receiving["receiving"]
            uid = None if named is None else (await self.uids([named]))[0]
            choice = Choice(choice.counting, uid)
        await self.choosing.choose(self.ada, choice)

    async def refresh(self) -> None:
        """Have the list asked for again, as if the minute since the last time had passed."""
        last = self.town.clock() - ASKED_EVERY
        await Integration.filter(listed_at__gt=last).update(listed_at=last)
        await self.choosing.refresh(self.ada)

    async def known(self) -> Known:
        """Say what an answer would rest on now."""
        row = await self.integration()
        return (await self.busy.known([row], WINDOW, until=UNTIL))[row.id]

    async def rows(self) -> Rows:
        """Give each calendar with what is true of it, in words."""
        words = ("counts", "receives", "counted", "received")
        return {
            row.external_id: (
                *(word for word in words if getattr(row, word)),
                *(["missing"] if row.missing_since is not None else []),
            )
            for row in await CalendarRow.filter(integration__member_id=self.world.ada.id).order_by(
                "id"
            )
        }

    async def unread(self) -> dict[str, int]:
        """Give the calendars that cannot be read, with since when."""
        rows = await CalendarRow.filter(integration__member_id=self.world.ada.id)
        return {
            row.external_id: row.unreadable_since
            for row in rows
            if row.unreadable_since is not None
        }

    async def own(self) -> Own:
        found = await own(self.ada, registry=self.town.registry, now=self.town.clock())
        assert found is not None
        return found


def told(*names: str, at: int = NOW) -> Known:
    """Give what is known when just these calendars were read."""
    return Known(Spans(BUSY[name] for name in names), Spans(), at)


async def stored() -> tuple[int, list[tuple[int, int]]]:
    """Count the readings that are kept, and list the blocks."""
    blocks = await BusyBlock.all().order_by("starts").values_list("starts", "ends")
    return await BusyReading.all().count(), [(int(a), int(b)) for a, b in blocks]
