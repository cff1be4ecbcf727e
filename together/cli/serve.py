"""``together serve``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType
from typing import Any

import anyio
import uvicorn

from together.app import App
from together.cli.logs import AccessLog
from together.cli.operations import operations_beside
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
    with Ending() as ending:
        app = App.build(replace(settings, host=host, port=port))
        return serve(app, bound(host, port), ending=ending, worker=not arguments.no_worker)


class Ending:
    """Hears Ctrl-C and SIGTERM while it is entered, and keeps what it heard until it is served.

    The first lets everything come to its end, the second Ctrl-C cuts off what is under way.
    Nothing is raised: Python drops whatever is raised while it collects garbage, and so would it
    drop a Ctrl-C that happened to come just then.
    """

    def __init__(self) -> None:
        self._heard: deque[int] = deque()
        self._told: Callable[[int], object] | None = None

    def __enter__(self) -> Ending:
        self._before = {one: signal.signal(one, self._heed) for one in _ENDING}
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)

    def tell(self, told: Callable[[int], object]) -> None:
        """Say every signal to this one, once: first those that came early."""
        self._told = told
        self._pass_on()

    def _heed(self, number: int, _frame: FrameType | None) -> None:
        self._heard.append(number)
        self._pass_on()

    def _pass_on(self) -> None:
        # Another signal may come between any two steps, and pass on what waits here.
        with suppress(IndexError):
            while self._told is not None:
                self._told(self._heard.popleft())


def serve(app: App, listener: socket.socket, *, ending: Ending, worker: bool) -> int:
    """Serve an app on a port that is taken already; Ctrl-C and SIGTERM end it cleanly.

    The second Ctrl-C waits for nothing any more; what the worker had under way is done again later.
    """
    with listener:
        return anyio.run(_serve, app, _Server(configuration(app.asgi)), ending, listener, worker)


class _Server(uvicorn.Server):
    """Leaves signals to `Ending`, which hears them until worker and database have ended."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(
    app: App, server: uvicorn.Server, ending: Ending, listener: socket.socket, worker: bool
) -> int:
    stop = asyncio.Event()
    failed: list[Exception] = []
    scope, loop = anyio.CancelScope(), asyncio.get_running_loop()

    def heed(number: int) -> None:
        if server.should_exit and number == signal.SIGINT:
            with suppress(RuntimeError):  # the loop has ended, and with it all there was to cut off
                loop.call_soon_threadsafe(scope.cancel)
        server.handle_exit(number, None)

    async def work() -> None:
        try:
            with scope:
                await app.worker.run(stop)
        except Exception as error:  # noqa: BLE001  (a server without its worker is not served)
            failed.append(error)
            server.should_exit = True

    ending.tell(heed)
    async with (
        app.running(),
        operations_beside(app, worker=worker),
        anyio.create_task_group() as group,
    ):
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
