"""When a match can meet, in three shapes: slots, periods and days."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated

import strawberry

from together.api.fields import field
from together.api.members import Member
from together.api.problems import DurationNotOffered, InvalidInput, InvalidWindow, MatchHasEnded
from together.api.scalars import Day, Instant, Zone
from together.domain.integration import Standing
from together.domain.spans import Spans
from together.services.availability import free_times as service
from together.services.availability.free_times import Cell, Empty, Verdict

strawberry.enum(
    Empty, name="EmptyReason", description="Why nothing is offered, as far as one may know."
)
strawberry.enum(Verdict, name="SlotVerdict", description="What booking a start would be told.")


@strawberry.enum(description="What the viewer may know of one person at one time.")
class Presence(Enum):
    FREE = Cell.FREE.value
    BUSY = Cell.BUSY.value
    UNKNOWN = Cell.UNKNOWN.value


@strawberry.enum(description="Which slots to give.")
class SlotFilter(Enum):
    ALL = strawberry.enum_value("ALL", description="Every time that the rules allow.")
    FREE = strawberry.enum_value(
        "FREE", description="Only those in which everybody whom the viewer may see is free."
    )


@strawberry.enum(description="Why some of a person's time is unknown, as far as one may know.")
class UnknownReason(Enum):
    NOT_INTEGRATED = "NOT_INTEGRATED"
    UNREADABLE_NOW = "UNREADABLE_NOW"
    NOT_READ = strawberry.enum_value(
        "NOT_READ", description="A part of the window could not be read."
    )


PRESENCES = tuple(Presence)


@strawberry.type(description="A stretch of time in which a person is free, busy or unknown.")
class Period:
    start: Instant = strawberry.field(description="When it begins.")
    end: Instant = strawberry.field(description="When it ends.")
    state: Presence = strawberry.field(description="What is known of the person then.")


@strawberry.type(description="One person of the match, as the viewer may see them.")
class AvailabilityPerson:
    member: Member = strawberry.field(description="Who.")
    calendar: Standing | None = strawberry.field(
        description="Whether their calendar is integrated; null where the viewer is told nothing."
    )
    unknown_because: UnknownReason | None = strawberry.field(
        description="Why some of their time is unknown; null when nothing is, or nothing is told."
    )
    spans: strawberry.Private[tuple[Spans | None, Spans | None, Spans | None]]

    @property
    def seen(self) -> bool:
        """Whether the viewer may see their free and busy times."""
        return any(spans is not None for spans in self.spans)

    @classmethod
    def of(cls, person: service.Person) -> AvailabilityPerson:
        return cls(
            member=Member.of(person.member),
            calendar=person.standing,
            unknown_because=_unknown_because(person),
            spans=(person.free, person.busy, person.unknown),
        )

    @field(
        description="Their free, busy and unknown times of the window, in order; null where the "
        "viewer may not see them."
    )
    def periods(self) -> list[Period] | None:
        found = [
            (start, end, state)
            for spans, state in zip(self.spans, PRESENCES, strict=True)
            if spans is not None
            for start, end in spans.pairs()
        ]
        if not self.seen:
            return None
        return [Period(start=Instant(a), end=Instant(b), state=c) for a, b, c in sorted(
            found, key=lambda each: each[:2]
        )]  # fmt: skip


@strawberry.type(description="What is known of one person in one slot.")
class SlotPerson:
    member: Member = strawberry.field(description="Who.")
    state: Presence = strawberry.field(description="What is known of them then.")


@strawberry.type(description="A time that a session may have.")
class Slot:
    start: Instant = strawberry.field(description="When it would begin.")
    end: Instant = strawberry.field(description="When it would end.")
    states: list[Presence] = strawberry.field(
        description="What is known of each person then, in the order of `people` of the "
        "availability. The lightest way to draw thousands of slots."
    )
    members: strawberry.Private[list[Member]]
    seen: strawberry.Private[list[bool]]

    @field(description="How many of those whom the viewer may see are known to be free then.")
    def free(self) -> int:
        return self._many(Presence.FREE)

    @field(description="How many of those whom the viewer may see are busy then.")
    def busy(self) -> int:
        return self._many(Presence.BUSY)

    @field(
        description="Of how many of those whom the viewer may see nothing is known then. Whoever "
        "is hidden from the viewer is in none of the three counts."
    )
    def unknown(self) -> int:
        return self._many(Presence.UNKNOWN)

    def _many(self, state: Presence) -> int:
        people = zip(self.states, self.seen, strict=True)
        return sum(seen and each is state for each, seen in people)

    @field(description="The same as `states`, with names.")
    def people(self) -> list[SlotPerson]:
        return [
            SlotPerson(member=member, state=state)
            for member, state in zip(self.members, self.states, strict=True)
        ]


@strawberry.type(description="The slots that begin on one local day of the zone asked for.")
class AvailabilityDay:
    date: Day = strawberry.field(description="Which day, in the zone asked for.")
    slots: int = strawberry.field(description="How many slots begin on it.")
    free: int | None = strawberry.field(
        description="Of them, those in which everybody whom the viewer may see is free; null "
        "where the viewer sees nobody's calendar."
    )


@strawberry.type(description="When a match can meet within a window.")
class Availability:
    start: Instant = strawberry.field(description="Where the window begins.")
    end: Instant = strawberry.field(description="Where the window ends.")
    time_zone: Zone = strawberry.field(description="The zone whose grid and days are meant.")
    duration: int = strawberry.field(description="The length of a session, in minutes.")
    as_of: Instant | None = strawberry.field(
        description="When the oldest of the calendars that the viewer sees was read; null when "
        "the answer rests on none."
    )
    empty_because: Empty | None = strawberry.field(
        description="Why there is no slot; null when there is one."
    )
    own_hours_only: bool = strawberry.field(
        description="The match has no weekly hours in common, so these are the viewer's own: book "
        "them with `outsideHours`."
    )
    people: list[AvailabilityPerson] = strawberry.field(
        description="Everybody in the match, the viewer first."
    )
    days: list[AvailabilityDay] = strawberry.field(
        description="Every local day that the window touches."
    )
    answer: strawberry.Private[service.Availability]

    @classmethod
    def of(cls, answer: service.Availability) -> Availability:
        return cls(
            start=Instant(answer.start),
            end=Instant(answer.end),
            time_zone=Zone(answer.zone),
            duration=answer.duration,
            as_of=None if answer.as_of is None else Instant(answer.as_of),
            empty_because=answer.empty_because,
            own_hours_only=answer.own_hours_only,
            people=[AvailabilityPerson.of(person) for person in answer.people],
            days=[
                AvailabilityDay(date=_day(day.date), slots=day.slots, free=day.free)
                for day in answer.days
            ],
            answer=answer,
        )

    @field(description="Every time that the rules allow, in order.")
    def slots(self) -> list[Slot]:
        length = self.duration * 60
        members = [person.member for person in self.people]
        cells = [self.answer.slots.cells[person.member.row.id] for person in self.people]
        seen = [person.seen for person in self.people]
        return [
            Slot(
                start=Instant(start),
                end=Instant(start + length),
                states=[PRESENCES[cell] for cell in known],
                members=members,
                seen=seen,
            )
            for start, *known in zip(self.answer.slots.starts, *cells, strict=True)
        ]


@strawberry.type(description="What is to be said of one start.")
class CheckedSlot:
    start: Instant = strawberry.field(description="When it would begin.")
    end: Instant = strawberry.field(description="When it would end.")
    verdict: Verdict = strawberry.field(description="What booking it would be told.")
    people: list[SlotPerson] = strawberry.field(description="What is known of each person then.")


@strawberry.type(description="What is to be said of the starts that were asked about.")
class SlotChecks:
    as_of: Instant | None = strawberry.field(
        description="When the oldest of the calendars that the viewer sees was read."
    )
    slots: list[CheckedSlot] = strawberry.field(description="In the order of the question.")

    @classmethod
    def of(cls, answer: service.Checks) -> SlotChecks:
        members = {person.member.id: Member.of(person.member) for person in answer.people}
        return cls(
            as_of=None if answer.as_of is None else Instant(answer.as_of),
            slots=[
                CheckedSlot(
                    start=Instant(slot.start),
                    end=Instant(slot.end),
                    verdict=slot.verdict,
                    people=[
                        SlotPerson(member=member, state=PRESENCES[slot.cells[member_id]])
                        for member_id, member in members.items()
                    ],
                )
                for slot in answer.slots
            ],
        )


AvailabilityResult = Annotated[
    Availability | InvalidWindow | DurationNotOffered | InvalidInput | MatchHasEnded,
    strawberry.union("AvailabilityResult", description="When a match can meet, or why not."),
]
CheckSlotsResult = Annotated[
    SlotChecks | InvalidWindow | DurationNotOffered | InvalidInput | MatchHasEnded,
    strawberry.union("CheckSlotsResult", description="What is to be said of starts, or why not."),
]


def _unknown_because(person: service.Person) -> UnknownReason | None:
    if person.standing is None:
        return None
    if person.standing is not Standing.INTEGRATED:
        return UnknownReason[person.standing.name]
    return UnknownReason.NOT_READ if person.unknown else None


def _day(value: date) -> Day:
    return Day(value.isoformat())
