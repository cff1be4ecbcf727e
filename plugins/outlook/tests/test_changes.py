"""What an update changes and what it leaves alone, and what becomes of a Teams link."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from together.domain.spans import Span, Spans
from together.providers import Answer, Event, EventDraft, Gone, Misconfigured, Refused

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
FARID = "farid@saltmarsh.example.org"
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
KEY = "0123456789abcdefghijklmnopqrstuv"


def hours(start, end):
    return Span(NINE + timedelta(hours=start), NINE + timedelta(hours=end))


@pytest.fixture
async def ada(hands):
    return await hands.calendars(ADA)


@pytest.fixture
def draft(hands):
    home = hands.sandbox.world.default_book(ADA).id
    return EventDraft(
        KEY, home, hours(0, 1), "Mentoring session", guests=(BEN,), wants_meeting=True
    )


def stored(hands, event):
    return hands.sandbox.world.books[event.calendar_id].events[event.id].body


async def test_a_move_keeps_link_text_and_answers(hands, ada, draft, checked_wire):
    """Moving sends nothing about guests, text or meeting, so all of them stay as they are."""
    event = await ada.create(draft)
    text = stored(hands, event)["body"]
    hands.sandbox.answer(BEN, event.id, "accepted")
    moved = await ada.update(event, replace(draft, span=hours(3, 4)))
    assert moved == replace(event, span=hours(3, 4), answers={BEN: Answer.ACCEPTED})
    assert json.loads(checked_wire.seen[-1].content) == {
        "subject": "Mentoring session",
        "start": {"dateTime": "2027-03-01T12:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2027-03-01T13:00:00", "timeZone": "UTC"},
        "isAllDay": False,
        "showAs": "busy",
        "allowNewTimeProposals": False,
    }
    assert stored(hands, event)["body"] == text
    assert "teams.microsoft.com" in text["content"]
    assert hands.sandbox.world.mails[-1] == {"to": BEN, "event": event.id, "kind": "changed"}


async def test_a_new_guest_leaves_the_others_answers(hands, ada, draft):
    """A list of guests is replaced whole, and who stays keeps their answer."""
    event = await ada.create(draft)
    hands.sandbox.answer(BEN, event.id, "tentativelyAccepted")
    both = await ada.update(event, replace(draft, guests=(BEN.upper(), FARID)))
    assert both.answers == {BEN: Answer.TENTATIVE, FARID: Answer.NEEDS_ACTION}
    nobody = await ada.update(event, replace(draft, guests=()))
    assert nobody.answers == {}
    farid = await hands.calendars(FARID)
    theirs = hands.sandbox.world.default_book(FARID).id
    assert (await farid.busy([theirs], hours(-1, 5))).busy == Spans()


async def test_an_organizer_among_the_guests_is_none(hands, ada, draft, checked_wire):
    """Whoever invites is no guest, by address or by answer, and stays when guests change."""
    event = await ada.create(draft)
    body = stored(hands, event)
    host = {"emailAddress": {"address": ADA.upper()}, "type": "required"}
    other = {"emailAddress": {"address": "team@saltmarsh.example.org"}, "type": "required",
             "status": {"response": "organizer", "time": "0001-01-01T00:00:00Z"}}  # fmt: skip
    body["attendees"] += [host, other]
    checked_wire.answer = lambda request: httpx.Response(200, json=body)
    assert (await ada.read(event)).answers == {BEN: Answer.NEEDS_ACTION}
    await ada.update(event, replace(draft, guests=(FARID,)))
    assert json.loads(checked_wire.seen[-1].content)["attendees"] == [
        host,
        other,
        {"emailAddress": {"address": FARID}, "type": "required"},
    ]


async def test_a_place_comes_and_goes(hands, ada, draft):
    """A place is written, and taken away where the event has no meeting that says one."""
    event = await ada.create(replace(draft, wants_meeting=False, place="Room 4"))
    assert stored(hands, event)["location"]["displayName"] == "Room 4"
    await ada.update(event, replace(draft, wants_meeting=False))
    assert stored(hands, event)["location"]["displayName"] == ""


async def test_a_meeting_that_is_there_stays(hands, ada, draft, checked_wire):
    """Microsoft takes no meeting away, so a draft without one leaves it, and its place too."""
    event = await ada.create(draft)
    stored(hands, event)["location"] = {"displayName": "Microsoft Teams Meeting"}
    plain = await ada.update(event, replace(draft, wants_meeting=False))
    assert plain == event
    assert "location" not in json.loads(checked_wire.seen[-1].content)
    there = await ada.update(event, replace(draft, wants_meeting=False, place="Room 4"))
    assert there == event
    assert stored(hands, event)["location"]["displayName"] == "Room 4"


async def test_a_meeting_can_be_added(hands, ada, draft):
    """An event that was made without a link gets one with an update that wants it."""
    event = await ada.create(replace(draft, wants_meeting=False))
    assert (event.meeting, event.meeting_pending) == (None, False)
    assert (await ada.update(event, draft)).meeting is not None


async def test_a_pending_link_is_polled(hands, ada, draft):
    """The link is asked for once and comes with a later read."""
    hands.sandbox.switches.set({"teams_pending_polls": 2})
    event = await ada.create(draft)
    assert (event.meeting, event.meeting_pending) == (None, True)
    event = await ada.read(event)
    assert (event.meeting, event.meeting_pending) == (None, True)
    event = await ada.read(event)
    assert event.meeting is not None
    assert not event.meeting_pending


async def test_a_calendar_that_refuses_teams_gets_the_event_without_it(hands, ada, draft):
    """A refused link does not fail the event, and a move of it goes through all the same."""
    hands.sandbox.switches.set({"teams_refused": True})
    event = await ada.create(draft)
    assert (event.meeting, event.meeting_pending) == (None, False)
    assert not (await ada.list())[0].carries_meetings
    moved = await ada.update(event, replace(draft, span=hours(3, 4)))
    assert (moved.span, moved.meeting, moved.meeting_pending) == (hours(3, 4), None, False)


async def test_a_link_that_never_comes_stays_pending(hands, ada, draft):
    """A meeting that was taken and not made is waited for; nobody can ask for it again."""
    hands.sandbox.switches.set({"teams_fails": True})
    event = await ada.create(draft)
    assert (event.meeting, event.meeting_pending) == (None, True)
    assert await ada.read(event) == event


async def test_a_meeting_is_not_remade(hands, ada, draft, checked_wire):
    """Every change of an event is told to its guests, so that a link is not asked for again."""
    hands.sandbox.switches.set({"teams_refused": True})
    event = await ada.create(draft)
    calls = len(checked_wire.seen)
    with pytest.raises(Refused):
        await ada.remake_meeting(event, key=f"{KEY}-1")
    assert len(checked_wire.seen) == calls


async def test_a_link_to_another_host_is_not_believed(hands, ada, draft):
    """Whatever Graph answers, people are sent to Teams' own hosts or nowhere."""
    hands.sandbox.switches.set({"foreign_links": True})
    event = await ada.create(draft)
    assert (event.meeting, event.meeting_pending) == (None, False)


@pytest.mark.parametrize(
    ("link", "fine"),
    [
        ("https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0", True),
        ("https://teams.live.com/meet/9312345678", True),
        ("http://teams.microsoft.com/l/meetup-join/x", False),
        ("https://teams.microsoft.com@evil.example/x", False),
        ("https://teams.microsoft.com.evil.example/x", False),
        ("https://evil.example/teams.microsoft.com", False),
        ("javascript:alert(1)//teams.microsoft.com", False),
        ("https://teams.microsoft.com:444/x", False),
        ("https://teams.microsoft.com/a\u202eb", False),
        ("https://teams.microsoft.com/" + "x" * 2048, False),
    ],
)
async def test_a_crooked_link_is_no_link(hands, ada, draft, checked_wire, link, fine):
    """Only https on a host of Teams and its usual port is a join link."""
    event = await ada.create(draft)
    body = stored(hands, event) | {"onlineMeeting": {"joinUrl": link}}
    checked_wire.answer = lambda request: httpx.Response(200, json=body)
    read = await ada.read(event)
    assert (read.meeting is not None and read.meeting.join_url == link) is fine
    assert not read.meeting_pending


async def test_a_meeting_of_another_maker_is_not_waited_for(hands, ada, draft, checked_wire):
    """An event that is online elsewhere has no link of ours, now or later."""
    event = await ada.create(draft)
    elsewhere = {"onlineMeeting": None, "onlineMeetingProvider": "skypeForConsumer"}
    body = stored(hands, event) | elsewhere
    checked_wire.answer = lambda request: httpx.Response(200, json=body)
    read = await ada.read(event)
    assert (read.meeting, read.meeting_pending) == (None, False)


async def test_an_event_made_all_day_is_read_where_it_was_made(hands, ada, draft):
    """A whole day lies in the zone its owner chose it in, and an update makes it times again."""
    event = await ada.create(draft)
    stockholm = "W. Europe Standard Time"
    stored(hands, event).update(
        isAllDay=True,
        start={"dateTime": "2027-03-28T00:00:00.0000000", "timeZone": "UTC"},
        end={"dateTime": "2027-03-29T00:00:00.0000000", "timeZone": "UTC"},
        originalStartTimeZone=stockholm,
        originalEndTimeZone=stockholm,
    )
    zone = ZoneInfo("Europe/Stockholm")
    day = Span(datetime(2027, 3, 28, tzinfo=zone), datetime(2027, 3, 29, tzinfo=zone))
    assert (await ada.read(event)).span == day
    assert (await ada.update(event, draft)).span == hours(0, 1)


async def test_a_cancelled_event_is_gone_though_it_is_there(hands, ada, draft, checked_wire):
    """A guest's calendar keeps what was cancelled, and nothing of it can be read or changed."""
    event = await ada.create(draft)
    body = stored(hands, event) | {"isCancelled": True}
    checked_wire.answer = lambda request: httpx.Response(200, json=body)
    for call in (ada.read(event), ada.update(event, draft)):
        with pytest.raises(Gone):
            await call
    assert {request.method for request in checked_wire.seen[-2:]} == {"GET"}


@pytest.mark.parametrize(
    "change",
    [
        {"start": {"dateTime": "2027-03-01T09:00:00Z", "timeZone": "UTC"}},
        {"start": {"dateTime": "the first of March", "timeZone": "UTC"}},
        {"start": {"dateTime": "2027-03-02T09:00:00", "timeZone": "UTC"}},
        {"attendees": ["ben"]},
        {"attendees": [{"emailAddress": {"address": BEN}, "status": "accepted"}]},
        {"organizer": ADA},
        {"onlineMeeting": "here"},
        {"isOnlineMeeting": "yes"},
        {"isCancelled": "no"},
        {"id": ""},
    ],
    ids=[
        "offset", "no time", "reversed", "no guest", "no answer", "no organizer",
        "no meeting", "not online", "not cancelled", "no id",
    ],
)  # fmt: skip
async def test_an_event_of_another_shape_is_the_operators(hands, ada, draft, checked_wire, change):
    """What is not as documented is not guessed at."""
    event = await ada.create(draft)
    body = stored(hands, event) | change
    checked_wire.answer = lambda request: httpx.Response(200, json=body)
    with pytest.raises(Misconfigured):
        await ada.read(event)


async def test_an_event_without_any_length(hands, ada, draft, checked_wire):
    """One that somebody has given no length is read as its first second."""
    event = await ada.create(draft)
    body = stored(hands, event)
    body |= {"end": body["start"]}
    checked_wire.answer = lambda request: httpx.Response(200, json=body)
    found = await ada.read(event)
    assert found.span == Span.of(event.span.starts, event.span.starts + 1)


async def test_an_id_is_one_segment_of_an_address(ada, draft, checked_wire):
    """Exchange's ids hold = and /, and still name one event; none is a way around."""
    never = Event("AAMkAD/../../x=", draft.calendar_id, hours(0, 1))
    body = {"error": {"code": "ErrorItemNotFound", "message": ""}}
    checked_wire.answer = lambda request: httpx.Response(404, json=body)
    with pytest.raises(Gone):
        await ada.read(never)
    place = checked_wire.seen[-1].url.raw_path.partition(b"?")[0]
    assert place.endswith(b"/v1.0/me/events/AAMkAD%2F..%2F..%2Fx%3D")
    calls = len(checked_wire.seen)
    with pytest.raises(Gone):
        await ada.read(replace(never, id=".."))
    assert len(checked_wire.seen) == calls
