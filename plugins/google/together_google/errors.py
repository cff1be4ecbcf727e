"""What each of Google's error bodies means, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from together.providers.errors import (
    AdminApprovalRequired,
    AuthorizationExpired,
    Conflict,
    CursorExpired,
    Gone,
    Misconfigured,
    NeedsTime,
    NoCalendarService,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    Refused,
)
from together.providers.http import retry_after


class MeetRefused(Refused):
    """The calendar may not carry a Meet conference; the event itself is welcome."""


class ChannelTaken(Refused):
    """There is a channel with this id already."""


class NoCalendar(NoCalendarService):
    """The account has no Google Calendar at all."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One kind of refusal.  What is None matches anything."""

    status: int
    reason: str | None
    kind: type[ProviderError]
    message: str | None = None
    wait: timedelta | None = None


MEET_TYPE = "Invalid conference type value."
LONG = timedelta(hours=1)

SIGNS: tuple[Sign, ...] = (
    Sign(400, "invalid", MeetRefused, message=MEET_TYPE),
    Sign(400, "invalid", Refused),
    # The window and the fields are ours to get right, so these are never the person's affair.
    Sign(400, "timeRangeTooLong", Misconfigured),
    Sign(400, "timeRangeEmpty", Misconfigured),
    Sign(400, "required", Misconfigured),
    Sign(400, "parseError", Misconfigured),
    Sign(400, "channelIdNotUnique", ChannelTaken),
    Sign(400, "push.channelIdNotUnique", ChannelTaken),
    Sign(400, "pushNotSupportedForRequestedResource", Refused),
    # Where notifications are to go: the installation's own address, which no person can mend.
    Sign(400, "push.webhookUrlNotHttps", Misconfigured),
    Sign(400, "push.webhookUrlNoHostOrAddress", Misconfigured),
    Sign(400, "push.webhookUrlUnauthorized", Misconfigured),
    Sign(401, "push.webhookUrlUnauthorized", Misconfigured),
    Sign(401, None, AuthorizationExpired),
    Sign(403, "userRateLimitExceeded", RateLimited),
    Sign(403, "rateLimitExceeded", RateLimited),
    # A cap against abuse: hammering on it makes it last.
    Sign(403, "quotaExceeded", RateLimited, wait=LONG),
    Sign(403, "dailyLimitExceeded", RateLimited, wait=LONG),
    # Only what the consent bought is ever called, so the person has taken a part of it back.
    Sign(403, "insufficientPermissions", AuthorizationExpired),
    Sign(403, "notACalendarUser", NoCalendar),
    Sign(403, "domainPolicy", AdminApprovalRequired),
    Sign(403, "accessNotConfigured", Misconfigured),
    Sign(403, "forbiddenForServiceAccounts", Misconfigured),
    Sign(403, "forbiddenForNonOrganizer", Refused),
    Sign(403, "requiredAccessLevel", Refused),
    Sign(403, "forbidden", Refused),
    Sign(404, "notFound", Gone),
    Sign(404, None, Gone),
    Sign(409, "duplicate", Conflict),
    Sign(409, "conflict", Conflict),
    Sign(409, None, Conflict),
    Sign(410, "fullSyncRequired", CursorExpired),
    Sign(410, "updatedMinTooLongAgo", CursorExpired),
    Sign(410, "deleted", Gone),
    Sign(410, None, Gone),
    Sign(412, None, Conflict),
    Sign(429, None, RateLimited),
)


def decipher(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """Tell Google's refusals apart.  One that is not in the table is the operator's affair."""
    if status < 300:
        return None
    reason, message = _reason(body)
    if status >= 500:
        return ProviderUnavailable(status=status, code=reason, retry_after=retry_after(headers))
    for sign in SIGNS:
        if sign.status != status or sign.reason not in (None, reason):
            continue
        if sign.message not in (None, message):
            continue
        if issubclass(sign.kind, NeedsTime):
            wait = retry_after(headers) or sign.wait
            return sign.kind(status=status, code=reason, retry_after=wait)
        return sign.kind(status=status, code=reason)
    return Misconfigured(status=status, code=reason)


def _reason(body: Any) -> tuple[str | None, str | None]:
    """Read ``error.errors[0].reason`` and its message, where the body has that shape."""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return error, None
    found = error.get("errors") if isinstance(error, dict) else None
    first = found[0] if isinstance(found, list) and found else None
    if not isinstance(first, dict):
        return None, None
    reason, message = first.get("reason"), first.get("message")
    return (
        reason if isinstance(reason, str) else None,
        message if isinstance(message, str) else None,
    )
