"""``together outbox``: what waits, what is parked and who must act, and putting it back."""

from __future__ import annotations

import time
from typing import Any

import anyio
import pytest

from tests.services.diary import connect
from tests.world import saltmarsh
from together.services.outbox import backlog
from together.store.database import Database
from together.store.models import AuditEntry, CalendarSync, Job, JobKind, JobState, Organization

CANARY = "canary-of-a-calendar@example.com"


def _in_database(work: Any) -> Any:
    async def inside() -> Any:
        database = await Database.open("sqlite:///together.db")
        try:
            async with database.entered():
                return await work()
        finally:
            await database.close()

    return anyio.run(inside)


@pytest.fixture
def migrated_here(migrated, environ) -> None:
    """An empty database, which the commands are pointed at."""
    environ(DATABASE="sqlite:///together.db", PUBLIC_URL="https://together.example.org")


@pytest.fixture
def filled(migrated_here) -> list[int]:
    """Three parked jobs, one that waits and one that is done; the numbers of all, in turn."""

    async def fill() -> list[int]:
        world = await saltmarsh()
        now = int(time.time())
        here, there = world.saltmarsh.id, world.northlight.id
        numbers = []
        for organization, kind, state, reason, age in (
            (here, JobKind.INVITE, JobState.PARKED, "AddressRefused", 3 * 86_400),
            (here, JobKind.WRITE_EVENT, JobState.PARKED, "AuthorizationExpired", 7_200),
            (there, JobKind.WRITE_EVENT, JobState.PARKED, "OfAPlugin", 30 * 60),
            (there, JobKind.WRITE_EVENT, JobState.WAITING, "ProviderUnavailable", 30 * 60),
            (here, JobKind.INVITE, JobState.DONE, None, 86_400),
        ):
            job = await Job.create(
                organization_id=organization,
                kind=kind,
                state=state,
                reason=reason,
                attempts=2,
                due_at=now + 600,
                created_at=now - age,
                sealed=CANARY,
            )
            numbers.append(job.id)
        integration = await connect(world.ada)
        await CalendarSync.create(
            organization_id=here,
            integration_id=integration.id,
            external_id=CANARY,
            cursor=CANARY,
            reason="RateLimited",
            attempts=4,
            synced_at=now - 3 * 3600,
        )
        return numbers

    return _in_database(fill)


def test_what_waits_is_summed_up(together, filled):
    """By state, kind and reason, with how many, how old and how often tried; and the syncs."""
    code, out, err = together("outbox")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "PARKED  INVITE  AddressRefused  1 job, the oldest 3 days ago, tried 2 times at most",
        "PARKED  WRITE_EVENT  AuthorizationExpired  1 job, the oldest 2 hours ago, tried 2 times "
        "at most",
        "PARKED  WRITE_EVENT  OfAPlugin  1 job, the oldest 30 minutes ago, tried 2 times at most",
        "WAITING  WRITE_EVENT  ProviderUnavailable  1 job, the oldest 30 minutes ago, tried "
        "2 times at most",
        "SYNC  memory  RateLimited  1 calendar, synced 3 hours ago, failed 4 times at most",
    ]


def test_what_is_parked_is_listed_with_who_must_act(together, filled):
    """Each job and each calendar that fails, by ids alone, with the remedy in words."""
    code, out, err = together("outbox", "--parked")
    refused, expired, strange = filled[:3]
    assert (code, err, CANARY in out) == (0, "", False)
    assert out.splitlines() == [
        f"{refused}  saltmarsh  INVITE  AddressRefused  3 days ago: the organization corrects the "
        "member's address, then retry",
        f"{expired}  saltmarsh  WRITE_EVENT  AuthorizationExpired  2 hours ago: the member "
        "connects the same account again",
        f"{strange}  northlight  WRITE_EVENT  OfAPlugin  30 minutes ago: the operator looks for "
        "the job's number in the log, then retry",
        "sync:1  saltmarsh  memory  RateLimited  integration:1  synced 3 hours ago, failed 4 "
        "times: nobody has to do anything, it is tried again; where it was given up, retry",
    ]


def test_an_empty_outbox_is_said(together, migrated_here):
    """Where there is nothing to tell, that is told, and there is nothing to retry."""
    nothing = "Nothing waits, nothing is parked, and every calendar that was asked has answered.\n"
    assert together("outbox") == (0, nothing, "")
    nothing = "Nothing is parked, and every calendar that was asked has answered.\n"
    assert together("outbox", "--parked") == (0, nothing, "")
    assert together("outbox", "retry", "--all-parked") == (0, "Nothing is parked.\n", "")


def _states(numbers: list[int]) -> list[tuple[str, bool]]:
    async def read() -> list[tuple[str, bool]]:
        now = int(time.time())
        rows = {row.id: row for row in await Job.all()}
        return [(rows[each].state, rows[each].due_at <= now) for each in numbers]

    return _in_database(read)


def _audited() -> list[tuple[str, str, int | None, str | None]]:
    async def read() -> list[tuple[str, str, int | None, str | None]]:
        slugs = dict(await Organization.all().values_list("id", "slug"))
        rows = await AuditEntry.all().order_by("id")
        return [(slugs[row.organization_id], row.action, row.actor_id, row.after) for row in rows]

    return _in_database(read)


def test_some_are_put_back(together, filled):
    """The jobs that are named are due at once, the others stay, and the audit log says so."""
    refused, _, strange = filled[:3]
    said = (0, "2 jobs put back: a worker tries them now.\n", "")
    assert together("outbox", "retry", refused, strange) == said
    assert _states(filled) == [
        ("WAITING", True), ("PARKED", False), ("WAITING", True), ("WAITING", False),
        ("DONE", False),
    ]  # fmt: skip
    assert _audited() == [
        ("saltmarsh", "outbox.retried", None, f'{{"jobs":["{refused}"]}}'),
        ("northlight", "outbox.retried", None, f'{{"jobs":["{strange}"]}}'),
    ]


def test_all_are_put_back(together, filled, monkeypatch):
    """`--all-parked` goes through all of them, page by page."""
    monkeypatch.setattr(backlog, "PAGE", 1)
    said = (0, "3 jobs put back: a worker tries them now.\n", "")
    assert together("outbox", "retry", "--all-parked") == said
    assert [state for state, _ in _states(filled)] == ["WAITING"] * 4 + ["DONE"]
    assert len(_audited()) == 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("retry",), 2, "Say which jobs, by their numbers, or --all-parked."),
        (("retry", "1", "--all-parked"), 2, "Say which jobs, by their numbers, or --all-parked."),
        (("retry", "1", "--parked"), 2,
         "--parked lists. To put all of it back, say retry --all-parked."),
        (("list", "1"), 2, "Say `together outbox retry` with what is to be tried again."),
        (("--all-parked",), 2, "Say `together outbox retry` with what is to be tried again."),
        (("retry", "x1"), 2, "'x1' is no job's number."),
        (("retry", "0"), 2, "'0' is no job's number."),
        (("retry", "99999999999999"), 2, "'99999999999999' is no job's number."),
        (("retry", "1", "77"), 1, "There is no job 77. Nothing was put back."),
        (("retry", "1", "4"), 1, "Job 4 is WAITING, not PARKED. Nothing was put back."),
        (("retry", "1", "5"), 1, "Job 5 is DONE, not PARKED. Nothing was put back."),
    ],
)  # fmt: skip
def test_what_cannot_be_put_back(together, filled, words, code, said):
    """It is said in a sentence, and the others that were named stay as they were."""
    assert filled == [1, 2, 3, 4, 5]
    assert together("outbox", *words) == (code, "", f"together: {said}\n")
    assert _states([1]) == [("PARKED", False)]
    assert _audited() == []
