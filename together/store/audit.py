"""Who did what to an organization, by id, in lines that each carry the hash of the one before.

The database refuses to change or delete a line, and the chain shows it when somebody went past
the database; persons stand in it by id, so that deleting one leaves no name behind.
"""

from __future__ import annotations

import hashlib
import json

from together.store.models import AuditEntry, Organization
from together.store.transaction import transaction

_FIRST = "0" * 64
_PAGE = 1000


async def record(
    organization_id: int, *, at: int, actor_id: int | None, action: str, subject: str
) -> AuditEntry:
    """Add a line, in the transaction that does what it tells.  `subject` names ids, not people."""

    async def add() -> AuditEntry:
        # Lines of one organization are added one after the other, or two would follow the same.
        await Organization.select_for_update(no_key=True).get(id=organization_id)
        last = await AuditEntry.filter(organization_id=organization_id).order_by("-id").first()
        entry = AuditEntry(
            organization_id=organization_id,
            at=at,
            actor_id=actor_id,
            action=action,
            subject=subject,
            hash_before=last.hash if last else _FIRST,
        )
        entry.hash = _hash(entry)
        await entry.save()
        return entry

    return await transaction(add)


async def first_broken(organization_id: int) -> int | None:
    """Return the id of the first line that does not follow from the one before, if there is one.

    It reads the whole log, a page at a time, and takes as long as that is.
    """
    before, last = _FIRST, 0
    while (
        lines := await AuditEntry.filter(organization_id=organization_id, id__gt=last)
        .order_by("id")
        .limit(_PAGE)
    ):
        for entry in lines:
            if entry.hash_before != before or entry.hash != _hash(entry):
                return entry.id
            before, last = entry.hash, entry.id
    return None


def _hash(entry: AuditEntry) -> str:
    told = (
        entry.hash_before,
        entry.organization_id,
        entry.at,
        entry.actor_id,
        entry.action,
        entry.subject,
    )
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
