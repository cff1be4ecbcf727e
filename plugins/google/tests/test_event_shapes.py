"""What the plugin believes of an event that Google gives it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from together.domain.spans import Span, Spans
from together.providers import EventDraft, Misconfigured

ADA = "ada@saltmarsh.example.org"
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
KEY = "0123456789abcdefghijklmnopqrstuv"
HOUR = Span(NINE, NINE + timedelta(hours=1))
DRAFT = EventDraft(KEY, ADA, HOUR, "Mentoring session", wants_meeting=True)


@pytest.mark.parametrize(
    "uri",
    [
        "http://meet.google.com/abc-defg-hij",
        "https://meet.google.com@evil.example/abc",
        "https://meet.google.com.evil.example/abc",
        "https://evil.example/meet.google.com",
        "javascript:alert(1)//meet.google.com",
        "https://meet.google.com:444/abc",
        "https://meet.google.com/a\u202eb",
        7,
    ],
)
async def test_a_crooked_link_is_no_link(hands, checked_wire, uri):
    """Only https on Meet's own host and port is a join link."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    body = hands.sandbox.events(ADA)[0]
    point = {"entryPointType": "video", "uri": uri}
    body["conferenceData"] = {**body["conferenceData"], "entryPoints": [point]}
    checked_wire.answer = lambda request: httpx.Response(200, json=body)
    assert (await calendars.read(event)).meeting is None


async def test_an_event_made_all_day_is_read_in_its_calendars_zone(hands):
    """A date means the calendar's own day, and an update turns it into times again."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    stored = hands.sandbox.world.books[ADA].events[KEY]
    stored.body |= {"start": {"date": "2027-03-28"}, "end": {"date": "2027-03-29"}}
    stockholm = ZoneInfo("Europe/Stockholm")
    day = Span(datetime(2027, 3, 28, tzinfo=stockholm), datetime(2027, 3, 29, tzinfo=stockholm))
    assert day.duration == timedelta(hours=23)
    assert (await calendars.read(event)).span == day
    assert (await calendars.busy([ADA], Span(NINE, NINE + timedelta(days=40)))).busy == Spans([day])
    assert (await calendars.update(event, DRAFT)).span == HOUR


async def test_an_event_without_any_length_is_read_as_its_first_second(hands):
    """Somebody can give one no length, and it still stands somewhere."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    stored = hands.sandbox.world.books[ADA].events[KEY]
    stored.body |= {"end": stored.body["start"]}
    found = (await calendars.read(event)).span
    assert found == Span(event.span.start, event.span.start + timedelta(seconds=1))


@pytest.mark.parametrize(
    "change",
    [
        {"start": {"dateTime": "2027-03-01T09:00:00"}},
        {"start": {"date": "the first of March"}},
        {"start": {"dateTime": "2027-03-02T09:00:00Z"}},
        {"attendees": ["ben"]},
        {"conferenceData": {"entryPoints": ["here"], "conferenceSolution": {"key": 4}}},
        {"id": ""},
    ],
    ids=["no offset", "no date", "reversed", "no guest", "no conference", "no id"],
)
async def test_an_event_of_another_shape_is_the_operators(hands, checked_wire, change):
    """What is not as documented is not guessed at."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    body = {**hands.sandbox.events(ADA)[0], **change}
    checked_wire.answer = lambda request: httpx.Response(200, json=body)
    with pytest.raises(Misconfigured):
        await calendars.read(event)
