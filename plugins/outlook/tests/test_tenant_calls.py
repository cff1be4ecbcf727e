"""The checker sees what Microsoft's documents do not allow of an organization's consent."""

from __future__ import annotations

import httpx
import pytest
from together_outlook.testing import Checker

API = "https://graph.microsoft.com/v1.0"
LOGIN = "https://login.microsoftonline.com"
TENANT = "3c1e5d70-92ab-4f6e-b0d8-57a1c4e9f213"
MAIL = "ada%40saltmarsh.example.org"
TIME = {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"}
UTC = 'outlook.timezone="UTC"'
WINDOW = "?startDateTime=2027-03-01T00:00:00Z&endDateTime=2027-03-02T00:00:00Z"
SCHEDULE = {"schedules": ["ben@saltmarsh.example.org"], "startTime": TIME, "endTime": TIME}
CLIENT = {"client_id": "c", "client_secret": "s"}
DEFAULT = {
    **CLIENT,
    "grant_type": "client_credentials",
    "scope": "https://graph.microsoft.com/.default",
}
CODE = {
    **CLIENT,
    "grant_type": "authorization_code",
    "code": "c",
    "code_verifier": "v",
    "redirect_uri": "https://together.example.org/callback/outlook",
}
ASKING = {
    "client_id": "c",
    "redirect_uri": "https://together.example.org/callback/outlook",
    "state": "s",
}


def request(method, path, *, prefer=UTC, **kwargs):
    headers = {"authorization": "Bearer app", "prefer": prefer}
    return httpx.Request(method, API + path, headers=headers, **kwargs)


def token(form, *, tenant=TENANT):
    return httpx.Request("POST", f"{LOGIN}/{tenant}/oauth2/v2.0/token", data=form)


def consent(tenant=TENANT, **changes):
    asking = {**ASKING, "scope": "https://graph.microsoft.com/.default", **changes}
    return httpx.Request("GET", f"{LOGIN}/{tenant}/v2.0/adminconsent", params=asking)


def sign_in(tenant=TENANT, **changes):
    asking = {
        **ASKING,
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
        "nonce": "n" * 22,
        "response_type": "code",
        "scope": "openid profile",
        **changes,
    }
    return httpx.Request("GET", f"{LOGIN}/{tenant}/oauth2/v2.0/authorize", params=asking)


def keys(query="", *, tenant=TENANT, method="GET"):
    return httpx.Request(method, f"{LOGIN}/{tenant}/discovery/v2.0/keys{query}")


def faults(models, asked):
    checker = Checker({"API_URL": API}, lambda token: frozenset(), models)
    checker.sent(asked, asked.content)
    return checker.faults


@pytest.mark.parametrize(
    "fine",
    [
        request("GET", f"/users/{MAIL}/calendar?$select=id,owner"),
        request("GET", f"/users/a/calendars/b/calendarView{WINDOW}&$top=250"),
        request("POST", f"/users/{MAIL}/calendar/getSchedule", json=SCHEDULE),
        request("POST", "/users/a/calendars/b/events", json={"start": TIME}),
        request("DELETE", "/users/a/events/b"),
        consent(),
        consent("organizations", account="chiara@saltmarsh.example.org"),
        sign_in(),
        token(DEFAULT),
        token(CODE),
        keys(),
    ],
    ids=range(11),
)
def test_what_is_documented_is_fine(models, fine):
    """A request as Microsoft documents it has no fault, whatever the tenant has allowed."""
    assert faults(models, fine) == []


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (request("PUT", "/users/a/events/b"), "no method of Graph is PUT /users/a/events/b"),
        (request("GET", "/users//calendars"), "no method of Graph is GET /users//calendars"),
        (request("GET", "/users"), "no method of Graph is GET /users"),
        (request("GET", "/users/a"), "permission that is never asked for"),
        (request("GET", "/users/a/outlook/supportedTimeZones"), "permission that is never asked"),
        (request("GET", "/users/a/calendars?page=2"), "{user-id}/calendars takes no parameter"),
        (request("GET", "/users/a/events", prefer=""), "not asked for times in UTC"),
        (request("POST", "/users/a/events", json={"title": "x"}), "Event has no property title"),
        (consent(scope="Calendars.Read"), "adminconsent takes another scope than"),
        (consent(nonce="n"), "adminconsent takes no nonce"),
        (consent("common"), "nothing of Microsoft is at"),
        (sign_in(nonce="n"), "sign-in takes another nonce than"),
        (sign_in(scope="openid profile User.Read"), "sign-in takes another scope than"),
        (sign_in("organizations"), "authorize is asked of no one tenant"),
        (token(DEFAULT, tenant="common"), "client_credentials is asked of one tenant"),
        (token(DEFAULT | {"scope": "Calendars.Read"}), "takes no scope 'Calendars.Read'"),
        (token(DEFAULT | {"refresh_token": "r"}), "client_credentials takes ['client_id'"),
        (
            token({**CLIENT, "grant_type": "refresh_token", "refresh_token": "r"}),
            "keeps nothing of an administrator's sign-in",
        ),
        (keys("?a=1"), "without parameters"),
        (keys(method="POST"), "without parameters"),
        (keys(tenant="organizations"), "keys is asked of no one tenant"),
    ],
    ids=range(21),
)
def test_what_is_not_documented_is_a_fault(models, wrong, fault):
    """Path, verb, query, body, permissions and forms are each seen."""
    assert any(fault in told for told in faults(models, wrong)), faults(models, wrong)
