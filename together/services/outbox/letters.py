"""What a mail says, before it is a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from together.store.models import JobKind

MAILS = frozenset(
    {
        JobKind.REMIND_RECONNECT,
        JobKind.TELL_HOLDER,
        JobKind.TELL_MATCHED,
        JobKind.TELL_FAILING,
        JobKind.TELL_HEALTHY,
        JobKind.TELL_VIDEO_FAILING,
        JobKind.TELL_VIDEO_HEALTHY,
        JobKind.ASK_TO_CONNECT,
        JobKind.INVITE,
        JobKind.REMIND_DAY,
        JobKind.REMIND_HOUR,
    }
)
"""The jobs of the outbox that are letters."""


@dataclass(frozen=True, slots=True)
class Link:
    """The one link of a letter, and after how many of its paragraphs it stands."""

    words: str
    address: str
    after: int


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """What a mail program reads of a letter about a session."""

    method: str
    text: str
    """An iCalendar object."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Words of ours for one person; made when it is sent, and stored nowhere."""

    name: str
    address: str
    subject: str
    paragraphs: tuple[str, ...]
    link: Link | None = None
    calendar: CalendarPart | None = None


def moment(at: int, *, zone: str) -> str:
    """Say a moment as the clock on the wall of somebody's zone shows it."""
    there = datetime.fromtimestamp(at, ZoneInfo(zone))
    return f"{there:%A} {there.day} {there:%B %Y}, {there:%H:%M} ({zone})"


def day(at: int, *, zone: str) -> str:
    """Say a moment as briefly as a subject can."""
    there = datetime.fromtimestamp(at, ZoneInfo(zone))
    return f"{there:%a} {there.day} {there:%b %Y}, {there:%H:%M}"


def listed(names: Sequence[str]) -> str:
    """Say names as they are said in a sentence."""
    *all_but_one, last = names
    return f"{', '.join(all_but_one)} and {last}" if all_but_one else last
