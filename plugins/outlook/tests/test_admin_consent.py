"""An administrator consents for a tenant, and proves by a sign-in that it is theirs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from together_outlook import OutlookCalendar
from together_outlook.oauth import READ, WRITE
from together_outlook.sandbox.world import tenant_id
from together_outlook.testing import walk_consent

from together.providers import (
    AdminApprovalRequired,
    Capability,
    ConsentDeclined,
    Credential,
    Misconfigured,
    ProviderUnavailable,
    Secret,
    TenantClaim,
    WrongTenant,
    pkce,
)
from together.testing.provider_contract import BASE_URL, REDIRECT_URI

BOTH = Capability.FREE_BUSY | Capability.EVENTS
ADA, CHIARA = "ada@saltmarsh.example.org", "chiara@saltmarsh.example.org"
NILS = "nils@northlight.example.com"
OURS, THEIRS = tenant_id("saltmarsh.example.org"), tenant_id("northlight.example.com")
NONCE = "n0nce-of-this-one-sign-in"
TRACE = "Trace ID: 7c0b Correlation ID: 9a1e Timestamp: 2026-11-24 06:00:00Z"


@pytest.fixture
def web(office, sandbox):
    sandbox.withdraw("saltmarsh.example.org")
    sandbox.add_account(CHIARA, name="Chiara Moretti", admin=True)
    sandbox.add_account(NILS, name="Nils Aas", admin=True)
    return office.web


@pytest.fixture
def delegation(provider):
    return provider.delegation


def consent_url(delegation, **more):
    return delegation.consent_url(
        redirect_uri=REDIRECT_URI, state="st4te", capabilities=BOTH, **more
    )


async def consented(web, delegation, account=CHIARA, decision="allow", **more):
    """Walk the consent to the callback, and give what the plugin is handed of it."""
    location = await walk_consent(
        web, consent_url(delegation, **more), account=account, decision=decision
    )
    params = dict(parse_qsl(urlsplit(location).query))
    assert location.startswith(REDIRECT_URI)
    assert params.pop("state") == "st4te"
    return params


async def signed_in(web, delegation, claim, account=CHIARA):
    """Walk the sign-in; give the code and the verifier that goes with it."""
    verifier, challenge = pkce()
    url = delegation.sign_in_url(
        claim, redirect_uri=REDIRECT_URI, state="st4te", challenge=challenge, nonce=NONCE
    )
    location = await walk_consent(web, url, account=account)
    return Secret(dict(parse_qsl(urlsplit(location).query))["code"]), verifier


async def prove(web, delegation, claim, code, verifier, *, nonce=NONCE):
    return await delegation.prove(
        web,
        claim,
        code=code,
        verifier=verifier,
        nonce=nonce,
        redirect_uri=REDIRECT_URI,
        now=datetime.now(UTC),
    )


async def test_an_administrator_connects_everybody(web, delegation, office, checker):
    """Consent, sign-in and proof lead to a credential that opens a member's mailbox."""
    claim = delegation.read_consent(await consented(web, delegation))
    assert claim == TenantClaim(OURS, frozenset({READ, WRITE}))
    code, verifier = await signed_in(web, delegation, claim)
    credential = await prove(web, delegation, claim, code, verifier)
    kept = Secret(json.dumps({"tenant": OURS}))
    assert credential == Credential(kept, id=OURS, name="saltmarsh.example.org")
    office.credential = credential.secret
    assert (await office.verify(ADA)).capabilities == BOTH
    assert {*checker.calls} >= {"adminconsent", "sign-in", "token", "keys"}


async def test_a_consent_is_asked_for_everybody_by_its_application(web, delegation):
    """The address asks for what the application lists, of any organization or of the one named."""
    url = urlsplit(consent_url(delegation))
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{BASE_URL}/organizations/v2.0/adminconsent"
    assert dict(parse_qsl(url.query)) == {
        "client_id": delegation._oauth.client_id,
        "scope": "https://graph.microsoft.com/.default",
        "redirect_uri": REDIRECT_URI,
        "state": "st4te",
    }
    for named in (OURS, OURS.upper(), "Saltmarsh.example.org"):
        assert urlsplit(consent_url(delegation, tenant=named)).path == (
            f"/sandbox/{named.casefold()}/v2.0/adminconsent"
        )


@pytest.mark.parametrize("tenant", ["common", "consumers", "../x", "a/b", "", "x" * 300 + ".org"])
def test_a_tenant_is_an_id_or_a_domain(delegation, tenant):
    """What an administrator wrote becomes no other part of the address."""
    with pytest.raises(ValueError, match="by its id or its domain"):
        consent_url(delegation, tenant=tenant)


async def test_a_declined_consent_is_told(web, delegation, sandbox):
    """The administrator's no is a no, and the app is not in the tenant."""
    params = await consented(web, delegation, decision="cancel")
    assert (params["admin_consent"], params["error"]) == ("True", "consent_required")
    assert params["error_description"].startswith("AADSTS65004: ")
    with pytest.raises(ConsentDeclined) as caught:
        delegation.read_consent(params)
    assert caught.value.code == "consent_required"
    assert sandbox.world.tenants == {}


async def test_only_an_administrator_consents(web, delegation, sandbox):
    """Anybody else finds no button to accept, and comes back as who needs an administrator."""
    with pytest.raises(AssertionError, match="no button 'allow'"):
        await consented(web, delegation, account=ADA)
    with pytest.raises(AdminApprovalRequired):
        delegation.read_consent(await consented(web, delegation, account=ADA, decision="blocked"))
    assert sandbox.world.tenants == {}


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        ({"error": "access_denied"}, ConsentDeclined),
        (
            {"error": "permission_denied", "error_description": "The admin canceled"},
            ConsentDeclined,
        ),
        ({"error": "consent_required"}, ConsentDeclined),
        ({"error": "interaction_required"}, ConsentDeclined),
        ({"error": "login_required"}, ConsentDeclined),
        (
            {"error": "access_denied", "error_description": f"AADSTS90094: x. {TRACE}"},
            AdminApprovalRequired,
        ),
        ({"error": "invalid_client", "error_description": "AADSTS650052: x"}, Misconfigured),
        ({"error": "server_error"}, ProviderUnavailable),
        ({"error": "temporarily_unavailable"}, ProviderUnavailable),
        ({"error": "never_seen"}, Misconfigured),
        # An error counts before everything that stands beside it.
        ({"error": "access_denied", "tenant": OURS, "admin_consent": "True"}, ConsentDeclined),
        ({}, Misconfigured),
        ({"tenant": OURS}, Misconfigured),
        ({"tenant": OURS, "admin_consent": "False"}, Misconfigured),
        ({"tenant": "saltmarsh.example.org", "admin_consent": "True"}, Misconfigured),
        ({"tenant": "", "admin_consent": "True"}, Misconfigured),
        ({"tenant": f"{OURS}/x", "admin_consent": "True"}, Misconfigured),
        (
            {"tenant": "9188040d-6c67-4c5b-b112-36a304b66dad", "admin_consent": "True"},
            Misconfigured,
        ),
    ],
    ids=range(18),
)
def test_what_comes_back_is_read_with_care(delegation, params, kind):
    """Whatever is no plain yes of one tenant is none."""
    with pytest.raises(kind) as caught:
        delegation.read_consent({"iss": "x", **params})
    assert type(caught.value) is kind


def test_an_application_of_one_tenant_takes_no_other():
    """Where the operator serves one organization, another's consent is told apart."""
    settings = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret", "TENANT": OURS}
    delegation = OutlookCalendar(settings).delegation
    assert f"/{OURS}/v2.0/adminconsent?" in consent_url(delegation)
    answer = {"admin_consent": "True", "tenant": OURS.upper()}
    assert delegation.read_consent(answer) == TenantClaim(OURS)
    with pytest.raises(WrongTenant) as caught:
        delegation.read_consent({**answer, "tenant": THEIRS})
    assert caught.value.code == "wrong_tenant"


async def test_a_tenant_that_was_written_into_the_callback_is_not_proved(web, delegation, sandbox):
    """Microsoft lets nobody of another tenant sign in there, so that no code comes."""
    sandbox.delegate("northlight.example.com")
    claim = delegation.read_consent({"admin_consent": "True", "tenant": THEIRS})
    with pytest.raises(AssertionError, match="no button"):
        await signed_in(web, delegation, claim, account=CHIARA)


async def test_a_code_of_one_tenant_is_none_of_another(web, delegation):
    """The token endpoint of the claimed tenant does not take it, and that is told apart."""
    claim = delegation.read_consent(await consented(web, delegation))
    code, verifier = await signed_in(web, delegation, claim)
    with pytest.raises(WrongTenant) as caught:
        await prove(web, delegation, TenantClaim(THEIRS), code, verifier)
    assert caught.value.code == "wrong_tenant"


@pytest.mark.parametrize("wrong", ["code", "verifier", "nonce", "used"])
async def test_a_proof_belongs_to_its_sign_in(web, delegation, wrong):
    """Another code, verifier or nonce, and a code a second time, prove nothing."""
    claim = delegation.read_consent(await consented(web, delegation))
    code, verifier = await signed_in(web, delegation, claim)
    if wrong == "used":
        await prove(web, delegation, claim, code, verifier)
    other = {
        "code": (Secret("x"), verifier, NONCE),
        "verifier": (code, Secret("v" * 43), NONCE),
        "nonce": (code, verifier, "another-nonce-than-was-sent"),
        "used": (code, verifier, NONCE),
    }[wrong]
    with pytest.raises(ConsentDeclined) as caught:
        await prove(web, delegation, claim, other[0], other[1], nonce=other[2])
    assert caught.value.code == ("wrong_nonce" if wrong == "nonce" else "invalid_grant")


async def test_a_member_who_is_no_administrator_proves_nothing(web, delegation):
    """That somebody is in a tenant that consented does not make them its administrator."""
    claim = delegation.read_consent(await consented(web, delegation))
    code, verifier = await signed_in(web, delegation, claim, account=ADA)
    with pytest.raises(AdminApprovalRequired) as caught:
        await prove(web, delegation, claim, code, verifier)
    assert caught.value.code == "no_administrator"


async def test_a_wrong_secret_is_the_operators(web, delegation, sandbox):
    """It is not the administrator who did something wrong."""
    claim = delegation.read_consent(await consented(web, delegation))
    code, verifier = await signed_in(web, delegation, claim)
    sandbox.world.client_secret = "another"
    with pytest.raises(Misconfigured) as caught:
        await prove(web, delegation, claim, code, verifier)
    assert caught.value.code == "invalid_client"


@pytest.mark.parametrize("status", [500, 503])
async def test_an_outage_at_the_proof_is_waited_for(web, delegation, office, status):
    """An outage is nobody's no."""
    office.wire.answer = lambda request: httpx.Response(status)
    with pytest.raises(ProviderUnavailable):
        await prove(web, delegation, TenantClaim(OURS), Secret("c"), Secret("v" * 43))


@pytest.mark.parametrize("body", [{}, [], None, {"id_token": 7}, {"id_token": ""}])
async def test_an_answer_without_an_id_token_is_the_operators(web, delegation, office, body):
    """What is of another shape proves nothing, and is not the administrator's affair."""
    office.wire.answer = lambda request: httpx.Response(200, json=body)
    with pytest.raises(Misconfigured):
        await prove(web, delegation, TenantClaim(OURS), Secret("c"), Secret("v" * 43))


@pytest.mark.parametrize(
    ("tenant", "changes", "status", "words"),
    [
        ("common", {}, 400, "AADSTS50059"),
        ("consumers", {}, 400, "AADSTS50059"),
        ("elsewhere.example.net", {}, 400, "AADSTS90002"),
        ("organizations", {"client_id": ""}, 400, "AADSTS900144"),
        ("organizations", {"client_id": "another"}, 400, "AADSTS700038"),
        ("organizations", {"redirect_uri": "nowhere"}, 400, "AADSTS50011"),
        ("organizations", {"scope": "Calendars.Read"}, 400, "AADSTS1002012"),
        ("organizations", {}, 200, "Pick an account"),
        ("organizations", {"account": CHIARA}, 200, "for everybody at"),
        ("organizations", {"account": ADA}, 200, "Need admin approval"),
        (THEIRS, {"account": CHIARA}, 400, "AADSTS50020"),
        ("northlight.example.com", {"account": NILS}, 200, "for everybody at"),
    ],
)
async def test_the_page_is_microsofts(web, delegation, checker, tenant, changes, status, words):
    """Each request leads to the page that Microsoft has for it, and to nowhere else."""
    query = dict(parse_qsl(urlsplit(consent_url(delegation)).query)) | changes
    reply = await web.get(f"{BASE_URL}/{tenant}/v2.0/adminconsent", params=query)
    assert (reply.status_code, words in reply.text) == (status, True)
    checker.faults.clear()


async def test_each_organization_has_an_administrator(web, delegation, sandbox):
    """Where nobody is marked as one, the page offers an account that is nobody's mailbox."""
    sandbox.add_account("elin@guild.example.net")
    params = await consented(web, delegation, account="admin@guild.example.net")
    assert params["tenant"] == tenant_id("guild.example.net")
    made = sandbox.world.people["admin@guild.example.net"]
    assert (made.admin, made.has_mailbox) == (True, False)
    assert "admin@saltmarsh.example.org" not in sandbox.world.people
