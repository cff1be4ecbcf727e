"""Serves the whole application over the services' sandboxes, for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount
from together_google.testing import Discovery

from tests.app.site import BASE_URL, Site
from tests.app.vendors import vendor
from tests.world import saltmarsh
from together.app import App, epoch
from together.domain.mail_servers import MailServer
from together.providers.registry import load
from together.services.signing_in.issuer import BuiltInIssuer
from together.settings import Mode, Settings
from together.store.keys import make_key_file


class Tap(httpx.AsyncBaseTransport):
    """Carries what the application sends to a service, notes it, and lets a test change it."""

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
    """Leads a request to whom it is for, by the beginning of its path."""

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
    database_url: str,
    folder: Path,
    discovery: Discovery,
    *,
    clock: Callable[[], int] = epoch,
    services: Sequence[str] = ("google",),
    mail: MailServer | None = None,
) -> AsyncIterator[Site]:
    """Serve Saltmarsh; all that is sent to a service is held to its documents at the end."""
    vendors = {slug: vendor(slug, BASE_URL, clock=clock, about=discovery) for slug in services}
    issuer = BuiltInIssuer.made(f"{BASE_URL}/issuer")
    mounts = [
        *(Mount(f"/sandbox/{slug}", app=each.sandbox.app()) for slug, each in vendors.items()),
        Mount("/issuer", app=issuer.app),
    ]
    inside = httpx.ASGITransport(Starlette(routes=mounts))
    checked = {f"/sandbox/{slug}/": each.carry(inside) for slug, each in vendors.items()}
    tap = Tap(_Sorted(checked, inside))
    keys = folder / "keys" / "keys.txt"
    make_key_file(keys)
    environ = {
        f"TOGETHER_{slug.upper()}_{name}": value
        for slug, each in vendors.items()
        for name, value in each.settings.items()
    }
    app = App.build(
        Settings(
            public_url=BASE_URL,
            database=database_url,
            keys=keys,
            issuers=issuer.trusted(["saltmarsh", "northlight"]),
            return_to=(f"{BASE_URL}/connected",),
            mode=Mode.DEVELOPMENT,
            mail_server=mail,
            mail_from=None if mail is None else "post@saltmarsh.example.org",
            environ=environ,
        ),
        registry=load(environ, only=frozenset(services)),
        transport=_Sorted({"/issuer": inside}, tap),
        clock=clock,
        mounts=mounts,
    )
    async with app.running():
        world = await saltmarsh(now=clock())
        web = httpx.AsyncClient(transport=httpx.ASGITransport(app.asgi), base_url=BASE_URL)
        async with web:
            yield Site(app, vendors, issuer, world, web, clock(), tap)
    assert {slug: each.faults() for slug, each in vendors.items()} == {key: [] for key in vendors}
