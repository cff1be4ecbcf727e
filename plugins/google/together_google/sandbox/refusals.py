"""The bodies Google refuses with, as the vendor's pages print them."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An error of the Calendar API, which its routes raise and the app writes down."""

    def __init__(  # one argument per field of Google's body
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        location: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status, self.reason, self.message = status, reason, message
        self.domain, self.location = domain, location

    def body(self) -> dict[str, Any]:
        line = {"domain": self.domain, "reason": self.reason, "message": self.message}
        if self.location is not None:
            line |= {"locationType": self.location[0], "location": self.location[1]}
        return {"error": {"errors": [line], "code": self.status, "message": self.message}}


class OAuthError(Exception):
    """An error of the token, revocation or userinfo endpoint."""

    def __init__(self, status: int, error: str, description: str = "") -> None:
        super().__init__(error)
        self.status, self.error, self.description = status, error, description

    def body(self) -> dict[str, Any]:
        words = {"error_description": self.description} if self.description else {}
        return {"error": self.error, **words}


def bad_credentials() -> ApiError:
    where = ("header", "Authorization")
    return ApiError(401, "authError", "Invalid Credentials", location=where)


def missing_credentials() -> ApiError:
    where = ("header", "Authorization")
    return ApiError(401, "required", "Login Required", location=where)


def missing_scope() -> ApiError:
    return ApiError(403, "insufficientPermissions", "Insufficient Permission")


def throttled(reason: str) -> ApiError:
    if reason == "tooManyRequests":
        words = "Rate Limit Exceeded"
        return ApiError(429, "rateLimitExceeded", words, domain="usageLimits")
    words = {
        "userRateLimitExceeded": "User Rate Limit Exceeded",
        "rateLimitExceeded": "Rate Limit Exceeded",
        "quotaExceeded": "Calendar usage limits exceeded.",
    }[reason]
    return ApiError(403, reason, words, domain="usageLimits")


def no_calendar() -> ApiError:
    words = "The user must be signed up for Google Calendar."
    return ApiError(403, "notACalendarUser", words, domain="calendar")


def access_needed(role: str) -> ApiError:
    words = f"You need to have {role} access to this calendar."
    return ApiError(403, "requiredAccessLevel", words, domain="calendar")


def not_found() -> ApiError:
    return ApiError(404, "notFound", "Not Found")


def deleted() -> ApiError:
    return ApiError(410, "deleted", "Resource has been deleted")


def duplicate() -> ApiError:
    return ApiError(409, "duplicate", "The requested identifier already exists.")


def changed_meanwhile() -> ApiError:
    where = ("header", "If-Match")
    return ApiError(412, "conditionNotMet", "Precondition Failed", location=where)


def full_sync() -> ApiError:
    words = "Sync token is no longer valid, a full sync is required."
    where = ("parameter", "syncToken")
    return ApiError(410, "fullSyncRequired", words, domain="calendar", location=where)


def unreadable_token(name: str) -> ApiError:
    words = {"syncToken": "Invalid sync token value.", "pageToken": "Invalid page token value."}
    return ApiError(400, "invalid", words[name], location=("parameter", name))


def restricted_sync() -> ApiError:
    words = "Sync token cannot be used with other query restrictions."
    where = ("parameter", "syncToken")
    return ApiError(400, "invalid", words, location=where)


def unselectable() -> ApiError:
    where = ("parameter", "fields")
    return ApiError(400, "invalidParameter", "Invalid field selection", location=where)


def channel_taken() -> ApiError:
    return ApiError(400, "channelIdNotUnique", "Channel id not unique")


def no_push_here() -> ApiError:
    words = "Push notifications are not supported by this resource."
    return ApiError(400, "pushNotSupportedForRequestedResource", words, domain="calendar")


def not_https() -> ApiError:
    return ApiError(400, "push.webhookUrlNotHttps", "WebHook callback must be HTTPS.")


def not_verified() -> ApiError:
    words = "Unauthorized WebHook callback channel."
    return ApiError(401, "push.webhookUrlUnauthorized", words)


def empty_range() -> ApiError:
    words = "The specified time range is empty."
    where = ("parameter", "timeMax")
    return ApiError(400, "timeRangeEmpty", words, domain="calendar", location=where)


def long_range() -> ApiError:
    words = "The requested time range is too long."
    where = ("parameter", "timeMax")
    return ApiError(400, "timeRangeTooLong", words, domain="calendar", location=where)


def not_the_organizer() -> ApiError:
    words = "Shared properties can only be changed by the organizer of the event."
    return ApiError(403, "forbiddenForNonOrganizer", words, domain="calendar")


def meet_refused() -> ApiError:
    return ApiError(400, "invalid", "Invalid conference type value.")


def invalid(message: str) -> ApiError:
    return ApiError(400, "invalid", message)


def required(message: str) -> ApiError:
    return ApiError(400, "required", message)


def malformed() -> ApiError:
    return ApiError(400, "parseError", "Parse Error")


def too_large() -> ApiError:
    return ApiError(413, "uploadTooLarge", "Request is too large.")


def backend() -> ApiError:
    return ApiError(503, "backendError", "Backend Error")
