"""What is known of calendars: fresh, stored, or unknown, and never free by mistake."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.diary import Diaries, connect
from tests.world import DAY, HOUR, NOW, FakeClock, World
from together.domain.spans import Span, Spans
from together.providers.errors import (
    AuthorizationExpired,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
)
from together.services.availability import busy_blocks
from together.services.availability.busy import FACTS, FRESH, Busy, Known
from together.store.models import BusyBlock, BusyReading, CalendarRow, Integration

WINDOW = Span.of(NOW + DAY, NOW + 2 * DAY)
UNTIL = NOW + 60 * DAY
BUSY = [(NOW + DAY + HOUR, NOW + DAY + 2 * HOUR)]
DARK = Known(Spans(), Spans([WINDOW]), None)
TOLD = Known(Spans.of(BUSY), Spans(), NOW)


@pytest.fixture
def diaries() -> Diaries:
    return Diaries()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def busy(diaries: Diaries, clock: FakeClock) -> Busy:
    return Busy(diaries, clock, patience=0.5)


async def one(busy: Busy, integration: Integration, window: Span = WINDOW) -> Known:
    integration = await Integration.get(id=integration.id)
    return (await busy.known([integration], window, until=UNTIL))[integration.id]


async def test_read_once(world: World, diaries: Diaries, busy: Busy):
    """A calendar is read for the whole horizon; the next question is answered from the store."""
    ada = await connect(world.ada)
    diaries.of(world.ada).busy = BUSY
    assert await one(busy, ada) == TOLD
    elsewhere = Span.of(NOW + 30 * DAY, NOW + 59 * DAY)
    assert await one(busy, ada, elsewhere) == Known(Spans(), Spans(), NOW)
    assert diaries.calls == {world.ada.id: ["busy"]}
    reading = await BusyReading.get(integration_id=ada.id)
    assert (reading.starts, reading.ends, reading.complete) == (
        NOW - NOW % DAY,
        UNTIL - UNTIL % DAY + 2 * DAY,
        True,
    )
    assert (await Integration.get(id=ada.id)).read_at == NOW


async def test_fresh_for_a_quarter_of_an_hour(
    world: World, diaries: Diaries, busy: Busy, clock: FakeClock
):
    """What is older than a quarter of an hour is read again, and replaces what was there."""
    ada = await connect(world.ada)
    diaries.of(world.ada).busy = BUSY
    await one(busy, ada)
    diaries.of(world.ada).busy = []
    clock.forward(FRESH - 1)
    assert await one(busy, ada) == TOLD
    clock.forward(1)
    assert await one(busy, ada) == Known(Spans(), Spans(), NOW + FRESH)
    assert await BusyBlock.filter(integration_id=ada.id).count() == 0
    assert await BusyReading.filter(integration_id=ada.id).count() == 1


async def test_asked_at_once(world: World, diaries: Diaries, busy: Busy):
    """However many ask at the same time, a calendar is read once, and two at the same time."""
    pair = [await connect(world.ada), await connect(world.ben)]
    book = diaries.of(world.ada)
    book.gate = asyncio.Event()
    askers = [asyncio.create_task(busy.known(pair, WINDOW, until=UNTIL)) for _ in range(20)]
    await diaries.of(world.ada).called("busy")
    await diaries.of(world.ben).called("busy")
    book.gate.set()
    await asyncio.gather(*askers)
    assert diaries.calls == {world.ada.id: ["busy"], world.ben.id: ["busy"]}


async def test_one_asker_leaves(world: World, diaries: Diaries, busy: Busy):
    """An asker who is cancelled takes the reading from nobody."""
    ada = await connect(world.ada)
    book = diaries.of(world.ada)
    book.gate, book.busy = asyncio.Event(), BUSY
    first = asyncio.create_task(one(busy, ada))
    await book.called("busy")
    second = asyncio.create_task(one(busy, ada))
    await asyncio.sleep(0.02)
    first.cancel()
    book.gate.set()
    assert await second == TOLD
    assert book.calls == ["busy"]


async def test_too_slow(world: World, diaries: Diaries, clock: FakeClock):
    """A service that is too slow is not waited for; what it says late helps the next question."""
    busy = Busy(diaries, clock, patience=0.05)
    ada = await connect(world.ada)
    book = diaries.of(world.ada)
    book.gate, book.busy = asyncio.Event(), BUSY
    assert await one(busy, ada) == DARK
    book.gate.set()
    for _ in range(100):
        if (known := await one(busy, ada)) == TOLD:
            break
        await asyncio.sleep(0.02)
    assert known == TOLD
    assert book.calls == ["busy"]


async def test_partly_unread(world: World, diaries: Diaries, busy: Busy):
    """With one calendar unread, what the others do not fill is unknown."""
    ada = await connect(world.ada)
    diaries.of(world.ada).busy = BUSY
    diaries.of(world.ada).unread = {"other": "notFound"}
    await CalendarRow.create(
        organization_id=ada.organization_id, integration_id=ada.id, external_id="other",
        name="Other", counts=True,
    )  # fmt: skip
    expected = Known(Spans.of(BUSY), Spans([WINDOW]) - Spans.of(BUSY), NOW)
    assert await one(busy, ada) == expected
    assert await one(busy, ada) == expected
    assert diaries.of(world.ada).calls == ["busy"]


@pytest.mark.parametrize("error", [ProviderUnavailable(), RateLimited(), Misconfigured()])
async def test_outage(world: World, diaries: Diaries, busy: Busy, clock: FakeClock, error):
    """During an outage what is stored counts for a day, and then nothing is known."""
    ada = await connect(world.ada)
    diaries.of(world.ada).busy = BUSY
    await one(busy, ada)
    diaries.of(world.ada).always = error
    window = Span.of(NOW + DAY + HOUR, NOW + 2 * DAY)
    clock.forward(FACTS - 1)
    assert await one(busy, ada, window) == TOLD
    clock.forward(1)
    assert await one(busy, ada, window) == Known(Spans(), Spans([window]), None)


async def test_left_alone(world: World, diaries: Diaries, busy: Busy, clock: FakeClock):
    """A service that failed is left alone for as long as it asks, and half a minute at least."""
    ada = await connect(world.ada)
    diaries.of(world.ada).failing = [ProviderUnavailable()]
    assert [await one(busy, ada) for _ in range(3)] == [DARK] * 3
    assert diaries.of(world.ada).calls == ["busy"]
    clock.forward(30)
    assert (await one(busy, ada)).unknown == Spans()
    assert (await Integration.get(id=ada.id)).unreadable_since is None


async def test_consent_gone(world: World, diaries: Diaries, busy: Busy):
    """A lost grant is said at once, and nothing is known with it."""
    ada = await connect(world.ada)
    diaries.of(world.ada).always = AuthorizationExpired()
    assert await one(busy, ada) == Known.nothing(WINDOW, lost=True)
    assert (await Integration.get(id=ada.id)).state == "NEEDS_RECONNECT"


@pytest.mark.parametrize("how", ["raised", "deleted"])
async def test_disconnected_meanwhile(world: World, diaries: Diaries, busy: Busy, how: str):
    """A reading that began before a disconnection stores nothing after it, wherever it stood."""
    ada = await connect(world.ada)
    book = diaries.of(world.ada)
    book.gate, book.busy = asyncio.Event(), BUSY
    asked = asyncio.create_task(one(busy, ada))
    await book.called("busy")
    if how == "deleted":
        await CalendarRow.filter(integration_id=ada.id).delete()
        await Integration.filter(id=ada.id).delete()
    else:
        await Integration.filter(id=ada.id).update(generation=1)
    book.gate.set()
    assert await asked == Known.nothing(WINDOW, lost=True)
    assert (await BusyReading.all().count(), await BusyBlock.all().count()) == (0, 0)


async def test_these_minutes_now(world: World, diaries: Diaries, busy: Busy):
    """For a booking the minutes are read now, whatever is stored; what fails is not checked."""
    ada, ben = await connect(world.ada), await connect(world.ben)
    await busy.known([ada, ben], WINDOW, until=UNTIL)
    diaries.of(world.ada).busy = diaries.of(world.ben).busy = BUSY
    diaries.of(world.ben).always = ProviderUnavailable()
    span = Span.of(*BUSY[0])
    assert await busy.at([ada, ben], span) == {
        ada.id: Known(Spans([span]), Spans(), NOW),
        ben.id: Known(Spans(), Spans([span]), NOW),
    }
    assert await BusyBlock.all().count() == 0


async def test_stored_busy_counts(world: World, diaries: Diaries, busy: Busy):
    """While the service is out of reach, what is stored as busy is busy, and the rest unchecked."""
    ada = await connect(world.ada)
    diaries.of(world.ada).busy = BUSY
    await busy.known([ada], WINDOW, until=UNTIL)
    diaries.of(world.ada).always = ProviderUnavailable()
    starts, ends = BUSY[0]
    span = Span.of(starts - HOUR, ends)
    assert await busy.at([ada], span) == {
        ada.id: Known(Spans.of(BUSY), Spans.of([(starts - HOUR, starts)]), NOW)
    }


async def test_forgotten_after_a_day(world: World, diaries: Diaries, busy: Busy):
    """Blocks older than a day are deleted, and those of others stay."""
    ada, ben = await connect(world.ada), await connect(world.ben)
    diaries.of(world.ada).busy = diaries.of(world.ben).busy = BUSY
    await busy.known([ada, ben], WINDOW, until=UNTIL)
    await BusyReading.filter(integration_id=ada.id).update(read_at=NOW - DAY)
    assert await busy_blocks.forget(before=NOW) == 1
    assert await BusyBlock.all().values_list("integration_id", flat=True) == [ben.id]
    assert await BusyReading.all().values_list("integration_id", flat=True) == [ben.id]
