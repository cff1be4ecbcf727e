"""A calendar is disconnected while a session's event is being changed in it."""

from __future__ import annotations

import pytest

from tests.services.desk import NINE
from tests.services.handovers import Handovers
from tests.world import HOUR, World
from together.providers.errors import AuthorizationExpired
from together.services.outbox.event_writing import EventWriter
from together.store.models import Booking, Job, JobKind


async def test_the_grant_goes_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch):
    """What could not be changed in a calendar that is gone waits for nobody."""
    leaving = await Handovers.of(world, world.ada)
    booking = await leaving.book()
    await leaving.deliver()
    await Booking.filter(id=booking.id).update(starts=NINE + HOUR, ends=NINE + 2 * HOUR)
    [row] = await Job.filter(kind=JobKind.WRITE_EVENT, integration_id__isnull=False)
    await Job.create(
        organization_id=row.organization_id,
        kind=JobKind.REVISE_EVENT,
        booking_id=booking.id,
        integration_id=row.integration_id,
        due_at=0,
        created_at=0,
    )

    async def crossed(_self: EventWriter, _job: Job) -> None:
        await leaving.goes(world.ada)
        raise AuthorizationExpired

    monkeypatch.setattr(EventWriter, "revise", crossed)
    await leaving.deliver()
    await leaving.is_together_s(booking, "ada", "ben")
    await leaving.is_settled()
