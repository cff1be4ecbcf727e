"""Google's domain-wide delegation: a service account acts as each user of a Workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx
import jwt

from together.domain.spans import Span
from together.providers.delegation import (
    Copy,
    Credential,
    KeyDelegation,
    Open,
    Step,
    StepKind,
    Verified,
    ask_token,
)
from together.providers.errors import (
    AdminApprovalRequired,
    AuthorizationExpired,
    ClockWrong,
    KeyRefused,
    MailboxRestricted,
    Misconfigured,
    NoMailbox,
    NotDelegated,
    PolicyRefused,
    ProviderError,
    ProviderUnavailable,
    ScopesMissing,
)
from together.providers.http import origin
from together.providers.values import Capability, Grant, Secret, bought, needed
from together_google.errors import decipher
from together_google.oauth import CALENDAR_LIST, EVENTS, FREE_BUSY, TOKEN_URL
from together_google.service_key import ServiceKey, read_key

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"
"""What Google wants to read there, also where a proxy or the sandbox stands in for it."""
LIFE = timedelta(minutes=55)
"""Of an assertion.  Google allows an hour, and its clock is not ours."""
ADMIN_URL = "https://admin.google.com/ac/owl/domainwidedelegation"
CONSOLE_URL = "https://console.cloud.google.com/iam-admin/serviceaccounts"

DELEGATED: Mapping[Capability, frozenset[str]] = {
    Capability.FREE_BUSY: frozenset({FREE_BUSY, CALENDAR_LIST}),
    # The list as well: it says in which zone the calendar's all-day events are.
    Capability.EVENTS: frozenset({EVENTS, CALENDAR_LIST}),
}
"""What the calls of each capability need.  Identity is not among it: the mailbox is known."""

REFUSALS: Sequence[tuple[str, str, type[ProviderError]]] = (
    ("unauthorized_client", "", NotDelegated),
    ("access_denied", "account restricted", MailboxRestricted),
    ("access_denied", "", NotDelegated),
    ("admin_policy_enforced", "", PolicyRefused),
    ("org_internal", "", PolicyRefused),
    ("invalid_grant", "invalid email", NoMailbox),
    ("invalid_grant", "not a valid email", NoMailbox),
    ("invalid_grant", "the account has been deleted", NoMailbox),
    ("invalid_request", "invalid impersonation", NoMailbox),
    ("invalid_grant", "invalid jwt: token must be a short-lived token", ClockWrong),
    ("invalid_grant", "invalid jwt signature", KeyRefused),
    ("invalid_grant", "invalid jwt: no valid verifier found", KeyRefused),
    ("invalid_grant", "invalid grant: account not found", KeyRefused),
    ("disabled_client", "", KeyRefused),
    ("deleted_client", "", KeyRefused),
    ("invalid_client", "", KeyRefused),
    ("server_error", "", ProviderUnavailable),
    ("temporarily_unavailable", "", ProviderUnavailable),
)
"""`error`, how its description begins, and who must act.  What is not in here is the operator's."""


class GoogleDelegation(KeyDelegation):
    """A token is for one mailbox, and for what is to be done with it."""

    per_mailbox: ClassVar[bool] = True

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.offers = Capability.FREE_BUSY | Capability.EVENTS
        self._token_url = settings.get("TOKEN_URL", TOKEN_URL)
        self._admin_url = settings.get("ADMIN_URL", ADMIN_URL)
        self._console_url = settings.get("CONSOLE_URL", CONSOLE_URL)
        for address in (self._token_url, self._admin_url, self._console_url):
            origin(address)

    def steps(self, *, capabilities: Capability, id: str | None = None) -> Sequence[Step]:  # noqa: A002
        return (
            Step(
                StepKind.UPLOAD_KEY,
                "Upload the key of a service account",
                "In the Google Cloud console open a project of your organization and switch on the"
                " Google Calendar API. Make a service account there, which needs no roles, and for"
                " it a key of the type JSON. Upload that file here: it is kept sealed and is never"
                " shown again. Use the service account for nothing else.",
                self._console_url,
            ),
            Step(
                StepKind.PASTE_VALUES,
                "Allow it to act for your users",
                "As a super administrator open the Google Admin console: Security, Access and data"
                " control, API controls, Manage domain-wide delegation. Choose “Add new”, paste"
                " both values and authorize. It mostly works within minutes, and can take a day.",
                self._admin_url,
                (
                    Copy("Client ID", id),
                    Copy(
                        "OAuth scopes (comma-delimited)",
                        ",".join(sorted(needed(capabilities, DELEGATED))),
                    ),
                ),
            ),
        )

    def read_key(self, file: Secret) -> Credential:
        return read_key(file)

    async def grant(
        self,
        http: httpx.AsyncClient,
        credential: Secret,
        *,
        mailbox: str,
        capabilities: Capability,
        now: datetime,
    ) -> Grant:
        key = ServiceKey.unsealed(credential)
        return await self._token(http, key, mailbox, needed(capabilities, DELEGATED), now)

    async def verify(
        self,
        http: httpx.AsyncClient,
        credential: Secret,
        *,
        mailbox: str,
        capabilities: Capability,
        now: datetime,
        open: Open,  # noqa: A002
    ) -> Verified:
        key, scopes = ServiceKey.unsealed(credential), needed(capabilities, DELEGATED)
        refused: NotDelegated | None = None
        try:
            grant = await self._token(http, key, mailbox, scopes, now)
        except NotDelegated as error:
            refused = error
        if refused is not None:
            raise await self._missing(http, key, mailbox, scopes, now, refused)
        async with open(grant) as calendars:
            account = await calendars.whoami()
            if Capability.FREE_BUSY in capabilities:
                minute = Span.of(int(now.timestamp()), int(now.timestamp()) + 60)
                reading = await calendars.busy([account.id], minute)
                if reading.unread:
                    raise ProviderUnavailable(code=reading.unread[account.id])
        return Verified(bought(grant.scopes, DELEGATED) & capabilities, account)

    async def _missing(
        self,
        http: httpx.AsyncClient,
        key: ServiceKey,
        mailbox: str,
        scopes: frozenset[str],
        now: datetime,
        refused: NotDelegated,
    ) -> ProviderError:
        """Ask for each scope alone, since Google does not say which one it is."""
        missing = set()
        for scope in sorted(scopes):
            try:
                await self._token(http, key, mailbox, frozenset({scope}), now)
            except NotDelegated:
                missing.add(scope)
        if missing == scopes:
            return refused
        if not missing:
            # It began to work in between.
            return ProviderUnavailable(code=refused.code)
        return ScopesMissing(
            missing=frozenset(missing),
            capabilities=bought(scopes - missing, DELEGATED),
            status=refused.status,
            code=refused.code,
        )

    async def _token(
        self,
        http: httpx.AsyncClient,
        key: ServiceKey,
        mailbox: str,
        scopes: frozenset[str],
        now: datetime,
    ) -> Grant:
        issued = int(now.timestamp())
        claims = {
            "iss": key.client_email,
            "sub": mailbox,
            "scope": " ".join(sorted(scopes)),
            "aud": AUDIENCE,
            "iat": issued,
            "exp": issued + int(LIFE.total_seconds()),
        }
        assertion = jwt.encode(
            claims, key.signer(), algorithm="RS256", headers={"kid": key.private_key_id}
        )
        form = {"grant_type": JWT_BEARER, "assertion": assertion}
        return await ask_token(http, self._token_url, form, asked=scopes, refusal=refusal, now=now)


def refusal(error: str, description: str) -> ProviderError:
    """Tell Google's refusals apart: by its description where one `error` has many causes."""
    begins = " ".join(description[:200].casefold().split())
    for known, start, kind in REFUSALS:
        if error == known and begins.startswith(start):
            return kind(code=error)
    return Misconfigured(code=error)


def delegated_decipher(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """Read the API's refusals of a delegated call, of which the member can mend none."""
    error = decipher(status, headers, body)
    if isinstance(error, AuthorizationExpired):
        # A token was just made for exactly this call.
        return Misconfigured(status=status, code=error.code)
    if isinstance(error, AdminApprovalRequired):
        return MailboxRestricted(status=status, code=error.code)
    return error
