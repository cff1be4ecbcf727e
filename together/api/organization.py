"""The organization, for its administrators: who is in it, and who is matched."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api.audit import AuditLine, AuditLogFilter, audit_log_page
from together.api.context import Info
from together.api.fields import field
from together.api.ids import Kind, to_id
from together.api.matches import Match, match_page
from together.api.members import Member
from together.api.nodes import After, Before, Connection, First, Last, Node, connection
from together.api.pages import page
from together.api.permissions import IsAdministrator, only
from together.api.programs import Program, program_page
from together.services import reading
from together.services.people import program_reading
from together.store.models import Organization as Row


@strawberry.type(description="The viewer's organization, for its administrators.")
class Organization(Node):
    name: str = strawberry.field(description="Its name.")
    slug: str = strawberry.field(description="Its name in addresses.")

    @classmethod
    def of(cls, row: Row) -> Organization:
        return cls(id=to_id(Kind.ORGANIZATION, row.uid), name=row.name, slug=row.slug)

    @field(
        description="Its members by address, those who were deactivated too.",
        extensions=[only(IsAdministrator)],
    )
    async def members(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Member] | None:
        context = info.context
        asked = context.asked("members", first=first, after=after, last=last, before=before)
        return connection(
            page(await reading.all_members(context.viewer, asked), asked),
            show=Member.of,
            key=lambda row: (row.email_key,),
            cursor=context.cursor("members"),
        )

    @field(
        description="Its matches, the newest first; ended ones too.",
        extensions=[only(IsAdministrator)],
    )
    async def matches(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Match] | None:
        context = info.context
        asked = context.asked("all-matches", first=first, after=after, last=last, before=before)
        rows = await reading.all_matches(context.viewer, asked)
        return match_page(info, page(rows, asked), "all-matches")

    @field(
        description="Its programs by name, archived ones too.",
        extensions=[only(IsAdministrator)],
    )
    async def programs(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Program] | None:
        context = info.context
        asked = context.asked("all-programs", first=first, after=after, last=last, before=before)
        rows = await program_reading.all_programs(context.viewer, asked)
        return program_page(info, page(rows, asked), "all-programs")

    @field(
        description="What administrators and the operator did, the newest first.",
        extensions=[only(IsAdministrator)],
    )
    async def audit_log(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Annotated[  # noqa: A002  (the argument's name in the schema)
            AuditLogFilter | None, strawberry.argument(description="Which lines; all if not said.")
        ] = None,
    ) -> Connection[AuditLine] | None:
        return await audit_log_page(
            info, self.id, first=first, after=after, last=last, before=before, filter=filter
        )
