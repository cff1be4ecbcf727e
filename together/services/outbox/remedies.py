"""Who has to act before work that is parked, or a sync that fails, can go on: in words."""

from __future__ import annotations

from collections.abc import Iterator

from together.providers.errors import (
    Gone,
    Misconfigured,
    NeedsAdministrator,
    NeedsPerson,
    NeedsTime,
    NoMailbox,
    ProviderError,
    Refused,
)
from together.services.outbox.postbox import AddressRefused
from together.services.outbox.targets import Disconnected, LinkMissing, SessionOver

_REMEDIES: tuple[tuple[type[ProviderError], str], ...] = (
    (NeedsAdministrator, "an administrator of the organization repairs its integration"),
    (NeedsPerson, "the member connects the same account again"),
    (Disconnected, "the member connects the same account again"),
    (SessionOver, "nobody has to do anything, the session is over"),
    (AddressRefused, "the organization corrects the member's address, then retry"),
    (LinkMissing, "the people agree on another way to meet, or retry"),
    (NoMailbox, "the organization gives the member a mailbox with a calendar, then retry"),
    (Gone, "somebody took it away at the service; retry if it was a mistake"),
    (Refused, "the service refuses it; retry if you know why, and that it was mended"),
    (Misconfigured, "the operator corrects the settings (`together doctor`); it is tried again"),
    (NeedsTime, "nobody has to do anything, it is tried again; where it was given up, retry"),
)
"""The first of these that a reason is a kind of says the remedy."""

UNKNOWN = "the operator looks for the job's number in the log, then retry"


def remedy_of(reason: str | None) -> str:
    """Say who must act, for the name of an error as a row keeps it."""
    for kind in _kinds(ProviderError):
        if kind.__name__ == reason:
            return next((words for each, words in _REMEDIES if issubclass(kind, each)), UNKNOWN)
    return UNKNOWN


def _kinds(kind: type[ProviderError]) -> Iterator[type[ProviderError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _kinds(each)
