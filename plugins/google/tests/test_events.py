"""How the plugin makes, moves and cancels events, and what guests and Meet do meanwhile."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from together_google.errors import MeetRefused
from together_google.sandbox.meet import meeting_code

from together.domain.spans import Span, Spans
from together.providers import (
    Answer,
    Event,
    EventDraft,
    Gone,
    Meeting,
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


DRAFT = EventDraft(KEY, ADA, hours(0, 1), "Mentoring session", guests=(BEN,), wants_meeting=True)
MEETING = Meeting(meeting_code(KEY), f"https://meet.google.com/{meeting_code(KEY)}")


async def test_a_session_becomes_one_event_with_its_link(hands, checked_wire):
    """The event says little, blocks time, invites by mail, and carries its Meet link."""
    calendars = await hands.calendars(ADA)
    assert await calendars.create(DRAFT) == Event(
        KEY, ADA, hours(0, 1), MEETING, False, {BEN: Answer.NEEDS_ACTION}
    )
    sent = checked_wire.seen[-1]
    assert dict(sent.url.params) == {"sendUpdates": "all", "conferenceDataVersion": "1"}
    assert json.loads(sent.content) == {
        "id": KEY,
        "summary": "Mentoring session",
        "start": {"dateTime": "2027-03-01T09:00:00Z", "timeZone": "UTC"},
        "end": {"dateTime": "2027-03-01T10:00:00Z", "timeZone": "UTC"},
        "transparency": "opaque",
        "guestsCanModify": False,
        "guestsCanInviteOthers": False,
        "attendees": [{"email": BEN}],
        "conferenceData": {
            "createRequest": {
                "requestId": KEY,
                "conferenceSolutionKey": {"type": "hangoutsMeet"},
            }
        },
    }
    assert hands.sandbox.world.mails == [{"to": BEN, "event": KEY, "kind": "invited"}]


async def test_an_event_without_guests_link_or_place_says_none(hands, checked_wire):
    """What was not asked for is not sent; a place in words is."""
    calendars = await hands.calendars(ADA)
    plain = replace(DRAFT, guests=(), wants_meeting=False, place="Room 4")
    assert await calendars.create(plain) == Event(KEY, ADA, hours(0, 1))
    body = json.loads(checked_wire.seen[-1].content)
    assert body["location"] == "Room 4"
    assert {"attendees", "conferenceData"} & body.keys() == set()
    assert "conferenceDataVersion" not in checked_wire.seen[-1].url.params


async def test_an_invitation_takes_the_guests_time(hands):
    """The guest is busy before answering, and free again after declining."""
    ada, ben = await hands.calendars(ADA), await hands.calendars(BEN)
    event = await ada.create(DRAFT)
    assert (await ben.busy([BEN], hours(-1, 5))).busy == Spans([hours(0, 1)])
    hands.sandbox.answer(BEN, KEY, "declined")
    assert (await ben.busy([BEN], hours(-1, 5))).busy == Spans()
    assert (await ada.busy([ADA], hours(-1, 5))).busy == Spans([hours(0, 1)])
    assert (await ada.read(event)).answers == {BEN: Answer.DECLINED}


async def test_a_lost_reply_makes_no_second_event(hands, checker):
    """An event that was made, unknown to us, is found by its key and given back."""
    calendars = await hands.calendars(ADA)
    hands.sandbox.switches.set({"lost_replies": 1})
    with pytest.raises(ProviderUnavailable):
        await calendars.create(DRAFT)
    made = await calendars.create(DRAFT)
    assert made.meeting == MEETING
    assert len(hands.sandbox.events(ADA)) == 1
    assert checker.calls[-2:] == ["calendar.events.insert", "calendar.events.get"]
    assert hands.sandbox.world.mails == [{"to": BEN, "event": KEY, "kind": "invited"}]


async def test_an_event_that_exists_and_is_not_found_yet_is_tried_later(hands, checked_wire):
    """A taken id that nobody finds is Google catching up with itself, not a lost event."""
    calendars = await hands.calendars(ADA)

    def answer(request):
        reason = "duplicate" if request.method == "POST" else "notFound"
        status = 409 if request.method == "POST" else 404
        line = {"domain": "global", "reason": reason, "message": reason}
        body = {"error": {"errors": [line], "code": status, "message": reason}}
        return httpx.Response(status, json=body)

    checked_wire.answer = answer
    with pytest.raises(ProviderUnavailable):
        await calendars.create(DRAFT)


async def test_a_cancelled_event_is_not_made_again(hands):
    """A key whose event was deleted at Google stays gone."""
    calendars = await hands.calendars(ADA)
    await calendars.cancel(await calendars.create(DRAFT))
    with pytest.raises(Gone):
        await calendars.create(DRAFT)


async def test_a_pending_link_is_polled(hands):
    """The link is asked for once and comes with a later read."""
    hands.sandbox.switches.set({"meet_pending_polls": 2})
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    assert (event.meeting, event.meeting_pending) == (None, True)
    event = await calendars.read(event)
    assert (event.meeting, event.meeting_pending) == (None, True)
    event = await calendars.read(event)
    assert (event.meeting, event.meeting_pending) == (MEETING, False)


async def test_a_calendar_that_refuses_meet_gets_the_event_without_it(hands):
    """A refused link does not fail the event."""
    hands.sandbox.switches.set({"meet_refused": True})
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    assert (event.meeting, event.meeting_pending) == (None, False)
    assert (await calendars.busy([ADA], hours(-1, 5))).busy == Spans([hours(0, 1)])


async def test_a_failed_link_can_be_asked_for_again(hands):
    """A conference that failed leaves an event without link; an update asks with a new id."""
    hands.sandbox.switches.set({"meet_fails": True})
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    assert (event.meeting, event.meeting_pending) == (None, False)
    hands.sandbox.switches.set({"meet_fails": False})
    updated = await calendars.update(event, DRAFT)
    assert updated.meeting is not None
    assert updated.meeting != MEETING


async def test_a_failed_link_is_remade_and_nothing_else(hands, checked_wire):
    """Only a conference is asked for, with a new id; a move by the owner stays, nobody is told."""
    hands.sandbox.switches.set({"meet_fails": True})
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    hands.sandbox.switches.set({"meet_fails": False})
    event = await calendars.update(event, replace(DRAFT, span=hours(3, 4), wants_meeting=False))
    mails = [*hands.sandbox.world.mails]
    made = await calendars.remake_meeting(event, key=f"{KEY}-1")
    assert (made.span, made.meeting is None) == (hours(3, 4), False)
    sent = checked_wire.seen[-1]
    assert (sent.method, dict(sent.url.params)) == (
        "PATCH",
        {"sendUpdates": "none", "conferenceDataVersion": "1"},
    )
    assert json.loads(sent.content) == {
        "conferenceData": {
            "createRequest": {
                "requestId": f"{KEY}-1",
                "conferenceSolutionKey": {"type": "hangoutsMeet"},
            }
        }
    }
    assert hands.sandbox.world.mails == mails
    calls = len(checked_wire.seen)
    assert await calendars.remake_meeting(made, key=f"{KEY}-2") == made
    assert [each.method for each in checked_wire.seen[calls:]] == ["GET"]


async def test_a_link_that_is_refused_is_not_remade(hands):
    """A calendar that may not carry Meet says so, and the event stands."""
    hands.sandbox.switches.set({"meet_refused": True})
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    with pytest.raises(MeetRefused):
        await calendars.remake_meeting(event, key=f"{KEY}-1")
    assert await calendars.read(event) == event


async def test_a_conference_that_somebody_put_there_stays(hands, checked_wire):
    """Another maker's conference is not replaced by ours."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(replace(DRAFT, wants_meeting=False))
    theirs = {"conferenceSolution": {"key": {"type": "addOn"}}, "conferenceId": "7"}
    hands.sandbox.world.books[ADA].events[KEY].body["conferenceData"] = theirs
    with pytest.raises(MeetRefused):
        await calendars.remake_meeting(event, key=f"{KEY}-1")
    assert hands.sandbox.events(ADA)[0]["conferenceData"] == theirs


async def test_nothing_is_remade_of_a_cancelled_event(hands):
    """An event that is gone is gone."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    await calendars.cancel(event)
    with pytest.raises(Gone):
        await calendars.remake_meeting(event, key=f"{KEY}-1")


async def test_a_link_to_another_host_is_not_believed(hands):
    """Whatever Google answers, people are sent to Meet's own host or nowhere."""
    hands.sandbox.switches.set({"foreign_links": True})
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    assert (event.meeting, event.meeting_pending) == (None, False)


async def test_a_move_keeps_link_and_answers(hands, checked_wire):
    """Moving sends nothing about guests or conference, so both stay as they are."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    hands.sandbox.answer(BEN, KEY, "accepted")
    moved = await calendars.update(event, replace(DRAFT, span=hours(3, 4)))
    assert moved == Event(KEY, ADA, hours(3, 4), MEETING, False, {BEN: Answer.ACCEPTED})
    body = json.loads(checked_wire.seen[-1].content)
    assert {"attendees", "conferenceData"} & body.keys() == set()
    assert hands.sandbox.world.mails[-1] == {"to": BEN, "event": KEY, "kind": "changed"}


async def test_a_new_guest_leaves_the_others_answers(hands):
    """A list of guests is replaced whole, and who stays keeps their answer."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    hands.sandbox.answer(BEN, KEY, "tentative")
    both = await calendars.update(event, replace(DRAFT, guests=(BEN.upper(), FARID)))
    assert both.answers == {BEN: Answer.TENTATIVE, FARID: Answer.NEEDS_ACTION}
    nobody = await calendars.update(event, replace(DRAFT, guests=()))
    assert nobody.answers == {}
    farid = await hands.calendars(FARID)
    assert (await farid.busy([FARID], hours(-1, 5))).busy == Spans()


async def test_a_meeting_can_be_exchanged_for_a_place_and_back(hands):
    """A draft without link takes it away, and one with a link asks for another."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    there = await calendars.update(event, replace(DRAFT, wants_meeting=False, place="Room 4"))
    assert (there.meeting, hands.sandbox.events(ADA)[0]["location"]) == (None, "Room 4")
    back = await calendars.update(event, DRAFT)
    assert back.meeting is not None
    assert "location" not in hands.sandbox.events(ADA)[0]


async def test_an_update_that_may_not_ask_for_meet_still_moves(hands):
    """Where Meet is refused, the event moves all the same."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(replace(DRAFT, wants_meeting=False))
    hands.sandbox.switches.set({"meet_refused": True})
    moved = await calendars.update(event, replace(DRAFT, span=hours(3, 4)))
    assert (moved.span, moved.meeting) == (hours(3, 4), None)


async def test_cancelling_tells_the_guests_once(hands):
    """The guests hear of a cancellation, and a second one is no error."""
    calendars = await hands.calendars(ADA)
    event = await calendars.create(DRAFT)
    await calendars.cancel(event)
    await calendars.cancel(event)
    assert hands.sandbox.world.mails[1:] == [{"to": BEN, "event": KEY, "kind": "cancelled"}]
    ben = await hands.calendars(BEN)
    assert (await ben.busy([BEN], hours(-1, 5))).busy == Spans()


async def test_somebody_elses_event_is_not_ours_to_move(hands):
    """A guest cannot move the organizer's event."""
    ada, ben = await hands.calendars(ADA), await hands.calendars(BEN)
    event = replace(await ada.create(DRAFT), calendar_id=BEN)
    with pytest.raises(Refused):
        await ben.update(event, replace(DRAFT, calendar_id=BEN, span=hours(3, 4)))


async def test_calendars_that_are_only_read_take_no_event(hands):
    """The scope asked for reaches the calendars a person owns; any other refuses."""
    hands.sandbox.world.books[BEN].readers[ADA] = "writer"
    calendars = await hands.calendars(ADA)
    with pytest.raises(Refused):
        await calendars.create(replace(DRAFT, calendar_id=BEN))
    with pytest.raises(Gone):
        await calendars.create(replace(DRAFT, calendar_id=FARID))


async def test_a_calendar_id_with_reserved_characters_stays_one_segment(hands, checker):
    """Google's own ids hold @ and #, and still name one calendar in an address."""
    name = "en.saltmarsh#holiday@group.v.calendar.google.com"
    hands.sandbox.world.books[name] = type(hands.sandbox.world.books[ADA])(name, ADA, name, "UTC")
    calendars = await hands.calendars(ADA)
    event = await calendars.create(replace(DRAFT, calendar_id=name, guests=()))
    assert (await calendars.read(event)).calendar_id == name
    assert checker.calls[-1] == "calendar.events.get"
