"""How the plugin makes, moves and cancels events, and what guests and Teams do meanwhile."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from together_outlook.events import KEY_PROPERTY

from together.domain.spans import Span, Spans
from together.providers import (
    Answer,
    Event,
    EventDraft,
    Gone,
    ProviderUnavailable,
    Refused,
)

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
def home(hands):
    return hands.sandbox.world.default_book(ADA).id


@pytest.fixture
def draft(home):
    return EventDraft(
        KEY, home, hours(0, 1), "Mentoring session", guests=(BEN,), wants_meeting=True
    )


def stored(hands, event):
    return hands.sandbox.world.books[event.calendar_id].events[event.id].body


async def busy(hands, email, span=None):
    calendars = await hands.calendars(email)
    primary = hands.sandbox.world.default_book(email).id
    return (await calendars.busy([primary], span or hours(-1, 5))).busy


async def test_a_session_becomes_one_event_with_its_link(hands, ada, draft, checked_wire):
    """The event says little, blocks time, invites by mail, and carries its Teams link."""
    event = await ada.create(draft)
    link = stored(hands, event)["onlineMeeting"]["joinUrl"]
    assert event == Event(
        event.id, draft.calendar_id, hours(0, 1), event.meeting, False, {BEN: Answer.NEEDS_ACTION}
    )
    assert (event.meeting.id, event.meeting.join_url) == (event.id, link)
    assert json.loads(checked_wire.seen[-1].content) == {
        "transactionId": KEY,
        "singleValueExtendedProperties": [{"id": KEY_PROPERTY, "value": KEY}],
        "subject": "Mentoring session",
        "start": {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2027-03-01T10:00:00", "timeZone": "UTC"},
        "isAllDay": False,
        "showAs": "busy",
        "allowNewTimeProposals": False,
        "attendees": [{"emailAddress": {"address": BEN}, "type": "required"}],
        "isOnlineMeeting": True,
        "onlineMeetingProvider": "teamsForBusiness",
    }
    assert hands.sandbox.world.mails == [{"to": BEN, "event": event.id, "kind": "invited"}]


async def test_an_event_without_guests_link_or_place_says_none(ada, draft, checked_wire):
    """What was not asked for is not sent; a place in words is."""
    plain = replace(draft, guests=(), wants_meeting=False, place="Room 4")
    event = await ada.create(plain)
    assert event == Event(event.id, draft.calendar_id, hours(0, 1))
    body = json.loads(checked_wire.seen[-1].content)
    assert body["location"] == {"displayName": "Room 4"}
    assert {"attendees", "isOnlineMeeting", "onlineMeetingProvider", "body"} & body.keys() == set()


async def test_an_invitation_takes_the_guests_time(hands, ada, draft):
    """The guest is busy before answering, and free again after declining."""
    event = await ada.create(draft)
    assert await busy(hands, BEN) == Spans([hours(0, 1)])
    hands.sandbox.answer(BEN, event.id, "declined")
    assert await busy(hands, BEN) == Spans()
    assert await busy(hands, ADA) == Spans([hours(0, 1)])
    assert (await ada.read(event)).answers == {BEN: Answer.DECLINED}


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("accepted", Answer.ACCEPTED),
        ("tentativelyAccepted", Answer.TENTATIVE),
        ("declined", Answer.DECLINED),
        ("notResponded", Answer.NEEDS_ACTION),
    ],
)
async def test_what_a_guest_answers_is_read(hands, ada, draft, response, answer):
    """Each of Microsoft's answers has one of ours."""
    event = await ada.create(draft)
    hands.sandbox.answer(BEN, event.id, response)
    assert (await ada.read(event)).answers == {BEN: answer}


async def test_a_lost_reply_makes_no_second_event(hands, ada, draft, checker):
    """An event that was made, unknown to us, is found by its key and given back, not asked anew."""
    hands.sandbox.switches.set({"lost_replies": 1})
    with pytest.raises(ProviderUnavailable):
        await ada.create(draft)
    made = await ada.create(draft)
    assert made.meeting is not None
    assert len(hands.sandbox.events(ADA)) == 1
    assert checker.calls[-1] == "GET /me/calendars/{calendar-id}/events"
    assert hands.sandbox.world.mails == [{"to": BEN, "event": made.id, "kind": "invited"}]


async def test_an_event_that_was_moved_since_is_still_found(hands, ada, draft):
    """A key leads to its event also when that is at another time by now."""
    event = await ada.create(draft)
    moved = await ada.update(event, replace(draft, span=hours(3, 4)))
    assert await ada.create(draft) == moved


@pytest.mark.parametrize("name", ["Calendar", "Choir"])
@pytest.mark.parametrize("status", [400, 409])
async def test_a_key_that_is_used_leads_to_its_event(hands, ada, draft, checked_wire, status, name):
    """Where another call was quicker, what it made is given, whichever status says so."""
    draft = replace(draft, calendar_id=hands.sandbox.world.add_book(ADA, name, "UTC").id)
    event = await ada.create(draft)
    hands.sandbox.switches.set({"duplicate_status": status})
    empty, sent = [], checked_wire._inner.handle_async_request

    async def late(request):
        """Show the event to nobody who looks for the first time."""
        reply = await sent(request)
        if "$filter" in request.url.params and not empty:
            empty.append(request)
            return type(reply)(200, json={"value": []})
        return reply

    checked_wire._inner.handle_async_request = late
    assert await ada.create(replace(draft, span=hours(3, 4))) == event
    assert len(empty) == 1


@pytest.mark.parametrize("status", [400, 409])
async def test_a_cancelled_event_is_not_made_again(hands, ada, draft, status):
    """A key whose event was deleted stays gone, as long as Graph remembers it."""
    hands.sandbox.switches.set({"duplicate_status": status})
    await ada.cancel(await ada.create(draft))
    with pytest.raises(Gone):
        await ada.create(draft)
    assert hands.sandbox.events(ADA) == []


async def test_of_two_events_with_one_key_the_one_that_was_made_is_meant(hands, ada, draft):
    """Whoever copies an event in Outlook copies its key; the transaction stays with the first."""
    event = await ada.create(draft)
    book = hands.sandbox.world.default_book(ADA)
    first = book.events.pop(event.id)
    copy = type(first)({**first.body, "id": "AAMkA" + "-" * 40, "transactionId": None})
    book.events |= {copy.body["id"]: copy, event.id: first}
    assert (await ada.create(draft)).id == event.id


async def test_a_session_can_be_held_in_another_calendar(hands, ada, draft):
    """An event in a calendar beside the primary one is made once, read, moved and cancelled."""
    choir = hands.sandbox.world.add_book(ADA, "Choir", "UTC")
    there = replace(draft, calendar_id=choir.id)
    event = await ada.create(there)
    assert event.calendar_id == choir.id
    assert await ada.create(replace(there, span=hours(3, 4))) == event
    moved = await ada.update(event, replace(there, span=hours(3, 4)))
    assert (await ada.busy([choir.id], hours(-1, 5))).busy == Spans([hours(3, 4)])
    await ada.cancel(moved)
    with pytest.raises(Gone):
        await ada.read(event)


async def test_an_event_that_its_owner_put_elsewhere_is_still_ours(hands, ada, draft):
    """An id lasts when the event is dragged into another calendar of the mailbox."""
    event = await ada.create(draft)
    books = hands.sandbox.world
    choir = books.add_book(ADA, "Choir", "UTC")
    choir.events[event.id] = books.default_book(ADA).events.pop(event.id)
    assert await ada.read(event) == event
    assert (await ada.update(event, replace(draft, span=hours(3, 4)))).span == hours(3, 4)
    await ada.cancel(event)
    with pytest.raises(Gone):
        await ada.read(event)


async def test_a_key_is_found_where_its_owner_put_the_event(hands, ada, draft):
    """Asking again for an event that was dragged elsewhere gives it, and makes no second."""
    books = hands.sandbox.world
    choir = books.add_book(ADA, "Choir", "UTC")
    there = replace(draft, calendar_id=choir.id)
    event = await ada.create(there)
    books.default_book(ADA).events[event.id] = choir.events.pop(event.id)
    assert await ada.create(replace(there, span=hours(3, 4))) == event
    assert len(hands.sandbox.events(ADA)) == 1


async def test_cancelling_tells_the_guests_once(hands, ada, draft):
    """The guests hear of a cancellation, and a second one is no error."""
    event = await ada.create(draft)
    await ada.cancel(event)
    await ada.cancel(event)
    told = {"to": BEN, "event": event.id, "kind": "cancelled"}
    assert hands.sandbox.world.mails[1:] == [told]
    assert await busy(hands, BEN) == Spans()


async def test_somebody_elses_event_is_not_ours_to_move(hands, ada, draft):
    """A guest cannot move the organizer's event."""
    await ada.create(draft)
    (theirs,) = hands.sandbox.events(BEN)
    ben = await hands.calendars(BEN)
    place = hands.sandbox.world.default_book(BEN).id
    event = Event(theirs["id"], place, hours(0, 1))
    with pytest.raises(Refused):
        await ben.update(event, replace(draft, calendar_id=place, span=hours(3, 4)))


async def test_calendars_of_others_take_no_event(hands, ada, draft):
    """The permission asked for reaches one's own calendars; any other refuses."""
    ben = hands.sandbox.world.default_book(BEN)
    ben.readers[ADA] = "write"
    with pytest.raises(Refused):
        await ada.create(replace(draft, calendar_id=ben.id))
    hidden = replace(draft, calendar_id=hands.sandbox.world.default_book(FARID).id)
    with pytest.raises(Gone):
        await ada.create(hidden)
    assert hands.sandbox.events(BEN) == []
