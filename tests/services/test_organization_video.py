"""An organization has a video service: chosen by administrators, used by every booking."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.diary import connect
from tests.services.studio import MemoryHalls, OnlyForOne, Studio
from tests.services.town import BASE_URL
from tests.world import World
from together.providers.errors import UnusableKey
from together.providers.values import Capability, Secret
from together.services.organization.audit_log import told
from together.services.organization.delegation_refusals import KeyUnusable
from together.services.organization.video_refusals import OrganizationVideoUnavailable
from together.services.refusals import Forbidden, InvalidInput
from together.services.sessions.automatic_video import automatic_for
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    AuditEntry,
    DelegationState,
    Member,
    OrganizationIntegration,
    OrganizationVideo,
    Role,
    VideoChoice,
)
from together.testing.memory_rooms import MemoryRooms


@pytest.fixture
def studio(world: World) -> Studio:
    return Studio(world)


async def _row(world: World) -> OrganizationVideo:
    return await OrganizationVideo.get(organization_id=world.saltmarsh.id)


async def _calendar(world: World, *, provider: str, limited: bool = False) -> None:
    """Connect the organization's calendars as a whole."""
    wanted = Capability.FREE_BUSY if limited else Capability.FREE_BUSY | Capability.EVENTS
    await OrganizationIntegration.create(
        organization_id=world.saltmarsh.id,
        provider=provider,
        distribution="together",
        capabilities=wanted.value,
        state=DelegationState.ACTIVE,
    )


async def test_what_it_needs_is_tried_and_sealed(studio: Studio, world: World):
    """A credential is tried at the service before it is kept, and is nowhere to be read."""
    key = studio.sandbox.add_room_key()
    await studio.choose("memory_rooms", key)
    row = await _row(world)
    assert (row.choice, row.provider, row.distribution, row.reason) == (
        VideoChoice.PROVIDER,
        "memory_rooms",
        "together",
        None,
    )
    assert (row.credential_id, row.credential_name) == ("room-key-1", "rooms robot")
    assert studio.sandbox.requests == ["POST /rooms/token"]
    secret = studio.sandbox.state["room_keys"]["room-key-1"]
    assert secret not in str(dict(row))
    line = await AuditEntry.get(action="video.chosen")
    assert (line.actor_id, line.subject) == (world.chiara.id, f"organization:{world.saltmarsh.id}")
    assert (told(line.before), told(line.after)) == (
        {"video": "CALENDAR", "video_provider": None, "video_credential": None},
        {
            "video": "PROVIDER",
            "video_provider": "memory_rooms",
            "video_credential": "room-key-1",
        },
    )


async def test_who_may_choose(studio: Studio, world: World):
    """Administrators may, those of integrations too, and nobody else; nobody's else changes."""
    await Member.filter(id=world.leo.id).update(role=Role.IT_ADMIN)
    await Member.filter(id=world.mira.id).update(role=Role.ORG_ADMIN)
    for who in (world.leo, world.mira):
        await who.refresh_from_db()
        await studio.videos.choose(Viewer.of(who), VideoChoice.NONE)
    for call in (
        studio.videos.choose(Viewer.of(world.ada), VideoChoice.NONE),
        studio.videos.status(Viewer.of(world.ada)),
    ):
        with pytest.raises(Forbidden):
            await call
    rows = await OrganizationVideo.all().order_by("id").values_list("organization_id", "choice")
    assert rows == [
        (world.saltmarsh.id, VideoChoice.NONE),
        (world.northlight.id, VideoChoice.NONE),
    ]


@pytest.mark.parametrize(
    ("provider", "credential", "obstacle"),
    [
        ("nowhere", None, "NOT_INSTALLED"),
        ("memory_booths", None, "NOT_FOR_ORGANIZATIONS"),
        ("memory_meet", None, "OTHER_CALENDAR"),
        ("memory_rooms", None, "CREDENTIAL_MISSING"),
        (
            "memory_rooms",
            '{"type": "memory_rooms", "id": "x", "name": "x", "secret": "x"}',
            "CREDENTIAL_REFUSED",
        ),
    ],
)
async def test_bad_choices_are_told_apart(
    studio: Studio, world: World, provider: str, credential: str | None, obstacle: str
):
    """Each is refused by name, nothing is changed, and a good choice works after it."""
    with pytest.raises(OrganizationVideoUnavailable) as caught:
        await studio.choose(provider, credential)
    assert caught.value.obstacle == obstacle
    assert (await studio.videos.status(studio.chiara)).choice is VideoChoice.CALENDAR
    assert not await AuditEntry.exists(action="video.chosen")
    await studio.rooms()
    assert (await _row(world)).provider == "memory_rooms"


async def test_what_is_no_credential(studio: Studio):
    """What is unreadable, incomplete or endless is refused before anybody is asked."""
    for text in ("no key", '{"type": "memory_rooms", "id": "x"}', "x" * 70_000):
        with pytest.raises(KeyUnusable):
            await studio.choose("memory_rooms", text)
    assert studio.sandbox.requests == []
    with pytest.raises(UnusableKey):
        MemoryHalls.organization.read_credential(Secret("x"))


async def test_a_service_and_its_name_go_together(studio: Studio):
    """A service is named where its links are meant, and only there."""
    for choice, provider in (
        (VideoChoice.PROVIDER, None),
        (VideoChoice.NONE, "memory_halls"),
        (VideoChoice.CALENDAR, "memory_halls"),
    ):
        with pytest.raises(InvalidInput) as caught:
            await studio.videos.choose(studio.chiara, choice, provider=provider)
        assert caught.value.field == "provider"


async def test_a_service_that_cannot_be_asked(studio: Studio, world: World):
    """An outage changes nothing and says to try again; what only the operator mends says that."""
    key = studio.sandbox.add_room_key()
    for switch, obstacle in (("down", "SERVICE_DOWN"), ("nonsense", "NOT_AVAILABLE_HERE")):
        setattr(studio.sandbox, switch, True)
        with pytest.raises(OrganizationVideoUnavailable) as caught:
            await studio.choose("memory_rooms", key)
        assert caught.value.obstacle == obstacle
        setattr(studio.sandbox, switch, False)
    await studio.choose("memory_rooms", key)
    assert (await _row(world)).credential_id == "room-key-1"


async def test_links_of_the_organizations_calendar(studio: Studio, world: World):
    """The service of the connected calendar can be named; with free and busy only, it cannot."""
    await _calendar(world, provider="memory")
    await studio.rooms()
    await studio.choose("memory_meet")
    row = await _row(world)
    assert (row.choice, row.provider, row.credential) == (VideoChoice.CALENDAR, None, None)
    await OrganizationIntegration.all().update(provider="other")
    with pytest.raises(OrganizationVideoUnavailable) as caught:
        await studio.choose("memory_meet")
    assert caught.value.obstacle == "OTHER_CALENDAR"


async def test_free_and_busy_only_brings_no_link(studio: Studio, world: World):
    """Where nothing is written to calendars, their links cannot be chosen, and others can."""
    await _calendar(world, provider="memory", limited=True)
    for provider in ("memory_meet", None):
        choice = VideoChoice.CALENDAR if provider is None else VideoChoice.PROVIDER
        with pytest.raises(OrganizationVideoUnavailable) as caught:
            await studio.videos.choose(studio.chiara, choice, provider=provider)
        assert caught.value.obstacle == "FREE_BUSY_ONLY"
    await studio.rooms()
    assert (await _row(world)).provider == "memory_rooms"


async def test_what_was_handed_over_stays_for_the_same_service(studio: Studio, world: World):
    """Chosen again without a credential, the service keeps it; another choice destroys it."""
    await studio.rooms()
    sealed = (await _row(world)).credential
    await studio.choose("memory_rooms")
    assert (await _row(world)).credential == sealed
    await studio.choose("memory_halls")
    assert (await _row(world)).credential is None
    with pytest.raises(OrganizationVideoUnavailable) as caught:
        await studio.choose("memory_rooms")
    assert caught.value.obstacle == "CREDENTIAL_MISSING"


async def test_two_administrators_at_once(studio: Studio, world: World):
    """Of choices made at the same moment each is whole: a service with what opens for it."""
    keys = [studio.sandbox.add_room_key() for _ in range(4)]
    done = await asyncio.gather(
        *(studio.choose("memory_rooms", key) for key in keys),
        *(studio.choose("memory_halls") for _ in range(4)),
        return_exceptions=True,
    )
    assert any(each is None for each in done)
    row = await _row(world)
    assert (row.provider == "memory_rooms") is (row.credential is not None)
    await studio.choose("memory_rooms", keys[0])
    await connect(world.ada)
    booking = await studio.book()
    await studio.run()
    assert (await studio.seen(booking))[1] is not None


async def test_what_members_are_told(studio: Studio, world: World):
    """Whose link comes by itself: the organization's, else the calendar's; and of whom none."""
    await connect(world.ada)
    limited = await connect(world.ben, capabilities=Capability.FREE_BUSY)
    assert limited.capabilities == Capability.FREE_BUSY.value

    async def by_itself() -> list[str | None]:
        return [
            await automatic_for(Viewer.of(who), registry=studio.registry, now=studio.clock())
            for who in (world.ada, world.ben, world.dev)
        ]

    assert await by_itself() == ["memory_meet", None, None]
    await studio.choose("memory_halls")
    assert await by_itself() == ["memory_halls", "memory_halls", None]
    await studio.videos.choose(studio.chiara, VideoChoice.NONE)
    assert await by_itself() == [None, None, None]
    await studio.videos.choose(studio.chiara, VideoChoice.CALENDAR)
    assert await by_itself() == ["memory_meet", None, None]


async def test_a_plugin_that_is_not_here_any_more(studio: Studio, world: World):
    """Sessions get links as if it had not been chosen, and another package gets nothing of it."""
    await studio.rooms()
    await connect(world.ada)
    studio.install(OnlyForOne())
    booking = await studio.book()
    assert booking.video == "memory_meet"
    studio.install(MemoryRooms(BASE_URL))
    await OrganizationVideo.all().update(distribution="another package")
    assert (
        await automatic_for(Viewer.of(world.ada), registry=studio.registry, now=studio.clock())
    ) == "memory_meet"
