"""Who wants it is reminded of a session a day and an hour ahead, in words made when it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.desk import NINE
from tests.services.diary import REGISTRY, connect
from tests.services.reminding import REMINDS, look, want
from tests.services.secretary import Secretary
from tests.world import DAY, HOUR, MINUTE, NOW, match, session
from together.services.outbox.mail import Mails
from together.services.people.profile import Reminder
from together.store.models import (
    Booking,
    BookingState,
    Job,
    JobState,
    Match,
    Member,
    Seat,
)

PLAIN = """\
Hello Ben Okafor,

You have a session with Ada Lindqvist: Mentoring session, Tuesday 1
December 2026, 10:00 (Africa/Lagos), 45 minutes.

Place: The library

You have not said yet whether you come.

You are reminded a day and an hour ahead. Your profile in Together says
so.

Together, for Saltmarsh Institute
"""


async def test_a_day_and_an_hour_ahead(secretary: Secretary):
    """Everybody in it gets one mail a day ahead and one an hour ahead, however often one looks."""
    await secretary.book()
    told = {
        minutes: who
        for minutes in range(26 * 60, -10, -5)
        if (who := await look(secretary, NINE - minutes * MINUTE))
    }
    assert told == {24 * 60: ["ada", "ben"], 60: ["ada", "ben"]}
    assert len({str(each.message["Message-ID"]) for each in secretary.boxes.arrived}) == 4


async def test_what_it_says(secretary: Secretary):
    """With whom, when by the clock of its reader, and where; no agenda and no link to answer."""
    booking = await secretary.book(place="The library")
    await Booking.filter(id=booking.id).update(agenda="Agenda-mark")
    await look(secretary, NINE - DAY)
    [ben] = [
        each for each in secretary.boxes.arrived if each.receivers == [secretary.world.ben.email]
    ]
    assert ben.part("plain").replace("\r\n", "\n") == PLAIN
    subject = str(ben.message["Subject"])
    assert subject == "Reminder: Mentoring session, Tue 1 Dec 2026, 10:00"
    said = "".join(each.message.as_string() for each in secretary.boxes.arrived)
    assert ("Agenda-mark" in said, "http" in said) == (False, False)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"join_url": "https://meet.example.net/abc"}, "Join: https://meet.example.net/abc"),
        ({}, "Its video link is still being made."),
        ({"link_given_up": True}, "Its video link could not be made."),
    ],
)
async def test_where(secretary: Secretary, change: dict[str, Any], words: str):
    """The link stands in it, or how far it has come."""
    booking = await secretary.book()
    await Booking.filter(id=booking.id).update(video="memory_meet", **change)
    await look(secretary, NINE - HOUR)
    assert words in secretary.boxes.arrived[0].part("plain")


async def test_to_those_who_want_them(secretary: Secretary):
    """Everybody says for themselves: a day ahead, an hour ahead, both, which is the default, or no.

    What is wanted later than its moment is not sent any more.
    """
    ada, ben = secretary.world.ada, secretary.world.ben
    await secretary.book()
    await want(ada, Reminder.HOUR_AHEAD)
    assert await look(secretary, NINE - DAY) == ["ben"]
    await want(ada, Reminder.DAY_AHEAD)
    assert await look(secretary, NINE - 20 * HOUR) == []
    await want(ben)
    assert await look(secretary, NINE - HOUR) == []


@pytest.mark.parametrize(
    "how", ["cancelled", "ended", "left", "declined", "moved", "unwanted", "begun"]
)
async def test_not_any_more(secretary: Secretary, how: str):
    """What was written down is not sent once there is nothing to remind somebody of."""
    booking = await secretary.book()
    secretary.clock.now = NINE - HOUR
    assert await secretary.delivery.mails.remind_of_sessions() == 2
    match how:
        case "cancelled":
            await secretary.cancel(booking)
        case "ended":
            await Match.all().update(state="ENDED")
        case "left":
            await Member.filter(id=secretary.world.ben.id).update(active=False)
        case "declined":
            await Seat.all().update(answer="DECLINED")
        case "moved":
            await secretary.move(booking, NINE + 5 * HOUR)
        case "unwanted":
            for who in (secretary.world.ada, secretary.world.ben):
                await want(who)
        case "begun":
            secretary.clock.now = NINE
    assert await look(secretary, secretary.clock.now) == []
    reminding = Job.filter(kind__in=REMINDS)
    assert set(await reminding.values_list("state", flat=True)) == {JobState.DONE}


async def test_never_of_these(secretary: Secretary):
    """Nothing is written down of sessions that are cancelled, declined, closed or took place."""
    world = secretary.world
    await session(world.match, world.ada, world.ben, starts=NINE, state=BookingState.CANCELLED)
    await session(world.ended_match, world.elin, world.farid, starts=NINE)
    done = await session(world.other_match, world.ada, world.dev, starts=NINE - 3 * DAY)
    await Booking.filter(id=done.id).update(logged=True, done_at=NOW)
    declined = await secretary.book(start=NINE + 2 * HOUR)
    await Seat.filter(booking_id=declined.id).update(answer="DECLINED")
    left = await match(world.elin, world.hana)
    await session(left, world.elin, world.hana, starts=NINE + HOUR)
    await Member.filter(id__in=[world.elin.id, world.hana.id]).update(active=False)
    assert await look(secretary, NINE - HOUR) == []
    assert await Job.filter(kind__in=REMINDS).count() == 0


async def test_disputed(secretary: Secretary):
    """A session that overlaps another one of somebody still takes place, and is reminded of."""
    booking = await secretary.book()
    await Booking.filter(id=booking.id).update(state=BookingState.CONFLICT)
    await Seat.all().update(live=False)
    assert await look(secretary, NINE - HOUR) == ["ada", "ben"]


async def test_nothing_hidden(secretary: Secretary):
    """A reminder says the same, whatever calendar anybody else has connected."""
    said = []
    for n in range(2):
        if n:
            await connect(secretary.world.ben)
            await connect(secretary.world.dev)
        await secretary.book(start=NINE + n * DAY)
        await look(secretary, NINE + n * DAY - DAY)
        *_, mine = [
            each.part("plain")
            for each in secretary.boxes.arrived
            if each.receivers == [secretary.world.ada.email]
        ]
        said.append(" ".join(mine.replace("Wednesday 2", "Tuesday 1").split()))
    assert said[0] == said[1]


async def test_across_the_line(secretary: Secretary):
    """Whoever is reminded is so by their own organization, of their own session."""
    world = secretary.world
    await secretary.book()
    await session(world.foreign_match, world.mira, world.nils, starts=NINE)
    assert await look(secretary, NINE - HOUR) == ["ada", "ben", "mira", "nils"]
    signed = {
        each.receivers[0].rpartition("@")[2]: each.part("plain").strip().splitlines()[-1]
        for each in secretary.boxes.arrived
    }
    assert signed == {
        "saltmarsh.example.org": "Together, for Saltmarsh Institute",
        "northlight.example.com": "Together, for Northlight Guild",
    }


async def test_without_a_mail_server(secretary: Secretary, capsys: pytest.CaptureFixture[str]):
    """Where mails are printed, reminders are, too."""
    await secretary.book()
    secretary.delivery.mails = Mails(REGISTRY, secretary.clock)
    await look(secretary, NINE - DAY)
    assert capsys.readouterr().out.count("Subject: Reminder: Mentoring session") == 2
