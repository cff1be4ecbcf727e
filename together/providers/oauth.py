"""OAuth 2.0 with PKCE, written once.  A provider is a declaration: addresses, scopes, refusals."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from together.providers import shapes
from together.providers.errors import (
    AdminApprovalRequired,
    AuthorizationExpired,
    ConsentDeclined,
    Misconfigured,
    ProviderError,
    ProviderUnavailable,
)
from together.providers.http import JsonApi, decipher, fetch, origin, parsed, vendor_code
from together.providers.values import Capability, Grant, Secret, bought

_OURS = ("invalid_request", "invalid_scope", "unauthorized_client", "unsupported_response_type")
AT_CONSENT: Mapping[str, type[ProviderError]] = {
    **dict.fromkeys(_OURS, Misconfigured),
    "access_denied": ConsentDeclined,
    "consent_required": ConsentDeclined,
    "interaction_required": ConsentDeclined,
    "login_required": ConsentDeclined,
    "server_error": ProviderUnavailable,
    "temporarily_unavailable": ProviderUnavailable,
}
AT_TOKEN: Mapping[str, type[ProviderError]] = {
    "invalid_grant": AuthorizationExpired,
    "interaction_required": AuthorizationExpired,
    "consent_required": AuthorizationExpired,
    "server_error": ProviderUnavailable,
    "temporarily_unavailable": ProviderUnavailable,
}
RESERVED = frozenset(
    [
        "client_id", "code_challenge", "code_challenge_method", "include_granted_scopes", "nonce",
        "redirect_uri", "request", "request_uri", "response_mode", "response_type", "scope",
        "state",
    ]
)  # fmt: skip
"""Parameters a provider may not set; `request` and `request_uri` would replace all the others."""
LONGEST = timedelta(hours=24)
Refusing = Callable[[str, str], ProviderError]

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}\Z")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+\Z")


def pkce() -> tuple[Secret, str]:
    """Make a fresh verifier, and its S256 challenge."""
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    return Secret(verifier), base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """How people consent to a service, as data."""

    authorize_url: str
    token_url: str
    client_id: str
    client_secret: Secret
    scopes: Mapping[Capability, frozenset[str]]
    """The least scopes that each capability needs."""
    identity_scopes: frozenset[str] = frozenset()
    """Scopes that only say whose account it is; they buy no capability."""
    revoke_url: str | None = None
    """RFC 7009; None where the service cannot be told that a grant is over."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further parameters of the authorization URL, such as ``access_type=offline``."""
    chooser: Mapping[str, str] = field(default_factory=dict)
    """Parameters that force the account chooser; they win over `extra`."""
    refusals: Mapping[str, type[ProviderError]] = field(default_factory=dict)
    """This service's own values of ``error``, compared exactly."""
    described: Mapping[str, type[ProviderError]] = field(default_factory=dict)
    """Codes that only the description tells (``AADSTS90094``), compared as whole words."""
    described_at_consent: Mapping[str, type[ProviderError]] = field(default_factory=dict)
    """More of these, which count while a consent is made: to a renewal they say that it is over."""
    heard: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Scopes that come back under another name, or hold others: the name, case-folded → what it
    is in the names asked for.  A scope that is not in here is compared exactly."""
    lasting: bool = True
    """Whether a consent brings a refresh token; without one it is refused, as it ends so soon."""

    def __post_init__(self) -> None:
        for url in (self.authorize_url, self.token_url, self.revoke_url):
            if url is not None:
                origin(url)
        asked_for = {
            *self.extra,
            *self.chooser,
            *(name for name, _ in parse_qsl(urlsplit(self.authorize_url).query)),
        }
        if taken := sorted(name for name in asked_for if name.casefold() in RESERVED):
            raise ValueError(f"a provider may not set {', '.join(taken)}")
        if bad := sorted(scope for scope in self.asked if not _SCOPE.match(scope)):
            raise ValueError(f"not a scope: {bad[0]!r}")
        if bad := sorted(name for name in self.heard if name != name.casefold()):
            raise ValueError(f"a name that is heard is in folded case, not {bad[0]!r}")

    @property
    def asked(self) -> frozenset[str]:
        """Every scope we ask for."""
        return self.identity_scopes.union(*self.scopes.values())

    def url(
        self,
        *,
        redirect_uri: str,
        state: str,
        challenge: str,
        login_hint: str | None = None,
        choose_account: bool = False,
    ) -> str:
        """Give the address where the person consents.

        A hint and a forced chooser contradict each other; the chooser wins.
        """
        query = {**self.extra}
        if choose_account:
            query |= self.chooser
        elif login_hint:
            query["login_hint"] = login_hint
        query |= {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "scope": " ".join(sorted(self.asked)),
        }
        joint = "&" if urlsplit(self.authorize_url).query else "?"
        return self.authorize_url + joint + urlencode(query)

    def capabilities(self, scopes: frozenset[str]) -> Capability:
        """Say what the person really ticked, which may be less than we asked for."""
        return bought(scopes, self.scopes)

    def refusal(self, error: str, description: str = "", *, first: bool = False) -> ProviderError:
        """Turn what the token endpoint said into an error somebody can act on."""
        signs = {**self.described, **(self.described_at_consent if first else {})}
        kind = _described(description, signs) or {**AT_TOKEN, **self.refusals}.get(error)
        return (kind or Misconfigured)(code=error)

    def refused_at_consent(self, error: str, description: str = "") -> ProviderError:
        """Turn what came to the callback into an error somebody can act on.

        Anybody who holds a state can write these words, so the description only chooses between
        “declined” and “an administrator must approve”, and no callback can say that a consent
        has expired.  Nor is a code kept that no table knows.
        """
        known = {**AT_CONSENT, **self.refusals}
        kind = known.get(error, Misconfigured)
        signs = {**self.described, **self.described_at_consent}
        if kind is ConsentDeclined and _described(description, signs) is AdminApprovalRequired:
            kind = AdminApprovalRequired
        if kind is AuthorizationExpired:
            kind = Misconfigured
        return kind(code=error if error in known else None)

    async def exchange(
        self,
        http: httpx.AsyncClient,
        *,
        code: Secret,
        verifier: Secret,
        redirect_uri: str,
        now: datetime,
    ) -> Grant:
        """Turn a code into a grant.  One that was used or is too old is `AuthorizationExpired`."""
        body = await self._token(
            http,
            refusal=partial(self.refusal, first=True),
            grant_type="authorization_code",
            code=code.reveal(),
            code_verifier=verifier.reveal(),
            redirect_uri=redirect_uri,
        )
        return self._grant(body, now=now, refresh_token=None, scopes=self.asked)

    async def refresh(self, http: httpx.AsyncClient, grant: Grant, *, now: datetime) -> Grant:
        """Renew the grant.  Keep its refresh token when the service sends no new one."""
        if grant.refresh_token is None:
            raise AuthorizationExpired(code="no_refresh_token")
        body = await self._token(
            http, grant_type="refresh_token", refresh_token=grant.refresh_token.reveal()
        )
        return self._grant(body, now=now, refresh_token=grant.refresh_token, scopes=grant.scopes)

    async def revoke(self, http: httpx.AsyncClient, grant: Grant) -> None:
        """End the grant at the service, where it can be told.  One that is over is no error."""
        if self.revoke_url is None:
            return
        token = grant.refresh_token or grant.access_token
        reply = await fetch(http, "POST", self.revoke_url, data={"token": token.reveal()})
        body, _ = parsed(reply.content)
        if reply.status == 400 and vendor_code(body) in ("invalid_token", "invalid_grant"):
            return
        refused = decipher_token(reply.status, reply.headers, body, refusal=self.refusal)
        if refused is not None:
            raise refused

    async def _token(
        self, http: httpx.AsyncClient, *, refusal: Refusing | None = None, **form: str
    ) -> Any:
        form |= {"client_id": self.client_id, "client_secret": self.client_secret.reveal()}
        read = partial(decipher_token, refusal=refusal or self.refusal)
        return await JsonApi(http, self.token_url, read)("POST", "", data=form)

    def _grant(
        self, body: Any, *, now: datetime, refresh_token: Secret | None, scopes: frozenset[str]
    ) -> Grant:
        return read_grant(
            body,
            now=now,
            refresh_token=refresh_token,
            # What comes back beyond what was asked is not used.
            scopes=lambda said: scopes if said is None else self._understood(said) & self.asked,
        )

    def _understood(self, came_back: str) -> frozenset[str]:
        """Say the scopes that came back in the names that were asked for."""
        words = came_back.split()
        return frozenset().union(*(self.heard.get(word.casefold(), {word}) for word in words))


def decipher_token(
    status: int,
    headers: Mapping[str, str],
    body: Any,
    *,
    refusal: Refusing,
) -> ProviderError | None:
    """Tell what a token endpoint refused; `refusal` knows its ``error`` and description.

    A 401 of it is our own credentials, never the person's consent.
    """
    error = vendor_code(body)
    if error is not None and status < 500 and status not in (408, 429):
        description = body.get("error_description", "")
        return refusal(error, description if isinstance(description, str) else "")
    refused = decipher(status, headers, body)
    if status < 500 and status not in (408, 429) and refused is not None:
        return Misconfigured(status=status)
    return refused


def read_grant(
    body: Any,
    *,
    now: datetime,
    scopes: Callable[[str | None], frozenset[str]],
    refresh_token: Secret | None = None,
) -> Grant:
    """Read what a token endpoint gave; `scopes` says what its ``scope``, or none, amounts to."""
    kind = shapes.maybe(body, "token_type", str)
    seconds = shapes.field(body, "expires_in", int)
    if (kind or "bearer").casefold() != "bearer" or not 0 <= seconds <= LONGEST.total_seconds():
        raise shapes.unexpected()
    renewed = shapes.maybe(body, "refresh_token", str)
    return Grant(
        access_token=_secret(shapes.field(body, "access_token", str)),
        refresh_token=refresh_token if renewed is None else _secret(renewed),
        expires_at=now + timedelta(seconds=seconds),
        scopes=scopes(shapes.maybe(body, "scope", str)),
    )


def _described(
    description: str, signs: Mapping[str, type[ProviderError]]
) -> type[ProviderError] | None:
    words = frozenset(re.findall(r"[A-Za-z0-9_]+", description[:2000]))
    return next((kind for sign, kind in signs.items() if sign in words), None)


def _secret(token: str) -> Secret:
    """Refuse what would break a header: an HTTP library prints the header it rejects."""
    if not _TOKEN.match(token):
        raise shapes.unexpected()
    return Secret(token)
