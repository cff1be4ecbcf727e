"""Matches: who is paired, when they can meet, and their sessions."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from together.api.availability import (
    Availability,
    AvailabilityResult,
    CheckSlotsResult,
    SlotChecks,
    SlotFilter,
)
from together.api.bookings import Booking, State
from together.api.context import Info
from together.api.fields import field
from together.api.ids import Kind, to_id
from together.api.members import Member
from together.api.nodes import After, Before, Connection, First, Last, Node, connection
from together.api.outcomes import Raises
from together.api.pages import Page, Slice, page
from together.api.permissions import InMatch, IsAdministrator, only
from together.api.scalars import Instant, Zone
from together.api.series import (
    CheckSeriesResult,
    OccurrenceInsteadInput,
    SeriesReport,
    moved,
)
from together.domain.integration import Standing
from together.domain.recurrence import Repeats
from together.domain.visibility import sight
from together.services import reading, refusals
from together.services.reading import Which
from together.services.sessions.series_values import SeriesQuestion
from together.store.models import Booking as BookingRow
from together.store.models import BookingState, MatchState, Participant
from together.store.models import Match as Row

if TYPE_CHECKING:
    from together.api.programs import Program

strawberry.enum(MatchState, name="MatchState", description="Whether a match goes on.")

READING = (
    refusals.InvalidWindow,
    refusals.DurationNotOffered,
    refusals.InvalidInput,
    refusals.MatchHasEnded,
)
"""What a question about times may be refused with."""

PLANNING = (refusals.DurationNotOffered, refusals.InvalidInput, refusals.MatchHasEnded)
"""What a question about a series may be refused with."""


@strawberry.enum(description="Somebody's part in a match.")
class MatchRole(Enum):
    MENTOR = "MENTOR"
    MENTEE = "MENTEE"


@strawberry.type(description="Somebody's place in a match.")
class MatchParticipant:
    row: strawberry.Private[Participant]
    match: strawberry.Private[Row]
    role: MatchRole = strawberry.field(description="Their part.")

    @field(description="Who.")
    async def member(self, info: Info) -> Member:
        return Member.of(await info.context.loaders.members.load(self.row.member_id))

    @field(
        description="Whether their calendar is integrated. Null where the viewer is told nothing: "
        "of others, unless the viewer's own is integrated too, and once the match is closed."
    )
    async def calendar(self, info: Info) -> Standing | None:
        loaders, me = info.context.loaders, info.context.viewer.member_id
        people = await loaders.participants.load(self.match.id)
        if self.match.state is not MatchState.ACTIVE or all(p.member_id != me for p in people):
            return None
        if self.row.member_id == me:
            return await loaders.standings.load(me)
        members = await loaders.members.load_many([each.member_id for each in people])
        mine = await loaders.standings.load(me)
        looking = mine is not Standing.NOT_INTEGRATED
        told = sight(viewer_integrated=looking, other_integrated=False).told_of_other
        if not told or not all(member.active for member in members):
            return None
        return await loaders.standings.load(self.row.member_id)


@strawberry.type(description="Two or more members paired in a program.")
class Match(Node):
    row: strawberry.Private[Row]
    state: MatchState = strawberry.field(description="Whether it goes on.")
    created_at: Instant = strawberry.field(description="Since when it is there.")
    ended_at: Instant | None = strawberry.field(description="When it ended.")

    @classmethod
    def of(cls, row: Row) -> Match:
        return cls(
            id=to_id(Kind.MATCH, row.uid),
            row=row,
            state=row.state,
            created_at=Instant(row.created_at),
            ended_at=None if row.ended_at is None else Instant(row.ended_at),
        )

    @field(description="The program they are matched in.")
    async def program(
        self, info: Info
    ) -> Annotated[Program, strawberry.lazy("together.api.programs")]:
        from together.api.programs import Program

        return Program.of(await info.context.loaders.programs.load(self.row.program_id))

    @field(description="Everybody in it.")
    async def participants(self, info: Info) -> list[MatchParticipant]:
        rows = await info.context.loaders.participants.load(self.row.id)
        return [MatchParticipant(row=r, match=self.row, role=MatchRole(r.role)) for r in rows]

    @field(
        description="When the match can meet. Null to whoever is not in it.",
        extensions=[only(InMatch), Raises(*READING)],
    )
    async def availability(
        self,
        info: Info,
        start: Annotated[Instant, strawberry.argument(description="Where the window begins.")],
        end: Annotated[
            Instant, strawberry.argument(description="Where it ends, at most 62 days later.")
        ],
        time_zone: Annotated[
            Zone, strawberry.argument(description="Whose grid the slots stand on, and whose days.")
        ],
        duration: Annotated[
            int, strawberry.argument(description="The length of a session, in minutes.")
        ],
        only: Annotated[
            SlotFilter, strawberry.argument(description="Which slots to give.")
        ] = SlotFilter.ALL,
    ) -> AvailabilityResult | None:
        answer = await info.context.services.availabilities.of(
            info.context.viewer,
            self.row.uid,
            start=start,
            end=end,
            zone=time_zone,
            duration=duration,
            only_free=only is SlotFilter.FREE,
        )
        return Availability.of(answer)

    @field(
        description="What booking each of these starts would be told. Null to whoever is not in "
        "the match.",
        extensions=[only(InMatch), Raises(*READING)],
    )
    async def check_slots(
        self,
        info: Info,
        starts: Annotated[
            list[Instant], strawberry.argument(description="The starts, at most a hundred.")
        ],
        time_zone: Annotated[
            Zone, strawberry.argument(description="Whose grid the starts stand on.")
        ],
        duration: Annotated[
            int, strawberry.argument(description="The length of a session, in minutes.")
        ],
    ) -> CheckSlotsResult | None:
        answer = await info.context.services.availabilities.check(
            info.context.viewer, self.row.uid, starts=starts, zone=time_zone, duration=duration
        )
        return SlotChecks.of(answer)

    @field(
        description="What booking a series would be told, of each of its sessions. Null to "
        "whoever is not in the match.",
        extensions=[only(InMatch), Raises(*PLANNING)],
    )
    async def check_series(
        self,
        info: Info,
        start: Annotated[
            Instant, strawberry.argument(description="When its first session begins.")
        ],
        time_zone: Annotated[
            Zone, strawberry.argument(description="Whose clock it keeps to, and whose grid.")
        ],
        duration: Annotated[
            int, strawberry.argument(description="The length of each session, in minutes.")
        ],
        repeats: Annotated[Repeats, strawberry.argument(description="How often it meets.")],
        count: Annotated[
            int, strawberry.argument(description="How many sessions, 2 to 52 within 12 months.")
        ],
        skip: Annotated[
            list[int], strawberry.argument(description="Numbers of sessions to leave out.")
        ] = [],  # noqa: B006  (Strawberry prints it, and nobody changes it)
        instead: Annotated[
            list[OccurrenceInsteadInput],
            strawberry.argument(description="Sessions that are to begin at another time."),
        ] = [],  # noqa: B006
    ) -> CheckSeriesResult | None:
        asked = SeriesQuestion(
            match_uid=self.row.uid,
            start=start,
            duration=duration,
            zone=time_zone,
            repeats=repeats,
            count=count,
            skip=frozenset(skip),
            instead=moved(instead),
        )
        return SeriesReport.of(await info.context.services.series.check(info.context.viewer, asked))

    @field(
        description="Its sessions by start, from the day the viewer joined. Null to whoever is "
        "not in it.",
        extensions=[only(InMatch)],
    )
    async def bookings(
        self,
        info: Info,
        ends_after: Annotated[
            Instant | None, strawberry.argument(description="Only those that end after this.")
        ] = None,
        starts_before: Annotated[
            Instant | None, strawberry.argument(description="Only those that begin before this.")
        ] = None,
        state: Annotated[
            State | None, strawberry.argument(description="Only those in this state.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Booking] | None:
        context, which = (
            info.context,
            Which(ends_after, starts_before, None if state is None else BookingState[state.name]),
        )
        listed = f"bookings:{self.row.uid}:{ends_after}:{starts_before}:{state}"
        asked = context.asked(listed, first=first, after=after, last=last, before=before)
        found = await self._bookings(info, asked, which)
        return connection(
            page(found, asked),
            show=Booking.of,
            key=lambda row: (row.starts, row.uid),
            cursor=context.cursor(listed),
        )

    @field(
        description="How many sessions have taken place. For administrators; null to everybody "
        "else.",
        extensions=[only(IsAdministrator)],
    )
    async def sessions_held(self, info: Info) -> int | None:
        return await info.context.loaders.held.load(self.row.id)

    async def _bookings(self, info: Info, asked: Slice, which: Which) -> list[BookingRow]:
        if asked.after is None and asked.before is None:
            key = (self.row.id, asked, which)
            return await info.context.loaders.first_bookings.load(key)
        rows = await reading.bookings_of(info.context.viewer, self.row.id, asked, which=which)
        return list(rows)


def match_page(info: Info, made: Page, listed: str) -> Connection[Match]:
    """Show a page of matches, the newest first."""
    return connection(
        made,
        show=Match.of,
        key=lambda row: (row.created_at, row.uid),
        cursor=info.context.cursor(listed),
    )
