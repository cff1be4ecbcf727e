"""What a person does by hand on the page of their own calendar."""

from __future__ import annotations

import re
from datetime import UTC, timedelta

import httpx
import pytest

from together.domain.spans import Span
from together.providers import Answer, EventDraft, Gone
from together.testing.hands import BASE_URL, now
from together.testing.listening import channel

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
PAGE = BASE_URL + "/_calendar"
KEY = "0123456789abcdefghijklmnopqrstuv"


@pytest.fixture
async def ada(hands):
    return await hands.calendars(ADA)


@pytest.fixture
async def session(ada, sandbox):
    """Give a session of an hour, at ten in Stockholm a week from now."""
    day = (now() + timedelta(days=7)).replace(hour=9, minute=0, second=0, microsecond=0)
    home = sandbox.world.default_book(ADA).id
    span = Span(day, day + timedelta(hours=1))
    return await ada.create(EventDraft(KEY, home, span, "<b>Tea</b>", guests=(BEN,)))


async def press(web, who, event, action, **more):
    form = {"event": event, "action": action, **more}
    reply = await web.post(PAGE, params={"account": who}, data=form)
    assert (reply.status_code, reply.headers["location"]) == (
        303,
        f"/sandbox/_calendar?account={who.replace('@', '%40')}",
    )


async def events(web, who):
    """Read the ids of the events on somebody's page."""
    text = (await web.get(PAGE, params={"account": who})).text
    return re.findall(r'name="event" value="([^"]+)"', text), text


async def test_a_person_chooses_whose_calendar(web, hands):
    """Everybody who has a mailbox is a link, and nobody else."""
    hands.sandbox.add_account("grace@saltmarsh.example.org", has_calendar=False)
    for asked in ({}, {"account": "nobody@saltmarsh.example.org"},
                  {"account": "grace@saltmarsh.example.org"}):  # fmt: skip
        text = (await web.get(PAGE, params=asked)).text
        assert f'href="?account={ADA.replace("@", "%40")}"' in text
        assert "grace" not in text


async def test_the_page_shows_what_is_coming(web, session):
    """An event is shown with its times, who answered, and what its owner can do to it."""
    found, text = await events(web, ADA)
    assert found == [session.id]
    assert "&lt;b&gt;Tea&lt;/b&gt;" in text
    assert "<b>Tea" not in text
    assert f"{BEN}: no answer yet" in text
    assert [word for word in ("move", "delete", "declined") if f'value="{word}"' in text] == [
        "move",
        "delete",
    ]
    _, theirs = await events(web, BEN)
    assert [word for word in ("move", "delete", "declined") if f'value="{word}"' in theirs] == [
        "delete",
        "declined",
    ]


async def test_an_organizer_moves_an_event(web, ada, session):
    """It begins at another time on the wall of whoever moves it, and is as long as it was."""
    begun = await ada.changes(session.calendar_id, None)
    day = session.span.start + timedelta(days=1)
    await press(web, ADA, session.id, "move", start=f"{day:%Y-%m-%d}T14:30")
    moved = (await ada.read(session)).span
    assert moved.end - moved.start == timedelta(hours=1)
    shown = moved.start.astimezone(UTC)
    assert shown in (day.replace(hour=12, minute=30), day.replace(hour=13, minute=30))
    assert (await ada.changes(session.calendar_id, begun.cursor)).event_ids == {session.id}


async def test_an_organizer_deletes_an_event(web, ada, session):
    """What was deleted by hand is gone, and its guest sees it as cancelled."""
    await press(web, ADA, session.id, "delete")
    with pytest.raises(Gone):
        await ada.read(session)
    assert (await events(web, ADA))[0] == []
    assert "(cancelled)" in (await events(web, BEN))[1]


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("accepted", Answer.ACCEPTED),
        ("tentativelyAccepted", Answer.TENTATIVE),
        ("declined", Answer.DECLINED),
        ("delete", Answer.DECLINED),
    ],
)
async def test_a_guest_answers(web, ada, session, action, answer):
    """Each button is an answer, which the organizer's calendar has from then on."""
    ((mine,), _) = await events(web, BEN)
    await press(web, BEN, mine, action)
    assert (await ada.read(session)).answers == {BEN: answer}
    assert (await events(web, BEN))[0] == ([] if answer is Answer.DECLINED else [mine])


async def test_what_cannot_be_done_changes_nothing(web, ada, session):
    """A guest moves nothing, an organizer answers nothing, and what is garbled is no time."""
    ((mine,), _) = await events(web, BEN)
    await press(web, BEN, mine, "move", start="2027-03-01T09:00")
    await press(web, ADA, session.id, "accepted")
    await press(web, ADA, session.id, "hello")
    for start in ("", "soon", "0001-01-01T00:00", "2027-02-30T09:00"):
        await press(web, ADA, session.id, "move", start=start)
    await press(web, ADA, "AAMkAnother", "delete")
    await press(web, BEN, session.id, "delete")
    await press(web, "nobody@saltmarsh.example.org", session.id, "delete")
    assert await ada.read(session) == session


async def test_what_is_done_by_hand_is_told(web, ada, session, sandbox):
    """Whoever has subscribed hears of it at once."""
    came = []

    def hear(request):
        if words := request.url.params.get("validationToken"):
            return httpx.Response(200, text=words)
        came.append(request)
        return httpx.Response(202)

    async with httpx.AsyncClient(transport=httpx.MockTransport(hear), trust_env=False) as http:
        sandbox.connect(http)
        await ada.watch(session.calendar_id, channel())
        await press(web, ADA, session.id, "delete")
        await sandbox._desk.teller.told()
    assert len(came) == 1
