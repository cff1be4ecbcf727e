"""Takes a calendar out of use at once: tokens, busy times and calendars go in one transaction."""

from __future__ import annotations

import logging

from together.providers.errors import Misconfigured, ProviderError
from together.providers.values import Account, Capability
from together.services.connections import attempts, effective, sealing
from together.services.connections.grants import Grants
from together.services.outbox.join_links import without_link
from together.services.outbox.targets import Disconnected
from together.store.models import (
    Booking,
    BookingState,
    BusyBlock,
    BusyReading,
    CalendarEvent,
    CalendarRow,
    Integration,
    Job,
    JobKind,
    JobState,
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
            state=BookingState.CONFIRMED,
            ends__gt=after,
        )
        .order_by("starts", "id")
        .all()
    )


async def taken_out_of_use(
    member: Member, integration: Integration, *, grants: Grants, vault: Vault, leaves: bool
) -> None:
    """Delete all there is of an integration; belongs into a transaction that holds its member.

    What goes back to the service is a sealed copy.  A leaver's also cancels the events they made;
    of a member who only disconnects, events stay as they are and what was to be written is parked.
    """
    mine = {"organization_id": integration.organization_id, "integration_id": integration.id}
    # First the row, which whoever is writing busy times or tokens holds: they end, then this.
    await Integration.filter(id=integration.id, organization_id=member.organization_id).update(
        generation=integration.generation + 1
    )
    await _hand_back(integration, grants=grants, vault=vault, leaves=leaves)
    if not leaves:
        await _park(integration)
    await BusyBlock.filter(**mine).delete()
    await BusyReading.filter(**mine).delete()
    await CalendarRow.filter(**mine).delete()
    await Integration.filter(id=integration.id, organization_id=member.organization_id).delete()


async def raise_generation(member: Member) -> None:
    """Stop what is under way for a member whose row this transaction holds."""
    await Member.filter(id=member.id, organization_id=member.organization_id).update(
        generation=member.generation + 1
    )
    await attempts.end_all(organization_id=member.organization_id, member_id=member.id)


async def _hand_back(
    integration: Integration, *, grants: Grants, vault: Vault, leaves: bool
) -> None:
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
    if provider.oauth.revoke_url is None and not leaves:
        return
    await grants.revocations.queue(
        organization_id=integration.organization_id,
        provider=integration.provider,
        account=Account(integration.account_id, integration.account_email),
        capabilities=Capability(integration.capabilities),
        grant=grant,
        member_id=integration.member_id,
        left_by=integration.id if leaves else None,
    )


async def _park(integration: Integration) -> None:
    await Job.filter(
        organization_id=integration.organization_id,
        integration_id=integration.id,
        kind__in=[JobKind.WRITE_EVENT, JobKind.POLL_MEETING, JobKind.CANCEL_EVENT],
        state=JobState.WAITING,
    ).update(state=JobState.PARKED, reason=Disconnected.__name__, leased_until=None)
    held = CalendarEvent.filter(
        organization_id=integration.organization_id, integration_id=integration.id
    )
    # Links that this calendar was to bring do not come by themselves any more.
    await without_link(
        integration.organization_id,
        [row.booking_id for row in await held],
        booked_by_id=integration.member_id,
    ).update(link_given_up=True)
