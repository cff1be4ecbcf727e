"""What can be made to go wrong in the sandbox while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from together.testing.switchboard import Switchboard


@dataclass(slots=True)
class Switches(Switchboard):
    """Everything off: the sandbox behaves like Google on a good day."""

    throttles: ClassVar = (
        "userRateLimitExceeded",
        "rateLimitExceeded",
        "quotaExceeded",
        "tooManyRequests",
    )

    meet_pending_polls: int = 0
    """How often a new event is read before its Meet link is there."""
    meet_refused: bool = False
    """A request for Meet is refused: 400 “Invalid conference type value.”"""
    meet_fails: bool = False
    """A request for Meet is taken, and ends in failure."""
    foreign_links: bool = False
    """Meet links point to another host."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Calendar id → reason: freeBusy answers 200 with an error for this calendar."""
    admin_blocked: list[str] = field(default_factory=list)
    """Accounts whose administrator does not allow the app."""
    delegation_delay: int = 0
    """Seconds until what the Admin console allows works; Google takes up to a day."""
    sync_tokens_dead: bool = False
    """Every sync token is too old."""
    page_size: int = 2500
    """How many events there are on a page at the most."""
    watch_refused: bool = False
    """No address may be told of changes: 401 “Unauthorized WebHook callback channel”."""
    watch_seconds: int = 604_800
    """How long a channel lives at the most."""
    pushes_lost: bool = False
    """Nobody is told of changes."""
    pushes_twice: bool = False
    """Everything is told twice."""
    pushes_late_seconds: float = 0.0
    """How long it takes until somebody is told."""
