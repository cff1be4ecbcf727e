"""The sandbox's events: what is taken, what is shown, and what is made only once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
DAY = datetime(2027, 3, 1, tzinfo=UTC)
KEY = "String {6a1f7c52-4a0e-4b6d-9d55-7f0b5c1e2a94} Name SessionKey"
GUESTS = [{"emailAddress": {"address": BEN}, "type": "required"}]


def at(hour, zone="UTC"):
    wall = (DAY + timedelta(hours=hour)).isoformat()[:19]
    return {"dateTime": wall, "timeZone": zone}


def event(first=9, last=10, *, zone="UTC", **fields):
    return {"subject": "Tea", "start": at(first, zone), "end": at(last, zone), **fields}


def day(first="2027-03-02", last="2027-03-03", zone="UTC", **fields):
    start, end = (f"{date}T00:00:00" for date in (first, last))
    times = {"dateTime": start, "timeZone": zone}, {"dateTime": end, "timeZone": zone}
    return {"subject": "Away", "isAllDay": True, "start": times[0], "end": times[1], **fields}


async def refusal(asked):
    status, _, code = await asked
    return status, code


async def make(call, body, *, path="me/events", who=ADA):
    status, made, code = await call("POST", path, who=who, body=body)
    assert (status, code) == (201, None)
    return made


async def listed(call, who=ADA):
    return (await call("GET", "me/events", who=who))[1]["value"]


async def test_an_event_has_every_property(call):
    """A new event is complete, as Graph shows one."""
    made = await make(
        call,
        event(10, 11, zone="Europe/Stockholm", location={"displayName": "Room 4"})
        | {"body": {"contentType": "text", "content": "Milk & sugar"}, "showAs": "tentative"},
    )
    nowhere = {"uniqueIdType": "unknown", "address": {}, "coordinates": {}}
    room = {"displayName": "Room 4", "locationType": "default", **nowhere}
    for name in ("@odata.context", "@odata.etag", "id", "iCalUId", "changeKey", "webLink"):
        assert made.pop(name)
    assert made.pop("createdDateTime") == made.pop("lastModifiedDateTime")
    assert made == {
        "categories": [],
        "transactionId": None,
        "originalStartTimeZone": "W. Europe Standard Time",
        "originalEndTimeZone": "W. Europe Standard Time",
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": True,
        "hasAttachments": False,
        "subject": "Tea",
        "bodyPreview": "Milk & sugar",
        "importance": "normal",
        "sensitivity": "normal",
        "isAllDay": False,
        "isCancelled": False,
        "isOrganizer": True,
        "isDraft": False,
        "responseRequested": True,
        "seriesMasterId": None,
        "showAs": "tentative",
        "type": "singleInstance",
        "onlineMeetingUrl": None,
        "allowNewTimeProposals": True,
        "hideAttendees": False,
        "recurrence": None,
        "location": room,
        "locations": [room],
        "attendees": [],
        "organizer": {"emailAddress": {"name": "Ada", "address": ADA}},
        "isOnlineMeeting": False,
        "onlineMeetingProvider": "unknown",
        "onlineMeeting": None,
        "body": {"contentType": "html", "content": "<html><body>Milk &amp; sugar</body></html>"},
        "start": {"dateTime": "2027-03-01T09:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2027-03-01T10:00:00.0000000", "timeZone": "UTC"},
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
    }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (event(10, 9), "ErrorPropertyValidationFailure"),
        ({"start": at(9)}, "ErrorPropertyValidationFailure"),
        (event(start={"dateTime": "soon", "timeZone": "UTC"}), "ErrorPropertyValidationFailure"),
        (
            event(start={"dateTime": "0001-01-01T00:00:00", "timeZone": "UTC"}),
            "ErrorPropertyValidationFailure",
        ),
        (event(end={"timeZone": "UTC"}), "ErrorPropertyValidationFailure"),
        (event(zone="Mars Standard Time"), "TimeZoneNotSupportedException"),
        (event(start={"dateTime": "2027-03-01T09:00:00"}), "TimeZoneNotSupportedException"),
        (event(mood="sunny"), "RequestBodyRead"),
        (event(subject=7), "RequestBodyRead"),
        (event(isAllDay="yes"), "RequestBodyRead"),
        (event(reminderMinutesBeforeStart=True), "RequestBodyRead"),
        (event(showAs="asleep"), "RequestBodyRead"),
        (event(location={"name": "Room 4"}), "RequestBodyRead"),
        (event(attendees=[{"email": BEN}]), "RequestBodyRead"),
        (event(attendees=[{"emailAddress": {"mail": BEN}}]), "RequestBodyRead"),
        (event(attendees=[{"emailAddress": {"address": "nobody"}}]), "ErrorInvalidRecipients"),
        (event(attendees=GUESTS * 501), "ErrorInvalidRecipients"),
        (event(recurrence={"pattern": {}}), "RequestBodyRead"),
        (event(singleValueExtendedProperties=[{"id": KEY, "value": 1}]), "RequestBodyRead"),
        (
            event(singleValueExtendedProperties=[{"id": "Key", "value": "1"}]),
            "ErrorPropertyValidationFailure",
        ),
        (event(isAllDay=True), "ErrorInvalidRequest"),
        (day(end=at(33)), "ErrorInvalidRequest"),
        (day(last="2027-03-02"), "ErrorInvalidRequest"),
        (day(end=at(48, "Asia/Tokyo")), "ErrorPropertyValidationFailure"),
    ],
    ids=[
        "reversed", "no end", "no time", "never", "no start", "zone", "no zone",
        "name", "kind", "boolean", "number", "choice", "nested name", "guest", "guest's name",
        "address", "many guests", "series", "property", "property's id", "all day by the hour",
        "ends by the hour", "no day", "two zones",
    ],
)  # fmt: skip
async def test_a_wrong_event_is_refused(call, body, code):
    """What Graph does not take is refused with its code, and nothing is made or changed."""
    assert await refusal(call("POST", "me/events", body=body)) == (400, code)
    assert await listed(call) == []


@pytest.mark.parametrize("zone", ["UTC", "W. Europe Standard Time", "America/New_York"])
async def test_an_all_day_event_floats(call, sandbox, zone):
    """It is midnights wherever one looks, and says in which zone they were meant."""
    made = await make(call, day(zone=zone))
    wish = {"prefer": 'outlook.timezone="Tokyo Standard Time"'}
    _, seen, _ = await call("GET", f"me/events/{made['id']}", headers=wish)
    assert [(seen[edge]["dateTime"], seen[edge]["timeZone"]) for edge in ("start", "end")] == [
        ("2027-03-02T00:00:00.0000000", "Tokyo Standard Time"),
        ("2027-03-03T00:00:00.0000000", "Tokyo Standard Time"),
    ]
    names = {"America/New_York": "Eastern Standard Time"}
    assert seen["originalStartTimeZone"] == names.get(zone, zone)


async def test_an_all_day_event_can_become_a_timed_one(call):
    """A patch turns days into times and times into days; a time within a day is no day."""
    made = await make(call, day(zone="W. Europe Standard Time"))
    path = f"me/events/{made['id']}"
    timed = {"isAllDay": False, "start": at(9), "end": at(10)}
    _, seen, _ = await call("PATCH", path, body=timed)
    assert (seen["isAllDay"], seen["start"]["dateTime"][:19]) == (False, "2027-03-01T09:00:00")
    told = (400, "ErrorInvalidRequest")
    assert await refusal(call("PATCH", path, body={"isAllDay": True})) == told
    _, seen, _ = await call("PATCH", path, body=day())
    assert (seen["isAllDay"], seen["start"]["dateTime"][:19]) == (True, "2027-03-02T00:00:00")
    _, seen, _ = await call("PATCH", path, body={"isAllDay": False})
    assert (seen["isAllDay"], seen["end"]["dateTime"][:19]) == (False, "2027-03-03T00:00:00")


async def test_the_same_request_makes_one_event(call):
    """A transactionId that comes again with the same body gives the event already made."""
    body = event(transactionId="one")
    made = await make(call, body)
    assert await make(call, body) == made
    assert [found["transactionId"] for found in await listed(call)] == ["one"]
    # Each mailbox has transactions of its own.
    assert (await make(call, body, who=BEN))["id"] != made["id"]
    await call("PATCH", f"me/events/{made['id']}", body={"subject": "Coffee"})
    again = await make(call, body)
    assert (again["id"], again["subject"]) == (made["id"], "Coffee")


async def test_a_transaction_is_taken_once(call, sandbox):
    """Another body with the same transactionId is refused, and so is a deleted event's."""
    used = "ErrorDuplicateTransactionId"
    made = await make(call, event(transactionId="one"))
    path = f"me/events/{made['id']}"
    assert await refusal(call("POST", "me/events", body=event(11, 12, transactionId="one"))) == (
        409,
        used,
    )
    wrong = call("PATCH", path, body={"transactionId": "two"})
    assert await refusal(wrong) == (400, "ErrorPropertyValidationFailure")
    assert (await call("DELETE", path))[0] == 204
    sandbox.switches.set({"duplicate_status": 400})
    same = call("POST", "me/events", body=event(transactionId="one"))
    assert await refusal(same) == (400, used)
    assert await listed(call) == []


async def test_a_change_may_be_bound_to_what_was_read(call):
    """If-Match with an old etag is 412, with the present one it goes through."""
    made = await make(call, event())
    path, old = f"me/events/{made['id']}", {"if-match": made["@odata.etag"]}
    status, changed, _ = await call("PATCH", path, body={"subject": "Coffee"}, headers=old)
    assert (status, changed["subject"]) == (200, "Coffee")
    stale = (412, "ErrorIrresolvableConflict")
    assert await refusal(call("PATCH", path, body={"subject": "Tea"}, headers=old)) == stale
    assert await refusal(call("DELETE", path, headers=old)) == stale
    new = {"if-match": changed["@odata.etag"]}
    assert (await call("DELETE", path, headers=new))[0] == 204
    assert await refusal(call("DELETE", path)) == (404, "ErrorItemNotFound")


async def test_an_event_is_found_by_a_property_of_the_app(call):
    """A filter finds it by id and value; it is shown where it was asked for, to its owner."""
    body = event(singleValueExtendedProperties=[{"id": KEY, "value": "it's"}], attendees=GUESTS)
    made = await make(call, body)
    await make(call, event(singleValueExtendedProperties=[{"id": KEY, "value": "other"}]))

    async def found(value, *, who=ADA, name=KEY, **query):
        match = f"ep/id eq '{name}' and ep/value eq '{value}'"
        query["$filter"] = f"singleValueExtendedProperties/Any(ep: {match})"
        return (await call("GET", "me/events", who=who, **query))[1]["value"]

    assert [one["id"] for one in await found("it''s")] == [made["id"]]
    assert (await found("its"), await found("it''s", who=BEN)) == ([], [])
    assert await found("it''s", name=KEY.replace("Session", "Other")) == []
    expand = {"$expand": f"singleValueExtendedProperties($filter=id eq '{KEY}')"}
    (whole,) = await found("it''s", **expand)
    assert whole["singleValueExtendedProperties"] == [{"id": KEY, "value": "it's"}]
    assert "singleValueExtendedProperties" not in (await found("it''s"))[0]
    path = f"me/events/{made['id']}"
    new = {"singleValueExtendedProperties": [{"id": KEY, "value": "new"}]}
    _, seen, _ = await call("PATCH", path, body=new, **expand)
    assert seen["singleValueExtendedProperties"] == new["singleValueExtendedProperties"]
