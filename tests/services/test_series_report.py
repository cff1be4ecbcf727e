"""A report of a series says which sessions conflict, as far as who asks may know."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.services.asking import NINE, rows
from tests.services.diary import Diaries, connect, viewer
from tests.services.planning import question, refused, states, wanted
from tests.world import DAY, HOUR, World, session
from together.providers.errors import AuthorizationExpired, ProviderUnavailable
from together.services.availability.values import Cell
from together.services.sessions.series import SeriesBookings
from together.store.models import ClientKey, Holiday, HoursException, Organization

WEEK = 7 * DAY


async def test_nothing_in_the_way(world: World, series: SeriesBookings):
    """Where nothing is in the way, that is what is said, and nobody's time is called free."""
    told = await series.check(viewer(world.ada), question(world))
    assert (states(told), told.conflicts, told.as_of) == (["BOOKABLE"] * 4, False, None)
    assert [each.time.starts for each in told.occurrences] == [NINE + n * WEEK for n in range(4)]
    assert {cell for each in told.occurrences for cell in each.cells.values()} == {Cell.UNKNOWN}
    assert await rows() == dict.fromkeys(await rows(), 0)


async def test_each_kind_of_conflict(world: World, diaries: Diaries, series: SeriesBookings):
    """Sessions, days away, hours and calendars are told apart; only the bookable are free."""
    await connect(world.ada)
    await connect(world.ben)
    await session(world.other_match, world.ada, world.dev, starts=NINE + WEEK)
    diaries.of(world.ben).busy.append((NINE + 2 * WEEK, NINE + 2 * WEEK + HOUR))
    here = {"organization_id": world.saltmarsh.id, "member_id": world.ben.id}
    await HoursException.create(**here, date="2026-12-22", windows=[["14:00", "17:00"]])
    await Holiday.create(organization_id=world.saltmarsh.id, date="2026-12-29", name="Holiday")
    told = await series.check(viewer(world.ada), question(world, count=6, skip=frozenset({6})))
    assert states(told) == [
        "BOOKABLE", "UNAVAILABLE", "BUSY", "UNAVAILABLE", "UNAVAILABLE", "LEFT_OUT",
    ]  # fmt: skip
    assert [each.cells[world.ben.id].name for each in told.occurrences] == [
        "FREE", "FREE", "BUSY", "FREE", "FREE", "FREE",
    ]  # fmt: skip
    assert [bool(each.alternatives) for each in told.occurrences] == [
        False, True, True, True, True, False,
    ]  # fmt: skip


async def test_all_or_nothing(world: World, series: SeriesBookings):
    """One conflict keeps all from being booked; what is left out or moved is no conflict."""
    await session(world.other_match, world.dev, world.ada, starts=NINE + WEEK)
    told = await refused(series, world.ada, world)
    assert states(told) == ["BOOKABLE", "UNAVAILABLE", "BOOKABLE", "BOOKABLE"]
    assert (await rows())["Booking"] == 1
    other = told.occurrences[1].alternatives[0]
    booked = await series.book(viewer(world.ada), wanted(world, instead={2: other}))
    assert [each.starts for each in booked.bookings] == [
        NINE, other, NINE + 2 * WEEK, NINE + 3 * WEEK,
    ]  # fmt: skip
    left = wanted(
        world, start=NINE + 2 * HOUR, client_key="2", skip=frozenset({2}), outside_hours=True
    )
    assert len((await series.book(viewer(world.ada), left)).bookings) == 3


async def test_alternatives_can_be_had(world: World, diaries: Diaries, series: SeriesBookings):
    """Every alternative of every session, taken in its place, is bookable past the horizon too."""
    await connect(world.ada)
    await Organization.filter(id=world.saltmarsh.id).update(
        policy={"horizon_days": 3, "buffer_after": 30}
    )
    for n in (0, 3):
        diaries.of(world.ada).busy.append((NINE + n * WEEK, NINE + n * WEEK + 2 * HOUR))
    told = await series.check(viewer(world.ada), question(world))
    assert states(told) == ["BUSY", "BOOKABLE", "BOOKABLE", "BUSY"]
    first, *_, last = told.occurrences
    assert (len(first.alternatives), len(last.alternatives)) == (5, 5)
    for one, other in zip(first.alternatives, last.alternatives, strict=True):
        moved = question(world, instead={1: one, 4: other})
        assert states(await series.check(viewer(world.ada), moved)) == ["BOOKABLE"] * 4


async def test_over_busy_and_outside_hours(world: World, diaries: Diaries, series: SeriesBookings):
    """Over busy time and outside hours a series is booked by saying so, and by nothing else."""
    await connect(world.ada)
    late = {"start": NINE + 12 * HOUR}
    diaries.of(world.ada).busy.append((NINE + 12 * HOUR, NINE + 13 * HOUR))
    assert states(await refused(series, world.ada, world, **late)) == ["OUTSIDE_HOURS"] * 4
    told = await refused(series, world.ada, world, **late, outside_hours=True)
    assert states(told) == ["BUSY", "BOOKABLE", "BOOKABLE", "BOOKABLE"]
    said = {"outside_hours": True, "over_busy": True}
    await series.book(viewer(world.ada), wanted(world, **late, **said))
    told = await refused(series, world.ada, world, **late, **said, client_key="2")
    assert states(told) == ["UNAVAILABLE"] * 4


@pytest.mark.parametrize("what", ["nothing", "busy", "unreadable", "lost"])
async def test_who_is_not_integrated_learns_nothing(
    world: World, diaries: Diaries, series: SeriesBookings, statements: list[str], what: str
):
    """For Ben, who is not integrated, it is all the same how Ada's calendar stands."""
    plain = await _told(world, series, statements)
    if what != "nothing":
        await connect(world.ada)
    book = diaries.of(world.ada)
    book.busy += [(NINE, NINE + HOUR)] if what == "busy" else []
    book.always = {"unreadable": ProviderUnavailable(), "lost": AuthorizationExpired()}.get(what)
    assert await _told(world, series, statements) == plain
    assert diaries.calls == {}


async def _told(
    world: World, series: SeriesBookings, statements: list[str]
) -> tuple[str, str, str, int]:
    statements.clear()
    checked = repr(await series.check(viewer(world.ben), question(world)))
    booked = await series.book(viewer(world.ben), wanted(world))
    taken = repr(await refused(series, world.ben, world, client_key="2"))
    sent = len(statements)
    await booked.series.delete()
    await ClientKey.all().delete()
    return checked, repr([each.starts for each in booked.bookings]), taken, sent


async def test_unreadable_is_not_free(world: World, diaries: Diaries, series: SeriesBookings):
    """A calendar that cannot be read is unknown, and its owner's time is offered nowhere else."""
    await connect(world.ada)
    await connect(world.ben)
    diaries.of(world.ben).always = ProviderUnavailable()
    await session(world.other_match, world.dev, world.ada, starts=NINE)
    told = await series.check(viewer(world.ada), question(world))
    assert states(told) == ["UNAVAILABLE", "BOOKABLE", "BOOKABLE", "BOOKABLE"]
    assert {each.cells[world.ben.id] for each in told.occurrences} == {Cell.UNKNOWN}
    assert told.occurrences[0].alternatives == ()


async def test_a_lost_consent(world: World, diaries: Diaries, series: SeriesBookings):
    """A consent that turns out to be gone counts at once: nothing of the other is seen."""
    await connect(world.ada)
    await connect(world.ben)
    diaries.of(world.ada).always = AuthorizationExpired()
    diaries.of(world.ben).busy.append((NINE, NINE + HOUR))
    booked = await series.book(viewer(world.ada), wanted(world))
    assert ({each.video for each in booked.bookings}, booked.unchecked) == ({None}, [])


async def test_caps(world: World, series: SeriesBookings):
    """A cap is a conflict in the same word as a session, and sessions of a series count for it."""
    await Organization.filter(id=world.saltmarsh.id).update(policy={"per_week": 1})
    await session(world.other_match, world.dev, world.ada, starts=NINE + WEEK + DAY)
    told = await refused(series, world.ada, world)
    assert states(told) == ["BOOKABLE", "UNAVAILABLE", "BOOKABLE", "BOOKABLE"]
    assert told.occurrences[1].alternatives == ()
    booked = await series.book(viewer(world.ada), wanted(world, skip=frozenset({2})))
    assert [each.occurrence for each in booked.bookings] == [1, 3, 4]


async def test_one_week_of_somebody_elses_clock(world: World, series: SeriesBookings):
    """Two sessions a week apart here can lie in one week there: the cap of that week holds."""
    rules = {"per_week": 1, "horizon_days": 366}
    await Organization.filter(id=world.saltmarsh.id).update(policy=rules)
    # Half past midnight on Monday for both; then the clocks change in Stockholm, and not in Lagos.
    monday = datetime(2027, 3, 22, 0, 30, tzinfo=ZoneInfo("Europe/Stockholm"))
    asked = {"start": int(monday.timestamp()), "outside_hours": True, "count": 3}
    told = await refused(series, world.ada, world, **asked)
    assert states(told) == ["BOOKABLE", "UNAVAILABLE", "BOOKABLE"]
    booked = await series.book(viewer(world.ada), wanted(world, **asked, skip=frozenset({2})))
    assert [each.occurrence for each in booked.bookings] == [1, 3]
