"""Brings to calendars and mailboxes what the outbox holds, until it is there or somebody must act.

A job is claimed by a lease on the database's clock, so that any number of workers share the work
and one that dies loses nothing: whoever comes next finds by the session's key what it had made.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tortoise.expressions import F, Q
from tortoise.queryset import QuerySet

from together.providers.errors import (
    Misconfigured,
    NeedsPerson,
    NeedsTime,
    ProviderError,
    ProviderUnavailable,
)
from together.providers.registry import Registry
from together.services.connections.resting import LeftAlone, Resting
from together.services.listening.telling import Telling
from together.services.organization import asking_to_connect
from together.services.organization.arranging import Arranging
from together.services.organization.moving_out import MovingOut
from together.services.outbox import event_jobs
from together.services.outbox.event_writing import EventWriter
from together.services.outbox.letters import MAILS
from together.services.outbox.mail import Mails
from together.services.outbox.meeting_writing import MeetingWriter, OpensMeetings
from together.services.outbox.spreading import spread
from together.services.outbox.targets import OpensForDelivery
from together.services.outbox.withdrawing import Withdrawing
from together.services.sessions import disputes
from together.store.clock import database_now
from together.store.models import Job, JobKind, JobState
from together.store.transaction import transaction

log = logging.getLogger(__name__)

LEASE = 180
"""Seconds that a job belongs to the worker which claimed it."""

LIMIT = 120.0
"""Seconds after which a job is given up for now; well within the lease."""

PLACES = 10
"""Jobs that are under way at once.  One that is slow holds its own place and no other."""

LONGEST_PAUSE = 15 * 60
LONGEST_REVOCATION_PAUSE = 5 * 60
OPERATORS_PAUSE = 10 * 60

KEPT = 7 * 86_400
"""Seconds for which a job that is done is kept, and one is tried that takes something away or is a
mail."""


TAKES_AWAY = frozenset(
    {
        JobKind.REVOKE_GRANT,
        JobKind.CANCEL_EVENT,
        JobKind.CANCEL_MEETING,
        JobKind.WITHDRAW_EVENT,
    }
)

TELLS = MAILS | {JobKind.TELL_LISTENER}
"""What comes too late to be told a week later."""

_IN_TURNS = frozenset({JobKind.POLL_MEETING, JobKind.ARRANGE_MEMBERS, JobKind.HAND_OVER})
"""What is done a part at a time, each as soon as it says."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a job now."""

    state: JobState
    pause: int = 0
    """Seconds until it is tried again."""
    reason: str | None = None
    counts: bool = True
    """Whether it was tried at all."""


DONE = Verdict(JobState.DONE)


class Delivery:
    """Delivers what is due."""

    def __init__(
        self,
        grants: OpensForDelivery,
        registry: Registry,
        clock: Callable[[], int],
        mails: Mails | None = None,
        *,
        resting: Resting | None = None,
        videos: OpensMeetings | None = None,
        telling: Telling | None = None,
        tell: Callable[[JobKind, str], object] = lambda _kind, _outcome: None,
    ) -> None:
        """Without `mails`, they are printed; without `resting`, nobody else is told of the pauses
        that a service asks for.  `tell` hears of each try how it ended.
        """
        self._tell, self._telling = tell, telling or Telling({})
        self.mails = mails or Mails(registry, clock)
        self._grants = grants
        self._events = EventWriter(grants, registry, clock, resting=resting or Resting(clock))
        self._withdrawing = Withdrawing(self._events.open_anyhow, clock)
        self._moving_out = MovingOut(clock)
        self._arranging = Arranging(grants, clock)
        self._meetings = None if videos is None else MeetingWriter(videos, registry, clock)

    async def run_once(self) -> int:
        """Claim what is due, as far as there are places, and deliver all of it; say how much.

        One round, for whoever steps through it: `Worker` fills each place as it comes free.
        """
        jobs = await claim(PLACES)
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(self.deliver(job))
        return len(jobs)

    async def deliver(self, job: Job) -> None:
        """Try a job that was claimed just now, and note what became of it."""
        verdict = await self._tried(job)
        await settle(job, verdict)
        if verdict.state is JobState.PARKED:
            await event_jobs.end_if_gone(job)
        self._tell(job.kind, verdict.reason or verdict.state.value)
        log.info("job %s %s: %s %s", job.id, job.kind, verdict.state, verdict.reason or "")

    async def _tried(self, job: Job) -> Verdict:
        try:
            async with asyncio.timeout(LIMIT):
                await self._do(job)
        except TimeoutError:
            return judged(job, ProviderUnavailable())
        except ProviderError as error:
            return judged(job, error)
        except Exception as error:  # noqa: BLE001  (one broken job must not stop the others)
            log.error("job %s: %s", job.id, type(error).__name__)  # noqa: TRY400
            return Verdict(JobState.WAITING, OPERATORS_PAUSE, "Unexpected")
        return DONE

    async def _do(self, job: Job) -> None:
        match job.kind:
            case JobKind.REVOKE_GRANT:
                await self._grants.revoke(job)
            case JobKind.WRITE_EVENT | JobKind.REVISE_EVENT | JobKind.CANCEL_EVENT if (
                job.integration_id is None
            ):
                await spread(job, mails_reach=self.mails.reaches)
            case JobKind.WRITE_EVENT:
                await self._events.write(job)
            case JobKind.REVISE_EVENT:
                await self._events.revise(job)
            case JobKind.LOOK_AT_EVENT:
                await self._events.look(job)
            case JobKind.SETTLE_CONFLICT:
                await disputes.settle(job)
            case JobKind.WRITE_MEETING if self._meetings is not None:
                await self._meetings.write(job)
            case JobKind.CANCEL_MEETING if self._meetings is not None:
                await self._meetings.cancel(job)
            case JobKind.LEAVE_MEETING if self._meetings is not None:
                await self._meetings.leave(job)
            case JobKind.POLL_MEETING:
                await self._events.poll(job)
            case JobKind.CANCEL_EVENT:
                await self._events.cancel(job)
            case JobKind.WITHDRAW_EVENT:
                await self._withdrawing.withdraw(job)
            case JobKind.HAND_OVER:
                await self._moving_out.hand_over(job)
            case JobKind.ARRANGE_MEMBERS:
                await self._arranging.arrange(job)
            case JobKind.SPREAD_LETTERS:
                await asking_to_connect.spread(job)
            case JobKind.TELL_LISTENER:
                await self._telling.tell(job)
            case mail if mail in MAILS:
                await self.mails.send(job)


def judged(job: Job, error: ProviderError) -> Verdict:
    """Decide by the error's remedy when, or whether, a job is tried again."""
    name = type(error).__name__
    if job.kind is JobKind.REVOKE_GRANT:
        return _revocation(job, error)
    if isinstance(error, NeedsTime):
        pause, tried = _pause(job, error.retry_after), not isinstance(error, LeftAlone)
        return Verdict(JobState.WAITING, pause, name, counts=tried)
    if isinstance(error, Misconfigured):
        return Verdict(JobState.WAITING, OPERATORS_PAUSE, name)
    return Verdict(JobState.PARKED, reason=name)


def _revocation(job: Job, error: ProviderError) -> Verdict:
    """A grant that is gone needs no revoking; everything else is tried until its copy expires."""
    if isinstance(error, NeedsPerson):
        return DONE
    wait = error.retry_after if isinstance(error, NeedsTime) else None
    pause = min(_pause(job, wait), LONGEST_REVOCATION_PAUSE)
    return Verdict(JobState.WAITING, pause, type(error).__name__)


def _pause(job: Job, asked: timedelta | None) -> int:
    """Twice as long each time, as long as the service asks, and never all at once."""
    if job.kind in _IN_TURNS and asked is not None:
        return int(asked.total_seconds())
    growing = min(5 << min(job.attempts, 12), LONGEST_PAUSE)
    least = max(growing // 2, int(asked.total_seconds()) if asked else 0)
    return least + random.randint(0, max(1, growing // 2))  # noqa: S311  (no secret)


# The outbox


async def claim(most: int) -> Sequence[Job]:
    """Take what is due; a job whose lease has run out was left behind by a worker that died."""
    now = await database_now()
    if most < 1 or not await _due(now).exists():
        return []  # without holding up anybody who writes

    async def work() -> list[Job]:
        rows = await (
            _due(now).order_by("due_at", "id").limit(most).select_for_update(skip_locked=True)
        )
        if rows:
            await Job.filter(id__in=[row.id for row in rows]).update(
                leased_until=now + LEASE, attempts=F("attempts") + 1
            )
        return rows

    rows = await transaction(work)
    for row in rows:
        row.leased_until, row.attempts = now + LEASE, row.attempts + 1
    return rows


def _due(now: int) -> QuerySet[Job]:
    return Job.filter(
        Q(leased_until=None) | Q(leased_until__lte=now), state=JobState.WAITING, due_at__lte=now
    )


async def settle(job: Job, verdict: Verdict) -> None:
    """Note what became of a job, unless its lease has passed to somebody else."""
    now = await database_now()
    given_up = job.kind in TAKES_AWAY or job.kind in TELLS
    late = given_up and job.created_at + KEPT <= now
    if late and verdict.state is JobState.WAITING:
        ends = JobState.DONE if job.kind is JobKind.REVOKE_GRANT else JobState.PARKED
        verdict = Verdict(ends, reason=verdict.reason)
    changed: dict[str, Any] = {
        "state": verdict.state,
        "due_at": now + verdict.pause,
        "leased_until": None,
        "reason": verdict.reason,
    }
    if verdict.state is JobState.DONE:
        changed["sealed"] = None
    if not verdict.counts:
        changed["attempts"] = job.attempts - 1
    await Job.filter(
        id=job.id,
        organization_id=job.organization_id,
        state=JobState.WAITING,
        leased_until=job.leased_until,
    ).update(**changed)


async def forget(*, now: int) -> int:
    """Delete the jobs that were done long ago, and mails nobody took; say how many there were."""
    over = Q(state=JobState.DONE) | Q(state=JobState.PARKED, kind__in=sorted(TELLS))
    return int(await Job.filter(over, created_at__lt=now - KEPT).delete())
