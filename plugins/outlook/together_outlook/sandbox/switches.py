"""What can be made to go wrong in the sandbox while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from together.testing.switchboard import Switchboard


@dataclass(slots=True)
class Switches(Switchboard):
    """Everything off: the sandbox behaves like Microsoft on a good day."""

    throttles: ClassVar = ("ApplicationThrottled", "TooManyRequests", "activityLimitReached")

    retry_after: str = "10"
    """The Retry-After header of throttled answers and outages; Graph sends one with each 429."""
    per_minute: int = 1000
    """Calls of one mailbox in a minute, which is Graph's limit for ten of them, spread evenly."""
    teams_pending_polls: int = 0
    """How often a new event is read before its Teams link is there."""
    teams_refused: bool = False
    """No calendar allows Teams meetings, and an event that asks for one is made without."""
    teams_fails: bool = False
    """A request for a Teams meeting is taken, and no link ever comes."""
    foreign_links: bool = False
    """Teams links point to another host."""
    duplicate_status: int = 409
    """The status of a used transactionId; 400 has been seen as well."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Calendar id or mailbox → code: its busy times are answered with this error."""
    admin_blocked: list[str] = field(default_factory=list)
    """Accounts whose administrator must approve the app first."""
    secret_expired: bool = False
    """The app's secret has run out, which nobody but the operator can mend."""
    at_once: int = 4
    """Calls of one mailbox at a time."""
    sync_lost: bool = False
    """Every token of a delta query is dead, those of the next pages too."""
    delta_page: int = 50
    """Events of a delta query's page at the most."""
    subscription_minutes: int = 10_080
    """How long a subscription lives at the most, whatever it was asked for."""
    pushes_lost: bool = False
    """No change is told."""
    pushes_late: bool = False
    """No change is told until this is off again, and then all at once."""
    pushes_twice: bool = False
    """Every change is told twice."""
