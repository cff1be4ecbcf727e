"""Which of a member's connections counts: everybody who looks for one finds it here.

A member has one of their own, and one by their organization where that looks after calendars.  Of
the two, their own is suspended, and neither read nor renewed.
"""

from __future__ import annotations

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from together.services.signing_in.viewer import Viewer
from together.store.models import (
    DelegationState,
    Integration,
    IntegrationSource,
    IntegrationState,
    MatchState,
    Participant,
)

MANAGED = frozenset({DelegationState.ACTIVE, DelegationState.FAILING})
"""States in which an organization looks after the calendars of its members."""

IN_USE = Q(state__not=IntegrationState.SUSPENDED)
RELATED_IN_USE = Q(integration__state__not=IntegrationState.SUSPENDED)
"""The same, of a row that belongs to a connection."""


def in_use(viewer: Viewer) -> QuerySet[Integration]:
    """Find the one connection of a member that says when they are busy."""
    return _theirs(viewer).filter(IN_USE)


def personal(viewer: Viewer) -> QuerySet[Integration]:
    """Find the connection that a member made themselves, suspended or not."""
    return _theirs(viewer).filter(source=IntegrationSource.INDIVIDUAL)


def _theirs(viewer: Viewer) -> QuerySet[Integration]:
    return Integration.filter(organization_id=viewer.organization_id, member_id=viewer.member_id)


def of_organization(organization_id: int) -> QuerySet[Integration]:
    """Find the connections that rest on the organization's consent."""
    return Integration.filter(
        organization_id=organization_id, source=IntegrationSource.ORGANIZATION
    )


def managed(integration: Integration) -> bool:
    """Say whether a connection rests on the organization's consent."""
    return integration.source is IntegrationSource.ORGANIZATION


async def may_be_read(integration: Integration) -> bool:
    """Behind an organization's consent, only of somebody who is in an active match."""
    return not managed(integration) or await Participant.exists(
        organization_id=integration.organization_id,
        member_id=integration.member_id,
        member__active=True,
        match__state=MatchState.ACTIVE,
    )
