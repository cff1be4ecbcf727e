"""An organization whose administrator consents at the service, instead of handing over a key."""

from __future__ import annotations

from dataclasses import dataclass

from tests.services.estate import DOMAIN, Estate
from tests.services.town import BASE_URL, DISTRIBUTION, RETURN_TO, query
from together.providers.registry import Registry
from together.providers.values import Secret
from together.services.organization import proving
from together.services.organization.consenting import OrganizationConsents
from together.services.refusals import Refusal
from together.services.signing_in.viewer import Viewer
from together.store.models import Attempt, Member, OrganizationIntegration, Role
from together.testing.memory import MemoryCalendar
from together.testing.memory_consent import MemoryConsent
from together.testing.memory_service import CLIENT_ID, CLIENT_SECRET

SLUG = "memory_tenant"
CHIARA = "chiara@saltmarsh.example.org"
NILS = "nils@northlight.example.com"


class TenantCalendar(MemoryCalendar):
    """The memory calendar, where a consent gives access and no key does."""

    slug = SLUG

    def __init__(self, base_url: str) -> None:
        secret = Secret(CLIENT_SECRET)
        super().__init__(
            base_url, delegation=MemoryConsent(base_url, client_id=CLIENT_ID, client_secret=secret)
        )


@dataclass(slots=True)
class ConsentEstate(Estate):
    """What the administrator does, in this order or another."""

    def __post_init__(self) -> None:
        self.town.registry = Registry(
            calendars={"memory": MemoryCalendar(BASE_URL), SLUG: TenantCalendar(BASE_URL)},
            videos={},
            distributions={"memory": DISTRIBUTION, SLUG: DISTRIBUTION},
        )
        self.town.sandbox.administrator = CHIARA
        super(ConsentEstate, self).__post_init__()
        self.consents = self.town.consents

    consents: OrganizationConsents = None  # type: ignore[assignment]

    async def chosen(self, viewer: Viewer | None = None) -> None:
        """Choose the service."""
        await proving.add(self.world.saltmarsh.id, [DOMAIN], at=self.town.clock())
        await self.service.set_up(
            viewer or self.chiara, provider=SLUG, owner_email=None, limited=False
        )

    async def started(self, viewer: Viewer | None = None) -> str:
        """Start, and give the address of the consent page."""
        return await self.consents.start(viewer or self.chiara, return_to=RETURN_TO)

    async def callback(self, url: str) -> str:
        """Do what the page at this address asks for, and give where the callback leads."""
        return await self.town.connecting.callback(SLUG, await self.town.consented(url))

    async def handle(self, viewer: Viewer | None = None) -> str:
        """Consent, sign in, and come back with the handle."""
        back = await self.callback(await self.callback(await self.started(viewer)))
        return query(back)["handle"]

    async def consented(self) -> None:
        """Go as far as a consent that is proved."""
        await self.chosen()
        await self.consents.complete(self.chiara, await self.handle())

    async def activated(self, **options) -> None:
        await self.consented()
        await self.service.verify(self.chiara, self.world.ada.email)
        await self.service.activate(self.chiara, provider=SLUG)
        await self.work()

    async def outcome(self, handle: str, viewer: Viewer | None = None) -> str:
        """Complete, and name what came of it."""
        try:
            await self.consents.complete(viewer or self.chiara, handle)
        except Refusal as refused:
            return type(refused).__name__
        return "done"

    async def nothing_kept(self) -> bool:
        """Whether no credential and no secret of an attempt is left."""
        rows = await OrganizationIntegration.exclude(credential=None).count()
        open_ = await Attempt.exclude(verifier="", code=None, nonce=None).count()
        return (rows, open_) == (0, 0)

    async def administrator(self, member: Member) -> Viewer:
        """Make somebody an administrator too."""
        await Member.filter(id=member.id).update(role=Role.ORG_ADMIN)
        await member.refresh_from_db()
        return Viewer.of(member)
