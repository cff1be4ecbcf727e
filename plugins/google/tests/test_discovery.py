"""The checker sees what Google's documents do not allow."""

from __future__ import annotations

import json

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from together_google.delegation import JWT_BEARER
from together_google.oauth import CALENDAR_LIST, FREE_BUSY, OPENID
from together_google.testing import CheckedTransport, Checker

API = "https://www.googleapis.com/calendar/v3"
SETTINGS = {
    "API_URL": API,
    "AUTH_URL": "https://accounts.google.com/o/oauth2/v2/auth",
    "TOKEN_URL": "https://oauth2.googleapis.com/token",
    "REVOKE_URL": "https://oauth2.googleapis.com/revoke",
    "USERINFO_URL": "https://openidconnect.googleapis.com/v1/userinfo",
}
SIGNER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EVENTS = API + "/calendars/a/events"
TIME = {"dateTime": "2027-03-01T09:00:00Z"}
SCOPES = {
    "busy": frozenset({FREE_BUSY}),
    "list": frozenset({CALENDAR_LIST}),
    "all": frozenset(),
    "id": frozenset({OPENID}),
}


def faults(discovery, request, answer=None):
    checker = Checker(SETTINGS, SCOPES.get, discovery)
    method = checker.sent(request, request.content)
    if answer is not None:
        checker.answered(method, *answer)
    return checker.faults + checker.answer_faults


def request(method, url, *, token="other", **kwargs):
    return httpx.Request(method, url, headers={"authorization": f"Bearer {token}"}, **kwargs)


@pytest.mark.parametrize(
    "fine",
    [
        request("GET", API + "/users/me/calendarList?maxResults=250", token="list"),
        request("POST", API + "/freeBusy", token="busy", json={"items": [{"id": "a"}]}),
        request("POST", API + "/calendars/a%23b/events", json={"start": TIME, "end": TIME}),
        request("PATCH", API + "/calendars/a/events/b", json={"conferenceData": None}),
        request("DELETE", API + "/calendars/a/events/b?sendUpdates=all"),
        request("GET", f"{EVENTS}?syncToken=a&maxResults=2500&fields=items(id),nextSyncToken"),
        request("POST", f"{EVENTS}/watch", json={"expiration": "19", "params": {"ttl": "600"}}),
        request("POST", API + "/channels/stop", json={"id": "a", "resourceId": "b"}),
        request("GET", SETTINGS["USERINFO_URL"], token="id"),
        httpx.Request("POST", SETTINGS["REVOKE_URL"], data={"token": "t"}),
    ],
    ids=lambda r: f"{r.method}-{r.url.path}",
)
def test_what_is_documented_is_fine(discovery, fine):
    """A request as Google documents it has no fault."""
    assert faults(discovery, fine) == []


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (request("PUT", API + "/freeBusy"), "no method of the API is PUT freeBusy"),
        (request("GET", API + "/calendars/a/b/events"), "no method of the API"),
        (request("GET", API + "/users/me/calendarList?page=2"), "takes no parameter page"),
        (request("GET", API + "/users/me/calendarList?maxResults=0"), "maxResults"),
        (request("GET", API + "/users/me/calendarList?showHidden=1"), "showHidden"),
        (request("DELETE", API + "/calendars/a/events/b?sendUpdates=some"), "sendUpdates"),
        (request("GET", API + "/calendars/a/events?timeMin=2027-03-01T09:00:00"), "timeMin"),
        (request("GET", API + "/users/me/calendarList", token="busy"), "needs one of"),
        (
            request("GET", API + "/users/me/settings", token="other"),
            "never asked for",
        ),
        (request("POST", API + "/freeBusy", json={"calendars": []}), "no field calendars"),
        (request("POST", API + "/freeBusy", json={"items": {}}), "items is no array"),
        (request("POST", API + "/freeBusy", json={"timeMin": "now"}), "no date-time"),
        (request("POST", API + "/freeBusy", json={"timeMin": None}), "no date-time: None"),
        (request("POST", API + "/freeBusy", json={"groupExpansionMax": "9"}), "no int32"),
        (request("POST", API + "/calendars/a/events", json={"start": TIME}), "needs end"),
        (request("PATCH", API + "/calendars/a/events/b", json={"etag": 1}), "etag is no string"),
        (request("PATCH", API + "/calendars/a/events/b", json={"htmlLink": ""}), "read-only"),
        (httpx.Request("GET", API + "/users/me/calendarList"), "needs a bearer token"),
        (request("GET", SETTINGS["USERINFO_URL"] + "?alt=json", token="id"), "userinfo"),
        (httpx.Request("GET", SETTINGS["REVOKE_URL"] + "?token=t"), "revoke"),
        (httpx.Request("POST", SETTINGS["TOKEN_URL"], data={"grant_type": "password"}), "grant"),
        (
            httpx.Request("POST", SETTINGS["TOKEN_URL"], data={"grant_type": "refresh_token"}),
            "takes ['client_id'",
        ),
        (
            httpx.Request("GET", SETTINGS["AUTH_URL"] + "?include_granted_scopes=true"),
            "takes no include_granted_scopes",
        ),
        (request("POST", API + "/freeBusy", content=b"{"), "no JSON"),
        (httpx.Request("GET", SETTINGS["AUTH_URL"] + "?scope=drive"), "more than is used"),
        (httpx.Request("GET", "https://www.googleapis.com/drive/v3/files"), "nothing of Google"),
        (request("GET", EVENTS + "?fields=items(id,secret)"), "no answer has a field secret"),
        (request("GET", EVENTS + "?fields=items(start/day)"), "no answer has a field day"),
        (request("GET", EVENTS + "?fields=items("), "selects no fields"),
        (request("GET", EVENTS + "?syncToken=a", token="busy"), "needs one of"),
        (request("POST", EVENTS + "/watch", json={"id": "a", "ttl": 600}), "no field ttl"),
        (request("POST", EVENTS + "/watch", json={"id": "a", "expiration": 1}), "no int64"),
        (request("POST", EVENTS + "/watch", json={"id": "a"}, token="busy"), "needs one of"),
        (request("POST", API + "/channels/stop", json=["a"]), "Channel is no object"),
        (request("GET", API + "/channels/stop"), "no method of the API"),
    ],
    ids=range(35),
)
def test_what_is_not_documented_is_a_fault(discovery, wrong, fault):
    """Path, verb, query, body, scopes and forms are each seen."""
    assert any(fault in told for told in faults(discovery, wrong)), faults(discovery, wrong)


@pytest.mark.parametrize(
    ("status", "content", "fault"),
    [
        (200, {"items": [{"id": 7}]}, "no string: 7"),
        (200, {"things": []}, "no field things"),
        (403, {"error": "forbidden"}, "no error body"),
        (403, {"error": {"errors": [], "code": 403, "message": ""}}, "no error body"),
    ],
)
def test_an_answer_is_held_to_its_schema(discovery, status, content, fault):
    """A stand-in's answer of another shape is seen, and so is its error of another shape."""
    asked = request("GET", API + "/users/me/calendarList", token="list")
    told = faults(discovery, asked, (status, json.dumps(content).encode()))
    assert any(fault in one for one in told), told


async def test_the_transport_lets_the_checker_see(discovery):
    """What goes through the transport is counted by its method, and its answer reaches us."""
    checker = Checker(SETTINGS, SCOPES.get, discovery)
    inner = httpx.MockTransport(lambda r: httpx.Response(200, json={"items": 7}))
    async with httpx.AsyncClient(transport=CheckedTransport(inner, checker)) as http:
        reply = await http.send(request("GET", API + "/users/me/calendarList", token="list"))
    assert reply.json() == {"items": 7}
    assert checker.calls == ["calendar.calendarList.list"]
    assert checker.answer_faults == ["CalendarList.items is no array: 7"]


def assertion(*, header=(), **changes):
    claims = {
        "iss": "robot@project.iam.gserviceaccount.com",
        "sub": "ada@saltmarsh.example.org",
        "scope": f"{CALENDAR_LIST} {FREE_BUSY}",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1_900_000_000,
        "exp": 1_900_003_300,
    }
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not ...}
    return jwt.encode(claims, SIGNER, "RS256", headers={"kid": "key", **dict(header)})


def asking(text, **form):
    data = {"grant_type": JWT_BEARER, "assertion": text, **form}
    return httpx.Request("POST", SETTINGS["TOKEN_URL"], data=data)


def test_an_assertion_as_google_documents_it_is_fine(discovery):
    """A service account's request for one user's token has no fault."""
    assert faults(discovery, asking(assertion())) == []


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (asking("nonsense"), "no JWT"),
        (asking(assertion(), client_id="id"), "takes an assertion and nothing else"),
        (asking(assertion(header={"jku": "https://thief.example/"})), "names its key"),
        (asking(assertion(sub=...)), "an assertion claims"),
        (asking(assertion(target_audience="x")), "an assertion claims"),
        (asking(assertion(aud="http://127.0.0.1/token")), "Google's own token address"),
        (asking(assertion(exp=1_900_003_601)), "an hour at most"),
        (asking(assertion(iat="now")), "an hour at most"),
        (asking(assertion(scope=OPENID)), "more than is delegated"),
        (asking(assertion(scope=f"{FREE_BUSY},{CALENDAR_LIST}")), "more than is delegated"),
    ],
    ids=range(10),
)
def test_an_assertion_of_another_kind_is_a_fault(discovery, wrong, fault):
    """Header, claims, life, audience and scopes are each seen."""
    assert any(fault in told for told in faults(discovery, wrong)), faults(discovery, wrong)


def test_a_delegated_call_needs_a_delegated_scope(discovery):
    """A call that the token was not given for is seen, as it is with a person's own."""
    call = request(
        "POST", API + "/calendars/a/events", token="busy", json={"start": TIME, "end": TIME}
    )
    assert any("events.insert needs one of" in told for told in faults(discovery, call))
