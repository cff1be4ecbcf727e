"""Microsoft's admin consent: one application reaches the mailboxes of a whole tenant."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx

from together.providers import shapes
from together.providers.delegation import (
    ConsentDelegation,
    Copy,
    Credential,
    Open,
    Step,
    StepKind,
    TenantClaim,
    Verified,
    ask_token,
)
from together.providers.errors import (
    MailboxRestricted,
    Misconfigured,
    ProviderError,
    ScopesMissing,
    WrongTenant,
)
from together.providers.http import BadAddress, JsonApi, origin
from together.providers.oauth import OAuth, decipher_token
from together.providers.values import Capability, Grant, Secret, needed
from together_outlook.errors import AccessDenied
from together_outlook.id_token import IdTokens, roles_of
from together_outlook.identity import CONSUMERS
from together_outlook.oauth import DOMAIN, GUID, LOGIN_URL, READ, TENANT, WRITE, tenant_named
from together_outlook.tenant_errors import refusal, refused_at_consent, sign_in_refusal
from together_outlook.trial import Trial

GRAPH = "https://graph.microsoft.com"
NATIONAL = frozenset(
    {
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
    }
)
"""Where Graph has another name than everywhere else, which tokens are asked for by."""
EXCHANGE_URL = "https://learn.microsoft.com/exchange/permissions-exo/application-rbac"
SIGN_IN = "openid profile"
"""The tenant's id stands in an id token with `profile` alone."""

PERMISSIONS: Mapping[Capability, frozenset[str]] = {
    Capability.FREE_BUSY: frozenset({READ}),
    Capability.EVENTS: frozenset({WRITE}),
}
"""Application permissions.  Whose mailbox it is is told by its calendar, without the directory."""


class OutlookDelegation(ConsentDelegation):
    """A token is for a tenant, with all that it has allowed the application."""

    per_mailbox: ClassVar[bool] = False

    def __init__(self, *, oauth: OAuth, login_url: str, tenant: str, resource: str) -> None:
        self.offers = Capability.FREE_BUSY | Capability.EVENTS
        self._oauth, self._login_url, self._tenant = oauth, login_url, tenant
        self._resource = resource
        origin(login_url)

    @classmethod
    def of(
        cls, settings: Mapping[str, str], *, oauth: OAuth, api_url: str
    ) -> OutlookDelegation | None:
        """Make it of the plugin's settings, where these let accounts of organizations in."""
        tenant = tenant_named(settings.get("TENANT", TENANT))
        if tenant in ("consumers", CONSUMERS):
            return None
        graph = origin(api_url)
        return cls(
            oauth=oauth,
            login_url=settings.get("LOGIN_URL", LOGIN_URL).rstrip("/"),
            tenant="organizations" if tenant == "common" else tenant,
            resource=graph if graph in NATIONAL else GRAPH,
        )

    def steps(self, *, capabilities: Capability, id: str | None = None) -> Sequence[Step]:  # noqa: A002
        permissions = sorted(needed(capabilities, PERMISSIONS))
        return (
            Step(
                StepKind.CONSENT,
                "Approve Together for your organization",
                "As a Global Administrator or a Privileged Role Administrator go to Microsoft and"
                " accept the permissions for your whole organization. Then sign in once more with"
                " the same account, which proves that the organization is yours.",
            ),
            Step(
                StepKind.PASTE_VALUES,
                "Limit it to your members’ mailboxes, if you like",
                "What you accepted reaches every mailbox. To let it reach some alone, make a"
                " management scope with these mailboxes in Exchange Online, assign the roles to"
                " the application for this scope, and then take the permissions back under"
                " Enterprise applications in Microsoft Entra, for the two add up. It can take two"
                " hours until it works. You can leave this out.",
                EXCHANGE_URL,
                (
                    Copy("Application ID", self._oauth.client_id),
                    Copy("Roles", ", ".join(f"Application {name}" for name in permissions)),
                ),
            ),
        )

    def consent_url(
        self, *, redirect_uri: str, state: str, capabilities: Capability, tenant: str | None = None
    ) -> str:
        needed(capabilities, PERMISSIONS)
        query = {
            "client_id": self._oauth.client_id,
            # Application permissions are asked for as the application lists them, and not by name.
            "scope": f"{self._resource}/.default",
            "redirect_uri": redirect_uri,
            "state": state,
        }
        where = self._tenant if tenant is None else _one_tenant(tenant)
        return f"{self._login_url}/{where}/v2.0/adminconsent?{urlencode(query)}"

    def read_consent(self, params: Mapping[str, str]) -> TenantClaim:
        if error := params.get("error"):
            raise refused_at_consent(error, params.get("error_description", ""))
        tenant = params.get("tenant", "").casefold()
        agreed = params.get("admin_consent", "").casefold() == "true"
        if not agreed or not GUID.match(tenant) or tenant == CONSUMERS:
            raise shapes.unexpected()
        if GUID.match(self._tenant) and tenant != self._tenant:
            raise WrongTenant(code="wrong_tenant")
        told = params.get("scope", "").split()
        return TenantClaim(tenant, frozenset(s.removeprefix(f"{self._resource}/") for s in told))

    def sign_in_url(
        self, claim: TenantClaim, *, redirect_uri: str, state: str, challenge: str, nonce: str
    ) -> str:
        query = {
            "response_type": "code",
            "client_id": self._oauth.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "scope": SIGN_IN,
        }
        tenant = _one_tenant(claim.tenant)
        return f"{self._login_url}/{tenant}/oauth2/v2.0/authorize?{urlencode(query)}"

    async def prove(
        self,
        http: httpx.AsyncClient,
        claim: TenantClaim,
        *,
        code: Secret,
        verifier: Secret,
        nonce: str,
        redirect_uri: str,
        now: datetime,
    ) -> Credential:
        tenant = _one_tenant(claim.tenant)
        form = {
            **self._client("authorization_code"),
            "code": code.reveal(),
            "code_verifier": verifier.reveal(),
            "redirect_uri": redirect_uri,
        }

        def understood(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
            return decipher_token(status, headers, body, refusal=sign_in_refusal)

        answer = await JsonApi(http, self._token_url(tenant), understood)("POST", "", data=form)
        tokens = IdTokens(self._login_url, tenant, audience=self._oauth.client_id)
        claims = await tokens.read(
            http, shapes.text(answer, "id_token", limit=16_384), nonce=nonce, now=now
        )
        domain = str(claims.get("preferred_username", "")).casefold().rpartition("@")[2]
        return Credential(
            Secret(json.dumps({"tenant": tenant})),
            id=tenant,
            name=domain if DOMAIN.match(domain) and len(domain) <= 253 else tenant,
        )

    async def grant(
        self,
        http: httpx.AsyncClient,
        credential: Secret,
        *,
        mailbox: str,
        capabilities: Capability,
        now: datetime,
    ) -> Grant:
        """Make a token for the whole tenant, which Microsoft does not make for less."""
        asked, tenant = needed(capabilities, PERMISSIONS), _unsealed(credential)
        form = {**self._client("client_credentials"), "scope": f"{self._resource}/.default"}
        return await ask_token(
            http, self._token_url(tenant), form, asked=asked, refusal=refusal, now=now
        )

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
        grant = await self.grant(
            http, credential, mailbox=mailbox, capabilities=capabilities, now=now
        )
        trial = Trial(capabilities, now)
        async with open(grant) as calendars:
            denied = await trial.run(calendars)
        if denied is not None:
            raise _missing(denied, grant, trial)
        return trial.verified()

    def _client(self, grant_type: str) -> dict[str, str]:
        return {
            "grant_type": grant_type,
            "client_id": self._oauth.client_id,
            "client_secret": self._oauth.client_secret.reveal(),
        }

    def _token_url(self, tenant: str) -> str:
        return f"{self._login_url}/{tenant}/oauth2/v2.0/token"


def _missing(denied: AccessDenied, grant: Grant, trial: Trial) -> ProviderError:
    """Say what is in the way of a mailbox, or of a part of what is to be done with it.

    Graph refuses in one word what is not allowed at all and what is not allowed for a mailbox.
    What the tenant allows for every mailbox stands in the token; where it does not, permissions
    are missing, or are given for some mailboxes alone.
    """
    everywhere = roles_of(grant.access_token)
    if trial.account is None and everywhere & {READ, WRITE}:
        return MailboxRestricted(
            status=denied.status, code=denied.code, request_id=denied.request_id
        )
    return ScopesMissing(
        missing=needed(trial.wanted & ~trial.works, PERMISSIONS),
        capabilities=trial.works,
        status=denied.status,
        code=denied.code,
        request_id=denied.request_id,
    )


def _one_tenant(name: str) -> str:
    tenant = name.casefold()
    if not (GUID.match(tenant) or (DOMAIN.match(tenant) and len(tenant) <= 253)):
        raise BadAddress("a tenant is named by its id or its domain")
    return tenant


def _unsealed(credential: Secret) -> str:
    """Read what `prove` gave, which was sealed in between."""
    try:
        tenant = json.loads(credential.reveal())["tenant"]
    except (ValueError, TypeError, KeyError, RecursionError):
        tenant = None
    if not isinstance(tenant, str) or not GUID.match(tenant):
        raise Misconfigured(code="unreadable_credential")
    return tenant
