"""However many book at once, and wherever they are cut off, a time is taken once and whole."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.asking import NINE, request, rows
from tests.services.diary import Diaries, connect, viewer
from tests.world import DAY, HOUR, World
from together.services.client_keys import Once
from together.services.refusals import (
    MatchHasEnded,
    SlotUnavailable,
)
from together.services.sessions import booking, taking
from together.services.sessions.booking import Bookings
from together.store.models import (
    Booking,
    CalendarEvent,
    CalendarRow,
    History,
    Integration,
    Job,
    Match,
    Member,
    Organization,
    Seat,
)
from together.store.transaction import transaction


async def test_same_key_at_once(world: World, bookings: Bookings):
    """The same request ten times at once books one session, and every answer names it."""
    asked = [bookings.book(viewer(world.ada), request(world)) for _ in range(10)]
    answers = await asyncio.gather(*asked)
    assert len({each.booking.id for each in answers}) == 1
    assert (await rows())["Booking"] == 1


async def test_same_key_for_two_matches_at_once(world: World, bookings: Bookings):
    """One key for two inputs at once: one session, and one clear no."""
    here = request(world)
    there = request(world, match_uid=world.other_match.uid, start=NINE + 2 * HOUR, zone="UTC")
    await Member.filter(id=world.dev.id).update(zone="UTC")
    answers = await asyncio.gather(
        *(bookings.book(viewer(world.ada), each) for each in (here, there)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in answers) == ["Booked", "KeyReused"]
    assert (await rows())["Booking"] == 1


async def test_one_key_cancels_two_sessions_at_once(
    world: World, bookings: Bookings, monkeypatch: pytest.MonkeyPatch
):
    """One is cancelled, the other stands, and whoever came second reads that the key is used."""
    ada = viewer(world.ada)
    both = [
        (await bookings.book(ada, request(world, start=NINE + n * HOUR, client_key=f"{n}"))).booking
        for n in range(2)
    ]
    remember, arrived = Once.remember, []

    async def at_once(self: Once, made_id: int, *, now: int) -> None:
        arrived.append(made_id)
        for _ in range(30):  # the other may have to wait for us to end
            if len(arrived) == 2:
                break
            await asyncio.sleep(0.01)
        await remember(self, made_id, now=now)

    monkeypatch.setattr(Once, "remember", at_once)
    answers = await asyncio.gather(
        *(bookings.cancel(ada, each.uid, client_key="one") for each in both),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in answers) == ["Booking", "KeyReused"]
    states = await Booking.all().values_list("state", flat=True)
    assert sorted(states) == ["CANCELLED", "CONFIRMED"]


async def test_fifty_at_once(world: World, diaries: Diaries, bookings: Bookings):
    """Fifty requests for one slot give one session and forty-nine clear answers."""
    await connect(world.ada)
    await connect(world.ben)
    people = [world.ada, world.ben]
    asked = [
        bookings.book(viewer(people[n % 2]), request(world, client_key=f"key-{n}"))
        for n in range(50)
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    refused = [each for each in answers if isinstance(each, Exception)]
    assert {type(each) for each in refused} == {SlotUnavailable}
    assert len(refused) == 49
    assert len({each.message for each in refused}) == 1
    assert (await rows())["Booking"] == 1
    assert await Seat.filter(live=True).count() == 2


async def test_one_person_two_matches_at_once(world: World, bookings: Bookings):
    """A person's two matches cannot both have one time, in whatever order they come."""
    await Member.filter(id=world.dev.id).update(zone="Europe/Stockholm")
    for n in range(6):
        start = NINE + n * HOUR
        answers = await asyncio.gather(
            *(
                bookings.book(
                    viewer(world.ada),
                    request(world, match_uid=match.uid, start=start, client_key=f"{n}-{match.id}"),
                )
                for match in (world.match, world.other_match)
            ),
            return_exceptions=True,
        )
        assert sorted(type(each).__name__ for each in answers) == ["Booked", "SlotUnavailable"]


async def test_caps_hold_at_once(world: World, bookings: Bookings):
    """A cap holds when two sessions are booked at once, for two matches of one person."""
    await Organization.filter(id=world.saltmarsh.id).update(policy={"per_day": 1})
    await Member.filter(id=world.dev.id).update(zone="Europe/Stockholm")
    answers = await asyncio.gather(
        *(
            bookings.book(
                viewer(world.ada),
                request(world, match_uid=match.uid, start=NINE + n * HOUR, client_key=f"{n}"),
            )
            for n, match in enumerate((world.match, world.other_match) * 3)
        ),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in answers) == ["Booked"] + ["SlotUnavailable"] * 5


@pytest.mark.parametrize("what", ["match", "member"])
async def test_ended_while_booking(
    world: World, diaries: Diaries, bookings: Bookings, monkeypatch, what: str
):
    """What ends between looking and taking is seen by the transaction that takes."""
    await connect(world.ada)
    take = taking.take

    async def late(plan: taking.Plan):
        if what == "match":
            await Match.filter(id=world.match.id).update(state="ENDED")
        if what == "member":
            await Member.filter(id=world.ben.id).update(active=False)
        return await take(plan)

    monkeypatch.setattr(taking, "take", late)
    with pytest.raises(MatchHasEnded):
        await bookings.book(viewer(world.ada), request(world))
    assert await rows() == dict.fromkeys(await rows(), 0)


@pytest.mark.parametrize("how", ["the same row", "another row", "gone", "again and again"])
async def test_the_organizer_changes_while_booking(
    world: World, diaries: Diaries, bookings: Bookings, monkeypatch, how: str
):
    """A calendar that comes back between looking and taking holds the event; what goes does not."""
    ada = await connect(world.ada)
    taken = 0

    async def late(work):
        nonlocal taken
        taken += 1
        if how == "again and again" or (how == "the same row" and taken == 1):
            await Integration.filter(id=ada.id).update(generation=taken)
        elif taken == 1:
            await CalendarRow.filter(integration_id=ada.id).delete()
            await Integration.filter(id=ada.id).delete()
            if how == "another row":
                await connect(world.ada)
        return await transaction(work)

    monkeypatch.setattr(booking, "transaction", late)
    booked = await bookings.book(viewer(world.ada), request(world))
    now = await Integration.get_or_none(member_id=world.ada.id)
    organizers = await CalendarEvent.all().values_list("integration_id", flat=True)
    video = booked.booking.video
    if how in ("the same row", "another row"):
        assert (organizers, video, taken) == ([now.id], "memory_meet", 2)
    else:
        assert (organizers, video, taken) == ([], None, 2)
    assert (await rows())["Booking"] == 1


async def test_cancelled_half_way(world: World, diaries: Diaries, bookings: Bookings):
    """A mutation cancelled anywhere leaves a whole session or none, and its key finds it."""
    await connect(world.ada)
    whole = 0
    for pause in range(25):
        start = NINE + (pause % 5) * HOUR + (pause // 5) * DAY
        asked = request(world, start=start, client_key=f"key-{pause}", outside_hours=True)
        task = asyncio.create_task(bookings.book(viewer(world.ada), asked))
        await asyncio.sleep(pause * 0.002)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        again = await bookings.book(viewer(world.ada), asked)
        mine = {"booking_id": again.booking.id}
        assert (
            await Seat.filter(**mine, live=True).count(),
            await Job.filter(**mine).count(),
            await History.filter(**mine).count(),
            await CalendarEvent.filter(**mine).count(),
        ) == (2, 2, 1, 1)
        whole += 1
    assert await Booking.all().count() == whole
