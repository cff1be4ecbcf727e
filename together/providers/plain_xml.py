"""Reads XML from a server nobody here chose: without DTD, without entities, not too deep.

expat itself tells of a DTD before anything in it counts, so no package is needed for it.
"""

from __future__ import annotations

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from together.providers.errors import Misconfigured

DEEPEST = 64
"""Elements within each other; a WebDAV reply has about ten."""


class _Refused(Exception):  # noqa: N818  (never leaves this module)
    """The document holds what no reply of a calendar server holds."""


class _Reader:
    """Builds the tree, with names as ``{namespace}name``."""

    def __init__(self) -> None:
        self._tree, self._depth = TreeBuilder(), 0
        self._parser = parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._tree.data

    def read(self, content: bytes) -> Element:
        self._parser.Parse(content, True)
        return self._tree.close()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _Refused
        self._tree.start(_named(name), {_named(key): each for key, each in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._tree.end(_named(name))

    def _refuse(self, *_: object) -> NoReturn:
        raise _Refused


def parsed_xml(content: bytes) -> Element:
    """Give the root of a document, or raise `Misconfigured` for one that cannot be read."""
    try:
        return _Reader().read(content)
    except (expat.ExpatError, _Refused, ValueError, LookupError):
        pass
    raise Misconfigured(code="unreadable_reply")


def _named(name: str) -> str:
    return "{" + name if "}" in name else name
