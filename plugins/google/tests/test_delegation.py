"""Domain-wide delegation: what the plugin sends, and what each of Google's answers means."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from together_google import GoogleCalendar, GoogleSandbox
from together_google.delegation import (
    AUDIENCE,
    DELEGATED,
    JWT_BEARER,
    delegated_decipher,
    refusal,
)
from together_google.oauth import CALENDAR_LIST, EVENTS, FREE_BUSY
from together_google.testing.checker import assertion_faults

from together.providers import (
    AdminApprovalRequired,
    AuthorizationExpired,
    Capability,
    Copy,
    Misconfigured,
    Secret,
    StepKind,
)
from together.testing.provider_contract import BASE_URL, DelegationContract, Reply

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
WORKSPACE = "saltmarsh.example.org"
SCOPES = sorted({FREE_BUSY, CALENDAR_LIST, EVENTS})
READ, BOTH = Capability.FREE_BUSY, Capability.FREE_BUSY | Capability.EVENTS
REPLIES = json.loads((Path(__file__).parent / "delegation_replies.json").read_text("utf-8"))


def google(status, reason):
    line = {"domain": "global", "reason": reason, "message": reason}
    return Reply(status, {"error": {"errors": [line], "code": status, "message": reason}})


class TestGoogle(DelegationContract):
    refusals = {  # noqa: RUF012
        AuthorizationExpired: [google(401, "authError"), google(403, "insufficientPermissions")],
        AdminApprovalRequired: google(403, "domainPolicy"),
    }

    @pytest.fixture
    def sandbox(self):
        return GoogleSandbox()

    @pytest.fixture
    def provider(self, sandbox):
        return GoogleCalendar(sandbox.settings(BASE_URL))

    @pytest.fixture
    def wire(self, sandbox, checked_wire, checker):
        sandbox.add_account(ADA, zone="Europe/Stockholm")
        sandbox.add_account(BEN, zone="Africa/Lagos")
        yield checked_wire
        # One test writes on purpose with what only reads, which the checker sees.
        on_purpose = "calendar.events.insert needs one of"
        checker.faults[:] = [fault for fault in checker.faults if on_purpose not in fault]

    @pytest.fixture
    def credential(self, sandbox, provider):
        sandbox.delegate(WORKSPACE, SCOPES)
        return provider.delegation.read_key(Secret(sandbox.key_file())).secret

    @pytest.fixture
    def powerless(self, sandbox, provider):
        file = sandbox.key_file(sandbox.service_account("another"))
        return provider.delegation.read_key(Secret(file)).secret


async def test_the_assertion_is_googles(office, sandbox):
    """It is signed by the key it names, for Google alone, for one user, for less than an hour."""
    await office.delegation.grant(
        office.web, office.credential, mailbox=ADA, capabilities=READ, now=datetime.now(UTC)
    )
    form = httpx.QueryParams(office.wire.seen[0].content.decode())
    assertion = form["assertion"]
    account = sandbox.service_account()
    ((key_id, key),) = account.keys.items()
    public = load_pem_private_key(key.private_key.encode(), None).public_key()
    claims = jwt.decode(assertion, public, ["RS256"], audience=AUDIENCE)
    issued = claims.pop("iat")
    assert jwt.get_unverified_header(assertion) == {"alg": "RS256", "typ": "JWT", "kid": key_id}
    assert claims == {
        "iss": account.email,
        "sub": ADA,
        "scope": f"{CALENDAR_LIST} {FREE_BUSY}",
        "aud": "https://oauth2.googleapis.com/token",
        "exp": issued + 55 * 60,
    }
    assert {*form} == {"grant_type", "assertion"}
    assert form["grant_type"] == JWT_BEARER
    assert list(assertion_faults(assertion)) == []


@pytest.mark.parametrize(
    ("capabilities", "scopes"),
    [
        (READ, {FREE_BUSY, CALENDAR_LIST}),
        (Capability.EVENTS, {EVENTS, CALENDAR_LIST}),
        (BOTH, {FREE_BUSY, EVENTS, CALENDAR_LIST}),
    ],
)
async def test_a_token_has_the_scopes_of_the_call_at_hand(office, sandbox, capabilities, scopes):
    """Free/busy to read, events only to write, and never one's identity."""
    grant = await office.grant(ADA, capabilities)
    assert (grant.scopes, grant.refresh_token) == (scopes, None)
    assert sandbox.scopes_of(grant.access_token.reveal()) == scopes


@pytest.mark.parametrize("capabilities", [Capability.MEETINGS, Capability(0), BOTH | Capability(4)])
async def test_what_delegation_does_not_buy_is_not_asked_for(office, capabilities):
    """A capability without scopes is a mistake of ours, and nothing is sent."""
    with pytest.raises(ValueError, match="does not buy"):
        await office.grant(ADA, capabilities)
    assert office.wire.seen == []


def test_every_delegated_scope_is_the_narrowest(discovery):
    """Each call made under a delegation is covered by what its capability asks for."""
    calls = {
        "calendar.freebusy.query": Capability.FREE_BUSY,
        "calendar.calendarList.list": Capability.FREE_BUSY,
        "calendar.calendarList.get": Capability.FREE_BUSY | Capability.EVENTS,
        "calendar.events.insert": Capability.EVENTS,
        "calendar.events.get": Capability.EVENTS,
        "calendar.events.patch": Capability.EVENTS,
        "calendar.events.delete": Capability.EVENTS,
    }
    enough = {method.id: {*method.about["scopes"]} for method in discovery.methods}
    uncovered = [
        (call, capability)
        for call, needed in calls.items()
        for capability in needed
        if not enough[call] & DELEGATED[capability]
    ]
    assert uncovered == []
    for capability, scopes in DELEGATED.items():
        used = {s for call, needed in calls.items() if capability in needed for s in enough[call]}
        assert scopes <= used


def test_what_to_do_is_said_in_googles_words(sandbox):
    """The values are those that the Admin console takes, letter by letter."""
    delegation = GoogleCalendar({"CLIENT_ID": "id", "CLIENT_SECRET": "secret"}).delegation
    upload, paste = delegation.steps(capabilities=BOTH, id="104857600000000000000")
    assert (upload.kind, paste.kind) == (StepKind.UPLOAD_KEY, StepKind.PASTE_VALUES)
    assert upload.url == "https://console.cloud.google.com/iam-admin/serviceaccounts"
    assert paste.url == "https://admin.google.com/ac/owl/domainwidedelegation"
    assert paste.values == (
        Copy("Client ID", "104857600000000000000"),
        Copy("OAuth scopes (comma-delimited)", ",".join(SCOPES)),
    )
    (_, before) = delegation.steps(capabilities=READ)
    assert [value.text for value in before.values] == [None, f"{CALENDAR_LIST},{FREE_BUSY}"]
    assert (delegation.per_mailbox, delegation.offers) == (True, BOTH)


@pytest.mark.parametrize("name", ["TOKEN_URL", "ADMIN_URL", "CONSOLE_URL"])
def test_an_address_without_tls_is_refused(name):
    """Neither a signature goes out unencrypted, nor is an administrator sent anywhere so."""
    settings = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret", name: "http://google.example/x"}
    with pytest.raises(ValueError, match="https"):
        GoogleCalendar(settings)


@pytest.mark.parametrize("reply", REPLIES, ids=[str(n) for n in range(len(REPLIES))])
def test_each_refusal_has_one_meaning(reply):
    """Of a refusal of the token endpoint the kind and Google's short code are kept."""
    error = refusal(reply["error"], reply["description"])
    assert (type(error).__name__, error.code) == (reply["kind"], reply["error"])
    assert str(error) == type(error).words


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (401, "authError", "Misconfigured"),
        (403, "insufficientPermissions", "Misconfigured"),
        (403, "domainPolicy", "MailboxRestricted"),
        (403, "notACalendarUser", "NoCalendar"),
        (404, "notFound", "Gone"),
        (403, "userRateLimitExceeded", "RateLimited"),
    ],
)
def test_a_delegated_call_asks_no_member_to_act(status, reason, kind):
    """What would have a person reconnect is the operator's or the mailbox's under a delegation."""
    line = {"domain": "global", "reason": reason, "message": "x"}
    body = {"error": {"errors": [line], "code": status, "message": "x"}}
    error = delegated_decipher(status, {}, body)
    assert (type(error).__name__, error.status, error.code) == (kind, status, reason)


@pytest.mark.parametrize("credential", ["", "{}", "[]", "null", '{"client_email": "a"}'])
async def test_a_credential_that_is_not_ours_is_the_operators(office, credential):
    """What was sealed by something else is not signed with, and is not printed."""
    office.credential = Secret(credential)
    with pytest.raises(Misconfigured) as caught:
        await office.grant(ADA)
    assert caught.value.code == "unreadable_credential"
    assert caught.value.__context__ is None
    assert office.wire.seen == []
