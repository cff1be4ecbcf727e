"""The sandbox's Admin console, its service accounts, and the tokens it gives them."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import jwt
import pytest
from together_google import GoogleSandbox
from together_google.delegation import AUDIENCE, JWT_BEARER
from together_google.oauth import CALENDAR_LIST, EVENTS, FREE_BUSY, OPENID

from together.testing.provider_contract import BASE_URL
from together.testing.walking import Page

ADA = "ada@saltmarsh.example.org"
WORKSPACE = "saltmarsh.example.org"
ADMIN = BASE_URL + "/_admin/domainwidedelegation"
ACCOUNTS = BASE_URL + "/_admin/serviceaccounts"
CONTROL = BASE_URL + "/_control"
SHORT = "Invalid JWT: Token must be a short-lived token"
UNAUTHORIZED = "Client is unauthorized to retrieve access tokens using this method"


@pytest.fixture
def pages(hands, checker):
    """Give the web with Ada's Workspace in it; pages of people are in no document."""
    yield hands
    checker.faults.clear()


@pytest.fixture
def trusted(pages):
    pages.sandbox.delegate(WORKSPACE, [FREE_BUSY, CALENDAR_LIST])
    return pages


async def ask(hands, *, header=(), key=None, **changes):
    """Ask for a token as a service account does; give status, error and description.

    A time that is a span is so far from now, which is not when the tests were collected.
    """
    now = int(time.time())
    account = hands.sandbox.service_account()
    ((key_id, known),) = account.keys.items()
    claims = {
        "iss": account.email,
        "sub": ADA,
        "scope": FREE_BUSY,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 3600,
    }
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not ...}
    for name, value in claims.items():
        if isinstance(value, timedelta):
            claims[name] = now + int(value.total_seconds())
    header = {"kid": key_id, **dict(header)}
    assertion = jwt.encode(claims, key or known.private_key, algorithm="RS256", headers=header)
    return await post(hands, assertion)


async def post(hands, assertion):
    form = {"grant_type": JWT_BEARER, "assertion": assertion}
    reply = await hands.web.post(BASE_URL + "/token", data=form)
    body = reply.json()
    return reply.status_code, body.get("error", ""), body.get("error_description", ""), body


async def test_a_token_is_given_for_what_was_asked(trusted):
    """The answer has Google's fields, and no refresh token."""
    *_, body = await ask(trusted)
    token = body.pop("access_token")
    assert body == {"expires_in": 3599, "scope": FREE_BUSY, "token_type": "Bearer"}
    assert trusted.sandbox.scopes_of(token) == {FREE_BUSY}


@pytest.mark.parametrize(
    ("changes", "status", "error", "description"),
    [
        ({"scope": EVENTS}, 401, "unauthorized_client", UNAUTHORIZED),
        ({"scope": f"{FREE_BUSY} {EVENTS}"}, 403, "access_denied", "Requested client not"),
        ({"scope": "https://www.googleapis.com/auth/dream"}, 400, "invalid_scope", "Invalid OAuth"),
        ({"scope": f"{FREE_BUSY},{CALENDAR_LIST}"}, 400, "invalid_scope", "Invalid OAuth scope"),
        ({"scope": ""}, 400, "invalid_scope", "Invalid OAuth scope"),
        ({"sub": "nobody@saltmarsh.example.org"}, 400, "invalid_grant", "Invalid email or User ID"),
        ({"sub": ...}, 400, "invalid_grant", "Invalid email or User ID"),
        ({"sub": "grace@example.com"}, 401, "unauthorized_client", UNAUTHORIZED),
        ({"aud": BASE_URL + "/token"}, 400, "invalid_grant", "Invalid JWT: Failed audience check."),
        ({"iss": "x@y.iam.gserviceaccount.com"}, 400, "invalid_grant", "Invalid grant: account"),
        ({"exp": 1}, 400, "invalid_grant", SHORT),
        ({"exp": ...}, 400, "invalid_grant", SHORT),
        ({"iat": "now"}, 400, "invalid_grant", SHORT),
        ({"iat": 1}, 400, "invalid_grant", SHORT),
        ({"exp": timedelta(hours=2)}, 400, "invalid_grant", SHORT),
        ({"iat": timedelta(minutes=15)}, 400, "invalid_grant", SHORT),
        ({"header": {"kid": "another"}}, 400, "invalid_grant", "Invalid JWT Signature."),
    ],
    ids=range(17),
)
async def test_what_google_refuses_is_refused(trusted, changes, status, error, description):
    """Each refusal has Google's status, code and words."""
    trusted.sandbox.add_account("grace@example.com")
    told = await ask(trusted, **changes)
    assert told[:2] == (status, error)
    assert told[2].startswith(description)


async def test_what_is_no_assertion_is_refused(trusted):
    """Nonsense, an unsigned token and another's signature give no token."""
    other = json.loads(trusted.sandbox.key_file(trusted.sandbox.service_account("other")))
    told = await ask(trusted, key=other["private_key"])
    assert told[:3] == (400, "invalid_grant", "Invalid JWT Signature.")
    account = trusted.sandbox.service_account()
    unsigned = jwt.encode({"iss": account.email, "sub": ADA}, None, algorithm="none")
    assert (await post(trusted, unsigned))[:2] == (400, "invalid_grant")
    assert (await post(trusted, "nonsense"))[:2] == (400, "invalid_grant")
    assert (await post(trusted, ""))[:2] == (400, "invalid_grant")


async def test_a_delegated_token_is_one_users(trusted):
    """It reads that user's calendars with its scopes alone, and knows no identity."""
    *_, body = await ask(trusted, scope=CALENDAR_LIST)
    headers = {"authorization": f"Bearer {body['access_token']}"}
    url = BASE_URL + "/calendar/v3"
    primary = await trusted.web.get(f"{url}/users/me/calendarList/primary", headers=headers)
    assert (primary.json()["id"], primary.json()["primary"]) == (ADA, True)
    busy = await trusted.web.post(f"{url}/freeBusy", headers=headers, json={"items": []})
    assert busy.status_code == 403
    assert (await trusted.web.get(BASE_URL + "/v1/userinfo", headers=headers)).status_code == 401
    revoked = await trusted.web.post(BASE_URL + "/revoke", data={"token": body["access_token"]})
    assert revoked.status_code == 200
    assert trusted.sandbox.scopes_of(body["access_token"]) is None


async def test_a_delegation_takes_its_time(trusted):
    """What is added counts from when it was added, and what was there before goes on."""
    now = [int(time.time())]
    trusted.sandbox._desk.clock = lambda: now[0]
    trusted.sandbox.delegate(WORKSPACE, [FREE_BUSY])
    trusted.sandbox.switches.set({"delegation_delay": 600})
    now[0] += 600
    assert (await ask(trusted, iat=now[0], exp=now[0] + 60))[0] == 200
    trusted.sandbox.delegate(WORKSPACE, [FREE_BUSY, EVENTS])
    assert (await ask(trusted, iat=now[0], exp=now[0] + 60))[0] == 200
    assert (await ask(trusted, iat=now[0], exp=now[0] + 60, scope=EVENTS))[0] == 401
    now[0] += 600
    assert (await ask(trusted, iat=now[0], exp=now[0] + 60, scope=EVENTS))[0] == 200


async def test_an_administrator_adds_changes_and_removes(pages):
    """The page takes a client id and scopes with commas, shows what stands, and takes it back."""
    asked = await pages.web.get(ADMIN)
    page = Page(asked)
    assert (asked.status_code, page.action) == (200, f"?domain={WORKSPACE}")
    client_id = pages.sandbox.service_account().client_id
    form = {"client_id": f" {client_id} ", "action": "authorize"}
    url = f"{ADMIN}?domain={WORKSPACE}"
    both = {**form, "scopes": f"{FREE_BUSY}, {EVENTS},"}
    done = await pages.web.post(url, data=both)
    assert (done.status_code, done.headers["location"]) == (
        303,
        url.removeprefix("http://127.0.0.1:8765"),
    )
    assert f'value="{FREE_BUSY},{EVENTS}"' in (await pages.web.get(url)).text
    assert [*pages.sandbox.world.delegations[WORKSPACE][client_id].scopes] == [FREE_BUSY, EVENTS]
    await pages.web.post(url, data={**form, "scopes": FREE_BUSY})
    assert [*pages.sandbox.world.delegations[WORKSPACE][client_id].scopes] == [FREE_BUSY]
    await pages.web.post(url, data={**form, "action": "remove"})
    assert pages.sandbox.world.delegations[WORKSPACE] == {}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"client_id": "1", "scopes": ""}, "Give the OAuth scopes"),
        ({"client_id": "", "scopes": FREE_BUSY}, "Give the client"),
        ({"client_id": "<b>", "scopes": FREE_BUSY}, "Give the client"),
        ({"client_id": "1", "scopes": "calendar"}, "One of the OAuth scopes is not valid"),
        ({"client_id": "1", "scopes": f"{FREE_BUSY} {EVENTS}"}, "One of the OAuth scopes"),
        ({"client_id": "1", "scopes": f'{FREE_BUSY},https://"><b>'}, "&quot;"),
    ],
)
async def test_what_the_page_does_not_take_is_said(pages, form, words):
    """A page with what is wrong comes back, and nothing has changed but what is well formed."""
    url = f"{ADMIN}?domain={WORKSPACE}"
    reply = await pages.web.post(url, data={"action": "authorize", **form})
    if words == "&quot;":
        reply = await pages.web.get(url)
        assert '"><b>' not in reply.text
    assert words in reply.text


async def test_each_domain_is_a_workspace(pages):
    """Whoever administers several chooses one, and personal accounts are in none."""
    pages.sandbox.add_account("mira@northlight.example.com")
    pages.sandbox.add_account("grace@example.com")
    page = Page(await pages.web.get(ADMIN))
    assert page.links == ["?domain=northlight.example.com", f"?domain={WORKSPACE}"]
    stray = await pages.web.post(f"{ADMIN}?domain=example.com", data={"action": "authorize"})
    assert Page(stray).links == page.links


async def test_a_key_is_downloaded(pages):
    """The console gives the file, as Google names its fields, and gives no deleted one."""
    page = Page(await pages.web.get(ACCOUNTS))
    account = pages.sandbox.service_account()
    ((key_id, _),) = account.keys.items()
    assert page.links == [f"/sandbox/_admin/serviceaccounts/{key_id}.json"]
    reply = await pages.web.get(f"{ACCOUNTS}/{key_id}.json")
    assert reply.headers["content-disposition"].startswith("attachment")
    assert reply.text == pages.sandbox.key_file()
    about = json.loads(reply.text)
    assert (about["type"], about["client_id"]) == ("service_account", account.client_id)
    await pages.web.post(ACCOUNTS, data={"action": "deleted", "key": key_id})
    assert (await pages.web.get(f"{ACCOUNTS}/{key_id}.json")).status_code == 404
    assert key_id in (await pages.web.get(ACCOUNTS)).text


async def test_keys_and_accounts_are_made_and_switched_off(pages):
    """Each button does what it says, and what cannot be done is said."""
    sandbox = pages.sandbox
    client_id = sandbox.service_account().client_id
    ((first, _),) = sandbox.service_account().keys.items()
    await pages.web.post(ACCOUNTS, data={"action": "create", "name": "northlight"})
    assert [a.email.partition("@")[0] for a in sandbox.world.service_accounts.values()] == [
        "together",
        "northlight",
    ]
    await pages.web.post(ACCOUNTS, data={"action": "add_key", "client_id": client_id})
    assert json.loads(sandbox.key_file())["private_key_id"] != first
    assert len({key.private_key for key in sandbox.service_account().keys.values()}) == 2
    await pages.web.post(ACCOUNTS, data={"action": "disabled", "key": first})
    await pages.web.post(ACCOUNTS, data={"action": "disable", "client_id": client_id})
    told = (await pages.web.get(CONTROL + "/delegation")).json()["service_accounts"][0]
    assert (told["disabled"], told["keys"][first]) == (True, "disabled")
    await pages.web.post(ACCOUNTS, data={"action": "enabled", "key": first})
    await pages.web.post(ACCOUNTS, data={"action": "enable", "client_id": client_id})
    told = (await pages.web.get(CONTROL + "/delegation")).json()["service_accounts"][0]
    assert (told["disabled"], told["keys"][first]) == (False, "enabled")
    for wrong in (
        {"action": "create", "name": "together"},
        {"action": "create", "name": "A B"},
        {"action": "deleted", "key": "none"},
        {"action": "disable", "client_id": "none"},
        {"action": "dance", "client_id": client_id},
    ):
        assert (await pages.web.post(ACCOUNTS, data=wrong)).status_code == 400


async def test_it_is_all_done_as_json_too(pages):
    """A program sees and sets what the pages do, and never a private key."""
    shown = (await pages.web.get(CONTROL + "/delegation")).json()
    (account,) = shown["service_accounts"]
    assert shown["workspaces"] == {WORKSPACE: {}}
    assert "PRIVATE" not in json.dumps(shown)
    asked = {"domain": WORKSPACE, "client_id": account["client_id"], "scopes": [FREE_BUSY, OPENID]}
    told = (await pages.web.post(CONTROL + "/delegation", json=asked)).json()
    assert told["workspaces"] == {WORKSPACE: {account["client_id"]: [FREE_BUSY, OPENID]}}
    gone = (await pages.web.post(CONTROL + "/delegation", json={**asked, "scopes": []})).json()
    assert gone["workspaces"] == {WORKSPACE: {}}
    (key_id,) = account["keys"]
    act = {"action": "deleted", "key": key_id}
    told = (await pages.web.post(CONTROL + "/service_accounts", json=act)).json()
    assert told["service_accounts"][0]["keys"] == {key_id: "deleted"}
    for path, wrong in (
        ("/delegation", {**asked, "scopes": "all"}),
        ("/delegation", {**asked, "scopes": [7]}),
        ("/delegation", {**asked, "domain": "example.com"}),
        ("/service_accounts", act),
        ("/service_accounts", {}),
    ):
        assert (await pages.web.post(CONTROL + path, json=wrong)).status_code == 400
    # A page of another site can post a form, not JSON.
    for path in ("/delegation", "/service_accounts"):
        assert (await pages.web.post(CONTROL + path, data=asked)).status_code == 400


async def test_state_outlives_the_process(trusted):
    """Accounts, keys, delegations and tokens come back from JSON."""
    *_, body = await ask(trusted)
    kept = json.dumps(trusted.sandbox.dump())
    other = GoogleSandbox()
    other.load(json.loads(kept))
    assert json.dumps(other.dump()) == kept
    assert other.key_file() == trusted.sandbox.key_file()
    assert other.scopes_of(body["access_token"]) == {FREE_BUSY}
