"""An organization's consent: what the plugin sends, and what each of Microsoft's answers means."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from together_outlook import OutlookCalendar, OutlookSandbox
from together_outlook.delegation import PERMISSIONS
from together_outlook.errors import delegated_decipher
from together_outlook.oauth import READ, WRITE
from together_outlook.sandbox.world import tenant_id
from together_outlook.tenant_errors import refusal
from together_outlook.testing.checker import ASKED_OF_TENANTS, TO_THE_APP

from together.providers import (
    AuthorizationExpired,
    Capability,
    Copy,
    Misconfigured,
    Secret,
    StepKind,
    TenantClaim,
)
from together.testing.provider_contract import (
    BASE_URL,
    AdminConsentContract,
    DelegationContract,
    Reply,
)

ADA, BEN = "ada@saltmarsh.example.org", "ben@saltmarsh.example.org"
DOMAIN = "saltmarsh.example.org"
FREE_BUSY, EVENTS = Capability.FREE_BUSY, Capability.EVENTS
BOTH = FREE_BUSY | EVENTS
SETTINGS = {"CLIENT_ID": "the-app", "CLIENT_SECRET": "s3cret"}
TENANT = "3c1e5d70-92ab-4f6e-b0d8-57a1c4e9f213"
REPLIES = json.loads((Path(__file__).parent / "tenant_replies.json").read_text("utf-8"))


def graph(status, code):
    inner = {
        "date": "2026-11-24T06:00:00",
        "request-id": "b0282b45-ba23-4a2c-9b3d-4a1f5b7c0001",
        "client-request-id": "b0282b45-ba23-4a2c-9b3d-4a1f5b7c0001",
    }
    return Reply(status, {"error": {"code": code, "message": code, "innerError": inner}})


def kept(tenant):
    return Secret(json.dumps({"tenant": tenant}))


class TestOutlook(DelegationContract):
    refusals = {  # noqa: RUF012
        AuthorizationExpired: [
            graph(401, "InvalidAuthenticationToken"),
            graph(401, "unauthenticated"),
        ],
    }

    @pytest.fixture
    def sandbox(self):
        return OutlookSandbox()

    @pytest.fixture
    def provider(self, sandbox):
        return OutlookCalendar(sandbox.settings(BASE_URL))

    @pytest.fixture
    def wire(self, sandbox, checked_wire):
        sandbox.add_account(ADA, zone="Europe/Stockholm")
        sandbox.add_account(BEN, zone="Africa/Lagos")
        sandbox.add_account("mira@northlight.example.com", zone="Europe/Paris")
        return checked_wire

    @pytest.fixture
    def credential(self, sandbox):
        return kept(sandbox.delegate(DOMAIN))

    @pytest.fixture
    def powerless(self):
        return kept(tenant_id("northlight.example.com"))


class TestAdminConsent(AdminConsentContract):
    """What is asked of a consent for everybody, inherited whole."""

    @pytest.fixture
    def sandbox(self):
        return OutlookSandbox()

    @pytest.fixture
    def provider(self, sandbox):
        return OutlookCalendar(sandbox.settings(BASE_URL))

    @pytest.fixture
    def administrator(self, sandbox):
        sandbox.add_account(ADA, zone="Europe/Stockholm")
        sandbox.add_account("chiara@saltmarsh.example.org", admin=True)
        return "chiara@saltmarsh.example.org"

    @pytest.fixture
    def elsewhere(self, sandbox):
        sandbox.add_account("nils@northlight.example.com", admin=True)
        return TenantClaim(tenant_id("northlight.example.com"))


async def test_a_token_is_asked_of_the_tenant(office, sandbox):
    """The app signs in with its own secret, for all that the tenant has allowed it."""
    grant = await office.grant(ADA)
    (asked,) = office.wire.seen
    assert str(asked.url) == f"{BASE_URL}/{tenant_id(DOMAIN)}/oauth2/v2.0/token"
    assert dict(parse_qsl(asked.content.decode())) == {
        "grant_type": "client_credentials",
        "client_id": sandbox.world.client_id,
        "client_secret": sandbox.world.client_secret,
        "scope": "https://graph.microsoft.com/.default",
    }
    assert (grant.scopes, grant.refresh_token) == ({READ, WRITE}, None)


@pytest.mark.parametrize(
    ("capabilities", "names"), [(FREE_BUSY, {READ}), (EVENTS, {WRITE}), (BOTH, {READ, WRITE})]
)
async def test_a_grant_names_what_it_is_for(office, capabilities, names):
    """What was not asked for is not among its permissions, although the token buys it."""
    assert (await office.grant(ADA, capabilities)).scopes == names


@pytest.mark.parametrize("capabilities", [Capability.MEETINGS, Capability(0), BOTH | Capability(4)])
async def test_what_delegation_does_not_buy_is_not_asked_for(office, capabilities):
    """A capability without permissions is a mistake of ours, and nothing is sent."""
    with pytest.raises(ValueError, match="does not buy"):
        await office.grant(ADA, capabilities)
    with pytest.raises(ValueError, match="does not buy"):
        office.delegation.consent_url(redirect_uri="x", state="s", capabilities=capabilities)
    assert office.wire.seen == []


def test_each_permission_is_the_narrowest_that_is_enough():
    """Every call made for an organization is allowed by what its capability asks for."""
    assert {*PERMISSIONS} == {FREE_BUSY, EVENTS}
    assert {READ, WRITE} == ASKED_OF_TENANTS
    useful = [roles & ASKED_OF_TENANTS for _, roles in TO_THE_APP if roles & ASKED_OF_TENANTS]
    assert useful == [{READ, WRITE}, {READ, WRITE}, {WRITE}]


def test_what_to_do_is_said_in_microsofts_words():
    """The values are those that Exchange takes, letter by letter."""
    delegation = OutlookCalendar(SETTINGS).delegation
    consent, limit = delegation.steps(capabilities=BOTH)
    assert (consent.kind, consent.values) == (StepKind.CONSENT, ())
    assert (limit.kind, limit.values) == (
        StepKind.PASTE_VALUES,
        (
            Copy("Application ID", "the-app"),
            Copy("Roles", "Application Calendars.Read, Application Calendars.ReadWrite"),
        ),
    )
    (_, limit) = delegation.steps(capabilities=FREE_BUSY, id=TENANT)
    assert limit.values[1] == Copy("Roles", "Application Calendars.Read")
    assert (delegation.per_mailbox, delegation.offers) == (False, BOTH)


@pytest.mark.parametrize("tenant", ["consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"])
def test_personal_accounts_have_no_organization(tenant):
    """Where only personal accounts sign in, there is nobody who could consent for others."""
    assert OutlookCalendar({**SETTINGS, "TENANT": tenant}).delegation is None


@pytest.mark.parametrize(
    ("api", "resource"),
    [
        ("https://graph.microsoft.com/v1.0", "https://graph.microsoft.com"),
        ("https://graph.microsoft.us/v1.0", "https://graph.microsoft.us"),
        ("https://microsoftgraph.chinacloudapi.cn/v1.0", "https://microsoftgraph.chinacloudapi.cn"),
        ("https://proxy.saltmarsh.example.org/v1.0", "https://graph.microsoft.com"),
    ],
)
def test_a_national_cloud_has_a_graph_of_its_own(api, resource):
    """What is asked for is Graph under its own name, also where a proxy stands before it."""
    delegation = OutlookCalendar({**SETTINGS, "API_URL": api}).delegation
    url = delegation.consent_url(redirect_uri="https://t/c", state="s", capabilities=BOTH)
    assert dict(parse_qsl(urlsplit(url).query))["scope"] == f"{resource}/.default"


@pytest.mark.parametrize("reply", REPLIES, ids=[str(n) for n in range(len(REPLIES))])
def test_each_refusal_has_one_meaning(reply):
    """Of a refusal of the token endpoint the kind and Microsoft's short word are kept."""
    error = refusal(reply["error"], reply["description"])
    assert (type(error).__name__, error.code) == (reply["kind"], reply["error"])
    assert str(error) == type(error).words
    assert reply["source"]


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (401, "InvalidAuthenticationToken", "x", "Misconfigured"),
        (404, "ErrorInvalidUser", "x", "NoMailbox"),
        (404, "ResourceNotFound", "x", "NoMailbox"),
        (404, "Request_ResourceNotFound", "x", "NoMailbox"),
        (404, "MailboxNotEnabledForRESTAPI", "x", "NoCalendar"),
        (403, "MailboxNotEnabledForRESTAPI", "x", "NoCalendar"),
        (403, "ErrorAccessDenied", "Access is denied. Check credentials.", "AccessDenied"),
        (403, "ErrorAccessDenied", None, "AccessDenied"),
        (403, "ErrorAccessDenied", "Access to OData is disabled: [RAOP] : x", "MailboxRestricted"),
        (403, "Authorization_RequestDenied", "x", "Misconfigured"),
        (404, "ErrorItemNotFound", "x", "Gone"),
        (429, "TooManyRequests", "x", "RateLimited"),
        (503, "ErrorInvalidUser", "x", "ProviderUnavailable"),
    ],
)
def test_a_call_for_an_organization_asks_no_member_to_act(status, code, message, kind):
    """What would have a person reconnect is the operator's or the mailbox's here."""
    body = {"error": {"code": code, "message": message}}
    error = delegated_decipher(status, {"request-id": "b0282b45"}, body)
    told = (type(error).__name__, error.status, error.code, error.request_id)
    assert told == (kind, status, code, "b0282b45")


def test_what_succeeded_for_an_organization_is_no_error():
    """A success is none, whatever stands in it."""
    assert delegated_decipher(200, {}, {"error": {"code": "ErrorAccessDenied"}}) is None


@pytest.mark.parametrize(
    "credential",
    ["", "{}", "[]", "null", "7", '{"tenant": 7}', '{"tenant": "common"}', '{"tenant": "../x"}'],
)
async def test_a_credential_that_is_not_ours_is_the_operators(office, credential):
    """What was sealed by something else names no tenant, and is not printed."""
    office.credential = Secret(credential)
    with pytest.raises(Misconfigured) as caught:
        await office.grant(ADA)
    assert caught.value.code == "unreadable_credential"
    assert caught.value.__context__ is None
    assert office.wire.seen == []
