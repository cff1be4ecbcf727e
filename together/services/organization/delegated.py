"""Opens a member's calendar with their organization's consent: tokens on demand, stored nowhere.

A token is kept in memory for one mailbox, one purpose and one generation of the consent, which is
read from the database whenever a calendar is opened.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
from tortoise.expressions import Q, Subquery

from together.domain.addresses import email_key
from together.providers.contract import CalendarProvider, Calendars
from together.providers.delegation import Delegation, Verified, opener
from together.providers.errors import (
    AuthorizationExpired,
    KeyRefused,
    MailboxRestricted,
    Misconfigured,
    NeedsAdministrator,
    NoMailbox,
    ProviderUnavailable,
    ScopesMissing,
)
from together.providers.registry import Registry
from together.providers.signing import signed_client
from together.providers.values import Access, Capability, Grant, Secret
from together.services.connections import sealing
from together.services.connections.effective import of_organization
from together.services.connections.transport import unsigned
from together.services.organization import delegation_state
from together.services.organization.everybody import mailbox_id
from together.services.organization.probing import SOON, Probes, without_mailbox
from together.services.organization.token_cache import Key, Tokens
from together.store.models import (
    DelegationState,
    Integration,
    IntegrationState,
    OrganizationIntegration,
    ProvedDomain,
)
from together.store.vault import Place, Vault

log = logging.getLogger(__name__)

_MOST = 10_000
_AT_ONCE = 500


class Delegations:
    """The consents of organizations, in this process."""

    def __init__(
        self,
        registry: Registry,
        vault: Vault,
        transport: httpx.AsyncBaseTransport,
        clock: Callable[[], int],
    ) -> None:
        self._registry, self.vault, self._transport = registry, vault, transport
        self._clock, self._now = clock, sealing.moment(clock)
        self.tokens = Tokens(now=self._now, over=_over, most=_MOST)
        self._probes = Probes(self.verified, clock, changed=self.tokens.forget)
        self.probe, self.sweep = self._probes.probe, self._probes.sweep

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
            await without_mailbox(integration, error, at=self._clock())
            raise
        except NeedsAdministrator as error:
            if not await self._one_alone(row, error):
                raise
            # The service says the same of a mailbox that is not the organization's.
            await without_mailbox(integration, error, at=self._clock())
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
        key: Key = (
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
            self.tokens.refused(key, stale.access_token)
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
        """Say that it is over unless member, domain and both generations are what they were.

        One statement, because it is asked with every request.
        """
        organization_id = integration.organization_id
        domain = email_key(integration.account_email).rpartition("@")[2]
        consent = OrganizationIntegration.filter(
            id=row.id, generation=row.generation, state=DelegationState.ACTIVE
        )
        proved = ProvedDomain.filter(organization_id=organization_id, domain=domain)
        if not await Integration.filter(
            Q(organization_id__in=Subquery(consent.values("organization_id"))),
            Q(organization_id__in=Subquery(proved.values("organization_id"))),
            id=integration.id,
            organization_id=organization_id,
            generation=integration.generation,
            member__active=True,
        ).exists():
            raise AuthorizationExpired

    async def _token(
        self, row: OrganizationIntegration, key: Key, mailbox: str, capabilities: Capability
    ) -> Grant:
        kept = self.tokens.get(key)
        if kept is not None:
            return kept
        _, delegation = self.provider(row)
        credential = await self.credential(row)
        async with unsigned(self._transport) as http:
            fresh = await delegation.grant(
                http, credential, mailbox=mailbox, capabilities=capabilities, now=self._now()
            )
        # What came too late is not kept: it may have ended while the service was asked.
        if not await OrganizationIntegration.exists(id=row.id, generation=row.generation):
            raise AuthorizationExpired
        self.tokens.keep(key, fresh)
        return fresh

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
        return await self.vault.open(row.credential, credential_place(row))

    async def sealed(self, row: OrganizationIntegration, secret: Secret) -> str:
        """Seal it to its row: it opens for no other organization, provider or account."""
        return await self.vault.seal(secret, credential_place(row))

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

    async def _one_alone(self, row: OrganizationIntegration, error: NeedsAdministrator) -> bool:
        """Say whether it is this mailbox alone that is refused, and not the organization."""
        if isinstance(error, KeyRefused):
            await delegation_state.failing(row, type(error).__name__, at=self._clock())
            self.tokens.forget(row.organization_id)
            return False
        works = await self._probes.found_out(row.organization_id)
        if works is None:  # nobody can say: it is for later, and for nobody to act
            raise ProviderUnavailable(retry_after=timedelta(seconds=SOON)) from None
        return works


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


async def _over(keys: Collection[Key]) -> Collection[Key]:
    """Find the tokens of a generation that is over, or for a mailbox that is nobody's any more."""
    organizations = {key[0] for key in keys}
    rows = await OrganizationIntegration.filter(organization_id__in=sorted(organizations))
    stands = {(row.organization_id, row.generation) for row in rows}
    there: set[tuple[int, str]] = set()
    for organization_id in organizations:
        named = sorted({key[2] for key in keys if key[0] == organization_id and key[2]})
        for place in range(0, len(named), _AT_ONCE):
            ids = [mailbox_id(email_key(each)) for each in named[place : place + _AT_ONCE]]
            mine = of_organization(organization_id).filter(account_id__in=ids, member__active=True)
            found: Any = await mine.values_list("account_email", flat=True)
            there |= {(organization_id, each) for each in found}
    return [
        key for key in keys if key[:2] not in stands or (key[2] and (key[0], key[2]) not in there)
    ]
