"""How far an organization's integration is, and what activating it would do to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from together.providers.delegation import Step, StepKind
from together.providers.registry import Registry
from together.providers.values import Capability
from together.services.organization.proved import addresses_in, domains_of
from together.store.models import IntegrationState, MemberStatus, OrganizationIntegration
from together.store.scope import Scope

GIVING = frozenset({StepKind.UPLOAD_KEY, StepKind.CONSENT})
"""Steps that are done once there is a credential; of the others, nothing is known until it works.
"""


@dataclass(frozen=True, slots=True)
class Preview:
    """What activating would do to whom; of active members."""

    gain: int
    """Have nothing that works, and would be connected."""
    keep: int
    """Are connected by themselves, and would be by the organization."""
    lose: int
    """Are connected by themselves, and are in none of the domains."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the integration stands, with what comes next."""

    row: OrganizationIntegration
    domains: Sequence[str]
    steps: Sequence[tuple[Step, bool]]
    """Of the service's own, and whether each is done as far as we can know."""
    missing: Sequence[str]
    next: str


async def preview_of(organization_id: int) -> Preview:
    """Count active members by whether they are connected, and in a domain."""
    # What the database keeps of each member, and an index of it holds: no connection is read.
    active = Scope(organization_id)(MemberStatus).filter(active=True)
    inside = active.filter(addresses_in(await domains_of(organization_id)))
    works = {"state": IntegrationState.ACTIVE.value}
    everybody, keep = await inside.count(), await inside.filter(**works).count()
    connected = await active.filter(**works).count()
    return Preview(gain=everybody - keep, keep=keep, lose=connected - keep)


def steps_of(row: OrganizationIntegration, *, registry: Registry) -> list[tuple[Step, bool]]:
    """List the service's own steps, and whether each is done as far as we can know."""
    provider = registry.calendars.get(row.provider or "")
    if provider is None or provider.delegation is None:
        return []
    steps = provider.delegation.steps(
        capabilities=Capability(row.capabilities), id=row.credential_id
    )
    given, works = row.credential is not None, row.verified_at is not None
    return [(each, given if each.kind in GIVING else works) for each in steps]
