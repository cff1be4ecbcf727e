"""The states and kinds that rows are in, as they are stored and told."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a member may do beside their own sessions."""

    PARTICIPANT = "PARTICIPANT"
    ORG_ADMIN = "ORG_ADMIN"
    IT_ADMIN = "IT_ADMIN"


class MatchState(StrEnum):
    ACTIVE = "ACTIVE"
    ENDED = "ENDED"


class IntegrationState(StrEnum):
    """Product terms; `together.domain.integration` says what each one means for the table."""

    ACTIVE = "ACTIVE"
    NO_MAILBOX = "NO_MAILBOX"
    FAILING = "FAILING"
    NEEDS_RECONNECT = "NEEDS_RECONNECT"
    SUSPENDED = "SUSPENDED"


class IntegrationSource(StrEnum):
    """Whose consent a connection rests on."""

    INDIVIDUAL = "INDIVIDUAL"
    ORGANIZATION = "ORGANIZATION"


class ConnectionMethod(StrEnum):
    """How the calendars of an organization are connected."""

    INDIVIDUAL = "INDIVIDUAL"
    DOMAIN_WIDE = "DOMAIN_WIDE"


class DelegationState(StrEnum):
    """How far the integration of an organization has come."""

    OFF = "OFF"
    SETTING_UP = "SETTING_UP"
    VERIFIED = "VERIFIED"
    """It worked on one real mailbox, and waits to be activated."""
    ACTIVE = "ACTIVE"
    FAILING = "FAILING"
    """It is active, and nothing can be read until an administrator acts."""


class AttemptState(StrEnum):
    """How far a consent has come; every step is taken by one conditional UPDATE."""

    STARTED = "STARTED"
    RETURNED = "RETURNED"
    ENDED = "ENDED"


class BookingState(StrEnum):
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


class JobKind(StrEnum):
    """What the worker has to bring to a calendar or a mailbox."""

    WRITE_EVENT = "WRITE_EVENT"
    POLL_MEETING = "POLL_MEETING"
    CANCEL_EVENT = "CANCEL_EVENT"
    REVOKE_GRANT = "REVOKE_GRANT"
    REMIND_RECONNECT = "REMIND_RECONNECT"
    TELL_HOLDER = "TELL_HOLDER"
    TELL_MATCHED = "TELL_MATCHED"
    """These three are mails: `together.services.mail` says who words them when they are sent."""
    TELL_FAILING = "TELL_FAILING"
    TELL_HEALTHY = "TELL_HEALTHY"
    """And these two, to the owner of an organization's integration."""
    ARRANGE_MEMBERS = "ARRANGE_MEMBERS"
    """Brings everybody in line with how their organization connects calendars."""


class JobState(StrEnum):
    WAITING = "WAITING"
    DONE = "DONE"
    PARKED = "PARKED"
    """Trying again cannot help until somebody acts."""
