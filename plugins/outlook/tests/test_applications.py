"""The app itself at the sandbox: tokens for a tenant, and the mailboxes that they reach."""

from __future__ import annotations

import jwt
import pytest
from together_outlook.sandbox.world import tenant_id

from together.testing.provider_contract import BASE_URL

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
MIRA = "mira@northlight.example.com"
DOMAIN = "saltmarsh.example.org"
TENANT, THEIRS = tenant_id(DOMAIN), tenant_id("northlight.example.com")
TIME = {"dateTime": "2027-03-01T09:00:00", "timeZone": "UTC"}
LATER = {"dateTime": "2027-03-01T11:00:00", "timeZone": "UTC"}
WINDOW = {"startDateTime": "2027-03-01T00:00:00Z", "endDateTime": "2027-03-02T00:00:00Z"}
EVENT = {"subject": "Tea", "start": TIME, "end": LATER}


@pytest.fixture
def ask(office, sandbox, checker):
    """Ask for a token as the app; give status, error, number and the whole answer."""

    async def ask(tenant=TENANT, **changes):
        form = {
            "client_id": sandbox.world.client_id,
            "client_secret": sandbox.world.client_secret,
            "grant_type": "client_credentials",
            "scope": "https://graph.microsoft.com/.default",
            **changes,
        }
        reply = await office.web.post(f"{BASE_URL}/{tenant}/oauth2/v2.0/token", data=form)
        body = reply.json()
        return reply.status_code, body.get("error"), body.get("error_codes", [0])[0], body

    yield ask
    checker.faults.clear()


@pytest.fixture
async def call(ask, office):
    """Call Graph as the app; give the status, the body and Graph's code of an error."""
    token = (await ask())[3]["access_token"]

    async def call(method, path, *, body=None, token=token, **query):
        reply = await office.web.request(
            method,
            f"{BASE_URL}/v1.0/{path}",
            params=query or None,
            json=body,
            headers={"authorization": f"Bearer {token}", "prefer": 'outlook.timezone="UTC"'},
        )
        told = reply.json() if reply.content else None
        return reply.status_code, told, told["error"]["code"] if reply.is_error else None

    return call


async def test_a_token_of_the_app_shows_what_it_may_do(ask, sandbox):
    """The answer has Microsoft's fields, no scope and no refresh token; the roles stand inside."""
    status, _, _, body = await ask()
    token = body.pop("access_token")
    assert (status, body) == (
        200,
        {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599},
    )
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["tid"], claims["idtyp"], claims["appid"], claims["roles"]) == (
        TENANT,
        "app",
        sandbox.world.client_id,
        ["Calendars.Read", "Calendars.ReadWrite"],
    )
    assert (await ask(DOMAIN))[0] == 200
    sandbox.delegate(DOMAIN, [])
    empty = (await ask())[3]["access_token"]
    assert "roles" not in jwt.decode(empty, options={"verify_signature": False})


@pytest.mark.parametrize(
    ("tenant", "changes", "told"),
    [
        ("common", {}, (400, "invalid_request", 50059)),
        ("organizations", {}, (400, "invalid_request", 50059)),
        ("consumers", {}, (400, "invalid_request", 50059)),
        ("nowhere.example.net", {}, (400, "invalid_request", 90002)),
        (THEIRS, {}, (400, "unauthorized_client", 700016)),
        (TENANT, {"scope": ""}, (400, "invalid_request", 900144)),
        (TENANT, {"scope": "Calendars.Read"}, (400, "invalid_scope", 1002012)),
        (
            TENANT,
            {"scope": "https://graph.microsoft.com/Calendars.Read"},
            (400, "invalid_scope", 1002012),
        ),
        (TENANT, {"scope": "https://x.example/.default"}, (400, "invalid_resource", 500011)),
        (TENANT, {"client_secret": "another"}, (401, "invalid_client", 7000215)),
        (TENANT, {"client_secret": ""}, (401, "invalid_client", 7000218)),
        (TENANT, {"client_id": "x"}, (400, "unauthorized_client", 700038)),
    ],
    ids=range(12),
)
async def test_what_microsoft_refuses_is_refused(ask, tenant, changes, told):
    """Each refusal has Microsoft's status, error and number."""
    assert (await ask(tenant, **changes))[:3] == told


async def test_what_a_tenant_and_an_operator_switch_off_is_told_apart(ask, sandbox):
    """An app that is disabled there, and a secret that ran out, give no token."""
    sandbox.tenant(DOMAIN).disabled = True
    assert (await ask())[:3] == (400, "unauthorized_client", 7000112)
    sandbox.switches.secret_expired = True
    assert (await ask())[:3] == (401, "invalid_client", 7000222)


async def test_the_app_works_in_every_mailbox_of_the_tenant(call, sandbox):
    """It reads, makes, changes and takes away, by address and by id."""
    oid = sandbox.world.people[BEN].oid
    status, event, _ = await call("POST", f"users/{BEN}/events", body=EVENT)
    assert (status, event["organizer"]["emailAddress"]["address"]) == (201, BEN)
    one = f"users/{oid}/events/{event['id']}"
    assert (await call("PATCH", one, body={"subject": "Coffee"}))[1]["subject"] == "Coffee"
    for path in (one, f"users/{oid}/calendar/events/{event['id']}"):
        assert (await call("GET", path))[1]["subject"] == "Coffee"
    (listed,) = (await call("GET", f"users/{oid}/calendars"))[1]["value"]
    for place in ("", "/calendar", f"/calendars/{listed['id']}"):
        seen = await call("GET", f"users/{oid}{place}/calendarView", **WINDOW)
        assert [each["id"] for each in seen[1]["value"]] == [event["id"]]
    assert (await call("GET", f"users/{ADA}/calendarView", **WINDOW))[1]["value"] == []
    asked = {"schedules": [BEN, ADA], "startTime": TIME, "endTime": LATER}
    found = (await call("POST", f"users/{oid}/calendar/getSchedule", body=asked))[1]["value"]
    assert [one["availabilityView"] for one in found] == ["2222", "0000"]
    assert (await call("DELETE", one))[0] == 204
    assert (await call("GET", one))[2] == "ErrorItemNotFound"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "me/calendars", 400, "BadRequest"),
        ("GET", "me", 400, "BadRequest"),
        ("GET", f"users/{MIRA}/calendars", 404, "ErrorInvalidUser"),
        ("GET", "users/nobody@saltmarsh.example.org/calendar", 404, "ErrorInvalidUser"),
        ("GET", f"users/{ADA}", 403, "Authorization_RequestDenied"),
        ("GET", "users", 403, "Authorization_RequestDenied"),
    ],
)
async def test_the_app_is_nobody_and_in_one_tenant(call, method, path, status, code):
    """It has no mailbox of its own, reaches none elsewhere, and reads no directory."""
    told = await call(method, path)
    assert (told[0], told[2]) == (status, code)


async def test_a_mailbox_may_be_shut_out(call, sandbox):
    """What is missing and what a policy forbids have one code, and different words."""
    sandbox.tenant(DOMAIN).restricted = [BEN]
    _, body, code = await call("GET", f"users/{BEN}/calendars")
    assert (code, "[RAOP]" in body["error"]["message"]) == ("ErrorAccessDenied", True)
    sandbox.delegate(DOMAIN, ["Calendars.ReadBasic.All"])
    assert (await call("GET", f"users/{ADA}/calendars"))[0] == 200
    _, body, code = await call("POST", f"users/{ADA}/events", body=EVENT)
    assert (code, "[RAOP]" in body["error"]["message"]) == ("ErrorAccessDenied", False)


async def test_an_account_without_a_mailbox_has_none_for_the_app(call, sandbox):
    """It is there, and Exchange knows nothing of it."""
    sandbox.add_account("grace@saltmarsh.example.org", has_calendar=False)
    told = await call("GET", "users/grace@saltmarsh.example.org/calendars")
    assert (told[0], told[2]) == (404, "MailboxNotEnabledForRESTAPI")


async def test_a_consent_that_is_taken_back_ends_at_once(call, ask, sandbox):
    """Tokens that were given for the tenant end with it."""
    sandbox.withdraw(DOMAIN)
    assert (await call("GET", f"users/{ADA}/calendars"))[2] == "InvalidAuthenticationToken"
    assert (await ask())[:3] == (400, "unauthorized_client", 700016)


async def test_the_limits_are_each_mailboxs(call, sandbox):
    """What is asked of one mailbox is not counted for another."""
    sandbox.switches.per_minute = 2
    for _ in range(2):
        assert (await call("GET", f"users/{ADA}/calendar"))[0] == 200
    assert (await call("GET", f"users/{ADA}/calendar"))[2] == "TooManyRequests"
    assert (await call("GET", f"users/{BEN}/calendar"))[0] == 200


async def test_a_person_reaches_their_own_mailbox_by_name(call, hands, sandbox):
    """Whoever signed in may name their own mailbox, and no other."""
    token = (await hands.grant(ADA)).access_token.reveal()
    own = await call("GET", f"users/{ADA}/calendars", token=token)
    assert own[1]["value"] == (await call("GET", "me/calendars", token=token))[1]["value"]
    assert (await call("GET", f"users/{BEN}/calendars", token=token))[2] == "ErrorAccessDenied"
