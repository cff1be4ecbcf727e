"""A calendar that cannot be read: since when is said, nobody is asked, and it heals by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.services.diary import REGISTRY, Diaries, connect, viewer
from tests.world import DAY, HOUR, NOW, FakeClock, World
from together.domain.integration import Standing
from together.domain.spans import Span, Spans
from together.providers.errors import (
    AuthorizationExpired,
    Gone,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
    Refused,
)
from together.services.availability.busy import FRESH, Busy, Known
from together.services.availability.circle import standings
from together.services.connections.resting import REST
from together.services.people.todos import TodoKind, Todos
from together.store.models import BusyBlock, CalendarRow, Integration, IntegrationState

WINDOW = Span.of(NOW + DAY, NOW + 2 * DAY)
UNTIL = NOW + 60 * DAY
BUSY = [(NOW + DAY + HOUR, NOW + DAY + 2 * HOUR)]
SPAN = Span.of(*BUSY[0])

FAULTS = {
    "down": {"always": ProviderUnavailable()},
    "throttled": {"always": RateLimited()},
    "refused": {"always": Refused()},
    "gone": {"always": Gone()},
    "misconfigured": {"always": Misconfigured()},
    "a plugin's own": {"always": RuntimeError("private")},
    "nonsense": {"unread": None},
    "hanging": {"gate": asyncio.Event()},
    "no calendar read": {"unread": {"calendar": "internalError", "other": "notFound"}},
}
SAID = ("refused", "gone", "no calendar read")
"""Faults that are an answer about the calendars; with the others the service gives none."""


@pytest.fixture
def busy(diaries: Diaries, clock: FakeClock) -> Busy:
    return Busy(diaries, clock, limit=0.2)


async def _broken(world: World, diaries: Diaries, fault: str) -> Integration:
    """Connect Ada with two calendars that count, and break them."""
    ada = await connect(world.ada)
    await CalendarRow.filter(integration_id=ada.id).update(external_id="calendar")
    await CalendarRow.create(
        organization_id=ada.organization_id, integration_id=ada.id, external_id="other",
        name="Other", counts=True,
    )  # fmt: skip
    for name, value in FAULTS[fault].items():
        setattr(diaries.of(world.ada), name, asyncio.Event() if name == "gate" else value)
    return ada


async def _unread(ada: Integration) -> dict[str, int | None]:
    rows = await CalendarRow.filter(integration_id=ada.id)
    return {row.external_id: row.unreadable_since for row in rows}


def _mend(world: World, diaries: Diaries) -> None:
    book = diaries.of(world.ada)
    book.always, book.gate, book.unread = None, None, {}


async def _read(busy: Busy, ada: Integration, how: str) -> Known:
    row = await Integration.get(id=ada.id)
    if how == "answer":
        return (await busy.known([row], WINDOW, until=UNTIL))[ada.id]
    return (await busy.at([row], WINDOW))[ada.id]


@pytest.mark.parametrize("how", ["answer", "booking"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_unreadable_since_the_first_failure(
    world: World, diaries: Diaries, busy: Busy, clock: FakeClock, fault: str, how: str
):
    """Every fault is noted once, with the moment of the first, and the next reading clears it."""
    ada = await _broken(world, diaries, fault)
    for _ in range(3):
        as_of = clock() if fault in SAID else None
        assert await _read(busy, ada, how) == Known(Spans(), Spans([WINDOW]), as_of)
        clock.forward(FRESH if fault in SAID else REST)
    row = await Integration.get(id=ada.id)
    assert (row.state, row.unreadable_since, row.read_at) == (IntegrationState.ACTIVE, NOW, None)
    assert await _unread(ada) == dict.fromkeys(("calendar", "other"), NOW if as_of else None)
    assert diaries.of(world.ada).calls == ["busy"] * 3
    _mend(world, diaries)
    assert await _read(busy, ada, how) == Known(Spans(), Spans(), clock())
    assert (await Integration.get(id=ada.id)).unreadable_since is None
    assert await _unread(ada) == {"calendar": None, "other": None}


@pytest.mark.parametrize("how", ["answer", "booking"])
async def test_some_of_the_calendars_read(world: World, diaries: Diaries, busy: Busy, how: str):
    """A reading that leaves one out shows nothing as free: it is none that worked."""
    ada = await _broken(world, diaries, "no calendar read")
    await Integration.filter(id=ada.id).update(unreadable_since=NOW - HOUR)
    diaries.of(world.ada).unread = {"other": "notFound"}
    assert await _read(busy, ada, how) == Known(Spans(), Spans([WINDOW]), NOW)
    row = await Integration.get(id=ada.id)
    assert (row.unreadable_since, row.read_at) == (NOW - HOUR, None)
    assert await _unread(ada) == {"calendar": None, "other": NOW}


async def test_nobody_looks_from_behind_a_calendar_that_is_refused(
    world: World, diaries: Diaries, busy: Busy, clock: FakeClock
):
    """Who counts one that is never read is not integrated after a day, and is once it is read."""
    await _broken(world, diaries, "no calendar read")
    diaries.of(world.ada).unread = {"other": "ErrorAccessDenied"}

    async def standing() -> Standing:
        await busy.sweep()
        return (await standings([world.ada.id], world.saltmarsh.id, now=clock()))[world.ada.id][1]

    seen = []
    for _ in range(5):
        seen.append(await standing())
        clock.forward(6 * HOUR)
    assert seen == [Standing.UNREADABLE_NOW] * 4 + [Standing.NOT_INTEGRATED]
    _mend(world, diaries)
    assert await standing() is Standing.INTEGRATED


@pytest.mark.parametrize("fault", SAID)
async def test_what_was_free_is_unknown_once_it_is_refused(
    world: World, diaries: Diaries, busy: Busy, clock: FakeClock, fault: str
):
    """That no calendar may be read is an answer: what was known before it is known no more."""
    ada = await _broken(world, diaries, fault)
    _mend(world, diaries)
    diaries.of(world.ada).busy = BUSY
    assert await _read(busy, ada, "answer") == Known(Spans.of(BUSY), Spans(), NOW)
    book = diaries.of(world.ada)
    book.busy = []
    for name, value in FAULTS[fault].items():
        setattr(book, name, value)
    clock.forward(HOUR)
    assert await _read(busy, ada, "answer") == Known(Spans(), Spans([WINDOW]), clock())
    assert await BusyBlock.filter(integration_id=ada.id).count() == 0
    row = await Integration.get(id=ada.id)
    assert (row.read_at, row.unreadable_since) == (NOW, NOW + HOUR)


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_passing_fault_never_makes_a_to_do(
    world: World, diaries: Diaries, busy: Busy, clock: FakeClock, fault: str
):
    """After a month it still asks its member for nothing, and it heals by itself."""
    ada = await _broken(world, diaries, fault)
    seen = []
    for _ in range(10):
        await busy.sweep()
        row = await Integration.get(id=ada.id)
        seen.append((row.state, row.unreadable_since))
        clock.forward(3 * DAY)
    assert set(seen) == {(IntegrationState.ACTIVE, NOW)}
    told = await standings([world.ada.id], world.saltmarsh.id, now=clock())
    assert told[world.ada.id][1] is Standing.NOT_INTEGRATED
    todos = [todo.kind for todo in await Todos(REGISTRY, clock).of(viewer(world.ada))]
    assert set(todos) == {TodoKind.BOOK_NEXT_SESSION}
    _mend(world, diaries)
    assert await busy.sweep() == 1
    told = await standings([world.ada.id], world.saltmarsh.id, now=clock())
    assert told[world.ada.id][1] is Standing.INTEGRATED


async def test_a_booking_leaves_a_service_alone(
    world: World, diaries: Diaries, busy: Busy, clock: FakeClock
):
    """As long as it was told to wait, a booking asks nothing and says what was not checked."""
    ada, ben = await connect(world.ada), await connect(world.ben)
    diaries.of(world.ada).busy = BUSY
    await busy.known([ada, ben], WINDOW, until=UNTIL)
    clock.forward(HOUR)
    diaries.of(world.ada).failing = [RateLimited(retry_after=timedelta(hours=1))]
    await busy.known([ada], WINDOW, until=UNTIL)
    span = Span.of(SPAN.starts - HOUR, SPAN.ends)
    expected = {
        ada.id: Known(Spans([SPAN]), Spans.of([(span.starts, SPAN.starts)]), NOW),
        ben.id: Known(Spans(), Spans(), clock()),
    }
    assert await busy.at([ada, ben], span) == expected
    clock.forward(HOUR - 1)
    assert (await busy.at([ada], span))[ada.id] == expected[ada.id]
    assert diaries.of(world.ada).calls == ["busy", "busy"]
    clock.forward(1)
    assert (await busy.at([ada], span))[ada.id] == Known(Spans([SPAN]), Spans(), clock())
    assert diaries.of(world.ada).calls == ["busy"] * 3


async def test_a_booking_is_told_to_wait(
    world: World, diaries: Diaries, busy: Busy, clock: FakeClock
):
    """What a service asks of a booking holds for every question, and of two the longer wait."""
    ada = await connect(world.ada)
    book = diaries.of(world.ada)
    book.gate = asyncio.Event()
    book.failing = [RateLimited(retry_after=timedelta(hours=1)), ProviderUnavailable()]
    asked = [asyncio.create_task(busy.at([ada], SPAN)) for _ in range(2)]
    async with asyncio.timeout(5):
        while len(book.calls) < 2:  # noqa: ASYNC110  (calls come from anywhere)
            await asyncio.sleep(0.01)
    book.gate.set()
    dark = {ada.id: Known(Spans(), Spans([SPAN]), None)}
    assert await asyncio.gather(*asked) == [dark, dark]
    clock.forward(HOUR - 1)
    assert await busy.known([ada], SPAN, until=UNTIL) == dark
    assert await busy.at([ada], SPAN) == dark
    assert book.calls == ["busy", "busy"]


async def test_a_booking_does_not_wait_for_a_lost_grant(
    world: World, diaries: Diaries, clock: FakeClock
):
    """An answer that comes too late for the booking is noted all the same."""
    busy = Busy(diaries, clock, patience=0.05)
    ada = await connect(world.ada)
    book = diaries.of(world.ada)
    book.gate, book.always = asyncio.Event(), AuthorizationExpired()
    assert await busy.at([ada], SPAN) == {ada.id: Known(Spans(), Spans([SPAN]), None)}
    book.gate.set()
    async with asyncio.timeout(5):
        while await Integration.exists(id=ada.id, state=IntegrationState.ACTIVE):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await Integration.get(id=ada.id)).reason == "AuthorizationExpired"


@pytest.mark.parametrize("error", [AuthorizationExpired(), ProviderUnavailable(), None])
async def test_reconnected_while_it_was_read(
    world: World, diaries: Diaries, busy: Busy, error: Exception | None
):
    """However a reading ends that began before, the connection of now is as it was made."""
    ada = await connect(world.ada)
    book = diaries.of(world.ada)
    book.gate, book.always = asyncio.Event(), error
    asked = asyncio.create_task(busy.at([ada], SPAN))
    await book.called("busy")
    await Integration.filter(id=ada.id).update(generation=1)
    before = dict(await Integration.get(id=ada.id))
    book.gate.set()
    await asked
    assert dict(await Integration.get(id=ada.id)) == before
