"""When single calendars are busy, by their events, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from together_outlook import OutlookCalendar
from together_outlook.graph import MOST_PAGES, PREFER

from together.domain.spans import Span, Spans
from together.providers import Access, Misconfigured, ProviderUnavailable, RateLimited, Reading

HOME, CHOIR = "AAMkHome=", "AAMkChoir="
GRAPH = "https://graph.microsoft.com/v1.0"
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
SETTINGS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}


def hours(start, end):
    return Span(NINE + timedelta(hours=start), NINE + timedelta(hours=end))


def event(span, shows="busy", **more):
    def said(when):
        return {"dateTime": f"{when:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}

    times = {"start": said(span.start), "end": said(span.end)}
    return {**times, "showAs": shows, "isAllDay": False, "isCancelled": False, **more}


class Fake(httpx.AsyncBaseTransport):
    """The calendar views of one mailbox, in which no other calendar than these is primary."""

    def __init__(self, views):
        self.views, self.seen = views, []

    async def handle_async_request(self, request):
        self.seen.append(request)
        place = request.url.path.removeprefix("/v1.0/me/")
        if place == "calendar":
            return httpx.Response(200, json={"id": "AAMkPrimary=", "owner": None})
        _, calendar_id, _ = place.split("/")
        answer = self.views[calendar_id]
        answer = answer(request) if callable(answer) else answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer if isinstance(answer, dict) else {"value": answer})

    def calls(self, end):
        return [request for request in self.seen if request.url.path.endswith(end)]


def calendars(fake):
    http = httpx.AsyncClient(transport=fake, trust_env=False)
    return OutlookCalendar(SETTINGS).open(Access(http=http))


async def test_other_calendars_are_read_by_their_events():
    """A schedule holds the primary calendar alone, so several are read one by one."""
    fake = Fake({HOME: [event(hours(0, 1))], CHOIR: [event(hours(4, 5))]})
    reading = await calendars(fake).busy([HOME, CHOIR], hours(0, 24))
    assert reading == Reading(Spans([hours(0, 1), hours(4, 5)]))
    assert [len(fake.calls(end)) for end in ("/getSchedule", "/calendar", "View")] == [0, 0, 2]
    query = dict(fake.seen[0].url.params)
    assert query == {
        "startDateTime": "2027-02-28T21:00:00Z",
        "endDateTime": "2027-03-02T23:00:00Z",
        "$select": "start,end,isAllDay,originalStartTimeZone,originalEndTimeZone,showAs,"
        "isCancelled,responseStatus",
        "$top": "250",
    }


async def test_an_event_that_takes_no_time_is_not_busy():
    """Cancelled and declined events, and those without any length, leave their time free."""
    found = [
        event(hours(0, 1)) | {"isCancelled": True},
        event(hours(1, 2), responseStatus={"response": "declined"}),
        event(hours(2, 3)) | {"end": event(hours(2, 3))["start"]},
        event(hours(3, 4), responseStatus={"response": "tentativelyAccepted"}),
        event(hours(5, 6), responseStatus={"response": "notResponded"}),
        event(hours(7, 8), responseStatus=None),
    ]
    reading = await calendars(Fake({CHOIR: found})).busy([CHOIR], hours(0, 24))
    assert reading == Reading(Spans([hours(3, 4), hours(5, 6), hours(7, 8)]))


async def test_a_whole_day_is_busy_in_the_zone_it_was_made_in():
    """All-day events float; they are read where they were made, or everywhere if nobody knows."""
    day = {
        "start": {"dateTime": "2027-03-03T00:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2027-03-04T00:00:00.0000000", "timeZone": "UTC"},
        "showAs": "oof",
        "isAllDay": True,
    }
    lagos = ("originalStartTimeZone", "originalEndTimeZone")
    known = day | dict.fromkeys(lagos, "W. Central Africa Standard Time")
    midnight = datetime(2027, 3, 3, tzinfo=UTC)
    for found, start, end in ((known, -1, 23), (day, -14, 36)):
        reading = await calendars(Fake({CHOIR: [found]})).busy([CHOIR], hours(0, 24 * 7))
        span = Span(midnight + timedelta(hours=start), midnight + timedelta(hours=end))
        assert reading == Reading(Spans([span]))


async def test_one_calendar_that_fails_leaves_the_others():
    """A calendar that is gone, or not given out, is unread by its code; the rest is read."""
    gone = httpx.Response(404, json={"error": {"code": "ErrorItemNotFound"}})
    odd = httpx.Response(403, json={"error": {"code": "neverSeen"}})
    bare = httpx.Response(404, json={})
    views = {"a": gone, HOME: [event(hours(0, 1))], "b": odd, "c": bare, "": gone}
    reading = await calendars(Fake(views)).busy(["a", HOME, "b", "c", ""], hours(0, 24))
    assert reading == Reading(
        Spans([hours(0, 1)]),
        {"a": "ErrorItemNotFound", "b": "neverSeen", "c": "unknown", "": "no_such_id"},
    )


@pytest.mark.parametrize(
    "found",
    [
        None, "none", [7], [{}], [event(hours(0, 1), None)], [event(hours(0, 1), "")],
        [event(hours(0, 1), isAllDay="no")], [event(hours(0, 1), isCancelled="no")],
        [event(hours(0, 1), responseStatus="declined")], [event(hours(0, 1), end=None)],
        [event(hours(0, 1))] * 10_001,
    ],
)  # fmt: skip
async def test_events_of_another_shape_are_refused(found):
    """What cannot be read is not guessed at: it is the operator's affair and never free."""
    with pytest.raises(Misconfigured):
        await calendars(Fake({CHOIR: {"value": found}})).busy([CHOIR], hours(0, 24))


@pytest.mark.parametrize(
    ("status", "kind"), [(429, RateLimited), (503, ProviderUnavailable), (400, Misconfigured)]
)
async def test_an_outage_of_one_calendar_is_one_of_all(status, kind):
    """What passes, or is our own mistake, is no word about a calendar."""
    views = {HOME: [], CHOIR: httpx.Response(status, json={"error": {"code": "x"}})}
    with pytest.raises(kind):
        await calendars(Fake(views)).busy([HOME, CHOIR], hours(0, 24))


async def test_a_very_long_window_is_cut_for_events_too():
    """A window of six years is read in two pieces."""
    fake = Fake({CHOIR: [event(hours(0, 1))]})
    reading = await calendars(fake).busy([CHOIR], hours(0, 24 * 365 * 6))
    assert reading == Reading(Spans([hours(0, 1)]))
    assert len(fake.calls("View")) == 2


def paged(pages, link):
    """Answer with one page after the other, each leading to the next by a link."""

    def answer(request):
        n = int(request.url.params.get("$skip", "0"))
        more = {"@odata.nextLink": link.format(n=n + 1)} if n + 1 < pages else {}
        return {"value": [event(hours(n, n + 0.5))], **more}

    return answer


@pytest.mark.parametrize(
    "link",
    [
        GRAPH
        + "/me/calendars/AAMkChoir%3D/calendarView?$skip={n}&startDateTime=2027-03-01T09:00:00Z",
        "https://GRAPH.microsoft.com:443/v1.0/me/calendars/AAMkChoir=/calendarView?%24skip={n}",
    ],
)
async def test_pages_are_followed_to_the_end(link):
    """A long calendar comes in pages, each naming the next, and every one is read."""
    fake = Fake({CHOIR: paged(5, link)})
    reading = await calendars(fake).busy([CHOIR], hours(0, 24))
    assert reading == Reading(Spans(hours(n, n + 0.5) for n in range(5)))
    assert {request.headers["prefer"] for request in fake.seen} == {PREFER}


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/v1.0/me/calendars/x/calendarView",
        "https://graph.microsoft.com.elsewhere.example/v1.0/me",
        "https://graph.microsoft.com@elsewhere.example/v1.0/me",
        "http://graph.microsoft.com/v1.0/me",
        "https://graph.microsoft.com:444/v1.0/me",
        "https://graph.microsoft.com/beta/me",
        "https://graph.microsoft.com/v1.0x/me",
        "https://graph.microsoft.com/v1.0",
        "https://graph.microsoft.com/v1.0/../beta/me",
        "https://graph.microsoft.com/v1.0/%2e%2e/beta/me",
        "https://graph.microsoft.com\\@elsewhere.example/v1.0/me",
        "//elsewhere.example/v1.0/me",
        "/v1.0/me/calendars",
        "https://[/v1.0/me",
        "",
    ],
)
async def test_no_link_of_a_reply_leads_elsewhere(link):
    """A next page is under our own base address; any other is refused before it is asked for."""
    fake = Fake({CHOIR: {"value": [], "@odata.nextLink": link}})
    with pytest.raises(Misconfigured):
        await calendars(fake).busy([CHOIR], hours(0, 24))
    assert len(fake.calls("View")) == 1
    assert {request.url.host for request in fake.seen} == {"graph.microsoft.com"}


async def test_pages_without_end_are_not_followed():
    """A list that leads on and on is given up."""
    link = GRAPH + "/me/calendars/AAMkChoir%3D/calendarView?$skip={n}"
    fake = Fake({CHOIR: paged(10_000, link)})
    with pytest.raises(Misconfigured):
        await calendars(fake).busy([CHOIR], hours(0, 24))
    assert len(fake.calls("View")) == MOST_PAGES
