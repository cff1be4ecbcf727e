"""Choosing among one's calendars, as a frontend does it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.conftest import Api
from tests.api.test_flows import TIMES, connect
from tests.world import DAY, HOUR, NOW
from together.domain.spans import Span
from together.services.connections.calendar_list import AGAIN
from together.services.connections.choosing import ASKED_EVERY
from together.services.signing_in.viewer import Viewer
from together.store.models import Integration, IntegrationState

LOOK = """calendarIntegration { standing canWrite nextSteps reason lastReadAt
    calendars { id name primary writable counts receives missingSince reason } }"""
OWN = f"{{ viewer {{ {LOOK} }} }}"
CHOOSE = f"""mutation C($i: ChooseCalendarsInput!) {{ chooseCalendars(input: $i) {{ __typename
    ... on ChooseCalendarsPayload {{ {LOOK} }}
    ... on Problem {{ message code }} ... on InvalidInput {{ field }} }} }}"""
REFRESH = f"""mutation R($i: RefreshCalendarsInput!) {{ refreshCalendars(input: $i) {{ __typename
    ... on RefreshCalendarsPayload {{ {LOOK} }} ... on Problem {{ message code }}
    ... on ConnectionProblem {{ nextSteps }} ... on ProviderDown {{ retryAfterSeconds }} }} }}"""

HOME = Span.of(NOW + DAY + 2 * HOUR, NOW + DAY + 3 * HOUR)
WORK = Span.of(NOW + DAY + 4 * HOUR, NOW + DAY + 5 * HOUR)


async def connected(api: Api, who: str = "ada") -> Any:
    """Connect with two calendars that differ, and give their ids by name."""
    email = api.world.people[who].email
    api.town.sandbox.add_account(email, calendars=("home", "work"))
    api.town.sandbox.add_busy(email, HOME, calendar="home")
    api.town.sandbox.add_busy(email, WORK, calendar="work")
    await api.town.connect(api.world.people[who])
    own = (await api.ask(OWN, who=who))["viewer"]["calendarIntegration"]
    return {each["name"]: each["id"] for each in own["calendars"]}


async def choose(api: Api, *counting: str, who: str = "ada", **more: Any) -> Any:
    given = {
        "calendarIntegrationId": f"int_{api.world.people[who].uid}",
        "countingIds": list(counting),
        **more,
    }
    return (await api.ask(CHOOSE, who=who, i=given))["chooseCalendars"]


async def refresh(api: Api, who: str = "ada") -> Any:
    """Have the list asked for again, as if the minute since the last time had passed."""
    last = api.town.clock() - ASKED_EVERY
    await Integration.filter(listed_at__gt=last).update(listed_at=last)
    given = {"calendarIntegrationId": f"int_{api.world.people[who].uid}"}
    return (await api.ask(REFRESH, who=who, i=given))["refreshCalendars"]


def times(answer: Any, who: str) -> list[tuple[str, str, str]]:
    """Give when somebody is busy or unknown."""
    people = answer["node"]["availability"]["people"]
    periods = next(each["periods"] for each in people if each["member"]["name"] == who)
    return [
        (each["state"], each["start"], each["end"])
        for each in periods
        if each["state"] != "FREE"
    ]  # fmt: skip


def busy(span: Span) -> tuple[str, str, str]:
    return ("BUSY", *(written(each) for each in (span.starts, span.ends)))


def written(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat().replace("+00:00", "Z")


async def test_choosing(api: Api):
    """A member ticks another calendar, and both see the other times from then on."""
    ids = await connected(api)
    await connect(api, "ben")
    match = f"mat_{api.world.match.uid}"
    for who in ("ada", "ben"):
        assert times(await api.ask(TIMES, who=who, id=match), "Ada Lindqvist") == [busy(HOME)]
    chosen = await choose(api, ids["Work"], receivingId=ids["Work"])
    read_at = written(NOW)
    assert chosen == {
        "__typename": "ChooseCalendarsPayload",
        "calendarIntegration": {
            "standing": "INTEGRATED",
            "canWrite": True,
            "nextSteps": ["DISCONNECT"],
            "reason": None,
            "lastReadAt": read_at,
            "calendars": [
                {
                    "id": ids[name],
                    "name": name,
                    "primary": name == "Home",
                    "writable": True,
                    "counts": name == "Work",
                    "receives": name == "Work",
                    "missingSince": None,
                    "reason": None,
                }
                for name in ("Home", "Work")
            ],
        },
    }
    for who in ("ada", "ben"):
        assert times(await api.ask(TIMES, who=who, id=match), "Ada Lindqvist") == [busy(WORK)]


async def test_unticking_the_last(api: Api):
    """With none that counts one is not integrated: it is said, the other sees nothing, and back."""
    ids = await connected(api)
    await connect(api, "ben")
    own = (await choose(api))["calendarIntegration"]
    assert (own["standing"], own["nextSteps"]) == (
        "NOT_INTEGRATED",
        ["CHOOSE_CALENDARS", "DISCONNECT"],
    )
    assert own["reason"].startswith("None of your calendars counts as busy")
    match = f"mat_{api.world.match.uid}"
    people = (await api.ask(TIMES, who="ben", id=match))["node"]["availability"]["people"]
    ada = next(each for each in people if each["member"]["name"] == "Ada Lindqvist")
    assert (ada["calendar"], ada["periods"]) == ("NOT_INTEGRATED", None)
    assert (await choose(api, ids["Home"]))["calendarIntegration"]["standing"] == "INTEGRATED"


async def test_where_events_go(api: Api):
    """Null is nowhere, and what is not given stays as it is."""
    ids = await connected(api)
    answers = [
        await choose(api, ids["Home"], **given)
        for given in ({"receivingId": ids["Work"]}, {}, {"receivingId": None}, {})
    ]
    seen = [
        (
            each["calendarIntegration"]["canWrite"],
            [row["name"] for row in each["calendarIntegration"]["calendars"] if row["receives"]],
        )
        for each in answers
    ]
    assert seen == [(True, ["Work"])] * 2 + [(False, [])] * 2


async def test_what_is_refused(api: Api):
    """Foreign, missing and malformed are one answer; what cannot be is said with its field."""
    ids = await connected(api)
    theirs = await connected(api, "ben")
    abroad = await connected(api, "mira")
    answers = {
        str(await choose(api, ids["Home"], each))
        for each in (theirs["Home"], abroad["Home"], "cal_" + "A" * 22, "cal_", "nonsense", "int_x")
    } | {
        str(await choose(api, ids["Home"], receivingId=each))
        for each in (theirs["Home"], abroad["Home"], "cal_" + "A" * 22, "", "x")
    }
    assert len(answers) == 1
    assert "'code': 'NOT_FOUND'" in answers.pop()
    said = await choose(api, ids["Home"], ids["Home"])
    assert (said["code"], said["field"]) == ("INVALID_INPUT", "countingIds")
    api.town.sandbox.read_only = {"work"}
    await refresh(api)
    said = await choose(api, ids["Home"], receivingId=ids["Work"])
    assert (said["code"], said["field"]) == ("INVALID_INPUT", "receivingId")
    another = {"calendarIntegrationId": f"int_{api.world.ben.uid}", "countingIds": []}
    said = (await api.ask(CHOOSE, i=another))["chooseCalendars"]
    assert said["code"] == "NOT_CONNECTED"
    said = (await api.ask(CHOOSE, who="dev", i=another))["chooseCalendars"]
    assert said["code"] == "NOT_CONNECTED"
    del another["countingIds"]
    assert (await api.ask(REFRESH, i=another))["refreshCalendars"]["code"] == "NOT_CONNECTED"
    own = (await api.ask(OWN))["viewer"]["calendarIntegration"]
    assert [each["name"] for each in own["calendars"] if each["counts"]] == ["Home"]


async def test_one_vanishes(api: Api):
    """It is said which, since when and what it means; the rest goes on, and it may come back."""
    ids = await connected(api)
    await choose(api, *ids.values(), receivingId=ids["Work"])
    api.town.sandbox.take_calendar(api.world.ada.email, "work")
    api.town.clock.forward(AGAIN)
    match = f"mat_{api.world.match.uid}"
    assert times(await api.ask(TIMES, id=match), "Ada Lindqvist") == [busy(HOME)]
    own = (await api.ask(OWN))["viewer"]["calendarIntegration"]
    assert (own["standing"], own["canWrite"], own["nextSteps"]) == (
        "INTEGRATED",
        True,
        ["CHOOSE_CALENDARS", "DISCONNECT"],
    )
    home, work = own["calendars"]
    assert (home["counts"], home["receives"], home["reason"]) == (True, True, None)
    assert (work["counts"], work["receives"], work["missingSince"]) == (
        False,
        False,
        written(api.town.clock()),
    )
    assert work["reason"] == (
        "The service does not list this calendar any more: it was deleted, or is not shared with "
        "you. Its events do not count as busy until it is back. Sessions are written to another "
        "one that can be written, if you have any."
    )
    assert (await choose(api, *ids.values(), receivingId=work["id"]))["field"] == "receivingId"
    api.town.sandbox.add_calendar(api.world.ada.email, "work")
    own = (await refresh(api))["calendarIntegration"]
    assert own["nextSteps"] == ["DISCONNECT"]
    assert own["calendars"][1] == {
        "id": ids["Work"],
        "name": "Work",
        "primary": False,
        "writable": True,
        "counts": True,
        "receives": True,
        "missingSince": None,
        "reason": None,
    }


async def test_the_list_cannot_be_read(api: Api):
    """Each reason is a type with the way on, and is over when the service is back."""
    assert (await refresh(api))["code"] == "NOT_CONNECTED"
    await connected(api)
    sandbox = api.town.sandbox
    sandbox.throttled = 90
    said = await refresh(api)
    assert (said["__typename"], said["retryAfterSeconds"], said["nextSteps"]) == (
        "ProviderDown",
        90,
        ["TRY_LATER"],
    )
    api.town.clock.forward(90)
    sandbox.throttled, sandbox.nonsense = None, True
    assert (await refresh(api))["code"] == "NOT_AVAILABLE_HERE"
    sandbox.nonsense = False
    assert (await refresh(api))["__typename"] == "RefreshCalendarsPayload"
    given = {"calendarIntegrationId": f"int_{api.world.ada.uid}"}
    said = (await api.ask(REFRESH, i=given))["refreshCalendars"]
    assert (said["code"], said["nextSteps"]) == ("TOO_MANY_ATTEMPTS", ["TRY_LATER"])
    await Integration.all().update(
        state=IntegrationState.NEEDS_RECONNECT, reason="AuthorizationExpired"
    )
    said = await refresh(api)
    assert (said["code"], said["nextSteps"]) == ("NEEDS_RECONNECT", ["RECONNECT"])
    own = (await api.ask(OWN))["viewer"]["calendarIntegration"]
    assert own["nextSteps"] == ["RECONNECT", "DISCONNECT"]


@pytest.mark.parametrize("named", ["Work", "Board of the club"])
async def test_a_partner_sees_times_and_nothing_else(api: Api, named: str):
    """However many calendars somebody has, however they are called and chosen, and whatever became
    of them, a partner's answer is the same where the busy times are.
    """
    await connect(api, "ben")
    match = f"mat_{api.world.match.uid}"
    plain = api.world.ada.email
    api.town.sandbox.add_account(plain, calendars=("home",))
    api.town.sandbox.add_busy(plain, HOME)
    await api.town.connect(api.world.ada)
    look = {"query": TIMES, "variables": {"id": match}}
    before = (await api.post(look, who="ben")).content
    await api.town.connecting.disconnect(Viewer.of(api.world.ada))
    api.town.sandbox.add_account(plain, calendars=("home", named, "gone"))
    api.town.sandbox.add_busy(plain, WORK)
    api.town.sandbox.add_busy(plain, HOME, calendar=named)
    await api.town.connect(api.world.ada)
    own = (await api.ask(OWN))["viewer"]["calendarIntegration"]
    ids = [each["id"] for each in own["calendars"]]
    await choose(api, *ids[1:], receivingId=ids[2])
    api.town.sandbox.take_calendar(plain, "gone")
    await refresh(api)
    own = (await api.ask(OWN))["viewer"]["calendarIntegration"]
    assert len(own["calendars"]) == 3
    assert (await api.post(look, who="ben")).content == before


async def test_the_largest_choice(api: Api):
    """As many as are kept can be named in one request, and one more is refused."""
    await connected(api)
    ids = [f"cal_{n:022}" for n in range(251)]
    assert (await choose(api, *ids[1:], receivingId=ids[0]))["code"] == "NOT_FOUND"
    said = await choose(api, *ids)
    assert (said["code"], said["field"]) == ("INVALID_INPUT", "countingIds")
