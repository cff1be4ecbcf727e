"""Who is told what about when a match can meet."""

from __future__ import annotations

from datetime import date

from tests.services.diary import Diaries, connect, viewer
from tests.services.looking import TUESDAY, ask, at
from tests.world import DAY, HOUR, MINUTE, NOW, FakeClock, World, session
from together.domain.integration import Standing
from together.domain.spans import Spans
from together.providers.errors import AuthorizationExpired, ProviderUnavailable
from together.services.availability.busy import Busy
from together.services.availability.free_times import Availabilities, Cell, Day, Empty


async def test_both_integrated(world: World, diaries: Diaries, available: Availabilities):
    """Two integrated people see each other's free and busy times and every slot of the hours."""
    await connect(world.ada)
    await connect(world.ben)
    diaries.of(world.ada).busy = [(at(8), at(10))]
    diaries.of(world.ben).busy = [(at(9), at(12)), (at(20), at(21))]
    answer = await ask(available, world.ada, world, duration=60)
    starts = [at(8) + quarter * 15 * MINUTE for quarter in range(29)]
    assert list(answer.slots.starts) == starts
    ada, ben = (answer.slots.cells[each.id] for each in (world.ada, world.ben))
    assert ada == bytes([Cell.BUSY] * 8 + [Cell.FREE] * 21)
    assert ben == bytes([Cell.FREE] + [Cell.BUSY] * 15 + [Cell.FREE] * 13)
    assert [
        (each.member.id, each.role, each.standing, each.free, each.busy, each.unknown)
        for each in answer.people
    ] == [
        (
            world.ada.id, "MENTOR", Standing.INTEGRATED,
            Spans.of([(at(10), at(16))]), Spans.of([(at(8), at(10))]), Spans(),
        ),
        (
            world.ben.id, "MENTEE", Standing.INTEGRATED,
            Spans.of([(at(8), at(9)), (at(12), at(16))]),
            Spans.of([(at(9), at(12)), (at(20), at(21))]), Spans(),
        ),
    ]  # fmt: skip
    assert answer.days == [Day(date(2026, 12, 1), 29, 13), Day(date(2026, 12, 2), 0, 0)]
    assert (answer.as_of, answer.empty_because, answer.own_hours_only) == (NOW, None, False)


async def test_only_free(world: World, diaries: Diaries, available: Availabilities):
    """Asked for free slots only, those stay in which everybody who is seen is free."""
    await connect(world.ada)
    await connect(world.ben)
    diaries.of(world.ben).busy = [(at(8), at(15))]
    answer = await ask(available, world.ada, world, duration=60, only_free=True)
    assert list(answer.slots.starts) == [at(15)]
    assert answer.days == [Day(date(2026, 12, 1), 1, 1), Day(date(2026, 12, 2), 0, 0)]
    diaries.of(world.ben).busy = [(at(0), at(24))]
    answer = await Availabilities(Busy(diaries, FakeClock(NOW + HOUR)), FakeClock(NOW + HOUR)).of(
        viewer(world.ada), world.match.uid, start=TUESDAY, end=TUESDAY + DAY,
        zone="Europe/Stockholm", duration=60, only_free=True,
    )  # fmt: skip
    assert (list(answer.slots.starts), answer.empty_because) == ([], Empty.NOBODY_FREE)


async def test_other_not_integrated(world: World, diaries: Diaries, available: Availabilities):
    """An integrated viewer sees their own times and that the other is not integrated."""
    await connect(world.ada)
    answer = await ask(available, world.ada, world, duration=60)
    assert set(answer.slots.cells[world.ben.id]) == {Cell.UNKNOWN}
    assert set(answer.slots.cells[world.ada.id]) == {Cell.FREE}
    assert [(each.standing, each.busy) for each in answer.people] == [
        (Standing.INTEGRATED, Spans()),
        (Standing.NOT_INTEGRATED, None),
    ]
    assert diaries.calls == {world.ada.id: ["busy"]}


async def test_viewer_not_integrated(
    world: World, diaries: Diaries, available: Availabilities, statements
):
    """For a viewer who is not integrated, nothing depends on the other's calendar: not a byte."""
    worlds = []

    async def look() -> None:
        statements.clear()
        answer = await ask(available, world.ben, world, only_free=True)
        checks = await available.check(
            viewer(world.ben), world.match.uid, starts=[at(9), at(3)],
            zone="Europe/Stockholm", duration=45,
        )  # fmt: skip
        worlds.append((repr(answer), repr(checks), list(statements), dict(diaries.calls)))

    await look()
    integration = await connect(world.ada)
    await look()
    diaries.of(world.ada).busy = [(NOW, NOW + 60 * DAY)]
    await look()
    integration.state = "NEEDS_RECONNECT"
    await integration.save()
    await look()
    integration.state, integration.since = "ACTIVE", NOW - 9 * DAY
    await integration.save()
    await look()
    assert worlds[1:] == [worlds[0]] * 4


async def test_nothing_said(world: World, available: Availabilities):
    """With nobody integrated there are plain slots, and nothing is said about either calendar."""
    answer = await ask(available, world.ada, world)
    assert len(answer.slots) == 30
    assert {code for row in answer.slots.cells.values() for code in row} == {Cell.UNKNOWN}
    assert [(each.standing, each.free, each.busy, each.unknown) for each in answer.people] == [
        (Standing.NOT_INTEGRATED, None, None, None),
        (None, None, None, None),
    ]
    assert answer.days == [Day(date(2026, 12, 1), 30, None), Day(date(2026, 12, 2), 0, None)]
    assert answer.as_of is None


async def test_unreadable(world: World, diaries: Diaries, available: Availabilities):
    """A calendar that cannot be read is unknown, and never free."""
    await connect(world.ada)
    await connect(world.ben)
    diaries.of(world.ben).always = ProviderUnavailable()
    answer = await ask(available, world.ada, world, duration=60)
    assert set(answer.slots.cells[world.ben.id]) == {Cell.UNKNOWN}
    assert answer.people[1].free == Spans()
    assert answer.people[1].unknown == Spans.of([(TUESDAY, TUESDAY + DAY)])
    again = await ask(available, world.ada, world, duration=60)
    assert again.people[1].standing is Standing.UNREADABLE_NOW


async def test_lost_grant(world: World, diaries: Diaries, available: Availabilities):
    """A consent that turns out to be gone while it is used hides what it no longer buys."""
    await connect(world.ada)
    await connect(world.ben)
    diaries.of(world.ada).always = AuthorizationExpired()
    answer = await ask(available, world.ada, world)
    assert [each.standing for each in answer.people] == [Standing.NOT_INTEGRATED, None]
    assert [each.busy for each in answer.people] == [None, None]


async def test_nobody_asked_for_a_day(
    world: World, diaries: Diaries, available: Availabilities, clock: FakeClock
):
    """A calendar that nobody read for a day is read again, and counts again."""
    for member in (world.ada, world.ben):
        await connect(member, since=NOW - 9 * DAY, read_at=NOW - 2 * DAY)
    answer = await ask(available, world.ada, world)
    assert [each.standing for each in answer.people] == [Standing.INTEGRATED] * 2
    diaries.of(world.ben).always = ProviderUnavailable()
    clock.forward(2 * DAY)
    answer = await ask(available, world.ada, world, start=at(0) + 2 * DAY, end=at(0) + 3 * DAY)
    assert [each.standing for each in answer.people] == [
        Standing.INTEGRATED,
        Standing.NOT_INTEGRATED,
    ]


async def test_few_statements(world: World, available: Availabilities, statements):
    """A pair's answer takes at most eight statements, however many sessions there are."""
    await connect(world.ada)
    await connect(world.ben)
    await ask(available, world.ada, world)
    counts = set()
    for hour in (0, 9, 10, 11):
        if hour:
            await session(
                world.other_match, world.ada, world.dev, starts=at(hour), ends=at(hour + 1)
            )
        statements.clear()
        await ask(available, world.ada, world)
        counts.add(len(statements))
    assert counts == {7}
