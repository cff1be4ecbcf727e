"""What a session's event says, and what has to be there before it is said."""

from __future__ import annotations

from datetime import timedelta

from together.domain.spans import Span
from together.providers.registry import Registry
from together.providers.values import EventDraft
from together.services.connections.resting import LeftAlone
from together.services.organization.video_choice import makes_its_own
from together.services.outbox import meeting_jobs
from together.services.outbox.invitations import LINK_AWAITED
from together.services.outbox.targets import Target
from together.store.clock import database_now
from together.store.models import Member, Organization, Seat


class LinkFirst(LeftAlone):
    """The session's link is being made elsewhere, so nothing was tried."""

    words = "The link has to come first."


def carries(target: Target, registry: Registry) -> bool:
    """Say whether this event is to bring the session's link."""
    video = target.booking.video
    return target.organizes and video is not None and not makes_its_own(video, registry)


async def drafted(target: Target, registry: Registry) -> EventDraft:
    """Say as little as an event can: a title of the organization's, who, when and where."""
    booking = target.booking
    organization = await Organization.get(id=booking.organization_id)
    guests: tuple[str, ...] = ()
    if target.organizes:
        seats = await Seat.filter(
            organization_id=booking.organization_id, booking_id=booking.id
        ).values_list("member_id", flat=True)
        members = await Member.filter(
            organization_id=booking.organization_id, id__in=list(seats)
        ).order_by("id")
        guests = tuple(each.email for each in members if each.id != booking.booked_by_id)
    brings = carries(target, registry)
    return EventDraft(
        key=booking.event_key,
        calendar_id=target.row.calendar_id,
        span=Span.of(booking.starts, booking.ends),
        title=organization.event_title,
        guests=guests,
        place=booking.place or (None if brings else booking.join_url),
        wants_meeting=brings,
    )


async def link_first(target: Target, registry: Registry) -> None:
    """Let a link that is made elsewhere come first, so that guests are told once."""
    booking = target.booking
    if booking.join_url is not None or not makes_its_own(booking.video, registry):
        return
    soon = await database_now() < target.job.created_at + LINK_AWAITED
    if soon and await meeting_jobs.link_is_coming(booking):
        raise LinkFirst(retry_after=timedelta(seconds=2))
