"""Has every change of a session told to every listener, each in a job of its own.

What is to be told is read from the history, which every change writes with what it does: so
booking is the same with listeners and without, and a change that another process made is heard,
too.  A job stands for each pair of change and listener, for longer than this looks back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby

from together.providers.errors import Misconfigured, NeedsTime
from together.providers.listening import BookingChange, BookingListener, ChangeKind
from together.services.connections.resting import LeftAlone
from together.store import audit
from together.store.clock import database_now
from together.store.models import Booking, History, Job, JobKind, Organization
from together.store.transaction import transaction

log = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds that a listener has."""

GLANCE = 1.0
"""Seconds between two looks at the history."""

BACK = 3 * 86_400
"""Seconds of history that are looked at: shorter than jobs are kept."""

OVERLAP = 200
"""Ids that are looked at again: what was numbered earlier may be committed later."""

PAGE = 200
AT_ONCE = 2
"""Changes that one listener is told at once."""

TURN = 0.5
"""Seconds that a change waits for its turn with a listener, before it comes again later."""

_EVERYTHING = 600
"""Looks after which all of it is looked at once more."""

KINDS: Mapping[str, ChangeKind] = {
    **{kind.value: kind for kind in ChangeKind},
    "MOVED_IN_CALENDAR": ChangeKind.RESCHEDULED,
    "CANCELLED_IN_CALENDAR": ChangeKind.CANCELLED,
    "ACCEPTED": ChangeKind.ANSWERED,
    "TENTATIVE": ChangeKind.ANSWERED,
    "DECLINED": ChangeKind.ANSWERED,
}
"""What the history says → what is told.  That it was done in a calendar is told to nobody."""


class ListenerFailed(NeedsTime):
    """A listener raised, or took too long."""

    words = "A listener did not take it in."


class ListenerMissing(Misconfigured):
    """The plugin that listened is not installed in this process."""

    words = "A listener is not installed here."


class Telling:
    """Writes the jobs, and carries them out."""

    def __init__(
        self, listeners: Mapping[str, BookingListener], *, patience: float = PATIENCE
    ) -> None:
        self._listeners, self._patience = dict(listeners), patience
        self._seen: int | None = None
        self._turns = {slug: asyncio.Semaphore(AT_ONCE) for slug in listeners}
        self._under_way: set[asyncio.Task[bool]] = set()

    async def run(self, stop: asyncio.Event, *, wake: Callable[[], object]) -> None:
        """Look until `stop` is set; where nobody listens there is nothing to do."""
        looks = 0
        while self._listeners and not stop.is_set():
            if looks % _EVERYTHING == 0:
                self._seen = None
            looks += 1
            try:
                if await self.look():
                    wake()
            except Exception as error:  # noqa: BLE001  (a database that is away comes back)
                log.error("listening failed: %s", type(error).__name__)  # noqa: TRY400
            with suppress(TimeoutError):
                async with asyncio.timeout(GLANCE):
                    await stop.wait()

    async def look(self) -> int:
        """Write the jobs that are lacking; say how many there were."""
        if not self._listeners:
            return 0
        since, made = await database_now() - BACK, 0
        last = await self._first(since) if self._seen is None else max(0, self._seen - OVERLAP)
        while rows := await History.filter(id__gt=last, at__gte=since).order_by("id").limit(PAGE):
            last = rows[-1].id
            by_organization = sorted(rows, key=lambda row: row.organization_id)
            for organization, changes in groupby(by_organization, lambda row: row.organization_id):
                made += await self._written(organization, list(changes))
            self._seen = max(self._seen or 0, last)
        if self._seen is None:
            self._seen = last
        return made

    async def _first(self, since: int) -> int:
        """Go back by id, page by page, to where the history is older than that."""
        last: int | None = None
        while True:
            rows = History.all() if last is None else History.filter(id__lt=last)
            page = await rows.order_by("-id").limit(PAGE).values_list("id", "at")
            if not page:
                return 0
            last, at = page[-1]
            if at < since:
                return last - 1

    async def _written(self, organization: int, changes: Sequence[History]) -> int:
        if not await self._lacking(organization, changes):
            return 0

        async def work() -> int:
            # One worker at a time, or two would find the same lacking.
            await audit.turn(organization)
            now = await database_now()
            lacking = await self._lacking(organization, changes)
            await Job.bulk_create(
                Job(
                    organization_id=organization,
                    kind=JobKind.TELL_LISTENER,
                    booking_id=change.booking_id,
                    provider=slug,
                    generation=change.id,
                    due_at=now,
                    created_at=now,
                )
                for change, slug in lacking
            )
            return len(lacking)

        return await transaction(work)

    async def _lacking(
        self, organization: int, changes: Sequence[History]
    ) -> list[tuple[History, str]]:
        there = set(
            await Job.filter(
                organization_id=organization,
                booking_id__in=sorted({change.booking_id for change in changes}),
                kind=JobKind.TELL_LISTENER,
                generation__in=[change.id for change in changes],
            ).values_list("generation", "provider")
        )
        return [
            (change, slug)
            for change in changes
            for slug in sorted(self._listeners)
            if (change.id, slug) not in there
        ]

    async def tell(self, job: Job) -> None:
        """Carry a job out; a listener that is not installed here hears of it where it is."""
        slug = job.provider or ""
        listener = self._listeners.get(slug)
        if listener is None:
            raise ListenerMissing
        try:
            async with asyncio.timeout(TURN):
                await self._turns[slug].acquire()
        except TimeoutError:  # it is slow, and leaves the worker's places to others
            raise LeftAlone(retry_after=timedelta(seconds=1)) from None
        try:
            change = await _change(job)
            taken = change is None or await self._taken_in(listener, change)
        finally:
            self._turns[slug].release()
        if not taken:
            raise ListenerFailed

    async def _taken_in(self, listener: BookingListener, change: BookingChange) -> bool:
        """Wait as long as a listener has; one that does not heed its end is waited for no more."""
        told = asyncio.create_task(_told(listener, change))
        self._under_way.add(told)
        told.add_done_callback(self._under_way.discard)
        try:
            await asyncio.wait([told], timeout=self._patience)
        finally:
            told.cancel()
        return told.done() and not told.cancelled() and told.result()


async def _told(listener: BookingListener, change: BookingChange) -> bool:
    try:
        await listener.booking_changed(change)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin's own code, not trusted)
        log.warning("listener %s: %s", listener.slug, type(error).__name__)
        return False
    return True


async def _change(job: Job) -> BookingChange | None:
    row = await History.get_or_none(id=job.generation, organization_id=job.organization_id)
    if row is None:
        return None
    booking = await Booking.get(id=row.booking_id, organization_id=row.organization_id)
    organization = await Organization.get(id=row.organization_id)
    return BookingChange(
        id=f"chg_{row.id}",
        kind=KINDS.get(row.what, ChangeKind.CHANGED),
        organization_id=f"org_{organization.uid}",
        booking_id=f"bkg_{booking.uid}",
        at=_moment(row.at),
        start=_moment(booking.starts),
        end=_moment(booking.ends),
    )


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
