"""What a provider may raise, sorted by who can do something about it.

* ProviderError
  x NeedsPerson: trying again cannot help; somebody gets a To-Do
    + AuthorizationExpired
    + ConsentDeclined
      - WrongTenant: an administrator proved another organization than they consented for
    + AdminApprovalRequired
    + NeedsAdministrator: the organization's consent does not work; no member can help
      - NotDelegated
      - ScopesMissing
      - KeyRefused
      - PolicyRefused
  x Misconfigured: whoever runs this installation must act; the person cannot
    + ClockWrong
  x NeedsTime: nobody has to act; the same call may work later
    + RateLimited
    + ProviderUnavailable
  x Refused: this call is wrong for this calendar, now and later
    + Gone
    + Conflict
    + CursorExpired
    + NoMailbox: the organization's consent does not reach this one member
      - NoCalendarService
      - MailboxRestricted

The text of an error is ours and fixed: what a service said can hold a token, an address or a
title, so of its reply only the status, the service's own short code and its request id are kept,
each in a field of its own.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import ClassVar

from together.providers.values import Capability

_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")


class BadSetting(ValueError):  # noqa: N818  (told to the operator as it is)
    """A plugin's setting that cannot be used.  Its text names the setting and repeats no secret."""


class ProviderError(Exception):
    """The calendar or video service did not do what it was asked."""

    words: ClassVar[str] = "The service did not do what it was asked."

    def __init__(
        self, *, status: int | None = None, code: str | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(self.words)
        self.status = status
        self.code = _short(code)
        self.request_id = _short(request_id)


class NeedsPerson(ProviderError):  # noqa: N818  (named for the remedy)
    """Trying again cannot help until somebody acts."""

    words = "Somebody has to act before this can work."


class AuthorizationExpired(NeedsPerson):
    """The consent no longer works: it was revoked, or its refresh token died."""

    words = "The consent no longer works."


class ConsentDeclined(NeedsPerson):
    """The person said no, or left a permission unticked."""

    words = "The consent was declined."


class WrongTenant(ConsentDeclined):
    """An administrator consented for one organization, and signed in to another."""

    words = "The sign-in was to another organization than the consent was for."


class AdminApprovalRequired(NeedsPerson):
    """The person may not consent alone; the administrator of their organization must."""

    words = "An administrator of the account's organization must approve this first."


class NeedsAdministrator(NeedsPerson):
    """The organization's consent does not work until one of its administrators acts."""

    words = "An administrator of the organization must act before its calendars can be reached."


class NotDelegated(NeedsAdministrator):
    """The organization has not given access, has taken it back, or it does not work yet.

    A service says the same of a mailbox outside of the organization.  So where one member's
    mailbox is refused in this way, whether the organization's consent still works is asked with
    the mailbox that it was verified with.
    """

    words = "Access was not given to the mailbox's organization, or it does not work yet."


class ScopesMissing(NeedsAdministrator):
    """The organization gave access to less than what is needed."""

    words = "Access was given without some of the permissions that are needed."

    def __init__(
        self,
        *,
        missing: frozenset[str],
        capabilities: Capability = Capability(0),  # noqa: B008  (a flag does not change)
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(status=status, code=code, request_id=request_id)
        self.missing = missing
        """What is to be added, in the names that `Delegation.steps` shows."""
        self.capabilities = capabilities
        """What works already."""


class KeyRefused(NeedsAdministrator):
    """The key was deleted or switched off, or is not the account's; another must be uploaded."""

    words = "The key does not work any more: it was deleted or switched off."


class PolicyRefused(NeedsAdministrator):
    """Access was given, and a rule of the organization keeps it from working."""

    words = "A policy of the organization does not let this application in."


class Misconfigured(ProviderError):  # noqa: N818  (named for the remedy)
    """Our own client is wrong there: a bad secret, an API switched off, an unreadable answer."""

    words = "The connection to the service is not set up correctly."


class ClockWrong(Misconfigured):
    """The service takes what we signed for too old or too new."""

    words = "The clock of this installation differs from the service's."


class NeedsTime(ProviderError):  # noqa: N818  (named for the remedy)
    """Nobody has to act; the same call may work after `retry_after`."""

    words = "The service cannot answer right now."

    def __init__(
        self,
        *,
        retry_after: timedelta | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(status=status, code=code, request_id=request_id)
        self.retry_after = retry_after


class RateLimited(NeedsTime):
    """The service asked us to slow down."""

    words = "The service asked us to slow down."


class ProviderUnavailable(NeedsTime):
    """The service could not be reached, or failed on its own side."""

    words = "The service could not be reached, or failed on its own side."


class Refused(ProviderError):  # noqa: N818  (named for the remedy)
    """The service understood the call and will never do it."""

    words = "The service refuses this call."


class Gone(Refused):
    """The calendar or the event is not there any more."""

    words = "It is not there any more."


class Conflict(Refused):
    """The event changed since we read it, or its id is taken by another."""

    words = "It was changed by somebody else."


class CursorExpired(Refused):
    """The changes since this cursor cannot be told any more; ask anew, without one."""

    words = "The service no longer knows what has changed since then."


class NoMailbox(Refused):
    """There is no such mailbox where the organization gave access.  This member is affected."""

    words = "The organization has no such mailbox."


class NoCalendarService(NoMailbox):
    """The account is there, and has no calendar: no licence, or the service is off for it."""

    words = "The account has no calendar."


class MailboxRestricted(NoMailbox):
    """A policy of the organization keeps us from this mailbox, and not from others."""

    words = "A policy of the organization does not let this application into the mailbox."


class UnusableKey(Exception):  # noqa: N818  (named for what is wrong)
    """An uploaded key cannot be used.  Its text is ours, for the administrator to read."""

    def __init__(self, words: str, *, field: str | None = None) -> None:
        super().__init__(words)
        self.words = words
        self.field = field
        """Which field of the file is wrong; None where it is the file."""


def _short(code: str | None) -> str | None:
    """Keep a machine's code; drop anything that could be a sentence or a secret."""
    return code if code is not None and _CODE.match(code) else None
