"""What the tests of services share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from tests.services.desk import Desk
from tests.services.diary import REGISTRY, Diaries, viewer
from tests.services.office import Office
from tests.services.planning import wanted
from tests.services.secretary import Secretary
from tests.smtp import mailboxes
from tests.world import FakeClock, World
from together.services.availability.busy import Busy
from together.services.availability.free_times import Availabilities
from together.services.sessions.booking import Bookings
from together.services.sessions.series import SeriesBookings
from together.services.sessions.series_rescheduling import SeriesRescheduling
from together.store.models import Booking
from together.store.postgres import PostgresStore, PostgresTransaction
from together.store.sqlite import SqliteStore, SqliteTransaction


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that is sent to the database, with its values where they are inlined."""
    sent: list[str] = []
    for client in (SqliteStore, SqliteTransaction, PostgresStore, PostgresTransaction):
        names = ["execute_query", "execute_insert", "execute_many"]
        if client in (PostgresStore, PostgresTransaction):
            names.append("execute_query_dict")  # SQLite's goes through `execute_query`
        for name in names:
            monkeypatch.setattr(client, name, _told(getattr(client, name), sent))
    return sent


def _told(call, sent: list[str]):
    async def tell(self, query: str, *arguments, **named):
        sent.append(query)
        return await call(self, query, *arguments, **named)

    return tell


@pytest.fixture
def diaries() -> Diaries:
    return Diaries()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def woken() -> list[str]:
    return []


@pytest.fixture
def bookings(diaries: Diaries, clock: FakeClock, woken: list[str]) -> Bookings:
    return Bookings(
        busy=Busy(diaries, clock, patience=0.5),
        registry=REGISTRY,
        clock=clock,
        wake=lambda: woken.append("woken"),
    )


@pytest.fixture
def series(diaries: Diaries, clock: FakeClock, woken: list[str]) -> SeriesBookings:
    return SeriesBookings(
        busy=Busy(diaries, clock, patience=0.5),
        registry=REGISTRY,
        clock=clock,
        wake=lambda: woken.append("woken"),
    )


@pytest.fixture
def moving(diaries: Diaries, clock: FakeClock, woken: list[str]) -> SeriesRescheduling:
    return SeriesRescheduling(
        busy=Busy(diaries, clock, patience=0.5), clock=clock, wake=lambda: woken.append("woken")
    )


@pytest.fixture
async def booked(world: World, series: SeriesBookings, woken: list[str]) -> Sequence[Booking]:
    """Four Tuesdays at ten in Stockholm."""
    made = (await series.book(viewer(world.ada), wanted(world))).bookings
    woken.clear()
    return made


@pytest.fixture
def available(diaries: Diaries, clock: FakeClock) -> Availabilities:
    return Availabilities(Busy(diaries, clock), clock)


@pytest.fixture
async def desk(world: World) -> Desk:
    return Desk(world)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with mailboxes() as boxes:
        yield Office(boxes)


@pytest.fixture
async def secretary(world: World) -> AsyncIterator[Secretary]:
    async with mailboxes() as boxes:
        yield Secretary(world, boxes)
