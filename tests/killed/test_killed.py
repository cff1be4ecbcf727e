"""SIGKILL at every step between a mutation and a service's answer: nothing lost, nothing twice."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.app.site import BOOK
from tests.killed.life import Asked
from tests.killed.stage import Stage, staged
from tests.smtp import Arrived
from together.api.ids import Kind, to_id

THOROUGH = bool(os.environ.get("TOGETHER_TEST_SOAK"))
EVERY = 1 if THOROUGH else 30
"""Of the steps in the database each, or one of so many: `make soak` takes all."""

MOVE = """mutation Move($input: RescheduleBookingInput!) { rescheduleBooking(input: $input) {
  __typename ... on RescheduleBookingPayload { booking { id } } ... on Problem { code message }
} }"""
CANCEL = """mutation Cancel($input: CancelBookingInput!) { cancelBooking(input: $input) {
  __typename ... on Problem { code message }
} }"""


def _start(hours: int = 0) -> str:
    """A Monday that is two weeks ahead, at nine of the clock in UTC, or so many hours later."""
    today = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    day = today + timedelta(days=14 - today.weekday(), hours=hours)
    return day.isoformat().replace("+00:00", "Z")


def _book(stage: Stage) -> Asked:
    wanted = {
        "matchId": to_id(Kind.MATCH, stage.world.match.uid),
        "start": _start(),
        "duration": 45,
        "timeZone": "UTC",
        "clientKey": "book",
    }
    return stage.asked(BOOK, input=wanted)


def _ends(steps: Sequence[str]) -> Iterator[int]:
    """Choose where to die: around each request and mail, and at steps in the database."""
    for n, name in enumerate(steps):
        if name.startswith(("before", "after")) or n % EVERY == 0:
            yield n


async def _killed_everywhere(stage: Stage, asked: Sequence[Asked], look: Any) -> int:
    """Die at one step after the other; whoever asked asks again, and a worker comes back."""
    stage.set_back()
    steps = await stage.live(asked)
    look("nowhere")
    tried = 0
    for end in _ends(steps):
        stage.set_back()
        if not await stage.live(asked, end=end):
            tried += 1
            await stage.live(asked)
        look(f"{end}: {steps[end]}")
    return tried


def _one_session(stage: Stage, state: str) -> tuple[Any, ...]:
    [session] = stage.rows("SELECT state, starts, join_url, event_key FROM booking")
    assert session[0] == state
    assert stage.rows("SELECT count(*) FROM job WHERE state <> 'DONE'") == [(0,)]
    return session


@pytest.fixture
async def stage(_sqlite_template: Path, tmp_path: Path) -> Any:
    async with staged(_sqlite_template, tmp_path, connected=True) as stage:
        yield stage


@pytest.fixture
async def mailing(_sqlite_template: Path, tmp_path: Path) -> Any:
    async with staged(_sqlite_template, tmp_path, connected=False) as stage:
        yield stage


async def test_booked(stage: Stage):
    """Wherever it dies while a session is booked, one event with one link stands in the end."""

    def look(where: str) -> None:
        session = _one_session(stage, "CONFIRMED")
        [event] = stage.events()
        assert (where, event["hangoutLink"]) == (where, session[2])
        assert stage.rows("SELECT what FROM history") == [("BOOKED",)]

    assert await _killed_everywhere(stage, [_book(stage)], look) > 4


async def test_moved(stage: Stage):
    """Wherever it dies while a session is moved, its one event stands at the new time."""
    ids: list[str] = []

    def look(where: str) -> None:
        _one_session(stage, "CONFIRMED")
        [event] = stage.events()
        starts = datetime.fromisoformat(event["start"]["dateTime"])
        assert (where, starts) == (where, datetime.fromisoformat(_start(3)))
        assert stage.rows("SELECT what FROM history") == [("BOOKED",), ("RESCHEDULED",)]

    await _begun(stage, ids)
    wanted = {
        "bookingId": ids[0], "start": _start(3), "timeZone": "UTC", "clientKey": "move",
    }  # fmt: skip
    assert await _killed_everywhere(stage, [stage.asked(MOVE, input=wanted)], look) > 4


async def test_cancelled(stage: Stage):
    """Wherever it dies while a session is cancelled, no event of it stands in the end."""
    ids: list[str] = []

    def look(where: str) -> None:
        _one_session(stage, "CANCELLED")
        assert (where, stage.events()) == (where, [])

    await _begun(stage, ids)
    wanted = {"bookingId": ids[0], "clientKey": "cancel"}
    assert await _killed_everywhere(stage, [stage.asked(CANCEL, input=wanted)], look) > 4


async def test_mailed(mailing: Stage):
    """Wherever it dies, each gets one invitation; a second copy is of one that was taken then."""

    def look(where: str) -> None:
        _one_session(mailing, "CONFIRMED")
        ids = mailing.mails.ids
        assert (where, len(set(ids))) == (where, 2)
        assert 2 <= len(ids) <= 2 + mailing.taken
        for each in mailing.mails.arrived:
            same = [one for one in mailing.mails.arrived if one.receivers == each.receivers]
            assert {_same(one) for one in same} == {_same(each)}

    assert await _killed_everywhere(mailing, [_book(mailing)], look) > 4


def _same(mail: Arrived) -> tuple[str, ...]:
    """What makes two mails the same to a mail program: Message-ID, UID and SEQUENCE."""
    [calendar] = [
        part for part in mail.message.walk() if part.get_content_type() == "text/calendar"
    ]
    lines = calendar.get_content().splitlines()
    said = [each for each in lines if each.startswith(("UID", "SEQUENCE"))]
    assert len(said) == 2
    return (str(mail.message["Message-ID"]), *said)


async def _begun(stage: Stage, ids: list[str]) -> None:
    """Book a session, and begin from there."""
    stage.set_back()
    await stage.live([_book(stage)])
    [(uid,)] = stage.rows("SELECT uid FROM booking")
    ids.append(to_id(Kind.BOOKING, uid))
    stage.begin_here()
