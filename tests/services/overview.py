"""What an administrator who looks after integrations asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.world import NOW, World
from together.services.connections.offering import Offer
from together.services.organization.status_list import Listed, Which, counted, listed
from together.services.signing_in.viewer import Viewer
from together.store.models import Member


@dataclass(frozen=True, slots=True)
class Part:
    size: int = 100
    backward: bool = False
    after: tuple[int | str, ...] | None = None
    before: tuple[int | str, ...] | None = None


@dataclass(slots=True)
class Overview:
    """What an administrator asks for."""

    world: World
    offer: Offer = field(default_factory=Offer)
    now: int = NOW

    @property
    def chiara(self) -> Viewer:
        return Viewer.of(self.world.chiara)

    async def all(self, part: Part | None = None, **which: Any) -> list[Listed]:
        found = await listed(
            self.chiara, Which(**which), part or Part(), offer=self.offer, now=self.now
        )
        return list(found)

    async def names(self, part: Part | None = None, **which: Any) -> list[str]:
        return [each.member.name.split()[0] for each in await self.all(part, **which)]

    async def of(self, member: Member) -> Listed:
        [found] = [each for each in await self.all() if each.member.id == member.id]
        return found

    async def numbers(self, **which: Any) -> dict[tuple[Any, ...], int]:
        rows = await counted(self.chiara, Which(**which), offer=self.offer, now=self.now)
        return {(row.source, row.provider, row.state, row.standing): row.count for row in rows}
