"""The sandbox's guests: what stands in their calendars, what they answer, and what they hear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
STRANGER = "someone@elsewhere.example.net"
DAY = datetime(2027, 3, 1, tzinfo=UTC)
KEY = "String {6a1f7c52-4a0e-4b6d-9d55-7f0b5c1e2a94} Name SessionKey"
GUESTS = [{"emailAddress": {"address": BEN}, "type": "required"}]


def at(hour, zone="UTC"):
    wall = (DAY + timedelta(hours=hour)).isoformat()[:19]
    return {"dateTime": wall, "timeZone": zone}


def event(first=9, last=10, *, zone="UTC", **fields):
    return {"subject": "Tea", "start": at(first, zone), "end": at(last, zone), **fields}


async def refusal(asked):
    status, _, code = await asked
    return status, code


async def make(call, body, *, path="me/events", who=ADA):
    status, made, code = await call("POST", path, who=who, body=body)
    assert (status, code) == (201, None)
    return made


async def listed(call, who=ADA):
    return (await call("GET", "me/events", who=who))[1]["value"]


def told(sandbox):
    """Say who was told what, and forget it."""
    found = [(mail["to"], mail["kind"]) for mail in sandbox.world.mails]
    sandbox.world.mails.clear()
    return found


async def test_a_guest_has_a_copy(call, sandbox):
    """A guest's event has an id of its own and the same iCalUId, and waits for an answer."""
    made = await make(call, event(attendees=GUESTS, transactionId="one"))
    (copy,) = await listed(call, BEN)
    status = {"response": "notResponded", "time": "0001-01-01T00:00:00Z"}
    own = {"isOrganizer": False, "responseStatus": status, "showAs": "tentative"}
    own |= {"transactionId": None, "id": copy["id"], "webLink": copy["webLink"]}
    del made["@odata.context"]
    assert copy["id"] != made["id"]
    assert copy == made | own
    assert told(sandbox) == [(BEN, "invited")]
    for who, event_id in ((ADA, copy["id"]), (BEN, made["id"])):
        missing = (404, "ErrorItemNotFound")
        assert await refusal(call("GET", f"me/events/{event_id}", who=who)) == missing


@pytest.mark.parametrize(
    ("verb", "response", "shown"),
    [
        ("accept", "accepted", ["busy"]),
        ("tentativelyAccept", "tentativelyAccepted", ["tentative"]),
        ("decline", "declined", []),
    ],
)
async def test_a_guests_answer_reaches_the_organizer(call, verb, response, shown):
    """An answer is noted with its time; what was declined leaves the guest's calendar."""
    made = await make(call, event(attendees=GUESTS))
    (copy,) = await listed(call, BEN)
    path = f"me/events/{copy['id']}/{verb}"
    assert (await call("POST", path, who=BEN, body={"sendResponse": True}))[:2] == (202, None)
    _, seen, _ = await call("GET", f"me/events/{made['id']}")
    (guest,) = seen["attendees"]
    assert (guest["emailAddress"], guest["type"]) == ({"name": "Ben", "address": BEN}, "required")
    assert guest["status"]["response"] == response
    assert guest["status"]["time"] >= made["createdDateTime"]
    assert [found["showAs"] for found in await listed(call, BEN)] == shown
    mine = call("POST", f"me/events/{made['id']}/{verb}", body={})
    assert await refusal(mine) == (400, "ErrorInvalidRequest")


async def test_a_declined_event_may_stay(call, sandbox):
    """A guest who declines and keeps the event sees it as declined."""
    made = await make(call, event(attendees=GUESTS))
    sandbox.answer(BEN, made["id"], "declined")
    (copy,) = await listed(call, BEN)
    assert (copy["responseStatus"]["response"], copy["isCancelled"]) == ("declined", False)


async def test_a_guest_only_answers(call, sandbox):
    """A guest changes and cancels nothing; one who deletes theirs has declined, until it moves."""
    made = await make(call, event(attendees=GUESTS))
    (copy,) = await listed(call, BEN)
    path = f"me/events/{copy['id']}"
    change = call("PATCH", path, who=BEN, body={"subject": "Mine"})
    assert await refusal(change) == (403, "ErrorAccessDenied")
    cancel = call("POST", path + "/cancel", who=BEN, body={"Comment": "No"})
    assert await refusal(cancel) == (400, "ErrorInvalidRequest")
    assert (await call("DELETE", path, who=BEN))[0] == 204
    _, seen, _ = await call("GET", f"me/events/{made['id']}")
    assert [guest["status"]["response"] for guest in seen["attendees"]] == ["declined"]
    hidden = {"singleValueExtendedProperties": [{"id": KEY, "value": "1"}]}
    await call("PATCH", f"me/events/{made['id']}", body=hidden)
    assert await listed(call, BEN) == []
    await call("PATCH", f"me/events/{made['id']}", body={"start": at(8)})
    assert [one["id"] for one in await listed(call, BEN)] == [copy["id"]]


async def test_guests_hear_of_changes(call, sandbox):
    """Guests who come, stay and go are each told, but not of what they do not see."""
    made = await make(call, event(attendees=GUESTS))
    path = f"me/events/{made['id']}"
    sandbox.answer(BEN, made["id"], "accepted")
    told(sandbox)
    await call("PATCH", path, body={"start": at(8)})
    (copy,) = await listed(call, BEN)
    assert (copy["start"]["dateTime"][11:16], told(sandbox)) == ("08:00", [(BEN, "changed")])
    more = [*GUESTS, {"emailAddress": {"address": STRANGER, "name": "Someone"}}]
    _, seen, _ = await call("PATCH", path, body={"attendees": more})
    assert [guest["status"]["response"] for guest in seen["attendees"]] == ["accepted", "none"]
    assert told(sandbox) == [(STRANGER, "invited"), (BEN, "changed")]
    hidden = {"singleValueExtendedProperties": [{"id": KEY, "value": "1"}], "subject": "Tea"}
    await call("PATCH", path, body=hidden)
    assert told(sandbox) == []
    await call("PATCH", path, body={"attendees": more[1:]})
    assert told(sandbox) == [(STRANGER, "changed"), (BEN, "cancelled")]
    assert await listed(call, BEN) == []


@pytest.mark.parametrize("verb", ["cancel", "delete"])
async def test_a_cancelled_event_is_gone_for_its_organizer(call, sandbox, verb):
    """The organizer's is found no more; a guest sees it as cancelled until they delete it."""
    made = await make(call, event(attendees=GUESTS))
    path = f"me/events/{made['id']}"
    told(sandbox)
    if verb == "cancel":
        answer = await call("POST", path + "/cancel", body={"Comment": "Sorry"})
        assert answer == (202, None, None)
    else:
        assert await call("DELETE", path) == (204, None, None)
    assert (await listed(call), told(sandbox)) == ([], [(BEN, "cancelled")])
    for method, body in (("GET", None), ("PATCH", {"subject": "Tea"}), ("DELETE", None)):
        assert await refusal(call(method, path, body=body)) == (404, "ErrorItemNotFound")
    (copy,) = await listed(call, BEN)
    assert (copy["isCancelled"], copy["subject"], copy["showAs"]) == (True, "Canceled: Tea", "free")
    assert (await call("DELETE", f"me/events/{copy['id']}", who=BEN))[0] == 204
    assert (await listed(call, BEN), told(sandbox)) == ([], [])
