"""The sandbox's calendar page: what a person does in Google Calendar, in a browser."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from together.domain.spans import Span
from together.providers import Answer, EventDraft, Gone
from together.testing.provider_contract import BASE_URL

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
PAGE = BASE_URL + "/_calendar"
KEY = "0123456789abcdefghijklmnopqrstuv"


@pytest.fixture
def pages(hands, checker):
    """Give the web; pages of people are in no document."""
    yield hands
    checker.faults.clear()


@pytest.fixture
def span():
    """Give an hour of the day after tomorrow."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Span(day + timedelta(days=2, hours=9), day + timedelta(days=2, hours=10))


@pytest.fixture
async def booked(pages, span):
    """Give a session of Ada's, with Ben as its guest."""
    ada = await pages.calendars(ADA)
    return ada, await ada.create(EventDraft(KEY, ADA, span, "Session <1>", guests=(BEN,)))


async def press(hands, account, action, **form):
    form = {"calendar": account, "event": KEY, "action": action, **form}
    reply = await hands.web.post(PAGE, params={"account": account}, data=form)
    said = re.search(r'role="alert"><strong>(.*?)</strong>', reply.text)
    return reply.status_code, unescape(said[1]) if said else ""


async def test_an_owner_moves_and_deletes(pages, booked, span):
    """The times of the form are those of the owner's wall; the guests are told of what is done."""
    ada, event = booked
    cursor = (await ada.changes(ADA, None)).cursor
    page = (await pages.web.get(PAGE, params={"account": ADA})).text
    assert "Session &lt;1&gt;" in page
    assert f"{BEN} (needsAction)" in page
    fields = dict(re.findall(r'name="(start|end)" value="(.*?)"', page))
    walls = [datetime.fromisoformat(fields[edge]) for edge in ("start", "end")]
    later = {
        edge: f"{wall + timedelta(hours=3):%Y-%m-%dT%H:%M}"
        for edge, wall in zip(("start", "end"), walls, strict=True)
    }
    assert await press(pages, ADA, "move", **later) == (303, "")
    moved = await ada.read(event)
    assert moved.span == Span(span.start + timedelta(hours=3), span.end + timedelta(hours=3))
    told = await ada.changes(ADA, cursor)
    assert told.event_ids == {KEY}
    assert await press(pages, ADA, "delete") == (303, "")
    assert (await ada.changes(ADA, told.cursor)).event_ids == {KEY}
    with pytest.raises(Gone):
        await ada.read(event)
    kinds = [mail["kind"] for mail in pages.sandbox.world.mails]
    assert kinds == ["invited", "changed", "cancelled"]
    assert "Session" not in (await pages.web.get(PAGE, params={"account": ADA})).text


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("accepted", Answer.ACCEPTED),
        ("tentative", Answer.TENTATIVE),
        ("declined", Answer.DECLINED),
        ("delete", Answer.DECLINED),
    ],
)
async def test_a_guest_answers(pages, booked, action, answer):
    """Each button of an invitation is an answer, which the organizer's calendar tells of."""
    ada, event = booked
    cursor = (await ada.changes(ADA, None)).cursor
    page = (await pages.web.get(PAGE, params={"account": BEN})).text
    assert f"Invited by {ADA}" in page
    assert 'value="move"' not in page
    assert await press(pages, BEN, action) == (303, "")
    assert (await ada.changes(ADA, cursor)).event_ids == {KEY}
    assert (await ada.read(event)).answers == {BEN: answer}


async def test_what_cannot_be_done_is_said(pages, booked, span):
    """A wrong time, somebody else's event, one that is gone: the page says so, nothing changes."""
    ada, event = booked
    start, end = f"{span.start:%Y-%m-%dT%H:%M}", f"{span.end:%Y-%m-%dT%H:%M}"
    typed = {"start": start, "end": end}
    for account, action, form, words in (
        (ADA, "move", {"start": "soon", "end": end}, "Give the day and the time."),
        (ADA, "move", {}, "Give the day and the time."),
        (ADA, "move", {"start": end, "end": start}, "An event ends after it has begun."),
        (ADA, "dance", {}, "Nothing of the kind can be done."),
        (ADA, "delete", {"calendar": BEN}, "There is no such calendar."),
        (ADA, "delete", {"event": "never"}, "Not Found"),
        (BEN, "accepted", {"event": "never"}, "Not Found"),
        (
            BEN,
            "move",
            typed,
            "Shared properties can only be changed by the organizer of the event.",
        ),
    ):
        assert await press(pages, account, action, **form) == (400, words)
    assert await ada.read(event) == event
    await ada.cancel(event)
    assert await press(pages, ADA, "move", **typed) == (400, "Resource has been deleted")
    assert await press(pages, BEN, "accepted") == (400, "Not Found")


async def test_a_calendar_is_chosen(pages):
    """Every account that has a calendar is a link; whoever has none, or nobody, is no choice."""
    pages.sandbox.add_account("kemi@saltmarsh.example.org", has_calendar=False)
    reply = await pages.web.get(PAGE)
    assert re.findall(r'href="\?account=(.*?)"', reply.text) == [
        "ada%40saltmarsh.example.org",
        "ben%40saltmarsh.example.org",
        "farid%40saltmarsh.example.org",
    ]
    assert (await pages.web.post(PAGE, data={"action": "delete"})).text == reply.text
    assert (await pages.web.get(PAGE, params={"account": "nobody"})).text == reply.text
    assert "Nothing lies ahead." in (await pages.web.get(PAGE, params={"account": ADA})).text


async def test_a_believable_calendar_can_be_gone_through(pages):
    """What the demo makes up is shown, the days that are whole to be deleted alone."""
    pages.sandbox.populate([])
    email = next(e for e, b in pages.sandbox.world.books.items() if b.primary and len(b.events) > 9)
    page = (await pages.web.get(PAGE, params={"account": email})).text
    assert page.count('value="delete"') == 60
    assert page.count('value="move"') <= 60
    assert "script" not in page
