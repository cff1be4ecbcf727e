"""Health and numbers on an address of their own, beside what a process does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from together.api.operations import Operations, operations_app
from together.app import App
from together.cli.ready import bound
from together.cli.stop import Stop


@asynccontextmanager
async def operations_beside(app: App, *, worker: bool) -> AsyncIterator[None]:
    """Serve them for as long as it is entered, where the settings say an address for it.

    `worker` says whether the app's worker runs in this process, and so has to be well.
    """
    if app.settings.operations is None:
        yield
        return
    host, port = app.settings.operations
    try:
        listener = bound(host, port)
    except Stop:
        raise Stop(
            f"Health and metrics cannot be served on {host[:80]} port {port}: it is taken, or no "
            "address of this machine. Correct TOGETHER_OPERATIONS_HOST and "
            "TOGETHER_OPERATIONS_PORT; each process on one machine needs a port of its own."
        ) from None
    told = Operations(app.database, app.measures, worker=app.worker if worker else None)
    server = _Server(
        uvicorn.Config(
            operations_app(told, host=host),
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=16 * 1024,
            limit_concurrency=20,
        )
    )
    with listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await asyncio.wait([serving], timeout=5)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


class _Server(uvicorn.Server):
    """Leaves signals to the process it is beside."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
