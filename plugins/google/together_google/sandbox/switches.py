"""What can be made to go wrong in the sandbox while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

THROTTLES = ("userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded", "tooManyRequests")


@dataclass(slots=True)
class Switches:
    """Everything off: the sandbox behaves like Google on a good day."""

    down: bool = False
    """Everything but the consent pages answers 503."""
    throttled: str = ""
    """One of `THROTTLES`: the API answers 403 with that reason (``tooManyRequests``: 429)."""
    retry_after: str = ""
    """The Retry-After header of throttled answers and outages; Google documents none."""
    slow_seconds: float = 0.0
    """How long every answer waits first."""
    nonsense: bool = False
    """The API and the token endpoint answer 200 with a page of HTML."""
    odd_answers: bool = False
    """The API answers 200 with JSON of another shape."""
    lost_replies: int = 0
    """So many of the next writes are done, and answered 503 all the same."""
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
    per_minute: int = 600
    """Calls of one account in a minute, as in Google's usage limits."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def set(self, changes: Mapping[str, Any]) -> None:
        """Change some of the switches.  A name or a kind of value that does not fit is refused."""
        kinds = {known.name: type(getattr(self, known.name)) for known in fields(self)}
        for name, value in changes.items():
            if name not in kinds:
                raise ValueError(f"no switch is called {name!r}")
            wanted = (int, float) if kinds[name] is float else kinds[name]
            if not isinstance(value, wanted) or (isinstance(value, bool) != (wanted is bool)):
                raise ValueError(f"{name} takes a {kinds[name].__name__}")
        if changes.get("throttled", "") not in ("", *THROTTLES):
            raise ValueError(f"throttled is one of {', '.join(THROTTLES)}")
        for name, value in changes.items():
            setattr(self, name, value)
