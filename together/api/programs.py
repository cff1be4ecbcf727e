"""Programs: what people are matched in, and who looks after it."""

from __future__ import annotations

import strawberry

from together.api.context import Info
from together.api.fields import field
from together.api.ids import Kind, to_id
from together.api.matches import Match, match_page
from together.api.members import Member
from together.api.nodes import After, Before, Connection, First, Last, Node, connection
from together.api.pages import Page, Slice, page
from together.api.permissions import LooksAfterProgram, only
from together.api.scalars import Instant
from together.services.people import program_reading
from together.store.models import Match as MatchRow
from together.store.models import Program as Row


@strawberry.type(description="A mentoring program: a name, its matches, and who looks after it.")
class Program(Node):
    row: strawberry.Private[Row]
    name: str = strawberry.field(description="What it is called.")
    archived_at: Instant | None = strawberry.field(
        description="Since when nobody is matched in it any more; null while it goes on."
    )

    @classmethod
    def of(cls, row: Row) -> Program:
        return cls(
            id=to_id(Kind.PROGRAM, row.uid),
            row=row,
            name=row.name,
            archived_at=None if row.archived_at is None else Instant(row.archived_at),
        )

    @field(
        description="Who looks after it, at most 50. For them, and for administrators of the "
        "organization; null to everybody else.",
        extensions=[only(LooksAfterProgram)],
    )
    async def administrators(self, info: Info) -> list[Member] | None:
        loaders = info.context.loaders
        places = await loaders.program_administrators.load(self.row.id)
        rows = await loaders.members.load_many([each.member_id for each in places])
        return [Member.of(row) for row in rows]

    @field(
        description="Its matches, the newest first; ended ones too. For those who look after it, "
        "and for administrators of the organization; null to everybody else.",
        extensions=[only(LooksAfterProgram)],
    )
    async def matches(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Match] | None:
        listed = f"program:{self.row.uid}"
        asked = info.context.asked(listed, first=first, after=after, last=last, before=before)
        return match_page(info, page(await self._matches(info, asked), asked), listed)

    async def _matches(self, info: Info, asked: Slice) -> list[MatchRow]:
        if asked.after is None and asked.before is None:
            return await info.context.loaders.first_matches.load((self.row.id, asked))
        rows = await program_reading.matches_in(info.context.viewer, self.row.id, asked)
        return list(rows)


def program_page(info: Info, made: Page, listed: str) -> Connection[Program]:
    """Show a page of programs, by name."""
    return connection(
        made,
        show=Program.of,
        key=lambda row: (row.name_key,),
        cursor=info.context.cursor(listed),
    )
