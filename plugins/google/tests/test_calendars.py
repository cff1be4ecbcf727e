"""What the plugin reads of Google's calendars, and how it asks."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest
from together_google.sandbox import events
from together_google.times import CHUNK, chunks

from together.domain.spans import Span, Spans
from together.providers import (
    Account,
    Calendar,
    Misconfigured,
    RateLimited,
    Reading,
)

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)


def hours(start, end):
    return Span(NINE + timedelta(hours=start), NINE + timedelta(hours=end))


def put(sandbox, calendar_id, event_id, **fields):
    """Put an event into a calendar as if its owner had made it at Google."""
    body = {"id": event_id, "summary": "Private", **fields}
    return events.insert(
        sandbox.world,
        sandbox.switches,
        sandbox.world.books[calendar_id],
        body,
        with_meet=False,
        told=False,
        now=int(NINE.timestamp()),
    )


def timed(span):
    return {
        "start": {"dateTime": span.start.isoformat()},
        "end": {"dateTime": span.end.isoformat()},
    }


async def test_the_account_is_told_by_its_lasting_id(hands):
    """Google's `sub` stands for the account; the address is what its owner is shown."""
    calendars = await hands.calendars(ADA)
    assert await calendars.whoami() == Account(hands.sandbox.world.people[ADA].sub, ADA)


async def test_a_calendars_name_is_cleaned(hands):
    """Whoever shares a calendar names it, and keeps nobody from reading their own."""
    world = hands.sandbox.world
    team = world.add_person("team@saltmarsh.example.org", "Team\tplans\x07", "UTC")
    world.books[team.email].readers[ADA] = "reader"
    calendars = await hands.calendars(ADA)
    assert [each.name for each in await calendars.list()] == ["Ada", "Team plans"]


async def test_calendars_say_what_can_be_done_with_them(hands):
    """Only calendars that the person owns are written to; the primary one comes first."""
    world = hands.sandbox.world
    team = world.add_person("team@saltmarsh.example.org", "A team", "Asia/Kolkata")
    world.books[team.email].readers[ADA] = "writer"
    world.books["c_choir"] = type(world.books[ADA])("c_choir", ADA, "Choir", "UTC", meet=False)
    calendars = await hands.calendars(ADA)
    assert await calendars.list() == [
        Calendar(ADA, "Ada", True, True, "Europe/Stockholm", carries_meetings=True),
        Calendar("c_choir", "Choir", False, True, "UTC", carries_meetings=False),
        Calendar(team.email, "A team", False, False, "Asia/Kolkata", carries_meetings=False),
    ]


async def test_a_long_list_is_read_to_its_end(hands, checker):
    """Pages are followed until there is no other."""
    world = hands.sandbox.world
    for n in range(600):
        name = f"c_{n:03d}"
        world.books[name] = type(world.books[ADA])(name, ADA, name, "UTC")
    calendars = await hands.calendars(ADA)
    assert len(await calendars.list()) == 601
    assert checker.calls.count("calendar.calendarList.list") == 3


async def test_an_account_without_google_calendar_has_none(hands):
    """No calendar is an answer, not an error."""
    hands.sandbox.add_account("kemi@saltmarsh.example.org", has_calendar=False)
    calendars = await hands.calendars("kemi@saltmarsh.example.org")
    assert await calendars.list() == []
    assert (await calendars.whoami()).email == "kemi@saltmarsh.example.org"


@pytest.mark.parametrize("days", [0.5, 59, 60, 61, 120, 121, 400])
def test_chunks_leave_no_gap(days):
    """The pieces of a window join to the window, and none is longer than Google allows."""
    window = Span(NINE, NINE + timedelta(days=days))
    pieces = [*chunks(window)]
    assert Spans.of(pieces) == Spans([window])
    assert max(ends - starts for starts, ends in pieces) <= CHUNK
    assert all(a[1] == b[0] for a, b in pairwise(pieces))


async def test_many_calendars_are_asked_fifty_at_a_time(hands, checked_wire):
    """120 calendars over 130 days make three batches of three windows, and nothing is lost."""
    world, names = hands.sandbox.world, [f"c_{n:03d}" for n in range(120)]
    for n, name in enumerate(names):
        world.books[name] = type(world.books[ADA])(name, ADA, name, "UTC")
        put(hands.sandbox, name, "abcde", **timed(hours(24 * n, 24 * n + 1)))
    calendars = await hands.calendars(ADA)
    reading = await calendars.busy([*names, *names], hours(0, 130 * 24))
    assert reading == Reading(Spans(hours(24 * n, 24 * n + 1) for n in range(120)))
    asked = [json.loads(r.content) for r in checked_wire.seen if r.url.path.endswith("/freeBusy")]
    assert [len(body["items"]) for body in asked] == [50] * 6 + [20] * 3


async def test_a_calendar_that_errs_is_unread(hands):
    """An error inside a 200 is unknown, and what the other calendars say still counts."""
    put(hands.sandbox, ADA, "abcde", **timed(hours(0, 1)))
    hands.sandbox.world.books["c_choir"] = type(hands.sandbox.world.books[ADA])(
        "c_choir", ADA, "Choir", "UTC"
    )
    hands.sandbox.switches.unreadable = {"c_choir": "internalError"}
    calendars = await hands.calendars(ADA)
    assert await calendars.busy([ADA, "c_choir", BEN], hours(0, 24 * 70)) == Reading(
        busy=Spans([hours(0, 1)]), unread={"c_choir": "internalError", BEN: "notFound"}
    )


async def test_a_calendar_that_errs_in_one_piece_of_the_window_is_unread(hands, checked_wire):
    """One piece that could not be read makes the calendar unknown for the whole window."""
    calendars = await hands.calendars(ADA)
    answers = iter([{"busy": []}, {"busy": [], "errors": [{"reason": "internalError"}]}])

    def answer(request):
        return httpx.Response(200, json={"calendars": {ADA: next(answers)}})

    checked_wire.answer = answer
    reading = await calendars.busy([ADA], hours(0, 24 * 100))
    assert reading == Reading(Spans(), {ADA: "internalError"})


@pytest.mark.parametrize(
    ("errors", "why"),
    [
        ([{"reason": "notFound"}, {"reason": "internalError"}], "notFound"),
        ([{"reason": "a sentence about ada@saltmarsh.example.org"}], "unknown"),
        ([{}], "unknown"),
    ],
    ids=["two", "sentence", "none"],
)
async def test_a_reason_is_a_short_code(hands, checked_wire, errors, why):
    """Of what Google says about a calendar only its short code is kept."""
    calendars = await hands.calendars(ADA)
    answer = {"calendars": {ADA: {"errors": errors}}}
    checked_wire.answer = lambda request: httpx.Response(200, json=answer)
    assert (await calendars.busy([ADA], hours(0, 1))).unread == {ADA: why}


async def test_a_calendar_that_is_not_mentioned_is_unread(hands, checked_wire):
    """An answer that leaves a calendar out says nothing about it."""
    calendars = await hands.calendars(ADA)
    checked_wire.answer = lambda request: httpx.Response(200, json={"calendars": {}})
    assert await calendars.busy([ADA], hours(0, 1)) == Reading(Spans(), {ADA: "missing"})


async def test_no_calendar_asks_nothing(hands, checker):
    """To read no calendar, Google is not asked."""
    calendars = await hands.calendars(ADA)
    before = [*checker.calls]
    assert await calendars.busy([], hours(0, 1)) == Reading(Spans())
    assert checker.calls == before


async def test_blocks_are_cut_to_the_window_and_empty_ones_dropped(hands, checked_wire):
    """What Google says beyond the window is not kept, and an event without length takes no time."""
    calendars = await hands.calendars(ADA)
    blocks = [hours(-5, 1), hours(2, 3), hours(23, 30), hours(40, 50)]
    busy = [{"start": b.start.isoformat(), "end": b.end.isoformat()} for b in blocks]
    busy.append({"start": NINE.isoformat(), "end": NINE.isoformat()})
    checked_wire.answer = lambda request: httpx.Response(
        200, json={"calendars": {ADA: {"busy": busy}}}
    )
    reading = await calendars.busy([ADA], hours(0, 24))
    assert reading.busy == Spans([hours(0, 1), hours(2, 3), hours(23, 24)])


@pytest.mark.parametrize(
    "busy",
    [
        [{"start": "2027-03-01T10:00:00Z", "end": "2027-03-01T09:00:00Z"}],
        [{"start": "2027-03-01T10:00:00", "end": "2027-03-01T11:00:00"}],
        [{"start": "tomorrow", "end": "2027-03-01T11:00:00Z"}],
        [{"start": "2027-03-01T10:00:00Z"}],
        [{"start": "2027-03-01T10:00:00Z", "end": "2027-03-01T11:00:00Z"}] * 10_001,
        None,
        "always",
    ],
    ids=["reversed", "no offset", "no time", "no end", "too many", "null", "text"],
)
async def test_blocks_of_another_shape_are_refused(hands, checked_wire, busy):
    """What cannot be read is not guessed at: it is the operator's affair and never free."""
    calendars = await hands.calendars(ADA)
    checked_wire.answer = lambda request: httpx.Response(
        200, json={"calendars": {ADA: {"busy": busy}}}
    )
    with pytest.raises(Misconfigured):
        await calendars.busy([ADA], hours(0, 24))


async def test_too_many_blocks_over_several_pieces_are_refused(hands, checked_wire):
    """The limit of ten thousand blocks is a calendar's, not a reply's."""
    calendars = await hands.calendars(ADA)
    busy = [{"start": "2027-03-01T10:00:00Z", "end": "2027-03-01T11:00:00Z"}] * 6_000
    checked_wire.answer = lambda request: httpx.Response(
        200, json={"calendars": {ADA: {"busy": busy}}}
    )
    assert len((await calendars.busy([ADA], hours(0, 24))).busy) == 1
    with pytest.raises(Misconfigured):
        await calendars.busy([ADA], hours(0, 24 * 100))


async def test_more_than_six_hundred_calls_a_minute_are_throttled(hands):
    """The sandbox keeps Google's limit of calls a minute."""
    calendars = await hands.calendars(ADA)
    hands.sandbox.switches.set({"per_minute": 2})
    await calendars.list()
    await calendars.list()
    with pytest.raises(RateLimited):
        await calendars.list()


async def test_an_access_token_that_ran_out_is_renewed_unnoticed(hands, checker):
    """A dead access token costs one renewal and no error."""
    calendars = await hands.calendars(ADA)
    hands.sandbox.expire_access(ADA)
    assert len(await calendars.list()) == 1
    assert checker.calls.count("token") == 2
