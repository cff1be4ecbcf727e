"""The contract: what is read of a calendar, and what is written into it."""

from __future__ import annotations

import asyncio
import json

import pytest

from together.providers import Answer, Event, Gone, Sandbox, Spans
from together.testing.contract_fixtures import ADA, BEN, ContractFixtures, Day, Desk
from together.testing.wire import Wire


class CalendarsContract(ContractFixtures):
    """Tests of `Calendars` against the sandbox."""

    async def test_calendars_are_listed(self, desk: Desk) -> None:
        """The primary calendar comes first, ids differ, and there is one to write to."""
        calendars = await desk.calendars.list()
        assert [c.primary for c in calendars] == [True] + [False] * (len(calendars) - 1)
        assert len({c.id for c in calendars}) == len(calendars)
        assert any(c.writable for c in calendars)

    async def test_an_event_is_busy(self, day: Day) -> None:
        """An event makes its span busy, and not one instant more."""
        event = await day.calendars.create(day.draft(9, 10))
        assert event.span == day.hours(9, 10)
        assert await day.busy() == Spans([day.hours(9, 10)])

    async def test_busy_stays_in_the_window(self, day: Day) -> None:
        """An event that began before the window is busy only inside it."""
        await day.calendars.create(day.draft(8, 11))
        assert await day.busy(9, 12) == Spans([day.hours(9, 11)])
        assert await day.busy(9, 10) == Spans([day.hours(9, 10)])

    async def test_touching_the_window_is_free(self, day: Day) -> None:
        """An event that ends when the window starts is not in it."""
        await day.calendars.create(day.draft(8, 9))
        assert await day.busy(9, 12) == Spans()
        assert await day.busy(7, 8) == Spans()

    async def test_a_long_window_has_no_gap(self, day: Day) -> None:
        """A window of four months holds what a day of it holds, wherever it is cut."""
        events = [
            await day.calendars.create(day.draft(at, at + 1, key=f"c{n}"))
            for n, at in enumerate((1, 29 * 24.0, 59 * 24.5, 61 * 24.0, 90 * 24.0, 119 * 24.0))
        ]
        found = await day.busy(0, 120 * 24)
        assert all(Spans([event.span]) - found == Spans() for event in events)

    async def test_an_unknown_calendar_is_unread(self, day: Day) -> None:
        """A calendar that could not be read is named, never free; the others are read."""
        await day.calendars.create(day.draft(9, 10))
        unknown = "nobody@elsewhere.example"
        reading = await day.calendars.busy([day.home, unknown], day.hours(0, 24))
        assert list(reading.unread) == [unknown]
        assert reading.busy == Spans([day.hours(9, 10)])

    async def test_one_key_makes_one_event(self, day: Day) -> None:
        """Making an event again, as after a lost reply, does not make a second."""
        draft = day.draft(9, 10)
        assert await day.calendars.create(draft) == await day.calendars.create(draft)
        assert await day.busy() == Spans([day.hours(9, 10)])

    async def test_one_key_makes_one_event_at_once(self, day: Day) -> None:
        """Making an event twice at the same moment makes one."""
        draft = day.draft(9, 10)
        made = await asyncio.gather(*(day.calendars.create(draft) for _ in range(3)))
        assert made[0] == made[1] == made[2]

    async def test_a_key_that_is_used_keeps_its_event(self, day: Day) -> None:
        """Making another event with a key that is used gives the one that stands, unchanged."""
        event = await day.calendars.create(day.draft(9, 10, guests=(BEN,)))
        assert await day.calendars.create(day.draft(14, 15)) == event
        assert await day.busy() == Spans([day.hours(9, 10)])

    async def test_two_keys_make_two_events(self, day: Day) -> None:
        """Events with different keys stand beside each other."""
        first = await day.calendars.create(day.draft(9, 10, key="a1"))
        second = await day.calendars.create(day.draft(11, 12, key="b2"))
        assert first.id != second.id
        assert await day.busy() == Spans([day.hours(9, 10), day.hours(11, 12)])

    async def test_an_event_reads_as_it_was_written(self, day: Day) -> None:
        """Reading gives what making gave."""
        event = await day.calendars.create(day.draft(9, 10, guests=(BEN,)))
        assert await day.calendars.read(event) == event

    async def test_guests_are_invited(self, day: Day) -> None:
        """A guest who has not answered yet is told by address in folded case."""
        event = await day.calendars.create(day.draft(9, 10, guests=(BEN,)))
        assert event.answers == {BEN.casefold(): Answer.NEEDS_ACTION}

    async def test_a_moved_event_frees_its_old_span(self, day: Day) -> None:
        """After a move only the new span is busy, and the event keeps its id."""
        event = await day.calendars.create(day.draft(9, 10, guests=(BEN,)))
        moved = await day.calendars.update(event, day.draft(14, 15, guests=(BEN,)))
        assert (moved.id, moved.span) == (event.id, day.hours(14, 15))
        assert await day.busy() == Spans([day.hours(14, 15)])

    async def test_cancelling_twice_is_fine(self, day: Day) -> None:
        """What is gone stays gone, and nobody hears about it."""
        event = await day.calendars.create(day.draft(9, 10))
        await day.calendars.cancel(event)
        await day.calendars.cancel(event)
        assert await day.busy() == Spans()

    async def test_what_is_gone_is_gone(self, day: Day) -> None:
        """A cancelled event can be neither moved nor read nor made again with its key."""
        event = await day.calendars.create(day.draft(9, 10))
        await day.calendars.cancel(event)
        with pytest.raises(Gone):
            await day.calendars.update(event, day.draft(14, 15))
        with pytest.raises(Gone):
            await day.calendars.read(event)
        with pytest.raises(Gone):
            await day.calendars.create(day.draft(9, 10))
        assert await day.busy() == Spans()

    async def test_what_never_was_is_gone(self, day: Day) -> None:
        """An event that nobody made can be neither moved nor read, and cancelling it is fine."""
        never = Event("z9" * 16, day.home, day.hours(9, 10))
        with pytest.raises(Gone):
            await day.calendars.update(never, day.draft(14, 15, key="z9"))
        with pytest.raises(Gone):
            await day.calendars.read(never)
        await day.calendars.cancel(never)

    async def test_a_meeting_comes_when_asked_for(self, desk: Desk, day: Day) -> None:
        """A link comes, now or a little later, and follows a move; unasked there is none."""
        plain = await day.calendars.create(day.draft(7, 8, key="b2"))
        assert (plain.meeting, plain.meeting_pending) == (None, False)
        calendars = await desk.calendars.list()
        if not next(c for c in calendars if c.id == day.home).carries_meetings:
            return
        event = await day.calendars.create(day.draft(9, 10, wants_meeting=True))
        for _ in range(50):
            if not event.meeting_pending:
                break
            await asyncio.sleep(0.1)
            event = await day.calendars.read(event)
        assert event.meeting
        assert event.meeting.join_url.startswith("https://")
        moved = await day.calendars.update(event, day.draft(14, 15, wants_meeting=True))
        assert moved.meeting == event.meeting

    async def test_the_sandbox_outlives_its_process(
        self, sandbox: Sandbox, desk: Desk, day: Day, wire: Wire
    ) -> None:
        """What a sandbox gives as JSON brings its calendars back."""
        event = await day.calendars.create(day.draft(9, 10))
        kept = json.loads(json.dumps(sandbox.dump()))
        await day.calendars.cancel(event)
        sandbox.load(kept)
        assert await day.calendars.read(event) == event
        assert await day.busy() == Spans([day.hours(9, 10)])

    async def test_people_are_made_up_once(self, sandbox: Sandbox, wire: Wire) -> None:
        """Populating again changes nothing for whoever is there already."""
        before = json.dumps(sandbox.dump(), sort_keys=True)
        sandbox.populate([ADA])
        assert json.dumps(sandbox.dump(), sort_keys=True) == before
