"""``together serve``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType
from typing import Any

import anyio
import uvicorn

from together.app import App
from together.cli.logs import AccessLog
from together.cli.ready import bound, check_ready
from together.cli.stop import Stop
from together.settings import Settings

NEEDS = ("PUBLIC_URL", "ISSUERS")

_ENDING = (signal.SIGINT, signal.SIGTERM)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to listen, and whether the worker runs here too."""
    parser.add_argument("--host", help="the address to listen on, instead of TOGETHER_HOST")
    parser.add_argument("--port", type=int, help="the port, instead of TOGETHER_PORT")
    parser.add_argument(
        "--no-worker", action="store_true", help="leave the worker to `together worker` elsewhere"
    )


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Serve until somebody ends it."""
    host, port = arguments.host or settings.host, arguments.port or settings.port
    if not 0 < port < 65536:
        raise Stop("A port is a number from 1 to 65535.", code=2)
    anyio.run(check_ready, settings)
    app = App.build(replace(settings, host=host, port=port))
    return serve(app, bound(host, port), worker=not arguments.no_worker)


def serve(app: App, listener: socket.socket, *, worker: bool) -> int:
    """Serve an app on a port that is taken already; Ctrl-C and SIGTERM end it cleanly.

    The second Ctrl-C waits for nothing any more; what the worker had under way is done again later.
    """
    server = _Server(configuration(app.asgi))
    ending = _Ending(server)
    before = {one: signal.signal(one, ending.heed) for one in _ENDING}
    try:
        return anyio.run(_serve, app, server, ending, listener, worker)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
        listener.close()


class _Server(uvicorn.Server):
    """Leaves signals to `_Ending`, which hears them until worker and database have ended."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Ending:
    """What a signal does: the first lets everything come to its end, the second cuts it off."""

    def __init__(self, server: uvicorn.Server) -> None:
        self._server = server
        self.cut_off: Callable[[], object] = lambda: None

    def heed(self, number: int, frame: FrameType | None) -> None:
        if self._server.should_exit and number == signal.SIGINT:
            self.cut_off()
        self._server.handle_exit(number, frame)


async def _serve(
    app: App, server: uvicorn.Server, ending: _Ending, listener: socket.socket, worker: bool
) -> int:
    stop = asyncio.Event()
    failed: list[Exception] = []
    scope, loop = anyio.CancelScope(), asyncio.get_running_loop()

    def cut_off() -> None:
        with suppress(RuntimeError):  # the loop has ended, and with it all there was to cut off
            loop.call_soon_threadsafe(scope.cancel)

    async def work() -> None:
        try:
            with scope:
                await app.worker.run(stop)
        except Exception as error:  # noqa: BLE001  (a server without its worker is not served)
            failed.append(error)
            server.should_exit = True

    ending.cut_off = cut_off
    async with app.running(), anyio.create_task_group() as group:
        if worker:
            group.start_soon(work)
        try:
            await server.serve(sockets=[listener])
        finally:
            stop.set()
            await _cancelled(server.server_state.tasks)
    if failed:
        raise failed[0]
    return 0 if server.started else 1


async def _cancelled(requests: set[asyncio.Task[None]]) -> None:
    """End the requests that nobody waits for any more, while there is a database to let go of."""
    cut_off = list(requests)
    for request in cut_off:
        request.cancel()
    await asyncio.gather(*cut_off, return_exceptions=True)


def configuration(asgi: Any) -> uvicorn.Config:
    """uvicorn, with our log instead of its own and nothing believed of a proxy's headers."""
    return uvicorn.Config(
        AccessLog(asgi),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=10,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=64 * 1024,
        ws_max_size=1 << 20,
    )
