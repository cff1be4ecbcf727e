"""``together outbox``: what waits, what is parked and who must act, and putting it back."""

from __future__ import annotations

import argparse
import time
from collections.abc import AsyncIterator

import anyio

from together.cli.stop import Stop
from together.services.outbox import backlog
from together.services.outbox.backlog import CannotRetry, Failing, Pile
from together.services.outbox.remedies import remedy_of
from together.settings import Settings
from together.store.clock import database_now
from together.store.database import Database
from together.store.models import CalendarSync, Job

NOTHING = "Nothing waits, nothing is parked, and every calendar that was asked has answered."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to list, or what to try again."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "retry"),
        default="list",
        help="retry puts jobs that are parked back, to be tried at once",
    )
    parser.add_argument("ids", nargs="*", metavar="ID", help="a job's number, as --parked says it")
    parser.add_argument(
        "--parked",
        action="store_true",
        help="list each job that is parked, and each calendar that fails, with who must act",
    )
    parser.add_argument(
        "--all-parked", action="store_true", help="with retry: every job that is parked"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """List, or put back; where one of several cannot be put back, none is."""
    retrying = arguments.action == "retry"
    if not retrying and (arguments.ids or arguments.all_parked):
        raise Stop("Say `together outbox retry` with what is to be tried again.", code=2)
    if retrying and arguments.parked:
        raise Stop("--parked lists. To put all of it back, say retry --all-parked.", code=2)
    if retrying and bool(arguments.ids) == arguments.all_parked:
        raise Stop("Say which jobs, by their numbers, or --all-parked.", code=2)
    ids = {_number(each) for each in arguments.ids}
    anyio.run(_run, settings, arguments, ids)
    return 0


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:11]) < 2**31):
        raise Stop(f"{text[:40]!a} is no job's number.", code=2)
    return int(text)


async def _run(settings: Settings, arguments: argparse.Namespace, ids: set[int]) -> None:
    database = await Database.open(settings.database)
    try:
        async with database.entered():
            if arguments.action == "retry":
                print(await _retried(ids))
                return
            async for line in _each() if arguments.parked else _summed_up():
                print(line)
    finally:
        await database.close()


async def _retried(ids: set[int]) -> str:
    at = int(time.time())
    try:
        count = await (backlog.retry(ids, at=at) if ids else backlog.retry_all(at=at))
    except CannotRetry as no:
        raise Stop(f"{no} Nothing was put back.") from None
    if not count:
        return "Nothing is parked."
    return f"{_many(count, 'job')} put back: a worker tries {'it' if count == 1 else 'them'} now."


async def _summed_up() -> AsyncIterator[str]:
    now = await database_now()
    piles, failing = await backlog.piles(), await backlog.failing()
    for pile in piles:
        yield _pile(pile, now)
    for each in failing:
        yield _failing(each, now)
    if not piles and not failing:
        yield NOTHING


async def _each() -> AsyncIterator[str]:
    now, anything = await database_now(), False
    last = 0
    while jobs := await backlog.parked(after=last):
        anything, last = True, jobs[-1].id
        for job in jobs:
            yield _job(job, now)
    last = 0
    while syncs := await backlog.unsynced(after=last):
        anything, last = True, syncs[-1].id
        for sync in syncs:
            yield _sync(sync, now)
    if not anything:
        yield "Nothing is parked, and every calendar that was asked has answered."


def _pile(pile: Pile, now: int) -> str:
    told = f"{_many(pile.count, 'job')}, the oldest {_ago(pile.oldest_at, now)}"
    tried = f"tried {_many(pile.attempts, 'time')} at most"
    return "  ".join([pile.state, pile.kind, pile.reason or "-", f"{told}, {tried}"])


def _failing(each: Failing, now: int) -> str:
    last = "one never synced" if each.last_at is None else f"synced {_ago(each.last_at, now)}"
    told = f"{_many(each.count, 'calendar')}, {last}, failed {_many(each.attempts, 'time')} at most"
    return "  ".join(["SYNC", each.provider, each.reason, told])


def _job(job: Job, now: int) -> str:
    about = [
        f"{name}:{number}"
        for name, number in (("booking", job.booking_id), ("integration", job.integration_id))
        if number is not None
    ]
    told = [str(job.id), job.organization.slug, job.kind, job.reason or "-", *about]
    return "  ".join([*told, f"{_ago(job.created_at, now)}: {remedy_of(job.reason)}"])


def _sync(sync: CalendarSync, now: int) -> str:
    last = "never synced" if sync.synced_at is None else f"synced {_ago(sync.synced_at, now)}"
    told = f"{last}, failed {_many(sync.attempts, 'time')}: {remedy_of(sync.reason)}"
    provider = sync.integration.provider
    where = [f"sync:{sync.id}", sync.organization.slug, provider, sync.reason or "-"]
    return "  ".join([*where, f"integration:{sync.integration_id}", told])


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _ago(at: int, now: int) -> str:
    seconds = max(0, now - at)
    for size, what in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds // size} {what}s ago"
    return f"{_many(seconds, 'second')} ago"
