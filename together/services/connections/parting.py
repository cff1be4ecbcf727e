"""What a member is told of their consent at the service before they disconnect, in our words."""

from __future__ import annotations

from dataclasses import dataclass

from together.providers.parting import Ends
from together.providers.registry import Registry
from together.providers.values import Capability
from together.services.connections.integrations import Own
from together.store.models import Integration, IntegrationState

_HERE = " What is kept here of the calendar is deleted."
_HANDED_OVER = (
    _HERE + " Sessions ahead that stand in it are organized by Together from then on: their events "
    "are taken away there and from the calendars of their guests, everybody is invited by mail, "
    "and a video link that came with such an event ends."
)
_OUT_OF_REACH = (
    _HERE + " Sessions ahead that stand in it are organized by Together from then on, and "
    "everybody is invited by mail. Their events cannot be taken away, because the calendar cannot "
    "be written any more: delete them there yourself{or_else}."
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
        return Farewell(
            ends=Ends.NOTHING, note=_GONE + _OUT_OF_REACH.format(or_else=""), consents_url=None
        )
    parting = provider.parting
    return Farewell(
        ends=parting.ends,
        note=_NOTES[parting.ends].format(label=provider.label) + _of_sessions(own.integration),
        consents_url=parting.address(own.integration.account_id),
    )


def _of_sessions(integration: Integration) -> str:
    # One that rests meanwhile is tried: whether its consent still works is found out then.
    alive = integration.state in (IntegrationState.ACTIVE, IntegrationState.SUSPENDED)
    writes = Capability.EVENTS in Capability(integration.capabilities)
    if alive or not writes:
        return _HANDED_OVER
    return _OUT_OF_REACH.format(or_else=", or connect the same account again")
