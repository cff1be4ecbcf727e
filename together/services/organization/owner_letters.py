"""Tells the owner of an organization's integration that it broke, and that it works again.

The same of the organization's video service.
"""

from __future__ import annotations

from typing import Any

from together.providers.registry import Registry
from together.services.organization.video_refusals import no_links
from together.services.outbox.letters import Letter, moment
from together.store.clock import database_now
from together.store.models import (
    DelegationState,
    Job,
    JobKind,
    OrganizationIntegration,
    OrganizationVideo,
    VideoChoice,
)

WHY = {
    "NotDelegated": "The service does not let Together act for your members any more.",
    "ScopesMissing": "Some of the permissions were taken back at the service.",
    "KeyRefused": "The key was deleted or switched off at the service.",
    "PolicyRefused": "A policy of your organization at the service does not let Together in.",
    "KeyReplaced": "The key was replaced, and the new one is not verified yet.",
    "ConsentReplaced": "The consent was given anew, and is not verified yet.",
}
"""By the name of the error, in plain words for an administrator."""
PLACE = "Settings > Integrations > Calendar"
VIDEO_PLACE = "Settings > Integrations > Video"


def why(row: OrganizationIntegration) -> str | None:
    """Say in plain words why it fails."""
    if row.reason is None:
        return None
    return WHY.get(row.reason, "The service does not let Together in any more.")


async def letter(job: Job, *, registry: Registry) -> Letter | None:
    """Word it; None where it is not so any more, or nobody is to be told."""
    wanted = DelegationState.FAILING if job.kind is JobKind.TELL_FAILING else DelegationState.ACTIVE
    row = await (
        OrganizationIntegration.filter(organization_id=job.organization_id, state=wanted)
        .select_related("organization")
        .get_or_none()
    )
    if row is None or row.owner_email is None:
        return None
    organization: Any = row.organization
    provider = registry.calendars.get(row.provider or "")
    label = row.provider or "" if provider is None else provider.label
    since = moment(row.since, zone="UTC")
    if wanted is DelegationState.FAILING:
        subject = f"{organization.name} is not connected to {label} any more"
        said: tuple[str, ...] = (
            f"Together cannot reach the calendars of {organization.name} at {label} any more, "
            f"since {since}.",
            why(row) or "",
            "Until it works again, members count as not integrated: nobody is shown when they are "
            "free. None of them is asked to do anything.",
            f"To repair it, go to {PLACE}, follow what is said there, and verify a mailbox.",
            "You are told once, and once more when it works again.",
        )
    else:
        subject = f"{organization.name} is connected to {label} again"
        said = (
            f"Together reaches the calendars of {organization.name} at {label} again, since "
            f"{since}.",
            "There is nothing to do.",
        )
    return _to_the_owner(row, organization, subject, said)


async def about_video(job: Job, *, registry: Registry) -> Letter | None:
    """Word it of the video service; None where it is not so any more, or nobody is to be told."""
    video = await OrganizationVideo.get_or_none(organization_id=job.organization_id)
    row = await (
        OrganizationIntegration.filter(organization_id=job.organization_id)
        .select_related("organization")
        .get_or_none()
    )
    if video is None or row is None or row.owner_email is None:
        return None
    failing = job.kind is JobKind.TELL_VIDEO_FAILING
    reason = no_links(video)
    if video.choice is not VideoChoice.PROVIDER or (reason is None) is failing:
        return None
    organization: Any = row.organization
    provider = registry.videos.get(video.provider or "")
    label = video.provider or "" if provider is None else provider.label
    since = moment(video.since, zone="UTC")
    if reason is None:
        subject = f"{organization.name} gets links from {label} again"
        said: tuple[str, ...] = (
            f"Sessions of {organization.name} get their video links from {label} again, since "
            f"{since}. Those that waited for one get it now.",
            "There is nothing to do.",
        )
    else:
        subject = f"{organization.name} gets no links from {label} any more"
        said = (
            f"{label} makes no video links for sessions of {organization.name} any more, since "
            f"{since}.",
            reason,
            "Sessions are booked as before, and stand without a link. Links that were made stay.",
            f"To repair it, go to {VIDEO_PLACE}.",
            "You are told once, and once more when it works again.",
        )
    return _to_the_owner(row, organization, subject, said)


async def tell_later(organization_id: int, kind: JobKind) -> None:
    """Write down that the owner is to be told, where there is one; belongs into a transaction."""
    owned = OrganizationIntegration.filter(
        organization_id=organization_id, owner_email__isnull=False
    )
    if await owned.exists():
        stamp = await database_now()
        await Job.create(organization_id=organization_id, kind=kind, due_at=stamp, created_at=stamp)


def _to_the_owner(
    row: OrganizationIntegration, organization: Any, subject: str, said: tuple[str, ...]
) -> Letter:
    return Letter(
        name=organization.name,
        address=row.owner_email or "",
        subject=subject,
        paragraphs=("Hello,", *said, f"Together, for {organization.name}"),
    )
