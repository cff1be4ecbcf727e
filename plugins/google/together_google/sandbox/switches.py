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
