"""Serves the whole application over Google's sandbox, for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount
from together_google import GoogleSandbox
from together_google.testing import CheckedTransport, Checker, Discovery

from tests.app.site import BASE_URL, Site
from tests.world import saltmarsh
from together.app import App, epoch
from together.providers.registry import load
from together.services.issuer import BuiltInIssuer
from together.settings import Mode, Settings
from together.store.keys import make_key_file


class Tap(httpx.AsyncBaseTransport):
    """Carries what the application sends to Google, notes it, and lets a test see or change it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.sent: list[str] = []
        self.before: Callable[[httpx.Request], None] = lambda request: None
        self.after: Callable[[httpx.Request, httpx.Response], httpx.Response] = (
            lambda request, response: response
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.sent.append(f"{request.method} {request.url.copy_with(query=None)}")
        self.before(request)
        response = await self._inner.handle_async_request(request)
        await response.aread()
        return self.after(request, response)


class _Sorted(httpx.AsyncBaseTransport):
    """Leads what goes to the issuer past everything that looks at what goes to Google."""

    def __init__(
        self, known: dict[str, httpx.AsyncBaseTransport], others: httpx.AsyncBaseTransport
    ) -> None:
        self._known, self._others = known, others

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for path, transport in self._known.items():
            if request.url.path.startswith(path):
                return await transport.handle_async_request(request)
        return await self._others.handle_async_request(request)


@asynccontextmanager
async def serving(
    database_url: str, folder: Path, discovery: Discovery, *, clock: Callable[[], int] = epoch
) -> AsyncIterator[Site]:
    """Serve Saltmarsh; everything sent to Google is held to Google's documents at the end."""
    sandbox = GoogleSandbox(clock=clock, redirect_uris=[f"{BASE_URL}/callback/google"])
    sandbox.switches.per_minute = 100_000
    there = f"{BASE_URL}/sandbox/google"
    issuer = BuiltInIssuer.made(f"{BASE_URL}/issuer")
    mounts = [Mount("/sandbox/google", app=sandbox.app()), Mount("/issuer", app=issuer.app)]
    checker = Checker(sandbox.settings(there), sandbox.scopes_of, discovery)
    inside = httpx.ASGITransport(Starlette(routes=mounts))
    tap = Tap(CheckedTransport(inside, checker))
    keys = folder / "keys" / "keys.txt"
    make_key_file(keys)
    environ = {f"TOGETHER_GOOGLE_{name}": value for name, value in sandbox.settings(there).items()}
    app = App.build(
        Settings(
            public_url=BASE_URL,
            database=database_url,
            keys=keys,
            issuers=issuer.trusted(["saltmarsh", "northlight"]),
            return_to=(f"{BASE_URL}/connected",),
            mode=Mode.DEVELOPMENT,
            environ=environ,
        ),
        registry=load(environ, only=frozenset({"google"})),
        transport=_Sorted({"/issuer": inside}, tap),
        clock=clock,
        mounts=mounts,
    )
    async with app.running():
        world = await saltmarsh(now=clock())
        web = httpx.AsyncClient(transport=httpx.ASGITransport(app.asgi), base_url=BASE_URL)
        async with web:
            yield Site(app, sandbox, checker, issuer, world, web, clock(), tap)
    assert checker.faults == []
    assert checker.answer_faults == []
