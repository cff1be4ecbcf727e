"""A sandbox, and a checker that holds every request of every test to Microsoft's models."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from together_outlook import OutlookCalendar, OutlookSandbox
from together_outlook.testing import CheckedTransport, Checker, Models, walk_consent
from together_outlook.testing.sdk_source import Source

from together.providers import Access, Secret, pkce
from together.providers.signing import signed_client
from together.testing.contract_delegation import Office
from together.testing.provider_contract import BASE_URL, REDIRECT_URI
from together.testing.wire import Wire

PEOPLE = ("ada@saltmarsh.example.org", "ben@saltmarsh.example.org")


class CheckedWire(Wire):
    """Checks the requests that a test answers itself, too."""

    def __init__(self, inner, checker):
        super().__init__(inner)
        self.checker = checker

    async def handle_async_request(self, request):
        if self.answer is not None:
            self.checker.sent(request, await request.aread())
        return await super().handle_async_request(request)


@pytest.fixture(scope="session")
def models():
    return Models.load()


@pytest.fixture(scope="session")
def sdk():
    """Give the source of Microsoft's client, which is left out by name where it is missing."""
    source = Source.find()
    if source is None:
        words = "left out: these tests need the package msgraph-sdk, of 270 MB"
        if os.environ.get("TOGETHER_TEST_COMPLETE"):
            pytest.fail(words)
        pytest.skip(words)
    return source


@pytest.fixture
def sandbox():
    return OutlookSandbox()


@pytest.fixture
def provider(sandbox):
    return OutlookCalendar(sandbox.settings(BASE_URL))


@pytest.fixture
def checker(sandbox, models):
    """Fail the test when anything that was sent or answered is not in Microsoft's models."""
    checker = Checker(sandbox.settings(BASE_URL), sandbox.scopes_of, models)
    yield checker
    assert checker.faults == []
    odd = sandbox.switches.odd_answers or sandbox.switches.nonsense
    assert odd or checker.answer_faults == []


@pytest.fixture
def sandbox_transport(sandbox, checker):
    mounted = Starlette(routes=[Mount(httpx.URL(BASE_URL).path, app=sandbox.app())])
    return CheckedTransport(httpx.ASGITransport(app=mounted), checker)


@pytest.fixture
def checked_wire(sandbox_transport, checker):
    return CheckedWire(sandbox_transport, checker)


class Hands:
    """One person's calendars in the plugin's hands, and the sandbox they stand in."""

    def __init__(self, sandbox, provider, transport, web):
        self.sandbox, self.provider = sandbox, provider
        self.transport, self.web = transport, web
        self.grants = {}

    async def grant(self, email, **how):
        """Walk through a consent to its grant."""
        verifier, challenge = pkce()
        url = self.provider.oauth.url(
            redirect_uri=REDIRECT_URI, state="st4te", challenge=challenge, login_hint=email
        )
        location = await walk_consent(self.web, url, account=email, **how)
        answer = dict(parse_qsl(urlsplit(location).query))
        return await self.provider.oauth.exchange(
            self.web,
            code=Secret(answer["code"]),
            verifier=verifier,
            redirect_uri=REDIRECT_URI,
            now=datetime.now(UTC),
        )

    async def calendars(self, email, **how):
        """Open the calendars of an account, which consents first."""
        self.grants[email] = await self.grant(email, **how)

        async def stored():
            return self.grants[email]

        async def renew(stale):
            oauth = self.provider.oauth
            self.grants[email] = await oauth.refresh(self.web, stale, now=datetime.now(UTC))
            return self.grants[email]

        http = signed_client(
            self.transport,
            origins=self.provider.origins,
            grant=stored,
            renew=renew,
            now=lambda: datetime.now(UTC),
        )
        return self.provider.open(Access(http=http))


@pytest.fixture
async def hands(sandbox, provider, checked_wire):
    """Give the plugin against an empty sandbox with Ada, Ben and Farid in it."""
    sandbox.add_account("ada@saltmarsh.example.org", name="Ada", zone="Europe/Stockholm")
    sandbox.add_account("ben@saltmarsh.example.org", name="Ben", zone="Africa/Lagos")
    sandbox.add_account("farid@saltmarsh.example.org", name="Farid", zone="America/New_York")
    async with httpx.AsyncClient(transport=checked_wire, trust_env=False) as web:
        yield Hands(sandbox, provider, checked_wire, web)


@pytest.fixture
async def office(sandbox, provider, checked_wire):
    """Give the plugin with the consent of Ada's and Ben's organization, and Mira in another."""
    for email, zone in zip(PEOPLE, ("Europe/Stockholm", "Africa/Lagos"), strict=True):
        sandbox.add_account(email, zone=zone)
    sandbox.add_account("mira@northlight.example.com", name="Mira Holt", zone="Europe/Paris")
    tenant = sandbox.delegate("saltmarsh.example.org")
    credential = Secret(json.dumps({"tenant": tenant}))
    async with httpx.AsyncClient(transport=checked_wire, trust_env=False) as web:
        yield Office(provider, checked_wire, web, credential)


@pytest.fixture
async def call(hands, checker):
    """Call Graph as Ada, and give status, body and Graph's code of an error.

    What these tests ask on purpose is not always in the models; what is answered must be.
    """
    tokens = {email: (await hands.grant(email)).access_token.reveal() for email in PEOPLE}

    async def call(method, path, *, who=PEOPLE[0], body=None, headers=(), **query):
        reply = await hands.web.request(
            method,
            f"{BASE_URL}/v1.0/{path}",
            params=query or None,
            json=body,
            headers={"authorization": f"Bearer {tokens.get(who, who)}", **dict(headers)},
        )
        answer = reply.json() if reply.content else None
        code = answer["error"]["code"] if reply.status_code >= 400 else None
        return reply.status_code, answer, code

    yield call
    checker.faults.clear()


@pytest.fixture
def serve():
    """Give a function that serves an app on a free port of this machine until the test ends."""
    with ExitStack() as stack:
        yield lambda app, **tls: stack.enter_context(_served(app, tls))


@contextmanager
def _served(app, tls):
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none", **tls)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        scheme, port = "https" if tls else "http", server.servers[0].sockets[0].getsockname()[1]
        yield f"{scheme}://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
