"""How everybody is connected, for those who look after it: who, with what, and why not."""

from __future__ import annotations

import json
from enum import Enum

import strawberry

from together.api.context import Info
from together.api.fields import field
from together.api.ids import Kind, to_id, uid_of
from together.api.integrations import CalendarIntegrationSource
from together.api.nodes import After, Before, Connection, First, Last, connection
from together.api.offers import CalendarProvider, calendar_provider
from together.api.pages import page
from together.api.scalars import Instant, refused
from together.domain.integration import Standing
from together.services.organization import status_list
from together.services.organization.status_list import Counted, Listed, Which
from together.services.refusals import InvalidInput


@strawberry.enum(description="How a member's connection stands.")
class MemberConnectionState(Enum):
    ACTIVE = strawberry.enum_value("ACTIVE", description="It works, as far as is known.")
    NO_MAILBOX = strawberry.enum_value(
        "NO_MAILBOX", description="The organization's calendar service has no mailbox of theirs."
    )
    FAILING = strawberry.enum_value(
        "FAILING", description="The organization's integration does not work."
    )
    NEEDS_RECONNECT = strawberry.enum_value(
        "NEEDS_RECONNECT", description="The member has to connect it again."
    )
    NONE = strawberry.enum_value("NONE", description="Nothing is connected.")


@strawberry.input(description="Which members are meant: all that is said holds of each.")
class IntegrationStatusFilter:
    search: str | None = strawberry.field(
        default=None,
        description="The beginnings of words of their name or address, in any order: `ada lind`. "
        "Case, accents and what stands between letters do not matter. One of them has two letters "
        "or digits at least.",
    )
    source: CalendarIntegrationSource | None = strawberry.field(
        default=None, description="Whose consent it is."
    )
    provider: str | None = strawberry.field(
        default=None, description="The slug of the calendar service."
    )
    state: MemberConnectionState | None = strawberry.field(
        default=None, description="How the connection stands."
    )
    standing: Standing | None = strawberry.field(
        default=None, description="How the calendar counts in a match."
    )

    program_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The program in which they are in an active match; nobody is in one that the "
        "viewer neither looks after nor administers.",
    )

    def which(self) -> Which:
        return Which(
            search=self.search,
            source=None if self.source is None else self.source.value,
            provider=self.provider,
            state=None if self.state is None else self.state.name,
            standing=self.standing,
            program=None if self.program_id is None else uid_of(Kind.PROGRAM, self.program_id),
        )


@strawberry.type(
    description="How a member is connected. Never the account they use, their calendars or times."
)
class MemberIntegration:
    listed: strawberry.Private[Listed]
    member_id: strawberry.ID = strawberry.field(
        description="The member's id, as `node` and mutations take it."
    )
    name: str = strawberry.field(description="Their name.")
    email: str = strawberry.field(description="Their work address.")
    source: CalendarIntegrationSource = strawberry.field(
        description="Whose consent it is. Where the organization connects everybody, it is that "
        "of the organization also for whoever is not connected."
    )
    state: MemberConnectionState = strawberry.field(description="How the connection stands.")
    standing: Standing = strawberry.field(
        description="How the calendar counts in a match: what the member is told, too."
    )
    last_successful_sync: Instant | None = strawberry.field(
        description="When the busy times of all calendars that count were last read."
    )
    reason: str | None = strawberry.field(
        description="In plain words why they are not integrated, or cannot be read right now; "
        "null where there is nothing to say."
    )

    @classmethod
    def of(cls, listed: Listed) -> MemberIntegration:
        return cls(
            listed=listed,
            member_id=to_id(Kind.MEMBER, listed.member.uid),
            name=listed.member.name,
            email=listed.member.email,
            source=CalendarIntegrationSource(listed.source),
            state=MemberConnectionState[listed.state],
            standing=listed.standing,
            last_successful_sync=None if listed.read_at is None else Instant(listed.read_at),
            reason=listed.reason,
        )

    @field(description="The calendar service; null when nothing is connected.")
    def provider(self, info: Info) -> CalendarProvider | None:
        slug = self.listed.provider
        return None if slug is None else calendar_provider(info, slug)


@strawberry.type(description="How many members are alike in all of this.")
class IntegrationTotal:
    counted: strawberry.Private[Counted]
    count: int = strawberry.field(description="How many.")
    source: CalendarIntegrationSource = strawberry.field(description="Whose consent it is.")
    state: MemberConnectionState = strawberry.field(description="How the connection stands.")
    standing: Standing = strawberry.field(description="How the calendar counts in a match.")

    @field(description="The calendar service; null when nothing is connected.")
    def provider(self, info: Info) -> CalendarProvider | None:
        slug = self.counted.provider
        return None if slug is None else calendar_provider(info, slug)


@strawberry.type(description="The numbers of the list: each member is in one of them.")
class IntegrationTotals:
    rows: strawberry.Private[list[Counted]]
    members: int = strawberry.field(description="How many members there are in all.")
    integrated: int = strawberry.field(description="Whose calendar counts, and can be read.")
    unreadable_now: int = strawberry.field(
        description="Whose calendar counts, and cannot be read for a passing reason."
    )
    not_integrated: int = strawberry.field(description="Whose calendar does not count.")

    @classmethod
    def of(cls, rows: list[Counted]) -> IntegrationTotals:
        def many(standing: Standing) -> int:
            return sum(row.count for row in rows if row.standing is standing)

        return cls(
            rows=rows,
            members=sum(row.count for row in rows),
            integrated=many(Standing.INTEGRATED),
            unreadable_now=many(Standing.UNREADABLE_NOW),
            not_integrated=many(Standing.NOT_INTEGRATED),
        )

    @field(
        description="How many of each, the most first. What nobody is has no number. Add them up "
        "by what is to be shown."
    )
    def each(self) -> list[IntegrationTotal]:
        return [
            IntegrationTotal(
                counted=row,
                count=row.count,
                source=CalendarIntegrationSource(row.source),
                state=MemberConnectionState[row.state],
                standing=row.standing,
            )
            for row in self.rows
        ]


@strawberry.type(
    description="How the active members of the organization are connected, as far as the viewer "
    "looks after them."
)
class IntegrationStatus:
    which: strawberry.Private[Which]

    @classmethod
    def of(cls, filters: IntegrationStatusFilter | None) -> IntegrationStatus:
        """Read the filter, or refuse it."""
        which = Which() if filters is None else filters.which()
        try:
            which.words()
        except InvalidInput as bad:
            raise refused(f"`search`: {bad.message}") from None
        return cls(which=which)

    @field(description="The members by address.")
    async def members(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[MemberIntegration] | None:
        context = info.context
        named = f"integration-status:{json.dumps(self.which.named())}"
        asked = context.asked(named, first=first, after=after, last=last, before=before)
        rows = await status_list.listed(
            context.viewer,
            self.which,
            asked,
            offer=await context.loaders.offers.load(context.viewer.organization_id),
            now=context.services.clock(),
        )
        return connection(
            page(rows, asked),
            show=MemberIntegration.of,
            key=lambda row: (row.email_key,),
            cursor=context.cursor(named),
        )

    @field(
        description="How many members are in the list, by how they are connected: of exactly those "
        "whom the filter leaves, all of it."
    )
    async def totals(self, info: Info) -> IntegrationTotals | None:
        context = info.context
        rows = await status_list.counted(
            context.viewer,
            self.which,
            offer=await context.loaders.offers.load(context.viewer.organization_id),
            now=context.services.clock(),
        )
        return IntegrationTotals.of(list(rows))
