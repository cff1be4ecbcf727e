"""Saying whether one comes to a session."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import problems
from together.api.bookings import Booking
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, uid_of
from together.api.outcomes import Raises
from together.api.permissions import SignedIn, requires
from together.providers.values import Answer
from together.services import refusals


@strawberry.input(description="Which session, and what to say to it.")
class RespondToSessionInput:
    booking_id: strawberry.ID = strawberry.field(description="The session.")
    answer: Answer = strawberry.field(
        description="What to say; not `NEEDS_ACTION`. The last answer counts."
    )


@strawberry.type(description="The answer is kept, and shown to everybody in the session.")
class RespondToSessionPayload:
    booking: Booking = strawberry.field(description="The session.")


RespondToSessionResult = Annotated[
    RespondToSessionPayload
    | problems.NotFound
    | problems.AnswersClosed
    | problems.InvalidInput
    | problems.TooManySessions,
    strawberry.union(
        "RespondToSessionResult", description="The session, or why the answer is not kept."
    ),
]


@mutation(
    description="Say whether the viewer comes to a session, until it begins.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotFound,
            refusals.AnswersClosed,
            refusals.InvalidInput,
            refusals.TooManySessions,
        ),
    ],
)
async def respond_to_session(
    info: Info,
    input: RespondToSessionInput,  # noqa: A002
) -> RespondToSessionResult | None:
    booking = await info.context.services.answering.respond(
        info.context.viewer, uid_of(Kind.BOOKING, input.booking_id), input.answer
    )
    return RespondToSessionPayload(booking=Booking.of(booking))
