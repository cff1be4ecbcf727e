"""Partial answers: Google gives what the parameter ``fields`` names, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

Selection = dict[str, "Selection"]
"""Name of a field → what of it; nothing there means all of it."""

_PIECE = re.compile(r"[A-Za-z0-9_]+|[*,/()]")
_DEEPEST = 20


def selection(fields: str) -> Selection:
    """Read such a parameter: ``items(id,start/date),nextPageToken``.  Raise `ValueError` else."""
    pieces = _PIECE.findall(fields)
    if "".join(pieces) != fields:
        raise ValueError("nothing of that kind can be selected")
    found, rest = _several(iter([*pieces, ""]), depth=0)
    if rest:
        raise ValueError("nothing of that kind can be selected")
    return found


def part(body: Any, wanted: Selection) -> Any:
    """Leave of an answer what was asked for."""
    if not wanted or "*" in wanted:
        return body
    if isinstance(body, list):
        return [part(one, wanted) for one in body]
    if isinstance(body, dict):
        return {name: part(body[name], inner) for name, inner in wanted.items() if name in body}
    return body


def _several(pieces: Iterator[str], *, depth: int) -> tuple[Selection, str]:
    """Read fields with commas between, and give the piece after them too."""
    found: Selection = {}
    after = ","
    while after == ",":
        after = _one(pieces, found, depth=depth)
    return found, after


def _one(pieces: Iterator[str], into: Selection, *, depth: int) -> str:
    name = next(pieces, "")
    if depth > _DEEPEST or not (name == "*" or name[:1].isalnum() or name[:1] == "_"):
        raise ValueError("nothing of that kind can be selected")
    inner = into.setdefault(name, {})
    after = next(pieces, "")
    if after == "/":
        return _one(pieces, inner, depth=depth + 1)
    if after == "(":
        found, closing = _several(pieces, depth=depth + 1)
        if closing != ")":
            raise ValueError("nothing of that kind can be selected")
        inner |= found
        return next(pieces, "")
    return after
