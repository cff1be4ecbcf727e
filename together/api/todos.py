"""What a member has to do."""

from __future__ import annotations

from typing import Any

import strawberry

from together.api.bookings import Booking
from together.api.context import Info
from together.api.fields import field
from together.api.matches import Match
from together.api.offers import CalendarProvider, calendar_provider
from together.api.scalars import Instant
from together.services.people import todos as service
from together.services.people.todos import TodoKind

strawberry.enum(TodoKind, name="TodoKind", description="What there is to do.")

_WORDS = {
    TodoKind.RECONNECT_CALENDAR: "Reconnect your calendar.",
    TodoKind.RESOLVE_CONFLICT: "Two of your sessions overlap: move or cancel one of them.",
    TodoKind.BOOK_NEXT_SESSION: "Book your next session.",
    TodoKind.RESPOND_TO_SESSION: "Say whether you come to your session.",
    TodoKind.FIX_ORGANIZATION_INTEGRATION: "Repair your organization's integration.",
}


@strawberry.type(description="One thing to do. It is there as long as it is true.")
class Todo:
    kind: TodoKind = strawberry.field(description="What there is to do.")
    message: str = strawberry.field(description="The same in words, for people.")
    since: Instant = strawberry.field(description="Since when.")
    reason: str | None = strawberry.field(description="Why, in plain words.")
    account: str | None = strawberry.field(description="The account to reconnect.")
    todo: strawberry.Private[service.Todo]

    @classmethod
    def of(cls, todo: service.Todo) -> Todo:
        return cls(
            kind=todo.kind,
            message=_WORDS[todo.kind],
            since=Instant(todo.since),
            reason=todo.reason,
            account=None if todo.integration is None else todo.integration.account_email,
            todo=todo,
        )

    @field(description="The service to reconnect, or to repair.")
    def provider(self, info: Info) -> CalendarProvider | None:
        integration: Any = self.todo.integration
        slug = self.todo.provider if integration is None else integration.provider
        return None if slug is None else calendar_provider(info, slug)

    @field(description="The match to book a session for.")
    def match(self) -> Match | None:
        return None if self.todo.match is None else Match.of(self.todo.match)

    @field(description="The session to answer, or the one whose time is disputed.")
    def booking(self) -> Booking | None:
        return None if self.todo.booking is None else Booking.of(self.todo.booking)

    @field(description="Of `RESOLVE_CONFLICT`: the viewer's other sessions that it overlaps.")
    def overlaps(self) -> list[Booking]:
        return [Booking.of(each) for each in self.todo.overlaps]
