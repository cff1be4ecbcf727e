"""Tells the member who holds an account that another of their organization tried to connect it.

Whoever tried it had signed in to the account.  They are not named: the one who reads the letter may
as well be the one who should not hold it.
"""

from __future__ import annotations

import logging
from typing import Any

from together.providers.registry import Registry
from together.services.outbox.letters import Letter, moment
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import Integration, Job, JobKind
from together.store.transaction import transaction

log = logging.getLogger(__name__)

PAUSE = 86_400
"""Seconds from one letter to a holder to the next, however often it is tried."""


async def tell_the_holder(viewer: Viewer, *, provider: str, account_id: str) -> None:
    """Write down that the viewer was refused an account, where another member holds it.

    In a transaction of its own: the one that refused has been taken back.
    """

    async def work() -> None:
        held = await (
            Integration.filter(
                organization_id=viewer.organization_id,
                provider=provider,
                account_id=account_id,
                member_id__not=viewer.member_id,
            )
            .select_for_update()  # so that of two who try it at once one writes
            .get_or_none()
        )
        if held is None:
            return
        log.info("member %s was refused what integration %s holds", viewer.member_id, held.id)
        at = await database_now()
        about: dict[str, Any] = {
            "organization_id": held.organization_id,
            "kind": JobKind.TELL_HOLDER,
            "integration_id": held.id,
        }
        if not await Job.exists(**about, created_at__gt=at - PAUSE):
            await Job.create(**about, due_at=at, created_at=at)

    await transaction(work)


async def letter(job: Job, *, registry: Registry) -> Letter | None:
    """Word it; None when nobody holds the account by this integration any more."""
    integration = await (
        Integration.filter(
            id=job.integration_id, organization_id=job.organization_id, member__active=True
        )
        .select_related("member", "organization")
        .get_or_none()
    )
    if integration is None:
        return None
    member: Any = integration.member
    organization: Any = integration.organization
    provider = registry.calendars.get(integration.provider)
    label = integration.provider if provider is None else provider.label
    return Letter(
        name=member.name,
        address=member.email,
        subject=f"Somebody tried to connect your {label}",
        paragraphs=(
            f"Hello {member.name},",
            f"Another member of {organization.name} has signed in to {label} as "
            f"{integration.account_email}, and tried to connect that account as their own, on "
            f"{moment(job.created_at, zone=member.zone)}.",
            "You have connected it, so they were refused. Nothing was connected, nothing of your "
            "calendar was shown, and they were not told that it is you who holds it.",
            "If it was you, or somebody you share this account with, there is nothing to do: one "
            "account can be connected by one member.",
            "If you did not expect it, somebody else can sign in to this account. Change its "
            "password, sign out everybody who is signed in to it, and tell an administrator of "
            f"{organization.name}.",
            "You are told once a day at most, however often it is tried.",
            f"Together, for {organization.name}",
        ),
    )
