"""Reading JSON strictly: an answer of another shape than documented is `Misconfigured`.

Nothing here says what was found, because what a service sent is never said again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from together.domain.spans import Span
from together.providers.errors import Misconfigured
from together.providers.values import Meeting

T = TypeVar("T")

MOST = 10_000
"""Entries of one list, such as the intervals of one calendar."""
_OVERRIDES = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""What turns the direction of the text that follows."""
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def field(body: Any, name: str, kind: type[T]) -> T:
    """Read a field that must be there: ``field(body, "items", list)``."""
    if not isinstance(body, dict):
        raise unexpected()
    value = body.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise unexpected()
    if isinstance(value, list) and len(value) > MOST:
        raise unexpected()
    return value


def maybe(body: Any, name: str, kind: type[T]) -> T | None:
    """Read a field that may be missing or null, but is of no other kind."""
    if isinstance(body, dict) and body.get(name) is None:
        return None
    return field(body, name, kind)


def text(body: Any, name: str, *, limit: int = 1024) -> str:
    """Read a text: not empty, not endless, without control characters or lone surrogates."""
    value = field(body, name, str)
    if not value or len(value) > limit:
        raise unexpected()
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise unexpected()
    return value


def maybe_text(body: Any, name: str, *, limit: int = 1024) -> str | None:
    """Read a text that may be missing, null or empty."""
    return text(body, name, limit=limit) if maybe(body, name, str) else None


def label(body: Any, name: str, *, limit: int = 1024) -> str | None:
    """Read a name that people give, and that may be missing: cleaned rather than refused.

    Whoever shares a calendar names it, and must not be able to keep others from their own.
    """
    value = maybe(body, name, str) or ""
    shown = "".join(" " if _unshown(character) else character for character in value[:limit])
    return " ".join(shown.split()) or None


def moment(body: Any, name: str) -> datetime:
    """Read an RFC 3339 date and time, which needs an offset, to the whole second."""
    try:
        value = datetime.fromisoformat(text(body, name, limit=64))
    except ValueError:
        raise unexpected() from None
    if value.utcoffset() is None or not _EARLIEST <= value < _LATEST:
        raise unexpected()
    return value.astimezone(UTC).replace(microsecond=0)


def span(body: Any, start: str = "start", end: str = "end") -> Span:
    """Read a span from two moments."""
    starts, ends = moment(body, start), moment(body, end)
    if ends <= starts:
        raise unexpected()
    return Span(starts, ends)


def meeting(id: str, join_url: str, *, hosts: Collection[str]) -> Meeting:  # noqa: A002
    """Make a meeting, whose link must be https on one of these hosts."""
    try:
        url = urlsplit(join_url)
        plain = url.scheme == "https" and url.hostname in hosts and url.port in (None, 443)
    except ValueError:
        raise unexpected() from None
    if not plain or "@" in url.netloc or "\\" in join_url or len(join_url) > 2048:
        raise unexpected()
    if not join_url.isprintable() or " " in join_url:
        raise unexpected()
    return Meeting(id, join_url)


def _unshown(character: str) -> bool:
    """Whether a character is shown nowhere: controls, lone surrogates, line ends, overrides."""
    kind = unicodedata.category(character)
    return kind in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(character) in _OVERRIDES


def unexpected() -> Misconfigured:
    """Make the error for an answer of another shape than documented."""
    return Misconfigured(code="unexpected_answer")
