"""The sandbox's Calendar API: what it counts as busy, how it refuses, what it remembers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from together.testing.provider_contract import BASE_URL

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
DAY = datetime(2027, 3, 1, tzinfo=UTC)
API = BASE_URL + "/calendar/v3"


def at(hour, *, zone="UTC"):
    moment = DAY + timedelta(hours=hour)
    return {"dateTime": moment.replace(tzinfo=None).isoformat(), "timeZone": zone}


def event(first=9, last=10, **fields):
    return {"summary": "Tea", "start": at(first), "end": at(last), **fields}


async def busy(call, *, who=ADA, days=2):
    body = {
        "timeMin": DAY.isoformat(),
        "timeMax": (DAY + timedelta(days=days)).isoformat(),
        "items": [{"id": "primary"}],
    }
    _, answer, _ = await call("POST", "freeBusy", who=who, body=body)
    return [(b["start"][:16], b["end"][:16]) for b in answer["calendars"]["primary"]["busy"]]


NINE = [("2027-03-01T09:00", "2027-03-01T10:00")]


@pytest.mark.parametrize(
    ("fields", "blocks"),
    [
        ({}, NINE),
        ({"status": "tentative"}, NINE),
        ({"eventType": "outOfOffice"}, NINE),
        ({"transparency": "transparent"}, []),
        ({"eventType": "workingLocation"}, []),
        ({"status": "cancelled"}, []),
        ({"attendees": [{"email": ADA, "responseStatus": "declined"}]}, []),
        ({"attendees": [{"email": ADA, "responseStatus": "tentative"}]}, NINE),
        ({"attendees": [{"email": BEN, "responseStatus": "declined"}]}, NINE),
    ],
    ids=[
        "plain", "tentative", "away", "transparent", "place", "cancelled", "declined", "maybe",
        "guest declined",
    ],
)  # fmt: skip
async def test_what_takes_time(call, fields, blocks):
    """Cancelled, transparent and declined events and working places take no time; others do."""
    status, _, _ = await call("POST", "calendars/primary/events", body=event(**fields))
    assert (status, await busy(call)) == (200, blocks)


async def test_an_all_day_event_is_a_day_of_its_calendar(call):
    """A date lies between midnights of the calendar's own zone: Ada's is an hour ahead."""
    day = {"start": {"date": "2027-03-02"}, "end": {"date": "2027-03-03"}}
    await call("POST", "calendars/primary/events", body={"summary": "Away", **day})
    assert await busy(call, days=3) == [("2027-03-01T23:00", "2027-03-02T23:00")]


async def test_blocks_are_joined_and_given_whole(call):
    """Overlapping and touching events are one block, which may reach over the window's edge."""
    for first, last in ((9, 10), (10, 11), (10.5, 12), (-1, 1), (47, 49)):
        await call("POST", "calendars/primary/events", body=event(first, last))
    assert await busy(call) == [
        ("2027-02-28T23:00", "2027-03-01T01:00"),
        ("2027-03-01T09:00", "2027-03-01T12:00"),
        ("2027-03-02T23:00", "2027-03-03T01:00"),
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"timeMax": DAY.isoformat()}, "timeRangeEmpty"),
        ({"timeMax": (DAY + timedelta(days=91)).isoformat()}, "timeRangeTooLong"),
        ({"timeMax": None}, "required"),
        ({"timeMin": "2027-03-01T00:00:00"}, "invalid"),
        ({"timeMin": "today"}, "invalid"),
        ({"timeZone": "Mars/Olympus"}, "invalid"),
        ({"calendarExpansionMax": 51}, "invalid"),
    ],
)
async def test_a_wrong_window_is_refused(call, change, reason):
    """An empty, long or unreadable window has its own reason."""
    body = {
        "timeMin": DAY.isoformat(),
        "timeMax": (DAY + timedelta(days=1)).isoformat(),
        "items": [{"id": "primary"}],
    }
    status, _, told = await call("POST", "freeBusy", body=body | change)
    assert (status, told) == (400, reason)


async def test_more_than_fifty_calendars_are_not_read(call):
    """Too many calendars are an error inside a 200, for each of them."""
    body = {
        "timeMin": DAY.isoformat(),
        "timeMax": (DAY + timedelta(days=1)).isoformat(),
        "items": [{"id": f"c{n}"} for n in range(51)],
    }
    status, answer, _ = await call("POST", "freeBusy", body=body)
    reasons = {entry["errors"][0]["reason"] for entry in answer["calendars"].values()}
    assert (status, reasons, len(answer["calendars"])) == (200, {"tooManyCalendarsRequested"}, 51)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (event(id="Upper"), "invalid"),
        (event(id="abc"), "invalid"),
        (event(id="xyzxyz"), "invalid"),
        (event(10, 9), "timeRangeEmpty"),
        ({"start": at(9)}, "required"),
        (event(start={"dateTime": "2027-03-01T09:00:00"}), "required"),
        (event(start={"date": "2027-03-01"}), "invalid"),
        (event(start={"date": "first"}), "invalid"),
        (event(attendees=[{"email": "nobody"}]), "invalid"),
        (event(recurrence=["RRULE:FREQ=DAILY"]), "invalid"),
    ],
    ids=[
        "case", "short", "letters", "reversed", "no end", "no zone", "mixed", "no date",
        "guest", "series",
    ],
)  # fmt: skip
async def test_a_wrong_event_is_refused(call, body, reason):
    """What Google does not take is refused with its reason, and nothing is made."""
    status, _, told = await call("POST", "calendars/primary/events", body=body)
    assert (status, told) == (400, reason)
    assert await busy(call) == []


async def test_an_id_is_taken_once(call):
    """An id stays taken, also after its event was deleted; deleting twice is 410."""
    path = "calendars/primary/events"
    assert (await call("POST", path, body=event(id="abcde")))[0] == 200
    assert (await call("POST", path, body=event(id="abcde")))[::2] == (409, "duplicate")
    assert (await call("DELETE", path + "/abcde"))[:2] == (204, None)
    assert (await call("DELETE", path + "/abcde"))[::2] == (410, "deleted")
    assert (await call("DELETE", path + "/never0"))[::2] == (404, "notFound")
    assert (await call("POST", path, body=event(id="abcde")))[::2] == (409, "duplicate")
    status, body, _ = await call("GET", path + "/abcde")
    assert (status, body["status"]) == (200, "cancelled")


async def test_a_change_may_be_bound_to_what_was_read(call):
    """If-Match with an old etag is 412, with the present one it goes through."""
    path = "calendars/primary/events/abcde"
    _, made, _ = await call("POST", "calendars/primary/events", body=event(id="abcde"))
    old = {"if-match": '"0"'}
    assert (await call("PATCH", path, body={"summary": "a"}, headers=old))[2] == "conditionNotMet"
    status, body, _ = await call(
        "PATCH", path, body={"summary": "a"}, headers={"if-match": made["etag"]}
    )
    assert (status, body["summary"], body["sequence"]) == (200, "a", 0)
    _, moved, _ = await call("PATCH", path, body={"start": at(8)})
    assert (moved["summary"], moved["sequence"]) == ("a", 1)


async def test_a_guest_answers_and_changes_nothing_else(call):
    """A guest's patch is an answer and a guest's deletion a refusal; the event stays."""
    guests = [{"email": BEN}]
    await call("POST", "calendars/primary/events", body=event(id="abcde", attendees=guests))
    path = "calendars/primary/events/abcde"
    yes = {"attendees": [{"email": BEN, "responseStatus": "accepted"}]}
    status, seen, _ = await call("PATCH", path, who=BEN, body=yes)
    assert (status, seen["attendees"][0]["responseStatus"]) == (200, "accepted")
    assert (seen["attendees"][0]["self"], seen["organizer"]) == (True, {"email": ADA})
    refused = await call("PATCH", path, who=BEN, body={"summary": "Mine"})
    assert refused[::2] == (403, "forbiddenForNonOrganizer")
    assert (await call("DELETE", path, who=BEN))[0] == 204
    assert await busy(call, who=BEN) == []
    assert await busy(call) == NINE


async def test_events_are_listed_by_page_and_window(call):
    """The list is cut to the window and into pages, in order of start."""
    for hour in (12, 9, 15, 40):
        await call("POST", "calendars/primary/events", body=event(hour, hour + 1))
    query = {
        "timeMin": DAY.isoformat(),
        "timeMax": (DAY + timedelta(days=1)).isoformat(),
        "singleEvents": "true",
        "orderBy": "startTime",
        "maxResults": "2",
    }
    _, first, _ = await call("GET", "calendars/primary/events", **query)
    token = first["nextPageToken"]
    _, second, _ = await call("GET", "calendars/primary/events", pageToken=token, **query)
    starts = [item["start"]["dateTime"] for page in (first, second) for item in page["items"]]
    assert starts == [f"2027-03-01T{hour}:00:00+01:00" for hour in (10, 13, 16)]
    assert "nextPageToken" not in second


async def test_the_list_of_calendars_has_no_sync_tokens(call):
    """The sandbox gives none for it, so any is too old."""
    answer = await call("GET", "users/me/calendarList", syncToken="old")
    assert answer[::2] == (410, "fullSyncRequired")


async def test_a_token_must_be_there_alive_and_broad_enough(hands, call, checker):
    """No token, a bad one and one without the scope each have their reason."""
    url = f"{API}/users/me/calendarList"
    narrow = await hands.grant(ADA, untick=["calendarlist.readonly"])
    for headers, told in (
        ({}, (401, "required")),
        ({"authorization": "Bearer guessed"}, (401, "authError")),
        (
            {"authorization": f"Bearer {narrow.access_token.reveal()}"},
            (403, "insufficientPermissions"),
        ),
    ):
        reply = await hands.web.get(url, headers=headers)
        assert (reply.status_code, reply.json()["error"]["errors"][0]["reason"]) == told


async def test_a_body_that_is_no_json_is_refused(hands, call):
    """A body that cannot be parsed has its own reason."""
    grant = await hands.grant(ADA)
    for content in (b"{", b"[]", b"[" * 10_000):
        reply = await hands.web.post(
            f"{API}/calendars/primary/events",
            content=content,
            headers={"authorization": f"Bearer {grant.access_token.reveal()}"},
        )
        assert reply.status_code == 400
        assert reply.json()["error"]["errors"][0]["reason"] == "parseError"
