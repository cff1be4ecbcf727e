"""How a service says that a calendar has changed, and how what has changed is asked for.

A notification is a hint and nothing more: whoever gets one asks with `Calendars.changes`, which is
asked from time to time without one too, because no service promises to send them all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import ClassVar

from together.providers.values import Secret


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed in a calendar since a cursor: ids, and nothing of what the events say."""

    event_ids: frozenset[str]
    """Of events that were made, changed or taken away; more than have changed is no harm."""
    cursor: str
    """Where to go on the next time; 4,000 characters at most."""


@dataclass(frozen=True, slots=True)
class Channel:
    """The way on which notifications are to come, for one calendar."""

    id: str
    """32 characters of ``0-9a-f``, and never the same twice."""
    secret: Secret
    """43 characters, made for this channel; every notification has to bring it along."""
    address: str
    """Where they are to be sent, at the most 500 characters."""
    until: datetime
    """How long it is wanted; a service may give less."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A channel that the service has agreed to."""

    id: str
    """By which its notifications name it: the channel's own id, or one that the service gave."""
    expires_at: datetime
    """As the service says it, not as it was asked for."""
    resource: str | None = None
    """How its notifications name what is watched, where they do."""


class NoticeKind(Enum):
    """What a notification asks for."""

    CHANGED = "CHANGED"
    """Ask for the changes."""
    MISSED = "MISSED"
    """Notifications were lost: ask for the changes, and believe no order."""
    RENEW = "RENEW"
    """The watch ends early unless it is renewed now."""
    ENDED = "ENDED"
    """The watch is over: make another, and ask for the changes."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a notification claims.  It is nobody's until its secret was compared."""

    watch_id: str
    secret: Secret
    kind: NoticeKind = NoticeKind.CHANGED
    resource: str | None = None


class Notifications(ABC):
    """What a service's notifications look like.  It does no I/O and believes nothing."""

    longest: ClassVar[timedelta]
    """The longest life of a watch that the service is known to give."""

    def challenge(self, query: Mapping[str, str]) -> str | None:
        """Give what is to be echoed, where the service first asks whether an address listens.

        The echo is plain text, of 1,024 characters at most.
        """
        return None

    @abstractmethod
    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:
        """Read what came; header names are in lower case.  Nothing where it is none of theirs.

        Whoever is on the line gets the same answer whatever this gives.  It raises nothing.
        """
