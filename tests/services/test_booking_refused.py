"""Booking says no in words that tell nothing hidden, and recovers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.services.asking import NINE, TUESDAY, request, rows
from tests.services.diary import ALL, Diaries, connect, viewer
from tests.world import DAY, HOUR, MINUTE, NOW, FakeClock, World, session
from together.domain.spans import Span
from together.providers.values import Capability
from together.services.availability.busy import Busy
from together.services.refusals import (
    DurationNotOffered,
    InvalidInput,
    MatchHasEnded,
    NotFound,
    OutsideHours,
    OverBusyTime,
    Refusal,
    SlotUnavailable,
    TooFarAhead,
    TooManySessions,
    TooSoon,
    UnknownZone,
    VideoUnavailable,
)
from together.services.sessions import taking
from together.services.sessions.booking import Bookings, Video
from together.store.models import (
    Holiday,
    HoursException,
    Organization,
)

REFUSALS = [
    ({"match_uid": "nothing"}, NotFound),
    ({"zone": "Mars/Olympus"}, UnknownZone),
    ({"duration": 50}, DurationNotOffered),
    ({"start": NINE + 60}, InvalidInput),
    ({"start": -1}, InvalidInput),
    ({"start": 10**18}, InvalidInput),
    ({"place": "a\nb"}, InvalidInput),
    ({"place": "\u202eevil"}, InvalidInput),
    ({"client_key": ""}, InvalidInput),
    ({"client_key": "  "}, InvalidInput),
    ({"client_key": "k" * 201}, InvalidInput),
    ({"start": NOW + 3 * HOUR}, TooSoon),
    ({"start": NOW - DAY}, TooSoon),
    ({"start": NOW + 61 * DAY}, TooFarAhead),
    ({"start": NINE + 12 * HOUR}, OutsideHours),
]


@pytest.mark.parametrize(("change", "refusal"), REFUSALS)
async def test_refused_and_recovers(world: World, bookings: Bookings, change, refusal):
    """What is refused leaves nothing behind, and the same key serves for the next try."""
    with pytest.raises(refusal) as refused:
        await bookings.book(viewer(world.ada), request(world, **change))
    assert type(refused.value) is refusal
    assert await rows() == dict.fromkeys(await rows(), 0)
    await bookings.book(viewer(world.ada), request(world))
    assert (await rows())["Booking"] == 1


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (15, "Sessions start at :00, :15, :30 or :45."),
        (30, "Sessions start at :00 or :30."),
        (60, "Sessions start at :00."),
    ],
)
async def test_the_grid_is_said_in_minutes(world: World, bookings: Bookings, step: int, words: str):
    """A start that is not on the grid is refused with the minutes at which sessions start."""
    await Organization.filter(id=world.saltmarsh.id).update(policy={"step": step})
    with pytest.raises(InvalidInput) as refused:
        await bookings.book(viewer(world.ada), request(world, start=NINE + 60))
    assert (refused.value.field, refused.value.message) == ("start", words)


async def test_a_blank_client_key_cancels_nothing(world: World, bookings: Bookings):
    """A key of spaces is refused where a session is cancelled too, and the session stands."""
    booking = (await bookings.book(viewer(world.ada), request(world))).booking
    for blank in ("", " "):
        with pytest.raises(InvalidInput) as refused:
            await bookings.cancel(viewer(world.ada), booking.uid, client_key=blank)
        assert refused.value.field == "clientKey"
    await booking.refresh_from_db()
    assert booking.state == "CONFIRMED"


@pytest.mark.parametrize("slug", ["memory_meet", "nothing"])
async def test_video_unavailable(world: World, bookings: Bookings, slug: str):
    """A service that the booker's own calendar cannot carry is refused."""
    if slug == "nothing":
        await connect(world.ada)
    with pytest.raises(VideoUnavailable):
        await bookings.book(viewer(world.ada), request(world, video=Video.by(slug)))
    assert await rows() == dict.fromkeys(await rows(), 0)


async def test_others_matches(world: World, bookings: Bookings):
    """Matches of others and ended ones are not booked."""
    for uid in (world.foreign_match.uid, world.other_match.uid):
        with pytest.raises(NotFound):
            await bookings.book(viewer(world.ben), request(world, match_uid=uid))
    with pytest.raises(MatchHasEnded):
        await bookings.book(viewer(world.elin), request(world, match_uid=world.ended_match.uid))


async def test_outside_hours(world: World, bookings: Bookings):
    """Outside weekly hours a session is booked by saying so, and by nothing else."""
    evening = request(world, start=NINE + 12 * HOUR, outside_hours=True)
    booked = await bookings.book(viewer(world.ada), evening)
    assert booked.booking.starts == NINE + 12 * HOUR


async def test_away(world: World, bookings: Bookings):
    """A day away or a holiday is a taken time, also for who means it outside the hours."""
    await HoursException.create(
        organization_id=world.ben.organization_id, member_id=world.ben.id, date="2026-12-01",
        windows=[],
    )  # fmt: skip
    await Holiday.create(organization_id=world.ben.organization_id, date="2026-12-02", name="H")
    for start in (NINE, NINE + DAY):
        with pytest.raises(SlotUnavailable):
            await bookings.book(viewer(world.ada), request(world, start=start, outside_hours=True))


async def test_a_taken_time_is_one_word(world: World, bookings: Bookings):
    """Another session, its buffer and somebody's cap are refused in the same words and fields."""
    await Organization.filter(id=world.saltmarsh.id).update(policy={"buffer_after": 15})
    await session(
        world.other_match, world.ada, world.dev, starts=NINE, ends=NINE + HOUR + 15 * MINUTE
    )
    said = []
    for start in (NINE, NINE + HOUR, NINE - 15 * MINUTE):
        with pytest.raises(SlotUnavailable) as refused:
            await bookings.book(viewer(world.ben), request(world, start=start))
        said.append((refused.value.message, sorted(vars(refused.value))))
        assert len(refused.value.alternatives) == 5
    await Organization.filter(id=world.saltmarsh.id).update(policy={"per_day": 1})
    with pytest.raises(SlotUnavailable) as refused:
        await bookings.book(viewer(world.ben), request(world, start=NINE + 4 * HOUR))
    said.append((refused.value.message, sorted(vars(refused.value))))
    assert said[1:] == [said[0]] * 3


async def test_alternatives(world: World, diaries: Diaries, bookings: Bookings):
    """The alternatives are the nearest starts at which everybody the viewer sees is known free."""
    ada = await connect(world.ada)
    await session(world.other_match, world.ada, world.dev, starts=NINE, ends=NINE + HOUR)
    diaries.of(world.ada).busy = [(NINE - HOUR, NINE)]
    await Busy(diaries, FakeClock()).known(
        [ada], _day(TUESDAY), until=NOW + 60 * DAY
    )  # what is stored serves here
    with pytest.raises(SlotUnavailable) as refused:
        await bookings.book(viewer(world.ada), request(world))
    after = NINE + HOUR
    assert refused.value.alternatives == tuple(after + n * 15 * MINUTE for n in range(5))


def _day(start: int) -> Span:
    return Span.of(start, start + DAY)


async def test_over_busy_time(world: World, diaries: Diaries, bookings: Bookings):
    """Over a busy block that the viewer sees a session is booked only by saying so."""
    await connect(world.ada)
    await connect(world.ben)
    diaries.of(world.ben).busy = [(NINE + 44 * MINUTE, NINE + HOUR)]
    with pytest.raises(OverBusyTime):
        await bookings.book(viewer(world.ada), request(world))
    await bookings.book(viewer(world.ada), request(world, over_busy=True))


async def test_hidden_calendars_do_not_refuse(
    world: World, diaries: Diaries, bookings: Bookings, statements
):
    """To a booker who is not integrated, nothing about booking shows the other's calendar."""
    said = []
    for world_number in range(3):
        if world_number == 1:
            await connect(world.ada)
        diaries.of(world.ada).busy = [(NOW, NOW + 60 * DAY)] if world_number == 2 else []
        statements.clear()
        booked = await bookings.book(
            viewer(world.ben), request(world, client_key=f"key-{world_number}")
        )
        with pytest.raises(SlotUnavailable) as refused:
            await bookings.book(viewer(world.ben), request(world, client_key="another"))
        again = await bookings.cancel(viewer(world.ben), booked.booking.uid)
        said.append(
            (
                list(statements), booked.unchecked, booked.booking.video, again.state,
                refused.value.message, refused.value.alternatives, dict(diaries.calls),
            )
        )  # fmt: skip
    assert said[1:] == [said[0]] * 2


async def test_sixty_open_sessions(world: World, bookings: Bookings, monkeypatch):
    """A match has a limit of sessions ahead; those that are over or cancelled do not count."""
    monkeypatch.setattr(taking, "MOST_OPEN", 2)
    first = await bookings.book(viewer(world.ada), request(world))
    await bookings.book(viewer(world.ada), request(world, start=NINE + HOUR, client_key="2"))
    third = request(world, start=NINE + 2 * HOUR, client_key="3")
    with pytest.raises(TooManySessions):
        await bookings.book(viewer(world.ada), third)
    await bookings.cancel(viewer(world.ben), first.booking.uid)
    await bookings.book(viewer(world.ada), third)


async def test_too_many_changes(world: World, bookings: Bookings, clock, monkeypatch):
    """Bookings and cancellations of a match within an hour have a limit; of another, their own."""
    monkeypatch.setattr(taking, "MOST_CHANGES", 2)
    first = await bookings.book(viewer(world.ada), request(world))
    await bookings.cancel(viewer(world.ben), first.booking.uid)
    again = request(world, client_key="2")
    with pytest.raises(TooManySessions):
        await bookings.book(viewer(world.ben), again)
    other = request(world, match_uid=world.other_match.uid, client_key="3")
    await bookings.book(viewer(world.dev), other)
    clock.forward(HOUR)
    await bookings.book(viewer(world.ben), replace(again, start=again.start + HOUR))


def test_every_refusal_is_an_answer():
    """What booking raises is a refusal with words, never a fault."""
    assert all(issubclass(refusal, Refusal) for _, refusal in REFUSALS)
    assert ALL == Capability.FREE_BUSY | Capability.EVENTS
