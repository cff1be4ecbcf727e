"""Who did what to an organization, by id, in lines that each carry the hash of the one before.

The database refuses to change or delete a line, and the chain shows it when somebody went past
the database; persons stand in it by id, so that deleting one leaves no name behind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from together.store.models import AuditEntry, Organization
from together.store.transaction import transaction

Fact: TypeAlias = str | int | bool | Sequence[str] | None
Facts: TypeAlias = Mapping[str, Fact]
"""What is told of a change, by name: ids, states, slugs; no secret, and nobody's name or address.

A person is told by the id that the outside knows.  Only a mailbox that was asked with the
organization's consent is told by its address."""

LONGEST_TEXT = 320
LONGEST = 4_000
"""Characters of all that is told of before, or of after."""

_FIRST = "0" * 64
_PAGE = 1000


async def turn(organization_id: int) -> None:
    """Let whoever changes this organization wait until this transaction is over."""
    await Organization.select_for_update(no_key=True).get(id=organization_id)


async def record(
    organization_id: int,
    *,
    at: int,
    actor_id: int | None,
    action: str,
    subject: str,
    before: Facts | None = None,
    after: Facts | None = None,
) -> AuditEntry:
    """Add a line, in the transaction that does what it tells.  `subject` names ids, not people."""

    async def add() -> AuditEntry:
        # Lines of one organization are added one after the other, or two would follow the same.
        await turn(organization_id)
        last = await AuditEntry.filter(organization_id=organization_id).order_by("-id").first()
        entry = AuditEntry(
            organization_id=organization_id,
            at=at,
            actor_id=actor_id,
            action=action,
            subject=subject,
            before=_canonical(before),
            after=_canonical(after),
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


def _canonical(facts: Facts | None) -> str | None:
    """Print facts in one way only; where they are too long, a list stands as its length."""
    if facts is None:
        return None
    told = _printed({name: _shown(fact) for name, fact in facts.items()})
    if len(told) <= LONGEST:
        return told
    return _printed({name: _counted(_shown(fact)) for name, fact in facts.items()})


def _printed(facts: Facts) -> str:
    return json.dumps(facts, sort_keys=True, separators=(",", ":"))


def _shown(fact: Fact) -> Fact:
    if isinstance(fact, str):
        return fact[:LONGEST_TEXT]
    return [each[:LONGEST_TEXT] for each in fact] if isinstance(fact, Sequence) else fact


def _counted(fact: Fact) -> Fact:
    return len(fact) if isinstance(fact, Sequence) and not isinstance(fact, str) else fact


def _hash(entry: AuditEntry) -> str:
    told = (
        entry.hash_before,
        entry.organization_id,
        entry.at,
        entry.actor_id,
        entry.action,
        entry.subject,
    )
    # Lines of before had no such details; their hashes are of what they have.
    details = () if entry.before is entry.after is None else (entry.before, entry.after)
    return hashlib.sha256(json.dumps((*told, *details)).encode()).hexdigest()
