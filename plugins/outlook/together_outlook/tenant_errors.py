"""What Microsoft refuses an organization's consent with, at its page and at its token endpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping

from together.providers.errors import (
    AdminApprovalRequired,
    ConsentDeclined,
    Misconfigured,
    NotDelegated,
    PolicyRefused,
    ProviderError,
    ProviderUnavailable,
    WrongTenant,
)

AT_CONSENT: Mapping[str, type[ProviderError]] = {
    "access_denied": ConsentDeclined,
    "consent_required": ConsentDeclined,
    "interaction_required": ConsentDeclined,
    "login_required": ConsentDeclined,
    "permission_denied": ConsentDeclined,
    "server_error": ProviderUnavailable,
    "temporarily_unavailable": ProviderUnavailable,
}
NEEDS_ADMINISTRATOR = frozenset({"AADSTS90093", "AADSTS90094", "AADSTS90095"})
"""Whoever came there is none; anybody could have written it, so it only chooses the words."""

WRONG_TENANT = frozenset({"AADSTS50020", "AADSTS500202"})
"""Whoever signed in is not in the tenant that the consent was said to be for."""

AT_TOKEN: Mapping[str, type[ProviderError]] = {
    "unauthorized_client": NotDelegated,
    "server_error": ProviderUnavailable,
    "temporarily_unavailable": ProviderUnavailable,
}
NUMBERED: Mapping[str, type[ProviderError]] = {
    # The application is not, or not any more, in the tenant, or was allowed nothing there.
    "AADSTS65001": NotDelegated,
    "AADSTS700016": NotDelegated,
    "AADSTS7000229": NotDelegated,
    "AADSTS650052": NotDelegated,
    # The tenant itself is gone.
    "AADSTS90002": NotDelegated,
    # Switched off by the tenant, which has not taken its consent back.
    "AADSTS7000112": PolicyRefused,
    "AADSTS501051": PolicyRefused,
    "AADSTS53003": PolicyRefused,
    # Our own id or secret, whatever `error` says beside it.
    "AADSTS700038": Misconfigured,
    "AADSTS7000215": Misconfigured,
    "AADSTS7000222": Misconfigured,
}
"""One `error` has causes that different people must act on, and only the number tells them."""

_NUMBER = re.compile(r"AADSTS\d{4,9}\b", re.ASCII)


def refused_at_consent(error: str, description: str) -> ProviderError:
    """Turn what came to the callback into an error somebody can act on."""
    kind = AT_CONSENT.get(error, Misconfigured)
    if kind is ConsentDeclined and NEEDS_ADMINISTRATOR.intersection(_numbers(description)):
        kind = AdminApprovalRequired
    return kind(code=error)


def sign_in_refusal(error: str, description: str) -> ProviderError:
    """Tell why the administrator's own sign-in ended with no id token."""
    if WRONG_TENANT.intersection(_numbers(description)):
        return WrongTenant(code="wrong_tenant")
    if error in ("invalid_grant", "interaction_required", "consent_required"):
        return ConsentDeclined(code=error)
    kind = AT_TOKEN.get(error, Misconfigured)
    return (Misconfigured if kind is NotDelegated else kind)(code=error)


def refusal(error: str, description: str) -> ProviderError:
    """Tell why there is no token for a tenant."""
    known = (NUMBERED[number] for number in _numbers(description) if number in NUMBERED)
    return next(known, AT_TOKEN.get(error, Misconfigured))(code=error)


def _numbers(description: str) -> list[str]:
    return _NUMBER.findall(description[:2000])
