"""Why a session that was booked cannot be changed."""

from __future__ import annotations

from together.api.problem import Problem, ProblemCode, tells
from together.services.sessions import session_refusals as refusals


@tells(
    refusals.SessionIsCancelled,
    ProblemCode.SESSION_IS_CANCELLED,
    "The session was cancelled, and stays so.",
)
class SessionIsCancelled(Problem):
    pass


@tells(
    refusals.SessionHasBegun,
    ProblemCode.SESSION_HAS_BEGUN,
    "The session has begun, or is over: only one that is ahead can be moved.",
)
class SessionHasBegun(Problem):
    pass


@tells(
    refusals.SessionAhead,
    ProblemCode.SESSION_AHEAD,
    "The session has not begun yet.",
)
class SessionAhead(Problem):
    pass


@tells(
    refusals.SessionChanged,
    ProblemCode.SESSION_CHANGED,
    "Somebody else moved the session at the same moment. Read it again.",
)
class SessionChanged(Problem):
    pass


@tells(
    refusals.SessionWasLogged,
    ProblemCode.SESSION_WAS_LOGGED,
    "The session was logged after it had taken place: it is done, or there was none. Take it back "
    "with `unlogSession`.",
)
class SessionWasLogged(Problem):
    pass


@tells(
    refusals.SessionNotLogged,
    ProblemCode.SESSION_NOT_LOGGED,
    "The session was booked, and not logged.",
)
class SessionNotLogged(Problem):
    pass


@tells(
    refusals.TooLateToUndo,
    ProblemCode.TOO_LATE_TO_UNDO,
    "It was written down too long ago to be taken back.",
)
class TooLateToUndo(Problem):
    pass
