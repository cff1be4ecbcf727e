"""``together serve``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    """Serve an app on a port that is taken already; Ctrl-C and SIGTERM end it cleanly."""
    try:
        return anyio.run(_serve, app, listener, worker)
    except KeyboardInterrupt:
        return 130
    finally:
        listener.close()


class _Server(uvicorn.Server):
    """Ends by a signal without raising it again, so that the worker ends as cleanly as the web."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {one: signal.signal(one, self.handle_exit) for one in _ENDING}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


async def _serve(app: App, listener: socket.socket, worker: bool) -> int:
    server = _Server(configuration(app.asgi))
    stop = asyncio.Event()
    failed: list[Exception] = []

    async def work() -> None:
        try:
            await app.worker.run(stop)
        except Exception as error:  # noqa: BLE001  (a server without its worker is not served)
            failed.append(error)
            server.should_exit = True

    async with app.running(), anyio.create_task_group() as group:
        if worker:
            group.start_soon(work)
        try:
            await server.serve(sockets=[listener])
        finally:
            stop.set()
    if failed:
        raise failed[0]
    return 0 if server.started else 1


def configuration(asgi: Any) -> uvicorn.Config:
    """uvicorn, with our log instead of its own and nothing believed of a proxy's headers."""
    return uvicorn.Config(
        AccessLog(asgi),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        lifespan="auto",
        timeout_graceful_shutdown=10,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=64 * 1024,
        ws_max_size=1 << 20,
    )
