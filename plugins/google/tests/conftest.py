"""A sandbox, and a checker that holds every request of every test to Google's documents."""

from __future__ import annotations

import threading
import time
from urllib.parse import parse_qsl, urlsplit

import anyio
import httpx
import pytest
import uvicorn
from together_google import GoogleCalendar, GoogleSandbox
from together_google.oauth import IDENTITY_SCOPES, SCOPES
from together_google.testing import Checker, Discovery, walk_consent
from together_google.testing.checker import DELEGATED_SCOPES

from together.providers import Secret
from together.testing.checking import CheckedTransport, CheckedWire
from together.testing.contract_delegation import Office
from together.testing.hands import BASE_URL, Hands, mounted

REDIRECT_URI = "http://127.0.0.1:1/callback/google"
ADA, BEN = PEOPLE = ("ada@saltmarsh.example.org", "ben@saltmarsh.example.org")


@pytest.fixture(scope="session")
def discovery():
    return Discovery.load()


@pytest.fixture
def sandbox():
    return GoogleSandbox()


@pytest.fixture
def provider(sandbox):
    return GoogleCalendar(sandbox.settings(BASE_URL))


@pytest.fixture
def checker(sandbox, discovery):
    """Fail the test when anything that was sent is not in Google's documents."""
    checker = Checker(sandbox.settings(BASE_URL), sandbox.scopes_of, discovery)
    yield checker
    assert checker.found(sandbox.switches) == []


@pytest.fixture
def checked_wire(sandbox, checker):
    return CheckedWire(CheckedTransport(mounted(sandbox), checker))


@pytest.fixture
async def hands(sandbox, provider, checked_wire):
    """Give the plugin against an empty sandbox with Ada, Ben and Farid in it."""
    sandbox.add_account("ada@saltmarsh.example.org", name="Ada", zone="Europe/Stockholm")
    sandbox.add_account("ben@saltmarsh.example.org", name="Ben", zone="Africa/Lagos")
    sandbox.add_account("farid@saltmarsh.example.org", name="Farid", zone="America/New_York")
    async with httpx.AsyncClient(transport=checked_wire, trust_env=False) as web:
        yield Hands(sandbox, provider, checked_wire, web, walk_consent)


@pytest.fixture
async def call(hands, checker):
    """Call the API as Ada, and give status, body and Google's reason.

    What these tests ask on purpose is not always in the document; what is answered must be.
    """
    tokens = {email: (await hands.grant(email)).access_token.reveal() for email in PEOPLE}

    async def call(method, path, *, who=PEOPLE[0], body=None, headers=(), **query):
        reply = await hands.web.request(
            method,
            f"{BASE_URL}/calendar/v3/{path}",
            params=query,
            json=body,
            headers={"authorization": f"Bearer {tokens[who]}", **dict(headers)},
        )
        answer = reply.json() if reply.content else None
        reason = answer["error"]["errors"][0]["reason"] if reply.status_code >= 400 else None
        return reply.status_code, answer, reason

    yield call
    checker.faults.clear()


@pytest.fixture
async def office(sandbox, provider, checked_wire):
    """Give the plugin with a service account that saltmarsh's Workspace trusts."""
    sandbox.add_account(ADA, name="Ada", zone="Europe/Stockholm")
    sandbox.add_account(BEN, name="Ben", zone="Africa/Lagos")
    sandbox.delegate(ADA.partition("@")[2], DELEGATED_SCOPES)
    credential = provider.delegation.read_key(Secret(sandbox.key_file())).secret
    async with httpx.AsyncClient(transport=checked_wire, trust_env=False) as web:
        yield Office(provider, checked_wire, web, credential)


@pytest.fixture
def live():
    """Serve a sandbox on a free port of this machine, in a thread of its own."""
    sandbox = GoogleSandbox()
    sandbox.add_account(ADA, name="Ada", zone="Europe/Stockholm")
    sandbox.add_account(BEN, name="Ben", zone="Africa/Lagos")
    config = uvicorn.Config(sandbox.app(), port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield sandbox, sandbox.settings(f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join()


@pytest.fixture
def credentials(live, monkeypatch):
    """Consent with google-auth-oauthlib, which checks state, scopes and PKCE by itself."""
    from google_auth_oauthlib.flow import Flow

    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    _, settings = live
    config = {
        "web": {
            "client_id": settings["CLIENT_ID"],
            "client_secret": settings["CLIENT_SECRET"],
            "auth_uri": settings["AUTH_URL"],
            "token_uri": settings["TOKEN_URL"],
        }
    }
    scopes = sorted(IDENTITY_SCOPES.union(*SCOPES.values()))
    flow = Flow.from_client_config(config, scopes, redirect_uri=REDIRECT_URI)
    url, _ = flow.authorization_url(access_type="offline", prompt="consent")

    async def walk():
        async with httpx.AsyncClient(trust_env=False) as http:
            return await walk_consent(http, url, account=ADA)

    flow.fetch_token(code=dict(parse_qsl(urlsplit(anyio.run(walk)).query))["code"])
    flow.oauth2session.close()
    return flow.credentials


@pytest.fixture
def service(live, credentials):
    """Give Google's client for Calendar v3, pointed at the sandbox."""
    from google_auth_httplib2 import AuthorizedHttp
    from googleapiclient.discovery import build
    from httplib2 import Http

    _, settings = live
    with build(
        "calendar",
        "v3",
        http=AuthorizedHttp(credentials, http=Http()),
        client_options={"api_endpoint": settings["API_URL"] + "/"},
        static_discovery=True,
        cache_discovery=False,
    ) as service:
        yield service


@pytest.fixture
def refused():
    """Send a request that Google refuses; give status and reason as its client reads them."""
    from googleapiclient.errors import HttpError

    def refused(request):
        with pytest.raises(HttpError) as caught:
            request.execute()
        return caught.value.status_code, caught.value.error_details[0]["reason"]

    return refused
