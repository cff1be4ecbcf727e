"""The ``.env`` beside whoever starts a command: read whole, with every wrong line told."""

from __future__ import annotations

from pathlib import Path

from dotenv.parser import Original, parse_stream


def read_dotenv(path: Path | None) -> tuple[dict[str, str], list[str]]:
    """What a ``.env`` says, and what is wrong with it; a line can hold a secret, so none is shown.

    Nothing in a value is taken for a variable: a secret may hold "${".
    """
    if path is None:
        return {}, []
    try:
        with path.open(encoding="utf-8") as file:
            lines = list(parse_stream(file))
    except FileNotFoundError:
        return {}, []
    except (OSError, UnicodeDecodeError):
        return {}, [f"{path} cannot be read. Make it a UTF-8 file that this user can read."]
    ours = [line for line in lines if line.key is not None]
    bare = [line for line in ours if line.value is None and str(line.key).startswith("TOGETHER_")]
    return {str(line.key): line.value or "" for line in ours}, [
        f"{path}:{_number(line.original)}: This is not NAME=value, or a quote is left open. "
        "Correct it, or put # before it."
        for line in lines
        if line.error or line in bare
    ]


def _number(original: Original) -> int:
    """The number of a line, past the empty ones that are counted to it."""
    text = original.string
    return original.line + text[: len(text) - len(text.lstrip())].count("\n")
