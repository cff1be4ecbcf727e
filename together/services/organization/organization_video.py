"""An administrator says where sessions get their links."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx

from together.providers.errors import (
    Misconfigured,
    NeedsPerson,
    NeedsTime,
    ProviderError,
    UnusableKey,
)
from together.providers.organization_video import OrganizationMeetings
from together.providers.registry import Registry
from together.providers.values import Capability, Secret
from together.services.connections import sealing, trouble
from together.services.connections.offering import looks_after_integrations
from together.services.connections.transport import unsigned
from together.services.organization import (
    audited,
    delegation_state,
    left_video,
    owner_letters,
)
from together.services.organization.delegation_refusals import KeyUnusable, SetUpChanged
from together.services.organization.video_opening import VideoOpenings, place
from together.services.organization.video_refusals import (
    OrganizationVideoUnavailable,
    VideoObstacle,
    no_links,
)
from together.services.outbox import meeting_jobs
from together.services.people import roles
from together.services.refusals import Forbidden, InvalidInput
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    DelegationState,
    JobKind,
    LeftVideo,
    OrganizationVideo,
    VideoChoice,
    new_uid,
)
from together.store.scope import Scope
from together.store.transaction import transaction
from together.store.vault import Vault

log = logging.getLogger(__name__)

LARGEST_CREDENTIAL = 65_536
_MOST = 1_000
_FRESH: dict[str, Any] = {"credential": None, "credential_id": None, "credential_name": None}


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
        openings = VideoOpenings(registry=registry, vault=vault, transport=transport, clock=clock)
        self.open, self.left, self.tokens = openings.open, openings.left, openings.tokens

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
        left = await self._left(row, columns)
        at = self._clock()

        async def work() -> None:
            changed = await OrganizationVideo.filter(
                id=row.id, organization_id=row.organization_id, generation=row.generation
            ).update(**columns, choice=choice, reason=None, since=at, generation=row.generation + 1)
            if not changed:
                raise SetUpChanged
            if provider is None:
                return
            if left is not None:
                await left_video.moved(
                    row, left, provider=provider, distribution=columns["distribution"], now=at
                )
            await meeting_jobs.go_on(viewer.organization_id, provider, now=at)
            if no_links(row) is not None:
                await owner_letters.tell_later(viewer.organization_id, JobKind.TELL_VIDEO_HEALTHY)

        await audited.changing(viewer, "video.chosen", work, at=at)
        self.tokens.forget(viewer.organization_id)

    async def _left(self, row: OrganizationVideo, columns: dict[str, Any]) -> LeftVideo | None:
        """Give what takes meetings away at the service before, where another one is chosen."""
        before = (row.provider, row.distribution)
        if None in before or columns["provider"] is None:
            return None  # links that were made stay as they are
        if before == (columns["provider"], columns["distribution"]):
            return None
        left = LeftVideo(
            uid=new_uid(),
            organization_id=row.organization_id,
            provider=row.provider,
            distribution=row.distribution,
            credential_id=row.credential_id,
        )
        if row.credential is not None:
            try:
                sealed_for = place(row, row.provider or "", row.credential_id or "")
                secret = await self._vault.open(row.credential, sealed_for)
            except Misconfigured as error:
                # What is there stays there; that must not keep anybody from leaving it.
                trouble.tell_the_operator(error, about=f"organization {row.organization_id}")
            else:
                left.credential = await self._vault.seal(secret, left_video.place(left))
        return left

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
            if row.reason is not None:  # or the owner would be told that it works again
                sealed_for = place(row, slug, row.credential_id or "")
                await self._tried(
                    row, organization, await self._vault.open(row.credential, sealed_for)
                )
            return chosen
        if len(handed.reveal()) > LARGEST_CREDENTIAL:
            raise KeyUnusable("This is too large to be a credential.")
        try:
            credential = organization.read_credential(handed)
        except UnusableKey as unusable:
            raise KeyUnusable(unusable.words) from None
        await self._tried(row, organization, credential.secret)
        sealed = await self._vault.seal(credential.secret, place(row, slug, credential.id))
        return {
            **chosen,
            "credential": sealed,
            "credential_id": credential.id,
            "credential_name": credential.name,
        }

    async def _tried(
        self, row: OrganizationVideo, organization: OrganizationMeetings, credential: Secret
    ) -> None:
        try:
            async with unsigned(self._transport) as http:
                await organization.grant(http, credential, now=self._now())
        except ProviderError as error:
            raise _told(error, about=f"video of organization {row.organization_id}") from None


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
        await roles.turn(viewer)
        return await _row(viewer) or await OrganizationVideo.create(
            organization_id=viewer.organization_id
        )

    return await transaction(work)
