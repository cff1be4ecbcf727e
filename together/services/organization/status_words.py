"""Why somebody is not integrated, in plain words for whoever looks after integrations.

What is told is whose turn it is; never which calendars somebody has, nor the account they use.
"""

from __future__ import annotations

from together.domain.integration import Standing
from together.providers.errors import (
    AdminApprovalRequired,
    AuthorizationExpired,
    MailboxRestricted,
    NoCalendarService,
)
from together.services.connections.offering import Offer
from together.services.organization.owner_letters import PLACE
from together.store.models import IntegrationSource, IntegrationState, MemberStatus

NOT_CONNECTED = "They have not connected a calendar."
NOTHING_OFFERED = "They have not connected a calendar, and are offered none to connect."
NOT_AMONG_THEM = (
    "They are being connected, or their address is in none of the organization's domains."
)
NO_MAILBOX_THERE = "The organization's calendar service has no mailbox with their address."
NO_MAILBOX = {
    NoCalendarService.__name__: "Their account at the organization's calendar service has no "
    "calendar.",
    MailboxRestricted.__name__: "A policy at the organization's calendar service keeps Together "
    "from their mailbox.",
}
FAILING = f"The organization's connection to its calendars does not work. See {PLACE}."
RECONNECT = {
    AuthorizationExpired.__name__: "Access to their calendar has ended: they took it back, changed "
    "their password, or the rules of their account have changed. They are asked to connect it "
    "again.",
    AdminApprovalRequired.__name__: "The organization of the account they connected must approve "
    "Together before its calendar can be read.",
}
ANY_RECONNECT = "Their calendar service asks them to sign in again. They are asked to do that."
BEING_SET_UP = "Their calendar is being looked for. There is nothing to do."
NOT_ALLOWED = "They did not allow Together to read when they are busy."
NONE_COUNTS = "They have no calendar there that counts as busy."
UNREAD_FOR_A_DAY = "Not all that counts of their calendar could be read for a day."
UNREADABLE_NOW = "Not all that counts of their calendar can be read right now."


def reason(row: MemberStatus, standing: Standing, offer: Offer) -> str | None:
    """Say it; None of whoever is integrated."""
    if standing is Standing.INTEGRATED:
        return None
    if standing is Standing.UNREADABLE_NOW:
        return UNREADABLE_NOW
    told = row.reason or ""
    match row.state:
        case IntegrationState.ACTIVE:
            return _of_one_that_stands(row)
        case IntegrationState.NO_MAILBOX:
            return NO_MAILBOX.get(told, NO_MAILBOX_THERE)
        case IntegrationState.FAILING:
            return FAILING
        case IntegrationState.NEEDS_RECONNECT:
            return RECONNECT.get(told, ANY_RECONNECT)
    if offer.connected_with is not None:
        return NOT_AMONG_THEM
    return NOTHING_OFFERED if offer.managed else NOT_CONNECTED


def _of_one_that_stands(row: MemberStatus) -> str:
    if row.source == IntegrationSource.ORGANIZATION and not row.listed:
        return BEING_SET_UP
    if not row.can_read:
        return NOT_ALLOWED
    return UNREAD_FOR_A_DAY if row.counting else NONE_COUNTS
