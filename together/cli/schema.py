"""``together schema``."""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

from together.api.schema import printed
from together.cli.stop import Stop


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say whether to print or to compare."""
    parser.add_argument(
        "--check",
        nargs="?",
        type=Path,
        const=Path("schema.graphql"),
        metavar="FILE",
        help="compare with a file (schema.graphql), and fail where it differs",
    )


def run(arguments: argparse.Namespace, _settings: None) -> int:
    """Print the schema, or what differs."""
    now = printed()
    path: Path | None = arguments.check
    if path is None:
        print(now, end="" if now.endswith("\n") else "\n")
        return 0
    try:
        before = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Stop(f"{path} cannot be read. Make it with `together schema > {path}`.") from None
    if before.strip() == now.strip():
        print(f"{path} is what the code says.")
        return 0
    differences = difflib.unified_diff(
        before.splitlines(), now.splitlines(), str(path), "the code", lineterm=""
    )
    print("\n".join(differences), file=sys.stderr)
    raise Stop(f"{path} is not what the code says. Renew it with `together schema > {path}`.")
