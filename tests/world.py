"""The people of the examples: Saltmarsh Institute, and Northlight Guild across the line."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from together.domain.programs import program_key
from together.services.people import programs
from together.store.models import (
    Booking,
    Match,
    Member,
    Organization,
    Participant,
    Program,
    ProgramAdministrator,
    Role,
    Seat,
)
from together.store.transaction import transaction

NOW = int(datetime(2026, 11, 30, 8, tzinfo=UTC).timestamp())
"""A Monday, 08:00 UTC."""
MINUTE, HOUR, DAY = 60, 3600, 86_400

PEOPLE = {
    "ada": ("Ada Lindqvist", "Europe/Stockholm"),
    "ben": ("Ben Okafor", "Africa/Lagos"),
    "chiara": ("Chiara Moretti", "Europe/Rome"),
    "dev": ("Dev Raman", "Asia/Kolkata"),
    "elin": ("Elin Berg", "Europe/Stockholm"),
    "farid": ("Farid Haddad", "America/New_York"),
    "grace": ("Grace Liu", "Australia/Lord_Howe"),
    "hana": ("Hana Sato", "Asia/Tokyo"),
    "ivo": ("Ivo Novak", "Europe/Prague"),
    "jo": ("Jo Park", "America/Los_Angeles"),
    "kemi": ("Kemi Ade", "Africa/Lagos"),
    "leo": ("Leo Brandt", "Europe/Berlin"),
}
ABROAD = {"mira": ("Mira Holt", "Europe/Oslo"), "nils": ("Nils Aas", "Europe/Oslo")}


@dataclass(slots=True)
class FakeClock:
    """A clock that stands still until it is moved."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: int) -> None:
        self.now += seconds


@dataclass(frozen=True, slots=True)
class World:
    """Both organizations.  People by first name: ``world.ada``, ``world.mira``."""

    saltmarsh: Organization
    northlight: Organization
    people: dict[str, Member] = field(repr=False)
    match: Match
    """Ada mentors Ben; active."""
    other_match: Match
    """Ada mentors Dev; active."""
    ended_match: Match
    """Elin mentored Farid; ended."""
    foreign_match: Match
    """Mira mentors Nils, at Northlight."""

    def __getattr__(self, name: str) -> Member:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None


async def saltmarsh(*, now: int = NOW) -> World:
    """Fill a database with both organizations; without calendars, without sessions."""

    async def fill() -> World:
        here = await Organization.create(slug="saltmarsh", name="Saltmarsh Institute")
        there = await Organization.create(slug="northlight", name="Northlight Guild")
        people = {first: await member(here, *person) for first, person in PEOPLE.items()}
        people |= {first: await member(there, *person) for first, person in ABROAD.items()}
        people["chiara"].role = Role.ORG_ADMIN
        await people["chiara"].save()
        ended = await match(people["elin"], people["farid"], now=now - 30 * DAY)
        ended.state, ended.ended_at = "ENDED", now - DAY
        await ended.save()
        return World(
            here,
            there,
            people,
            match=await match(people["ada"], people["ben"], now=now - 30 * DAY),
            other_match=await match(people["ada"], people["dev"], now=now - 30 * DAY),
            ended_match=ended,
            foreign_match=await match(people["mira"], people["nils"], now=now - 30 * DAY),
        )

    return await transaction(fill)


async def member(organization: Organization, name: str, zone: str, **fields: Any) -> Member:
    """Make a member, with an address in the organization's own domain."""
    domain = {"saltmarsh": "saltmarsh.example.org", "northlight": "northlight.example.com"}
    email = f"{name.split()[0].lower()}@{domain[organization.slug]}"
    given = {"email": email, "email_key": email, "name": name, "zone": zone} | fields
    return await Member.create(organization_id=organization.id, **given)


async def program(organization_id: int, name: str = "Mentoring") -> Program:
    """Find a program of this name, or make it."""
    key = program_key(name)
    found = await Program.get_or_none(organization_id=organization_id, name_key=key)
    return found or await programs.made(organization_id, name, at=NOW)


async def looked_after(member: Member, name: str = "Mentoring") -> Program:
    """Let a member look after a program of this name."""
    found = await program(member.organization_id, name)
    await Member.filter(id=member.id).update(role=Role.PROGRAM_ADMIN)
    await ProgramAdministrator.create(
        organization_id=member.organization_id,
        program_id=found.id,
        member_id=member.id,
        added_at=NOW,
    )
    return found


async def match(mentor: Member, *mentees: Member, now: int = NOW) -> Match:
    """Match people of one organization."""
    within = await program(mentor.organization_id)
    made = await Match.create(
        organization_id=mentor.organization_id, program_id=within.id, created_at=now
    )
    for person in (mentor, *mentees):
        await Participant.create(
            organization_id=made.organization_id,
            match_id=made.id,
            member_id=person.id,
            role="MENTOR" if person is mentor else "MENTEE",
            joined_at=now,
        )
    return made


async def session(
    match: Match, *people: Member, starts: int, ends: int | None = None, **fields: Any
) -> Booking:
    """Book a session of the people, with their seats, past every rule but the database's."""

    async def book() -> Booking:
        given = {
            "zone": people[0].zone,
            "created_at": NOW,
            "event_key": uuid4().hex,
        } | fields
        until = ends if ends is not None else starts + 45 * MINUTE
        booking = await Booking.create(
            organization_id=match.organization_id,
            match_id=match.id,
            booked_by_id=people[0].id,
            starts=starts,
            ends=until,
            **given,
        )
        for person in sorted(people, key=lambda person: person.id):
            await Seat.create(
                organization_id=match.organization_id,
                booking_id=booking.id,
                member_id=person.id,
                starts=starts,
                ends=until,
            )
        return booking

    return await transaction(book)
