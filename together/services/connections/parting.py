"""What a member is told of their consent at the service before they disconnect, in our words."""

from __future__ import annotations

from dataclasses import dataclass

from together.providers.parting import Ends
from together.providers.registry import Registry
from together.services.connections.integrations import Own

_HERE = (
    " What is kept here of the calendar is deleted. Sessions that were written to it stay there, "
    "and in the calendars of their guests: if one is cancelled, nobody is told there and it is not "
    "taken away until the same account is connected again."
)
_ELSEWHERE = (
    " While the same account is connected in another organization here, nothing is ended there."
)
_NOTES = {
    Ends.NOTHING: (
        "{label} cannot be told that a consent is over: yours stands there until you end it "
        "yourself."
    ),
    Ends.CONSENT: "The consent is ended at {label}." + _ELSEWHERE,
    Ends.ACCOUNT: (
        "{label} ends everything that this account has allowed Together, and not this connection "
        "alone." + _ELSEWHERE
    ),
}
_GONE = (
    "The service is not offered here any more, so it cannot be told that the consent is over: end "
    "it yourself, in the settings of your account."
)


@dataclass(frozen=True, slots=True)
class Farewell:
    """What disconnecting ends at the service, and where the rest can be ended."""

    ends: Ends
    note: str
    consents_url: str | None
    """None where the service is not offered here any more."""


def farewell(own: Own, *, registry: Registry) -> Farewell:
    """Say it of the account that is connected, whether its consent works or not."""
    provider = registry.calendars.get(own.integration.provider)
    if provider is None or not own.available:
        return Farewell(ends=Ends.NOTHING, note=_GONE + _HERE, consents_url=None)
    parting = provider.parting
    return Farewell(
        ends=parting.ends,
        note=_NOTES[parting.ends].format(label=provider.label) + _HERE,
        consents_url=parting.address(own.integration.account_id),
    )
