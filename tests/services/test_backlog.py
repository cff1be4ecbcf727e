"""What waits and what is parked, counted and put back, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.diary import connect
from tests.world import NOW, World
from together.providers import errors
from together.services.outbox import backlog, postbox, targets
from together.services.outbox.backlog import CannotRetry, Failing, Pile
from together.services.outbox.remedies import UNKNOWN, remedy_of
from together.store.clock import database_now
from together.store.models import AuditEntry, CalendarSync, Job, JobKind, JobState


async def _job(world: World, state: JobState, **fields: object) -> Job:
    stamp = await database_now()
    given = {"due_at": stamp + 60, "created_at": stamp - 60, "kind": JobKind.WRITE_EVENT} | fields
    return await Job.create(organization_id=world.saltmarsh.id, state=state, **given)


async def test_what_is_alike_is_one_pile(world: World):
    """Jobs of one kind, state and reason are counted together; what is done is in no pile."""
    stamp = await database_now()
    for age, attempts in ((100, 1), (40, 5)):
        await _job(world, JobState.WAITING, created_at=stamp - age, attempts=attempts)
    await _job(world, JobState.PARKED, created_at=stamp - 9, reason="Gone", due_at=stamp - 9)
    await _job(world, JobState.DONE)
    parked, waiting = await backlog.piles()
    assert waiting == Pile(
        JobState.WAITING, JobKind.WRITE_EVENT, None, 2, stamp - 100, attempts=5, late_by=0
    )
    assert 9 <= parked.late_by < 30
    assert (parked.reason, parked.count, parked.oldest_at) == ("Gone", 1, stamp - 9)


async def test_calendars_that_fail_are_counted(world: World):
    """By service and reason; one that was never synced is said to be, and one that works is not."""
    integration = await connect(world.ada)
    for name, reason, synced in (("a", "Gone", None), ("b", "Gone", 7), ("c", None, 9)):
        await CalendarSync.create(
            organization_id=world.saltmarsh.id,
            integration_id=integration.id,
            external_id=name,
            reason=reason,
            attempts=2 if reason else 0,
            synced_at=synced,
        )
    assert await backlog.failing() == (Failing("memory", "Gone", 2, 2, None),)
    await CalendarSync.filter(external_id="a").delete()
    assert await backlog.failing() == (Failing("memory", "Gone", 1, 2, 7),)


async def test_a_job_is_put_back_once(world: World):
    """Of those who put the same job back at once, one does, and there is one line about it."""
    job = await _job(world, JobState.PARKED, reason="Gone")
    tries = [backlog.retry([job.id], at=NOW) for _ in range(4)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(str(each) for each in outcomes) == [
        "1",
        *[f"Job {job.id} is WAITING, not PARKED."] * 3,
    ]
    assert [entry.action for entry in await AuditEntry.all()] == ["outbox.retried"]


async def test_all_or_none(world: World):
    """Where one of several is no job, none of them is put back."""
    job = await _job(world, JobState.PARKED)
    with pytest.raises(CannotRetry, match=r"There is no job 9999\."):
        await backlog.retry([job.id, 9999], at=NOW)
    assert [row.state for row in await Job.all()] == [JobState.PARKED]


async def test_what_is_parked_meanwhile_is_left(world: World):
    """All that was parked is put back, and what waits already is left as it is."""
    jobs = [await _job(world, state) for state in (JobState.PARKED, JobState.WAITING)]
    assert await backlog.retry_all(at=NOW) == 1
    rows = {row.id: row.due_at for row in await Job.all()}
    assert rows[jobs[0].id] <= await database_now() < rows[jobs[1].id]
    assert await backlog.retry_all(at=NOW) == 0


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_every_reason_has_a_remedy(dialect: str):
    """Whatever kind of error parks a job, somebody is named; of a stranger, the operator."""
    kinds = [*vars(errors).values(), *vars(postbox).values(), *vars(targets).values()]
    names = {
        kind.__name__
        for kind in kinds
        if isinstance(kind, type)
        and issubclass(kind, errors.ProviderError)
        and kind is not errors.ProviderError
    }
    assert len(names) > 20
    assert {name for name in names if remedy_of(name) == UNKNOWN} == set()
    assert remedy_of("OfAPlugin") == remedy_of(None) == remedy_of("Unexpected") == UNKNOWN
    assert "member" in remedy_of("ConsentDeclined")
    assert "administrator" in remedy_of("KeyRefused")
