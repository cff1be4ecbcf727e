"""Opens a member's calendars: the only place where a stored grant meets a provider."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx

from together.providers.contract import CalendarProvider, Calendars
from together.providers.errors import AuthorizationExpired, Misconfigured
from together.providers.registry import Registry
from together.providers.signing import signed_client
from together.providers.values import Access, Account, Capability, Grant
from together.services.connections import effective, sealing
from together.services.connections.renewing import Renewals
from together.services.connections.revoking import Revocations
from together.services.connections.transport import unsigned
from together.services.organization.delegated import Delegations
from together.services.organization.left_mailboxes import LeftMailboxes, left_in
from together.store.models import Integration, IntegrationState, Job
from together.store.vault import Vault

log = logging.getLogger(__name__)


class Grants:
    """Every grant of this installation, over one pool of connections."""

    def __init__(
        self,
        registry: Registry,
        vault: Vault,
        transport: httpx.AsyncBaseTransport,
        clock: Callable[[], int],
    ) -> None:
        self._registry, self._vault, self._transport = registry, vault, transport
        self._now = sealing.moment(clock)
        self.revocations = Revocations(
            registry=registry, vault=vault, transport=transport, clock=clock
        )
        self.delegations = Delegations(registry, vault, transport, clock)
        self._left = LeftMailboxes(self.delegations, registry, transport, self._now)
        self._renewals = Renewals(
            vault=vault, revocations=self.revocations, client=self.client, clock=clock
        )

    @asynccontextmanager
    async def open(
        self, integration: Integration, *, writing: bool = False
    ) -> AsyncGenerator[Calendars]:
        """Open the calendars of an integration; its grant is read with the first request.

        Nothing is sent for an integration that waits for its member.  `writing` says what a token
        of the organization's is asked for.
        """
        if effective.managed(integration):
            wanted = Capability.EVENTS if writing else Capability.FREE_BUSY
            async with self.delegations.open(integration, capabilities=wanted) as calendars:
                yield calendars
            return
        provider = self.provider(integration)
        if integration.state is not IntegrationState.ACTIVE:
            raise AuthorizationExpired

        async def grant() -> Grant:
            return await sealing.opened(self._vault, await sealing.standing(integration))

        async def renewed(stale: Grant) -> Grant:
            return await self._renewals.renewed(integration, by=provider, stale=stale)

        account = Account(integration.account_id, integration.account_email)
        async with self.signed(provider, grant=grant, renew=renewed) as http:
            yield provider.open(
                Access(
                    http=http, account=account, capabilities=Capability(integration.capabilities)
                )
            )

    def look_into(self, integration: Integration) -> AbstractAsyncContextManager[Calendars]:
        """Open a mailbox with the organization's consent, also one that was not there before."""
        return self.delegations.open(integration, capabilities=Capability.FREE_BUSY, anew=True)

    def provider(self, integration: Integration) -> CalendarProvider:
        """Give the provider that made the integration.

        Another package under the same slug gets none of its grants.
        """
        provider = self._registry.calendars.get(integration.provider)
        made_by = self._registry.distributions.get(integration.provider)
        if provider is None or made_by != integration.distribution:
            log.error(
                "integration %s was made by %s, which is not what %s is now",
                integration.id,
                integration.distribution,
                integration.provider,
            )
            raise Misconfigured
        return provider

    def client(self) -> httpx.AsyncClient:
        """Give a client that signs nothing, for the token endpoint."""
        return unsigned(self._transport)

    def signed(
        self,
        provider: CalendarProvider,
        *,
        grant: Callable[[], Awaitable[Grant]],
        renew: Callable[[Grant], Awaitable[Grant]],
    ) -> httpx.AsyncClient:
        """Give a client that signs what goes to the provider's origins and refuses the rest."""
        return signed_client(
            self._transport, origins=provider.origins, grant=grant, renew=renew, now=self._now
        )

    @asynccontextmanager
    async def left_behind(
        self, *, organization_id: int, integration_id: int
    ) -> AsyncGenerator[Calendars]:
        """Open a calendar whose integration is gone, to take an event out of it."""
        mailbox = await left_in(organization_id, integration_id)
        opened = (
            self.revocations.left_behind(
                organization_id=organization_id, integration_id=integration_id
            )
            if mailbox is None
            else self._left.open(mailbox)
        )
        async with opened as calendars:
            yield calendars

    async def revoke(self, job: Job) -> None:
        """Carry out a job of the kind REVOKE_GRANT; its copy is destroyed once this returns."""
        await self.revocations.revoke(job)
