"""When a person's calendar counts as integrated: the one judgement the table of sight rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

READ_WITHIN = 24 * 60 * 60
"""Seconds for which one successful read is good, however long the service is out of reach."""


class State(StrEnum):
    """How a connection stands."""

    ACTIVE = "ACTIVE"
    NO_MAILBOX = "NO_MAILBOX"
    FAILING = "FAILING"
    NEEDS_RECONNECT = "NEEDS_RECONNECT"
    SUSPENDED = "SUSPENDED"


class Standing(StrEnum):
    """What an integrated viewer is told of somebody, and all they are told."""

    INTEGRATED = "INTEGRATED"
    NOT_INTEGRATED = "NOT_INTEGRATED"
    UNREADABLE_NOW = "UNREADABLE_NOW"
    """Integrated, and out of reach for a passing reason: their time is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationFacts:
    """What is known of a connection at `now`; every instant is in epoch seconds."""

    state: str
    """A `State`, by name."""
    can_read: bool
    """Whether the consent includes reading free/busy."""
    counting: bool
    """Whether at least one of its calendars counts for busy."""
    since: int
    """When `state` became what it is."""
    read_at: int | None
    """The last successful read."""
    unreadable_since: int | None
    """When reading began to fail for a passing reason; None while it works."""
    now: int


def readable(facts: IntegrationFacts | None) -> bool:
    """Say whether the calendar is to be read, which is how a stale one becomes integrated again."""
    if facts is None:
        return False
    return facts.state == State.ACTIVE and facts.can_read and facts.counting


def standing(facts: IntegrationFacts | None) -> Standing:
    """Judge a connection, or that there is none.

    A lost grant counts at once.  An outage changes nothing until the last successful read is a day
    old; a connection that was never read has that day from when it was made.
    """
    if facts is None or not readable(facts):
        return Standing.NOT_INTEGRATED
    # A read of an earlier consent is none of this one.
    last = facts.since if facts.read_at is None else max(facts.since, facts.read_at)
    if facts.now - last >= READ_WITHIN:
        return Standing.NOT_INTEGRATED
    if facts.unreadable_since is not None:
        return Standing.UNREADABLE_NOW
    return Standing.INTEGRATED


def integrated(facts: IntegrationFacts | None) -> bool:
    """Say whether the table of sight holds this person for integrated."""
    return standing(facts) is not Standing.NOT_INTEGRATED
