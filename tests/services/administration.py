"""An administrator who has members asked to connect, and the worker, who writes to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.services.office import Office
from tests.world import World
from together.providers.registry import Registry
from together.services.organization.asking_to_connect import Asking, Meant, Told
from together.services.organization.status_list import Which
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    DelegationState,
    Job,
    JobState,
    Member,
    OrganizationIntegration,
)


@dataclass(slots=True)
class Administration:
    """Chiara, who asks, and the worker, who writes."""

    world: World
    office: Office
    asked: int = 0
    registry: Registry = field(init=False)

    def __post_init__(self) -> None:
        self.registry = self.office.registry

    async def ask(
        self,
        *chosen: Member,
        key: str | None = None,
        who: Member | None = None,
        **which: Any,
    ) -> Told:
        self.asked += 1
        uids = tuple(each.uid for each in chosen) if chosen else None
        asking = Asking(registry=self.registry, clock=self.office.clock)
        viewer = Viewer.of(await Member.get(id=(who or self.world.chiara).id))
        return await asking.ask(
            viewer, Meant(uids, Which(**which)), client_key=key or f"key {self.asked}"
        )

    async def works(self) -> list[str]:
        """Let the worker do all there is to do, and say whom it wrote to by then."""
        for _ in range(20):
            await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
            if not await self.office.delivery.run_once():
                break
        return sorted(self.office.told())

    async def managed(self, state: DelegationState = DelegationState.ACTIVE) -> None:
        await OrganizationIntegration.create(
            organization_id=self.world.saltmarsh.id, provider="memory", state=state
        )
