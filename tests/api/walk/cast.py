"""Everybody who may ask, and something of everything there is to ask about."""

from __future__ import annotations

from dataclasses import dataclass

from tests.api.conftest import Api
from tests.world import DAY, HOUR, NOW, looked_after, session
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Booking,
    BookingState,
    CalendarRow,
    ConnectionMethod,
    DelegationState,
    History,
    Holiday,
    HoursException,
    Integration,
    IntegrationState,
    Member,
    OrganizationIntegration,
    OrganizationVideo,
    ProvedDomain,
    Role,
    Series,
    VideoChoice,
)
from together.testing.memory_rooms import MemoryRooms

CAST = {
    "ada": "a participant: mentors Ben",
    "ben": "a participant: Ada's mentee",
    "hana": "a participant in no match",
    "kemi": "a PROGRAM_ADMIN, of the program that Ada and Ben are matched in",
    "jo": "a PROGRAM_ADMIN, of another program",
    "leo": "the IT_ADMIN",
    "chiara": "the ORG_ADMIN",
    "mira": "an ORG_ADMIN of another organization",
    "nils": "a participant of another organization",
}
"""Who is signed in.  None of them is two of these."""
OUTSIDE = {"grace": "MEMBER_DEACTIVATED", "nobody": "UNKNOWN_MEMBER", "": "NO_TOKEN"}
"""Who is not, and the reason they are told: deactivated, in no organization, no token."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Ids of what is asked about, by the words in a document."""

    by_word: dict[str, str]

    def into(self, text: str) -> str:
        for word, each in self.by_word.items():
            text = text.replace(f"<{word}>", each)
        return text


async def set_up(api: Api) -> Ids:
    """Give everybody their part, and put something into everything."""
    world, here = api.world, api.world.saltmarsh.id
    await Member.filter(id=world.leo.id).update(role=Role.IT_ADMIN)
    await Member.filter(id=world.mira.id).update(role=Role.ORG_ADMIN)
    await Member.filter(id=world.grace.id).update(active=False)
    mentoring = await looked_after(world.kemi)
    autumn = await looked_after(world.jo, "Autumn mentoring")
    services, chiara = api.services, Viewer.of(world.chiara)
    old = await services.programs.create(chiara, client_key="old", name="Older")
    await services.programs.rename(chiara, old.uid, name="Old mentoring")
    await services.programs.archive(chiara, old.uid)
    await api.town.connect(world.ada)
    calendar = await _trouble(api)
    await HoursException.create(
        organization_id=here, member_id=world.ada.id, date="2026-12-24", windows=[]
    )
    await Holiday.create(organization_id=here, date="2026-12-25", name="Holiday")
    held = await session(
        world.match, world.ada, world.ben, starts=NOW - 2 * DAY,
        agenda="What to read", done_at=NOW - DAY,
    )  # fmt: skip
    ahead = await session(
        world.match, world.ada, world.ben, starts=NOW + 3 * HOUR, place="Room 1",
        video="memory_meet", join_url="https://meet.memory.example/abc",
    )  # fmt: skip
    series = await Series.create(
        organization_id=here, match_id=world.match.id, booked_by_id=world.ada.id,
        rule="FREQ=WEEKLY;INTERVAL=1;BYDAY=MO", zone="UTC", begins_at=ahead.starts, count=2,
        created_at=NOW,
    )  # fmt: skip
    await Booking.filter(id=ahead.id).update(series_id=series.id, occurrence=1)
    cancelled = await session(
        world.match, world.ada, world.ben, starts=NOW - 3 * DAY,
        state=BookingState.CANCELLED, cancel_reason="Ill",
    )  # fmt: skip
    logged = await session(
        world.match, world.ada, world.ben, starts=NOW - 4 * DAY, logged=True, done_at=NOW - HOUR,
    )  # fmt: skip
    await History.create(
        organization_id=here, booking_id=ahead.id, at=NOW, member_id=world.ada.id, what="BOOKED"
    )
    await _nearly_connected(here)
    await _rooms(api)
    return Ids(
        {
            "ada": f"mbr_{world.ada.uid}",
            "ben": f"mbr_{world.ben.uid}",
            "hana": f"mbr_{world.hana.uid}",
            "kemi": f"mbr_{world.kemi.uid}",
            "grace": f"mbr_{world.grace.uid}",
            "match": f"mat_{world.match.uid}",
            "ended": f"mat_{world.ended_match.uid}",
            "held": f"bkg_{held.uid}",
            "ahead": f"bkg_{ahead.uid}",
            "series": f"ser_{series.uid}",
            "cancelled": f"bkg_{cancelled.uid}",
            "logged": f"bkg_{logged.uid}",
            "program": f"prg_{mentoring.uid}",
            "autumn": f"prg_{autumn.uid}",
            "old": f"prg_{old.uid}",
            "calendar": f"cal_{calendar.uid}",
            "ada's": f"int_{world.ada.uid}",
        }
    )


async def _trouble(api: Api) -> CalendarRow:
    """Ben's grant is lost; one of Ada's calendars is gone, and one of hers cannot be read."""
    ben = await api.town.connect(api.world.ben)
    await Integration.filter(id=ben.id).update(
        state=IntegrationState.NEEDS_RECONNECT, reason="AuthorizationExpired", since=NOW - DAY
    )
    ada = await Integration.get(member_id=api.world.ada.id)
    await Integration.filter(id=ada.id).update(
        read_at=NOW, unreadable_since=NOW - HOUR, listed_at=0
    )
    given = {
        "organization_id": ada.organization_id, "integration_id": ada.id, "name": "Old",
        "primary": False, "writable": False, "counts": True, "receives": False,
        "carries_meetings": False,
    }  # fmt: skip
    return await CalendarRow.create(
        external_id="old", missing_since=NOW, unreadable_since=NOW, **given
    )


async def _rooms(api: Api) -> None:
    """A video service of the organization's own, whose key is not taken any more."""
    rooms = MemoryRooms("https://rooms.memory.example")
    for there, more in (
        (api.town.registry.videos, {rooms.slug: rooms}),
        (api.town.registry.distributions, {rooms.slug: "together-memory"}),
    ):
        there.update(more)  # type: ignore[attr-defined]
    await OrganizationVideo.create(
        organization_id=api.world.saltmarsh.id,
        choice=VideoChoice.PROVIDER,
        provider=rooms.slug,
        distribution="together-memory",
        credential="sealed",
        credential_id="rooms",
        credential_name="Rooms of Saltmarsh",
        reason="KeyRefused",
        since=NOW,
    )


async def _nearly_connected(organization_id: int) -> None:
    """The organization's integration, verified and not yet active."""
    await ProvedDomain.create(
        organization_id=organization_id, domain="saltmarsh.example.org", proved_at=NOW
    )
    await OrganizationIntegration.create(
        organization_id=organization_id,
        provider="memory",
        distribution="together-memory",
        method=ConnectionMethod.DOMAIN_WIDE,
        state=DelegationState.VERIFIED,
        since=NOW,
        capabilities=3,
        owner_email="it@saltmarsh.example.org",
        credential="sealed",
        credential_id="client",
        credential_name="robot@memory.example",
        key_id="key",
        verified_at=NOW,
        verified_mailbox="ada@saltmarsh.example.org",
        reason="KeyNotAccepted",
    )
