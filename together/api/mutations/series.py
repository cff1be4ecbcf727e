"""Booking a series of sessions."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import problems, series_problems
from together.api.bookings import Booking
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, uid_of
from together.api.members import Member
from together.api.mutations.booking import CLIENT_KEY, video_asked
from together.api.outcomes import Raises
from together.api.permissions import SignedIn, requires
from together.api.scalars import Instant, Zone
from together.api.series import OccurrenceInsteadInput, Series, moved
from together.domain.recurrence import MOST, Repeats
from together.services import refusals
from together.services.sessions import series_refusals
from together.services.sessions.series_values import SeriesQuestion, SeriesRequest


@strawberry.input(description="Which series to book, and how the people meet.")
class BookSeriesInput:
    match_id: strawberry.ID = strawberry.field(description="The match.")
    start: Instant = strawberry.field(
        description="When its first session begins. Notice and horizon bind this one alone."
    )
    duration: int = strawberry.field(description="The length of each session, in minutes.")
    time_zone: Zone = strawberry.field(
        description="Whose clock it keeps to, also when clocks change, and on whose grid it starts."
    )
    repeats: Repeats = strawberry.field(description="How often it meets.")
    count: int = strawberry.field(
        description=f"How many sessions, 2 to {MOST} within 12 months, those left out included."
    )
    client_key: str = strawberry.field(description=CLIENT_KEY)
    skip: list[int] = strawberry.field(
        default_factory=list, description="Numbers of sessions to leave out, from 1 on."
    )
    instead: list[OccurrenceInsteadInput] = strawberry.field(
        default_factory=list, description="Sessions that are to begin at another time."
    )
    video_provider: str | None = strawberry.field(
        default=None,
        description="The slug of one of `videoProviders`. Without it links are added by "
        "themselves where that is possible.",
    )
    without_video: bool = strawberry.field(default=False, description="Add no video links.")
    place: str | None = strawberry.field(
        default=None, description="Where to meet, in words, in the place of links."
    )
    outside_hours: bool = strawberry.field(
        default=False, description="Book although it is outside somebody's weekly hours."
    )
    over_busy: bool = strawberry.field(
        default=False, description="Book although a calendar that the viewer sees is busy."
    )

    def request(self) -> SeriesRequest:
        return SeriesRequest(
            question=SeriesQuestion(
                match_uid=uid_of(Kind.MATCH, self.match_id),
                start=self.start,
                duration=self.duration,
                zone=self.time_zone,
                repeats=self.repeats,
                count=self.count,
                skip=frozenset(self.skip),
                instead=moved(self.instead),
            ),
            client_key=self.client_key,
            video=video_asked(self.video_provider, without=self.without_video),
            place=self.place,
            outside_hours=self.outside_hours,
            over_busy=self.over_busy,
        )


@strawberry.type(description="All its sessions are booked, whatever happens to the calendars now.")
class BookSeriesPayload:
    series: Series = strawberry.field(description="The series.")
    bookings: list[Booking] = strawberry.field(description="Its sessions, by start.")
    not_checked: list[Member] = strawberry.field(
        description="Whose calendar could not be read for some of these times."
    )


BookSeriesResult = Annotated[
    BookSeriesPayload
    | problems.NotFound
    | problems.MatchHasEnded
    | problems.DurationNotOffered
    | problems.InvalidInput
    | series_problems.SeriesConflicts
    | problems.TooSoon
    | problems.TooFarAhead
    | problems.KeyReused
    | problems.TooManySessions
    | problems.VideoUnavailable,
    strawberry.union("BookSeriesResult", description="The series, or why there is none."),
]


@mutation(
    description="Book a series of sessions of an active match: all of them, or none.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotFound,
            refusals.MatchHasEnded,
            refusals.DurationNotOffered,
            refusals.InvalidInput,
            series_refusals.SeriesConflicts,
            refusals.TooSoon,
            refusals.TooFarAhead,
            refusals.KeyReused,
            refusals.TooManySessions,
            refusals.VideoUnavailable,
        ),
    ],
)
async def book_series(info: Info, input: BookSeriesInput) -> BookSeriesResult | None:  # noqa: A002
    booked = await info.context.services.series.book(info.context.viewer, input.request())
    return BookSeriesPayload(
        series=Series.of(booked.series),
        bookings=[Booking.of(row) for row in booked.bookings],
        not_checked=[Member.of(member) for member in booked.unchecked],
    )
