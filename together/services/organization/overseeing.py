"""Whose status somebody may look at: every list of it, and every letter about it, begins here."""

from __future__ import annotations

from tortoise.queryset import QuerySet

from together.services.connections.offering import looks_after_integrations
from together.services.people.looked_after import looks_after_programs, matched_in
from together.services.refusals import Forbidden
from together.services.signing_in.viewer import Viewer
from together.store.models import MemberStatus
from together.store.scope import Scope


def oversees(viewer: Viewer) -> bool:
    """Whether the viewer may ask how members are connected at all."""
    return looks_after_integrations(viewer) or looks_after_programs(viewer)


def overseen(viewer: Viewer) -> QuerySet[MemberStatus]:
    """Find the rows of those whose status this viewer may see, deactivated members included.

    Whoever looks after the integrations of the organization sees everybody in it; whoever looks
    after programs, those who are in an active match of one of them.
    """
    if not oversees(viewer):
        raise Forbidden
    rows = Scope(viewer.organization_id)(MemberStatus)
    if looks_after_integrations(viewer):
        return rows.all()
    return rows.filter(member_id__in=matched_in(viewer))
