"""A sandbox, and a checker that holds every request of every test to Microsoft's models."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import uvicorn
from together_outlook import OutlookCalendar, OutlookSandbox
from together_outlook.testing import Checker, Models, walk_consent
from together_outlook.testing.sdk_source import Source

from together.providers import Secret
from together.testing.checking import CheckedTransport, CheckedWire
from together.testing.contract_delegation import Office
from together.testing.hands import BASE_URL, Hands, mounted

PEOPLE = ("ada@saltmarsh.example.org", "ben@saltmarsh.example.org")


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
    assert checker.found(sandbox.switches) == []


@pytest.fixture
def checked_wire(sandbox, checker):
    return CheckedWire(CheckedTransport(mounted(sandbox), checker))


@pytest.fixture
async def web(sandbox):
    """Give a browser, which may ask for what no document of Microsoft knows."""
    async with httpx.AsyncClient(transport=mounted(sandbox), trust_env=False) as web:
        yield web


@pytest.fixture
async def hands(sandbox, provider, checked_wire):
    """Give the plugin against an empty sandbox with Ada, Ben and Farid in it."""
    sandbox.add_account("ada@saltmarsh.example.org", name="Ada", zone="Europe/Stockholm")
    sandbox.add_account("ben@saltmarsh.example.org", name="Ben", zone="Africa/Lagos")
    sandbox.add_account("farid@saltmarsh.example.org", name="Farid", zone="America/New_York")
    async with httpx.AsyncClient(transport=checked_wire, trust_env=False) as web:
        yield Hands(sandbox, provider, checked_wire, web, walk_consent)


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


class Ear(httpx.AsyncBaseTransport):
    """Whoever is at both addresses; it echoes, unless it is told how to answer."""

    def __init__(self):
        self.came, self.asked, self.answer = [], [], None

    async def handle_async_request(self, request):
        words = request.url.params.get("validationToken")
        if words is None:
            self.came += json.loads(await request.aread())["value"]
            return httpx.Response(202)
        self.asked.append(str(request.url).partition("?")[0])
        if self.answer is not None:
            return await self.answer(words)
        return httpx.Response(200, text=words)


@pytest.fixture
async def ear(sandbox):
    """Connect the sandbox with whoever listens at any address."""
    ear = Ear()
    async with httpx.AsyncClient(transport=ear, trust_env=False) as http:
        sandbox.connect(http)
        yield ear


@pytest.fixture
def ahead():
    """Give a function that says a time from now as Graph does."""

    def ahead(**time):
        return (datetime.now(UTC) + timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")

    return ahead


@pytest.fixture
def asking(ahead):
    """Give a function that writes a wish for a subscription."""

    def asking(**changes):
        body = {
            "changeType": "created,updated,deleted",
            "notificationUrl": "https://together.example.org/notifications/outlook",
            "resource": "me/events",
            "expirationDateTime": ahead(days=6),
            "clientState": "s3cret",
            **changes,
        }
        return {name: value for name, value in body.items() if value is not None}

    return asking


@pytest.fixture
def subscribe(call, asking):
    """Give a function that subscribes as Ada."""

    async def subscribe(**changes):
        status, made, _ = await call("POST", "subscriptions", body=asking(**changes))
        assert status == 201
        return made

    return subscribe


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
