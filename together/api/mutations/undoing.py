"""Taking back what was written down about a session."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import problems, session_problems
from together.api.bookings import Booking
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, uid_of
from together.api.outcomes import Raises
from together.api.permissions import SignedIn, requires
from together.services import refusals
from together.services.sessions import session_refusals


@strawberry.input(description="Which session is not done after all.")
class UnmarkSessionDoneInput:
    booking_id: strawberry.ID = strawberry.field(description="The session.")


@strawberry.type(description="The session is not marked as done.")
class UnmarkSessionDonePayload:
    booking: Booking = strawberry.field(description="The session.")


UnmarkSessionDoneResult = Annotated[
    UnmarkSessionDonePayload
    | problems.NotFound
    | problems.MatchHasEnded
    | session_problems.SessionIsCancelled
    | session_problems.SessionWasLogged
    | session_problems.TooLateToUndo
    | problems.TooManySessions,
    strawberry.union(
        "UnmarkSessionDoneResult", description="The session, or why it stays marked as done."
    ),
]


@mutation(
    description="Take back that a session took place, within 7 days of saying so. One that is not "
    "marked stays so, and that is no error.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotFound,
            refusals.MatchHasEnded,
            session_refusals.SessionIsCancelled,
            session_refusals.SessionWasLogged,
            session_refusals.TooLateToUndo,
            refusals.TooManySessions,
        ),
    ],
)
async def unmark_session_done(
    info: Info,
    input: UnmarkSessionDoneInput,  # noqa: A002
) -> UnmarkSessionDoneResult | None:
    booking = await info.context.services.undoing.unmark_done(
        info.context.viewer, uid_of(Kind.BOOKING, input.booking_id)
    )
    return UnmarkSessionDonePayload(booking=Booking.of(booking))


@strawberry.input(description="Which session was logged by mistake.")
class UnlogSessionInput:
    booking_id: strawberry.ID = strawberry.field(description="The session.")


@strawberry.type(
    description="The session is in no list any more, and counts as held no more. Its id still "
    "leads to it, and to its history."
)
class UnlogSessionPayload:
    booking: Booking = strawberry.field(description="The session.")


UnlogSessionResult = Annotated[
    UnlogSessionPayload
    | problems.NotFound
    | problems.MatchHasEnded
    | session_problems.SessionNotLogged
    | session_problems.TooLateToUndo
    | problems.TooManySessions,
    strawberry.union("UnlogSessionResult", description="The session, or why it stays."),
]


@mutation(
    description="Take back a session that was logged by mistake, within 7 days of that. One that "
    "was taken back already stays so, and that is no error.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotFound,
            refusals.MatchHasEnded,
            session_refusals.SessionNotLogged,
            session_refusals.TooLateToUndo,
            refusals.TooManySessions,
        ),
    ],
)
async def unlog_session(info: Info, input: UnlogSessionInput) -> UnlogSessionResult | None:  # noqa: A002
    booking = await info.context.services.undoing.unlog(
        info.context.viewer, uid_of(Kind.BOOKING, input.booking_id)
    )
    return UnlogSessionPayload(booking=Booking.of(booking))
