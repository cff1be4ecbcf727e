"""How one consents at Google, as data: addresses, scopes, and what each refusal means."""

from __future__ import annotations

from collections.abc import Mapping

from together.providers.errors import (
    AdminApprovalRequired,
    AuthorizationExpired,
    ConsentDeclined,
    Misconfigured,
    ProviderError,
    ProviderUnavailable,
)
from together.providers.oauth import OAuth
from together.providers.parting import Ends, Parting
from together.providers.values import Capability, Secret

AUTH_URL = "https://accounts.google.com/o/oauth2/v2/auth"
TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address, not a secret
REVOKE_URL = "https://oauth2.googleapis.com/revoke"
USERINFO_URL = "https://openidconnect.googleapis.com/v1/userinfo"
API_URL = "https://www.googleapis.com/calendar/v3"

OPENID = "openid"
EMAIL = "https://www.googleapis.com/auth/userinfo.email"
FREE_BUSY = "https://www.googleapis.com/auth/calendar.freebusy"
CALENDAR_LIST = "https://www.googleapis.com/auth/calendar.calendarlist.readonly"
EVENTS = "https://www.googleapis.com/auth/calendar.events.owned"

IDENTITY_SCOPES = frozenset({OPENID, EMAIL})
"""Who it is: the account's lasting id, and the address its owner is shown."""

SCOPES: Mapping[Capability, frozenset[str]] = {
    Capability.FREE_BUSY: frozenset({FREE_BUSY, CALENDAR_LIST}),
    Capability.EVENTS: frozenset({EVENTS}),
}
"""Reading needs the list as well, for without it nobody can say which calendars count."""

REFUSALS: Mapping[str, type[ProviderError]] = {
    "access_denied": ConsentDeclined,
    "admin_policy_enforced": AdminApprovalRequired,
    # The project serves one organization only; another account of the person may be in it.
    "org_internal": AdminApprovalRequired,
    "invalid_grant": AuthorizationExpired,
    "invalid_client": Misconfigured,
    "deleted_client": Misconfigured,
    "unauthorized_client": Misconfigured,
    "disallowed_useragent": Misconfigured,
    "redirect_uri_mismatch": Misconfigured,
    "invalid_scope": Misconfigured,
    "invalid_request": Misconfigured,
    "server_error": ProviderUnavailable,
    "temporarily_unavailable": ProviderUnavailable,
}

PARTING = Parting(ends=Ends.ACCOUNT, consents_url="https://myaccount.google.com/connections")
"""Whichever of its tokens is revoked, Google ends all that the account has allowed this client."""


def google_oauth(settings: Mapping[str, str]) -> OAuth:
    """Ask for the least that is needed, and for a refresh token every time."""
    return OAuth(
        authorize_url=settings.get("AUTH_URL", AUTH_URL),
        token_url=settings.get("TOKEN_URL", TOKEN_URL),
        revoke_url=settings.get("REVOKE_URL", REVOKE_URL),
        client_id=settings["CLIENT_ID"],
        client_secret=Secret(settings["CLIENT_SECRET"]),
        scopes=SCOPES,
        identity_scopes=IDENTITY_SCOPES,
        # Without prompt=consent a second consent of the same account brings no refresh token.
        extra={"access_type": "offline", "prompt": "consent"},
        chooser={"prompt": "select_account consent"},
        refusals=REFUSALS,
    )
