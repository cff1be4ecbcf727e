"""The audit log, as administrators of the organization read it: by id, and without a name."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import strawberry

from together.api.context import Info
from together.api.fields import field
from together.api.ids import NOBODY, Kind, split, to_id
from together.api.members import Member, member_of
from together.api.nodes import Connection, connection
from together.api.pages import Key, page
from together.api.scalars import AuditFacts, Instant
from together.services.organization import audit_log
from together.services.organization.audit_log import Which
from together.store.models import AuditEntry

NOWHERE = -1
"""A row that is not there: what is foreign or missing is looked for, and nothing found."""

IDS: Mapping[str, Kind] = {
    "member": Kind.MEMBER,
    "mentor": Kind.MEMBER,
    "mentees": Kind.MEMBER,
    "program": Kind.PROGRAM,
}
"""What of the facts names something that has an id."""

KINDS: Mapping[str, Kind] = {
    "member": Kind.MEMBER,
    "match": Kind.MATCH,
    "program": Kind.PROGRAM,
    "organization": Kind.ORGANIZATION,
}


@strawberry.input(description="Which lines are meant: all that is said holds of each.")
class AuditLogFilter:
    action: str | None = strawberry.field(
        default=None, description="What was done, by name, such as member.created."
    )
    actor: strawberry.ID | None = strawberry.field(
        default=None, description="Who did it: a member."
    )
    subject: strawberry.ID | None = strawberry.field(
        default=None,
        description="What it was done to: a member, a match, a program, or the organization.",
    )
    since: Instant | None = strawberry.field(
        default=None, description="Nothing that was done before."
    )
    until: Instant | None = strawberry.field(
        default=None, description="Nothing that was done then or after."
    )


@strawberry.type(description="What something was done to.")
class AuditSubject:
    kind: str = strawberry.field(
        description="What kind of thing it is: member, match, program, organization, domain, "
        "mailbox or import."
    )
    id: strawberry.ID | None = strawberry.field(
        description="Its id; null where it has none, or is not there any more."
    )
    text: str | None = strawberry.field(description="What is told of what has no id.")


@strawberry.type(
    description="One thing that was done. It stays for good; people are in it by id, so that "
    "their names go with them."
)
class AuditLine:
    row: strawberry.Private[AuditEntry]
    organization: strawberry.Private[strawberry.ID]
    at: Instant = strawberry.field(description="When it was done.")
    action: str = strawberry.field(description="What was done, by name.")
    words: str = strawberry.field(description="What was done, in plain words.")
    operator: bool = strawberry.field(
        description="Whether whoever runs Together did it, at the command line."
    )
    before: AuditFacts | None = strawberry.field(
        description="Of what is different now, what was there before; null where there was nothing."
    )
    after: AuditFacts | None = strawberry.field(
        description="What is there since; null where nothing is."
    )
    hash: str = strawberry.field(
        description="Made of this line and of the hash of the line before: whoever notes one down "
        "can tell later whether anything before it was changed."
    )

    @classmethod
    def of(cls, row: AuditEntry, organization: strawberry.ID) -> AuditLine:
        return cls(
            row=row,
            organization=organization,
            at=Instant(row.at),
            action=row.action,
            words=audit_log.said(row.action),
            operator=audit_log.by_operator(row),
            before=_shown(audit_log.told(row.before)),
            after=_shown(audit_log.told(row.after)),
            hash=row.hash,
        )

    @field(
        description="Who did it; null for the operator, for Together itself, and for who is not "
        "there any more."
    )
    async def actor(self, info: Info) -> Member | None:
        return await member_of(info, self.row.actor_id)

    @field(description="What it was done to.")
    async def subject(self, info: Info) -> AuditSubject:
        name, _, rest = self.row.subject.partition(":")
        if not rest:
            return AuditSubject(kind="import", id=None, text=name)
        kind = KINDS.get(name)
        if kind is None:
            whole = audit_log.told(self.row.after) or {}  # of a mailbox, also where it is long
            return AuditSubject(kind=name, id=None, text=whole.get(name, rest))
        if kind is Kind.ORGANIZATION:
            return AuditSubject(kind=name, id=self.organization, text=None)
        loaders = info.context.loaders
        rows: Any = {
            Kind.MEMBER: loaders.members,
            Kind.MATCH: loaders.matches,
            Kind.PROGRAM: loaders.programs,
        }[kind]
        row = await rows.load(int(rest))
        return AuditSubject(kind=name, id=row and to_id(kind, row.uid), text=None)


async def audit_log_page(
    info: Info,
    organization: strawberry.ID,
    *,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    filter: AuditLogFilter | None,  # noqa: A002  (the argument's name in the schema)
) -> Connection[AuditLine]:
    """Read a page.  A cursor is of one filter, and holds the hash of its line."""
    context = info.context
    wanted = filter or AuditLogFilter()
    listed = f"audit:{json.dumps(strawberry.asdict(wanted), sort_keys=True)}"
    asked = context.asked(listed, first=first, after=after, last=last, before=before)
    which = Which(
        action=wanted.action,
        actor_id=await _row_id(info, wanted.actor, kinds=(Kind.MEMBER,)),
        subject=await _subject(info, wanted.subject),
        since=wanted.since,
        until=wanted.until,
    )
    rows = await audit_log.lines(context.viewer, asked, which=which)
    return connection(
        page(rows, asked),
        show=lambda row: AuditLine.of(row, organization),
        key=_key,
        cursor=context.cursor(listed),
    )


def _key(row: AuditEntry) -> Key:
    return (row.hash,)


async def _row_id(info: Info, text: str | None, *, kinds: Collection[Kind]) -> int | None:
    """Find the row that an id names; None where no id was given."""
    if text is None:
        return None
    kind, uid = split(text) or (Kind.MEMBER, NOBODY)
    if kind not in kinds:
        return NOWHERE
    row = await info.context.loaders.found.load((kind, uid))
    return NOWHERE if row is None else int(row.id)


async def _subject(info: Info, text: str | None) -> str | None:
    row_id = await _row_id(info, text, kinds=KINDS.values())
    if text is None or row_id is None:
        return None
    names = [name for name, kind in KINDS.items() if text.startswith(f"{kind}_")]
    return f"{''.join(names)}:{row_id}"


def _shown(facts: Any) -> AuditFacts | None:
    """Give whoever is named the id that the schema knows them by."""
    if facts is None:
        return None
    return AuditFacts({name: _as_ids(IDS.get(name), fact) for name, fact in facts.items()})


def _as_ids(kind: Kind | None, fact: Any) -> Any:
    # A list that was too long stands as its length.
    if kind is None or fact is None or isinstance(fact, int):
        return fact
    return [to_id(kind, each) for each in fact] if isinstance(fact, list) else to_id(kind, fact)
