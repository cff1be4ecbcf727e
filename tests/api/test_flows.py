"""The main job as a frontend does it: connect, look, book, cancel, disconnect."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Api
from tests.services.town import RETURN_TO, query
from tests.world import HOUR, NOW
from together.domain.spans import Span
from together.store.models import Integration

START = """mutation S($i: StartCalendarConnectionInput!) { startCalendarConnection(input: $i) {
    __typename ... on StartCalendarConnectionPayload { authorizationUrl }
    ... on Problem { message code } } }"""
COMPLETE = """mutation C($h: String!) { completeCalendarConnection(input: {handle: $h}) {
    __typename ... on CompleteCalendarConnectionPayload {
        calendarIntegration { state account capabilities canWrite nextSteps } }
    ... on Problem { message code } } }"""
TIMES = """query A($id: ID!, $only: SlotFilter = ALL) { node(id: $id) { ... on Match {
    availability(start: "2026-12-01T00:00:00Z", end: "2026-12-02T00:00:00Z",
            timeZone: "Europe/Stockholm", duration: 45, only: $only) {
        __typename ... on Availability { asOf emptyBecause
            people { member { name } calendar periods { start end state } }
            slots { start states people { member { name } state } }
            days { date slots free } } ... on Problem { code } } } } }"""
BOOK = """mutation B($i: BookSessionInput!) { bookSession(input: $i) {
    __typename ... on BookSessionPayload { notChecked { name }
        booking { id start end state video { slug } joinUrlState delivery
            participants { member { name } } history { by { name } what } } }
    ... on Problem { message code } ... on SlotUnavailable { alternatives }
    ... on TooSoon { earliest } } }"""
CANCEL = """mutation X($i: CancelBookingInput!) { cancelBooking(input: $i) {
    __typename ... on CancelBookingPayload { booking { id state cancelReason history { what } } }
    ... on Problem { code } } }"""


async def connect(api: Api, who: str) -> Any:
    """Start, consent, come back by the callback, and complete."""
    email = api.world.people[who].email
    api.town.sandbox.add_account(email)
    given = {"provider": "memory", "returnTo": RETURN_TO, "loginHint": email}
    started = (await api.ask(START, who=who, i=given))["startCalendarConnection"]
    back = await api.town.consented(started["authorizationUrl"])
    answer = await api.client.get("/callback/memory", params=back)
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location.split("?")[0] == RETURN_TO
    return (await api.ask(COMPLETE, who=who, h=query(location)["handle"]))[
        "completeCalendarConnection"
    ]


async def test_the_main_job(api: Api):
    """Two matched people connect, see when both are free, book, and cancel."""
    world = api.world
    match = f"mat_{world.match.uid}"
    for who in ("ada", "ben"):
        assert await connect(api, who) == {
            "__typename": "CompleteCalendarConnectionPayload",
            "calendarIntegration": {
                "state": "ACTIVE",
                "account": world.people[who].email,
                "capabilities": ["FREE_BUSY", "EVENTS"],
                "canWrite": True,
                "nextSteps": ["DISCONNECT"],
            },
        }
    seen = (await api.ask(TIMES, id=match, only="FREE"))["node"]["availability"]
    assert (seen["__typename"], seen["asOf"], seen["emptyBecause"]) == (
        "Availability", "2026-11-30T08:00:00Z", None,
    )  # fmt: skip
    assert [each["calendar"] for each in seen["people"]] == ["INTEGRATED", "INTEGRATED"]
    first = seen["slots"][0]
    assert first == {
        "start": first["start"],
        "states": ["FREE", "FREE"],
        "people": [
            {"member": {"name": name}, "state": "FREE"} for name in ("Ada Lindqvist", "Ben Okafor")
        ],
    }
    assert seen["days"][0]["free"] == len(seen["slots"])
    given = {
        "matchId": match,
        "start": first["start"],
        "duration": 45,
        "timeZone": "Europe/Stockholm",
        "clientKey": "one",
    }
    booked = (await api.ask(BOOK, i=given))["bookSession"]
    booking = booked["booking"]
    assert booked == {
        "__typename": "BookSessionPayload",
        "notChecked": [],
        "booking": {
            "id": booking["id"],
            "start": first["start"],
            "end": booking["end"],
            "state": "CONFIRMED",
            "video": {"slug": "memory_meet"},
            "joinUrlState": "PENDING",
            "delivery": "PENDING",
            "participants": [{"member": {"name": n}} for n in ("Ada Lindqvist", "Ben Okafor")],
            "history": [{"by": {"name": "Ada Lindqvist"}, "what": "BOOKED"}],
        },
    }
    assert (await api.ask(BOOK, i=given))["bookSession"]["booking"]["id"] == booking["id"]
    taken = (await api.ask(BOOK, who="ben", i=given))["bookSession"]
    assert (taken["__typename"], taken["code"]) == ("SlotUnavailable", "SLOT_UNAVAILABLE")
    assert first["start"] not in taken["alternatives"]
    assert taken["alternatives"]
    other = await api.ask(BOOK, i=given | {"clientKey": "two", "start": taken["alternatives"][0]})
    assert other["bookSession"]["__typename"] == "BookSessionPayload"
    cancelled = {"bookingId": booking["id"], "clientKey": "x", "reason": "Ada is ill."}
    for _ in range(2):
        assert (await api.ask(CANCEL, i=cancelled))["cancelBooking"] == {
            "__typename": "CancelBookingPayload",
            "booking": {
                "id": booking["id"],
                "state": "CANCELLED",
                "cancelReason": "Ada is ill.",
                "history": [{"what": "BOOKED"}, {"what": "CANCELLED"}],
            },
        }


async def test_bad_times(api: Api):
    """Each way of asking for a time that cannot be has an answer of its own."""
    match = f"mat_{api.world.match.uid}"
    window = """query A($id: ID!, $start: DateTime!, $end: DateTime!, $duration: Int!) {
        node(id: $id) { ... on Match {
            availability(start: $start, end: $end, timeZone: "Europe/Rome", duration: $duration) {
                __typename ... on DurationNotOffered { field offered }
                ... on InvalidWindow { field } } } } }"""
    good = {"start": "2026-12-01T00:00:00Z", "end": "2026-12-02T00:00:00Z", "duration": 45}
    told = []
    for change in (
        {},
        {"end": "2026-11-30T12:00:00Z", "start": "2026-12-01T00:00:00Z"},
        {"end": "2027-12-01T00:00:00Z"},
        {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"},
        {"duration": 7},
    ):
        answer = await api.ask(window, id=match, **(good | change))
        told.append(answer["node"]["availability"]["__typename"])
    assert told == [
        "Availability", "InvalidWindow", "InvalidWindow", "InvalidWindow", "DurationNotOffered",
    ]  # fmt: skip
    ended = await api.ask(window, who="elin", id=f"mat_{api.world.ended_match.uid}", **good)
    assert ended["node"]["availability"] == {"__typename": "MatchHasEnded"}
    booked = {
        "matchId": match,
        "start": "2026-12-01T10:00:00Z",
        "duration": 45,
        "timeZone": "Europe/Rome",
        "clientKey": "k",
    }
    for change, who, problem in (
        ({"matchId": "mat_nonsense"}, "ada", "NotFound"),
        ({"matchId": f"mbr_{api.world.ada.uid}"}, "ada", "NotFound"),
        ({"matchId": f"mat_{api.world.foreign_match.uid}"}, "ada", "NotFound"),
        ({}, "ivo", "NotFound"),
        ({"matchId": f"mat_{api.world.ended_match.uid}"}, "elin", "MatchHasEnded"),
        ({"duration": 7}, "ada", "DurationNotOffered"),
        ({"start": "2026-12-01T10:07:00Z"}, "ada", "InvalidInput"),
        ({"start": "2026-11-30T09:00:00Z"}, "ada", "TooSoon"),
        ({"start": "2027-06-01T10:00:00Z"}, "ada", "TooFarAhead"),
        ({"start": "2026-12-06T10:00:00Z"}, "ada", "OutsideHours"),
        ({"videoProvider": "nobody"}, "ada", "VideoUnavailable"),
        ({"videoProvider": "memory_meet", "withoutVideo": True}, "ada", "InvalidInput"),
        ({"place": "Room\n7"}, "ada", "InvalidInput"),
        ({"clientKey": ""}, "ada", "InvalidInput"),
    ):
        answer = await api.ask(BOOK, who=who, i=booked | change)
        assert (change, answer["bookSession"]["__typename"]) == (change, problem)
    done = (await api.ask(BOOK, i=booked | {"place": "Room 7", "withoutVideo": True}))[
        "bookSession"
    ]
    assert done["__typename"] == "BookSessionPayload"


async def test_disconnecting(api: Api):
    """It says what it ends before it does, and names what stood there; it takes one's own alone."""

    async def before():
        asked = "{ viewer { calendarIntegration { disconnecting { note ends consentsUrl } } } }"
        return (await api.ask(asked))["viewer"]["calendarIntegration"]["disconnecting"]

    assert await before() is None
    await connect(api, "ada")
    told = await before()
    assert told == {
        "note": "The consent is ended at Memory Calendar. While the same account is connected in "
        "another organization here, nothing is ended there. What is kept here of the calendar is "
        "deleted. Sessions ahead that stand in it are organized by Together from then on: their "
        "events are taken away there and from the calendars of their guests, everybody is invited "
        "by mail, and a video link that came with such an event ends.",
        "ends": "CONSENT",
        "consentsUrl": "https://memory.example/consents",
    }
    text = """mutation D($id: ID!) { disconnectCalendar(input: {calendarIntegrationId: $id}) {
        __typename ... on DisconnectCalendarPayload {
            calendarIntegration { source state account nextSteps } sessionsHeldThere { id }
            disconnecting { note ends consentsUrl } }
        ... on Problem { code } } }"""
    mine = f"int_{api.world.ada.uid}"
    assert (await api.ask(text, who="ben", id=mine))["disconnectCalendar"] == {
        "__typename": "NotConnected",
        "code": "NOT_CONNECTED",
    }
    assert await Integration.all().count() == 1
    assert (await api.ask(text, id=mine))["disconnectCalendar"] == {
        "__typename": "DisconnectCalendarPayload",
        "calendarIntegration": {
            "source": "NONE",
            "state": None,
            "account": None,
            "nextSteps": ["CONNECT"],
        },
        "sessionsHeldThere": [],
        "disconnecting": told,
    }
    assert await Integration.all().count() == 0
    assert await before() is None


async def test_when_the_calendar_is_busy(api: Api):
    """A busy time is shown as busy, and booked only by saying so."""
    await connect(api, "ada")
    await connect(api, "ben")
    start = NOW + 26 * HOUR
    api.town.sandbox.add_busy(api.world.ben.email, Span.of(start, start + HOUR))
    given = {
        "matchId": f"mat_{api.world.match.uid}",
        "start": "2026-12-01T10:00:00Z",
        "duration": 45,
        "timeZone": "Europe/Stockholm",
        "clientKey": "k",
    }
    seen = (await api.ask(TIMES, id=given["matchId"]))["node"]["availability"]
    [slot] = [each for each in seen["slots"] if each["start"] == given["start"]]
    assert slot["states"] == ["FREE", "BUSY"]
    refused = (await api.ask(BOOK, i=given))["bookSession"]
    assert refused["__typename"] == "OverBusyTime"
    done = (await api.ask(BOOK, i=given | {"overBusy": True}))["bookSession"]
    assert done["__typename"] == "BookSessionPayload"
