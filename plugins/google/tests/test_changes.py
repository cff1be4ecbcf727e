"""How the plugin asks Google what has changed, and what it makes of each answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from together_google.syncing import ASKED, MOST_PAGES
from together_google.testing.answering import answering, refusing

from together.domain.spans import Span
from together.providers import (
    Answer,
    AuthorizationExpired,
    Changes,
    CursorExpired,
    EventDraft,
    Gone,
    Misconfigured,
    ProviderUnavailable,
    Refused,
)

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
KEY = "0123456789abcdefghijklmnopqrstuv"
DRAFT = EventDraft(KEY, ADA, Span(NINE, NINE + timedelta(hours=1)), "Session", guests=(BEN,))


def asked(wire, since=0):
    return [dict(request.url.params) for request in wire.seen[since:]]


async def test_nothing_but_ids_and_tokens_is_asked_for(hands, checked_wire):
    """Each request has the same parameters, and no answer says what an event is about."""
    ada = await hands.calendars(ADA)
    hands.sandbox.switches.set({"page_size": 1})
    before = len(checked_wire.seen)
    begun = await ada.changes(ADA, None)
    await ada.create(DRAFT)
    await ada.create(replace(DRAFT, key=KEY[::-1]))
    told = await ada.changes(ADA, begun.cursor)
    assert told.event_ids == {KEY, KEY[::-1]}
    first, *_, third, fourth = asked(checked_wire, before)
    assert first == ASKED
    assert third == ASKED | {"syncToken": begun.cursor}
    assert fourth.keys() == {*ASKED, "syncToken", "pageToken"}
    reply = await hands.web.get(
        checked_wire.seen[-1].url, headers=dict(checked_wire.seen[-1].headers)
    )
    assert reply.json().keys() == {"items", "nextSyncToken"}
    assert [item.keys() for item in reply.json()["items"]] == [{"id"}]


async def test_what_happens_meanwhile_is_told_in_the_end(hands):
    """A calendar is gone through page by page, and a change in the middle is not forgotten."""
    ada = await hands.calendars(ADA)
    for n in range(5):
        await ada.create(replace(DRAFT, key=f"{n}" * 32))
    hands.sandbox.switches.set({"page_size": 2})
    plain, pages = ada._api, []

    async def api(method, path, **query):
        answer = await plain(method, path, **query)
        pages.append(path)
        if len(pages) == 2:
            hands.sandbox.delete(ADA, "0" * 32)
        return answer

    ada._api = api
    begun = await ada.changes(ADA, None)
    ada._api = plain
    assert len(pages) == 3
    assert (await ada.changes(ADA, begun.cursor)).event_ids == {"0" * 32}


async def test_what_a_person_does_in_the_calendar_is_read(hands):
    """A move, an answer and a deletion by hand name the event, which then says what was done."""
    ada = await hands.calendars(ADA)
    event = await ada.create(DRAFT)
    cursor = (await ada.changes(ADA, None)).cursor
    later = Span(NINE + timedelta(hours=5), NINE + timedelta(hours=6))
    hands.sandbox.move(ADA, KEY, later)
    hands.sandbox.answer(BEN.upper(), KEY, "tentative")
    told = await ada.changes(ADA, cursor)
    assert told.event_ids == {KEY}
    assert await ada.read(event) == replace(event, span=later, answers={BEN: Answer.TENTATIVE})
    hands.sandbox.delete(BEN, KEY)
    told = await ada.changes(ADA, told.cursor)
    assert (told.event_ids, (await ada.read(event)).answers) == ({KEY}, {BEN: Answer.DECLINED})
    hands.sandbox.delete(ADA, KEY)
    assert (await ada.changes(ADA, told.cursor)).event_ids == {KEY}
    with pytest.raises(Gone):
        await ada.read(event)


async def test_a_link_that_is_there_at_last_is_a_change(hands):
    """Whoever waits for a link is told when it was made."""
    hands.sandbox.switches.set({"meet_pending_polls": 1})
    ada = await hands.calendars(ADA)
    event = await ada.create(replace(DRAFT, wants_meeting=True))
    cursor = (await ada.changes(ADA, None)).cursor
    assert (await ada.read(event)).meeting is not None
    assert (await ada.changes(ADA, cursor)).event_ids == {KEY}


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (refusing(410, "fullSyncRequired"), CursorExpired),
        (refusing(410, "updatedMinTooLongAgo"), CursorExpired),
        (refusing(410, "neverSeen"), CursorExpired),
        (refusing(400, "invalid", "Invalid sync token value."), CursorExpired),
        (refusing(404, "notFound"), Gone),
        (refusing(401, "authError"), AuthorizationExpired),
        (refusing(403, "insufficientPermissions"), Refused),
        (refusing(400, "neverSeen"), Misconfigured),
        (refusing(503, "backendError"), ProviderUnavailable),
        ({"items": [{"id": "abcde"}]}, Misconfigured),
        ({"items": [{"id": "abcde"}], "nextSyncToken": ""}, Misconfigured),
        ({"items": [{"id": "abcde"}], "nextSyncToken": 7}, Misconfigured),
        ({"items": [{"id": "abcde"}], "nextSyncToken": "x" * 4_001}, Misconfigured),
        ({"items": [{"id": "abcde"}], "nextSyncToken": "a\nb"}, Misconfigured),
        ({"items": [{"id": "abcde"}], "nextPageToken": "x" * 4_001}, Misconfigured),
        ({"items": [{"id": 7}], "nextSyncToken": "next"}, Misconfigured),
        ({"items": [{}], "nextSyncToken": "next"}, Misconfigured),
        ({"items": {"id": "abcde"}, "nextSyncToken": "next"}, Misconfigured),
        ({"items": [{"id": "abcde"}] * 10_001, "nextSyncToken": "next"}, Misconfigured),
        ([], Misconfigured),
    ],
    ids=range(20),
)
async def test_a_bad_page_spoils_all_of_them(hands, checked_wire, page, kind):
    """On the first page or the second, what cannot be read is an error and no change is told."""
    ada = await hands.calendars(ADA)
    good = {"items": [{"id": "edcba"}], "nextPageToken": "two"}
    for pages in ([page], [good, page]):
        answering(checked_wire, *pages)
        with pytest.raises(kind) as caught:
            await ada.changes(ADA, "cursor")
        assert type(caught.value) is kind


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        (refusing(410, "fullSyncRequired"), ProviderUnavailable),
        (refusing(400, "invalid", "Invalid page token value."), Refused),
        (refusing(404, "notFound"), Gone),
    ],
)
async def test_whoever_has_no_cursor_is_not_told_to_begin_anew(hands, checked_wire, page, kind):
    """Beginning anew would come to the same end."""
    ada = await hands.calendars(ADA)
    answering(checked_wire, {"items": [], "nextPageToken": "two"}, page)
    with pytest.raises(kind) as caught:
        await ada.changes(ADA, None)
    assert not isinstance(caught.value, CursorExpired)


async def test_an_answer_without_events_has_none(hands, checked_wire):
    """A partial answer may leave an empty list out."""
    ada = await hands.calendars(ADA)
    answering(checked_wire, {"nextPageToken": "two"}, {"nextSyncToken": "next"})
    assert await ada.changes(ADA, "cursor") == Changes(frozenset(), "next")


async def test_pages_that_go_round_are_left(hands, checked_wire):
    """A page whose successor is itself, or one before it, is asked for once."""
    ada = await hands.calendars(ADA)
    pages = [{"items": [], "nextPageToken": token} for token in ("one", "two", "one")]
    answering(checked_wire, *pages)
    before = len(checked_wire.seen)
    with pytest.raises(Misconfigured):
        await ada.changes(ADA, "cursor")
    assert [query.get("pageToken") for query in asked(checked_wire, before)] == [None, "one", "two"]


@pytest.mark.parametrize(("cursor", "kind"), [("cursor", CursorExpired), (None, Misconfigured)])
async def test_pages_without_end_are_left(hands, checked_wire, cursor, kind):
    """Too many changes are too many to tell; a calendar without an end cannot be right."""
    ada = await hands.calendars(ADA)
    names = iter(range(10_000))
    checked_wire.answer = lambda request: httpx.Response(
        200, json={"items": [], "nextPageToken": f"p{next(names)}"}
    )
    before = len(checked_wire.seen)
    with pytest.raises(kind):
        await ada.changes(ADA, cursor)
    assert len(checked_wire.seen) - before == MOST_PAGES


async def test_tokens_that_are_dead_for_good_are_told_each_time(hands):
    """While every token is too old, the way without one works still."""
    ada = await hands.calendars(ADA)
    hands.sandbox.switches.set({"sync_tokens_dead": True})
    for _ in range(2):
        begun = await ada.changes(ADA, None)
        with pytest.raises(CursorExpired) as caught:
            await ada.changes(ADA, begun.cursor)
        assert (caught.value.status, caught.value.code) == (410, "fullSyncRequired")


async def test_somebody_elses_calendar_costs_no_consent(hands):
    """The scope reaches one's own calendars: any other is not followed."""
    hands.sandbox.world.books[BEN].readers[ADA] = "writer"
    ada = await hands.calendars(ADA)
    with pytest.raises(Refused) as caught:
        await ada.changes(BEN, None)
    told = (type(caught.value), caught.value.status, caught.value.code)
    assert told == (Refused, 403, "insufficientPermissions")
