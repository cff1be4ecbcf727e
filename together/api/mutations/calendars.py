"""Choosing among the calendars of one's own account."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import connection_problems as problems
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, to_id, uid_of
from together.api.integrations import CalendarIntegration
from together.api.outcomes import Raises
from together.api.permissions import SignedIn, requires
from together.api.problems import InvalidInput, NotFound
from together.services import refusals
from together.services.connections.choosing import Choice


@strawberry.input(description="Which calendars count, and which one receives sessions.")
class ChooseCalendarsInput:
    calendar_integration_id: strawberry.ID = strawberry.field(
        description="The id of the viewer's own `calendarIntegration`."
    )
    counting_ids: list[strawberry.ID] = strawberry.field(
        description="All the calendars whose events count as busy, at most 250. With none the "
        "viewer is not integrated: nobody sees their busy times, and they see nobody's. One that "
        "is missing may be named, to count again when it is back."
    )
    receiving_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The calendar that sessions are written to from now on; those that stand in "
        "another stay there. Null: none, and Together sends the invitations. Not given: it stays "
        "as it is.",
    )

    def choice(self) -> Choice:
        counting = [uid_of(Kind.CALENDAR, each) for each in self.counting_ids]
        if self.receiving_id is strawberry.UNSET:
            return Choice(counting, receiving_stays=True)
        named = self.receiving_id is not None
        return Choice(counting, uid_of(Kind.CALENDAR, self.receiving_id or "") if named else None)


@strawberry.type(description="The choice holds, from now on.")
class ChooseCalendarsPayload:
    calendar_integration: CalendarIntegration = strawberry.field(
        description="The connection. What counts was read afresh, if the service could be reached."
    )


ChooseCalendarsResult = Annotated[
    ChooseCalendarsPayload
    | problems.NotConnected
    | NotFound
    | InvalidInput
    | problems.TooManyAttempts,
    strawberry.union("ChooseCalendarsResult", description="The connection, or why not."),
]


@mutation(
    description="Choose which of the viewer's own calendars count for busy, and which one receives "
    "sessions, at once. It needs no service, so it can be done while that is out of reach, or "
    "waits for a new consent.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotConnected,
            refusals.NotFound,
            refusals.InvalidInput,
            refusals.TooManyAttempts,
        ),
    ],
)
async def choose_calendars(
    info: Info,
    input: ChooseCalendarsInput,  # noqa: A002  (the argument's name in the schema)
) -> ChooseCalendarsResult | None:
    _own(info, input.calendar_integration_id)
    await info.context.services.choosing.choose(info.context.viewer, input.choice())
    return ChooseCalendarsPayload(calendar_integration=await CalendarIntegration.load(info))


@strawberry.input(description="Whose list of calendars to read again.")
class RefreshCalendarsInput:
    calendar_integration_id: strawberry.ID = strawberry.field(
        description="The id of the viewer's own `calendarIntegration`."
    )


@strawberry.type(description="The list was read again.")
class RefreshCalendarsPayload:
    calendar_integration: CalendarIntegration = strawberry.field(
        description="The connection. What is new in `calendars` does not count until it is chosen."
    )


RefreshCalendarsResult = Annotated[
    RefreshCalendarsPayload
    | problems.NotConnected
    | problems.NeedsReconnect
    | problems.ManagedByOrganization
    | problems.ProviderDown
    | problems.NotAvailableHere
    | problems.TooManyAttempts,
    strawberry.union("RefreshCalendarsResult", description="The connection, or why not."),
]


@mutation(
    description="Read the list of the viewer's own calendars again. Without it that is done once "
    "a day, and when one that counts cannot be read. A list that was asked for within the last "
    "minute, as it is when a calendar is connected, is not asked for again: `TooManyAttempts`.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.NotConnected,
            refusals.NeedsReconnect,
            refusals.ManagedByOrganization,
            refusals.ProviderDown,
            refusals.NotAvailableHere,
            refusals.TooManyAttempts,
        ),
    ],
)
async def refresh_calendars(
    info: Info,
    input: RefreshCalendarsInput,  # noqa: A002  (the argument's name in the schema)
) -> RefreshCalendarsResult | None:
    _own(info, input.calendar_integration_id)
    await info.context.services.choosing.refresh(info.context.viewer)
    return RefreshCalendarsPayload(calendar_integration=await CalendarIntegration.load(info))


def _own(info: Info, given: str) -> None:
    if given != to_id(Kind.INTEGRATION, info.context.viewer.uid):
        raise refusals.NotConnected
