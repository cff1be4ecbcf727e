"""The checker sees what Microsoft's models do not allow, and they are the package's own."""

from __future__ import annotations

import json

import httpx
import pytest
from together_outlook.oauth import SCOPES as ASKED_FOR
from together_outlook.testing import CheckedTransport, Checker
from together_outlook.testing.checker import PERMISSIONS
from together_outlook.testing.make_models import made
from together_outlook.testing.models import INDEX

API = "https://graph.microsoft.com/v1.0"
LOGIN = "https://login.microsoftonline.com/common/oauth2/v2.0"
SETTINGS = {"API_URL": API}
TIME = {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"}
UTC = 'outlook.timezone="UTC"'
WINDOW = "?startDateTime=2027-03-01T00:00:00Z&endDateTime=2027-03-02T00:00:00Z"
SCHEDULE = {"schedules": ["ben@saltmarsh.example.org"], "startTime": TIME, "endTime": TIME}
SCOPES = {
    "me": frozenset({"User.Read"}),
    "basic": frozenset({"Calendars.ReadBasic"}),
    "read": frozenset({"Calendars.Read"}),
    "write": frozenset({"Calendars.ReadWrite"}),
}
FORM = {"client_id": "c", "client_secret": "s", "grant_type": "refresh_token"}
ASKING = {
    "client_id": "c",
    "code_challenge": "x" * 43,
    "code_challenge_method": "S256",
    "redirect_uri": "https://together.example.org/callback/outlook",
    "response_type": "code",
    "scope": "openid offline_access Calendars.Read",
    "state": "s",
}


def request(method, path, *, token="write", prefer=UTC, url=API, **kwargs):
    headers = {"authorization": f"Bearer {token}", "prefer": prefer}
    return httpx.Request(method, url + path, headers=headers, **kwargs)


def post(path, body, **kwargs):
    return request("POST", path, json=body, **kwargs)


def authorize(**changes):
    return httpx.Request("GET", LOGIN + "/authorize", params={**ASKING, **changes})


def schedule(**changes):
    return post("/me/calendar/getSchedule", {**SCHEDULE, **changes}, token="basic")


def faults(models, *requests, answer=None):
    checker = Checker(SETTINGS, SCOPES.get, models)
    for each in requests:
        asked = checker.sent(each, each.content)
    if answer is not None:
        checker.answered(asked, answer[0], json.dumps(answer[1]).encode())
    return checker.faults + checker.answer_faults


@pytest.mark.parametrize(
    "fine",
    [
        request("GET", "/me?$select=id,mail,userPrincipalName", token="me"),
        request("GET", "/organization?$select=id", token="me"),
        request("GET", "/me/calendars?%24top=100&$select=id,name,owner", token="basic"),
        request("GET", f"/me/calendars/a%2Fb%3D/calendarView{WINDOW}&$top=250", token="read"),
        request("GET", f"/me/calendarView{WINDOW}&$orderby=start/dateTime%20desc", token="read"),
        request("GET", "/me/calendarView?$skiptoken=next", token="read"),
        request("GET", f"/me/calendarView/delta{WINDOW}", token="read"),
        request("GET", "/me/events/a?$expand=singleValueExtendedProperties($filter=id%20eq%20'a')"),
        request("GET", "/me/outlook/supportedTimeZones", token="me"),
        request("GET", "/me/outlook/supportedTimeZones(TimeZoneStandard='Iana')", token="me"),
        schedule(availabilityViewInterval=30),
        post("/me/calendars/a/events", {"start": TIME, "attendees": [{"type": "required"}]}),
        post("/me/events", {"singleValueExtendedProperties": [{"id": "a", "value": "b"}]}),
        request("PATCH", "/me/events/a", json={"location": None, "isOnlineMeeting": True}),
        request("DELETE", "/me/events/a"),
        post("/me/events/a/cancel", {"comment": "We meet another day."}),
        post("/subscriptions", {"expirationDateTime": "2027-03-01T09:00:00Z"}, token="read"),
        authorize(prompt="select_account"),
        authorize(login_hint="ada@saltmarsh.example.org"),
        httpx.Request("POST", LOGIN + "/token", data={**FORM, "refresh_token": "r"}),
    ],
    ids=range(20),
)
def test_what_is_documented_is_fine(models, fine):
    """A request as Microsoft documents it has no fault."""
    assert faults(models, fine) == []


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (request("PUT", "/me/events/a"), "no method of Graph is PUT /me/events/a"),
        (request("GET", "/me/calendars/a/b/calendarView"), "no method of Graph"),
        (request("GET", "/me/messages"), "no method of Graph"),
        (request("GET", "/me/calendars?page=2"), "takes no parameter page"),
        (request("GET", "/me/calendars?$top=0"), "$top"),
        (request("GET", "/me/calendars?$top=1001"), "$top"),
        (request("GET", "/me/calendars?$top=5&$top=6"), "takes $top once"),
        (request("GET", "/me/calendars?$count=yes"), "$count"),
        (request("GET", "/me/calendars?$select=id,title"), "$select"),
        (request("GET", "/me/calendars/a?$select=value"), "$select"),
        (request("GET", "/me/events?$orderby=begin/dateTime"), "$orderby"),
        (request("GET", "/me/events/a?$expand=guests"), "$expand"),
        (request("GET", "/me/events?$filter="), "$filter"),
        (request("GET", "/me/calendarView?startDateTime=2027-03-01"), "needs the parameter endDa"),
        (request("GET", f"/me/calendarView{WINDOW}".replace("01T", "00T")), "startDateTime"),
        (request("GET", f"/me/calendarView/delta{WINDOW}&$select=id"), "takes no parameter $sel"),
        (request("GET", "/me/calendars", token="me"), "needs one of"),
        (request("GET", "/me", token="write"), "needs one of ['User.Read']"),
        (request("GET", "/organization", token="write"), "needs one of ['User.Read']"),
        (request("GET", "/organization?$select=mail", token="me"), "value for $select"),
        (request("DELETE", "/me/events/a", token="read"), "needs one of ['Calendars.ReadWrite']"),
        (request("DELETE", "/me", token="nobody"), "never asked for"),
        (httpx.Request("GET", API + "/me/calendars"), "needs a bearer token"),
        (request("GET", "/me/events", prefer=""), "not asked for times in UTC"),
        (request("GET", "/me/events", prefer='outlook.timezone="Europe/Paris"'), "UTC"),
        (request("GET", "/me/events", prefer=UTC + ", return=minimal"), "preference"),
        (request("GET", "/me/calendars", json={}), "takes no body"),
        (request("POST", "/me/events", content=b"{"), "no JSON"),
        (request("POST", "/me/events", content=b"{}"), "not told that it is sent JSON"),
        (post("/me/events", []), "Event is no object"),
        (post("/me/events", {"title": "x"}), "Event has no property title"),
        (post("/me/events", {"Subject": "x"}), "Event has no property Subject"),
        (post("/me/events", {"subject": 1}), "Event.subject is no string: 1"),
        (post("/me/events", {"isAllDay": "true"}), "Event.isAllDay is no boolean"),
        (post("/me/events", {"reminderMinutesBeforeStart": 1.5}), "is no integer: 1.5"),
        (post("/me/events", {"showAs": "Busy"}), "Event.showAs is no FreeBusyStatus: 'Busy'"),
        (post("/me/events", {"location": None}), "Event.location is no object: None"),
        (post("/me/events", {"attendees": {}}), "Event.attendees is no array"),
        (post("/me/events", {"attendees": [{"email": "x"}]}), "attendees[0] has no property email"),
        (post("/me/events", {"attendees": [None]}), "attendees[0] is null"),
        (post("/me/events", {"attachments": [{"name": "x"}]}), "attachments[0] is no Attachment"),
        (post("/me/events", {"start": TIME["dateTime"]}), "Event.start is no object"),
        (post("/me/events", {"start": {"dateTime": TIME["dateTime"]}}), "no wall time beside"),
        (
            post("/me/events", {"start": {**TIME, "dateTime": "2027-03-01T09:00:00Z"}}),
            "no wall time beside its zone",
        ),
        (post("/me/events", {"onlineMeeting": {"joinUrl": "x"}}), "onlineMeeting is read-only"),
        (request("PATCH", "/me/events/a", json={"id": "b"}), "Event.id is read-only"),
        (post("/subscriptions", {"expirationDateTime": "2027-03-01T09:00:00"}), "no date-time"),
        (schedule(schedules="ben@saltmarsh.example.org"), "Schedules is no array"),
        (schedule(availabilityViewInterval="30"), "AvailabilityViewInterval is no integer"),
        (schedule(emails=[]), "has no property emails"),
        (post("/me/calendar/getSchedule", {"schedules": []}), "needs StartTime"),
        (authorize(prompt="select_account consent"), "another prompt than"),
        (authorize(access_type="offline"), "takes no access_type"),
        (authorize(scope="openid Calendars.Read"), "another scope than"),
        (authorize(scope="offline_access Mail.Read"), "more than is used: ['Mail.Read']"),
        (authorize(state=""), "another state than"),
        (httpx.Request("GET", LOGIN + "/authorize?a=1"), "authorize needs client_id"),
        (httpx.Request("GET", str(authorize().url) + "&state=t"), "takes state once"),
        (httpx.Request("POST", LOGIN + "/token", data=FORM), "takes ['client_id'"),
        (
            httpx.Request("POST", LOGIN + "/token", data={**FORM, "grant_type": "password"}),
            "a grant it knows, not 'password'",
        ),
        (httpx.Request("GET", LOGIN + "/token?grant_type=refresh_token"), "a posted form"),
        (httpx.Request("POST", LOGIN + "/revoke", data={"token": "t"}), "nothing of Microsoft"),
    ],
    ids=range(62),
)
def test_what_is_not_documented_is_a_fault(models, wrong, fault):
    """Path, verb, query, body, scopes, preferences and forms are each seen."""
    assert any(fault in told for told in faults(models, wrong)), faults(models, wrong)


def test_no_scope_is_asked_for_in_vain():
    """Whatever a capability asks for is enough for some call of Graph's calendars."""
    useful = frozenset().union(*(scopes for _, scopes in PERMISSIONS))
    assert [each for each in ASKED_FOR.values() if not each <= useful] == []


def test_one_kind_of_ids_is_asked_for(models):
    """Who asks for lasting ids once asks for them always, or an event has two of them."""
    lasting = request("DELETE", "/me/events/a", prefer='IdType="ImmutableId"')
    other = request("DELETE", "/me/events/a", prefer="")
    assert faults(models, lasting, lasting) == []
    assert faults(models, lasting, other) == [
        "DELETE /me/events/{event-id} is asked for other ids than the calls before"
    ]


CALENDARS = request("GET", "/me/calendars")
EVENT = request("GET", "/me/events/a?$select=subject")
INNER = {"date": "2027-03-01T09:00:00", "request-id": "r", "client-request-id": "c"}


@pytest.mark.parametrize(
    ("asked", "status", "answer"),
    [
        (CALENDARS, 200, {"@odata.context": "x", "value": [{"id": "a", "owner": None}]}),
        (CALENDARS, 200, {"value": [], "@odata.nextLink": "https://graph.microsoft.com/v1.0/x"}),
        (EVENT, 200, {"@odata.etag": "x", "id": "a", "subject": "Session"}),
        (request("DELETE", "/me/events/a"), 204, None),
        (post("/me/events/a/cancel", {}), 202, None),
        (
            post("/me/events", {}),
            201,
            {"start": TIME | {"dateTime": "2027-03-01T09:00:00.0000000"}},
        ),
        (EVENT, 404, {"error": {"code": "ErrorItemNotFound", "message": "", "innerError": INNER}}),
    ],
    ids=range(7),
)
def test_an_answer_of_graphs_is_fine(models, asked, status, answer):
    """An answer as Graph gives it has no fault."""
    assert faults(models, asked, answer=(status, answer)) == []


@pytest.mark.parametrize(
    ("asked", "status", "answer", "fault"),
    [
        (CALENDARS, 200, {"value": [{"id": 7}]}, "CalendarCollectionResponse.value[0].id is no st"),
        (CALENDARS, 200, {"items": []}, "has no property items"),
        (CALENDARS, 200, {"value": None, "@odata.nextLink": 5}, "@odata.nextLink is no string"),
        (CALENDARS, 200, {"value": [{"color": "pink"}]}, "is no CalendarColor: 'pink'"),
        (CALENDARS, 200, [], "is no object: []"),
        (CALENDARS, 201, {"value": []}, "does not answer with 201"),
        (post("/me/events", {}), 200, {}, "does not answer with 200"),
        (request("DELETE", "/me/events/a"), 204, {}, "gives no body"),
        (request("DELETE", "/me/events/a"), 200, None, "does not answer with 200"),
        (EVENT, 200, {"id": "a", "subject": "x", "body": {}}, "body, which was not selected"),
        (EVENT, 200, {"createdDateTime": "2027-03-01T09:00:00"}, "is no date-time"),
        (EVENT, 200, {"start": {**TIME, "dateTime": "2027-13-01T09:00:00"}}, "no wall time"),
        (EVENT, 404, {"error": "not_found"}, "without an error body"),
        (EVENT, 404, {"error": {"code": "x", "message": "x"}}, "without an error body"),
        (EVENT, 404, {"error": {"code": "", "message": "", "innerError": {}}}, "without an error"),
        (
            EVENT,
            404,
            {"error": {"code": "x", "message": "x", "innerError": INNER | {"date": "today"}}},
            "innerError.date is no date-time: 'today'",
        ),
        (
            EVENT,
            404,
            {"error": {"code": "x", "message": "x", "innerError": INNER, "errors": []}},
            "ODataError.error has no property errors",
        ),
    ],
    ids=range(17),
)
def test_an_answer_of_another_shape_is_a_fault(models, asked, status, answer, fault):
    """A stand-in's answer is held to its model, its status and what was selected."""
    told = faults(models, asked, answer=(status, answer))
    assert any(fault in one for one in told), told


async def test_the_transport_lets_the_checker_see(models):
    """What goes through the transport is counted by its method, and its answer reaches us."""
    checker = Checker(SETTINGS, SCOPES.get, models)
    inner = httpx.MockTransport(lambda r: httpx.Response(200, json={"value": 7}))
    async with httpx.AsyncClient(transport=CheckedTransport(inner, checker)) as http:
        reply = await http.send(CALENDARS)
    assert reply.json() == {"value": 7}
    assert checker.calls == ["GET /me/calendars"]
    assert checker.answer_faults == ["CalendarCollectionResponse.value is no array: 7"]


def test_an_answer_that_is_no_json_is_a_fault(models):
    """A page of HTML is no answer of Graph's."""
    checker = Checker(SETTINGS, SCOPES.get, models)
    checker.answered(checker.sent(CALENDARS, b""), 200, b"<html>")
    assert checker.answer_faults == ["GET /me/calendars answered what is no JSON"]


def test_the_index_is_what_the_package_says(sdk):
    """What is kept of Microsoft's client is what its source still says."""
    assert INDEX.read_text("utf-8") == made(sdk)
