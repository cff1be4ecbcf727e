"""A lost grant is noticed by whichever comes first, once, and counts on both sides at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from itertools import combinations_with_replacement
from typing import Any

import pytest

from tests.services.asking import request
from tests.services.diary import REGISTRY, Diaries, connect, viewer
from tests.services.looking import ask, at
from tests.world import HOUR, NOW, FakeClock, World
from together.domain.integration import Standing
from together.domain.spans import Span
from together.providers.errors import AdminApprovalRequired, AuthorizationExpired
from together.services.availability.busy import Busy
from together.services.availability.free_times import Availabilities
from together.services.people.todos import TodoKind, Todos
from together.services.sessions.booking import Bookings
from together.store.models import Integration, Member

BOOKING, ANSWER, SWEEP = "a booking", "an availability answer", "the worker's sweep"
WAYS = (BOOKING, ANSWER, SWEEP)
LOST = ("NEEDS_RECONNECT", "AuthorizationExpired", NOW + 60)


@pytest.fixture(autouse=True)
def _told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "together.services.connections.trouble")


class Town:
    """Ada and Ben are connected, and Ben's grant is gone; each way is a process of its own."""

    def __init__(self, world: World, diaries: Diaries, clock: FakeClock) -> None:
        self.world, self.diaries, self.clock = world, diaries, clock

    def notices(self, way: str) -> Awaitable[Any]:
        busy = Busy(self.diaries, self.clock)
        if way == BOOKING:
            bookings = Bookings(busy=busy, registry=REGISTRY, clock=self.clock)
            return bookings.book(viewer(self.world.ada), request(self.world))
        if way == ANSWER:
            return ask(Availabilities(busy, self.clock), self.world.ada, self.world)
        return busy.sweep()

    async def stands(self) -> tuple[str, str | None, int]:
        row = await Integration.get(member_id=self.world.ben.id)
        return row.state.value, row.reason, row.since


@pytest.fixture
async def town(world: World, diaries: Diaries, clock: FakeClock) -> Town:
    for member in (world.ada, world.ben):
        await connect(member)
    diaries.of(world.ben).always = AuthorizationExpired()
    clock.forward(60)
    return Town(world, diaries, clock)


def changes(caplog: pytest.LogCaptureFixture) -> int:
    return caplog.text.count("needs its member: ")


@pytest.mark.parametrize("first", WAYS)
async def test_noticed_by_whichever_comes_first(town: Town, caplog, first: str):
    """One change is made, with the reason and the moment of the first notice, and one To-Do."""
    await town.notices(first)
    assert await town.stands() == LOST
    for way in WAYS:
        town.clock.forward(HOUR)
        await town.notices(way)
    assert (await town.stands(), changes(caplog)) == (LOST, 1)
    assert town.diaries.of(town.world.ben).calls == ["busy"]
    ben = viewer(town.world.ben)
    [todo] = [
        each
        for each in await Todos(REGISTRY, town.clock).of(ben)
        if each.kind is TodoKind.RECONNECT_CALENDAR
    ]
    assert (todo.since, todo.reason is not None) == (NOW + 60, True)


@pytest.mark.parametrize(("one", "other"), list(combinations_with_replacement(WAYS, 2)))
async def test_noticed_by_two_at_once(town: Town, caplog, one: str, other: str):
    """Two that ask the service at the same moment make one change, and the later moves nothing."""
    book = town.diaries.of(town.world.ben)
    book.gate = asyncio.Event()
    racing = [asyncio.ensure_future(town.notices(way)) for way in (one, other)]
    # Two sweeps share the calendars out, so that only one of them comes here.
    asking = 1 if one == other == SWEEP else 2
    async with asyncio.timeout(5):
        while len(book.calls) < asking:  # noqa: ASYNC110  (calls come from anywhere)
            await asyncio.sleep(0.01)
    book.gate.set()
    await asyncio.gather(*racing)
    assert (await town.stands(), changes(caplog)) == (LOST, 1)


async def test_a_later_notice_in_a_later_minute(town: Town, caplog):
    """Whoever is told an hour later by a call that began before changes nothing."""
    stale = await Integration.get(member_id=town.world.ben.id)
    await town.notices(ANSWER)
    town.clock.forward(HOUR)
    town.diaries.of(town.world.ben).always = AdminApprovalRequired()
    busy = Busy(town.diaries, town.clock)
    assert (await busy.at([stale], Span.of(at(9), at(10))))[stale.id].lost
    assert (await town.stands(), changes(caplog)) == (LOST, 1)


@pytest.mark.parametrize("first", WAYS)
async def test_not_integrated_on_both_sides_at_once(
    town: Town, available: Availabilities, first: str
):
    """The other sees no calendar of theirs any more, and they see none of the other's."""
    await town.notices(first)
    ada, ben = town.world.ada, town.world.ben
    calls = len(town.diaries.of(ada).calls)
    theirs = await ask(available, ben, town.world)
    assert _seen(theirs) == {
        ben.id: (Standing.NOT_INTEGRATED, None),
        ada.id: (None, None),
    }
    assert len(town.diaries.of(ada).calls) == calls
    [(standing, busy), other] = _seen(await ask(available, ada, town.world)).values()
    assert (standing, busy is None) == (Standing.INTEGRATED, False)
    assert other == (Standing.NOT_INTEGRATED, None)


@pytest.mark.parametrize("who", ["ada", "ben"])
async def test_the_answer_that_notices_shows_nothing_more(
    world: World, diaries: Diaries, available: Availabilities, who: str
):
    """Whichever side is lost, the very answer in which it turns out hides what it must."""
    for member in (world.ada, world.ben):
        await connect(member)
        diaries.of(member).busy = [(at(9), at(10))]
    lost: Member = getattr(world, who)
    diaries.of(lost).always = AuthorizationExpired()
    seen = _seen(await ask(available, world.ada, world))
    if lost.id == world.ada.id:
        assert seen == {
            world.ada.id: (Standing.NOT_INTEGRATED, None),
            world.ben.id: (None, None),
        }
        return
    assert seen[world.ada.id][0] is Standing.INTEGRATED
    assert seen[world.ben.id] == (Standing.NOT_INTEGRATED, None)


@pytest.mark.parametrize("who", ["ada", "ben"])
async def test_a_booking_that_notices(world: World, bookings: Bookings, diaries: Diaries, who: str):
    """The lost calendar's busy times stop nobody, nor do those it would have let them see."""
    for member in (world.ada, world.ben):
        await connect(member)
    lost: Member = getattr(world, who)
    other = world.ben if who == "ada" else world.ada
    diaries.of(lost).busy = [(at(9), at(10))]
    if who == "ada":
        diaries.of(other).busy = [(at(9), at(10))]
    diaries.of(lost).always = AuthorizationExpired()
    booked = await bookings.book(viewer(world.ada), request(world))
    assert booked.unchecked == []
    assert (await Integration.get(member_id=lost.id)).state == "NEEDS_RECONNECT"


def _seen(answer) -> dict[int, tuple[Standing | None, Any]]:
    return {each.member.id: (each.standing, each.busy) for each in answer.people}
