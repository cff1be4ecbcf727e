"""Reads the audit log of an organization, the newest line first, for its administrators."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.queryset import QuerySet

from together.services.reading import Asked, administers
from together.services.signing_in.viewer import Viewer
from together.store.models import AuditEntry
from together.store.scope import Scope

WORDS: Mapping[str, str] = {
    "calendar.connected": "A member connected their own calendar.",
    "calendar.disconnected": "A member disconnected their own calendar.",
    "domain.proved": "The operator said that a domain is the organization's.",
    "domain.removed": "The operator took a domain from the organization.",
    "imported": "The operator imported members and matches.",
    "integration.activated": "Everybody was connected by the organization.",
    "integration.consented": "An administrator consented for everybody at the service.",
    "integration.key_uploaded": "A key that may act for the members was uploaded.",
    "integration.offer_hidden": "The calendar services were hidden from members.",
    "integration.offer_limited": "It was said which calendar services members are offered.",
    "integration.probed": "Together asked another mailbox, by itself, whether everything works.",
    "integration.sessions_handed_over": "Together became the organizer of sessions ahead.",
    "integration.set_up": "The calendar service for everybody was chosen.",
    "integration.turned_off": "The organization's integration was turned off.",
    "integration.verification": "One mailbox was asked whether everything works.",
    "integration.verified": "It was found to work.",
    "login.tied": "A login was tied to a member, at their first sign-in.",
    "match.created": "Members were matched.",
    "match.created_with_themselves": "An administrator made a match with themselves in it.",
    "match.ended": "A match was ended.",
    "member.created": "A member was made.",
    "member.deactivated": "A member was deactivated.",
    "member.reactivated": "A member was let in again.",
    "member.role_changed": "A member was given another role.",
    "member.role_granted": "A new member was given a role.",
    "members.asked_to_connect": "Members who are not connected were written to.",
    "outbox.retried": "The operator had work that was parked tried again.",
    "program.administrator_added": "A member was given a program to look after.",
    "program.administrator_removed": "A program was taken from a member.",
    "program.archived": "A program was closed, and its matches ended.",
    "program.created": "A program was made.",
    "program.renamed": "A program was renamed.",
    "program.restored": "A program was opened again.",
    "video.chosen": "It was said where sessions get their video links.",
}
"""What each kind of line tells, in plain words."""

BY_ITSELF = frozenset({"integration.probed"})
"""What the program does with nobody telling it to."""


@dataclass(frozen=True, slots=True)
class Which:
    """Which lines are meant: all that is said holds of each."""

    action: str | None = None
    actor_id: int | None = None
    subject: str | None = None
    since: int | None = None
    until: int | None = None


def told(text: str | None) -> Any:
    """Read what a line tells of before, or of after; None where it tells nothing."""
    return None if text is None else json.loads(text)


def said(action: str) -> str:
    """Say it in plain words; a newer program may write what this one has no words for."""
    return WORDS.get(action, action)


def by_operator(row: AuditEntry) -> bool:
    """Whether whoever runs the program did it: no member did, nor the program by itself."""
    return row.actor_id is None and row.action not in BY_ITSELF


async def lines(viewer: Viewer, asked: Asked, *, which: Which) -> Sequence[AuditEntry]:
    """List the lines after (or before) the one of this hash, nearest first, and one more."""
    if not administers(viewer):
        return []
    rows = chosen(viewer.organization_id, which)
    for mark, older in ((asked.after, True), (asked.before, False)):
        if mark is None:
            continue
        place = await Scope(viewer.organization_id)(AuditEntry).filter(hash=mark[0]).first()
        if place is None:
            return []
        rows = rows.filter(id__lt=place.id) if older else rows.filter(id__gt=place.id)
    return await rows.order_by("id" if asked.backward else "-id").limit(asked.size + 1)


def chosen(organization_id: int, which: Which) -> QuerySet[AuditEntry]:
    """Give the lines that are meant, in no order."""
    rows = Scope(organization_id)(AuditEntry).all()
    for column, value in (
        ("action", which.action),
        ("actor_id", which.actor_id),
        ("subject", which.subject),
        ("at__gte", which.since),
        ("at__lt", which.until),
    ):
        if value is not None:
            rows = rows.filter(**{column: value})
    return rows
