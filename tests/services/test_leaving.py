"""What is left of somebody who leaves, when their calendar service does not play along."""

from __future__ import annotations

import pytest

from tests.services.test_members import _chiara, _organized, town
from tests.services.town import Town
from tests.world import HOUR, World
from together.providers.errors import AuthorizationExpired
from together.services import revoking
from together.services.delivery import Delivery
from together.store.clock import database_now
from together.store.models import Job, JobKind, JobState

__all__ = ["town"]


async def test_within_an_hour_a_leavers_grant_is_gone(
    town: Town, world: World, monkeypatch: pytest.MonkeyPatch
):
    """Although its service was down all the time, an hour later the copy opens nothing."""
    integration, _ = await _organized(town, world)
    await town.members.deactivate_member(_chiara(world), world.ada.uid)
    town.sandbox.down = True
    worker = Delivery(town.grants, town.registry, town.clock)

    async def rounds() -> Job:
        for _ in range(4):
            await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
            await worker.run_once()
        return await Job.get(kind=JobKind.REVOKE_GRANT)

    waiting = await rounds()
    assert (waiting.state, waiting.sealed is None) == (JobState.WAITING, False)

    async def in_an_hour() -> int:
        return await database_now() + HOUR

    monkeypatch.setattr(revoking, "database_now", in_an_hour)
    with pytest.raises(AuthorizationExpired):
        async with town.grants.left_behind(
            organization_id=world.saltmarsh.id, integration_id=integration.id
        ):
            pass
    gone = await rounds()
    assert (gone.state, gone.sealed) == (JobState.DONE, None)
