"""``together demo``: a sample organization against stand-ins, with nothing to configure."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

import anyio

from together.cli.demonstration import Demo
from together.cli.folder import DEFAULT, DemoFolder
from together.cli.ready import bound
from together.cli.serve import Ending, serve
from together.cli.stop import Stop
from together.store.migrate import pending


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to listen, and where the demo keeps its data."""
    parser.add_argument("--port", type=int, default=8000, help="the port on 127.0.0.1")
    parser.add_argument("--folder", type=Path, default=DEFAULT, help="where its data is kept")


def run(arguments: argparse.Namespace, _settings: None) -> int:
    """Make what is missing, say who can sign in, and serve until Ctrl-C."""
    if not 0 < arguments.port < 65536:
        raise Stop("A port is a number from 1 to 65535.", code=2)
    folder = DemoFolder(arguments.folder)
    url = f"http://127.0.0.1:{arguments.port}"
    _check_writable(folder.path)
    with ExitStack() as held:
        with folder.told():
            # All before anything is made: a demo that cannot be served leaves all as it was.
            listener = _listener(held, folder, arguments.port)
            anyio.run(pending, folder.database)
            folder.mark(url=url)
            demo = Demo(folder, url)
            anyio.run(demo.prepare, _say)
        # Before the welcome, which says that Ctrl-C ends it.
        ending = held.enter_context(Ending())
        app = demo.app()
        print(demo.welcome(), flush=True)
        ended = serve(app, listener, ending=ending, worker=True)
    _say("The demo has ended. Its data is kept; make demo goes on where it was.")
    return ended


def _listener(held: ExitStack, folder: DemoFolder, port: int) -> socket.socket:
    """Take folder and port; where the port cannot be had, nothing is made of a new folder."""
    if folder.lock.exists():
        # Somebody may be serving it, on this very port: that is the better thing to say.
        held.enter_context(folder.taken())
        return held.enter_context(_bound(port))
    listener = held.enter_context(_bound(port))
    held.enter_context(folder.taken())
    return listener


def _bound(port: int) -> socket.socket:
    other = port + 1 if port < 65535 else 8000
    instead = f"make demo PORT={other}, or together demo --port {other}"
    return bound("127.0.0.1", port, instead=instead)


def _check_writable(path: Path) -> None:
    there = path
    # Unlike Path.exists, this is an answer also in a folder that may not be entered.
    while not os.path.exists(there):  # noqa: PTH110
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise Stop(
            f"The demo keeps its data in {path}, and {there} cannot be written to. "
            "Name another folder: together demo --folder DIR."
        )


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
