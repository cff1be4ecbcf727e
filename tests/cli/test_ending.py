"""However and whenever it is ended: a server and a worker end cleanly."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
import urllib.request
from contextlib import asynccontextmanager, suppress

import anyio
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.demo_process import free_port
from together.cli import worker
from together.cli.demonstration import Demo
from together.cli.logs import configure
from together.cli.ready import bound
from together.cli.serve import Ending, serve
from together.settings import Settings


class FakeApp:
    """An app with one route and a worker, which notes how it is treated."""

    def __init__(self, *, fails=False, slow=False):
        self.asgi = Starlette(routes=[Route("/", self.hello)])
        self.worker = self
        self.settings = Settings()
        self.fails = fails
        self.slow = slow
        self.noted: list[str] = []

    async def hello(self, _request):
        if self.slow:
            self.noted.append("asked")
            await asyncio.sleep(30)
        return PlainTextResponse("hello")

    async def run(self, stop):
        self.noted.append("worker started")
        if self.fails:
            raise OSError("canary")
        await stop.wait()
        await asyncio.sleep(30 if self.slow else 0.05)
        self.noted.append("worker ended")

    @asynccontextmanager
    async def running(self):
        self.noted.append("opened")
        yield self
        self.noted.append("closed")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("worker", [True, False])
def test_a_signal_ends_web_and_worker_cleanly(environ, ending, worker):
    """After Ctrl-C or SIGTERM the worker ends what it does, the database is closed, and the code
    is 0.
    """
    app = FakeApp()
    listener = bound("127.0.0.1", 0)
    port = listener.getsockname()[1]
    answers = []

    def visit():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                answers.append((answer.read(), answer.headers["server"]))
        finally:
            os.kill(os.getpid(), ending)

    visitor = threading.Thread(target=visit)
    visitor.start()
    with Ending() as ended:
        try:
            code = serve(app, listener, ending=ended, worker=worker)
        finally:
            visitor.join()  # its signal is heard here, whatever became of the server
    assert (code, answers) == (0, [(b"hello", None)])
    inside = ["worker started", "worker ended"] if worker else []
    assert app.noted == ["opened", *inside, "closed"]


def test_the_second_ctrl_c_waits_for_nothing(environ, capsys):
    """Two Ctrl-C in a row end a request and a worker that would go on, and nothing is amiss."""
    configure("INFO")
    app = FakeApp(slow=True)
    listener = bound("127.0.0.1", 0)
    port = listener.getsockname()[1]

    def visit():
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20):
            pass

    def interrupt():
        while "asked" not in app.noted:
            time.sleep(0.01)
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.03)

    others = [threading.Thread(target=visit), threading.Thread(target=interrupt)]
    for other in others:
        other.start()
    began = time.monotonic()
    with Ending() as ending:
        code = serve(app, listener, ending=ending, worker=True)
    for other in others:
        other.join()
    assert (code, app.noted) == (0, ["opened", "worker started", "asked", "closed"])
    assert time.monotonic() - began < 10
    printed = capsys.readouterr()
    assert (printed.out, " ERROR " in printed.err, "Cancelled" in printed.err) == ("", False, False)


@pytest.mark.parametrize("signals", [1, 2])
def test_an_early_ctrl_c_is_not_forgotten(environ, signals):
    """Ctrl-C before there is anything to end ends it as soon as there is; twice, without waiting
    for the worker.
    """
    app = FakeApp(slow=signals == 2)
    began = time.monotonic()
    with Ending() as ending:
        for _ in range(signals):
            os.kill(os.getpid(), signal.SIGINT)
        code = serve(app, bound("127.0.0.1", 0), ending=ending, worker=True)
    waited_for = ["worker ended"] if signals == 1 else []
    assert (code, app.noted) == (0, ["opened", "worker started", *waited_for, "closed"])
    assert time.monotonic() - began < 10


class Collected:
    """Sends Ctrl-C to its own process while Python frees it, as a collection of garbage may."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)


def test_a_ctrl_c_while_garbage_is_collected_ends_the_demo(together, monkeypatch, tmp_path):
    """From its welcome on the demo hears every Ctrl-C, also where Python drops what is raised."""

    async def nothing(_demo, _say):
        pass

    def welcome(_demo):
        Collected()
        return "Welcome"

    app = FakeApp()
    monkeypatch.setattr(Demo, "prepare", nothing)
    monkeypatch.setattr(Demo, "welcome", welcome)
    monkeypatch.setattr(Demo, "app", lambda _demo: app)
    late = threading.Timer(20, os.kill, (os.getpid(), signal.SIGINT))
    late.start()
    code, out, err = together("demo", "--folder", tmp_path / "demo", "--port", free_port())
    heard = late.is_alive()
    late.cancel()
    late.join()
    assert (code, out, err.splitlines()[-1], heard) == (
        0,
        "Welcome\n",
        "The demo has ended. Its data is kept; make demo goes on where it was.",
        True,
    )


def test_a_worker_that_fails_ends_the_server(environ):
    """A server without its worker would take bookings that nobody delivers."""
    app = FakeApp(fails=True)
    with Ending() as ending, pytest.raises(OSError, match="canary"):
        serve(app, bound("127.0.0.1", 0), ending=ending, worker=True)
    assert app.noted == ["opened", "worker started", "closed"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_worker_of_its_own_cleanly(environ, ending):
    """`together worker` brings what is under way to its end, and closes the database."""
    app = FakeApp()

    def end():
        while "worker started" not in app.noted:
            time.sleep(0.01)
        os.kill(os.getpid(), ending)

    ender = threading.Thread(target=end)
    ender.start()
    anyio.run(worker._work, app)
    ender.join()
    assert app.noted == ["opened", "worker started", "worker ended", "closed"]
