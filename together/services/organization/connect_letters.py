"""Words the mail that asks a member to connect a calendar."""

from __future__ import annotations

from typing import Any

from together.providers.registry import Registry
from together.services.connections.offering import offered
from together.services.connections.reminders import PLACE
from together.services.organization.asking_to_connect import UNCONNECTED
from together.services.organization.status_list import NONE
from together.services.outbox.letters import Letter, Link
from together.store.models import Job, MemberStatus
from together.store.scope import Scope


async def letter(job: Job, *, registry: Registry, page: str | None) -> Letter | None:
    """Word it; None where nothing is asked of them any more."""
    row = await (
        Scope(job.organization_id)(MemberStatus)
        .filter(member_id=job.generation, active=True, state__in=UNCONNECTED)
        .select_related("member", "organization")
        .get_or_none()
    )
    offer = await offered(job.organization_id)
    services = offer.of(list(registry.calendars))
    if row is None or not services:
        return None
    member: Any = row.member
    organization: Any = row.organization
    labels = " or ".join(registry.calendars[slug].label for slug in services)
    again = "" if row.state == NONE else " The one you had connected cannot be seen any more."
    first = "" if row.state == NONE else "reconnect or disconnect the one that is there, or "
    said = (
        f"Hello {member.name},",
        f"{organization.name} asks you to connect your calendar to Together.{again} You and those "
        "you are matched with then see when both of you are free, without asking each other.",
        "Those of them who have connected theirs see blocks of time in which you are busy, and "
        "nothing of what is in them. Administrators see no calendar.",
        f"To connect it, go to {PLACE}, {first}choose {labels}, and sign in.",
        "Without it, sessions can be booked all the same. You are asked this once a week at most.",
        f"Together, for {organization.name}",
    )
    return Letter(
        name=member.name,
        address=member.email,
        subject="Please connect your calendar",
        paragraphs=said,
        link=None if page is None else Link("Calendar Integrations", page, after=4),
    )
