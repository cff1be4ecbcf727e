"""What each of Graph's error codes means, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from together.providers.errors import (
    AuthorizationExpired,
    Conflict,
    Gone,
    Misconfigured,
    NeedsTime,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    Refused,
)
from together.providers.http import retry_after, vendor_code


class NoMailbox(Refused):
    """The account has no mailbox that Graph reaches, or not for this call."""


class KeyUsed(Conflict):
    """An event was made with this key before."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One kind of refusal.  What is None matches anything."""

    status: int | None
    code: str | None
    kind: type[ProviderError]


SIGNS: tuple[Sign, ...] = (
    # Its status was seen as 400 and as 409; the documents name neither.
    Sign(None, "ErrorDuplicateTransactionId", KeyUsed),
    # No licence, a mailbox on the organization's own server, or a call that no personal one takes.
    Sign(None, "MailboxNotEnabledForRESTAPI", NoMailbox),
    Sign(None, "MailboxNotSupportedForRESTAPI", NoMailbox),
    Sign(404, "ResourceNotFound", NoMailbox),
    Sign(None, "ApplicationThrottled", RateLimited),
    Sign(None, "TooManyRequests", RateLimited),
    Sign(None, "activityLimitReached", RateLimited),
    Sign(429, None, RateLimited),
    Sign(None, "ErrorServerBusy", ProviderUnavailable),
    Sign(None, "ErrorMailboxMoveInProgress", ProviderUnavailable),
    Sign(None, "ErrorMailboxStoreUnavailable", ProviderUnavailable),
    Sign(None, "ErrorInternalServerTransientError", ProviderUnavailable),
    Sign(None, "ErrorTimeoutExpired", ProviderUnavailable),
    # The mailbox is full, for which Graph has the status 507 too.
    Sign(None, "ErrorQuotaExceeded", Refused),
    Sign(507, None, Refused),
    # An id that is none has never been one.
    Sign(400, "ErrorInvalidIdMalformed", Gone),
    Sign(400, "ErrorInvalidRecipients", Refused),
    # The window and the fields are ours to get right, so these are never the person's affair.
    Sign(400, "ErrorTimeIntervalTooBig", Misconfigured),
    Sign(400, "ErrorInvalidTimeInterval", Misconfigured),
    Sign(400, "ErrorInvalidMergedFreeBusyInterval", Misconfigured),
    Sign(400, "ErrorInvalidRequest", Misconfigured),
    Sign(400, "ErrorMailboxDataArrayTooBig", Misconfigured),
    # Any other 401 comes after a renewal that worked, so it is not the consent that is over.
    Sign(401, "InvalidAuthenticationToken", AuthorizationExpired),
    Sign(401, "unauthenticated", AuthorizationExpired),
    # A token without a scope is refused in these words too, but a consent that is over ends at the
    # token endpoint, and this is said of calendars that are somebody else's.
    Sign(403, "ErrorAccessDenied", Refused),
    Sign(403, "ErrorCalendarIsNotOrganizer", Refused),
    Sign(404, "ErrorItemNotFound", Gone),
    Sign(404, None, Gone),
    Sign(410, None, Gone),
    Sign(409, None, Conflict),
    Sign(412, None, Conflict),
    Sign(408, None, ProviderUnavailable),
)


def decipher(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """Tell Graph's refusals apart.  One that is not in the table is the operator's affair."""
    if 200 <= status < 300:
        return None
    code, request_id = vendor_code(body), headers.get("request-id")
    fitting = (
        sign.kind for sign in SIGNS if sign.status in (None, status) and sign.code in (None, code)
    )
    kind = next(fitting, ProviderUnavailable if status >= 500 else Misconfigured)
    if issubclass(kind, NeedsTime):
        wait = retry_after(headers)
        return kind(status=status, code=code, request_id=request_id, retry_after=wait)
    return kind(status=status, code=code, request_id=request_id)
