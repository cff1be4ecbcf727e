"""Times outside somebody's weekly hours are booked by saying so, and by nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.services.asking import request
from tests.services.diary import viewer
from tests.services.looking import TUESDAY, ask, at
from tests.world import DAY, World, session
from together.services.availability.free_times import Availabilities, Verdict
from together.services.refusals import OutsideHours
from together.services.sessions.booking import Bookings
from together.store.models import (
    BookingState,
    History,
    Holiday,
    HoursException,
    Member,
    Organization,
)

WEDNESDAY = TUESDAY + DAY


@pytest.fixture
async def apart(world: World) -> World:
    """Ben works in the evening, Ada by day; around that there is all that shapes the slots."""
    evenings = {str(day): [["19:00", "22:00"]] for day in range(1, 8)}
    await Member.filter(id=world.ben.id).update(weekly_hours=evenings, zone="Europe/Stockholm")
    policy = {"buffer_before": 15, "buffer_after": 30, "per_day": 2}
    await Organization.filter(id=world.saltmarsh.id).update(policy=policy)
    await session(world.other_match, world.ada, world.dev, starts=at(10), ends=at(11))
    # On Wednesday Ben is there in the morning; on Thursday away; on Friday nobody is.
    for date, windows in (("2026-12-02", [["09:00", "12:00"]]), ("2026-12-03", [])):
        await HoursException.create(
            organization_id=world.saltmarsh.id, member_id=world.ben.id, date=date, windows=windows
        )
    await Holiday.create(
        organization_id=world.saltmarsh.id, date="2026-12-04", name="Founders' day"
    )
    return world


async def test_every_marked_slot(apart: World, available: Availabilities, bookings: Bookings):
    """Whatever is offered of one's own hours is booked with `outside_hours`, at the first try."""
    answer = await ask(available, apart.ada, apart, end=TUESDAY + 7 * DAY)
    assert answer.own_hours_only
    days = {datetime.fromtimestamp(start, UTC).day for start in answer.slots.starts}
    assert days == {1, 2, 7}
    for n, start in enumerate(answer.slots.starts):
        asked = request(apart, start=start, client_key=f"{n}", outside_hours=True)
        booked = (await bookings.book(viewer(apart.ada), asked)).booking
        assert (booked.starts, booked.state) == (start, BookingState.CONFIRMED)
        await bookings.cancel(viewer(apart.ada), booked.uid)
        await History.all().delete()  # so often in an hour is not allowed


async def test_without_saying_so(apart: World, available: Availabilities, bookings: Bookings):
    """Only what the other's hours of that date hold, too, is booked without a word."""
    answer = await ask(available, apart.ada, apart, end=TUESDAY + 7 * DAY)
    inside = []
    for n, start in enumerate(answer.slots.starts):
        asked = request(apart, start=start, client_key=f"{n}")
        if not at(8) <= start - DAY <= at(10.25):
            with pytest.raises(OutsideHours, match="outside somebody's weekly hours"):
                await bookings.book(viewer(apart.ada), asked)
            continue
        booked = (await bookings.book(viewer(apart.ada), asked)).booking
        inside.append(start)
        await bookings.cancel(viewer(apart.ada), booked.uid)
    assert len(inside) == 10
    checked = await available.check(
        viewer(apart.ada),
        apart.match.uid,
        starts=answer.slots.starts[:100],
        zone="Europe/Stockholm",
        duration=45,
    )
    offered = [each.start for each in checked.slots if each.verdict is Verdict.OFFERED]
    assert offered == inside
