"""What has changed in a calendar, page by page, and how each answer that is odd is taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import httpx
import pytest
from together_outlook import OutlookCalendar

from together.domain.spans import Span
from together.providers import (
    Changes,
    CursorExpired,
    EventDraft,
    Gone,
    Misconfigured,
    ProviderUnavailable,
    RateLimited,
)
from together.providers.shapes import MOST
from together.testing.hands import BASE_URL, Hands

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
API = f"{BASE_URL}/v1.0"
PLACE = f"{API}/me/calendars/x/calendarView/delta"
NEXT, DELTA = "@odata.nextLink", "@odata.deltaLink"
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
KEY = "0123456789abcdefghijklmnopqrstuv"


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now.timestamp()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def provider(sandbox, clock):
    return OutlookCalendar(sandbox.settings(BASE_URL), clock=clock)


@pytest.fixture
async def ada(hands):
    return await hands.calendars(ADA)


@pytest.fixture
def home(sandbox):
    return sandbox.world.default_book(ADA).id


@pytest.fixture
def draft(hands, home):
    day = NOON + timedelta(days=30)
    return EventDraft(KEY, home, Span(day, day + timedelta(hours=1)), "Mentoring", guests=(BEN,))


def page(*events, **links):
    return httpx.Response(200, json={"value": [*events], **links})


def saying(*pages):
    """Answer with each of these in turn, and then with nothing more to say."""
    left = [*pages]
    return lambda request: left.pop(0) if left else httpx.Response(500)


def error(status, code):
    return httpx.Response(status, json={"error": {"code": code, "message": "canary"}})


async def test_a_round_asks_as_it_is_documented(ada, home, checked_wire):
    """The window is the only parameter; pages, times and ids are asked for in a header."""
    calls = len(checked_wire.seen)
    await ada.changes(home, None)
    (asked,) = checked_wire.seen[calls:]
    assert asked.url.path == f"/sandbox/v1.0/me/calendars/{home}/calendarView/delta"
    assert parse_qsl(asked.url.query.decode()) == [
        ("startDateTime", "2026-11-30T12:00:00Z"),
        ("endDateTime", "2028-01-05T12:00:00Z"),
    ]
    assert asked.headers["prefer"] == (
        'outlook.timezone="UTC", IdType="ImmutableId", odata.maxpagesize=200'
    )


async def test_of_an_event_its_id_is_taken_alone(ada, home, draft):
    """What comes back is ids and a token, and nothing of what an event is about."""
    begun = await ada.changes(home, None)
    event = await ada.create(draft)
    told = await ada.changes(home, begun.cursor)
    assert told.event_ids == {event.id}
    assert all(word not in repr(told) for word in ("Mentoring", BEN, ADA, API))


async def test_what_leaves_the_window_is_named(ada, home, draft, hands):
    """An event that was moved far away is said to be removed, and is named like any other."""
    event = await ada.create(draft)
    begun = await ada.changes(home, None)
    away = {
        edge: {"dateTime": f"2031-01-01T{hour}:00:00", "timeZone": "UTC"}
        for edge, hour in (("start", "09"), ("end", "10"))
    }
    token = hands.grants[ADA].access_token.reveal()
    headers = {"authorization": f"Bearer {token}", "prefer": 'IdType="ImmutableId"'}
    await hands.web.patch(f"{API}/me/events/{event.id}", json=away, headers=headers)
    hands.transport.checker.faults.clear()
    assert (await ada.changes(home, begun.cursor)).event_ids == {event.id}
    assert (await ada.read(event)).span.start == datetime(2031, 1, 1, 9, tzinfo=UTC)


async def test_a_removed_event_is_named(ada, home, checked_wire):
    """Of what was removed there is an id and nothing more, and it may be named twice."""
    checked_wire.answer = saying(
        page({"id": "a", "@removed": {"reason": "deleted"}}, {"id": "b"}, {"id": "b"}),
    )
    with pytest.raises(Misconfigured):
        await ada.changes(home, f"{int(NOON.timestamp())}:$deltatoken=t")
    checked_wire.answer = saying(
        page({"id": "a", "@removed": {"reason": "deleted"}}, **{NEXT: f"{PLACE}?$skiptoken=s"}),
        page({"id": "b"}, {"id": "b"}, **{DELTA: f"{PLACE}?$deltatoken=u"}),
    )
    cursor = f"{int(NOON.timestamp())}:$deltatoken=t"
    told = await ada.changes(home, cursor)
    assert told == Changes(frozenset("ab"), f"{int(NOON.timestamp())}:$deltatoken=u")


async def test_too_much_has_changed_to_be_named(ada, home, checked_wire):
    """Where more has changed than can be named one starts anew, and without a cursor none is."""
    cursor = (await ada.changes(home, None)).cursor
    events = [{"id": f"e{n}"} for n in range(MOST)]

    def pages():
        return saying(
            page(*events, **{NEXT: f"{PLACE}?$skiptoken=s"}),
            page({"id": "one more"}, **{DELTA: f"{PLACE}?$deltatoken=u"}),
        )

    checked_wire.answer = pages()
    with pytest.raises(CursorExpired):
        await ada.changes(home, cursor)
    checked_wire.answer = pages()
    assert (await ada.changes(home, None)).event_ids == frozenset()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (410, "SyncStateNotFound"),
        (410, "resyncRequired"),
        (410, "UnknownError"),
        (400, "SyncStateInvalid"),
        (404, "syncStateNotFound"),
        (409, "resyncRequired"),
    ],
)
async def test_a_dead_token_is_told_apart(ada, home, checked_wire, status, code):
    """In whatever words a token is refused, on the first page or later, one starts anew."""
    cursor = (await ada.changes(home, None)).cursor
    more = page({"id": "a"}, **{NEXT: f"{PLACE}?$skiptoken=s"})
    for before in ([], [more]):
        checked_wire.answer = saying(*before, error(status, code))
        with pytest.raises(CursorExpired) as caught:
            await ada.changes(home, cursor)
        assert (caught.value.status, caught.value.code) == (status, code)
        assert "canary" not in str(caught.value)
        # Whoever has no cursor has none to give up, and asks again a little later.
        checked_wire.answer = saying(more, error(status, code))
        with pytest.raises(ProviderUnavailable):
            await ada.changes(home, None)


async def test_a_dead_token_in_the_middle(ada, home, draft, sandbox, checked_wire):
    """A token may die between two pages, and then nothing of the first page counts."""
    sandbox.switches.set({"delta_page": 1})
    begun = await ada.changes(home, None)
    event = await ada.create(draft)
    await ada.update(event, draft)
    other = EventDraft(KEY[::-1], home, draft.span, "Another")
    await ada.create(other)
    inner, calls = checked_wire._inner, []

    class Forgetful(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request):
            calls.append(request)
            reply = await inner.handle_async_request(request)
            sandbox.world.forget()
            return reply

    checked_wire._inner = Forgetful()
    with pytest.raises(CursorExpired):
        await ada.changes(home, begun.cursor)
    assert len(calls) == 2
    checked_wire._inner = inner


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(404, "ErrorItemNotFound"), Gone),
        (error(404, "ErrorFolderNotFound"), Gone),
        (error(400, "ErrorInvalidIdMalformed"), Gone),
        (error(400, "ErrorInvalidUrlQuery"), Misconfigured),
        (error(429, "ApplicationThrottled"), RateLimited),
        (error(503, "serviceNotAvailable"), ProviderUnavailable),
    ],
    ids=range(6),
)
async def test_other_refusals_are_what_they_are(ada, home, checked_wire, answer, kind):
    """A calendar that is gone is no dead cursor, and an outage neither."""
    cursor = (await ada.changes(home, None)).cursor
    checked_wire.answer = lambda request: answer
    for asked in (cursor, None):
        with pytest.raises(kind):
            await ada.changes(home, asked)


async def test_a_window_grows_old(ada, home, clock, checked_wire):
    """A cursor serves for thirty days, and then its window lies too far back to go on with."""
    cursor = (await ada.changes(home, None)).cursor
    clock.now += timedelta(days=30)
    again = await ada.changes(home, cursor)
    assert again.event_ids == frozenset()
    clock.now += timedelta(seconds=1)
    calls = len(checked_wire.seen)
    for old in (cursor, again.cursor):
        with pytest.raises(CursorExpired):
            await ada.changes(home, old)
    assert len(checked_wire.seen) == calls
    assert (await ada.changes(home, (await ada.changes(home, None)).cursor)).event_ids == set()


@pytest.mark.parametrize(
    "cursor",
    [
        "", "x", ":", "1:", f"1:{'t' * 10}", "99999999999:$deltatoken=t", "-1:$deltatoken=t",
        "{now}:", "{now}:$deltatoken=a b", "{now}:$deltatoken=a#b", "{now}:$deltatoken=t\n",
        "{now}:$deltatoken=\u00e9", "\u0661{now}:$deltatoken=t",
    ],
)  # fmt: skip
async def test_what_is_no_cursor_is_none(ada, home, checked_wire, cursor):
    """A cursor that this plugin did not give is as good as a dead one, and nothing is sent."""
    calls = len(checked_wire.seen)
    with pytest.raises(CursorExpired):
        await ada.changes(home, cursor.replace("{now}", str(int(NOON.timestamp()))))
    assert len(checked_wire.seen) == calls


async def test_a_cursor_is_for_one_calendar(hands, ada, home, sandbox):
    """The same cursor in another calendar is dead there."""
    other = sandbox.world.add_book(ADA, "Family", "Europe/Stockholm").id
    begun = await ada.changes(home, None)
    with pytest.raises(CursorExpired):
        await ada.changes(other, begun.cursor)


async def test_what_the_core_reads_of_each_change(hands, ada, home, draft):
    """A change is read as times and answers, by folded address; what was taken away is gone."""
    event = await ada.create(draft)
    begun = await ada.changes(home, None)
    hands.sandbox.answer(BEN, event.id, "declined")
    told = await ada.changes(home, begun.cursor)
    (changed,) = told.event_ids
    read = await ada.read(event)
    assert (changed, read.span) == (event.id, draft.span)
    assert {guest: answer.value for guest, answer in read.answers.items()} == {BEN: "DECLINED"}
    await ada.cancel(event)
    assert (await ada.changes(home, told.cursor)).event_ids == {event.id}
    with pytest.raises(Gone):
        await ada.read(event)


async def test_a_guests_calendar_is_told_of_too(hands: Hands, ada, home, draft, sandbox):
    """An invitation, a move and its end each change the guest's own calendar."""
    ben = await hands.calendars(BEN)
    theirs = sandbox.world.default_book(BEN).id
    cursor = (await ben.changes(theirs, None)).cursor
    event = await ada.create(draft)
    moved = EventDraft(
        KEY, home, Span(NOON + timedelta(days=3), NOON + timedelta(days=4)), "M", guests=(BEN,)
    )
    seen = set()
    for step in (None, ada.update(event, moved), ada.cancel(event)):
        if step is not None:
            await step
        told = await ben.changes(theirs, cursor)
        assert len(told.event_ids) == 1
        cursor, seen = told.cursor, seen | told.event_ids
    assert len(seen) == 1
    assert event.id not in seen
