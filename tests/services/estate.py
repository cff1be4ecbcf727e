"""An organization that is connected as a whole, with the memory service behind it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.services.town import Town
from tests.world import World
from together.providers.values import Secret
from together.services.availability.busy import Busy
from together.services.connections.integrations import Own, own
from together.services.organization import proving
from together.services.organization.delegating import OrganizationIntegrations
from together.services.outbox.delivery import Delivery
from together.services.outbox.mail import Mails
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Integration,
    Job,
    JobState,
    Member,
    OrganizationIntegration,
)

DOMAIN = "saltmarsh.example.org"


class Kept:
    """Where mails go that are only looked at."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def send(self, message) -> None:
        self.sent.append((str(message["To"]), str(message["Subject"])))


@dataclass(slots=True)
class Estate:
    """What an administrator, the worker and the service do, in this order or another."""

    world: World
    town: Town = field(default_factory=Town)
    post: Kept = field(default_factory=Kept)

    def __post_init__(self) -> None:
        self.grants = self.town.grants
        self.service = self.process()
        self.delivery = Delivery(
            self.grants,
            self.town.registry,
            self.town.clock,
            Mails(self.town.registry, self.town.clock, post=self.post),
        )
        self.busy = Busy(self.grants, self.town.clock)
        for each in self.world.people.values():
            if each.organization_id == self.world.saltmarsh.id and each.name != "Ivo Novak":
                self.town.sandbox.add_account(each.email)

    grants: object = None
    service: OrganizationIntegrations = None  # type: ignore[assignment]
    delivery: Delivery = None  # type: ignore[assignment]
    busy: Busy = None  # type: ignore[assignment]

    def process(self) -> OrganizationIntegrations:
        """The administrators' part of it."""
        return OrganizationIntegrations(
            registry=self.town.registry,
            delegations=self.grants.delegations,
            clock=self.town.clock,
        )

    @property
    def chiara(self) -> Viewer:
        return Viewer.of(self.world.chiara)

    async def prepared(self, *, limited: bool = False, owner: str | None = None) -> None:
        """Go as far as a key that may act for everybody of the domain."""
        await proving.add(self.world.saltmarsh.id, [DOMAIN], at=self.town.clock())
        await self.service.set_up(
            self.chiara, provider="memory", owner_email=owner, limited=limited
        )
        await self.service.upload_key(self.chiara, Secret(self.town.sandbox.add_key()))
        self.town.sandbox.delegate(DOMAIN)

    async def activated(self, **options) -> None:
        """Go the whole way, the worker's part included."""
        await self.prepared(**options)
        await self.service.verify(self.chiara, self.world.ada.email)
        await self.service.activate(self.chiara, provider="memory")
        await self.work()

    async def work(self) -> None:
        """Let the worker do all there is to do, as if every pause had passed."""
        for _ in range(20):
            await Job.filter(state=JobState.WAITING).update(due_at=0, leased_until=None)
            if not await self.delivery.run_once():
                return

    async def row(self) -> OrganizationIntegration:
        return await OrganizationIntegration.get(organization_id=self.world.saltmarsh.id)

    async def own(self, member: Member) -> Own | None:
        return await own(Viewer.of(member), registry=self.town.registry, now=self.town.clock())

    async def states(self, member: Member) -> list[tuple[str, str]]:
        """Each of a member's connections: by whom, and how it stands."""
        rows = await Integration.filter(member_id=member.id).order_by("source")
        return [(row.source.value, row.state.value) for row in rows]
