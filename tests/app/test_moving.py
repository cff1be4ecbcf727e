"""A session that is moved, as each calendar service has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.app.site import BOOK, Site
from together.api.ids import Kind, to_id

MOVE = """mutation Move($input: RescheduleBookingInput!) { rescheduleBooking(input: $input) {
  __typename
  ... on RescheduleBookingPayload {
    notChecked { name }
    booking { id start end delivery joinUrl participants { answer member { name } } }
  }
  ... on Problem { code message }
} }"""
SEEN = """query Seen($id: ID!) { node(id: $id) { ... on Booking {
  start delivery joinUrl history { by { name } what }
} } }"""


def _instant(text: str) -> datetime:
    """Read a time that a service gives with an offset, or in UTC."""
    at = datetime.fromisoformat(text[:19] if "." in text else text)
    return at.replace(tzinfo=at.tzinfo or UTC)


def _standing(site: Site, slug: str, account: str) -> list[tuple[str, datetime]]:
    """List the own events of an account: which one, and when it begins."""
    events: list[dict[str, Any]] = site.vendors[slug].sandbox.events(account)
    return [
        (each["id"], _instant(each["start"]["dateTime"]))
        for each in events
        if each.get("status") != "cancelled"
        and (each.get("organizer", {}).get("self") or each.get("isOrganizer"))
    ]


async def test_the_event_moves_and_keeps_its_link(both: Site, slug: str) -> None:
    """The guest moves it by a part of its length: its own event is not in the way, and moves.

    There is one event all the time, the same one, with the same link.
    """
    site, ada, ben = both, both.world.ada, both.world.ben
    for member in (ada, ben):
        await site.connect(member, provider=slug)
    given = {
        "matchId": to_id(Kind.MATCH, site.world.match.uid), "start": site.monday(10),
        "duration": 45, "timeZone": "Europe/Stockholm", "clientKey": "one",
    }  # fmt: skip
    booking = (await site.ask(ada, BOOK, input=given))["bookSession"]["booking"]["id"]
    await site.deliver()
    before = (await site.ask(ada, SEEN, id=booking))["node"]
    [(key, begins)] = _standing(site, slug, ada.email)
    assert (begins, before["delivery"]) == (_instant(site.monday(10)), "DELIVERED")
    assert before["joinUrl"]

    to = {
        "bookingId": booking, "start": site.monday(10, 30), "timeZone": "Africa/Lagos",
        "clientKey": "two",
    }  # fmt: skip
    moved = (await site.ask(ben, MOVE, input=to))["rescheduleBooking"]
    assert moved == {
        "__typename": "RescheduleBookingPayload",
        "notChecked": [],
        "booking": {
            "id": booking,
            "start": site.monday(10, 30),
            "end": site.monday(11, 15),
            "delivery": "PENDING",
            "joinUrl": before["joinUrl"],
            "participants": [
                {"answer": "NEEDS_ACTION", "member": {"name": ada.name}},
                {"answer": "ACCEPTED", "member": {"name": ben.name}},
            ],
        },
    }
    await site.deliver()
    assert _standing(site, slug, ada.email) == [(key, _instant(site.monday(10, 30)))]
    for member in (ada, ben):
        assert (await site.ask(member, SEEN, id=booking))["node"] == {
            "start": site.monday(10, 30),
            "delivery": "DELIVERED",
            "joinUrl": before["joinUrl"],
            "history": [
                {"by": {"name": ada.name}, "what": "BOOKED"},
                {"by": {"name": ben.name}, "what": "RESCHEDULED"},
            ],
        }
    assert site.vendors[slug].faults() == []
