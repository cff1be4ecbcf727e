"""Changes in a calendar are asked for, taken over, and followed by what is stored of it."""

from __future__ import annotations

import asyncio

import pytest
from tortoise.expressions import Subquery

from tests.services.estate import Estate
from tests.services.lookout import KEY, URL, Lookout
from tests.world import DAY, HOUR, NOW, World
from together.domain.spans import Span
from together.providers.values import Answer
from together.services.connections.choosing import Choice, Choosing
from together.services.syncing.rounds import Rounds
from together.store.models import (
    Booking,
    BookingState,
    CalendarRow,
    CalendarSync,
    Integration,
    MatchState,
    Member,
    Participant,
    Seat,
    Watch,
)

OWN = Span.of(NOW + 2 * DAY, NOW + 2 * DAY + HOUR)


@pytest.fixture
async def lookout(world: World) -> Lookout:
    return Lookout(world)


async def test_a_connected_calendar_is_watched(lookout: Lookout):
    """A calendar that counts is brought in, watched and given a place to go on from."""
    integration = await lookout.connect()
    sync, watch = await lookout.sync(), await lookout.watch()
    await integration.refresh_from_db()
    assert (sync.external_id, sync.cursor, sync.synced_at, sync.leased_until, sync.reason) == (
        "home",
        str(len(lookout.town.sandbox.state["changes"])),
        NOW,
        None,
        None,
    )
    assert (watch.provider, watch.generation, integration.watched_until) == (
        "memory",
        0,
        watch.expires_at,
    )
    assert NOW + 6 * DAY < watch.expires_at <= NOW + 7 * DAY
    assert watch.renew_at == watch.expires_at - (watch.expires_at - NOW) // 3


async def test_a_session_moved_in_the_calendar_is_moved(lookout: Lookout):
    """A move that a notification tells of is the session's, and told again changes nothing."""
    booking = await lookout.booked(integration=await lookout.connect())
    await lookout.run()
    later = Span.of(booking.starts + 2 * HOUR, booking.ends + 2 * HOUR)
    lookout.town.sandbox.move(KEY, later)
    assert await lookout.heard() == 1
    await booking.refresh_from_db()
    assert (booking.starts, booking.ends) == (later.starts, later.ends)
    before = dict(booking)
    assert await lookout.run() == 1
    await booking.refresh_from_db()
    assert dict(booking) == before


async def test_a_session_deleted_in_the_calendar_is_cancelled(lookout: Lookout):
    """Whoever deletes the organizer's event has cancelled the session."""
    booking = await lookout.booked(integration=await lookout.connect())
    await lookout.run()
    lookout.town.sandbox.delete(KEY)
    await lookout.heard()
    await booking.refresh_from_db()
    assert booking.state is BookingState.CANCELLED


async def test_an_answer_in_the_calendar_is_seen(lookout: Lookout):
    """A guest's answer to the organizer's event is their answer to the session."""
    booking = await lookout.booked(integration=await lookout.connect())
    await lookout.run()
    lookout.town.sandbox.answer(KEY, lookout.world.ben.email, Answer.DECLINED)
    await lookout.heard()
    seat = await Seat.get(booking_id=booking.id, member_id=lookout.world.ben.id)
    assert seat.answer == "DECLINED"


async def test_busy_times_are_read_again(lookout: Lookout):
    """Something of one's own that is told of is busy without anybody asking."""
    await lookout.connect()
    await lookout.read()
    assert await lookout.blocks() == []
    lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
    assert await lookout.heard() == 1
    assert await lookout.blocks() == [(OWN.starts, OWN.ends)]


async def test_without_a_notification_its_turn_finds_it(lookout: Lookout):
    """A change that nobody told of is found when it is the calendar's turn."""
    await lookout.connect()
    await lookout.read()
    lookout.town.sandbox.silent = True
    lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
    assert await lookout.heard() == 0
    assert await lookout.run() == 1
    assert await lookout.blocks() == [(OWN.starts, OWN.ends)]


async def test_what_does_not_count_is_not_read(lookout: Lookout):
    """Nothing is read of a calendar whose busy times nobody has looked at yet."""
    await lookout.connect()
    lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
    await lookout.heard()
    assert lookout.asked("POST /busy") == 0


async def test_a_dead_cursor_reads_everything_ahead(lookout: Lookout):
    """Where the service forgot what has changed, every session ahead is read."""
    booking = await lookout.booked(integration=await lookout.connect())
    await lookout.run()
    lookout.town.sandbox.silent = True
    later = Span.of(booking.starts + 2 * HOUR, booking.ends + 2 * HOUR)
    lookout.town.sandbox.move(KEY, later)
    lookout.town.sandbox.forget_changes()
    await lookout.run()
    await booking.refresh_from_db()
    assert booking.starts == later.starts
    assert (await lookout.sync()).cursor == str(len(lookout.town.sandbox.state["changes"]))


async def test_nobody_is_watched_where_no_service_reaches_us(world: World):
    """At an address of this machine nothing is watched, and changes are asked for."""
    lookout = Lookout(world, public_url="http://127.0.0.1:8000")
    integration = await lookout.connect()
    await integration.refresh_from_db()
    assert (await Watch.all().count(), integration.watched_until) == (0, 0)
    assert (await lookout.sync()).cursor is not None


async def test_a_calendar_that_counts_no_more_is_let_go(lookout: Lookout):
    """A calendar that is chosen no more is unwatched, unless a session ahead stands in it."""
    booking = await lookout.booked(integration=await lookout.connect())
    await CalendarRow.all().update(counts=False, receives=False)
    assert await lookout.syncing.tidy() == 0
    await Booking.filter(id=booking.id).update(state=BookingState.CANCELLED)
    assert await lookout.syncing.tidy() == 1
    assert (await CalendarSync.all().count(), await Watch.all().count()) == (0, 0)
    assert lookout.town.sandbox.state["watches"] == {}


@pytest.mark.parametrize(("watched", "minutes"), [(True, 30), (False, 15)])
async def test_how_long_busy_times_are_facts(world: World, watched: bool, minutes: int):
    """Read once, they are facts for half an hour where all that counts is watched, or a quarter."""
    lookout = Lookout(world, public_url=URL if watched else None)
    await lookout.connect()
    await lookout.read()
    connection = await Integration.get(member_id=world.ada.id)
    for seconds, times, known in ((minutes * 60 - 1, 1, True), (1, 2, False)):
        lookout.town.clock.forward(seconds)
        held = await lookout.busy.stored([connection], OWN)
        assert (held[connection.id].as_of == NOW) is known
        await lookout.read()
        assert lookout.asked("POST /busy") == times


async def test_another_choice_is_not_watched_yet(lookout: Lookout):
    """Once other calendars count, the quarter of an hour holds until those are watched."""
    lookout.town.sandbox.add_account(lookout.world.ada.email, calendars=("home", "work"))
    integration = await lookout.connect()
    choosing = Choosing(lookout.town.grants, lookout.busy, lookout.town.clock)
    work = await CalendarRow.get(external_id="work")
    await choosing.choose(lookout.ada, Choice([work.uid], receiving_stays=True))
    await integration.refresh_from_db()
    assert integration.watched_until == 0
    await lookout.run()
    await integration.refresh_from_db()
    assert integration.watched_until > NOW
    # Where sessions are written to is watched, too.
    assert await Watch.all().count() == 2


async def test_the_worker_does_all_of_it(lookout: Lookout):
    """A worker that runs brings a calendar in, watches it, and follows what is told."""
    await lookout.town.connect(lookout.world.ada)
    await lookout.read()
    stop, rounds = asyncio.Event(), Rounds(lookout.syncing, glance=0.05, arrange=0.05)
    running = asyncio.create_task(rounds.run(stop))
    async with asyncio.timeout(20):
        while not await CalendarSync.exists(cursor__not_isnull=True):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        lookout.town.sandbox.add_busy(lookout.world.ada.email, OWN)
        while not await lookout.blocks():  # noqa: ASYNC110  (it comes by itself)
            await asyncio.sleep(0.05)
    stop.set()
    await running
    assert await lookout.blocks() == [(OWN.starts, OWN.ends)]


async def test_a_managed_calendar_is_synced_of_who_is_matched(world: World):
    """By an organization's consent only of who is in an active match; turned off, of nobody."""
    estate = Estate(world)
    await estate.activated()
    lookout = Lookout(world, town=estate.town)
    await lookout.run()
    matched = Participant.filter(match__state=MatchState.ACTIVE).values("member_id")
    people = Member.filter(organization_id=world.saltmarsh.id, id__in=Subquery(matched))
    for _ in range(3):
        await lookout.run()
    watched = CalendarSync.filter(cursor__not_isnull=True)
    assert {row.integration.member_id for row in await watched.select_related("integration")} == {
        each.id for each in await people
    }
    await estate.service.turn_off(estate.chiara, provider="memory")
    await estate.work()
    assert (await CalendarSync.all().count(), await Watch.all().count()) == (0, 0)
    assert await lookout.run() == 0
