"""``together keys``."""

from __future__ import annotations

import argparse
from pathlib import Path

from together.store.keys import add_key, make_key_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with which file."""
    parser.add_argument("what", choices=("new", "add"), help="make a file, or add a key to one")
    parser.add_argument("path", nargs="?", type=Path, default=Path("keys/together.txt"))


def run(arguments: argparse.Namespace, _settings: None) -> int:
    """Make a key; nothing of it is printed."""
    path: Path = arguments.path
    if arguments.what == "new":
        make_key_file(path)
        print(f"{path} holds a new key. Keep it, and keep it apart from the database.")
        return 0
    add_key(path)
    print(f"{path} holds a new key, which seals from now on.")
    print("Restart every server and worker, then run `together reseal`.")
    return 0
