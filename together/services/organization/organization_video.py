"""An administrator says where sessions get their links, and the worker makes meetings with it."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from together.providers.contract import Meetings
from together.providers.delegation import Credential
from together.providers.errors import (
    Misconfigured,
    NeedsPerson,
    NeedsTime,
    ProviderError,
    Refused,
    UnusableKey,
)
from together.providers.organization_video import OrganizationMeetings
from together.providers.registry import Registry
from together.providers.signing import signed_client
from together.providers.values import Access, Capability, Grant, Secret
from together.services.connections import sealing, trouble
from together.services.connections.offering import looks_after_integrations
from together.services.connections.transport import unsigned
from together.services.organization import audited, delegation_state
from together.services.organization.delegation_refusals import KeyUnusable, SetUpChanged
from together.services.organization.video_choice import standing_provider
from together.services.organization.video_refusals import (
    OrganizationVideoUnavailable,
    VideoObstacle,
)
from together.services.outbox import meeting_jobs
from together.services.refusals import Forbidden, InvalidInput
from together.services.signing_in.viewer import Viewer
from together.store import audit
from together.store.models import DelegationState, OrganizationVideo, VideoChoice, VideoMeeting
from together.store.scope import Scope
from together.store.transaction import transaction
from together.store.vault import Place, Vault

log = logging.getLogger(__name__)

LARGEST_CREDENTIAL = 65_536
_SPARE = timedelta(seconds=90)
_MOST = 1_000
_FRESH: dict[str, Any] = {"credential": None, "credential_id": None, "credential_name": None}


class VideoChanged(Refused):
    """The organization does not use the service any more that was to make the meeting."""

    words = "The organization has chosen another video service."


class OrganizationVideos:
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
        self._kept: dict[tuple[int, int], Grant] = {}

    async def status(self, viewer: Viewer) -> OrganizationVideo:
        """Read what was chosen."""
        _looks_after(viewer)
        return await _row(viewer) or OrganizationVideo(organization_id=viewer.organization_id)

    async def choose(
        self,
        viewer: Viewer,
        choice: VideoChoice,
        *,
        provider: str | None = None,
        credential: Secret | None = None,
    ) -> None:
        """Say where links come from.  A credential is tried before anything is changed."""
        _looks_after(viewer)
        if (choice is VideoChoice.PROVIDER) is (provider is None):
            raise InvalidInput("provider", "Name a service where its own links are meant.")
        if provider is not None:
            video = self._registry.videos.get(provider)
            if video is None:
                raise OrganizationVideoUnavailable(VideoObstacle.NOT_INSTALLED)
            if video.made_with is not None:
                await self._comes_with(viewer, video.made_with)
                choice, provider = VideoChoice.CALENDAR, None
        if choice is VideoChoice.CALENDAR:
            await self._comes_with(viewer, None)
        columns: dict[str, Any] = {"provider": None, "distribution": None, **_FRESH}
        row = await _there(viewer)
        if provider is not None:
            columns = await self._own(row, provider, credential)
        at = self._clock()

        async def work() -> None:
            changed = await OrganizationVideo.filter(
                id=row.id, organization_id=row.organization_id, generation=row.generation
            ).update(**columns, choice=choice, reason=None, since=at, generation=row.generation + 1)
            if not changed:
                raise SetUpChanged
            if provider is not None:
                await meeting_jobs.go_on(viewer.organization_id, provider, now=at)

        await audited.changing(viewer, "video.chosen", work, at=at)

    async def _comes_with(self, viewer: Viewer, calendar: str | None) -> None:
        """Refuse links that cannot come with an event of the organization's calendars."""
        row = await delegation_state.of(viewer.organization_id)
        connected = row is not None and row.state is not DelegationState.OFF
        if calendar is not None and (row is None or not connected or row.provider != calendar):
            raise OrganizationVideoUnavailable(VideoObstacle.OTHER_CALENDAR)
        if row is None or not connected or row.provider is None:
            return
        if Capability.EVENTS not in Capability(row.capabilities):
            raise OrganizationVideoUnavailable(VideoObstacle.FREE_BUSY_ONLY)

    async def _own(
        self, row: OrganizationVideo, slug: str, handed: Secret | None
    ) -> dict[str, Any]:
        """Give the columns for a service of the organization's own, with what it needs."""
        organization = self._registry.videos[slug].organization
        if organization is None:
            raise OrganizationVideoUnavailable(VideoObstacle.NOT_FOR_ORGANIZATIONS)
        made_by = self._registry.distributions.get(slug)
        chosen: dict[str, Any] = {"provider": slug, "distribution": made_by}
        if organization.handover is None:
            return {**chosen, **_FRESH}
        if handed is None:
            if row.credential is None or (row.provider, row.distribution) != (slug, made_by):
                raise OrganizationVideoUnavailable(VideoObstacle.CREDENTIAL_MISSING)
            return chosen
        if len(handed.reveal()) > LARGEST_CREDENTIAL:
            raise KeyUnusable("This is too large to be a credential.")
        try:
            credential = organization.read_credential(handed)
        except UnusableKey as unusable:
            raise KeyUnusable(unusable.words) from None
        await self._tried(row, organization, credential)
        sealed = await self._vault.seal(credential.secret, _place(row, slug, credential.id))
        return {
            **chosen,
            "credential": sealed,
            "credential_id": credential.id,
            "credential_name": credential.name,
        }

    async def _tried(
        self, row: OrganizationVideo, organization: OrganizationMeetings, credential: Credential
    ) -> None:
        try:
            async with unsigned(self._transport) as http:
                await organization.grant(http, credential.secret, now=self._now())
        except ProviderError as error:
            raise _told(error, about=f"video of organization {row.organization_id}") from None

    # What the worker does with it

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
            self._kept.pop((row.organization_id, row.generation), None)
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
        key = (row.organization_id, row.generation)
        kept = self._kept.get(key)
        if kept is not None and kept.expires_at - _SPARE > self._now():
            return kept
        if row.credential is None or not await OrganizationVideo.exists(
            id=row.id, organization_id=row.organization_id, generation=row.generation
        ):
            raise VideoChanged
        place = _place(row, row.provider or "", row.credential_id or "")
        credential = await self._vault.open(row.credential, place)
        async with unsigned(self._transport) as http:
            fresh = await organization.grant(http, credential, now=self._now())
        while len(self._kept) >= _MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = fresh
        return fresh

    async def _noted(self, row: OrganizationVideo, reason: str | None) -> None:
        if row.reason != reason:
            await OrganizationVideo.filter(
                id=row.id, organization_id=row.organization_id, generation=row.generation
            ).update(reason=reason, since=self._clock())


def _told(error: ProviderError, *, about: str) -> OrganizationVideoUnavailable:
    if isinstance(error, NeedsPerson):
        return OrganizationVideoUnavailable(VideoObstacle.CREDENTIAL_REFUSED)
    if isinstance(error, NeedsTime):
        return OrganizationVideoUnavailable(VideoObstacle.SERVICE_DOWN)
    trouble.tell_the_operator(error, about=about)
    return OrganizationVideoUnavailable(VideoObstacle.NOT_AVAILABLE_HERE)


def _looks_after(viewer: Viewer) -> None:
    if not looks_after_integrations(viewer):
        raise Forbidden


async def _row(viewer: Viewer) -> OrganizationVideo | None:
    return await Scope(viewer.organization_id)(OrganizationVideo).first()


async def _there(viewer: Viewer) -> OrganizationVideo:
    """Give the row, which is made where there is none: what is sealed names it."""

    async def work() -> OrganizationVideo:
        await audit.turn(viewer.organization_id)
        return await _row(viewer) or await OrganizationVideo.create(
            organization_id=viewer.organization_id
        )

    return await transaction(work)


def _place(row: OrganizationVideo, slug: str, account: str) -> Place:
    return Place(
        organization_id=row.organization_id,
        purpose="delegation",
        table="organization_video",
        column="credential",
        row=row.uid,
        provider=slug,
        account=account,
    )
