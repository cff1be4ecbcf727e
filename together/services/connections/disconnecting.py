"""Takes a calendar out of use at once: tokens, busy times and calendars go in one transaction."""

from __future__ import annotations

import logging

from together.providers.errors import Misconfigured, ProviderError
from together.providers.values import Account, Capability
from together.services.connections import attempts, effective, sealing
from together.services.connections.grants import Grants
from together.services.outbox import handing_over
from together.store.models import (
    STANDING,
    Booking,
    BusyBlock,
    BusyReading,
    CalendarEvent,
    CalendarRow,
    Integration,
    Member,
)
from together.store.vault import Vault

log = logging.getLogger(__name__)


async def sessions_held_in(integration: Integration, *, after: int) -> list[Booking]:
    """List the sessions ahead whose event stands in this calendar."""
    held = await CalendarEvent.filter(
        organization_id=integration.organization_id, integration_id=integration.id
    ).values_list("booking_id", flat=True)
    if not held:
        return []
    return (
        await Booking.filter(
            organization_id=integration.organization_id,
            id__in=held,
            state__in=STANDING,
            ends__gt=after,
        )
        .order_by("starts", "id")
        .all()
    )


async def taken_out_of_use(
    member: Member,
    integration: Integration,
    *,
    grants: Grants,
    vault: Vault,
    leaves: bool,
    at: int,
) -> int:
    """Delete all there is of an integration; belongs into a transaction that holds its member.

    What goes back to the service is a sealed copy, which first takes away the events that are to
    go: a leaver's sessions are cancelled by now, and those of a member who only disconnects are
    Together's from now on.  Says how many these are; `at` is the clock's.
    """
    mine = {"organization_id": integration.organization_id, "integration_id": integration.id}
    # First the row, which whoever books, or is writing busy times or tokens holds: they end, then
    # this.
    await Integration.filter(id=integration.id, organization_id=member.organization_id).update(
        generation=integration.generation + 1
    )
    needed = leaves or await CalendarEvent.filter(**mine, booking__ends__gt=at).exists()
    handed = 0 if leaves else await handing_over.of_calendar(integration, after=at)
    await _hand_back(integration, grants=grants, vault=vault, needed=needed)
    await BusyBlock.filter(**mine).delete()
    await BusyReading.filter(**mine).delete()
    await CalendarRow.filter(**mine).delete()
    await Integration.filter(id=integration.id, organization_id=member.organization_id).delete()
    return handed


async def raise_generation(member: Member) -> None:
    """Stop what is under way for a member whose row this transaction holds."""
    await Member.filter(id=member.id, organization_id=member.organization_id).update(
        generation=member.generation + 1
    )
    await attempts.end_all(organization_id=member.organization_id, member_id=member.id)


async def _hand_back(
    integration: Integration, *, grants: Grants, vault: Vault, needed: bool
) -> None:
    """Queue a sealed copy; `needed` says that events are to be taken away with it first."""
    if effective.managed(integration):
        return  # there is no grant of this member's own
    await integration.refresh_from_db()  # a renewal may have stored newer tokens just now
    try:
        provider = grants.provider(integration)
        grant = await sealing.opened(vault, integration)
    except ProviderError as error:
        # Nothing can be given back: the grant is dead, unreadable, or of another package.
        if isinstance(error, Misconfigured):
            log.warning("integration %s ends without being revoked", integration.id)
        return
    if provider.oauth.revoke_url is None and not needed:
        return
    await grants.revocations.queue(
        organization_id=integration.organization_id,
        provider=integration.provider,
        account=Account(integration.account_id, integration.account_email),
        capabilities=Capability(integration.capabilities),
        grant=grant,
        member_id=integration.member_id,
        left_by=integration.id if needed else None,
    )
