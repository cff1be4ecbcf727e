"""Google's own client library, over a real socket, takes the sandbox for Google."""

from __future__ import annotations

import json

import pytest
from together_google.oauth import FREE_BUSY, IDENTITY_SCOPES, SCOPES

ADA = "ada@saltmarsh.example.org"
BEN = "ben@saltmarsh.example.org"
DELEGATED_SCOPES = frozenset().union(*SCOPES.values())
REDIRECT_URI = "http://127.0.0.1:1/callback/google"
KEY = "0123456789abcdefghijklmnopqrstuv"
EVENT = {
    "id": KEY,
    "summary": "Mentoring session",
    "start": {"dateTime": "2027-03-01T09:00:00Z"},
    "end": {"dateTime": "2027-03-01T10:00:00Z"},
    "attendees": [{"email": BEN}],
    "conferenceData": {
        "createRequest": {"requestId": KEY, "conferenceSolutionKey": {"type": "hangoutsMeet"}}
    },
}
WINDOW = {
    "timeMin": "2027-03-01T00:00:00Z",
    "timeMax": "2027-03-02T00:00:00Z",
    "items": [{"id": ADA}],
}


def test_google_auth_consents_and_renews(live, credentials):
    """The official library gets both tokens, and renews the one with the other."""
    from google.auth.transport.requests import Request

    first = credentials.token
    assert credentials.refresh_token
    credentials.refresh(Request())
    assert credentials.token != first
    assert live[0].scopes_of(credentials.token) == IDENTITY_SCOPES.union(*SCOPES.values())


def test_google_auth_notices_a_revoked_account(live, credentials):
    """A dead refresh token is an error that the official library knows."""
    from google.auth.exceptions import RefreshError
    from google.auth.transport.requests import Request

    live[0].revoke(ADA)
    with pytest.raises(RefreshError, match="invalid_grant"):
        credentials.refresh(Request())


def test_googles_client_reads_calendars_and_busy_times(service, discovery):
    """Calendar list and free/busy come back as the document says."""
    listed = service.calendarList().list(maxResults=10).execute()
    assert [(c["id"], c["primary"], c["accessRole"]) for c in listed["items"]] == [
        (ADA, True, "owner")
    ]
    service.events().insert(calendarId=ADA, body=EVENT).execute()
    busy = service.freebusy().query(body=WINDOW).execute()
    block = {"start": "2027-03-01T09:00:00Z", "end": "2027-03-01T10:00:00Z"}
    assert busy["calendars"] == {ADA: {"busy": [block]}}
    methods = {method.id: method for method in discovery.methods}
    for name, answer in (("calendarList.list", listed), ("freebusy.query", busy)):
        assert [*discovery.answer_faults(methods[f"calendar.{name}"], answer)] == []


def test_googles_client_makes_moves_and_cancels_an_event(live, service, discovery):
    """An event with Meet goes through its whole life in the official client."""
    events = service.events()
    made = events.insert(
        calendarId=ADA, body=EVENT, sendUpdates="all", conferenceDataVersion=1
    ).execute()
    assert made["conferenceData"]["entryPoints"][0]["uri"].startswith("https://meet.google.com/")
    later = {"end": {"dateTime": "2027-03-01T11:00:00Z"}}
    moved = events.patch(calendarId=ADA, eventId=KEY, body=later, sendUpdates="all").execute()
    assert moved["end"]["dateTime"] == "2027-03-01T12:00:00+01:00"
    assert events.list(calendarId=ADA).execute()["items"] == [moved]
    assert events.delete(calendarId=ADA, eventId=KEY, sendUpdates="all").execute() == ""
    gone = events.get(calendarId=ADA, eventId=KEY).execute()
    assert gone["status"] == "cancelled"
    methods = {method.id: method for method in discovery.methods}
    for name, answer in (("insert", made), ("patch", moved), ("get", gone)):
        assert [*discovery.answer_faults(methods[f"calendar.events.{name}"], answer)] == []
    assert [mail["kind"] for mail in live[0].world.mails] == ["invited", "changed", "cancelled"]


def test_googles_client_reads_the_refusals(live, service, refused):
    """The official client finds status and reason in every refusal."""
    sandbox, events = live[0], service.events()
    events.insert(calendarId=ADA, body=EVENT).execute()
    assert refused(events.insert(calendarId=ADA, body=EVENT)) == (409, "duplicate")
    assert refused(events.get(calendarId=ADA, eventId="never0")) == (404, "notFound")
    events.delete(calendarId=ADA, eventId=KEY).execute()
    assert refused(events.delete(calendarId=ADA, eventId=KEY)) == (410, "deleted")
    long = service.freebusy().query(body=WINDOW | {"timeMax": "2028-01-01T00:00:00Z"})
    assert refused(long) == (400, "timeRangeTooLong")
    sandbox.switches.set({"throttled": "userRateLimitExceeded"})
    assert refused(events.list(calendarId=ADA)) == (403, "userRateLimitExceeded")
    sandbox.switches.set({"throttled": "", "down": True})
    assert refused(events.list(calendarId=ADA)) == (503, "backendError")


@pytest.fixture
def robot(live):
    """Give Google's own credentials of a service account that Ada's Workspace trusts."""
    from google.oauth2 import service_account

    sandbox, settings = live
    sandbox.delegate("saltmarsh.example.org", DELEGATED_SCOPES)
    about = json.loads(sandbox.key_file()) | {"token_uri": settings["TOKEN_URL"]}
    credentials = service_account.Credentials.from_service_account_info(about)
    return credentials.with_scopes(sorted(DELEGATED_SCOPES)).with_subject(ADA)


def test_google_auth_acts_for_a_user(live, robot):
    """The official library gets a token for the user it names, with the scopes it asked for."""
    from google.auth.transport.requests import Request

    robot.refresh(Request())
    assert live[0].scopes_of(robot.token) == DELEGATED_SCOPES
    assert live[0].world.access[robot.token].email == ADA


def test_googles_client_works_in_a_users_calendar(live, robot):
    """An event is made, found busy and taken away as the user, by the official client."""
    from google_auth_httplib2 import AuthorizedHttp
    from googleapiclient.discovery import build
    from httplib2 import Http

    with build(
        "calendar",
        "v3",
        http=AuthorizedHttp(robot, http=Http()),
        client_options={"api_endpoint": live[1]["API_URL"] + "/"},
        static_discovery=True,
        cache_discovery=False,
    ) as service:
        assert service.calendarList().get(calendarId="primary").execute()["id"] == ADA
        made = service.events().insert(
            calendarId="primary", body=EVENT, sendUpdates="all", conferenceDataVersion=1
        ).execute()  # fmt: skip
        assert made["organizer"]["email"] == ADA
        busy = service.freebusy().query(body=WINDOW).execute()["calendars"][ADA]["busy"]
        assert len(busy) == 1
        assert service.events().delete(calendarId="primary", eventId=KEY).execute() == ""


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda s: s.delegate("saltmarsh.example.org", []), "unauthorized_client"),
        (lambda s: s.delegate("saltmarsh.example.org", [FREE_BUSY]), "access_denied"),
        (lambda s: s.switches.set({"delegation_delay": 86_400}), "unauthorized_client"),
        (lambda s: s.world.people.pop(ADA), "invalid_grant: Invalid email or User ID"),
        (lambda s: setattr(s.service_account(), "disabled", True), "disabled_client"),
        (lambda s: s.service_account().keys.clear(), "invalid_grant: Invalid JWT Signature"),
    ],
    ids=range(6),
)
def test_google_auth_reads_why_it_may_not(live, robot, spoil, error):
    """The official library finds Google's error in each refusal."""
    from google.auth.exceptions import RefreshError
    from google.auth.transport.requests import Request

    spoil(live[0])
    with pytest.raises(RefreshError, match=error):
        robot.refresh(Request())
