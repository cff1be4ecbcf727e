"""Administrators let members in and out, and begin and end matches; everything is audited."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.services.town import Town
from tests.world import DAY, World, session
from together.domain.spans import Span
from together.providers.errors import AuthorizationExpired, NeedsTime
from together.providers.values import Event, EventDraft
from together.services.outbox.delivery import Delivery
from together.services.refusals import EmailTaken, Forbidden, InvalidInput, NotFound
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    AuditEntry,
    Booking,
    BookingState,
    CalendarEvent,
    CalendarRow,
    Integration,
    Job,
    JobKind,
    JobState,
    Member,
    Role,
    Seat,
)


@pytest.fixture
def town() -> Town:
    return Town()


def _chiara(world: World) -> Viewer:
    return Viewer.of(world.chiara)


async def _audited() -> list[tuple[int | None, str, str]]:
    return [
        (line.actor_id, line.action, line.subject) for line in await AuditEntry.all().order_by("id")
    ]


CALLS: dict[str, Callable[[Town, Viewer, World], Awaitable[object]]] = {
    "create_member": lambda town, viewer, world: town.members.create_member(
        viewer, client_key="k", email="new@saltmarsh.example.org", name="New"
    ),
    "deactivate_member": lambda town, viewer, world: town.members.deactivate_member(
        viewer, world.ben.uid
    ),
    "reactivate_member": lambda town, viewer, world: town.members.reactivate_member(
        viewer, world.ben.uid
    ),
    "create_match": lambda town, viewer, world: town.members.create_match(
        viewer, client_key="k", mentor=world.hana.uid, mentees=[world.leo.uid], program="-"
    ),
    "end_match": lambda town, viewer, world: town.members.end_match(viewer, world.match.uid),
}


async def test_only_administrators(town: Town, world: World):
    """Whoever does not administer the organization changes nothing of it."""
    for role in (Role.PARTICIPANT, Role.PROGRAM_ADMIN, Role.IT_ADMIN):
        world.ada.role = role
        for call in CALLS.values():
            with pytest.raises(Forbidden):
                await call(town, Viewer.of(world.ada), world)
    assert await _audited() == []


async def test_what_is_of_another_organization_is_not_found(town: Town, world: World):
    """An administrator of another organization finds nothing here."""
    world.mira.role = Role.ORG_ADMIN
    await world.mira.save()
    for call in ("deactivate_member", "reactivate_member", "end_match"):
        with pytest.raises(NotFound):
            await CALLS[call](town, Viewer.of(world.mira), world)
    assert await _audited() == []


async def test_a_member_is_created(town: Town, world: World):
    """Address, name and zone are kept as given, trimmed; the address is compared folded."""
    made = await town.members.create_member(
        _chiara(world),
        client_key="k",
        email=" Ravi@Saltmarsh.example.org ",
        name=" Ravi Rao ",
        zone="Asia/Kolkata",
    )
    member = await Member.get(id=made.id)
    assert (member.email, member.email_key, member.name, member.zone, member.role) == (
        "Ravi@Saltmarsh.example.org",
        "ravi@saltmarsh.example.org",
        "Ravi Rao",
        "Asia/Kolkata",
        Role.PARTICIPANT,
    )
    assert await _audited() == [(world.chiara.id, "member.created", f"member:{made.id}")]


async def test_an_address_that_is_taken(town: Town, world: World):
    """One that differs only in case is taken; one of another organization is not."""
    chiara = _chiara(world)
    with pytest.raises(EmailTaken):
        await town.members.create_member(
            chiara, client_key="k", email=world.ben.email.upper(), name="Ben"
        )
    assert await _audited() == []
    assert await town.members.create_member(
        chiara, client_key="k", email=world.mira.email, name="Mira"
    )


BAD_MEMBERS = [
    ("email", {"email": "nobody"}),
    ("email", {"email": "ravi@x\u202e.example.org"}),
    ("name", {"name": "  "}),
    ("name", {"name": "Ravi\nRao"}),
    ("name", {"name": "Ravi\u202eRao"}),
    ("name", {"name": "x" * 201}),
    ("zone", {"zone": "Mars/Base"}),
    ("clientKey", {"client_key": " "}),
]


async def test_a_member_that_cannot_be(town: Town, world: World):
    """The field that holds what it cannot hold is named."""
    good = {
        "client_key": "k", "email": "ravi@saltmarsh.example.org", "name": "Ravi Rao",
        "zone": "Asia/Kolkata",
    }  # fmt: skip
    for field, given in BAD_MEMBERS:
        with pytest.raises(InvalidInput) as caught:
            await town.members.create_member(_chiara(world), **good | given)
        assert caught.value.field == field
    assert await town.members.create_member(_chiara(world), **good)


BAD_KEYS = {
    "": "A client key has 1 to 200 characters, and not only spaces.",
    " ": "A client key has 1 to 200 characters, and not only spaces.",
    "k" * 201: "A client key has 1 to 200 characters, and not only spaces.",
    "a\tb": "A control character (U+0009) cannot be used here.",
    "a\nb": "A line break (U+000A) cannot be used here.",
    "a\u202eb": "A character that turns the direction of a text (U+202E) cannot be used here.",
    "a\udcffb": "A control character (U+DCFF) cannot be used here.",
    "a\u200bb": "A character that nobody sees (U+200B) cannot be used here.",
}


@pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
async def test_what_is_wrong_with_a_client_key_is_said(town: Town, world: World, key: str):
    """Too short, too long, or with which character that cannot be used."""
    with pytest.raises(InvalidInput) as caught:
        await town.members.create_member(
            _chiara(world), client_key=key, email="ravi@saltmarsh.example.org", name="Ravi"
        )
    assert (caught.value.field, caught.value.message) == ("clientKey", BAD_KEYS[key])


async def test_a_role_that_is_granted_is_audited(town: Town, world: World):
    """A member who starts with a role stands in the log with it."""
    made = await town.members.create_member(
        _chiara(world),
        client_key="k",
        email="ravi@saltmarsh.example.org",
        name="Ravi",
        role=Role.IT_ADMIN,
    )
    assert [action for _, action, _ in await _audited()] == [
        "member.created",
        "member.role_granted",
    ]
    assert made.role is Role.IT_ADMIN


async def _organized(town: Town, world: World) -> tuple[Integration, Booking]:
    """A session that Ada organizes in her connected calendar, and its event there."""
    integration = await town.connect(world.ada)
    starts = town.clock() + DAY
    booking = await session(world.match, world.ada, world.ben, starts=starts)
    await CalendarEvent.create(
        organization_id=world.saltmarsh.id,
        booking_id=booking.id,
        integration_id=integration.id,
        calendar_id="home",
        event_id=booking.event_key,
    )
    return integration, booking


async def test_a_member_who_leaves(town: Town, world: World):
    """Access, calendar and sessions ahead end in one step; what is over stays."""
    _, booking = await _organized(town, world)
    over = await session(world.match, world.ada, world.ben, starts=town.clock() - DAY)
    member = await town.members.deactivate_member(_chiara(world), world.ada.uid)
    assert (member.active, member.generation) == (False, world.ada.generation + 1)
    assert await Integration.all().count() == await CalendarRow.all().count() == 0
    assert [(row.id, row.state) for row in await Booking.all().order_by("id")] == [
        (booking.id, BookingState.CANCELLED),
        (over.id, BookingState.CONFIRMED),
    ]
    assert {seat.live for seat in await Seat.filter(booking_id=booking.id)} == {False}
    assert await Job.filter(kind=JobKind.CANCEL_EVENT, booking_id=booking.id).count() == 1
    assert (await _audited())[-1] == (
        world.chiara.id,
        "member.deactivated",
        f"member:{world.ada.id}",
    )


async def test_a_leaver_s_grant_cancels_their_events_and_then_goes(town: Town, world: World):
    """It waits for the cancellation, carries it out, is revoked, and opens nothing else."""
    integration, booking = await _organized(town, world)
    await town.members.deactivate_member(_chiara(world), world.ada.uid)
    revoking = await Job.get(kind=JobKind.REVOKE_GRANT)
    with pytest.raises(NeedsTime):
        await town.grants.revoke(revoking)
    town.clock.forward(DAY)  # its access token is over: it is renewed in the copy
    async with town.grants.left_behind(
        organization_id=world.saltmarsh.id, integration_id=integration.id
    ) as calendars:
        span = Span.of(booking.starts, booking.ends)
        await calendars.cancel(Event(booking.event_key, "home", span))
    await Job.filter(kind=JobKind.CANCEL_EVENT).update(state=JobState.DONE)
    await town.grants.revoke(await Job.get(kind=JobKind.REVOKE_GRANT))
    assert town.sandbox.state["grants"] == {}
    with pytest.raises(AuthorizationExpired):
        async with town.grants.open(integration) as calendars:
            await calendars.whoami()


async def test_the_worker_takes_a_leaver_s_events_away(town: Town, world: World):
    """Their event is gone from their calendar, and then their grant, and every copy of it."""
    integration, booking = await _organized(town, world)
    draft = EventDraft(
        booking.event_key, "home", Span.of(booking.starts, booking.ends), "Mentoring session"
    )
    async with town.grants.open(integration) as calendars:
        await calendars.create(draft)
    await town.members.deactivate_member(_chiara(world), world.ada.uid)
    worker = Delivery(town.grants, town.registry, town.clock)
    while await Job.exists(state=JobState.WAITING):
        await Job.all().update(due_at=0)
        await worker.run_once()
    assert town.sandbox.events(world.ada.email) == []
    assert town.sandbox.state["grants"] == {}
    assert {(job.state, job.sealed) for job in await Job.all()} == {(JobState.DONE, None)}


async def test_what_a_leaver_left_is_of_one_organization(town: Town, world: World):
    """Asked for from another organization, the copy is not there."""
    integration, _ = await _organized(town, world)
    await town.members.deactivate_member(_chiara(world), world.ada.uid)
    with pytest.raises(AuthorizationExpired):
        async with town.grants.left_behind(
            organization_id=world.northlight.id, integration_id=integration.id
        ):
            pass


async def test_a_member_who_disconnects_leaves_nothing_behind(town: Town, world: World):
    """Once their events are taken away, nothing opens the calendar of somebody who disconnects."""
    integration, _ = await _organized(town, world)
    await town.connecting.disconnect(Viewer.of(world.ada))
    worker = Delivery(town.grants, town.registry, town.clock)
    while await Job.exists(state=JobState.WAITING):
        await Job.all().update(due_at=0)
        await worker.run_once()
    assert not await Job.filter(sealed__isnull=False).exists()
    with pytest.raises(AuthorizationExpired):
        async with town.grants.left_behind(
            organization_id=world.saltmarsh.id, integration_id=integration.id
        ):
            pass


async def test_leaving_twice_is_leaving_once(town: Town, world: World):
    """A second deactivation changes nothing and is no error."""
    for _ in range(2):
        await town.members.deactivate_member(_chiara(world), world.ada.uid)
    assert [action for _, action, _ in await _audited()] == ["member.deactivated"]


async def test_nobody_deactivates_themselves(town: Town, world: World):
    """An administrator asks another one, so that an organization keeps its last."""
    with pytest.raises(InvalidInput) as caught:
        await town.members.deactivate_member(_chiara(world), world.chiara.uid)
    assert caught.value.field == "member"


async def test_coming_back_brings_no_calendar(town: Town, world: World):
    """A member who is let in again has no connection, and makes a new one."""
    await town.connect(world.ada)
    await town.members.deactivate_member(_chiara(world), world.ada.uid)
    member = await town.members.reactivate_member(_chiara(world), world.ada.uid)
    assert (member.active, await Integration.all().count()) == (True, 0)
    assert member.generation == world.ada.generation + 2
    await town.connects(member)
