"""The sandbox's Graph: accounts and calendars, who may ask for what, and how it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from together_outlook.sandbox.world import Token

from together.testing.provider_contract import BASE_URL

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
MIRA = "mira@northlight.example.com"
API = BASE_URL + "/v1.0"
DAY = datetime(2027, 3, 1, tzinfo=UTC)
UNKNOWN = "AAMkAD" + "x" * 40


@pytest.fixture
def mira(sandbox):
    """Add a personal account, whose token is its address."""
    sandbox.add_account(MIRA, name="Mira Holt", personal=True)
    sandbox.world.access[MIRA] = Token(MIRA, ["User.Read", "Calendars.ReadWrite"], 2**40)
    return sandbox.world.people[MIRA]


@pytest.fixture
def scopes(call, sandbox):
    """Give the scopes of Ada's token, to be changed."""
    (token,) = (token for token in sandbox.world.access.values() if token.email == ADA)
    token.scopes = ["User.Read", "Calendars.ReadWrite"]
    return token.scopes


def event(first=9, last=10, *, zone="UTC", **fields):
    start, end = (
        {"dateTime": (DAY + timedelta(hours=hour)).isoformat()[:19], "timeZone": zone}
        for hour in (first, last)
    )
    return {"subject": "Tea", "start": start, "end": end, **fields}


def window(days=1):
    return {
        "startDateTime": DAY.isoformat()[:19] + "Z",
        "endDateTime": (DAY + timedelta(days=days)).isoformat()[:19] + "Z",
    }


async def refusal(asked):
    status, _, code = await asked
    return status, code


async def test_an_account_is_shown(call, sandbox, mira):
    """A work account has its object id, a personal one a short id and no mail beside its name."""
    person = sandbox.world.people[ADA]
    person.name = "Ada Lindqvist"
    assert await call("GET", "me") == (
        200,
        {
            "@odata.context": f"{API}/$metadata#users/$entity",
            "businessPhones": [],
            "displayName": "Ada Lindqvist",
            "givenName": "Ada",
            "jobTitle": None,
            "mail": ADA,
            "mobilePhone": None,
            "officeLocation": None,
            "preferredLanguage": None,
            "surname": "Lindqvist",
            "userPrincipalName": ADA,
            "id": person.oid,
        },
        None,
    )
    _, mine, _ = await call("GET", "me", who=MIRA, **{"$select": "id,mail,userPrincipalName"})
    oid = mira.oid
    assert mine == {
        "@odata.context": f"{API}/$metadata#users/$entity",
        "id": oid[19:23] + oid[24:],
        "mail": None,
        "userPrincipalName": MIRA,
    }


async def test_calendars_say_what_they_allow(call, sandbox, mira):
    """The default calendar comes first, and Teams is where the account is an organization's."""
    sandbox.world.add_book(ADA, "Projects", "UTC", teams=False)
    _, listed, _ = await call("GET", "me/calendars")
    names = ("name", "isDefaultCalendar", "canEdit", "isRemovable", "defaultOnlineMeetingProvider")
    assert [[entry[name] for name in names] for entry in listed["value"]] == [
        ["Calendar", True, True, False, "teamsForBusiness"],
        ["Projects", False, True, True, "unknown"],
    ]
    assert listed["value"][0]["owner"] == {"name": "Ada", "address": ADA}
    status, default, _ = await call("GET", "me/calendar")
    assert (status, default.pop("@odata.context")) == (
        200,
        f"{API}/$metadata#calendars/$entity",
    )
    assert default == listed["value"][0]
    assert default["allowedOnlineMeetingProviders"] == ["teamsForBusiness"]
    status, one, _ = await call("GET", f"me/calendars/{listed['value'][1]['id']}")
    assert (status, one["name"]) == (200, "Projects")
    _, personal, _ = await call("GET", "me/calendar", who=MIRA)
    assert personal["allowedOnlineMeetingProviders"] == []


async def test_a_calendar_can_vanish(call, sandbox, scopes):
    """What was deleted, or is shared no more, is not found; another's was never to be seen."""
    mine = sandbox.world.add_book(ADA, "Projects", "UTC").id
    theirs = sandbox.world.add_book(BEN, "Team", "UTC", readers={ADA: "read"})
    scopes.append("Calendars.ReadWrite.Shared")
    for calendar_id in (mine, theirs.id):
        assert (await call("GET", f"me/calendars/{calendar_id}"))[0] == 200
        assert (await call("GET", f"me/calendars/{calendar_id}/calendarView", **window()))[0] == 200
    sandbox.world.remove_book(mine)
    del theirs.readers[ADA]
    for calendar_id in (mine, theirs.id, UNKNOWN):
        told = (404, "ErrorFolderNotFound")
        assert await refusal(call("GET", f"me/calendars/{calendar_id}")) == told
        view = f"me/calendars/{calendar_id}/calendarView"
        assert await refusal(call("GET", view, **window())) == told
    default = sandbox.world.default_book(ADA).id
    sandbox.world.remove_book(default)
    assert (await call("GET", f"me/calendars/{default}"))[0] == 200


async def test_calendars_come_and_go_from_outside(call, hands, sandbox):
    """The control page adds a calendar to a mailbox and takes it away, but never the default."""

    async def control(**asked):
        reply = await hands.web.post(f"{BASE_URL}/_control/calendar", json=asked)
        return reply.status_code, reply.json()

    async def names():
        return [book["name"] for book in (await call("GET", "me/calendars"))[1]["value"]]

    status, made = await control(email=ADA.upper(), name="Projects")
    assert (status, await names()) == (200, ["Calendar", "Projects"])
    assert await control(email=ADA, name="Projects") == (200, made)
    gone = {"gone": made["calendar"]}
    assert await control(email=ADA, name="Projects", gone=True) == (200, gone)
    assert await names() == ["Calendar"]
    sandbox.add_account(MIRA, has_calendar=False)
    for wrong in (
        {"email": ADA, "name": "Calendar", "gone": True},
        {"email": ADA, "name": "Projects", "gone": True},
        {"email": ADA, "name": 7},
        {"email": MIRA, "name": "Projects"},
        {"name": "Projects"},
    ):
        assert (await control(**wrong))[0] == 400
    assert await names() == ["Calendar"]


async def test_another_persons_calendar_needs_its_scope_and_a_role(call, sandbox, scopes):
    """A shared calendar is listed, read with the shared scope alone, and written by writers."""
    shared = sandbox.world.add_book(BEN, "Team", "UTC", readers={ADA: "read"})
    _, listed, _ = await call("GET", "me/calendars")
    entry = listed["value"][1]
    assert (entry["name"], entry["canEdit"], entry["owner"]["address"]) == ("Team", False, BEN)
    path = f"me/calendars/{shared.id}/events"
    denied = (403, "ErrorAccessDenied")
    assert await refusal(call("GET", path)) == denied
    scopes.append("Calendars.ReadWrite.Shared")
    assert (await call("GET", path))[0] == 200
    assert await refusal(call("POST", path, body=event())) == denied
    shared.readers[ADA] = "write"
    status, made, _ = await call("POST", path, body=event())
    assert (status, made["organizer"]["emailAddress"]["address"]) == (201, BEN)
    assert (await call("GET", f"me/events/{made['id']}"))[0] == 200
    scopes.remove("Calendars.ReadWrite.Shared")
    assert await refusal(call("GET", f"me/events/{made['id']}")) == denied


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("me/calendarView", {}, "ErrorInvalidParameter"),
        ("me/calendarView", {"startDateTime": "2027-03-01"}, "ErrorInvalidParameter"),
        ("me/calendarView", window() | {"endDateTime": "soon"}, "ErrorInvalidParameter"),
        ("me/calendarView", window() | {"endDateTime": "9999-12-31"}, "ErrorInvalidParameter"),
        ("me/calendarView", window(-1), "ErrorInvalidParameter"),
        ("me/events", {"$top": "few"}, "RequestBroker--ParseUri"),
        ("me/events", {"$skip": "-1"}, "RequestBroker--ParseUri"),
        ("me/events", {"$orderby": "subject"}, "RequestBroker--ParseUri"),
        ("me/events", {"$filter": "subject eq 'Tea'"}, "RequestBroker--ParseUri"),
        ("me/events", {"$expand": "attachments"}, "RequestBroker--ParseUri"),
        ("me/calendar", {"$select": "timeZone"}, "RequestBroker--ParseUri"),
        ("me", {"$select": "shoeSize"}, "RequestBroker--ParseUri"),
        ("me/calendars/short", {}, "ErrorInvalidIdMalformed"),
        ("me/events/z9z9z9z9", {}, "ErrorInvalidIdMalformed"),
        ("me/mailFolders", {}, "BadRequest"),
    ],
)
async def test_a_wrong_query_is_refused(call, path, query, code):
    """What cannot be read or is not known has its own code."""
    assert await refusal(call("GET", path, **query)) == (400, code)


async def test_what_is_not_there_is_not_found(call):
    """An id that could be one is of nothing; a method that a path does not have is refused."""
    for method in ("GET", "PATCH", "DELETE"):
        told = (404, "ErrorItemNotFound")
        body = {} if method == "PATCH" else None
        assert await refusal(call(method, f"me/events/{UNKNOWN}", body=body)) == told
    assert await refusal(call("PUT", f"me/events/{UNKNOWN}")) == (405, "Request_BadRequest")
    assert await refusal(call("DELETE", "me/calendar")) == (405, "Request_BadRequest")
    assert await refusal(call("GET", "me/calendar", who="guessed")) == (
        401,
        "InvalidAuthenticationToken",
    )


@pytest.mark.parametrize(
    ("granted", "can"),
    [
        (["User.Read"], {"me"}),
        (["Calendars.ReadBasic"], {"list", "schedule"}),
        (["Calendars.Read"], {"list", "schedule", "look"}),
        (["Calendars.ReadWrite"], {"list", "schedule", "look", "write"}),
        (["openid", "offline_access"], set()),
    ],
    ids=["profile", "basic", "read", "write", "none"],
)
async def test_a_scope_buys_what_graph_says(call, scopes, granted, can):
    """Basic reading shows no text and looks into no property; writing needs its own scope."""
    scopes[:] = granted
    schedule = {
        "Schedules": [ADA],
        "StartTime": {"dateTime": "2027-03-01T00:00:00", "timeZone": "UTC"},
        "EndTime": {"dateTime": "2027-03-02T00:00:00", "timeZone": "UTC"},
    }
    key = "String {6a1f7c52-4a0e-4b6d-9d55-7f0b5c1e2a94} Name Key"
    expand = {"$expand": f"singleValueExtendedProperties($filter=id eq '{key}')"}
    asked = {
        "me": call("GET", "me"),
        "list": call("GET", "me/events"),
        "schedule": call("POST", "me/calendar/getSchedule", body=schedule),
        "look": call("GET", "me/events", **expand),
        "write": call("POST", "me/events", body=event()),
    }
    done = {name: (await answer)[0] for name, answer in asked.items()}
    assert {name for name, status in done.items() if status < 300} == can
    assert {status for name, status in done.items() if name not in can} <= {403}


async def test_basic_reading_shows_no_text(call, scopes):
    """With the basic scope an event comes without its body and the beginning of it."""
    await call(
        "POST", "me/events", body=event(body={"contentType": "text", "content": "Bring milk"})
    )
    _, whole, _ = await call("GET", "me/events")
    scopes[:] = ["Calendars.ReadBasic"]
    _, basic, _ = await call("GET", "me/events")
    hidden = whole["value"][0].keys() - basic["value"][0].keys()
    assert (whole["value"][0]["bodyPreview"], hidden) == ("Bring milk", {"body", "bodyPreview"})
