"""``together demo``: a sample organization against stand-ins, with nothing to configure."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import anyio

from together.cli.demonstration import Demo
from together.cli.folder import DEFAULT, DemoFolder
from together.cli.ready import bound
from together.cli.serve import serve
from together.cli.stop import Stop


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
    listener = bound("127.0.0.1", arguments.port)
    try:
        folder.mark(url=url)
        demo = Demo(folder, url)
        anyio.run(demo.prepare, _say)
    except BaseException:
        listener.close()
        raise
    print(demo.welcome(), flush=True)
    ended = serve(demo.app(), listener, worker=True)
    _say("The demo has ended. Its data is kept; make demo goes on where it was.")
    return ended


def _check_writable(path: Path) -> None:
    there = path
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise Stop(
            f"The demo keeps its data in {path}, and {there} cannot be written to. "
            "Name another folder: together demo --folder DIR."
        )


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
