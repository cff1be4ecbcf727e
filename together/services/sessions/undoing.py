"""Takes back what was written down about a session: that it took place, or that there was one.

What is taken back stays in the session's history, with who did it.
"""

from __future__ import annotations

from collections.abc import Callable

from together.services.sessions.session_held import Held, not_too_often, stands, theirs
from together.services.sessions.session_refusals import (
    SessionNotLogged,
    SessionWasLogged,
    TooLateToUndo,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import Booking, BookingState
from together.store.transaction import transaction

WITHIN_DAYS = 7
"""Days within which something can be taken back, by anybody in the session."""

UNLOGGED = "UNLOGGED"


class Undoing:
    """Takes back."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock

    async def unmark_done(self, viewer: Viewer, uid: str) -> Booking:
        """Say that a session is not done after all; one that is not marked stays as it is."""
        now = self._clock()

        async def work() -> Booking:
            held = await stands(viewer, uid)
            if held.booking.logged:
                raise SessionWasLogged
            if held.booking.done_at is None:
                return held.booking
            return await _taken_back(viewer, held, "NOT_DONE", now=now)

        return await transaction(work)

    async def unlog(self, viewer: Viewer, uid: str) -> Booking:
        """Take a session that was logged by mistake out of the list; once is enough.

        It counts as held no more, and its time can be logged again.
        """
        now = self._clock()

        async def work() -> Booking:
            booking, _ = await theirs(viewer, uid, held=True)
            if not booking.logged:
                raise SessionNotLogged
            if booking.state is BookingState.CANCELLED:
                return booking
            held = await stands(viewer, uid)
            held.booking.state = BookingState.CANCELLED
            return await _taken_back(viewer, held, UNLOGGED, now=now)

        return await transaction(work)


async def _taken_back(viewer: Viewer, held: Held, what: str, *, now: int) -> Booking:
    booking = held.booking
    if (booking.done_at or 0) + WITHIN_DAYS * 86_400 <= now:
        raise TooLateToUndo
    await not_too_often(viewer, booking.match_id, now=now)
    booking.done_at = None
    await Booking.filter(id=booking.id, organization_id=booking.organization_id).update(
        done_at=None, state=booking.state
    )
    await held.changed(viewer, what, now=now)
    return booking
