"""Booking a session, and cancelling one."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import strawberry

from together.api import problems
from together.api.bookings import Booking
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, uid_of
from together.api.members import Member
from together.api.outcomes import Raises
from together.api.permissions import SignedIn, requires
from together.api.scalars import Instant, Zone
from together.services import refusals
from together.services.sessions.booking import AUTOMATIC, NO_VIDEO, BookRequest, Video

CLIENT_KEY = (
    "Made by the client, new for each new request: 1 to 200 characters, and not only spaces; none "
    "that controls, turns the direction of a text, or is not seen. The same key with the same "
    "input again answers, for 24 hours, with what the first one did."
)


@strawberry.input(description="Which time to book, and how the people meet.")
class BookSessionInput:
    match_id: strawberry.ID = strawberry.field(description="The match.")
    start: Instant = strawberry.field(description="When it begins.")
    duration: int = strawberry.field(description="Its length, in minutes.")
    time_zone: Zone = strawberry.field(description="The zone whose grid the start stands on.")
    client_key: str = strawberry.field(description=CLIENT_KEY)
    video_provider: str | None = strawberry.field(
        default=None,
        description="The slug of one of `videoProviders`. Without it a link is added by itself "
        "where that is possible.",
    )
    without_video: bool = strawberry.field(default=False, description="Add no video link.")
    place: str | None = strawberry.field(
        default=None, description="Where to meet, in words, in the place of a link."
    )
    outside_hours: bool = strawberry.field(
        default=False, description="Book although it is outside somebody's weekly hours."
    )
    over_busy: bool = strawberry.field(
        default=False, description="Book although a calendar that the viewer sees is busy."
    )

    def request(self) -> BookRequest:
        return BookRequest(
            match_uid=uid_of(Kind.MATCH, self.match_id),
            start=self.start,
            duration=self.duration,
            zone=self.time_zone,
            client_key=self.client_key,
            video=video_asked(self.video_provider, without=self.without_video),
            place=self.place,
            outside_hours=self.outside_hours,
            over_busy=self.over_busy,
        )


def video_asked(slug: str | None, *, without: bool) -> Video:
    """Read how a session gets its link."""
    if slug is None:
        return NO_VIDEO if without else AUTOMATIC
    if without:
        raise refusals.InvalidInput("withoutVideo", "Choose a service, or no video.")
    return Video.by(slug)


@strawberry.type(description="The session is booked, whatever happens to the calendars now.")
class BookSessionPayload:
    booking: Booking = strawberry.field(description="The session.")
    not_checked: list[Member] = strawberry.field(
        description="Whose calendar could not be read for this time."
    )


BookSessionResult = Annotated[
    BookSessionPayload
    | problems.NotFound
    | problems.MatchHasEnded
    | problems.DurationNotOffered
    | problems.InvalidInput
    | problems.SlotUnavailable
    | problems.OutsideHours
    | problems.TooSoon
    | problems.TooFarAhead
    | problems.OverBusyTime
    | problems.KeyReused
    | problems.TooManySessions
    | problems.VideoUnavailable,
    strawberry.union("BookSessionResult", description="The session, or why there is none."),
]


@mutation(
    description="Book a session of an active match.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotFound,
            refusals.MatchHasEnded,
            refusals.DurationNotOffered,
            refusals.InvalidInput,
            refusals.SlotUnavailable,
            refusals.OutsideHours,
            refusals.TooSoon,
            refusals.TooFarAhead,
            refusals.OverBusyTime,
            refusals.KeyReused,
            refusals.TooManySessions,
            refusals.VideoUnavailable,
        ),
    ],
)
async def book_session(info: Info, input: BookSessionInput) -> BookSessionResult | None:  # noqa: A002
    booked = await info.context.services.bookings.book(info.context.viewer, input.request())
    return BookSessionPayload(
        booking=Booking.of(booked.booking),
        not_checked=[Member.of(member) for member in booked.unchecked],
    )


@strawberry.enum(description="How much of a series is cancelled.")
class CancelScope(Enum):
    ONE = strawberry.enum_value("ONE", description="This session alone.")
    THIS_AND_FOLLOWING = strawberry.enum_value(
        "THIS_AND_FOLLOWING",
        description="This session, and those of its series that begin later and are not over.",
    )


@strawberry.input(description="Which session to cancel, and why.")
class CancelBookingInput:
    booking_id: strawberry.ID = strawberry.field(description="The session.")
    client_key: str = strawberry.field(description=CLIENT_KEY)
    reason: str | None = strawberry.field(
        default=None, description="Why, for the others in it. Stays in Together."
    )
    scope: CancelScope = strawberry.field(
        default=CancelScope.ONE, description="Whether those that come after it are meant, too."
    )


@strawberry.type(description="The session is cancelled.")
class CancelBookingPayload:
    booking: Booking = strawberry.field(description="The session.")
    following: list[Booking] = strawberry.field(
        description="Those of its series that were cancelled with it, by start."
    )


CancelBookingResult = Annotated[
    CancelBookingPayload
    | problems.NotFound
    | problems.SessionIsOver
    | problems.KeyReused
    | problems.InvalidInput,
    strawberry.union("CancelBookingResult", description="The session, or why it still stands."),
]


@mutation(
    description="Cancel a session. One that is cancelled already stays so, and that is no error.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotFound,
            refusals.SessionIsOver,
            refusals.KeyReused,
            refusals.InvalidInput,
        ),
    ],
)
async def cancel_booking(info: Info, input: CancelBookingInput) -> CancelBookingResult | None:  # noqa: A002
    cancelled = await info.context.services.bookings.cancel_from(
        info.context.viewer,
        uid_of(Kind.BOOKING, input.booking_id),
        reason=input.reason,
        client_key=input.client_key,
        following=input.scope is CancelScope.THIS_AND_FOLLOWING,
    )
    booking, *following = [Booking.of(row) for row in cancelled]
    return CancelBookingPayload(booking=booking, following=following)
