"""What its people write down about a session: what it is to be about, and that it took place."""

from __future__ import annotations

from collections.abc import Callable

from together.services.sessions.asked import plain_text
from together.services.sessions.session_held import not_too_often, stands
from together.services.sessions.session_refusals import SessionAhead
from together.services.signing_in.viewer import Viewer
from together.store.models import Booking
from together.store.transaction import transaction

LONGEST_AGENDA = 4000


class SessionNotes:
    """Keeps it in Together: neither a calendar nor a mail says anything of it."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock

    async def set_agenda(self, viewer: Viewer, uid: str, agenda: str | None) -> Booking:
        """Write what a session is to be about, or nothing."""
        text, now = plain_text("agenda", agenda, LONGEST_AGENDA, lines=True), self._clock()

        async def work() -> Booking:
            held = await stands(viewer, uid)
            booking = held.booking
            if booking.agenda == text:
                return booking
            await not_too_often(viewer, booking.match_id, now=now)
            booking.agenda = text
            await Booking.filter(id=booking.id, organization_id=booking.organization_id).update(
                agenda=text
            )
            await held.changed(viewer, "AGENDA_SET", now=now)
            return booking

        return await transaction(work)

    async def mark_done(self, viewer: Viewer, uid: str) -> Booking:
        """Say that a session took place; one that was marked already stays as it is."""
        now = self._clock()

        async def work() -> Booking:
            held = await stands(viewer, uid)
            booking = held.booking
            if booking.done_at is not None:
                return booking
            if booking.starts > now:
                raise SessionAhead
            booking.done_at = now
            await Booking.filter(id=booking.id, organization_id=booking.organization_id).update(
                done_at=now
            )
            await held.changed(viewer, "DONE", now=now)
            return booking

        return await transaction(work)
