"""What becomes of a session after it was booked: another time, an agenda, and that it was held."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import problems, session_problems
from together.api.bookings import Booking
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, uid_of
from together.api.members import Member
from together.api.mutations.booking import CLIENT_KEY
from together.api.outcomes import Raises
from together.api.permissions import SignedIn, requires
from together.api.scalars import Instant, Zone
from together.services import refusals
from together.services.sessions import session_refusals
from together.services.sessions.logging_sessions import LogRequest
from together.services.sessions.moving import MoveRequest


@strawberry.input(description="Which session to move, and where to.")
class RescheduleBookingInput:
    booking_id: strawberry.ID = strawberry.field(description="The session.")
    start: Instant = strawberry.field(description="When it is to begin.")
    time_zone: Zone = strawberry.field(description="The zone whose grid the start stands on.")
    client_key: str = strawberry.field(description=CLIENT_KEY)
    duration: int | None = strawberry.field(
        default=None, description="Its length, in minutes. Without it, it stays as long as it is."
    )
    outside_hours: bool = strawberry.field(
        default=False, description="Move it although that is outside somebody's weekly hours."
    )
    over_busy: bool = strawberry.field(
        default=False,
        description="Move it although a calendar that the viewer sees is busy then. The session's "
        "own event does not count.",
    )

    def request(self) -> MoveRequest:
        return MoveRequest(
            booking_uid=uid_of(Kind.BOOKING, self.booking_id),
            start=self.start,
            zone=self.time_zone,
            client_key=self.client_key,
            duration=self.duration,
            outside_hours=self.outside_hours,
            over_busy=self.over_busy,
        )


@strawberry.type(description="The session is moved, whatever happens to the calendars now.")
class RescheduleBookingPayload:
    booking: Booking = strawberry.field(
        description="The session. Everybody but the viewer is asked for an answer anew."
    )
    not_checked: list[Member] = strawberry.field(
        description="Whose calendar could not be read for this time."
    )


RescheduleBookingResult = Annotated[
    RescheduleBookingPayload
    | problems.NotFound
    | problems.MatchHasEnded
    | session_problems.SessionIsCancelled
    | session_problems.SessionHasBegun
    | session_problems.SessionChanged
    | problems.DurationNotOffered
    | problems.InvalidInput
    | problems.SlotUnavailable
    | problems.OutsideHours
    | problems.TooSoon
    | problems.TooFarAhead
    | problems.OverBusyTime
    | problems.KeyReused
    | problems.TooManySessions,
    strawberry.union(
        "RescheduleBookingResult", description="The session, or why it stays where it is."
    ),
]


@mutation(
    description="Move a session that is ahead, by the rules of booking. Its event, its link and "
    "the invitations follow; one that is there already stays so, and that is no error.",
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
            refusals.SlotUnavailable,
            refusals.OutsideHours,
            refusals.TooSoon,
            refusals.TooFarAhead,
            refusals.OverBusyTime,
            refusals.KeyReused,
            refusals.TooManySessions,
        ),
    ],
)
async def reschedule_booking(
    info: Info,
    input: RescheduleBookingInput,  # noqa: A002
) -> RescheduleBookingResult | None:
    moved = await info.context.services.rescheduling.reschedule(
        info.context.viewer, input.request()
    )
    return RescheduleBookingPayload(
        booking=Booking.of(moved.booking),
        not_checked=[Member.of(member) for member in moved.unchecked],
    )


@strawberry.input(description="Which session took place.")
class LogSessionInput:
    match_id: strawberry.ID = strawberry.field(description="The match.")
    start: Instant = strawberry.field(
        description="When it began: at most 90 days ago, on no grid, and when the viewer was in "
        "the match already."
    )
    duration: int = strawberry.field(
        description="How long it took, in minutes: 5 to 480, whatever is offered."
    )
    time_zone: Zone = strawberry.field(description="The zone it took place in.")
    client_key: str = strawberry.field(description=CLIENT_KEY)
    place: str | None = strawberry.field(default=None, description="Where it was, in words.")

    def request(self) -> LogRequest:
        return LogRequest(
            match_uid=uid_of(Kind.MATCH, self.match_id),
            start=self.start,
            duration=self.duration,
            zone=self.time_zone,
            client_key=self.client_key,
            place=self.place,
        )


@strawberry.type(description="The session is written down; nobody is written to.")
class LogSessionPayload:
    booking: Booking = strawberry.field(description="The session.")


LogSessionResult = Annotated[
    LogSessionPayload
    | problems.NotFound
    | problems.MatchHasEnded
    | problems.InvalidInput
    | problems.SlotUnavailable
    | problems.KeyReused
    | problems.TooManySessions,
    strawberry.union("LogSessionResult", description="The session, or why there is none."),
]


@mutation(
    description="Write down a session that took place without having been booked. It stands in no "
    "calendar, and only sessions of this match and of the viewer can be in its way.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotFound,
            refusals.MatchHasEnded,
            refusals.InvalidInput,
            refusals.SlotUnavailable,
            refusals.KeyReused,
            refusals.TooManySessions,
        ),
    ],
)
async def log_session(info: Info, input: LogSessionInput) -> LogSessionResult | None:  # noqa: A002
    booking = await info.context.services.logbook.log(info.context.viewer, input.request())
    return LogSessionPayload(booking=Booking.of(booking))


@strawberry.input(description="Which session took place.")
class MarkSessionDoneInput:
    booking_id: strawberry.ID = strawberry.field(description="The session.")


@strawberry.type(description="The session is marked as done.")
class MarkSessionDonePayload:
    booking: Booking = strawberry.field(description="The session.")


MarkSessionDoneResult = Annotated[
    MarkSessionDonePayload
    | problems.NotFound
    | problems.MatchHasEnded
    | session_problems.SessionIsCancelled
    | session_problems.SessionAhead,
    strawberry.union("MarkSessionDoneResult", description="The session, or why it is not done."),
]


@mutation(
    description="Say that a session took place, once it has begun. One that is marked already "
    "stays so, and that is no error.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotFound,
            refusals.MatchHasEnded,
            session_refusals.SessionIsCancelled,
            session_refusals.SessionAhead,
        ),
    ],
)
async def mark_session_done(
    info: Info,
    input: MarkSessionDoneInput,  # noqa: A002
) -> MarkSessionDoneResult | None:
    booking = await info.context.services.session_notes.mark_done(
        info.context.viewer, uid_of(Kind.BOOKING, input.booking_id)
    )
    return MarkSessionDonePayload(booking=Booking.of(booking))


@strawberry.input(description="What a session is to be about.")
class SetAgendaInput:
    booking_id: strawberry.ID = strawberry.field(description="The session.")
    agenda: str | None = strawberry.field(
        default=None,
        description="At most 4000 characters, with line breaks; null or empty takes it away.",
    )


@strawberry.type(description="The agenda is kept, for the people of the session alone.")
class SetAgendaPayload:
    booking: Booking = strawberry.field(description="The session.")


SetAgendaResult = Annotated[
    SetAgendaPayload
    | problems.NotFound
    | problems.MatchHasEnded
    | session_problems.SessionIsCancelled
    | problems.InvalidInput
    | problems.TooManySessions,
    strawberry.union("SetAgendaResult", description="The session, or why it has no new agenda."),
]


@mutation(
    description="Write what a session is to be about. It stays in Together: no calendar and no "
    "mail says it.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotFound,
            refusals.MatchHasEnded,
            session_refusals.SessionIsCancelled,
            refusals.InvalidInput,
            refusals.TooManySessions,
        ),
    ],
)
async def set_agenda(info: Info, input: SetAgendaInput) -> SetAgendaResult | None:  # noqa: A002
    booking = await info.context.services.session_notes.set_agenda(
        info.context.viewer, uid_of(Kind.BOOKING, input.booking_id), input.agenda
    )
    return SetAgendaPayload(booking=Booking.of(booking))
