"""What each of Graph's error codes means, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from together.providers.errors import (
    AuthorizationExpired,
    Conflict,
    CursorExpired,
    Gone,
    MailboxRestricted,
    Misconfigured,
    NeedsTime,
    NoCalendarService,
    NoMailbox,
    NotDelegated,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    Refused,
)
from together.providers.http import retry_after, vendor_code


class NoCalendar(NoCalendarService):
    """The account has no mailbox that Graph reaches, or not for this call."""


class AccessDenied(NotDelegated):
    """An organization's consent does not reach this mailbox, or does not allow this call at all.

    Graph says both in the same words, so that another mailbox must tell whether it still works.
    """


class KeyUsed(Conflict):
    """An event was made with this key before."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One kind of refusal.  What is None matches anything."""

    status: int | None
    code: str | None
    kind: type[ProviderError]


SIGNS: tuple[Sign, ...] = (
    # What a delta query goes on from is not remembered any more, whatever the status.
    Sign(None, "SyncStateNotFound", CursorExpired),
    Sign(None, "syncStateNotFound", CursorExpired),
    Sign(None, "SyncStateInvalid", CursorExpired),
    Sign(None, "resyncRequired", CursorExpired),
    # Its status was seen as 400 and as 409; the documents name neither.
    Sign(None, "ErrorDuplicateTransactionId", KeyUsed),
    # No licence, a mailbox on the organization's own server, or a call that no personal one takes.
    Sign(None, "MailboxNotEnabledForRESTAPI", NoCalendar),
    Sign(None, "MailboxNotSupportedForRESTAPI", NoCalendar),
    Sign(404, "ResourceNotFound", NoCalendar),
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


NOBODY = frozenset({"ErrorInvalidUser", "Request_ResourceNotFound", "ResourceNotFound"})
"""Said of a mailbox in a path, where the tenant has no such user."""
POLICY = ("[RAOP]", "AppOnly AccessPolicy")
"""In Exchange's words where an application access policy shuts out a mailbox; one code serves for
that and for a permission that is missing."""


def delegated_decipher(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """Read Graph's refusals of a call under an organization's consent: no member can mend any."""
    error = decipher(status, headers, body)
    if error is None:
        return None
    kind: type[ProviderError] | None = None
    if isinstance(error, AuthorizationExpired):
        # A token was just made for exactly this call.
        kind = Misconfigured
    elif error.code in NOBODY and status in (400, 404):
        kind = NoMailbox
    elif error.code == "ErrorAccessDenied" and status == 403:
        kind = MailboxRestricted if _by_policy(body) else AccessDenied
    if kind is None:
        return error
    return kind(status=error.status, code=error.code, request_id=error.request_id)


def _by_policy(body: Any) -> bool:
    """Look for the policy's name in a message, of which nothing is kept."""
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return isinstance(message, str) and any(sign in message for sign in POLICY)
