"""Keyset pages: a cursor names the place it stands at, and is sealed against being made up."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from together.api.limits import over
from together.api.scalars import refused

DEFAULT_SIZE = 20
MAX_SIZE = 100

Key = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a list that a client asked for."""

    size: int
    backward: bool = False
    after: Key | None = None
    before: Key | None = None


class Cursors:
    """Makes and reads cursors.  One of another viewer, list or filter does not open."""

    __slots__ = ("_key", "most")

    def __init__(self, key: bytes, *, most: int = MAX_SIZE) -> None:
        self._key, self.most = key, most

    def make(self, key: Key, *, of: str, viewer: str) -> str:
        body = json.dumps(list(key), separators=(",", ":"), ensure_ascii=True).encode()
        return base64.urlsafe_b64encode(self._mac(body, of, viewer) + body).decode().rstrip("=")

    def read(self, cursor: str, *, of: str, viewer: str) -> Key:
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            raw = base64.b64decode(padded, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise refused("This cursor is not one of this list.") from None
        mac, body = raw[:16], raw[16:]
        if not hmac.compare_digest(mac, self._mac(body, of, viewer)):
            raise refused("This cursor is not one of this list.")
        key: list[int | str] = json.loads(body)
        return tuple(key)

    def _mac(self, body: bytes, of: str, viewer: str) -> bytes:
        parts = (of.encode(), viewer.encode(), body)
        text = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.new(self._key, text, hashlib.sha256).digest()[:16]

    def asked(
        self,
        *,
        of: str,
        viewer: str,
        first: int | None,
        after: str | None,
        last: int | None,
        before: str | None,
    ) -> Slice:
        """Read the arguments of a connection."""
        if first is not None and last is not None:
            raise refused("Give `first` or `last`, not both.")
        size = first if first is not None else last if last is not None else DEFAULT_SIZE
        if first is None and last is None:
            size = min(size, self.most)
        if not 1 <= size <= self.most:
            raise over("page", allowed=self.most, asked=size, code="BAD_USER_INPUT")
        return Slice(
            size=size,
            backward=last is not None,
            after=None if after is None else self.read(after, of=of, viewer=viewer),
            before=None if before is None else self.read(before, of=of, viewer=viewer),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of the list, whichever end they were asked from."""

    rows: Sequence[Any]
    more_after: bool
    more_before: bool


def page(found: Sequence[Any], asked: Slice) -> Page:
    """Cut the one row too many, which was read to know whether there is more."""
    more = len(found) > asked.size
    rows = list(found[: asked.size])
    if asked.backward:
        rows.reverse()
        return Page(rows, more_after=asked.before is not None, more_before=more)
    return Page(rows, more_after=more, more_before=asked.after is not None)
