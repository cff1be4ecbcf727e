"""The states and kinds that rows are in, as they are stored and told."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a member may do beside their own sessions."""

    PARTICIPANT = "PARTICIPANT"
    PROGRAM_ADMIN = "PROGRAM_ADMIN"
    """Looks after the programs that name them, and sees the status of their members."""
    IT_ADMIN = "IT_ADMIN"
    ORG_ADMIN = "ORG_ADMIN"


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
    CONSENTED = "CONSENTED"
    """An administrator came back with a consent, and now proves whose administrator they are."""
    RETURNED = "RETURNED"
    ENDED = "ENDED"


class BookingState(StrEnum):
    CONFIRMED = "CONFIRMED"
    CONFLICT = "CONFLICT"
    """It was moved in a calendar onto another session of one of its people: it stands, and its
    seats are not live until one of the two gives way."""
    CANCELLED = "CANCELLED"


STANDING = (BookingState.CONFIRMED, BookingState.CONFLICT)
"""The states of a session that takes place, as far as anybody knows."""


class JobKind(StrEnum):
    """What the worker has to bring to a calendar or a mailbox."""

    WRITE_EVENT = "WRITE_EVENT"
    POLL_MEETING = "POLL_MEETING"
    REVISE_EVENT = "REVISE_EVENT"
    """Brings events that are written in line with their session: a link that came later, a move."""
    WRITE_MEETING = "WRITE_MEETING"
    CANCEL_MEETING = "CANCEL_MEETING"
    """A session's meeting at the organization's video service."""
    LEAVE_MEETING = "LEAVE_MEETING"
    """Takes away what a session has at a video service that was left: its `LeftMeeting`s."""
    CANCEL_EVENT = "CANCEL_EVENT"
    LOOK_AT_EVENT = "LOOK_AT_EVENT"
    """Reads an event again, of which a reading could not be told from what was being written."""
    SETTLE_CONFLICT = "SETTLE_CONFLICT"
    """Lets a disputed session have its time, if nothing else takes it any more."""
    WITHDRAW_EVENT = "WITHDRAW_EVENT"
    """Takes away what a session left in a calendar that is gone: a `LeftEvent`."""
    HAND_OVER = "HAND_OVER"
    """Makes Together the organizer of what an organization's connections left behind."""
    REVOKE_GRANT = "REVOKE_GRANT"
    REMIND_RECONNECT = "REMIND_RECONNECT"
    TELL_HOLDER = "TELL_HOLDER"
    TELL_MATCHED = "TELL_MATCHED"
    """These three are mails: `services.outbox.mail` says who words them when they are sent."""
    TELL_FAILING = "TELL_FAILING"
    TELL_HEALTHY = "TELL_HEALTHY"
    """And these two, to the owner of an organization's integration."""
    TELL_VIDEO_FAILING = "TELL_VIDEO_FAILING"
    TELL_VIDEO_HEALTHY = "TELL_VIDEO_HEALTHY"
    """The same, about the organization's video service."""
    INVITE = "INVITE"
    """A mail, too: brings a mailbox in line with how its session stands."""
    REMIND_DAY = "REMIND_DAY"
    REMIND_HOUR = "REMIND_HOUR"
    """Mails that remind somebody of a session, a day and an hour ahead."""
    ARRANGE_MEMBERS = "ARRANGE_MEMBERS"
    """Brings everybody in line with how their organization connects calendars."""
    SPREAD_LETTERS = "SPREAD_LETTERS"
    """Writes the mails of a `BulkLetter`, some at a time."""
    ASK_TO_CONNECT = "ASK_TO_CONNECT"
    """One of those mails."""
    TELL_LISTENER = "TELL_LISTENER"
    """Tells one listener of a plugin of one line of a session's history."""


class VideoChoice(StrEnum):
    """Where an organization's sessions get their links from, where nobody says otherwise."""

    CALENDAR = "CALENDAR"
    """From the booker's calendar, with its event."""
    PROVIDER = "PROVIDER"
    """From a service of the organization's, whoever books."""
    NONE = "NONE"
    """From nowhere: no link is added by itself."""


class JobState(StrEnum):
    WAITING = "WAITING"
    DONE = "DONE"
    PARKED = "PARKED"
    """Trying again cannot help until somebody acts."""
