"""What can be made to go wrong in the sandbox while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

THROTTLES = ("ApplicationThrottled", "TooManyRequests", "activityLimitReached")


@dataclass(slots=True)
class Switches:
    """Everything off: the sandbox behaves like Microsoft on a good day."""

    down: bool = False
    """Everything but the consent pages answers 503."""
    throttled: str = ""
    """One of `THROTTLES`: the API answers 429 with that code."""
    retry_after: str = "10"
    """The Retry-After header of throttled answers and outages; Graph sends one with each 429."""
    slow_seconds: float = 0.0
    """How long every answer waits first."""
    nonsense: bool = False
    """The API and the token endpoint answer 200 with a page of HTML."""
    odd_answers: bool = False
    """The API answers 200 with JSON of another shape."""
    lost_replies: int = 0
    """So many of the next writes are done, and answered 503 all the same."""
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
    per_minute: int = 1000
    """Calls of one mailbox in a minute, which is Graph's limit for ten of them, spread evenly."""
    at_once: int = 4
    """Calls of one mailbox at a time."""

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
