"""When a mailbox is busy, and what Graph is asked to know it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from together_outlook import OutlookCalendar

from together.domain.spans import Span, Spans
from together.providers import Access, Misconfigured, Reading

ADA = "ada@saltmarsh.example.org"
HOME, CHOIR = "AAMkHome=", "AAMkChoir="
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
SETTINGS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}
NO_MAILBOX = httpx.Response(404, json={"error": {"code": "MailboxNotEnabledForRESTAPI"}})


def hours(start, end):
    return Span(NINE + timedelta(hours=start), NINE + timedelta(hours=end))


def said(span, **more):
    times = {"start": span.start, "end": span.end}
    return {
        **{
            edge: {"dateTime": f"{when:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"}
            for edge, when in times.items()
        },
        **more,
    }


def item(span, status="busy", **more):
    return said(span, status=status, **more)


def event(span, shows="busy", **more):
    return said(span, showAs=shows, isAllDay=False, isCancelled=False, **more)


class Fake(httpx.AsyncBaseTransport):
    """Graph, as far as a test tells what it answers; whatever else is asked is an error."""

    def __init__(self, **answers):
        self.seen = []
        self.default = {"id": HOME, "owner": {"name": "Ada", "address": ADA}}
        self.schedule = answers.get("schedule", lambda asked: [])
        self.views = answers.get("views", {})

    async def handle_async_request(self, request):
        self.seen.append(request)
        place = request.url.path.removeprefix("/v1.0")
        match (request.method, place.split("/")[1:]):
            case ("GET", ["me", "calendar"]):
                answer = self.default
            case ("POST", ["me", "calendar", "getSchedule"]):
                answer = self.schedule(json.loads(request.content))
            case ("GET", ["me", "calendars", calendar_id, "calendarView"]):
                answer = self.views[calendar_id]
                answer = answer(request) if callable(answer) else answer
            case _:
                raise AssertionError(f"nobody asks {request.method} {place}")
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, json=answer.json())
        body = answer if isinstance(answer, dict) else {"value": answer}
        return httpx.Response(200, json=body)

    def calls(self, end):
        return [request for request in self.seen if request.url.path.endswith(end)]


def calendars(fake):
    http = httpx.AsyncClient(transport=fake, trust_env=False)
    return OutlookCalendar(SETTINGS).open(Access(http=http))


def schedule(*items, **more):
    return lambda asked: [{"scheduleId": ADA, "scheduleItems": [*items], **more}]


async def test_the_primary_calendar_is_read_by_its_schedule():
    """One call says when the mailbox is busy; no event of it is asked for."""
    fake = Fake(schedule=schedule(item(hours(0, 1)), item(hours(2, 3), "oof")))
    reading = await calendars(fake).busy([HOME, HOME], hours(0, 24))
    assert reading == Reading(Spans([hours(0, 1), hours(2, 3)]))
    asked = fake.calls("/getSchedule")
    assert [json.loads(request.content) for request in asked] == [
        {
            "schedules": [ADA],
            "startTime": {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"},
            "endTime": {"dateTime": "2027-03-02T09:00:00", "timeZone": "UTC"},
        }
    ]
    wish = 'outlook.timezone="UTC", IdType="ImmutableId"'
    assert {request.headers["prefer"] for request in fake.seen} == {wish}
    assert dict(fake.seen[0].url.params) == {"$select": "id,owner"}


@pytest.mark.parametrize(
    ("status", "busy"),
    [
        ("free", False), ("workingElsewhere", False),
        ("busy", True), ("oof", True), ("tentative", True), ("unknown", True),
        ("unknownFutureValue", True), ("Free", True),
    ],
)  # fmt: skip
async def test_what_is_not_known_to_be_free_is_busy(status, busy):
    """Only free and working elsewhere take no time, in a schedule and in an event alike."""
    spans = Spans([hours(0, 1)]) if busy else Spans()
    fake = Fake(
        schedule=schedule(item(hours(0, 1), status)), views={CHOIR: [event(hours(0, 1), status)]}
    )
    for calendar_id in (HOME, CHOIR):
        assert await calendars(fake).busy([calendar_id], hours(0, 24)) == Reading(spans)


async def test_a_long_window_is_cut_for_the_schedule():
    """130 days are asked in three pieces of at most 60, one after the other, without a gap."""
    blocks = [hours(24 * day, 24 * day + 1) for day in (0, 59.5, 60, 119.9, 129)]

    def answer(asked):
        edges = [asked[name]["dateTime"] + "+00:00" for name in ("startTime", "endTime")]
        start, end = (datetime.fromisoformat(edge) for edge in edges)
        inside = [item(b) for b in blocks if b.start < end and b.end > start]
        return [{"scheduleId": ADA.upper(), "scheduleItems": inside}]

    fake = Fake(schedule=answer)
    assert await calendars(fake).busy([HOME], hours(0, 130 * 24)) == Reading(Spans(blocks))
    assert len(fake.calls("/getSchedule")) == 3


@pytest.mark.parametrize("minutes", [1, 5, 30, 45])
async def test_a_short_window_is_asked_as_an_hour(minutes):
    """Graph cuts a window into half hours, and refuses one that is no longer than they are."""
    window = hours(0, minutes / 60)
    fake = Fake(schedule=schedule(item(hours(-1, 5))))
    assert await calendars(fake).busy([HOME], window) == Reading(Spans([window]))
    (asked,) = (json.loads(request.content) for request in fake.calls("/getSchedule"))
    assert asked["endTime"]["dateTime"] == "2027-03-01T10:00:00"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([], "missing"),
        ([{"scheduleId": "ben@saltmarsh.example.org", "scheduleItems": []}], "missing"),
        (
            [
                {
                    "scheduleId": ADA,
                    "error": {"message": "x", "responseCode": "ErrorMailRecipientNotFound"},
                }
            ],
            "ErrorMailRecipientNotFound",
        ),
        ([{"scheduleId": ADA, "error": {"responseCode": f"a sentence about {ADA}"}}], "unknown"),
        ([{"scheduleId": ADA, "scheduleItems": [], "error": {}}], "unknown"),
    ],
    ids=["nothing", "somebody else", "error", "sentence", "no code"],
)
async def test_a_mailbox_that_errs_is_unread(answer, why):
    """An error inside a 200 is unknown, never free, and of what it says a short code is kept."""
    reading = await calendars(Fake(schedule=lambda asked: answer)).busy([HOME], hours(0, 24))
    assert reading == Reading(Spans(), {HOME: why})


async def test_an_error_in_one_piece_makes_the_mailbox_unread():
    """What was read before still counts, and the whole window is unknown beside it."""
    answers = iter([
        {"scheduleId": ADA, "scheduleItems": [item(hours(0, 1))]},
        {"scheduleId": ADA, "error": {"responseCode": "ErrorServerBusy"}},
    ])  # fmt: skip
    fake = Fake(schedule=lambda asked: [next(answers)])
    reading = await calendars(fake).busy([HOME], hours(0, 24 * 100))
    assert reading == Reading(Spans([hours(0, 1)]), {HOME: "ErrorServerBusy"})


@pytest.mark.parametrize(
    "items",
    [
        None, "none", [7], [item(hours(0, 1), None)], [said(hours(0, 1))], [{"status": "busy"}],
        [item(hours(0, 1)) | {"end": {"dateTime": "2027-03-01T08:00:00", "timeZone": "UTC"}}],
        [item(hours(0, 1))] * 10_001,
    ],
    ids=["null", "text", "number", "null status", "no status", "no time", "reversed", "too many"],
)  # fmt: skip
async def test_a_schedule_of_another_shape_is_refused(items):
    """What cannot be read is not guessed at: it is the operator's affair and never free."""
    fake = Fake(schedule=lambda asked: [{"scheduleId": ADA, "scheduleItems": items}])
    with pytest.raises(Misconfigured):
        await calendars(fake).busy([HOME], hours(0, 24))


async def test_too_many_entries_over_several_pieces_are_refused():
    """The limit of ten thousand entries is a calendar's, not a reply's."""
    fake = Fake(schedule=schedule(*[item(hours(0, 1))] * 6_000))
    assert len((await calendars(fake).busy([HOME], hours(0, 24))).busy) == 1
    with pytest.raises(Misconfigured):
        await calendars(fake).busy([HOME], hours(0, 24 * 100))


async def test_what_lies_beyond_the_window_is_cut_off():
    """A schedule tells whole events; what of them is not in the window is not kept."""
    empty = item(hours(2, 3)) | {"end": item(hours(2, 3))["start"]}
    spans = [hours(-5, 1), hours(23, 30), hours(40, 50)]
    fake = Fake(schedule=schedule(empty, *(item(span) for span in spans)))
    reading = await calendars(fake).busy([HOME], hours(0, 24))
    assert reading.busy == Spans([hours(0, 1), hours(23, 24)])


async def test_a_personal_account_is_read_by_its_events():
    """Where there is no schedule, the events say the same."""
    fake = Fake(schedule=lambda asked: NO_MAILBOX, views={HOME: [event(hours(0, 1))]})
    assert await calendars(fake).busy([HOME], hours(0, 24)) == Reading(Spans([hours(0, 1)]))


async def test_a_calendar_without_an_owner_is_read_by_its_events():
    """A schedule is asked for by an address; without one nobody asks."""
    fake = Fake(views={HOME: [event(hours(0, 1))]})
    fake.default = {"id": HOME, "owner": None}
    assert await calendars(fake).busy([HOME], hours(0, 24)) == Reading(Spans([hours(0, 1)]))
    assert fake.calls("/getSchedule") == []


async def test_no_calendar_asks_nothing():
    """To read no calendar, Graph is not asked."""
    fake = Fake()
    assert await calendars(fake).busy([], hours(0, 1)) == Reading(Spans())
    assert fake.seen == []
