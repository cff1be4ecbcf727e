"""Health, readiness and numbers, for an address of their own that people do not see."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from together.api.hosts import KnownHosts
from together.domain.web_addresses import is_loopback
from together.services.operations.measures import Measures
from together.services.operations.standings import Standings, standings
from together.store.database import Database
from together.store.migrate import NotMigrated, check

PATIENCE = 3.0
"""Seconds that the database has to answer."""

LOOKED = 30.0
"""Seconds within which a worker has looked at the outbox, if it is well."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Looks(Protocol):
    """What `together.services.outbox.worker.Worker` says of itself."""

    @property
    def looked_at(self) -> float | None: ...


class Operations:
    """Answers on the address of operations."""

    def __init__(self, database: Database, measures: Measures, *, worker: Looks | None) -> None:
        """`worker` is the one in this process; None where there is none to wait for."""
        self._database, self._measures, self._worker = database, measures, worker
        self._one = asyncio.Lock()

    async def live(self, _request: Request) -> Response:
        """Say that the process answers, whatever else is wrong."""
        return JSONResponse({"status": "live"}, headers=_HEADERS)

    async def ready(self, _request: Request) -> Response:
        """Say whether work can be done here; what cannot be asked is a no."""
        checks = {"database": await self._asked(self._look)}
        if self._worker is not None:
            looked = self._worker.looked_at
            lately = looked is not None and time.monotonic() - looked <= LOOKED
            checks["worker"] = "ok" if lately else "has not looked"
        well = set(checks.values()) == {"ok"}
        return JSONResponse(
            {"status": "ready" if well else "not ready", **checks},
            status_code=200 if well else 503,
            headers=_HEADERS,
        )

    async def metrics(self, _request: Request) -> Response:
        """Write the numbers; one at a time, for each reads the database."""
        found: list[Standings] = []

        async def read() -> None:
            found.append(await standings())

        async with self._one:
            await self._asked(read)
            text = self._measures.text(found[0] if found else None)
        return Response(text, headers={**_HEADERS, "Content-Type": CONTENT_TYPE})

    async def _look(self) -> None:
        await check(self._database)

    async def _asked(self, work: Callable[[], Awaitable[None]]) -> str:
        try:
            async with asyncio.timeout(PATIENCE), self._database.entered():
                await work()
        except NotMigrated:
            return "not migrated"
        except Exception:  # noqa: BLE001  (whatever it is: the answer is no, and says nothing else)
            return "unreachable"
        return "ok"


def operations_app(operations: Operations, *, host: str) -> ASGIApp:
    """Serve them; on loopback under its own names alone, so that no web page reads them."""
    routes: Sequence[Route] = [
        Route("/health/live", operations.live),
        Route("/health/ready", operations.ready),
        Route("/metrics", operations.metrics),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return KnownHosts(app, ["127.0.0.1", "::1", "localhost"]) if is_loopback(host) else app
