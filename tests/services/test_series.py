"""A series is booked whole, each session for itself, and cancelled from any of them on."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.services.asking import NINE, request, rows
from tests.services.diary import Diaries, connect, viewer
from tests.services.planning import question, wanted
from tests.world import DAY, HOUR, MINUTE, NOW, FakeClock, World
from together.domain.recurrence import Repeats
from together.providers.errors import ProviderUnavailable
from together.services.refusals import (
    DurationNotOffered,
    InvalidInput,
    KeyReused,
    MatchHasEnded,
    NotFound,
    TooFarAhead,
    TooManySessions,
    TooSoon,
    UnknownZone,
    VideoUnavailable,
)
from together.services.sessions.booking import Bookings, Video
from together.services.sessions.series import SeriesBookings
from together.store.models import (
    Booking,
    CalendarEvent,
    History,
    Job,
    JobKind,
    Match,
    Organization,
    Seat,
    Series,
)

WEEK = 7 * DAY


async def test_plain(world: World, series: SeriesBookings, woken: list[str]):
    """Every session has its own row, seats, history and job, and the series says what it is."""
    booked = await series.book(viewer(world.ada), wanted(world, place="Room 5"))
    assert await Series.all().values_list(
        "id", "match_id", "booked_by_id", "rule", "zone", "begins_at", "count", "created_at"
    ) == [
        (
            booked.series.id, world.match.id, world.ada.id, "FREQ=WEEKLY;INTERVAL=1;BYDAY=TU",
            "Europe/Stockholm", NINE, 4, NOW,
        )
    ]  # fmt: skip
    starts = [NINE + n * WEEK for n in range(4)]
    sessions = await Booking.all().order_by("starts")
    assert [
        (each.starts, each.ends, each.occurrence, each.place, each.video, each.series_id)
        for each in sessions
    ] == [
        (start, start + 45 * MINUTE, n, "Room 5", None, booked.series.id)
        for n, start in enumerate(starts, 1)
    ]
    assert len({(each.uid, each.event_key) for each in sessions}) == 4
    assert [each.id for each in booked.bookings] == [each.id for each in sessions]
    assert await Seat.all().order_by("starts", "member_id").values_list(
        "member_id", "starts", "answer"
    ) == [
        (who.id, start, answer)
        for start in starts
        for who, answer in ((world.ada, "ACCEPTED"), (world.ben, "NEEDS_ACTION"))
    ]
    ids = [each.id for each in sessions]
    assert await Job.all().order_by("id").values_list("kind", "booking_id", "integration_id") == [
        (JobKind.WRITE_EVENT, each, None) for each in ids
    ]
    assert await History.all().order_by("id").values_list("booking_id", "what") == [
        (each, "BOOKED") for each in ids
    ]
    assert woken == ["woken"]


async def test_an_integrated_booker(world: World, diaries: Diaries, series: SeriesBookings):
    """Every session is to stand in the booker's calendar, which is read once for all of them."""
    ada = await connect(world.ada)
    await connect(world.ben)
    booked = await series.book(viewer(world.ada), wanted(world))
    ids = [each.id for each in booked.bookings]
    assert {each.video for each in booked.bookings} == {"memory_meet"}
    assert await CalendarEvent.all().order_by("id").values_list("booking_id", "integration_id") == [
        (each, ada.id) for each in ids
    ]
    assert await Job.all().order_by("id").values_list("booking_id", "integration_id") == [
        (each, place) for each in ids for place in (ada.id, None)
    ]
    assert diaries.calls == {world.ada.id: ["busy"], world.ben.id: ["busy"]}


async def test_the_clock_is_kept(world: World, series: SeriesBookings):
    """A year of Tuesdays at ten in Stockholm is at ten in Stockholm, in winter and summer."""
    booked = await series.book(viewer(world.ada), wanted(world, count=52))
    shown = {
        datetime.fromtimestamp(each.starts, ZoneInfo("Europe/Stockholm")).strftime("%a %H:%M")
        for each in booked.bookings
    }
    hours = {datetime.fromtimestamp(each.starts, UTC).hour for each in booked.bookings}
    assert (len(booked.bookings), shown, hours) == (52, {"Tue 10:00"}, {8, 9})


async def test_some_left_out_and_some_at_other_times(world: World, series: SeriesBookings):
    """What is left out is not booked, what is moved is where it was put, and numbers stay."""
    booked = await series.book(
        viewer(world.ada),
        wanted(world, skip=frozenset({2}), instead={3: NINE + 2 * WEEK + DAY, 4: NINE + 3 * WEEK}),
    )
    assert [(each.occurrence, each.starts) for each in booked.bookings] == [
        (1, NINE), (3, NINE + 2 * WEEK + DAY), (4, NINE + 3 * WEEK),
    ]  # fmt: skip
    assert (booked.series.count, await Booking.all().count()) == (4, 3)


async def test_as_many_statements_as_for_two(
    world: World, diaries: Diaries, series: SeriesBookings, bookings: Bookings, clock: FakeClock,
    statements: list[str],
):  # fmt: skip
    """Fifty-two sessions are booked, and cancelled, with as many statements as two."""
    await connect(world.ada)
    await connect(world.ben)
    counts = []
    for count in (2, 52):
        statements.clear()
        asked = wanted(world, count=count, client_key=f"{count}", zone="UTC")
        booked = await series.book(viewer(world.ada), asked)
        sent = len(statements)
        statements.clear()
        first = booked.bookings[0].uid
        await bookings.cancel_from(viewer(world.ada), first, client_key=f"{count}")
        counts.append((sent, len(statements)))
        await Booking.filter(series_id=booked.series.id).delete()
    assert counts[0] == counts[1]
    assert counts[0][0] < 40


REFUSALS = [
    ({"match_uid": "nothing"}, NotFound, None),
    ({"zone": "Mars/Olympus"}, UnknownZone, "zone"),
    ({"duration": 50}, DurationNotOffered, "duration"),
    ({"start": NINE + 60}, InvalidInput, "start"),
    ({"start": -1}, InvalidInput, "start"),
    ({"start": 10**18}, InvalidInput, "start"),
    ({"count": 1}, InvalidInput, "count"),
    ({"count": 53}, InvalidInput, "count"),
    ({"count": 28, "repeats": Repeats.EVERY_TWO_WEEKS}, InvalidInput, "count"),
    ({"count": 14, "repeats": Repeats.MONTHLY}, InvalidInput, "count"),
    ({"skip": frozenset({5})}, InvalidInput, "skip"),
    ({"skip": frozenset({0})}, InvalidInput, "skip"),
    ({"skip": frozenset({1, 2, 3, 4})}, InvalidInput, "skip"),
    ({"instead": {5: NINE}}, InvalidInput, "instead"),
    ({"instead": {1: NINE + 60}}, InvalidInput, "instead"),
    ({"instead": {1: NINE + 3 * DAY + 900}}, InvalidInput, "instead"),
    ({"instead": {1: NINE + DAY}, "skip": frozenset({1})}, InvalidInput, "instead"),
    ({"place": "a\nb"}, InvalidInput, "place"),
    ({"client_key": " "}, InvalidInput, "clientKey"),
    ({"start": NOW + 3 * HOUR}, TooSoon, None),
    ({"start": NOW - DAY}, TooSoon, None),
    ({"start": NOW + 61 * DAY}, TooFarAhead, None),
    ({"start": NINE, "skip": frozenset(range(1, 11)), "count": 12}, TooFarAhead, None),
    ({"video": Video.by("nothing")}, VideoUnavailable, None),
]


@pytest.mark.parametrize(("change", "refusal", "field"), REFUSALS)
async def test_refused_and_recovers(world: World, series: SeriesBookings, change, refusal, field):
    """What is refused leaves nothing behind, and the same key serves for the next try."""
    with pytest.raises(refusal) as caught:
        await series.book(viewer(world.ada), wanted(world, **change))
    assert (type(caught.value), getattr(caught.value, "field", None)) == (refusal, field)
    assert (await rows(), await Series.all().count()) == (dict.fromkeys(await rows(), 0), 0)
    await series.book(viewer(world.ada), wanted(world))
    assert (await rows())["Booking"] == 4


async def test_the_horizon_binds_the_first_alone(world: World, series: SeriesBookings):
    """A series reaches past the horizon, as long as its first session does not."""
    await Organization.filter(id=world.saltmarsh.id).update(policy={"horizon_days": 2})
    booked = await series.book(viewer(world.ada), wanted(world))
    assert booked.bookings[-1].starts == NINE + 3 * WEEK


async def test_sixty_open_sessions(world: World, series: SeriesBookings, bookings: Bookings):
    """A match has sixty open sessions at most, and a series that would bring more brings none."""
    await series.book(viewer(world.ada), wanted(world, count=52))
    more = wanted(world, count=9, start=NINE + 2 * HOUR, client_key="2")
    with pytest.raises(TooManySessions):
        await series.book(viewer(world.ada), more)
    await series.book(
        viewer(world.ada), wanted(world, count=8, start=NINE + 2 * HOUR, client_key="2")
    )
    assert await Booking.all().count() == 60
    with pytest.raises(TooManySessions):
        await bookings.book(viewer(world.ada), request(world, start=NINE + 4 * HOUR))


async def test_client_key(world: World, series: SeriesBookings, woken: list[str]):
    """The same key and input give the first series as it is now; another input is refused."""
    first = await series.book(viewer(world.ada), wanted(world))
    await Booking.filter(id=first.bookings[0].id).update(join_url="https://meet.example.net/x")
    again = await series.book(viewer(world.ada), wanted(world))
    assert ([each.id for each in again.bookings], again.series.id, again.bookings[0].join_url) == (
        [each.id for each in first.bookings], first.series.id, "https://meet.example.net/x",
    )  # fmt: skip
    for change in ({"count": 5}, {"skip": frozenset({2})}, {"instead": {2: NINE + WEEK + DAY}}):
        with pytest.raises(KeyReused):
            await series.book(viewer(world.ada), wanted(world, **change))
    await Match.filter(id=world.match.id).update(state="ENDED")
    assert (await series.book(viewer(world.ada), wanted(world))).series.id == first.series.id
    assert woken == ["woken"]


async def test_unchecked(world: World, diaries: Diaries, series: SeriesBookings):
    """With a calendar out of reach the series is booked, and it is said whose was not read."""
    await connect(world.ada)
    await connect(world.ben)
    diaries.of(world.ben).always = ProviderUnavailable()
    booked = await series.book(viewer(world.ada), wanted(world))
    assert [each.id for each in booked.unchecked] == [world.ben.id]


async def test_strangers(world: World, series: SeriesBookings, bookings: Bookings):
    """Whoever is not in the match neither checks, books nor cancels a series of it."""
    booked = await series.book(viewer(world.ada), wanted(world))
    for who in (world.dev, world.mira, world.chiara):
        with pytest.raises(NotFound):
            await series.check(viewer(who), question(world))
        with pytest.raises(NotFound):
            await series.book(viewer(who), wanted(world))
        with pytest.raises(NotFound):
            await bookings.cancel_from(viewer(who), booked.bookings[0].uid)
    with pytest.raises(MatchHasEnded):
        await series.book(viewer(world.elin), wanted(world, match_uid=world.ended_match.uid))
