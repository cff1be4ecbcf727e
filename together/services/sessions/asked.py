"""What people ask for, read before anything is looked up for them."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from together.domain.hours import BadZone, zone_named
from together.domain.policy import Policy
from together.domain.slots import on_grid
from together.domain.spans import Span
from together.domain.texts import BadText, clean_text
from together.services.refusals import (
    DurationNotOffered,
    InvalidInput,
    InvalidWindow,
    UnknownZone,
)

LONGEST_WINDOW = 62 * 86_400
"""Seconds.  Two months of a calendar on one screen."""

MOST_CHECKS = 100

LAST_INSTANT = 32_503_680_000
"""The year 3000: calendars and zones end somewhere."""


def window_of(start: int, end: int, *, now: int) -> Span:
    """Read a window that is not reversed, not too long and not over."""
    if not 0 <= start < LAST_INSTANT or not 0 <= end < LAST_INSTANT:
        raise InvalidWindow("window", "Choose a window of this millennium.")
    if end <= start:
        raise InvalidWindow("window", "The window must end after it starts.")
    if end - start > LONGEST_WINDOW:
        raise InvalidWindow("window", "The window may be 62 days long at most.")
    if end <= now:
        raise InvalidWindow("window", "The window lies in the past.")
    return Span.of(start, end)


def window_around(starts: Sequence[int], *, duration: int) -> Span:
    """Read the window that holds sessions at these starts."""
    if not 1 <= len(starts) <= MOST_CHECKS:
        raise InvalidInput("starts", f"Name 1 to {MOST_CHECKS} starts.")
    first, last = min(starts), max(starts)
    if not 0 <= first <= last < LAST_INSTANT or last - first > LONGEST_WINDOW:
        raise InvalidWindow("starts", "The starts may lie 62 days apart at most.")
    return Span.of(first, last + max(1, min(duration, 1440)) * 60)


def known_zone(name: str) -> ZoneInfo:
    """Read the name of a zone."""
    try:
        return zone_named(name)
    except BadZone:
        raise UnknownZone("zone", name) from None


def offered(duration: int, policy: Policy) -> None:
    """Refuse a duration that the organization does not offer."""
    if duration not in policy.durations:
        raise DurationNotOffered("duration", duration, policy.durations)


def on_the_grid(field: str, start: int, *, policy: Policy, zone: ZoneInfo) -> None:
    """Refuse a start at which no session of the organization begins."""
    if not on_grid(start, step=policy.step, zone=zone):
        raise InvalidInput(field, _grid_in_words(policy.step))


def plain_text(field: str, text: str | None, limit: int, *, lines: bool = False) -> str | None:
    """Read a text for people; one of spaces is none."""
    if text is None:
        return None
    try:
        return clean_text(field, text, limit=limit, lines=lines) or None
    except BadText as bad:
        raise InvalidInput(bad.field, bad.why) from None


def _grid_in_words(step: int) -> str:
    *most, last = [f":{minute:02}" for minute in range(0, 60, step)]
    return (
        f"Sessions start at {', '.join(most)} or {last}." if most else f"Sessions start at {last}."
    )
