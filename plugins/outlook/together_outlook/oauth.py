"""How one consents at Microsoft, as data: addresses, scopes, and what each refusal means."""

from __future__ import annotations

import re
from collections.abc import Mapping

from together.providers.errors import (
    AdminApprovalRequired,
    AuthorizationExpired,
    ConsentDeclined,
    Misconfigured,
    ProviderError,
    ProviderUnavailable,
)
from together.providers.http import BadAddress, origin
from together.providers.oauth import OAuth
from together.providers.parting import Ends, Parting
from together.providers.values import Capability, Secret
from together_outlook.identity import CONSUMERS

LOGIN_URL = "https://login.microsoftonline.com"
API_URL = "https://graph.microsoft.com/v1.0"
CONSENTS_URL = "https://myapps.microsoft.com"
PERSONAL_CONSENTS_URL = "https://account.live.com/consent/Manage"
TENANT = "common"

READ = "Calendars.Read"
WRITE = "Calendars.ReadWrite"

IDENTITY_SCOPES = frozenset({"openid", "profile", "email", "offline_access", "User.Read"})
"""Who it is, and a refresh token, which comes with `offline_access` alone."""

# Calendars.ReadBasic would do for reading, and is less; but Microsoft marks it as one that an
# administrator must consent to, so a person alone could not connect anything with it.
SCOPES: Mapping[Capability, frozenset[str]] = {
    Capability.FREE_BUSY: frozenset({READ}),
    Capability.EVENTS: frozenset({WRITE}),
}

REFUSALS: Mapping[str, type[ProviderError]] = {
    "access_denied": ConsentDeclined,
    # Of a refresh token, by whatever number: too long unused, a new password, another policy.
    "invalid_grant": AuthorizationExpired,
    "invalid_client": Misconfigured,
    "unauthorized_client": Misconfigured,
    "invalid_resource": Misconfigured,
    "invalid_scope": Misconfigured,
    "invalid_request": Misconfigured,
    "unsupported_grant_type": Misconfigured,
    "unsupported_response_type": Misconfigured,
    "server_error": ProviderUnavailable,
    "temporarily_unavailable": ProviderUnavailable,
}

DESCRIBED: Mapping[str, type[ProviderError]] = {
    "AADSTS65004": ConsentDeclined,
    "AADSTS90094": AdminApprovalRequired,
    "AADSTS90095": AdminApprovalRequired,
}
"""Microsoft says `access_denied` for “no” and for “ask your administrator”; its number tells."""

DESCRIBED_AT_CONSENT: Mapping[str, type[ProviderError]] = {"AADSTS65001": AdminApprovalRequired}
"""Nobody has consented yet.  Of a grant that worked it says that somebody took it back."""

DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+\Z")
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def outlook_oauth(settings: Mapping[str, str], *, api_url: str) -> OAuth:
    """Ask for the least that a person can consent to alone, and for a refresh token."""
    tenant = tenant_named(settings.get("TENANT", TENANT))
    base = f"{settings.get('LOGIN_URL', LOGIN_URL).rstrip('/')}/{tenant}/oauth2/v2.0"
    return OAuth(
        authorize_url=base + "/authorize",
        token_url=base + "/token",
        # Microsoft can be told of no grant that is over; its owner ends it at Microsoft.
        revoke_url=None,
        client_id=settings["CLIENT_ID"],
        client_secret=Secret(settings["CLIENT_SECRET"]),
        scopes=SCOPES,
        identity_scopes=IDENTITY_SCOPES,
        # One value and no more: a second one is an error of the page.
        chooser={"prompt": "select_account"},
        refusals=REFUSALS,
        described=DESCRIBED,
        described_at_consent=DESCRIBED_AT_CONSENT,
        heard=_heard(origin(api_url)),
    )


def outlook_parting(settings: Mapping[str, str]) -> Parting:
    """Say where people end a consent, which is another page for personal accounts."""
    return Parting(
        ends=Ends.NOTHING,
        consents_url=settings.get("CONSENTS_URL", CONSENTS_URL),
        consents_urls={f"{CONSUMERS}:": PERSONAL_CONSENTS_URL},
    )


def _heard(graph: str) -> Mapping[str, frozenset[str]]:
    """Say what each name means that comes back: short or whole, and in any case."""
    asked = IDENTITY_SCOPES.union(*SCOPES.values())
    means = {scope: frozenset({scope}) for scope in asked} | {WRITE: frozenset({READ, WRITE})}
    prefixes = ("", f"{graph}/", "https://graph.microsoft.com/")
    return {
        (prefix + scope).casefold(): them for prefix in prefixes for scope, them in means.items()
    }


def tenant_named(name: str) -> str:
    """Check whose accounts may sign in: everybody's, or one tenant's, by its id or domain."""
    tenant = name.casefold()
    if tenant in ("common", "organizations", "consumers") or GUID.match(tenant):
        return tenant
    if DOMAIN.match(tenant) and len(tenant) <= 253:
        return tenant
    raise BadAddress(
        "the setting TENANT is common, organizations, consumers, a tenant's id or its domain"
    )
