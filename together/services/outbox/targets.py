"""What a job is about: one session and one calendar, and what can stand between them."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from together.domain.spans import Span
from together.providers.contract import Calendars
from together.providers.errors import NeedsAdministrator, NeedsPerson, NeedsTime, Refused
from together.providers.values import Event
from together.services.availability.busy_reader import OpensCalendars
from together.store.models import Booking, CalendarEvent, Integration, Job


class OpensForDelivery(OpensCalendars, Protocol):
    """What `together.services.connections.grants.Grants` does for the worker."""

    def look_into(self, integration: Integration) -> AbstractAsyncContextManager[Calendars]: ...

    def left_behind(
        self, *, organization_id: int, integration_id: int
    ) -> AbstractAsyncContextManager[Calendars]: ...

    async def revoke(self, job: Job) -> None: ...


class NotYet(NeedsTime):
    """Something else has to come first."""

    words = "Something else has to come first."


class SessionOver(Refused):
    """The session came to its end before its event could be written."""

    words = "The session is over."


class Disconnected(Refused):
    """The calendar that was to hold the event is not connected any more."""

    words = "The calendar is not connected any more."


WAITS_FOR_MEMBER = frozenset(
    {
        NeedsPerson.__name__,
        *(each.__name__ for each in NeedsPerson.__subclasses__()),
        *(each.__name__ for each in NeedsAdministrator.__subclasses__()),
        Disconnected.__name__,
    }
)
"""Why a job is parked that goes on once its member's calendar is connected again."""


class LinkMissing(Refused):
    """The service did not make a link that can be used."""

    words = "The service did not make a link."


@dataclass(frozen=True, slots=True)
class Target:
    """A session and the one calendar that a job is about."""

    job: Job
    booking: Booking
    row: CalendarEvent
    integration: Integration | None

    @property
    def event(self) -> Event:
        span = Span.of(self.booking.starts, self.booking.ends)
        return Event(id=self.row.event_id or "", calendar_id=self.row.calendar_id, span=span)

    @property
    def organizes(self) -> bool:
        """Whether this calendar invites the others; a copy of one's own invites nobody."""
        return (
            self.integration is not None and self.integration.member_id == self.booking.booked_by_id
        )


async def target_of(job: Job) -> Target | None:
    """Read it as it stands; None when there is nothing to do in this calendar."""
    mine: dict[str, Any] = {"organization_id": job.organization_id}
    booking = await Booking.get_or_none(**mine, id=job.booking_id)
    row = await CalendarEvent.get_or_none(
        **mine, booking_id=job.booking_id, integration_id=job.integration_id
    )
    if booking is None or row is None:
        return None
    integration = await Integration.get_or_none(**mine, id=job.integration_id)
    return Target(job, booking, row, integration)


async def is_bookers(row: CalendarEvent) -> bool:
    """Whether it is the booker's own event, also when their calendar is gone: it came first."""
    return not await CalendarEvent.exists(
        organization_id=row.organization_id, booking_id=row.booking_id, id__lt=row.id
    )
