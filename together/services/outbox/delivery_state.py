"""How far a member's own invitation to a session has come, said to that member alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from enum import StrEnum
from typing import Any

from tortoise.expressions import Q
from tortoise.functions import Min

from together.domain.integration import Standing
from together.providers.values import Capability
from together.services.availability.circle import standings
from together.services.connections import effective
from together.services.outbox.targets import WAITS_FOR_MEMBER
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    Booking,
    BookingState,
    CalendarEvent,
    Integration,
    Invitation,
    Job,
    JobKind,
    JobState,
    VideoMeeting,
)


class DeliveryState(StrEnum):
    """Of one member's own invitation."""

    PENDING = "PENDING"
    """To be written, sent or taken away, and waiting for nothing that the member could do."""
    DELIVERED = "DELIVERED"
    """Written, and it stands, also where its calendar was disconnected since, or taken by the mail
    server; or taken away or back again, or never written, when the session is cancelled."""
    WAITING_FOR_RECONNECT = "WAITING_FOR_RECONNECT"
    """To be written or taken away once the member connects the same account again."""
    FAILED = "FAILED"
    """Not written or sent, or not taken away, and not tried any more."""
    NOT_SENT = "NOT_SENT"
    """No calendar that the member may know of has it, and no mail has left for them: none is to,
    or there is no mail server."""


async def delivery_of(
    viewer: Viewer, bookings: Sequence[Booking], *, now: int
) -> Mapping[int, DeliveryState]:
    """Give booking's row id → how the viewer's own invitation stands.

    A viewer who is not integrated is told of their own calendar and their own invitation only, and
    no other is looked at: by whom they are invited is not for them to learn here.
    """
    if not bookings:
        return {}
    own = await effective.in_use(viewer).first()
    told = await standings([viewer.member_id], viewer.organization_id, now=now)
    standing = told.get(viewer.member_id, (None, Standing.NOT_INTEGRATED))[1]
    looking = standing is not Standing.NOT_INTEGRATED
    mine = None if own is None else own.id
    shown = set() if mine is None else {mine}
    if looking:
        shown |= await _organizers(viewer, bookings)
    firsts = await _organized(
        viewer, [each for each in bookings if looking or each.booked_by_id == viewer.member_id]
    )
    invited = {
        row.booking_id: row
        for row in await Invitation.filter(
            organization_id=viewer.organization_id,
            member_id=viewer.member_id,
            booking_id__in=[booking.id for booking in bookings],
        )
    }
    rows, jobs = await _outbox(viewer, bookings, shown, firsts, invited)
    found = {}
    for booking in bookings:
        events, about = rows.get(booking.id, []), jobs.get(booking.id, [])
        row, over = invited.get(booking.id), booking.ends <= now
        if row is not None and (row.mailed or not (looking or events)):
            found[booking.id] = _invited(booking, row, about, over=over)
            continue
        found[booking.id] = _state(
            booking,
            events,
            about,
            mine,
            booked=booking.booked_by_id == viewer.member_id,
            looking=looking,
            managed=own is not None and effective.managed(own),
            read_only=own is not None and Capability.EVENTS not in Capability(own.capabilities),
            lost={event.integration_id for event in events} - shown,
            over=over,
        )
    return found


async def _organizers(viewer: Viewer, bookings: Sequence[Booking]) -> set[int]:
    """Find the calendars of those who booked: what stands there invites the others."""
    bookers = {booking.booked_by_id for booking in bookings}
    rows = await Integration.filter(
        organization_id=viewer.organization_id, member_id__in=sorted(bookers)
    ).values_list("id", flat=True)
    return {int(row) for row in rows}  # type: ignore[call-overload]


async def _organized(viewer: Viewer, bookings: Sequence[Booking]) -> list[int]:
    """Find the bookers' own rows, also of calendars that are not connected any more.

    A link that is no meeting of the organization's own service is only made by the booker's
    calendar, whose row is then written with the session and before those of the others.  Without
    one, nothing tells whose a row of a calendar that is gone was, and it is told to nobody.
    """
    elsewhere: Any = await VideoMeeting.filter(
        organization_id=viewer.organization_id, booking_id__in=[each.id for each in bookings]
    ).values_list("booking_id", flat=True)
    linked = [
        booking.id
        for booking in bookings
        if booking.video is not None and booking.id not in elsewhere
    ]
    if not linked:
        return []
    first = (
        await CalendarEvent.filter(organization_id=viewer.organization_id, booking_id__in=linked)
        .annotate(first=Min("id"))
        .group_by("booking_id")
        .values_list("first", flat=True)
    )
    return sorted(int(row) for row in first)  # type: ignore[call-overload]


async def _outbox(
    viewer: Viewer,
    bookings: Sequence[Booking],
    shown: set[int],
    firsts: Sequence[int],
    invited: Mapping[int, Invitation],
) -> tuple[dict[int, list[CalendarEvent]], dict[int, list[Job]]]:
    rows: dict[int, list[CalendarEvent]] = {}
    jobs: dict[int, list[Job]] = {}
    mine: dict[str, Any] = {
        "organization_id": viewer.organization_id,
        "booking_id__in": [booking.id for booking in bookings],
    }
    concerned = set(shown)
    told = Q(integration_id__in=sorted(shown)) | Q(id__in=firsts)
    for row in await CalendarEvent.filter(told, **mine).order_by("id"):
        rows.setdefault(row.booking_id, []).append(row)
        concerned.add(row.integration_id)
    # Those without a calendar are there for every session, whatever is connected.
    spreading = Q(
        integration_id=None,
        kind__in=[JobKind.WRITE_EVENT, JobKind.REVISE_EVENT, JobKind.CANCEL_EVENT],
    )
    own = Q(kind=JobKind.INVITE, generation__in=sorted(row.id for row in invited.values()))
    concerning = Q(integration_id__in=sorted(concerned)) | spreading | own
    for job in await Job.filter(concerning, **mine).order_by("id"):
        jobs.setdefault(job.booking_id or 0, []).append(job)
    return rows, jobs


def _invited(booking: Booking, row: Invitation, jobs: list[Job], *, over: bool) -> DeliveryState:
    """Say it of an invitation that is told of by its own row alone, whoever sends it."""
    cancelled = booking.state is BookingState.CANCELLED
    if row.sent == booking.sequence:
        return DeliveryState.NOT_SENT if row.printed else DeliveryState.DELIVERED
    if any(
        job.state is JobState.WAITING
        for job in jobs
        if job.kind is JobKind.INVITE
        or (cancelled and job.kind is JobKind.CANCEL_EVENT)
        or (job.kind is JobKind.REVISE_EVENT and job.integration_id is None)
    ):
        return DeliveryState.PENDING
    if cancelled and row.sent is None and row.tried is None:
        return DeliveryState.DELIVERED  # there is nothing to take back
    return DeliveryState.FAILED if row.mailed or over else DeliveryState.PENDING


def _state(
    booking: Booking,
    rows: list[CalendarEvent],
    jobs: list[Job],
    mine: int | None,
    *,
    booked: bool,
    looking: bool,
    managed: bool,
    read_only: bool,
    lost: Set[int],
    over: bool,
) -> DeliveryState:
    cancelled = booking.state is BookingState.CANCELLED
    row = next((row for row in rows if row.integration_id == mine), None) or next(iter(rows), None)
    kind = JobKind.CANCEL_EVENT if cancelled else JobKind.WRITE_EVENT
    stands_elsewhere = (
        row is not None
        and row.event_id is not None
        and (row.starts, row.ends) != (booking.starts, booking.ends)
    )
    if stands_elsewhere and not cancelled:
        kind = JobKind.REVISE_EVENT
    jobs = [job for job in jobs if job.kind is kind]
    spreads = [job for job in jobs if job.integration_id is None and job.state is JobState.WAITING]
    spreading = bool(spreads)
    if row is None:
        # Finding out takes longer where somebody else's calendar gets an event, too: to who may not
        # know of it, only the first try counts, after which their own invitation is there.
        first = any(job.reason is None for job in spreads)
        pending = spreading and (looking or (first and not cancelled))
        return DeliveryState.PENDING if pending else DeliveryState.NOT_SENT
    if row.event_id is not None and not cancelled and not stands_elsewhere:
        return DeliveryState.DELIVERED
    about = [job for job in jobs if job.integration_id == row.integration_id]
    if stands_elsewhere and not cancelled and spreading:
        return DeliveryState.PENDING
    if not about or about[-1].state is JobState.DONE:
        if cancelled:
            pending = spreading and not about
            return DeliveryState.PENDING if pending else DeliveryState.DELIVERED
        return DeliveryState.FAILED
    if about[-1].state is JobState.WAITING:
        return DeliveryState.PENDING
    if over and (not cancelled or row.integration_id in lost):
        return DeliveryState.FAILED  # whoever comes back does not take it up any more
    if about[-1].reason in WAITS_FOR_MEMBER:
        # That somebody else's calendar waits for them is theirs to know, and nobody reconnects
        # what their organization looks after.
        if managed and read_only and booked:
            return DeliveryState.FAILED  # nothing is written there any more, whoever acts
        theirs = managed or (not booked and row.integration_id != mine)
        return DeliveryState.PENDING if theirs else DeliveryState.WAITING_FOR_RECONNECT
    return DeliveryState.FAILED
