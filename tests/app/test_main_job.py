"""Two matched people, Google calendars, one booked session."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from tests.app.site import BOOK, Site
from together.api.ids import Kind, to_id
from together.store.models import Booking, Job, Seat

AVAILABILITY = """query When($match: ID!, $start: DateTime!, $end: DateTime!) {
  node(id: $match) {
    ... on Match {
      availability(start: $start, end: $end, timeZone: "Europe/Stockholm", duration: 45) {
        __typename
        ... on Availability {
          asOf
          people { member { name } calendar periods { state start end } }
          slots { start end states }
        }
      }
    }
  }
}"""
SESSIONS = """query Sessions($match: ID!) { node(id: $match) { ... on Match { bookings { nodes {
  state delivery joinUrl video { slug }
} } } } }"""


def wanted(match: str, start: str, key: str = "one") -> dict:
    return {
        "matchId": match,
        "start": start,
        "duration": 45,
        "timeZone": "Europe/Stockholm",
        "clientKey": key,
    }


async def sessions(site: Site, member, match: str) -> list:
    found = await site.ask(member, SESSIONS, match=match)
    return found["node"]["bookings"]["nodes"]


async def test_two_people_find_a_time_and_book_it(site: Site) -> None:
    """Both connect, one sees when both are free and books 45 minutes, and Google has the event."""
    ada, ben = site.world.ada, site.world.ben
    for member in (ada, ben):
        assert await site.connect(member) == {
            "__typename": "CompleteCalendarConnectionPayload",
            "calendarIntegration": {
                "state": "ACTIVE",
                "account": member.email,
                "capabilities": ["FREE_BUSY", "EVENTS"],
                "provider": {"slug": "google", "label": "Google Calendar"},
                "nextSteps": ["DISCONNECT"],
            },
        }
    match = to_id(Kind.MATCH, site.world.match.uid)
    found = await site.ask(
        ada, AVAILABILITY, match=match, start=site.monday(0), end=site.monday(23)
    )
    answer = found["node"]["availability"]
    assert [one["calendar"] for one in answer["people"]] == ["INTEGRATED", "INTEGRATED"]
    start = answer["slots"][0]["start"]
    assert answer["slots"][0]["states"] == ["FREE", "FREE"]

    booked = (await site.ask(ada, BOOK, input=wanted(match, start)))["bookSession"]
    assert booked["__typename"] == "BookSessionPayload"
    assert booked["booking"]["state"] == "CONFIRMED"
    await site.deliver()

    [event] = site.sandbox.events(ada.email)
    begins = datetime.fromisoformat(start)
    assert datetime.fromisoformat(event["start"]["dateTime"]) == begins
    assert datetime.fromisoformat(event["end"]["dateTime"]) == begins + timedelta(minutes=45)
    assert [guest["email"] for guest in event["attendees"] if not guest.get("organizer")] == [
        ben.email
    ]
    assert event["hangoutLink"].startswith("https://meet.google.com/")
    for member in (ada, ben):
        assert await sessions(site, member, match) == [
            {
                "state": "CONFIRMED",
                "delivery": "DELIVERED",
                "joinUrl": event["hangoutLink"],
                "video": {"slug": "google-meet"},
            }
        ]

    found = await site.ask(
        ben, AVAILABILITY, match=match, start=site.monday(0), end=site.monday(23)
    )
    starts = [slot["start"] for slot in found["node"]["availability"]["slots"]]
    assert start not in starts


async def test_fifty_requests_for_one_slot_make_one_session(site: Site) -> None:
    """Of fifty at once one gets the slot, forty-nine a clear answer, and Google one event."""
    ada, ben = site.world.ada, site.world.ben
    await site.connect(ada)
    await site.connect(ben)
    match = to_id(Kind.MATCH, site.world.match.uid)
    start = site.monday(10)
    answers = await asyncio.gather(
        *(
            site.ask((ada, ben)[n % 2], BOOK, input=wanted(match, start, f"key {n}"))
            for n in range(50)
        )
    )
    kinds = [answer["bookSession"]["__typename"] for answer in answers]
    assert sorted(kinds) == ["BookSessionPayload"] + ["SlotUnavailable"] * 49
    await site.deliver()
    standing = [
        event
        for member in (ada, ben)
        for event in site.sandbox.events(member.email)
        if event.get("organizer", {}).get("self")
    ]
    assert len(standing) == 1
    assert await Booking.all().count() == 1
    assert await Seat.filter(live=True).count() == 2


async def test_a_declined_consent_can_be_tried_again(site: Site) -> None:
    """Cancel at Google is an outcome of its own, stores nothing, and Allow works afterwards."""
    outcome = await site.connect(site.world.ada, decision="cancel")
    assert outcome["code"] == "CONSENT_DECLINED"
    assert (await site.connect(site.world.ada))["__typename"] == (
        "CompleteCalendarConnectionPayload"
    )


async def test_scopes_left_unticked_buy_less(site: Site) -> None:
    """Without free/busy nothing is connected; without events the calendar is read only."""
    refused = await site.connect(site.world.ada, untick=["freebusy"])
    assert refused["code"] == "SCOPE_MISSING"
    reading = await site.connect(site.world.ada, untick=["events.owned"])
    assert reading["calendarIntegration"]["capabilities"] == ["FREE_BUSY"]


async def test_google_down_is_unknown_and_booking_still_works(site: Site) -> None:
    """An unreadable calendar is never free; the session is written once Google is back."""
    ada, ben = site.world.ada, site.world.ben
    await site.connect(ada)
    await site.connect(ben)
    site.sandbox.switches.down = True
    match = to_id(Kind.MATCH, site.world.match.uid)
    found = await site.ask(
        ada, AVAILABILITY, match=match, start=site.monday(0), end=site.monday(23)
    )
    states = {state for slot in found["node"]["availability"]["slots"] for state in slot["states"]}
    assert states == {"UNKNOWN"}
    booked = await site.ask(ada, BOOK, input=wanted(match, site.monday(10)))
    assert booked["bookSession"]["__typename"] == "BookSessionPayload"
    await site.deliver()
    assert site.sandbox.events(ada.email) == []
    [session] = await sessions(site, ada, match)
    assert session["delivery"] == "PENDING"

    site.sandbox.switches.down = False
    await Job.all().update(due_at=0)
    await site.deliver()
    assert len(site.sandbox.events(ada.email)) == 1
    [session] = await sessions(site, ada, match)
    assert session["delivery"] == "DELIVERED"
