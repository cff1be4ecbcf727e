"""Opens a mailbox whose connection by the organization is gone, to take events out of it.

Nothing of its member's is read: whose calendar it was is found by the hash that is kept with each
event.  It is opened with the organization's consent while that stands, and with the copy that is
kept for this alone once it was ended.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import httpx

from together.providers.contract import CalendarProvider, Calendars
from together.providers.delegation import Delegation
from together.providers.errors import AuthorizationExpired, Misconfigured
from together.providers.registry import Registry
from together.providers.signing import signed_client
from together.providers.values import Access, Capability, Grant
from together.services.connections.transport import unsigned
from together.services.organization import delegation_state, moving_out
from together.services.organization.delegated import Delegations
from together.services.organization.everybody import mailbox_id
from together.services.organization.proved import domains_of, within
from together.services.sessions.organizing import account_hash
from together.store.models import (
    CalendarEvent,
    DelegationState,
    Integration,
    Job,
    LeftEvent,
    Member,
    OrganizationIntegration,
    Seat,
)


@dataclass(frozen=True, slots=True)
class LeftMailbox:
    """Whose mailbox it was, and by what it can be opened."""

    organization_id: int
    address: str
    by: OrganizationIntegration | Job


async def left_in(organization_id: int, integration_id: int) -> LeftMailbox | None:
    """Say whose mailbox it was, where the organization let us into it; None otherwise."""
    row = await delegation_state.managing(organization_id)
    ways: list[OrganizationIntegration | Job] = [] if row is None else [row]
    ways += await moving_out.copies(organization_id)
    there = {"organization_id": organization_id, "integration_id": integration_id}
    event = await CalendarEvent.filter(**there).first() or await LeftEvent.filter(**there).first()
    if event is None or not ways:
        return None
    seats: Any = await Seat.filter(
        organization_id=organization_id, booking_id=event.booking_id
    ).select_related("member")
    for way in ways:
        for seat in seats:
            member = cast("Member", seat.member)
            was = Integration(
                organization_id=organization_id,
                member_id=member.id,
                provider=way.provider or "",
                account_id=mailbox_id(member.email_key),
            )
            if account_hash(was) == event.account_hash:
                return LeftMailbox(organization_id, member.email, way)
    return None


class LeftMailboxes:
    """Opens them for writing; a token for that reads no busy times."""

    def __init__(
        self,
        delegations: Delegations,
        registry: Registry,
        transport: httpx.AsyncBaseTransport,
        now: Callable[[], datetime],
    ) -> None:
        self._delegations, self._registry = delegations, registry
        self._transport, self._now = transport, now

    def open(self, left: LeftMailbox) -> AbstractAsyncContextManager[Calendars]:
        """Open one by what opens it."""
        if isinstance(left.by, Job):
            return self._by_copy(left, left.by)
        return self._by_consent(left, left.by)

    @asynccontextmanager
    async def _by_consent(
        self, left: LeftMailbox, row: OrganizationIntegration
    ) -> AsyncGenerator[Calendars]:
        if row.state is not DelegationState.ACTIVE:
            raise AuthorizationExpired
        if Capability.EVENTS not in Capability(row.capabilities):
            raise AuthorizationExpired

        async def allowed() -> None:
            stands = await OrganizationIntegration.exists(id=row.id, generation=row.generation)
            if not stands or not await _inside(left):
                raise AuthorizationExpired

        async with self._delegations.opened(
            row, left.address, Capability.EVENTS, allowed
        ) as calendars:
            yield calendars

    @asynccontextmanager
    async def _by_copy(self, left: LeftMailbox, job: Job) -> AsyncGenerator[Calendars]:
        """Open it with a token that is kept by nobody, and is not renewed."""

        async def grant() -> Grant:
            # With each token: the copy may be over by now, or the domain another's.
            held = await moving_out.copies(left.organization_id)
            if job.id not in {each.id for each in held} or not await _inside(left):
                raise AuthorizationExpired
            async with unsigned(self._transport) as http:
                return await delegation.grant(
                    http,
                    copy.credential,
                    mailbox=left.address,
                    capabilities=Capability.EVENTS,
                    now=self._now(),
                )

        async def renewed(stale: Grant) -> Grant:
            del stale
            raise AuthorizationExpired

        copy = await moving_out.opened(job, self._delegations.vault)
        provider, delegation = self._provider(job, copy)
        async with signed_client(
            self._transport,
            origins=provider.origins,
            grant=grant,
            renew=renewed,
            now=self._now,
        ) as http:
            yield provider.open(
                Access(http=http, mailbox=left.address, capabilities=Capability.EVENTS)
            )

    def _provider(self, job: Job, copy: moving_out.Copy) -> tuple[CalendarProvider, Delegation]:
        """Give the provider that the credential was handed to; another package gets none of it."""
        slug = job.provider or ""
        provider = self._registry.calendars.get(slug)
        if provider is None or provider.delegation is None:
            raise Misconfigured
        if self._registry.distributions.get(slug) != copy.distribution:
            raise Misconfigured
        return provider, provider.delegation


async def _inside(left: LeftMailbox) -> bool:
    """Whether its domain is still known to be the organization's."""
    return within(left.address, await domains_of(left.organization_id))
