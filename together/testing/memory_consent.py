"""The memory calendar's other delegation: an administrator consents there for everybody."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

import httpx

from together.providers import (
    AdminApprovalRequired,
    Capability,
    ConsentDeclined,
    ConsentDelegation,
    Copy,
    Credential,
    Grant,
    JsonApi,
    Misconfigured,
    NeedsTime,
    Open,
    ProviderError,
    Secret,
    Step,
    StepKind,
    TenantClaim,
    Verified,
    WrongTenant,
    ask_token,
    decipher,
    field,
    shapes,
    vendor_code,
)
from together.testing.memory_delegation import bought, refusal_for, scopes_of, tried

REFUSALS: Mapping[str, type[ProviderError]] = {
    "access_denied": ConsentDeclined,
    "no_administrator": AdminApprovalRequired,
}


class MemoryConsent(ConsentDelegation):
    """An organization is named by its domain; whoever signs in proves theirs."""

    per_mailbox: ClassVar[bool] = True

    def __init__(self, base_url: str, *, client_id: str, client_secret: Secret) -> None:
        self.offers = Capability.FREE_BUSY | Capability.EVENTS
        self._base_url, self._id, self._secret = base_url, client_id, client_secret

    def steps(self, *, capabilities: Capability, id: str | None = None) -> Sequence[Step]:  # noqa: A002
        scopes = Copy("Scopes", " ".join(sorted(scopes_of(capabilities))))
        return (
            Step(StepKind.CONSENT, "Approve it", "Consent at the service, and sign in there."),
            Step(
                StepKind.PASTE_VALUES,
                "Compare what was approved",
                "The service shows these scopes.",
                f"{self._base_url}/admin",
                (scopes,),
            ),
        )

    def consent_url(
        self, *, redirect_uri: str, state: str, capabilities: Capability, tenant: str | None = None
    ) -> str:
        asked = {"redirect_uri": redirect_uri, "state": state}
        return f"{self._base_url}/adminconsent?{urlencode(asked)}"

    def read_consent(self, params: Mapping[str, str]) -> TenantClaim:
        if error := params.get("error"):
            raise REFUSALS.get(error, Misconfigured)(code=error)
        return TenantClaim(shapes.text(dict(params), "tenant", limit=253))

    def sign_in_url(
        self, claim: TenantClaim, *, redirect_uri: str, state: str, challenge: str, nonce: str
    ) -> str:
        asked = {
            "tenant": claim.tenant,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "nonce": nonce,
        }
        return f"{self._base_url}/signin?{urlencode(asked)}"

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
        form = {
            "grant_type": "authorization_code",
            "client_id": self._id,
            "client_secret": self._secret.reveal(),
            "code": code.reveal(),
            "code_verifier": verifier.reveal(),
            "redirect_uri": redirect_uri,
        }
        told = await JsonApi(http, self._base_url, _decipher)("POST", "/tenant/token", data=form)
        if shapes.text(told, "tenant", limit=253) != claim.tenant:
            raise WrongTenant
        if shapes.text(told, "nonce") != nonce:
            raise ConsentDeclined(code="wrong_nonce")
        if not field(told, "administrator", bool):
            raise AdminApprovalRequired
        kept = Secret(json.dumps({"tenant": claim.tenant}))
        return Credential(kept, id=claim.tenant, name=claim.tenant)

    async def grant(
        self,
        http: httpx.AsyncClient,
        credential: Secret,
        *,
        mailbox: str,
        capabilities: Capability,
        now: datetime,
    ) -> Grant:
        asked = scopes_of(capabilities)
        form = {
            "grant_type": "client_credentials",
            "client_id": self._id,
            "client_secret": self._secret.reveal(),
            "tenant": json.loads(credential.reveal())["tenant"],
            "mailbox": mailbox,
            "scope": " ".join(sorted(asked)),
        }
        url = f"{self._base_url}/tenant/token"
        return await ask_token(http, url, form, asked=asked, refusal=refusal_for(asked), now=now)

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
        async with open(grant) as calendars:
            return Verified(bought(grant.scopes), await tried(calendars))


def _decipher(status: int, headers: Mapping[str, str], body: object) -> ProviderError | None:
    """A code that is not taken proves nothing; all else is as for every call."""
    error = decipher(status, headers, body)
    if error is None or isinstance(error, NeedsTime):
        return error
    kind = ConsentDeclined if vendor_code(body) == "invalid_grant" else Misconfigured
    return kind(status=status, code=vendor_code(body))
