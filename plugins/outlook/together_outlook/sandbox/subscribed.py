"""What the sandbox remembers of changes: the latest one of each event, and who asked to be told."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("created", "updated", "deleted")


@dataclass(slots=True)
class Change:
    """The latest change of an event in one calendar."""

    number: int
    """Of all changes in this sandbox, one after the other."""
    kind: str


@dataclass(slots=True)
class Subscription:
    """Who is to be told of a calendar's changes, and where."""

    owner: str
    """The address of whoever consented, or the tenant where it is the app itself."""
    calendar: str
    resource: str
    """As it was asked for."""
    change_type: str
    notification_url: str
    lifecycle_url: str
    client_state: str
    expires_at: int
    told: int
    """Number of the latest change that was told."""
