"""Moving what is left of a series."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import problems, series_problems, session_problems
from together.api.bookings import Booking
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, uid_of
from together.api.members import Member
from together.api.mutations.booking import CLIENT_KEY
from together.api.outcomes import Raises
from together.api.permissions import SignedIn, requires
from together.api.scalars import Instant, Zone
from together.api.series import OccurrenceInsteadInput, Series, moved
from together.services import refusals
from together.services.sessions import series_refusals, session_refusals
from together.services.sessions.series_moving import SeriesMoveRequest


@strawberry.input(description="From which session on a series is moved, and where to.")
class RescheduleSeriesInput:
    booking_id: strawberry.ID = strawberry.field(
        description="The session from which on. Those of the series with a higher number, that are "
        "ahead and stand, follow it."
    )
    start: Instant = strawberry.field(
        description="When this session is to begin. The others follow from its new day by the "
        "series' rule, when its clock shows the same. Notice and horizon bind this one alone."
    )
    time_zone: Zone = strawberry.field(
        description="The zone whose grid the starts stand on. The series keeps its own clock."
    )
    client_key: str = strawberry.field(description=CLIENT_KEY)
    duration: int | None = strawberry.field(
        default=None,
        description="The length of each, in minutes. Without it, all are as long as this one is.",
    )
    skip: list[int] = strawberry.field(
        default_factory=list,
        description="Numbers of sessions that stay where they are, by their `occurrence`.",
    )
    instead: list[OccurrenceInsteadInput] = strawberry.field(
        default_factory=list, description="Sessions that are to begin at another time."
    )
    outside_hours: bool = strawberry.field(
        default=False, description="Move them although that is outside somebody's weekly hours."
    )
    over_busy: bool = strawberry.field(
        default=False,
        description="Move them although a calendar that the viewer sees is busy then. The "
        "sessions' own events do not count.",
    )

    def request(self) -> SeriesMoveRequest:
        return SeriesMoveRequest(
            booking_uid=uid_of(Kind.BOOKING, self.booking_id),
            start=self.start,
            zone=self.time_zone,
            client_key=self.client_key,
            duration=self.duration,
            skip=frozenset(self.skip),
            instead=moved(self.instead),
            outside_hours=self.outside_hours,
            over_busy=self.over_busy,
        )


@strawberry.type(description="The sessions are moved, whatever happens to the calendars now.")
class RescheduleSeriesPayload:
    series: Series = strawberry.field(description="The series.")
    bookings: list[Booking] = strawberry.field(
        description="This session and those that follow it, by start. Everybody but the viewer is "
        "asked for an answer anew to each that was moved."
    )
    not_checked: list[Member] = strawberry.field(
        description="Whose calendar could not be read for some of these times."
    )


RescheduleSeriesResult = Annotated[
    RescheduleSeriesPayload
    | problems.NotFound
    | problems.MatchHasEnded
    | session_problems.SessionIsCancelled
    | session_problems.SessionHasBegun
    | session_problems.SessionChanged
    | problems.DurationNotOffered
    | problems.InvalidInput
    | series_problems.SeriesConflicts
    | problems.TooSoon
    | problems.TooFarAhead
    | problems.KeyReused
    | problems.TooManySessions,
    strawberry.union(
        "RescheduleSeriesResult", description="The sessions, or why they stay where they are."
    ),
]


@mutation(
    description="Move a session and those that follow it in its series, by the rules of booking: "
    "all of them, or none. Sessions that were moved for themselves come onto the pattern, too.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotFound,
            refusals.MatchHasEnded,
            session_refusals.SessionIsCancelled,
            session_refusals.SessionHasBegun,
            session_refusals.SessionChanged,
            refusals.DurationNotOffered,
            refusals.InvalidInput,
            series_refusals.SeriesConflicts,
            refusals.TooSoon,
            refusals.TooFarAhead,
            refusals.KeyReused,
            refusals.TooManySessions,
        ),
    ],
)
async def reschedule_series(
    info: Info,
    input: RescheduleSeriesInput,  # noqa: A002
) -> RescheduleSeriesResult | None:
    told = await info.context.services.series_rescheduling.reschedule(
        info.context.viewer, input.request()
    )
    return RescheduleSeriesPayload(
        series=Series.of(told.series),
        bookings=[Booking.of(row) for row in told.bookings],
        not_checked=[Member.of(member) for member in told.unchecked],
    )
