"""A manifest of trusted documents, as graphql-codegen writes it: each document by its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_PREFIX = "sha256:"


def manifest_of(text: str) -> tuple[Mapping[str, str], list[str]]:
    """Read a JSON object of documents by their hashes; give them, and all that is wrong.

    A name that begins with ``sha256:`` is compared with the document.  Other names are whatever
    the tool that wrote them made of it, and are taken as they are.
    """
    try:
        named = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return {}, ["this is not JSON. Let graphql-codegen write it again."]
    if not isinstance(named, _Pairs):
        return {}, ["this is not an object of documents by their hashes."]
    found: dict[str, str] = {}
    problems = []
    for name, document in named:
        wrong = "stands there twice." if name in found else _wrong(name, document)
        if wrong:
            problems.append(f"{name[:80]!a} {wrong}")
        else:
            found[name] = document
    if not named:
        problems.append("there is no document in it.")
    return found, problems


class _Pairs(list[tuple[str, Any]]):
    """An object as it is written, a name that comes twice included."""


def _wrong(name: str, document: Any) -> str | None:
    if not name:
        return "is no hash."
    if not isinstance(document, str) or not document.strip():
        return "is not the hash of a document, which is a text."
    if not name.startswith(_PREFIX):
        return None
    try:
        hashed = hashlib.sha256(document.encode()).hexdigest()
    except UnicodeEncodeError:
        return "is the hash of no text that can be written."
    return None if name == _PREFIX + hashed else "is not the hash of its document."
