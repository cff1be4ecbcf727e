"""What the tests of availability ask."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.services.diary import viewer
from tests.world import DAY, HOUR, World
from together.services.availability.free_times import Availabilities
from together.store.models import Member

TUESDAY = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())


def at(hour: float, day: int = TUESDAY) -> int:
    return day + int(hour * HOUR)


async def ask(available: Availabilities, who: Member, world: World, **change):
    asked = {
        "start": TUESDAY,
        "end": TUESDAY + DAY,
        "zone": "Europe/Stockholm",
        "duration": 45,
    } | change
    return await available.of(viewer(who), world.match.uid, **asked)
