"""Opens a member's calendar with their organization's consent: tokens on demand, stored nowhere.

A token is kept in memory for one mailbox, one purpose and one generation of the consent, which is
read from the database whenever a calendar is opened.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from together.providers.contract import CalendarProvider, Calendars
from together.providers.delegation import Delegation, Verified, opener
from together.providers.errors import (
    AuthorizationExpired,
    KeyRefused,
    MailboxRestricted,
    Misconfigured,
    NeedsAdministrator,
    NoMailbox,
    ProviderError,
    ScopesMissing,
)
from together.providers.registry import Registry
from together.providers.signing import signed_client
from together.providers.values import Access, Capability, Grant, Secret
from together.services.connections import sealing, trouble
from together.services.connections.effective import MANAGED
from together.services.connections.transport import unsigned
from together.services.organization import delegation_state
from together.services.organization.proved import domains_of, within
from together.store.models import (
    DelegationState,
    Integration,
    IntegrationState,
    Member,
    OrganizationIntegration,
)
from together.store.vault import Place, Vault

log = logging.getLogger(__name__)

PROBE = 15 * 60
"""Seconds between two times of asking whether an organization's consent still works."""

_SPARE = timedelta(seconds=90)
_MOST = 10_000
_Key = tuple[int, int, str, int]


class Delegations:
    """The consents of organizations, in this process."""

    def __init__(
        self,
        registry: Registry,
        vault: Vault,
        transport: httpx.AsyncBaseTransport,
        clock: Callable[[], int],
    ) -> None:
        self._registry, self._vault, self._transport = registry, vault, transport
        self._clock, self._now = clock, sealing.moment(clock)
        self._kept: dict[_Key, Grant] = {}
        self._asking: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def open(
        self, integration: Integration, *, capabilities: Capability, anew: bool = False
    ) -> AsyncGenerator[Calendars]:
        """Open one member's calendars for what is to be done now, and for nothing else.

        `anew` is for a mailbox that was not there: perhaps it is now.
        """
        row = await self._standing(integration, anew=anew)
        try:

            async def allowed() -> None:
                await self._allowed(row, integration)

            mailbox = integration.account_email
            async with self.opened(row, mailbox, capabilities, allowed) as calendars:
                yield calendars
        except NoMailbox as error:
            await self._without_mailbox(integration, error)
            raise
        except NeedsAdministrator as error:
            if await self._fails(row, error):
                raise
            # The service says the same of a mailbox that is not the organization's.
            await self._without_mailbox(integration, error)
            raise MailboxRestricted(status=error.status, code=error.code) from None

    async def _standing(
        self, integration: Integration, *, anew: bool = False
    ) -> OrganizationIntegration:
        """Read the consent as it is now, or say that it is over for this member."""
        row = await delegation_state.of(integration.organization_id)
        fine = {IntegrationState.ACTIVE} | ({IntegrationState.NO_MAILBOX} if anew else set())
        if row is None or row.state is not DelegationState.ACTIVE or integration.state not in fine:
            raise AuthorizationExpired
        return row

    @asynccontextmanager
    async def opened(
        self,
        row: OrganizationIntegration,
        mailbox: str,
        capabilities: Capability,
        allowed: Callable[[], Awaitable[None]],
    ) -> AsyncGenerator[Calendars]:
        """Open a mailbox; `allowed` raises with the first request where that is over."""
        provider, delegation = self.provider(row)
        key: _Key = (
            row.organization_id,
            row.generation,
            mailbox if delegation.per_mailbox else "",
            capabilities.value,
        )

        async def grant() -> Grant:
            await allowed()
            return await self._token(row, key, mailbox, capabilities)

        async def renewed(stale: Grant) -> Grant:
            await allowed()  # the token may be refused because it is over
            kept = self._kept.get(key)
            if kept is not None and kept.access_token == stale.access_token:
                del self._kept[key]
            return await self._token(row, key, mailbox, capabilities)

        async with signed_client(
            self._transport,
            origins=provider.origins,
            grant=grant,
            renew=renewed,
            now=self._now,
        ) as http:
            yield provider.open(Access(http=http, mailbox=mailbox, capabilities=capabilities))

    async def _allowed(self, row: OrganizationIntegration, integration: Integration) -> None:
        """Say that it is over unless member, domain and both generations are what they were."""
        await sealing.standing(integration)
        stands = await OrganizationIntegration.exists(
            id=row.id, generation=row.generation, state=DelegationState.ACTIVE
        )
        active = await Member.exists(
            id=integration.member_id, organization_id=row.organization_id, active=True
        )
        domains = await domains_of(row.organization_id)
        if not stands or not active or not within(integration.account_email, domains):
            raise AuthorizationExpired

    async def _token(
        self, row: OrganizationIntegration, key: _Key, mailbox: str, capabilities: Capability
    ) -> Grant:
        kept = self._kept.get(key)
        if kept is not None and kept.expires_at - _SPARE > self._now():
            return kept
        _, delegation = self.provider(row)
        credential = await self.credential(row)
        async with unsigned(self._transport) as http:
            fresh = await delegation.grant(
                http, credential, mailbox=mailbox, capabilities=capabilities, now=self._now()
            )
        self._forget_old(row)
        self._kept[key] = fresh
        return fresh

    def _forget_old(self, row: OrganizationIntegration) -> None:
        """Drop what no call uses any more: of an older generation, or expired."""
        now = self._now()
        dead = [
            key
            for key, grant in self._kept.items()
            if grant.expires_at <= now
            or (key[0] == row.organization_id and key[1] < row.generation)
        ]
        for key in dead:
            del self._kept[key]
        while len(self._kept) >= _MOST:
            del self._kept[next(iter(self._kept))]

    # The consent itself

    def provider(self, row: OrganizationIntegration) -> tuple[CalendarProvider, Delegation]:
        """Give the provider that the credential was handed to; another package gets none of it."""
        slug = row.provider or ""
        provider = self._registry.calendars.get(slug)
        made_by = self._registry.distributions.get(slug)
        if provider is None or provider.delegation is None or made_by != row.distribution:
            log.error("the integration of organization %s is of %s", row.organization_id, slug)
            raise Misconfigured
        return provider, provider.delegation

    async def credential(self, row: OrganizationIntegration) -> Secret:
        """Open what acts for the organization."""
        if row.credential is None:
            raise AuthorizationExpired
        return await self._vault.open(row.credential, credential_place(row))

    async def sealed(self, row: OrganizationIntegration, secret: Secret) -> str:
        """Seal it to its row: it opens for no other organization, provider or account."""
        return await self._vault.seal(secret, credential_place(row))

    async def verified(self, row: OrganizationIntegration, mailbox: str) -> Verified:
        """Try on one mailbox all that is wanted, or raise what is in the way."""
        provider, delegation = self.provider(row)
        wanted = Capability(row.capabilities)
        credential = await self.credential(row)
        async with unsigned(self._transport) as http:
            found = await delegation.verify(
                http,
                credential,
                mailbox=mailbox,
                capabilities=wanted,
                now=self._now(),
                open=opener(
                    provider,
                    self._transport,
                    mailbox=mailbox,
                    capabilities=wanted,
                    now=self._now,
                ),
            )
        if wanted not in found.capabilities:
            raise ScopesMissing(missing=frozenset(), capabilities=found.capabilities)
        return found

    async def probe(self, row: OrganizationIntegration) -> bool | None:
        """Ask whether the consent still works, and note the answer; None where nobody can say."""
        if not within(row.verified_mailbox or "", await domains_of(row.organization_id)):
            return None
        try:
            await self.verified(row, row.verified_mailbox or "")
        except NeedsAdministrator as error:
            await delegation_state.failing(row, type(error).__name__, at=self._clock())
            return False
        except ProviderError as error:
            if isinstance(error, Misconfigured):
                trouble.tell_the_operator(error, about=f"organization {row.organization_id}")
            return None
        await delegation_state.healthy(row, at=self._clock())
        return True

    async def sweep(self) -> int:
        """Ask about those that were not asked about in a while; say how many."""
        now, asked = self._clock(), 0
        due = OrganizationIntegration.filter(
            state__in=sorted(MANAGED), verified_at__isnull=False, probed_at__lte=now - PROBE
        )
        for row in await due.order_by("probed_at", "id").limit(50):
            turn = OrganizationIntegration.filter(id=row.id, probed_at=row.probed_at)
            if await turn.update(probed_at=now):
                await self.probe(row)
                asked += 1
        return asked

    async def _fails(self, row: OrganizationIntegration, error: NeedsAdministrator) -> bool:
        """Whether it is the organization's consent that does not work, or this mailbox alone."""
        if isinstance(error, KeyRefused):
            await delegation_state.failing(row, type(error).__name__, at=self._clock())
            return True
        async with self._asking[row.organization_id]:  # of many who find out, one asks
            now = await delegation_state.of(row.organization_id)
            if now is None or now.state is not DelegationState.ACTIVE:
                return True
            return await self.probe(now) is not True

    async def _without_mailbox(self, integration: Integration, error: ProviderError) -> None:
        at = self._clock()
        await Integration.filter(
            id=integration.id,
            organization_id=integration.organization_id,
            generation=integration.generation,
            state__in=[IntegrationState.ACTIVE, IntegrationState.NO_MAILBOX],
        ).update(
            state=IntegrationState.NO_MAILBOX,
            reason=type(error).__name__,
            since=at,
            listed_at=at,
            unreadable_since=None,
        )


def credential_place(row: OrganizationIntegration) -> Place:
    return Place(
        organization_id=row.organization_id,
        purpose="delegation",
        table="organization_integration",
        column="credential",
        row=row.uid,
        provider=row.provider or "",
        account=row.credential_id or "",
    )
