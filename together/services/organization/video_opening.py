"""Makes meetings with what an organization's administrators handed over: the worker's part."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

import httpx

from together.providers.contract import Meetings
from together.providers.errors import Misconfigured, NeedsPerson, Refused
from together.providers.organization_video import OrganizationMeetings
from together.providers.registry import Registry
from together.providers.signing import signed_client
from together.providers.values import Access, Capability, Grant
from together.services.connections import sealing
from together.services.connections.transport import unsigned
from together.services.organization import owner_letters
from together.services.organization.left_video import LeftVideos
from together.services.organization.token_cache import Key, Tokens
from together.services.organization.video_choice import standing_provider
from together.services.outbox import meeting_jobs
from together.store.models import JobKind, OrganizationVideo, VideoChoice, VideoMeeting
from together.store.scope import Scope
from together.store.transaction import transaction
from together.store.vault import Place, Vault

log = logging.getLogger(__name__)

_MOST = 1_000


class VideoChanged(Refused):
    """The organization does not use the service any more that was to make the meeting."""

    words = "The organization has chosen another video service."


class VideoOpenings:
    """The video services of organizations, in this process."""

    def __init__(
        self,
        *,
        registry: Registry,
        vault: Vault,
        transport: httpx.AsyncBaseTransport,
        clock: Callable[[], int],
    ) -> None:
        self._registry, self._vault, self._transport = registry, vault, transport
        self._clock, self._now = clock, sealing.moment(clock)
        self.left = LeftVideos(registry=registry, vault=vault, transport=transport, now=self._now)
        self.tokens = Tokens(now=self._now, over=_over, most=_MOST)

    @asynccontextmanager
    async def open(self, meeting: VideoMeeting, *, mailbox: str) -> AsyncGenerator[Meetings]:
        """Open the meetings of one host, where the organization still uses the service."""
        row = await Scope(meeting.organization_id)(OrganizationVideo).first()
        if row is None or (row.choice, row.provider, row.distribution) != (
            VideoChoice.PROVIDER,
            meeting.provider,
            meeting.distribution,
        ):
            raise VideoChanged
        video = standing_provider(row, self._registry)
        if video is None or video.organization is None:
            log.error("the video of organization %s is of %s", row.organization_id, row.provider)
            raise Misconfigured
        organization = video.organization

        async def grant() -> Grant:
            return await self._token(row, organization)

        async def renewed(stale: Grant) -> Grant:
            self.tokens.refused(_key(row), stale.access_token)
            return await self._token(row, organization)

        try:
            async with signed_client(
                self._transport,
                origins=organization.origins,
                grant=grant,
                renew=renewed,
                now=self._now,
            ) as http:
                yield organization.open(
                    Access(http=http, mailbox=mailbox, capabilities=Capability.MEETINGS)
                )
        except NeedsPerson as error:
            await self._noted(row, type(error).__name__)
            raise
        if row.reason is not None:
            await self._noted(row, None)

    async def _token(self, row: OrganizationVideo, organization: OrganizationMeetings) -> Grant:
        stands: dict[str, Any] = {"id": row.id, "generation": row.generation}
        if row.credential is None or not await OrganizationVideo.exists(**stands):
            raise VideoChanged
        kept = self.tokens.get(_key(row))
        if kept is not None:
            return kept
        sealed_for = place(row, row.provider or "", row.credential_id or "")
        credential = await self._vault.open(row.credential, sealed_for)
        async with unsigned(self._transport) as http:
            fresh = await organization.grant(http, credential, now=self._now())
        if not await OrganizationVideo.exists(**stands):
            raise VideoChanged
        self.tokens.keep(_key(row), fresh)
        return fresh

    async def _noted(self, row: OrganizationVideo, reason: str | None) -> None:
        """Note why it makes no links, or that it does again; of many who find out, one writes."""
        at = self._clock()

        async def work() -> None:
            changed = await OrganizationVideo.filter(
                id=row.id,
                organization_id=row.organization_id,
                generation=row.generation,
                reason=row.reason,
            ).update(reason=reason, since=at)
            if not changed or (row.reason is not None and reason is not None):
                return
            if reason is None:
                await meeting_jobs.go_on(row.organization_id, row.provider or "", now=at)
            kind = JobKind.TELL_VIDEO_HEALTHY if reason is None else JobKind.TELL_VIDEO_FAILING
            await owner_letters.tell_later(row.organization_id, kind)

        if row.reason != reason:
            await transaction(work)


def _key(row: OrganizationVideo) -> Key:
    return (row.organization_id, row.generation, "", Capability.MEETINGS.value)


async def _over(keys: Collection[Key]) -> Collection[Key]:
    """Find the tokens of a choice that is over."""
    rows = await OrganizationVideo.filter(organization_id__in=sorted({key[0] for key in keys}))
    stands = {(row.organization_id, row.generation) for row in rows}
    return [key for key in keys if key[:2] not in stands]


def place(row: OrganizationVideo, slug: str, account: str) -> Place:
    """Say where what was handed over is sealed for."""
    return Place(
        organization_id=row.organization_id,
        purpose="delegation",
        table="organization_video",
        column="credential",
        row=row.uid,
        provider=slug,
        account=account,
    )
