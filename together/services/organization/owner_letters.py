"""Tells the owner of an organization's integration that it broke, and that it works again."""

from __future__ import annotations

from typing import Any

from together.providers.registry import Registry
from together.services.outbox.letters import Letter, moment
from together.store.models import DelegationState, Job, JobKind, OrganizationIntegration

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
    return Letter(
        name=organization.name,
        address=row.owner_email,
        subject=subject,
        paragraphs=("Hello,", *said, f"Together, for {organization.name}"),
    )
