"""What a plugin may hear of sessions: that one changed, in ids and times."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChangeKind(StrEnum):
    """What became of a session.  More may be added: pass over what you do not know."""

    BOOKED = "BOOKED"
    RESCHEDULED = "RESCHEDULED"
    CANCELLED = "CANCELLED"
    ANSWERED = "ANSWERED"
    """Somebody said whether they come; who, and what, is not told."""
    LOGGED = "LOGGED"
    """It was written down after it had taken place."""
    UNLOGGED = "UNLOGGED"
    DONE = "DONE"
    """One of its people said that it had taken place."""
    NOT_DONE = "NOT_DONE"
    CHANGED = "CHANGED"
    """Anything else about it, such as its agenda."""


@dataclass(frozen=True, slots=True)
class BookingChange:
    """One change of one session: ids, times and a kind, and nothing that anybody wrote."""

    id: str
    """Of this change: the same one again is the same change, told once more."""
    kind: ChangeKind
    organization_id: str
    booking_id: str
    at: datetime
    """When it was changed."""
    start: datetime
    """As the session stands when this is told, as `end` is: it may have moved on since."""
    end: datetime


class BookingListener(ABC):
    """Hears of each change after its commit, at least once, in no certain order."""

    slug: str
    """The plugin's name, or begins with it and a hyphen; it is stored, so never rename it."""

    @abstractmethod
    async def booking_changed(self, change: BookingChange) -> None:
        """Take it in within ten seconds.

        What raises, or takes longer, is told again later, with growing pauses and for a week;
        nothing else waits for it.
        """
