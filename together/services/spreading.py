"""Finds out in whose calendars a session's event is to be written, or taken away.

The worker does it and not the booking, so that a booking by somebody who may not know of another's
calendar is the same, down to its statements, whether there is one or not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from together.domain.addresses import email_key
from together.services.organizing import Place, account_hash, written_at
from together.services.targets import NotYet
from together.store.clock import database_now
from together.store.models import (
    Booking,
    BookingState,
    CalendarEvent,
    Integration,
    IntegrationState,
    Job,
    JobKind,
    JobState,
    Member,
    Seat,
)
from together.store.transaction import transaction


async def spread(job: Job) -> None:
    """Write a job for each calendar that the session concerns."""
    at = await database_now()

    async def work() -> None:
        booking = await (
            Booking.filter(id=job.booking_id, organization_id=job.organization_id)
            .select_for_update()
            .get_or_none()
        )
        if booking is None:
            return
        if job.kind is JobKind.CANCEL_EVENT:
            await _cancel(booking, at=at)
        elif booking.state is BookingState.CONFIRMED:
            await _write(booking, at=at)
        # In this transaction, so that it is not done twice.
        await Job.filter(id=job.id, organization_id=job.organization_id).update(
            state=JobState.DONE, leased_until=None
        )

    await transaction(work)


async def _cancel(booking: Booking, *, at: int) -> None:
    for row in await CalendarEvent.filter(
        organization_id=booking.organization_id, booking_id=booking.id
    ):
        await _job(booking, JobKind.CANCEL_EVENT, integration_id=row.integration_id, at=at)


async def _write(booking: Booking, *, at: int) -> None:
    mine: dict[str, Any] = {"organization_id": booking.organization_id, "booking_id": booking.id}
    held = {row.integration_id for row in await CalendarEvent.filter(**mine)}
    copies = [
        place
        for place in await _others(booking, invited=bool(held))
        if place.integration.id not in held
    ]
    if copies and booking.video is not None and booking.join_url is None:
        linking = await Job.exists(
            **mine,
            state=JobState.WAITING,
            integration_id__isnull=False,
            kind__in=[JobKind.WRITE_EVENT, JobKind.POLL_MEETING],
        )
        if linking:  # a copy says where to meet, so the link comes first
            raise NotYet(retry_after=timedelta(seconds=5))
    for place in copies:
        await CalendarEvent.create(
            **mine,
            integration_id=place.integration.id,
            account_hash=account_hash(place.integration),
            calendar_id=place.calendar.external_id,
        )
        await _job(booking, JobKind.WRITE_EVENT, integration_id=place.integration.id, at=at)


async def _others(booking: Booking, *, invited: bool) -> list[Place]:
    """Find the others' calendars that get an event of their own.

    A standing grant is enough.  That a calendar was not read for a day says what may be shown of
    it; whoever owns it would hear of the session from nobody, although it can be written as soon as
    its service is back.  Where the booker's calendar invites them by their work address, a copy is
    only needed if the connected account is another one.
    """
    seats = await Seat.filter(organization_id=booking.organization_id, booking_id=booking.id)
    others = [each.member_id for each in seats if each.member_id != booking.booked_by_id]
    found = []
    for integration in await (
        Integration.filter(
            organization_id=booking.organization_id,
            member_id__in=others,
            member__active=True,
            state=IntegrationState.ACTIVE,
        )
        .select_related("member")
        .order_by("member_id")
    ):
        theirs = cast("Member", integration.member).email_key
        if invited and email_key(integration.account_email) == theirs:
            continue
        place = await written_at(integration)
        if place is not None:
            found.append(place)
    return found


async def _job(booking: Booking, kind: JobKind, *, integration_id: int, at: int) -> None:
    await Job.create(
        organization_id=booking.organization_id,
        kind=kind,
        booking_id=booking.id,
        integration_id=integration_id,
        due_at=at,
        created_at=at,
    )
