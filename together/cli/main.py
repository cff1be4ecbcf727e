"""From what was typed to the command that does it; every way it can end is a sentence."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import together
from together.cli.logs import configure, discreet
from together.cli.stop import Stop
from together.settings import BadSettings, Settings

COMMANDS: Mapping[str, str] = {
    "demo": "serve a sample organization against stand-ins, with nothing to configure",
    "serve": "serve the API, with the worker in the same process",
    "worker": "bring to calendars and mailboxes what is due, in a process of its own",
    "migrate": "bring the database to this version",
    "import": "bring in members and matches from CSV files",
    "domains": "say which domains are an organization's own",
    "outbox": "list what waits and what is parked, or have it tried again",
    "audit": "list what was done to an organization, or check its log",
    "keys": "make a key file, or add a key to one",
    "reseal": "seal every secret anew under the newest key",
    "doctor": "say what is wrong with this installation, and what to do",
    "plugins": "list the plugins: installed, and left out with the reason",
    "schema": "print the GraphQL schema, or check the committed one",
    "token": "print a bearer token for a member of the demo",
}
WITHOUT_SETTINGS = frozenset({"demo", "doctor", "keys", "schema", "token"})
"""Commands that need nothing configured, so that a bad environment does not stop them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and say how it ended."""
    try:
        code = _outcome(list(sys.argv[1:] if argv is None else argv))
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # Whoever read our output has read enough; nothing more is written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    if argv is None:
        # The process ends now: another Ctrl-C would only break into Python's own tidying up.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def _outcome(words: list[str]) -> int:
    if not words or words[0] in {"-h", "--help", "help"}:
        print(_overview())
        return 0 if words else 2
    if words[0] == "--version":
        print(f"together {together.__version__}")
        return 0
    name = words[0]
    if name not in COMMANDS:
        return _say(f"There is no command {name[:40]!a}. `together --help` lists them.", code=2)
    try:
        return _run(name, words[1:])
    except BadSettings as bad:
        return _say(*bad.problems, code=2)
    except Stop as stop:
        return _say(str(stop), code=stop.code)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  (the last line of defence: no traceback)
        return _unexpected(error)


def _run(name: str, words: list[str]) -> int:
    # Only the command's own module: help comes at once, whatever another command imports.
    command: Any = import_module(f"together.cli.{_module(name)}")
    parser = argparse.ArgumentParser(prog=f"together {name}", description=_sentence(name))
    command.add_arguments(parser)
    try:
        arguments = parser.parse_args(words)
    except SystemExit as end:
        return int(end.code or 0)
    if name in WITHOUT_SETTINGS:
        configure("DEBUG" if _debugging() else "INFO")
        return int(command.run(arguments, None))
    needs = getattr(command, "NEEDS", ())
    settings = Settings.read(os.environ, Path(".env"), needs=needs)
    configure(settings.log_level, form=settings.log_format)
    return int(command.run(arguments, settings))


def _unexpected(error: Exception) -> int:
    """Say sentences of ours as they are; of anything else only the kind, for its text is not."""
    if type(error).__module__.startswith("together."):
        return _say(str(error))
    if _debugging():
        print(discreet(error), file=sys.stderr)
    return _say(
        f"Something unexpected went wrong ({type(error).__name__}). "
        "Run the command again with TOGETHER_LOG_LEVEL=DEBUG to see where."
    )


def _debugging() -> bool:
    return os.environ.get("TOGETHER_LOG_LEVEL", "").strip().upper() == "DEBUG"


def _say(*sentences: str, code: int = 1) -> int:
    for sentence in sentences:
        print(f"together: {sentence}", file=sys.stderr)
    return code


def _module(name: str) -> str:
    return {"import": "import_files"}.get(name, name)


def _sentence(name: str) -> str:
    return f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}."


def _overview() -> str:
    lines = ["together COMMAND [--help]", "", together.__doc__ or "", ""]
    lines += [f"  {name:9} {words}" for name, words in COMMANDS.items()]
    lines += ["", "Settings come from the environment (TOGETHER_…) and a .env in this folder."]
    return "\n".join(lines)
