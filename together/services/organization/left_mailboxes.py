"""Opens the mailbox of a member who has left, to cancel the events that stand in it.

Their connection is gone, and nothing of theirs is read: whose calendar it was is found by the hash
that is kept with each event.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import cast

from together.providers.contract import Calendars
from together.providers.errors import AuthorizationExpired
from together.providers.values import Capability
from together.services.organization import delegation_state
from together.services.organization.delegated import Delegations
from together.services.organization.everybody import mailbox_id
from together.services.organization.proved import domains_of, within
from together.services.sessions.organizing import account_hash
from together.store.models import (
    CalendarEvent,
    DelegationState,
    Integration,
    Member,
    OrganizationIntegration,
    Seat,
)


async def left_in(organization_id: int, integration_id: int) -> str | None:
    """Say whose mailbox it was, where the organization let us into it; None otherwise."""
    row = await delegation_state.managing(organization_id)
    event = await CalendarEvent.filter(
        organization_id=organization_id, integration_id=integration_id
    ).first()
    if row is None or event is None:
        return None
    seats = await Seat.filter(
        organization_id=organization_id, booking_id=event.booking_id
    ).select_related("member")
    for seat in seats:
        member = cast("Member", seat.member)
        was = Integration(
            organization_id=organization_id,
            member_id=member.id,
            provider=row.provider or "",
            account_id=mailbox_id(member.email_key),
        )
        if account_hash(was) == event.account_hash:
            return member.email
    return None


@asynccontextmanager
async def left_behind(
    delegations: Delegations, mailbox: str, *, organization_id: int
) -> AsyncGenerator[Calendars]:
    """Open it for writing; a token for that reads no busy times."""
    row = await delegation_state.managing(organization_id)
    if row is None or row.state is not DelegationState.ACTIVE:
        raise AuthorizationExpired
    if Capability.EVENTS not in Capability(row.capabilities):
        raise AuthorizationExpired

    async def allowed() -> None:
        stands = await OrganizationIntegration.exists(id=row.id, generation=row.generation)
        if not stands or not within(mailbox, await domains_of(organization_id)):
            raise AuthorizationExpired

    async with delegations.opened(row, mailbox, Capability.EVENTS, allowed) as calendars:
        yield calendars
