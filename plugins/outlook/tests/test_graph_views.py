"""The sandbox's lists of events: their windows, pages and zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from together.testing.provider_contract import BASE_URL

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
API = BASE_URL + "/v1.0"
DAY = datetime(2027, 3, 1, tzinfo=UTC)


def event(first=9, last=10, *, zone="UTC", **fields):
    start, end = (
        {"dateTime": (DAY + timedelta(hours=hour)).isoformat()[:19], "timeZone": zone}
        for hour in (first, last)
    )
    return {"subject": "Tea", "start": start, "end": end, **fields}


def window(days=1):
    return {
        "startDateTime": DAY.isoformat()[:19] + "Z",
        "endDateTime": (DAY + timedelta(days=days)).isoformat()[:19] + "Z",
    }


async def refusal(asked):
    status, _, code = await asked
    return status, code


def subjects(body):
    return [found["subject"] for found in body["value"]]


async def test_pages_are_followed_to_the_end(call, sandbox):
    """A page links to the next by an absolute address that repeats the query; the last does not."""
    for hour in range(7):
        await call("POST", "me/events", body=event(hour, hour + 1, subject=str(6 - hour)))
    query = {**window(), "$top": "3", "$select": "subject"}
    _, page, _ = await call("GET", "me/calendarView", **query)
    found, links = subjects(page), []
    while link := page.get("@odata.nextLink"):
        assert link.startswith(f"{API}/me/calendarView?")
        links.append(dict(parse_qsl(urlsplit(link).query)))
        _, page, _ = await call("GET", urlsplit(link).path.partition("/v1.0/")[2], **links[-1])
        found += subjects(page)
    assert found == ["6", "5", "4", "3", "2", "1", "0"]
    assert links == [{**query, "$skip": "3"}, {**query, "$skip": "6"}]
    assert [*page["value"][0]] == ["@odata.etag", "id", "subject"]
    _, page, _ = await call("GET", "me/calendarView", **{**window(), "$top": "7"})
    assert (len(page["value"]), "@odata.nextLink" in page) == (7, False)
    _, page, _ = await call("GET", "me/events", **{"$orderby": "start/dateTime desc"})
    assert subjects(page) == ["0", "1", "2", "3", "4", "5", "6"]


async def test_a_page_has_ten_unasked(call, sandbox):
    """Without a wish there are ten to a page, of calendars too, and never more than a thousand."""
    for number in range(11):
        sandbox.world.add_book(ADA, f"{number:02}", "UTC")
    _, page, _ = await call("GET", "me/calendars")
    assert len(page["value"]) == 10
    _, rest, _ = await call("GET", "me/calendars", **{"$skip": "10"})
    assert [entry["name"] for entry in rest["value"]] == ["09", "10"]
    _, every, _ = await call("GET", "me/calendars", **{"$top": "5000"})
    assert (len(every["value"]), "@odata.nextLink" in every) == (12, False)


@pytest.mark.parametrize(
    ("first", "last", "inside"),
    [(-1, 0, False), (-1, 1, True), (-1, 25, True), (23, 25, True), (24, 25, False), (0, 0, True)],
)
async def test_a_view_has_what_overlaps_its_window(call, first, last, inside):
    """What only touches the window is outside; what reaches into it is there whole."""
    await call("POST", "me/events", body=event(first, last))
    for path in ("me/calendarView", "me/calendar/calendarView"):
        _, found, _ = await call("GET", path, **window())
        assert subjects(found) == (["Tea"] if inside else [])
    _, found, _ = await call("GET", "me/events")
    assert subjects(found) == ["Tea"]


async def test_calendars_are_viewed_one_by_one(call, sandbox):
    """A view shows its own calendar's events; without a calendar's name it is the default one."""
    other = sandbox.world.add_book(ADA, "Projects", "UTC").id
    await call("POST", "me/events", body=event())
    status, made, _ = await call("POST", f"me/calendars/{other}/events", body=event(subject="Plan"))
    assert status == 201
    for path, found in (
        ("me", ["Tea"]),
        ("me/calendar", ["Tea"]),
        (f"me/calendars/{other}", ["Plan"]),
    ):
        for collection, query in (("calendarView", window()), ("events", {})):
            assert subjects((await call("GET", f"{path}/{collection}", **query))[1]) == found
    missing = (404, "ErrorItemNotFound")
    assert (await call("GET", f"me/events/{made['id']}"))[0] == 200
    assert (await call("GET", f"me/calendars/{other}/events/{made['id']}"))[0] == 200
    assert await refusal(call("GET", f"me/calendar/events/{made['id']}")) == missing


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        (None, ("2027-03-01T09:00:00.0000000", "UTC")),
        ("UTC", ("2027-03-01T09:00:00.0000000", "UTC")),
        ("Tokyo Standard Time", ("2027-03-01T18:00:00.0000000", "Tokyo Standard Time")),
        ("America/New_York", ("2027-03-01T04:00:00.0000000", "America/New_York")),
    ],
)
async def test_times_are_shown_in_the_zone_preferred(call, zone, shown):
    """Answers are in UTC, or in the zone preferred by its Windows or its IANA name."""
    wish = {"prefer": f'IdType="ImmutableId", outlook.timezone="{zone}"'} if zone else {}
    body = event(10, 11, zone="W. Europe Standard Time")
    _, made, _ = await call("POST", "me/events", body=body, headers=wish)
    _, view, _ = await call("GET", "me/calendarView", headers=wish, **window())
    for found in (made, view["value"][0]):
        assert (found["start"]["dateTime"], found["start"]["timeZone"]) == shown
        assert found["originalStartTimeZone"] == "W. Europe Standard Time"
    odd = {"prefer": 'outlook.timezone="Mars Standard Time"'}
    told = await refusal(call("GET", "me/events", headers=odd))
    assert told == (400, "TimeZoneNotSupportedException")


async def test_a_view_has_a_longest_window(call):
    """1825 days are taken, a second more is refused in Graph's words."""
    assert (await call("GET", "me/calendarView", **window(1825)))[0] == 200
    long = window(1825) | {"startDateTime": "2027-02-28T23:59:59Z"}
    status, body, _ = await call("GET", "me/calendarView", **long)
    assert (status, body["error"]["message"]) == (
        400,
        "The range between the start and end dates is greater than the allowed range. Maximum"
        " number of days: 1825",
    )


async def test_a_switch_keeps_a_calendar_from_being_read(call, sandbox):
    """An unreadable calendar is refused with the code of the switch, the others are read."""
    other = sandbox.world.add_book(ADA, "Projects", "UTC").id
    sandbox.switches.set({"unreadable": {other: "ErrorItemNotFound", ADA: "ErrorAccessDenied"}})
    view = f"me/calendars/{other}/calendarView"
    assert await refusal(call("GET", view, **window())) == (404, "ErrorItemNotFound")
    assert await refusal(call("GET", "me/calendarView", **window())) == (403, "ErrorAccessDenied")
    assert (await call("GET", "me/calendarView", who=BEN, **window()))[0] == 200
