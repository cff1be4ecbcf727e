"""Sessions that were booked together, and what booking them would be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from together.api.availability import PRESENCES, SlotPerson
from together.api.context import Info
from together.api.fields import field
from together.api.ids import Kind, to_id
from together.api.members import Member
from together.api.nodes import Node
from together.api.problems import DurationNotOffered, InvalidInput, MatchHasEnded
from together.api.scalars import Instant, Zone
from together.domain.recurrence import Repeats, Rule
from together.services import refusals
from together.services.sessions import series_values as values
from together.services.sessions.series_values import OccurrenceState
from together.store.models import Series as Row

if TYPE_CHECKING:
    from together.api.bookings import Booking

strawberry.enum(
    Repeats,
    name="SeriesRepeats",
    description="How often a series meets. MONTHLY is the same weekday of each month: the first "
    "to the fourth, or the last; a fifth becomes the last.",
)
strawberry.enum(
    OccurrenceState,
    name="OccurrenceState",
    description="What booking one session of a series would be told. UNAVAILABLE is one word for "
    "whatever takes the time; BUSY is a calendar that the viewer sees.",
)


@strawberry.type(description="Sessions that were booked together and stand each for itself.")
class Series(Node):
    row: strawberry.Private[Row]
    repeats: Repeats = strawberry.field(description="How often it meets.")
    words: str = strawberry.field(
        description="The same in English, with the weekday: “every two weeks on Tuesday”."
    )
    rule: str = strawberry.field(description="The same as iCalendar writes it, without a count.")
    time_zone: Zone = strawberry.field(description="Whose clock it keeps to.")
    count: int = strawberry.field(description="How many sessions it had, those left out included.")

    @classmethod
    def of(cls, row: Row) -> Series:
        rule = Rule.parse(row.rule)
        return cls(
            id=to_id(Kind.SERIES, row.uid),
            row=row,
            repeats=rule.repeats,
            words=rule.words,
            rule=row.rule,
            time_zone=Zone(row.zone),
            count=row.count,
        )

    @field(
        description="Its sessions by start, those that were cancelled too, from the day the "
        "viewer joined the match."
    )
    async def occurrences(
        self, info: Info
    ) -> list[Annotated[Booking, strawberry.lazy("together.api.bookings")]]:
        from together.api.bookings import Booking

        rows = await info.context.loaders.occurrences.load(self.row.id)
        return [Booking.of(row) for row in rows]


@strawberry.type(description="What is to be said of one session of a series.")
class SeriesOccurrence:
    number: int = strawberry.field(description="Which one, from 1 on: for `skip` and `instead`.")
    start: Instant = strawberry.field(description="When it would begin.")
    end: Instant = strawberry.field(description="When it would end.")
    state: OccurrenceState = strawberry.field(description="What booking it would be told.")
    people: list[SlotPerson] = strawberry.field(
        description="What is known of each person then, the viewer first."
    )
    alternatives: list[Instant] = strawberry.field(
        description="Starts nearby that can be had instead; of those that cannot be booked."
    )


@strawberry.type(description="What booking a series would be told, as far as the viewer may know.")
class SeriesReport:
    words: str = strawberry.field(
        description="The rule in English: “every month on the last Friday”."
    )
    conflicts: bool = strawberry.field(
        description="Whether any of its sessions cannot be booked, so that none would be."
    )
    as_of: Instant | None = strawberry.field(
        description="When the oldest of the calendars that the viewer sees was read."
    )
    occurrences: list[SeriesOccurrence] = strawberry.field(
        description="All its sessions by number, those that are left out too."
    )

    @classmethod
    def of(cls, told: values.SeriesReport) -> SeriesReport:
        members = [Member.of(member) for member in told.people]
        return cls(
            words=told.recurrence.rule.words,
            conflicts=told.conflicts,
            as_of=None if told.as_of is None else Instant(told.as_of),
            occurrences=[_occurrence(each, members) for each in told.occurrences],
        )


def _occurrence(told: values.Occurrence, members: list[Member]) -> SeriesOccurrence:
    return SeriesOccurrence(
        number=told.number,
        start=Instant(told.time.starts),
        end=Instant(told.time.ends),
        state=told.state,
        people=[
            SlotPerson(member=member, state=PRESENCES[told.cells[member.row.id]])
            for member in members
        ],
        alternatives=[Instant(start) for start in told.alternatives],
    )


@strawberry.input(description="One session of a series at another time than the rule has it.")
class OccurrenceInsteadInput:
    number: int = strawberry.field(description="Which one, from 1 on.")
    start: Instant = strawberry.field(
        description="When it begins instead: three days earlier or later at most."
    )


def moved(instead: list[OccurrenceInsteadInput]) -> dict[int, int]:
    """Read which sessions begin at another time."""
    found: dict[int, int] = {}
    for each in instead:
        if each.number in found:
            raise refusals.InvalidInput("instead", "A session begins at one time.")
        found[each.number] = each.start
    return found


CheckSeriesResult = Annotated[
    SeriesReport | DurationNotOffered | InvalidInput | MatchHasEnded,
    strawberry.union(
        "CheckSeriesResult", description="What is to be said of a series, or why not."
    ),
]
