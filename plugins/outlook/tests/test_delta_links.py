"""Where a page of a delta query leads, and what is made of one that is not as documented."""

from __future__ import annotations

import httpx
import pytest
from together_outlook.syncing import MOST_PAGES

from together.providers import Gone, Misconfigured
from together.providers.shapes import MOST
from together.testing.hands import BASE_URL

ADA = "ada@saltmarsh.example.org"
API = f"{BASE_URL}/v1.0"
PLACE = f"{API}/me/calendars/x/calendarView/delta"
NEXT, DELTA = "@odata.nextLink", "@odata.deltaLink"


@pytest.fixture
async def ada(hands):
    return await hands.calendars(ADA)


@pytest.fixture
def home(hands, sandbox):
    return sandbox.world.default_book(ADA).id


def page(*events, **links):
    return httpx.Response(200, json={"value": [*events], **links})


def saying(*pages):
    """Answer with each of these in turn, and then with nothing more to say."""
    left = [*pages]
    return lambda request: left.pop(0) if left else httpx.Response(500)


@pytest.mark.parametrize(
    "link",
    [
        f"{API}/users('x')/calendars('y')/calendarView/delta()?$skiptoken=a%2Bb_-.c",
        f"{API}/me/calendarview/delta?$skiptoken=a%2Bb_-.c",
        f"{API}/users/somebody@elsewhere.example/calendarView/delta?$skiptoken=a%2Bb_-.c",
    ],
    ids=["other spelling", "lower case", "other mailbox"],
)
async def test_a_link_leads_on_in_this_calendar_alone(ada, home, checked_wire, link):
    """What a link remembers is sent as it came, to the calendar that was asked for."""
    calls = len(checked_wire.seen)
    checked_wire.answer = saying(page(**{NEXT: link}), page(**{DELTA: f"{PLACE}?$deltatoken=u"}))
    await ada.changes(home, None)
    second = checked_wire.seen[calls + 1].url
    assert second.path == f"/sandbox/v1.0/me/calendars/{home}/calendarView/delta"
    assert second.query == b"$skiptoken=a%2Bb_-.c"


@pytest.mark.parametrize(
    "link",
    [
        "https://elsewhere.example/v1.0/me/calendarView/delta?$skiptoken=t",
        f"http://127.0.0.1:8766/sandbox/v1.0/{'me/calendarView/delta'}?$skiptoken=t",
        f"{BASE_URL}/v2.0/me/calendarView/delta?$skiptoken=t",
        f"{API}/../v1.0/me/calendarView/delta?$skiptoken=t",
        f"{API}/me/%2e%2e/calendarView/delta?$skiptoken=t",
        f"{API}/me/messages/delta?$skiptoken=t",
        f"{API}/me/events?$skiptoken=t",
        "http://ada:secret@127.0.0.1:8765/sandbox/v1.0/me/calendarView/delta?$skiptoken=t",
        "http://[::1/me/calendarView/delta?$skiptoken=t",
        "/me/calendarView/delta?$skiptoken=t",
        PLACE,
        f"{PLACE}?$skiptoken=",
        f"{PLACE}?startDateTime=2026-12-01T00:00:00Z",
        f"{PLACE}?$skiptoken=a b",
        f"{PLACE}?$skiptoken=\u00e9",
        f"{PLACE}?$skiptoken={'t' * 8000}",
        "",
    ],
)
@pytest.mark.parametrize("name", [NEXT, DELTA])
async def test_a_crooked_link_is_not_followed(ada, home, checked_wire, name, link):
    """A link elsewhere, or to anything but more of a delta query, is the operator's affair."""
    calls = len(checked_wire.seen)
    checked_wire.answer = saying(page(**{name: link}), page(**{DELTA: f"{PLACE}?$deltatoken=u"}))
    with pytest.raises(Misconfigured):
        await ada.changes(home, None)
    assert len(checked_wire.seen) == calls + 1


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"value": None},
        {"value": "none"},
        {"value": []},
        {"value": [], NEXT: 7},
        {"value": [], DELTA: None},
        {"value": [None], DELTA: f"{PLACE}?$deltatoken=u"},
        {"value": [{}], DELTA: f"{PLACE}?$deltatoken=u"},
        {"value": [{"id": 7}], DELTA: f"{PLACE}?$deltatoken=u"},
        {"value": [{"id": "a\nb"}], DELTA: f"{PLACE}?$deltatoken=u"},
        {"value": [{"id": "a"}] * (MOST + 1), DELTA: f"{PLACE}?$deltatoken=u"},
        {"value": [], DELTA: f"{PLACE}?$deltatoken={'t' * 4000}"},
    ],
    ids=range(12),
)
async def test_another_shape_is_the_operators(ada, home, checked_wire, answer):
    """A page that is not as documented, or a token too long to keep, is not guessed at."""
    checked_wire.answer = saying(httpx.Response(200, json=answer))
    with pytest.raises(Misconfigured):
        await ada.changes(home, None)


async def test_pages_that_lead_in_a_circle_end(ada, home, checked_wire):
    """A page that was read already is not read again."""
    calls = len(checked_wire.seen)
    one, two = (page(**{NEXT: f"{PLACE}?$skiptoken={name}"}) for name in "ab")
    checked_wire.answer = saying(one, two, page(**{NEXT: f"{PLACE}?$skiptoken=a"}))
    with pytest.raises(Misconfigured):
        await ada.changes(home, None)
    assert len(checked_wire.seen) == calls + 3


async def test_pages_without_end_end(ada, home, checked_wire):
    """However many pages there are said to be, no more are read than are believed."""
    calls = len(checked_wire.seen)
    checked_wire.answer = lambda request: page(
        **{NEXT: f"{PLACE}?$skiptoken={len(checked_wire.seen)}"}
    )
    with pytest.raises(Misconfigured):
        await ada.changes(home, None)
    assert len(checked_wire.seen) == calls + MOST_PAGES


async def test_an_id_is_one_segment(ada, checked_wire):
    """What is no id leads nowhere, and nothing is sent for it."""
    calls = len(checked_wire.seen)
    for name in ("", ".", ".."):
        with pytest.raises(Gone):
            await ada.changes(name, None)
    assert len(checked_wire.seen) == calls
    gone = {"error": {"code": "ErrorItemNotFound", "message": ""}}
    checked_wire.answer = lambda request: httpx.Response(404, json=gone)
    with pytest.raises(Gone):
        await ada.changes("a/../b", None)
    assert b"/calendars/a%2F..%2Fb/calendarView/delta?" in checked_wire.seen[-1].url.raw_path
