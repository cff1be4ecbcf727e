"""Administrators begin and end matches; both are audited."""

from __future__ import annotations

import pytest

from tests.services.town import Town
from tests.world import DAY, World, program, session
from together.services.refusals import InvalidInput
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    AuditEntry,
    Booking,
    BookingState,
    CalendarEvent,
    Integration,
    Job,
    JobKind,
    Match,
    MatchState,
    Member,
    Participant,
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


async def test_a_match_begins(town: Town, world: World):
    """Its people join at once, in their roles."""
    spring = await program(world.saltmarsh.id, "Spring mentoring")
    made = await town.members.create_match(
        _chiara(world),
        client_key="k",
        mentor=world.hana.uid,
        mentees=[world.leo.uid, world.kemi.uid],
        program=spring.uid,
    )
    match = await Match.get(id=made.id)
    people = await Participant.filter(match_id=made.id).order_by("id")
    assert (match.program_id, match.state, match.created_at) == (
        spring.id,
        MatchState.ACTIVE,
        town.clock(),
    )
    assert [(p.member_id, p.role, p.joined_at) for p in people] == [
        (world.hana.id, "MENTOR", town.clock()),
        (world.leo.id, "MENTEE", town.clock()),
        (world.kemi.id, "MENTEE", town.clock()),
    ]
    assert await _audited() == [(world.chiara.id, "match.created", f"match:{made.id}")]


async def test_a_match_of_an_administrator_with_themselves_is_marked(town: Town, world: World):
    """The log says when the one who matches is matched."""
    await town.members.create_match(
        _chiara(world),
        client_key="k",
        mentor=world.chiara.uid,
        mentees=[world.leo.uid],
        program=(await program(world.saltmarsh.id)).uid,
    )
    assert [action for _, action, _ in await _audited()] == ["match.created_with_themselves"]


BAD_MATCHES = [
    ("mentees", "hana", [], "here"),
    ("mentees", "hana", ["hana"], "here"),
    ("mentees", "hana", ["leo", "leo"], "here"),
    ("mentor", "mira", ["leo"], "here"),
    ("mentees[1]", "hana", ["leo", "nils"], "here"),
    ("mentees[0]", "hana", ["jo"], "here"),
    ("program", "hana", ["leo"], "elsewhere"),
    ("program", "hana", ["leo"], "nowhere"),
]


async def test_a_match_that_cannot_be(town: Town, world: World):
    """Nobody twice, nobody of elsewhere, nobody who has left, and no program of elsewhere."""
    programs = {
        "here": (await program(world.saltmarsh.id)).uid,
        "elsewhere": (await program(world.northlight.id)).uid,
        "nowhere": "-",
    }
    await Member.filter(id=world.jo.id).update(active=False)
    people = world.people
    for field, mentor, mentees, where in BAD_MATCHES:
        with pytest.raises(InvalidInput) as caught:
            await town.members.create_match(
                _chiara(world),
                client_key="k",
                mentor=people[mentor].uid,
                mentees=[people[name].uid for name in mentees],
                program=programs[where],
            )
        assert caught.value.field == field
    assert await town.members.create_match(
        _chiara(world),
        client_key="k",
        mentor=world.hana.uid,
        mentees=[world.leo.uid],
        program=programs["here"],
    )


async def test_ids_that_are_nobodys_are_told_apart_from_one_person_twice(town: Town, world: World):
    """Two malformed ids, and one foreign id twice, name no member here."""
    here = (await program(world.saltmarsh.id)).uid
    told = []
    for mentor, mentee in (("-", "-"), (world.hana.uid, "-"), (world.mira.uid, world.mira.uid)):
        with pytest.raises(InvalidInput) as caught:
            await town.members.create_match(
                _chiara(world), client_key="k", mentor=mentor, mentees=[mentee], program=here
            )
        told.append((caught.value.field, caught.value.message))
    words = "There is no active member with this id."
    assert told == [("mentor", words), ("mentees[0]", words), ("mentor", words)]


async def test_a_match_ends(town: Town, world: World):
    """Sessions ahead are cancelled and their events are to be taken away; other matches go on."""
    _, booking = await _organized(town, world)
    other = await session(world.other_match, world.ada, world.dev, starts=town.clock() + 2 * DAY)
    for _ in range(2):
        match = await town.members.end_match(_chiara(world), world.match.uid)
        assert (match.state, match.ended_at) == (MatchState.ENDED, town.clock())
    assert [(row.id, row.state) for row in await Booking.all().order_by("id")] == [
        (booking.id, BookingState.CANCELLED),
        (other.id, BookingState.CONFIRMED),
    ]
    assert [(job.kind, job.booking_id) for job in await Job.all()] == [
        (JobKind.CANCEL_EVENT, booking.id)
    ]
    assert [action for _, action, _ in await _audited()] == ["calendar.connected", "match.ended"]
