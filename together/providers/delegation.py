"""How one consent of an administrator becomes access to each member's calendar."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

import httpx

from together.providers.errors import Misconfigured, ProviderError
from together.providers.http import JsonApi
from together.providers.oauth import decipher_token, read_grant
from together.providers.signing import signed_client
from together.providers.values import Access, Account, Capability, Grant, Secret

if TYPE_CHECKING:
    from together.providers.contract import CalendarProvider, Calendars

Open = Callable[[Grant], AbstractAsyncContextManager["Calendars"]]
"""Opens the calendars of the mailbox in question with a grant for it: see `opener`."""


class StepKind(Enum):
    """What an administrator does in a step, so that a page can draw it."""

    UPLOAD_KEY = "UPLOAD_KEY"
    """Hand us a key file; it goes to `KeyDelegation.read_key`."""
    PASTE_VALUES = "PASTE_VALUES"
    """Copy values of ours into a page of the service."""
    CONSENT = "CONSENT"
    """Go to `ConsentDelegation.consent_url`, and sign in afterwards."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A value to copy, letter by letter, under the label it has at the service."""

    label: str
    text: str | None
    """None until an earlier step has told it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, in words for an administrator."""

    kind: StepKind
    title: str
    words: str
    url: str | None = None
    """The page of the service on which it is done."""
    values: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True)
class Credential:
    """What lets us act for an organization."""

    secret: Secret
    """To be sealed, and handed to `grant` and `verify`; shown to nobody."""
    id: str
    """Who acts: the service account's id, or the tenant's.  It serves one organization alone."""
    name: str
    """Shown to administrators: the service account's address, or the tenant's domain."""
    key_id: str | None = None
    """Which of its keys this is, as the service's own pages name it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found to work on one real mailbox.  Nothing that stands in it is kept."""

    capabilities: Capability
    account: Account
    """The account behind the mailbox.  Its address differs where the mailbox is an alias."""


class Delegation(ABC):
    """One consent for a whole organization.  It keeps nothing, and its tokens are not logged.

    Whoever calls it asks only for mailboxes in domains that the organization has proved.
    Implement `KeyDelegation` or `ConsentDelegation`.
    """

    per_mailbox: ClassVar[bool]
    """Whether a token reaches one mailbox only, and is cached for it; one that reaches all is
    cached for the organization, and `Access.mailbox` says whose calendars are meant."""

    offers: Capability
    """What it can buy."""

    @abstractmethod
    def steps(self, *, capabilities: Capability, id: str | None = None) -> Sequence[Step]:  # noqa: A002
        """Say what an administrator has to do, in order, for these capabilities.

        `id` is the credential's, once there is one.
        """

    @abstractmethod
    async def grant(
        self,
        http: httpx.AsyncClient,
        credential: Secret,
        *,
        mailbox: str,
        capabilities: Capability,
        now: datetime,
    ) -> Grant:
        """Make a token that buys these capabilities, and no others.

        There is no refresh token: this is called again.  `http` signs nothing.  Raise
        `NotDelegated`, `KeyRefused`, `PolicyRefused` or `NoMailbox` where the service says so.
        """

    @abstractmethod
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
        """Try everything on one mailbox, or raise what is in the way.

        Beside what `grant` raises: `ScopesMissing`, which names what is to be added, and
        `NoCalendarService` or `MailboxRestricted` for a mailbox that only others can be.
        """


class KeyDelegation(Delegation):
    """The administrator uploads a key, and allows what it is for at the service."""

    @abstractmethod
    def read_key(self, file: Secret) -> Credential:
        """Read an uploaded file, which may be anything.  Raise `UnusableKey`, in words of ours.

        Nothing of it is believed but what is needed, least of all an address.
        """


@dataclass(frozen=True, slots=True)
class TenantClaim:
    """What an administrator's consent says it is for.  Anybody can write it into a callback."""

    tenant: str
    scopes: frozenset[str] = field(default_factory=frozenset)


class ConsentDelegation(Delegation):
    """The administrator consents at the service, and then proves whose administrator they are.

    The tenant that comes back with the consent is a claim, and proves nothing.  It counts once
    the same administrator, in the same flow, has signed in to that tenant.
    """

    @abstractmethod
    def consent_url(
        self, *, redirect_uri: str, state: str, capabilities: Capability, tenant: str | None = None
    ) -> str:
        """Give the address where the administrator consents for everybody."""

    @abstractmethod
    def read_consent(self, params: Mapping[str, str]) -> TenantClaim:
        """Read what came to the callback; raise `ConsentDeclined` and the like.

        Its `state` has been checked, and is not for you.  Where the sign-in that follows comes
        back with an ``error``, that is read here as well.
        """

    @abstractmethod
    def sign_in_url(
        self, claim: TenantClaim, *, redirect_uri: str, state: str, challenge: str, nonce: str
    ) -> str:
        """Give the address where the same administrator signs in to the tenant of the claim."""

    @abstractmethod
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
        """Exchange the code of that sign-in, and check its id token: signature, issuer, audience,
        nonce, and that its tenant is the one of the claim.  Raise `ConsentDeclined` where not, or
        as `WrongTenant` for a sign-in to another one, and `AdminApprovalRequired` for one of
        somebody who is no administrator there.
        """


def opener(
    provider: CalendarProvider,
    transport: httpx.AsyncBaseTransport,
    *,
    mailbox: str,
    capabilities: Capability,
    now: Callable[[], datetime],
) -> Open:
    """Open one mailbox with a grant that was just made, and is not made again."""

    async def refused(stale: Grant) -> Grant:
        # A fresh token that is refused is nobody's lost consent.
        raise Misconfigured(status=401, code="fresh_token_refused")

    @asynccontextmanager
    async def opened(grant: Grant) -> AsyncGenerator[Calendars]:
        async def standing() -> Grant:
            return grant

        async with signed_client(
            transport, origins=provider.origins, grant=standing, renew=refused, now=now
        ) as http:
            yield provider.open(Access(http=http, mailbox=mailbox, capabilities=capabilities))

    return opened


async def ask_token(
    http: httpx.AsyncClient,
    url: str,
    form: Mapping[str, str],
    *,
    asked: frozenset[str],
    refusal: Callable[[str, str], ProviderError],
    now: datetime,
) -> Grant:
    """Ask a token endpoint for a token without refresh token.

    `refusal` turns its ``error`` and the description into an error of ours.  Scopes that come
    back without being asked are not used; where none come back, they are those asked for.
    """

    def understood(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
        return decipher_token(status, headers, body, refusal=refusal)

    body = await JsonApi(http, url, understood)("POST", "", data=form)
    grant = read_grant(
        body, now=now, scopes=lambda said: asked if said is None else asked & {*said.split()}
    )
    return Grant(grant.access_token, None, grant.expires_at, grant.scopes)
