"""A series as a frontend has it: looked at, booked around what is in the way, and cancelled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.world import DAY, HOUR, NOW, session
from together.store.models import Participant

TEN = NOW + DAY + 2 * HOUR
CHECK = """query C($id: ID!, $skip: [Int!]! = [], $instead: [OccurrenceInsteadInput!]! = []) {
    node(id: $id) { ... on Match { checkSeries(start: "2026-12-01T10:00:00Z", duration: 45,
        timeZone: "Europe/Stockholm", repeats: EVERY_TWO_WEEKS, count: 3, skip: $skip,
        instead: $instead) {
            __typename ... on SeriesReport { words conflicts asOf occurrences {
                number start end state people { member { name } state } alternatives } }
            ... on Problem { code message } } } } }"""
BOOK = """mutation B($i: BookSeriesInput!) { bookSeries(input: $i) {
    __typename ... on BookSeriesPayload { notChecked { name }
        series { id repeats words rule timeZone count occurrences { start } }
        bookings { id start occurrence series { id } } }
    ... on Problem { code message }
    ... on InvalidInput { field }
    ... on SeriesConflicts { report { conflicts occurrences { number state alternatives } } } } }"""
CANCEL = """mutation X($i: CancelBookingInput!) { cancelBooking(input: $i) {
    __typename ... on CancelBookingPayload {
        booking { id state } following { id state cancelReason } } } }"""
TUESDAYS = ["2026-12-01T10:00:00Z", "2026-12-15T10:00:00Z", "2026-12-29T10:00:00Z"]


def _wanted(api: Api, **more: Any) -> dict[str, Any]:
    return {
        "matchId": f"mat_{api.world.match.uid}", "start": TUESDAYS[0], "duration": 45,
        "timeZone": "Europe/Stockholm", "repeats": "EVERY_TWO_WEEKS", "count": 3,
        "clientKey": "one",
    } | more  # fmt: skip


async def test_from_a_look_to_the_end(api: Api):
    """A conflict is shown, refused, and led around; what was booked is read, and cancelled."""
    world, match = api.world, f"mat_{api.world.match.uid}"
    await session(world.other_match, world.ada, world.dev, starts=TEN + 14 * DAY)
    told = (await api.ask(CHECK, id=match))["node"]["checkSeries"]
    second = told["occurrences"][1]
    assert told == {
        "__typename": "SeriesReport",
        "words": "every two weeks on Tuesday",
        "conflicts": True,
        "asOf": None,
        "occurrences": [
            {
                "number": n,
                "start": start,
                "end": start.replace("10:00", "10:45"),
                "state": "UNAVAILABLE" if n == 2 else "BOOKABLE",
                "people": [
                    {"member": {"name": each.name}, "state": "UNKNOWN"}
                    for each in (world.ada, world.ben)
                ],
                "alternatives": second["alternatives"] if n == 2 else [],
            }
            for n, start in enumerate(TUESDAYS, 1)
        ],
    }
    refused = (await api.ask(BOOK, i=_wanted(api)))["bookSeries"]
    assert (refused["code"], refused["report"]["occurrences"][1]) == (
        "SERIES_CONFLICTS",
        {"number": 2, "state": "UNAVAILABLE", "alternatives": second["alternatives"]},
    )
    other = {"number": 2, "start": second["alternatives"][0]}
    looked = await api.ask(CHECK, id=match, instead=[other])
    assert looked["node"]["checkSeries"]["conflicts"] is False
    booked = (await api.ask(BOOK, i=_wanted(api, instead=[other])))["bookSeries"]
    starts = [TUESDAYS[0], other["start"], TUESDAYS[2]]
    ids = [each["id"] for each in booked["bookings"]]
    series = booked["series"]["id"]
    assert booked == {
        "__typename": "BookSeriesPayload",
        "notChecked": [],
        "series": {
            "id": series,
            "repeats": "EVERY_TWO_WEEKS",
            "words": "every two weeks on Tuesday",
            "rule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
            "timeZone": "Europe/Stockholm",
            "count": 3,
            "occurrences": [{"start": start} for start in starts],
        },
        "bookings": [
            {"id": id_, "start": start, "occurrence": n, "series": {"id": series}}
            for n, (id_, start) in enumerate(zip(ids, starts, strict=True), 1)
        ],
    }
    given = {"bookingId": ids[1], "clientKey": "x", "scope": "THIS_AND_FOLLOWING", "reason": "Ill"}
    assert (await api.ask(CANCEL, who="ben", i=given))["cancelBooking"] == {
        "__typename": "CancelBookingPayload",
        "booking": {"id": ids[1], "state": "CANCELLED"},
        "following": [{"id": ids[2], "state": "CANCELLED", "cancelReason": "Ill"}],
    }
    alone = {"bookingId": ids[0], "clientKey": "y"}
    assert (await api.ask(CANCEL, i=alone))["cancelBooking"]["following"] == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"count": 60}, ("INVALID_INPUT", "count")),
        ({"skip": [9]}, ("INVALID_INPUT", "skip")),
        (
            {"instead": [{"number": 1, "start": TUESDAYS[0]}] * 2},
            ("INVALID_INPUT", "instead"),
        ),
        ({"withoutVideo": True, "videoProvider": "x"}, ("INVALID_INPUT", "withoutVideo")),
        ({"videoProvider": "x"}, ("VIDEO_UNAVAILABLE", None)),
        ({"start": "2027-12-01T10:00:00Z"}, ("TOO_FAR_AHEAD", None)),
        ({"start": "2026-11-30T10:00:00Z"}, ("TOO_SOON", None)),
    ],
)
async def test_refusals(api: Api, change: dict[str, Any], told: tuple[str, str | None]):
    """What cannot be is refused by name, with the field that is meant."""
    answer = (await api.ask(BOOK, i=_wanted(api, **change)))["bookSeries"]
    assert (answer["code"], answer.get("field")) == told


async def test_who_joins_sees_what_comes_after(api: Api):
    """Whoever joins a match sees of its series only the sessions after that day."""
    world = api.world
    booked = (await api.ask(BOOK, i=_wanted(api)))["bookSeries"]
    series = booked["series"]["id"]
    text = "query S($id: ID!) { node(id: $id) { ... on Series { occurrences { start } } } }"
    await Participant.filter(match_id=world.match.id, member_id=world.ben.id).update(
        joined_at=TEN + 15 * DAY
    )
    seen = await api.ask(text, who="ben", id=series)
    assert seen == {"node": {"occurrences": [{"start": TUESDAYS[2]}]}}
    await Participant.filter(match_id=world.match.id, member_id=world.ben.id).update(
        joined_at=TEN + 60 * DAY
    )
    for who in ("ben", "dev", "chiara", "mira"):
        assert await api.ask(text, who=who, id=series) == {"node": None}


async def test_as_many_statements_for_more(api: Api, statements: list[str]):
    """Sessions of several series are read with their series in as many statements as of one."""
    text = """query L($id: ID!) { node(id: $id) { ... on Match { bookings(first: 20) { nodes {
        occurrence series { words occurrences { start } } } } } } }"""
    match, sent = f"mat_{api.world.match.uid}", []
    for n in range(3):
        start = f"2026-12-01T{10 + n}:00:00Z"
        await api.ask(BOOK, i=_wanted(api, start=start, clientKey=f"{n}"))
        statements.clear()
        answer = await api.ask(text, id=match)
        assert len(answer["node"]["bookings"]["nodes"]) == 3 * (n + 1)
        sent.append(len(statements))
    assert len(set(sent)) == 1
