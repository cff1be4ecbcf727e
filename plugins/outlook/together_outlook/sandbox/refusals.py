"""The bodies Microsoft refuses with: Graph's, and those of the token endpoint."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any


class ApiError(Exception):
    """An error of Graph, which its routes raise and the app writes down."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message

    def body(self, *, now: int, request_id: str = "") -> dict[str, Any]:
        request_id = request_id or str(uuid.uuid4())
        inner = {
            "date": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": request_id,
        }
        return {"error": {"code": self.code, "message": self.message, "innerError": inner}}


class OAuthError(Exception):
    """An error of the identity platform: what OAuth calls it, and Microsoft's own number."""

    def __init__(self, status: int, error: str, number: int, words: str) -> None:
        super().__init__(f"{error} {number}")
        self.status, self.error, self.number, self.words = status, error, number, words

    def description(self, *, now: int, trace: str, correlation: str) -> str:
        """Write the text that comes with an error, trace lines and all."""
        return (
            f"AADSTS{self.number}: {self.words} Trace ID: {trace}"
            f" Correlation ID: {correlation} Timestamp: {stamp(now)}"
        )

    def body(self, *, now: int) -> dict[str, Any]:
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        told = {
            "error": self.error,
            "error_description": self.description(now=now, trace=trace, correlation=correlation),
            "error_codes": [self.number],
            "timestamp": stamp(now),
            "trace_id": trace,
            "correlation_id": correlation,
        }
        # A captured answer to an unknown client has no such address.
        if self.number in NO_ADDRESS:
            return told
        return told | {"error_uri": f"https://login.microsoftonline.com/error?code={self.number}"}


NO_ADDRESS = (700038,)


def stamp(now: int) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def bad_token() -> ApiError:
    return ApiError(401, "InvalidAuthenticationToken", "Access token is empty or has expired.")


def access_denied() -> ApiError:
    words = "Access is denied. Check credentials and try again."
    return ApiError(403, "ErrorAccessDenied", words)


def by_policy() -> ApiError:
    words = (
        "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy"
        " settings."
    )
    return ApiError(403, "ErrorAccessDenied", words)


def insufficient_privileges() -> ApiError:
    words = "Insufficient privileges to complete the operation."
    return ApiError(403, "Authorization_RequestDenied", words)


def only_for_people() -> ApiError:
    words = "/me request is only valid with delegated authentication flow."
    return ApiError(400, "BadRequest", words)


def user_not_found(name: str) -> ApiError:
    return ApiError(404, "ErrorInvalidUser", f"The requested user '{name}' is invalid.")


def no_mailbox() -> ApiError:
    words = "REST API is not yet supported for this mailbox."
    return ApiError(404, "MailboxNotEnabledForRESTAPI", words)


def throttled(code: str) -> ApiError:
    words = {
        "ApplicationThrottled": "Application is over its MailboxConcurrency limit.",
        "TooManyRequests": "Too many requests.",
        "activityLimitReached": "The app or user has been throttled.",
    }[code]
    return ApiError(429, code, words)


def item_not_found() -> ApiError:
    words = "The specified object was not found in the store."
    return ApiError(404, "ErrorItemNotFound", words)


def malformed() -> ApiError:
    return ApiError(400, "BadRequest", "Unable to read JSON request payload.")


def too_large() -> ApiError:
    return ApiError(413, "RequestBodyTooLarge", "The request body is too large.")


def unavailable() -> ApiError:
    return ApiError(503, "serviceNotAvailable", "The service is not available. Try again later.")


def transient() -> OAuthError:
    """Give what the token endpoint says in an outage."""
    words = "A transient error has occurred. Please try again."
    return OAuthError(503, "temporarily_unavailable", 90033, words)


def missing_parameter(name: str) -> OAuthError:
    words = f"The request body must contain the following parameter: '{name}'."
    return OAuthError(400, "invalid_request", 900144, words)


def unknown_tenant(tenant: str) -> OAuthError:
    words = (
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are"
        " signing into the correct cloud."
    )
    return OAuthError(400, "invalid_request", 90002, words)


def unknown_client(client_id: str, tenant: str) -> OAuthError:
    """Refuse an app nobody registered.  What is no id at all has a number of its own."""
    try:
        uuid.UUID(client_id)
    except ValueError:
        words = f"'{client_id}' is not a valid application identifier."
        return OAuthError(400, "unauthorized_client", 700038, words)
    words = (
        f"Application with identifier '{client_id}' was not found in the directory '{tenant}'."
        " This can happen if the application has not been installed by the administrator of the"
        " tenant or consented to by any user in the tenant."
    )
    return OAuthError(400, "unauthorized_client", 700016, words)


def missing_secret() -> OAuthError:
    words = (
        "The request body must contain the following parameter: 'client_assertion' or"
        " 'client_secret'."
    )
    return OAuthError(401, "invalid_client", 7000218, words)


def wrong_secret(client_id: str) -> OAuthError:
    words = (
        "Invalid client secret provided. Ensure the secret being sent in the request is the"
        f" client secret value, not the client secret ID, for a secret added to app '{client_id}'."
    )
    return OAuthError(401, "invalid_client", 7000215, words)


def wrong_grant_type(asked: str) -> OAuthError:
    words = f"The app requested an unsupported grant type '{asked}'."
    return OAuthError(400, "unsupported_grant_type", 70003, words)


def unregistered_address(redirect_uri: str, client_id: str) -> OAuthError:
    words = (
        f"The redirect URI '{redirect_uri}' specified in the request does not match the redirect"
        f" URIs configured for the application '{client_id}'."
    )
    return OAuthError(400, "invalid_request", 50011, words)


def not_consented(client_id: str) -> OAuthError:
    """Refuse what nobody has said yes to; a silent authorization hears it by another name."""
    words = (
        "The user or administrator has not consented to use the application with ID"
        f" '{client_id}' named 'Together'. Send an interactive authorization request for this"
        " user and resource."
    )
    return OAuthError(400, "invalid_grant", 65001, words)


def expired_secret(client_id: str) -> OAuthError:
    words = (
        f"The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal"
        " to create new keys for your app, or consider using certificate credentials for added"
        " security."
    )
    return OAuthError(401, "invalid_client", 7000222, words)


def disabled(client_id: str) -> OAuthError:
    words = f"Application '{client_id}'(Together) is disabled."
    return OAuthError(400, "unauthorized_client", 7000112, words)


def no_default_scope(scope: str) -> OAuthError:
    words = (
        f"The provided value for scope {scope} is not valid. Client credential flows must have a"
        " scope value with /.default suffixed to the resource identifier (application ID URI)."
    )
    return OAuthError(400, "invalid_scope", 1002012, words)


def unknown_resource(resource: str, tenant: str) -> OAuthError:
    words = (
        f"The resource principal named {resource} was not found in the tenant named {tenant}. This"
        " can happen if the application has not been installed by the administrator of the tenant"
        " or consented to by any user in the tenant."
    )
    return OAuthError(400, "invalid_resource", 500011, words)


def no_tenant() -> OAuthError:
    """Refuse an app that does not say in which tenant.  The number is a guess."""
    words = (
        "No tenant-identifying information found in either the request or implied by any provided"
        " credentials."
    )
    return OAuthError(400, "invalid_request", 50059, words)


def admin_needed(domain: str) -> OAuthError:
    words = (
        f"An administrator of {domain} has set a policy that prevents you from granting"
        " permissions to Together on your behalf."
    )
    return OAuthError(400, "access_denied", 90094, words)


GRANTS = {
    9002313: "Invalid request. Request is malformed or invalid.",
    54005: (
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use"
        " an existing refresh token."
    ),
    70008: (
        "The provided authorization code or refresh token has expired due to inactivity. Send a"
        " new interactive authorization request for this user and resource."
    ),
    # Which number a wrong verifier has is not written down in anything at hand.
    501481: (
        "The Code_Verifier does not match the code_challenge supplied in the authorization request."
    ),
    50173: (
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The"
        " user might have changed or reset their password."
    ),
    700082: (
        "The refresh token has expired due to inactivity. The token was inactive for 90.00:00:00."
    ),
}
"""What is said of codes and refresh tokens that do not serve."""


def dead(number: int) -> OAuthError:
    """Refuse a code or a refresh token; to a client these are all one error."""
    return OAuthError(400, "invalid_grant", number, GRANTS[number])
