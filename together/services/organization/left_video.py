"""An organization leaves its video service for another: what was made there is made anew.

A session keeps the link that it has until there is another, and then the old meeting is taken
away.  What lets us do so is kept for as long as that takes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx

from together.providers.contract import Meetings
from together.providers.errors import Misconfigured, Refused
from together.providers.registry import Registry
from together.providers.signing import signed_client
from together.providers.values import Access, Capability, Grant, Secret
from together.services.connections.transport import unsigned
from together.store.clock import database_now
from together.store.models import (
    STANDING,
    Booking,
    Job,
    JobKind,
    LeftMeeting,
    LeftVideo,
    OrganizationVideo,
    VideoMeeting,
)
from together.store.vault import Place, Vault

_AT_ONCE = 500


class NothingLeft(Refused):
    """There is nothing any more that would open the service."""

    words = "What opened the service that was left is not here any more."


def place(left: LeftVideo) -> Place:
    """Say where what opens the service is sealed for."""
    return Place(
        organization_id=left.organization_id,
        purpose="delegation",
        table="left_video",
        column="credential",
        row=left.uid,
        provider=left.provider,
        account=left.credential_id or "",
    )


async def moved(
    row: OrganizationVideo, left: LeftVideo, *, provider: str, distribution: str, now: int
) -> None:
    """Have the meetings ahead made at the service that was chosen, and then taken away at `row`'s.

    Belongs into the transaction that chooses it.
    """
    mine: dict[str, Any] = {"organization_id": row.organization_id}
    theirs = VideoMeeting.filter(**mine, provider=row.provider, distribution=row.distribution)
    ahead: Any = await (
        Booking.filter(**mine, state__in=STANDING, ends__gt=now, video=row.provider)
        # Held in this order, as whoever notes a meeting holds them.
        .order_by("id")
        .select_for_update()
        .values_list("id", flat=True)
    )
    if not ahead:
        return
    stamp = await database_now()
    for begin in range(0, len(ahead), _AT_ONCE):
        meetings = await theirs.filter(booking_id__in=ahead[begin : begin + _AT_ONCE])
        ids = [each.booking_id for each in meetings]
        writing = Job.filter(**mine, kind=JobKind.WRITE_MEETING, booking_id__in=ids)
        begun: Any = await writing.filter(attempts__gt=0).values_list("booking_id", flat=True)
        stands = [each for each in meetings if each.meeting_id or each.booking_id in begun]
        if stands and left.id is None:  # kept only where there is something to take away
            await left.save(force_create=True)
        await LeftMeeting.bulk_create(
            LeftMeeting(
                **mine, booking_id=each.booking_id, left_id=left.id, meeting_id=each.meeting_id
            )
            for each in stands
        )
        await VideoMeeting.filter(**mine, booking_id__in=ids).update(
            provider=provider, distribution=distribution, meeting_id=None, starts=None, ends=None
        )
        await Booking.filter(**mine, id__in=ids).update(video=provider, link_given_up=False)
        await Job.bulk_create(
            Job(**mine, kind=kind, booking_id=each, due_at=stamp, created_at=stamp)
            for kind, those in (
                (JobKind.WRITE_MEETING, ids),
                (JobKind.LEAVE_MEETING, [each.booking_id for each in stands]),
            )
            for each in those
        )


async def too_late(meeting: VideoMeeting, made: str, *, at: int) -> None:
    """Have a meeting taken away that was still being made while its service was left."""
    mine: dict[str, Any] = {"organization_id": meeting.organization_id}
    left = await (
        LeftVideo.filter(**mine, provider=meeting.provider, distribution=meeting.distribution)
        .order_by("-id")
        .first()
    )
    if left is None:
        return
    row = {**mine, "booking_id": meeting.booking_id, "left_id": left.id}
    if not await LeftMeeting.filter(**row).update(meeting_id=made):
        await LeftMeeting.create(**row, meeting_id=made)
    await Job.create(
        **mine,
        kind=JobKind.LEAVE_MEETING,
        booking_id=meeting.booking_id,
        due_at=at,
        created_at=at,
    )


class LeftVideos:
    """Opens what was left, to take away what stands there."""

    def __init__(
        self,
        *,
        registry: Registry,
        vault: Vault,
        transport: httpx.AsyncBaseTransport,
        now: Callable[[], datetime],
    ) -> None:
        self._registry, self._vault, self._transport, self._now = registry, vault, transport, now

    @asynccontextmanager
    async def open(self, left: LeftVideo, *, mailbox: str) -> AsyncGenerator[Meetings]:
        """Open the meetings of one host; another package under the same name gets nothing."""
        video = self._registry.videos.get(left.provider)
        made_by = self._registry.distributions.get(left.provider)
        if video is None or video.organization is None or made_by != left.distribution:
            raise Misconfigured
        organization = video.organization

        async def grant() -> Grant:
            # Only while there is something to take away, and made for each: it is kept nowhere.
            if left.credential is None or not await LeftVideo.exists(id=left.id):
                raise NothingLeft
            credential: Secret = await self._vault.open(left.credential, place(left))
            async with unsigned(self._transport) as http:
                return await organization.grant(http, credential, now=self._now())

        made: list[Grant] = []

        async def once() -> Grant:
            if not made:
                made.append(await grant())
            return made[0]

        async def renewed(_: Grant) -> Grant:
            made.clear()
            return await once()

        async with signed_client(
            self._transport, origins=organization.origins, grant=once, renew=renewed, now=self._now
        ) as http:
            yield organization.open(
                Access(http=http, mailbox=mailbox, capabilities=Capability.MEETINGS)
            )
