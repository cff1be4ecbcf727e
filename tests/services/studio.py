"""A desk whose organization may have a video service of its own, with memory rooms behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from tests.services.desk import Desk
from tests.services.diary import REGISTRY
from tests.services.town import BASE_URL, CountedTransport
from tests.world import World
from together.domain.spans import Span
from together.providers.contract import Meetings, VideoProvider
from together.providers.organization_video import OrganizationMeetings
from together.providers.registry import Registry
from together.providers.values import Access, Account, Meeting, Secret
from together.services.availability.busy import Busy
from together.services.organization.organization_video import OrganizationVideos
from together.services.outbox.delivery import Delivery
from together.services.outbox.mail import Mails
from together.services.sessions.booking import Bookings
from together.services.signing_in.viewer import Viewer
from together.store.models import Booking, VideoChoice
from together.store.vault import Vault
from together.testing.memory_rooms import MemoryRooms
from together.testing.memory_rooms_service import ROOM_HOST
from together.testing.memory_sandbox import MemorySandbox


class Halls(Meetings):
    """Addresses that are made up from the key: nobody is asked, and nothing is to be moved."""

    async def whoami(self) -> Account:
        return Account("halls", "")

    async def create(self, *, key: str, span: Span, title: str) -> Meeting:
        return Meeting(key, f"https://halls.example.net/{key}")

    async def update(self, meeting: Meeting, *, span: Span, title: str) -> Meeting:
        return Meeting(meeting.id, f"https://halls.example.net/{meeting.id}")

    async def cancel(self, meeting: Meeting) -> None:
        """There is nothing to take away."""


class HallsOfOrganization(OrganizationMeetings):
    def open(self, access: Access) -> Meetings:
        return Halls()


class MemoryHalls(VideoProvider):
    """A service that needs nothing from anybody."""

    slug = "memory_halls"
    label = "Memory Halls"
    join_hosts = frozenset({"halls.example.net"})
    organization = HallsOfOrganization()


class OnlyForOne(VideoProvider):
    """A service that makes meetings for who connects it, and for nobody else."""

    slug = "memory_booths"
    label = "Memory Booths"
    join_hosts = frozenset({"booths.example.net"})


def registry_with(*videos: VideoProvider) -> Registry:
    found = {**REGISTRY.videos, **{each.slug: each for each in videos}}
    return Registry(
        calendars=REGISTRY.calendars,
        videos=found,
        distributions=dict.fromkeys(["memory", *found], "together"),
    )


class Studio(Desk):
    """Chiara administers it."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.sandbox = MemorySandbox(now=self.clock)
        self.transport = CountedTransport(self.sandbox)
        self.vault = Vault({"k1": b"1" * 32}, current="k1")
        self.install(MemoryRooms(BASE_URL), MemoryHalls(), OnlyForOne())

    def install(self, *videos: VideoProvider) -> None:
        """Start again with these services, beside the one of the calendars."""
        self.registry = registry_with(*videos)
        self.videos = OrganizationVideos(
            registry=self.registry,
            vault=self.vault,
            transport=self.transport,
            clock=self.clock,
        )
        busy = Busy(self.diaries, self.clock)
        self.bookings = Bookings(busy=busy, registry=self.registry, clock=self.clock)
        self.delivery = Delivery(
            self.diaries,
            self.registry,
            self.clock,
            Mails(self.registry, self.clock),
            videos=self.videos,
        )

    @property
    def chiara(self) -> Viewer:
        return Viewer.of(self.world.chiara)

    async def choose(self, provider: str, credential: str | None = None) -> None:
        await self.videos.choose(
            self.chiara,
            VideoChoice.PROVIDER,
            provider=provider,
            credential=None if credential is None else Secret(credential),
        )

    async def rooms(self) -> None:
        """Give the organization rooms."""
        await self.choose("memory_rooms", self.sandbox.add_room_key())

    def before_requests(self, act: Callable[[httpx.Request], Any]) -> None:
        """Do something before each request is answered."""

        async def before(request: httpx.Request) -> None:
            act(request)

        self.transport.before = before

    async def seen(self, booking: Booking) -> tuple[str | None, str | None, bool]:
        """Which service, which link, and whether it was given up."""
        row = await Booking.get(id=booking.id)
        return row.video, row.join_url, row.link_given_up


def room(booking: Booking) -> str:
    """The link of its room."""
    return f"https://{ROOM_HOST}/{booking.event_key[:12]}"
