"""Whoever loses the role, or is deactivated, in the middle of what they began does not end it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.services.administration import Administration
from tests.services.diary import connect
from tests.services.estate import DOMAIN, Estate
from tests.services.office import Office
from tests.services.studio import Studio
from tests.world import NOW, FakeClock, World
from together.services.organization import proving
from together.services.organization.asking_to_connect import Asking, Meant
from together.services.organization.status_list import Which
from together.services.people.programs import Programs
from together.services.refusals import Forbidden
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    AuditEntry,
    BulkLetter,
    DelegationState,
    Member,
    OrganizationVideo,
    Program,
    Role,
    VideoChoice,
)

LOST: list[dict[str, Any]] = [
    {"role": Role.PARTICIPANT},
    {"role": Role.PROGRAM_ADMIN},
    {"active": False},
]


def _loses(transport: Any, world: World, lost: dict[str, Any]) -> None:
    """Take it from Chiara while the service is asked."""

    async def before(_: httpx.Request) -> None:
        await Member.filter(id=world.chiara.id).update(**lost)

    transport.before = before


@pytest.mark.parametrize("lost", LOST)
async def test_while_a_mailbox_is_verified(world: World, lost: dict[str, Any]):
    """The service said yes to somebody who may not ask any more: nothing is verified."""
    estate = Estate(world)
    await estate.prepared()
    _loses(estate.town.transport, world, lost)
    with pytest.raises(Forbidden):
        await estate.service.verify(estate.chiara, world.ada.email)
    row = await estate.row()
    assert (row.state, row.verified_at) == (DelegationState.SETTING_UP, None)
    # That they looked stays written down.
    assert await AuditEntry.filter(action="integration.verification").count() == 1
    assert not await AuditEntry.filter(action="integration.verified").exists()


@pytest.mark.parametrize("lost", LOST)
async def test_while_a_video_service_is_tried(world: World, lost: dict[str, Any]):
    """What they handed over was accepted, and is not kept."""
    studio = Studio(world)
    await connect(world.ada)
    _loses(studio.transport, world, lost)
    with pytest.raises(Forbidden):
        await studio.rooms()
    row = await OrganizationVideo.get()
    assert (row.choice, row.provider, row.credential) == (VideoChoice.CALENDAR, None, None)
    assert not await AuditEntry.filter(action="video.chosen").exists()


@pytest.mark.parametrize("lost", LOST)
async def test_before_it_is_their_turn(world: World, office: Office, lost: dict[str, Any]):
    """Whom the database does not know in that role any more neither mails nor makes anything."""
    await proving.add(world.saltmarsh.id, [DOMAIN], at=NOW)
    chiara, registry = Viewer.of(world.chiara), Administration(world, office).registry
    programs = Programs(clock=FakeClock())
    made = await programs.create(chiara, client_key="first", name="Writing")
    await Member.filter(id=world.chiara.id).update(**lost)
    asking = Asking(registry=registry, clock=office.clock)
    for work in (
        asking.ask(chiara, Meant(None, Which()), client_key="k"),
        programs.create(chiara, client_key="k", name="Reading"),
        programs.rename(chiara, made.uid, name="Reading"),
        programs.archive(chiara, made.uid),
        programs.restore(chiara, made.uid),
    ):
        with pytest.raises(Forbidden):
            await work
    assert await BulkLetter.all().count() == 0
    [row] = await Program.filter(organization_id=world.saltmarsh.id, name_key="writing")
    assert (row.name, row.archived_at) == ("Writing", None)
