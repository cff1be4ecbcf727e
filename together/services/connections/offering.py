"""Which calendar services the members of an organization may choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from together.providers.registry import Registry
from together.services.connections.effective import MANAGED
from together.services.organization import audited
from together.services.refusals import (
    Forbidden,
    InvalidInput,
    ManagedByOrganization,
    ProviderUnknown,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import OrganizationIntegration, Role
from together.store.scope import Scope

MOST_OFFERED = 50
_LOOKS_AFTER = frozenset({Role.ORG_ADMIN, Role.IT_ADMIN})


def looks_after_integrations(viewer: Viewer) -> bool:
    """Whether the viewer decides how the members of the organization connect calendars."""
    return viewer.role in _LOOKS_AFTER


@dataclass(frozen=True, slots=True)
class Offer:
    """What an organization's members are offered."""

    only: tuple[str, ...] | None = None
    """Slugs; None is every service installed."""
    hidden: bool = False
    """Nothing at all: members are told that the organization looks after it."""
    connected_with: str | None = None
    """Slug of the service with which the organization itself connects everybody."""

    @property
    def managed(self) -> bool:
        """Whether members have nothing to connect."""
        return self.hidden or self.connected_with is not None

    def of(self, installed: Sequence[str]) -> list[str]:
        """List the installed services that are offered, by slug."""
        if self.managed:
            return []
        return sorted(slug for slug in installed if self.allows(slug))

    def allows(self, slug: str) -> bool:
        return not self.managed and (self.only is None or slug in self.only)


class Offering:
    """Reads and changes what the members of an organization are offered."""

    def __init__(self, *, registry: Registry, clock: Callable[[], int]) -> None:
        self._registry, self._clock = registry, clock

    async def limit(
        self, viewer: Viewer, *, providers: Sequence[str] | None, hidden: bool
    ) -> Offer:
        """Offer these services only (None: all), or nothing; whoever is connected stays so."""
        if not looks_after_integrations(viewer):
            raise Forbidden
        offer = Offer(None if providers is None else self._checked(providers), hidden)

        async def work() -> None:
            scope = Scope(viewer.organization_id)
            columns: dict[str, Any] = {
                "offered": None if offer.only is None else list(offer.only),
                "hidden": offer.hidden,
            }
            if not await scope(OrganizationIntegration).all().update(**columns):
                await OrganizationIntegration.create(
                    organization_id=viewer.organization_id, **columns
                )

        action = "integration.offer_hidden" if hidden else "integration.offer_limited"
        await audited.changing(viewer, action, work, at=self._clock())
        return offer

    def _checked(self, providers: Sequence[str]) -> tuple[str, ...]:
        if not providers:
            raise InvalidInput("providers", "Name one service at least, or hide the options.")
        if len(providers) > MOST_OFFERED:
            raise InvalidInput("providers", f"Name {MOST_OFFERED} services at most.")
        for at, slug in enumerate(providers):
            if slug not in self._registry.calendars:
                raise InvalidInput(f"providers.{at}", "No calendar service of that name is here.")
        return tuple(sorted(set(providers)))


async def offered(organization_id: int) -> Offer:
    """Give what the members of an organization are offered, in one statement."""
    row = await Scope(organization_id)(OrganizationIntegration).first()
    if row is None:
        return Offer()
    only = None if row.offered is None else tuple(row.offered)
    return Offer(only, row.hidden, row.provider if row.state in MANAGED else None)


async def refuse_unoffered(organization_id: int, slug: str) -> None:
    """Refuse to connect with a service that members are not offered."""
    offer = await offered(organization_id)
    if offer.managed:
        raise ManagedByOrganization
    if not offer.allows(slug):
        raise ProviderUnknown
