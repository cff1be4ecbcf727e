"""What the tests of booking ask for, and what they count afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tests.world import HOUR, World
from together.services.sessions.booking import BookRequest
from together.store.models import (
    Booking,
    CalendarEvent,
    ClientKey,
    History,
    Job,
    Seat,
)

TUESDAY = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())


NINE = TUESDAY + 9 * HOUR


def request(world: World, **change) -> BookRequest:
    asked = BookRequest(
        match_uid=world.match.uid, start=NINE, duration=45, zone="Europe/Stockholm",
        client_key="key-1",
    )  # fmt: skip
    return replace(asked, **change)


async def rows() -> dict[str, int]:
    tables = (Booking, Seat, Job, History, ClientKey, CalendarEvent)
    return {table.__name__: await table.all().count() for table in tables}
