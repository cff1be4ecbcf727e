"""The values that pass between us and a provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, Flag, auto

import httpx

from together.domain.secret import Secret as Secret
from together.domain.spans import Span, Spans


class Capability(Flag):
    """What a consent allows us to do for a person."""

    FREE_BUSY = auto()
    """Read when the person is busy."""
    EVENTS = auto()
    """Make, move and cancel events."""
    MEETINGS = auto()
    """Make video meetings."""


Scopes = Mapping[Capability, frozenset[str]]
"""Which scopes each capability needs."""


def needed(capabilities: Capability, table: Scopes) -> frozenset[str]:
    """Say which scopes buy these capabilities, of which there is one at least."""
    wanted = [names for capability, names in table.items() if capability in capabilities]
    scopes = frozenset[str]().union(*wanted)
    if not wanted or capabilities & ~bought(scopes, table):
        raise ValueError(f"this table does not buy {capabilities}")
    return scopes


def bought(scopes: frozenset[str], table: Scopes) -> Capability:
    """Say what these scopes are enough for."""
    allowed = Capability(0)
    for capability, wanted in table.items():
        if wanted <= scopes:
            allowed |= capability
    return allowed


@dataclass(frozen=True, slots=True)
class Account:
    """Whose consent it is.  `id` never changes and tells accounts apart; `email` may change."""

    id: str
    email: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """One calendar of an account."""

    id: str
    name: str
    primary: bool
    writable: bool
    zone: str | None = None
    """The IANA name of the calendar's own zone, in which its all-day events are read."""
    carries_meetings: bool = False
    """Whether an event in it can be given the provider's own video link."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of some calendars, and which could not be read.

    A calendar named in `unread` is unknown for the window, never free.
    """

    busy: Spans
    unread: Mapping[str, str] = field(default_factory=dict)
    """Calendar id → the service's short code for why, such as ``notFound``."""


class Answer(Enum):
    """What a guest said to an invitation (iCalendar PARTSTAT)."""

    NEEDS_ACTION = "NEEDS_ACTION"
    ACCEPTED = "ACCEPTED"
    TENTATIVE = "TENTATIVE"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True)
class Meeting:
    """A video meeting.  `join_url` is https on a host that its provider declares."""

    id: str
    join_url: str


@dataclass(frozen=True, slots=True)
class EventDraft:
    """An event to be made.  Making it twice with one `key` makes one event."""

    key: str
    """32 characters of ``0-9a-v``: the session's key, also usable as the service's own event id."""
    calendar_id: str
    span: Span
    title: str
    guests: tuple[str, ...] = ()
    """Work addresses.  The provider invites them."""
    place: str | None = None
    """A place in words, or the link of a meeting made elsewhere."""
    wants_meeting: bool = False
    """Whether the event is to carry the calendar's own video link (Meet, Teams)."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it stands in the calendar."""

    id: str
    calendar_id: str
    span: Span
    meeting: Meeting | None = None
    meeting_pending: bool = False
    """The link was asked for and is still being made: read the event again."""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """Guest address (case-folded) → answer."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a consent gave us."""

    access_token: Secret
    refresh_token: Secret | None
    expires_at: datetime
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Access:
    """What a provider is opened with, for one person."""

    http: httpx.AsyncClient = field(repr=False)
    """Signs its requests to the origins the provider declared, and refuses all others."""
    account: Account | None = None
    """Whose consent it is; None while the consent is being completed."""
    mailbox: str | None = None
    """The address whose calendar is meant, where one consent serves many."""
    capabilities: Capability = Capability(0)  # noqa: RUF009  (a flag does not change)
    config: Mapping[str, str] = field(default_factory=dict)
