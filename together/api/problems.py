"""Every expected no as a type of the schema: what to say, a code, and what one needs to go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from together.api import (  # noqa: F401  (all of them are in PROBLEMS)
    connection_problems,
    delegation_problems,
    program_problems,
    series_problems,
    session_problems,
    video_problems,
)
from together.api.problem import PROBLEMS, Problem, ProblemCode, tells
from together.api.scalars import Instant
from together.services import refusals

if TYPE_CHECKING:
    from together.api.matches import Match

__all__ = ["PROBLEMS", "Problem", "ProblemCode"]


@tells(refusals.NotFound, ProblemCode.NOT_FOUND, "No such thing, for you.")
class NotFound(Problem):
    """Foreign, missing, malformed and forbidden are this one answer."""


@tells(
    refusals.InvalidWindow,
    ProblemCode.INVALID_WINDOW,
    "The window is reversed, empty, too long, in the past or past the horizon.",
)
class InvalidWindow(Problem):
    field: str = strawberry.field(description="Path of the argument that is meant.")

    @classmethod
    def of(cls, refusal: refusals.InvalidWindow) -> Self:
        return cls(message=refusal.message, code=cls.named, field=refusal.field)


@tells(
    refusals.DurationNotOffered,
    ProblemCode.DURATION_NOT_OFFERED,
    "Sessions of this length are not offered.",
)
class DurationNotOffered(Problem):
    field: str = strawberry.field(description="Path of the argument that is meant.")
    offered: list[int] = strawberry.field(description="The durations one can choose, in minutes.")

    @classmethod
    def of(cls, refusal: refusals.DurationNotOffered) -> Self:
        return cls(
            message=refusal.message,
            code=cls.named,
            field=refusal.field,
            offered=list(refusal.offered),
        )


@tells(refusals.InvalidInput, ProblemCode.INVALID_INPUT, "A field holds something it cannot hold.")
class InvalidInput(Problem):
    field: str = strawberry.field(description="Path of the field in the input.")

    @classmethod
    def of(cls, refusal: refusals.InvalidInput) -> Self:
        return cls(message=refusal.message, code=cls.named, field=refusal.field)


@tells(refusals.MatchHasEnded, ProblemCode.MATCH_HAS_ENDED, "The match has ended.")
class MatchHasEnded(Problem):
    pass


# Booking


@tells(
    refusals.SlotUnavailable,
    ProblemCode.SLOT_UNAVAILABLE,
    "The time cannot be had, whatever the reason.",
)
class SlotUnavailable(Problem):
    alternatives: list[Instant] = strawberry.field(description="Starts that can be had nearby.")

    @classmethod
    def of(cls, refusal: refusals.SlotUnavailable) -> Self:
        starts = [Instant(start) for start in refusal.alternatives]
        return cls(message=refusal.message, code=cls.named, alternatives=starts)


@tells(
    refusals.OutsideHours,
    ProblemCode.OUTSIDE_HOURS,
    "Outside somebody's weekly hours. Book with `outsideHours` to mean it.",
)
class OutsideHours(Problem):
    pass


@tells(refusals.TooSoon, ProblemCode.TOO_SOON, "Sessions need more notice.")
class TooSoon(Problem):
    earliest: Instant = strawberry.field(description="The first moment that is far enough ahead.")

    @classmethod
    def of(cls, refusal: refusals.TooSoon) -> Self:
        return cls(message=refusal.message, code=cls.named, earliest=Instant(refusal.earliest))


@tells(refusals.TooFarAhead, ProblemCode.TOO_FAR_AHEAD, "Past the horizon of the organization.")
class TooFarAhead(Problem):
    latest: Instant = strawberry.field(description="The last moment that can be booked now.")

    @classmethod
    def of(cls, refusal: refusals.TooFarAhead) -> Self:
        return cls(message=refusal.message, code=cls.named, latest=Instant(refusal.latest))


@tells(
    refusals.OverBusyTime,
    ProblemCode.OVER_BUSY_TIME,
    "A calendar you can see is busy then. Book with `overBusy` to mean it.",
)
class OverBusyTime(Problem):
    pass


@tells(refusals.KeyReused, ProblemCode.KEY_REUSED, "The client key was used for another input.")
class KeyReused(Problem):
    pass


@tells(
    refusals.TooManySessions,
    ProblemCode.TOO_MANY_SESSIONS,
    "The match has as many open sessions as it may have.",
)
class TooManySessions(Problem):
    pass


@tells(
    refusals.VideoUnavailable,
    ProblemCode.VIDEO_UNAVAILABLE,
    "The video service cannot be used for these sessions.",
)
class VideoUnavailable(Problem):
    pass


@tells(refusals.SessionIsOver, ProblemCode.SESSION_IS_OVER, "The session is over.")
class SessionIsOver(Problem):
    pass


@tells(
    refusals.AnswersClosed,
    ProblemCode.ANSWERS_CLOSED,
    "The session has begun, or is cancelled, or its match is closed.",
)
class AnswersClosed(Problem):
    pass


# Administration


@tells(refusals.EmailTaken, ProblemCode.EMAIL_TAKEN, "A member with this address exists.")
class EmailTaken(Problem):
    pass


@tells(
    refusals.AlreadyMatched,
    ProblemCode.ALREADY_MATCHED,
    "The same people have an active match in this program.",
)
class AlreadyMatched(Problem):
    match: Annotated[Match, strawberry.lazy("together.api.matches")] = strawberry.field(
        description="The match that is there."
    )

    @classmethod
    def of(cls, refusal: refusals.AlreadyMatched) -> Self:
        from together.api.matches import Match

        return cls(message=refusal.message, code=cls.named, match=Match.of(refusal.match))
