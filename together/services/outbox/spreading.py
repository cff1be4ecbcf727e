"""Finds out in whose calendars a session's event is to be written, moved or taken away, and who
is invited by mail.

The worker does it and not the booking, so that a booking by somebody who may not know of another's
calendar is the same, down to its statements, whether there is one or not.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from tortoise.expressions import Subquery

from together.domain.addresses import email_key
from together.services.outbox import invitations, meeting_jobs
from together.services.outbox.targets import NotYet
from together.services.sessions import disputes
from together.services.sessions.organizing import Place, account_hash, written_at
from together.store.clock import database_now
from together.store.models import (
    STANDING,
    Booking,
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


async def spread(job: Job, *, mails_reach: bool) -> None:
    """Write a job for each calendar and mailbox that the session concerns.

    `mails_reach` says whether there is a mail server.
    """
    at = await database_now()

    async def work() -> bool:
        await _held(job)
        booking = await (
            Booking.filter(id=job.booking_id, organization_id=job.organization_id)
            .select_for_update()
            .get_or_none()
        )
        if booking is None:
            return True
        if job.kind is JobKind.CANCEL_EVENT:
            await _cancel(booking, at=at)
            await disputes.settle_later(booking, at=at)
        elif job.kind is JobKind.REVISE_EVENT:
            await _move(booking, at=at)
            await disputes.settle_later(booking, at=at)
        elif booking.state in STANDING and not await _write(
            booking, at=at, mails_reach=mails_reach
        ):
            return False
        # In this transaction, so that it is not done twice.
        await Job.filter(id=job.id, organization_id=job.organization_id).update(
            state=JobState.DONE, leased_until=None
        )
        return True

    if not await transaction(work):
        raise NotYet(retry_after=timedelta(seconds=5))


async def _held(job: Job) -> None:
    """Hold the connections of those in it, so that a disconnection comes before or after this.

    One that came in between would not find what is written down here, nor be found.
    """
    seats = Seat.filter(organization_id=job.organization_id, booking_id=job.booking_id)
    await (
        Integration.filter(
            organization_id=job.organization_id, member_id__in=Subquery(seats.values("member_id"))
        )
        .order_by("id")
        .select_for_update(no_key=True)
    )


async def _cancel(booking: Booking, *, at: int) -> None:
    for row in await CalendarEvent.filter(
        organization_id=booking.organization_id, booking_id=booking.id
    ):
        await _job(booking, JobKind.CANCEL_EVENT, integration_id=row.integration_id, at=at)
    await meeting_jobs.take_away_later(booking, at=at)
    await invitations.tell(booking, at=at)


async def _move(booking: Booking, *, at: int) -> None:
    """Have moved what stands elsewhere; what is not written yet is written where it belongs."""
    if booking.state not in STANDING:
        return
    mine: dict[str, Any] = {"organization_id": booking.organization_id, "booking_id": booking.id}
    written = CalendarEvent.filter(**mine, event_id__isnull=False)
    for row in await written.order_by("id"):
        waiting = await Job.filter(
            **mine,
            kind=JobKind.REVISE_EVENT,
            integration_id=row.integration_id,
            state=JobState.WAITING,
        ).values_list("leased_until", flat=True)
        if None in waiting:
            continue  # it reads the session when its turn comes
        if waiting or (row.starts, row.ends) != (booking.starts, booking.ends):
            await _job(booking, JobKind.REVISE_EVENT, integration_id=row.integration_id, at=at)
    await meeting_jobs.move_later(booking, at=at)
    await invitations.tell(booking, at=at)


async def _write(booking: Booking, *, at: int, mails_reach: bool) -> bool:
    """Write it down; False where a copy has to wait for what it says."""
    mine: dict[str, Any] = {"organization_id": booking.organization_id, "booking_id": booking.id}
    events = await CalendarEvent.filter(**mine).order_by("id")
    held = {row.integration_id for row in events}
    before = await invitations.invited(booking)
    copies = [
        place
        for place in await _others(booking, invited=bool(held))
        if place.integration.id not in held and (held or place.integration.member_id not in before)
    ]
    seated = await _seated(booking) - before
    if held:
        guests = seated - {booking.booked_by_id}
        written = events[0].event_id is not None
        await invitations.leave_to_calendar(booking, guests, written=written, reaches=mails_reach)
    else:  # nobody's calendar invites anybody, so Together does
        copied = {place.integration.member_id for place in copies}
        await invitations.invite(booking, seated - copied, at=at)
    if copies and booking.video is not None and booking.join_url is None:
        linking = await Job.exists(
            **mine,
            state=JobState.WAITING,
            integration_id__isnull=False,
            kind__in=[JobKind.WRITE_EVENT, JobKind.POLL_MEETING],
        )
        if linking or await meeting_jobs.link_is_coming(
            booking
        ):  # a copy says where to meet, so the link comes first
            return False
    for place in copies:
        await CalendarEvent.create(
            **mine,
            integration_id=place.integration.id,
            account_hash=account_hash(place.integration),
            calendar_id=place.calendar.external_id,
        )
        await _job(booking, JobKind.WRITE_EVENT, integration_id=place.integration.id, at=at)
    return True


async def _seated(booking: Booking) -> set[int]:
    """Find who is in it, and has not left."""
    seats = Seat.filter(
        organization_id=booking.organization_id, booking_id=booking.id, member__active=True
    )
    ids: Any = await seats.values_list("member_id", flat=True)
    return set(ids)


async def _others(booking: Booking, *, invited: bool) -> list[Place]:
    """Find the others' calendars that get an event of their own.

    A standing grant is enough.  That a calendar was not read for a day says what may be shown of
    it; whoever owns it would hear of the session from nobody, although it can be written as soon as
    its service is back.  Where the booker's calendar invites them by their work address, a copy is
    only needed if the connected account is another one.
    """
    others = await _seated(booking) - {booking.booked_by_id}
    found = []
    for integration in await (
        Integration.filter(
            organization_id=booking.organization_id,
            member_id__in=sorted(others),
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
