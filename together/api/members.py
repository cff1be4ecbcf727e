"""People, as those who may see them see them; and hours, as everybody in a match sees them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import strawberry

from together.api.context import Info
from together.api.fields import field
from together.api.ids import Kind, to_id
from together.api.nodes import Node
from together.api.permissions import IsAdministrator, SharesMatch, only
from together.api.scalars import Day, Wall, Zone
from together.domain.hours import Week, Window, week_from_json, windows_from_json
from together.domain.integration import Standing
from together.store.models import HoursException, Role
from together.store.models import Member as Row

strawberry.enum(
    Role, name="MemberRole", description="What a member may do beside their own sessions."
)
strawberry.enum(
    Standing,
    name="CalendarStanding",
    description="All that is told of somebody else's calendar: that it is integrated, that it is "
    "not, or that it cannot be read right now.",
)


@strawberry.enum(description="A day of the week.")
class Weekday(Enum):
    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7


@strawberry.type(description="From one time of day to a later one.")
class HoursWindow:
    start: Wall = strawberry.field(description="When it begins, on the clock of the zone.")
    end: Wall = strawberry.field(description="When it ends; 24:00 is the end of the day.")


@strawberry.type(description="The hours of one day of the week.")
class WeekdayHours:
    weekday: Weekday = strawberry.field(description="Which day.")
    windows: list[HoursWindow] = strawberry.field(description="Its hours; none is a day off.")


@strawberry.type(description="A date whose hours differ from those of the week.")
class DateHours:
    date: Day = strawberry.field(description="Which date, in the member's zone.")
    windows: list[HoursWindow] = strawberry.field(description="Its hours; none means away.")


@strawberry.type(description="A member as administrators see them. Never calendars or times.")
class MemberAdministration:
    role: Role = strawberry.field(description="What they may do.")
    active: bool = strawberry.field(description="False once they were deactivated.")
    calendar: Standing = strawberry.field(description="Whether their calendar is integrated.")


@strawberry.type(description="A person of the organization.")
class Member(Node):
    row: strawberry.Private[Row]
    name: str = strawberry.field(description="Their name.")
    email: str = strawberry.field(
        description="Their work address, which invitations go to. Never that of an account they "
        "connected."
    )
    time_zone: Zone = strawberry.field(description="The zone their hours are meant in.")

    @classmethod
    def of(cls, row: Row) -> Member:
        return cls(
            id=to_id(Kind.MEMBER, row.uid),
            row=row,
            name=row.name,
            email=row.email,
            time_zone=Zone(row.zone),
        )

    @field(
        description="Their weekly hours, which everybody in a match with them sees; null to "
        "everybody else.",
        extensions=[only(SharesMatch)],
    )
    async def weekly_hours(self) -> list[WeekdayHours] | None:
        return week_of(week_from_json(self.row.weekly_hours))

    @field(
        description="For administrators; null to everybody else.",
        extensions=[only(IsAdministrator)],
    )
    async def administration(self, info: Info) -> MemberAdministration | None:
        return MemberAdministration(
            role=self.row.role,
            active=self.row.active,
            calendar=await info.context.loaders.standings.load(self.row.id),
        )


def week_of(week: Week) -> list[WeekdayHours]:
    """Show seven days, Monday first."""
    return [
        WeekdayHours(weekday=day, windows=windows_of(week.get(day.value, ()))) for day in Weekday
    ]


def windows_of(windows: Sequence[Window]) -> list[HoursWindow]:
    return [HoursWindow(start=Wall(str(w.start)), end=Wall(str(w.end))) for w in windows]


def dates_of(rows: Sequence[HoursException]) -> list[DateHours]:
    return [
        DateHours(date=Day(row.date), windows=windows_of(windows_from_json(row.windows)))
        for row in rows
    ]


async def member_of(info: Info, member_id: int | None) -> Member | None:
    """Show the member that a row points to."""
    if member_id is None:
        return None
    row: Any = await info.context.loaders.members.load(member_id)
    return None if row is None else Member.of(row)
