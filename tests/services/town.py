"""The services about calendars, with the memory calendar service behind them."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.world import FakeClock
from together.providers.registry import Registry
from together.services.connections.connecting import Connecting
from together.services.connections.grants import Grants
from together.services.organization.consenting import OrganizationConsents
from together.services.organization.organization_video import OrganizationVideos
from together.services.people.members import Members
from together.services.refusals import Refusal
from together.services.signing_in.viewer import Viewer
from together.store.models import Integration, IntegrationState, Member
from together.store.vault import Vault
from together.testing.memory import MemoryCalendar, MemoryMeet
from together.testing.memory_sandbox import MemorySandbox

BASE_URL = "https://calendars.memory.example"
RETURN_TO = "https://app.saltmarsh.example.org/connected"
DISTRIBUTION = "together-memory"


class RotatingSandbox(MemorySandbox):
    """A service that replaces the refresh token with every renewal."""

    async def _token(self, request: Request) -> Response:
        response = await super()._token(request)
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") != "refresh_token" or response.status_code != 200:
            return response
        body = json.loads(response.body)
        fresh = secrets.token_urlsafe(24)
        self.state["grants"][fresh] = self.state["grants"].pop(body["refresh_token"])
        return JSONResponse(body | {"refresh_token": fresh})


class QuietSandbox(MemorySandbox):
    """A service that sends a refresh token once, and none with a renewal."""

    async def _token(self, request: Request) -> Response:
        response = await super()._token(request)
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") != "refresh_token" or response.status_code != 200:
            return response
        body = json.loads(response.body)
        del body["refresh_token"]
        return JSONResponse(body)


class FleetingSandbox(MemorySandbox):
    """A service that may send no refresh token, as if `access_type=offline` were forgotten."""

    fleeting = True

    async def _token(self, request: Request) -> Response:
        response = await super()._token(request)
        body = json.loads(response.body)
        if self.fleeting:
            body.pop("refresh_token", None)
        return JSONResponse(body, response.status_code)


class CountedTransport(httpx.AsyncBaseTransport):
    """Leads every request to the sandbox; `before` may hold one up."""

    def __init__(self, sandbox: MemorySandbox) -> None:
        self._inner = httpx.ASGITransport(sandbox.app())
        self.before: Callable[[httpx.Request], Awaitable[None]] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.before is not None:
            await self.before(request)
        return await self._inner.handle_async_request(request)


@dataclass(slots=True)
class Town:
    """Everything a test of connections needs."""

    clock: FakeClock = field(default_factory=FakeClock)
    sandbox: MemorySandbox = None  # type: ignore[assignment]
    transport: CountedTransport = None  # type: ignore[assignment]
    registry: Registry = None  # type: ignore[assignment]
    vault: Vault = field(default_factory=lambda: Vault({"k1": b"1" * 32}, current="k1"))

    def __post_init__(self) -> None:
        self.sandbox = self.sandbox or RotatingSandbox(now=self.clock)
        self.transport = CountedTransport(self.sandbox)
        self.registry = self.registry or Registry(
            calendars={"memory": MemoryCalendar(BASE_URL)},
            videos={"memory_meet": MemoryMeet()},
            distributions={"memory": DISTRIBUTION, "memory_meet": DISTRIBUTION},
        )

    @property
    def grants(self) -> Grants:
        return Grants(self.registry, self.vault, self.transport, self.clock)

    @property
    def connecting(self) -> Connecting:
        return Connecting(
            registry=self.registry,
            grants=self.grants,
            vault=self.vault,
            public_url="https://together.example.org",
            return_to=("https://app.saltmarsh.example.org/",),
            clock=self.clock,
        )

    @property
    def consents(self) -> OrganizationConsents:
        return OrganizationConsents(
            registry=self.registry,
            grants=self.grants,
            vault=self.vault,
            public_url="https://together.example.org",
            return_to=("https://app.saltmarsh.example.org/",),
            clock=self.clock,
        )

    @property
    def videos(self) -> OrganizationVideos:
        return OrganizationVideos(
            registry=self.registry,
            vault=self.vault,
            transport=self.transport,
            clock=self.clock,
        )

    @property
    def members(self) -> Members:
        return Members(grants=self.grants, vault=self.vault, clock=self.clock)

    async def consented(self, url: str) -> dict[str, str]:
        """Walk through the consent page, and give what arrives at the callback."""
        async with httpx.AsyncClient(transport=self.transport) as browser:
            page = await browser.get(url)
        return query(page.headers["location"])

    async def handle(self, member: Member, *, account: str | None = None, **start: Any) -> str:
        """Start and consent, and give the handle that the member comes back with."""
        account = account or member.email
        if account not in self.sandbox.state["accounts"]:
            self.sandbox.add_account(account)
        url = await self.connecting.start(
            Viewer.of(member), "memory", return_to=RETURN_TO, login_hint=account, **start
        )
        back = await self.connecting.callback("memory", await self.consented(url))
        return query(back)["handle"]

    async def connect(self, member: Member, *, account: str | None = None) -> Integration:
        """Connect a calendar, the whole way."""
        handle = await self.handle(member, account=account)
        return await self.connecting.complete(Viewer.of(member), handle)

    async def started(self, member: Member, **options: Any) -> str:
        """Start, and give the address of the consent page."""
        if member.email not in self.sandbox.state["accounts"]:
            self.sandbox.add_account(member.email)
        given = {"return_to": RETURN_TO, "login_hint": member.email} | options
        return await self.connecting.start(Viewer.of(member), "memory", **given)

    async def refused(self, kind: type[Refusal], member: Member, handle: str) -> Refusal:
        """Complete, see it refused in this way, and find the member unconnected."""
        with pytest.raises(kind) as caught:
            await self.connecting.complete(Viewer.of(member), handle)
        assert not await Integration.exists(member_id=member.id)
        return caught.value

    async def connects(self, member: Member, *, account: str | None = None) -> None:
        """Go on from a failure: the same member connects, and nothing stands in the way."""
        integration = await self.connect(member, account=account)
        assert (integration.member_id, integration.state) == (
            member.id,
            IntegrationState.ACTIVE,
        )

    def refreshes(self) -> int:
        """How often the token endpoint was asked."""
        return self.sandbox.requests.count("POST /token")


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


class Stopping:
    """Stops a coroutine at its n-th await, does something else, and lets it go on."""

    def __init__(self, at: int, meanwhile: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._at, self._meanwhile = at, meanwhile
        self.stopped = False
        self._other: asyncio.Task[Any] | None = None

    def around(self, work: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
        async def run() -> Any:
            return await _Steps(self, work)

        return run()

    async def end(self) -> None:
        """Wait for what was done meanwhile: it may have had to wait for the other to go on."""
        if self._other is not None:
            await self._other

    def here(self, step: int) -> Generator[Any, None, None]:
        if step == self._at:
            self.stopped = True
            self._other = asyncio.create_task(self._meanwhile())
            yield from asyncio.wait({self._other}, timeout=0.05).__await__()


class _Steps:
    def __init__(self, stopping: Stopping, work: Coroutine[Any, Any, Any]) -> None:
        self._stopping, self._work = stopping, work

    def __await__(self) -> Generator[Any, Any, Any]:
        step = 0
        while True:
            try:
                waits_for = self._work.send(None)
            except StopIteration as end:
                return end.value
            yield from self._stopping.here(step)
            step += 1
            yield waits_for


@asynccontextmanager
async def gate() -> AsyncIterator[tuple[asyncio.Event, asyncio.Event]]:
    """Give two events: somebody arrived, and they may go on."""
    arrived, go_on = asyncio.Event(), asyncio.Event()
    try:
        yield arrived, go_on
    finally:
        go_on.set()
