"""What a provider may raise, sorted by who can do something about it.

* ProviderError
  x NeedsPerson: trying again cannot help; somebody gets a To-Do
    + AuthorizationExpired
    + ConsentDeclined
    + AdminApprovalRequired
  x Misconfigured: whoever runs this installation must act; the person cannot
  x NeedsTime: nobody has to act; the same call may work later
    + RateLimited
    + ProviderUnavailable
  x Refused: this call is wrong for this calendar, now and later
    + Gone
    + Conflict

The text of an error is ours and fixed: what a service said can hold a token, an address or a
title, so of its reply only the status, the service's own short code and its request id are kept,
each in a field of its own.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import ClassVar

_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")


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


class AdminApprovalRequired(NeedsPerson):
    """The person may not consent alone; the administrator of their organization must."""

    words = "An administrator of the account's organization must approve this first."


class Misconfigured(ProviderError):  # noqa: N818  (named for the remedy)
    """Our own client is wrong there: a bad secret, an API switched off, an unreadable answer."""

    words = "The connection to the service is not set up correctly."


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


def _short(code: str | None) -> str | None:
    """Keep a machine's code; drop anything that could be a sentence or a secret."""
    return code if code is not None and _CODE.match(code) else None
