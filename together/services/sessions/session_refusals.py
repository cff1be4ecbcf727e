"""Why a session that was booked cannot be changed."""

from __future__ import annotations

from together.services.refusals import Refusal


class SessionIsCancelled(Refusal):
    words = "This session was cancelled. Book another."


class SessionHasBegun(Refusal):
    words = "This session has begun and cannot be moved any more."


class SessionAhead(Refusal):
    words = "This session is still ahead. It can be marked as done once it has begun."


class SessionChanged(Refusal):
    words = "Somebody has moved this session a moment ago. Look at its time, and try again."


class SessionWasLogged(Refusal):
    words = "This session was written down after it had taken place. Take it back as a whole."


class SessionNotLogged(Refusal):
    words = "This session was booked, not written down afterwards. It stays in the list."


class TooLateToUndo(Refusal):
    words = "This was written down more than 7 days ago, and stays."
