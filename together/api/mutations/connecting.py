"""Connecting one's own calendar, and disconnecting it."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import connection_problems as problems
from together.api.bookings import Booking
from together.api.context import Info
from together.api.fields import mutation
from together.api.ids import Kind, to_id
from together.api.integrations import CalendarIntegration
from together.api.outcomes import Raises
from together.api.parting import CalendarParting
from together.api.permissions import SignedIn, requires
from together.api.problems import InvalidInput
from together.services import refusals


@strawberry.input(description="Which calendar to connect, and where to come back to.")
class StartCalendarConnectionInput:
    provider: str = strawberry.field(description="The slug of one of `calendarProviders`.")
    return_to: str = strawberry.field(
        description="Where the browser is sent in the end, with `handle` in the query. The "
        "operator lists what is allowed."
    )
    login_hint: str | None = strawberry.field(
        default=None, description="An address to suggest at the service."
    )
    choose_account: bool = strawberry.field(
        default=False, description="Let the person choose another account than the usual one."
    )


@strawberry.type(description="A connection was started.")
class StartCalendarConnectionPayload:
    authorization_url: str = strawberry.field(
        description="Send the browser there. Good for ten minutes."
    )


StartCalendarConnectionResult = Annotated[
    StartCalendarConnectionPayload
    | problems.ProviderUnknown
    | problems.ManagedByOrganization
    | problems.ReturnAddressRefused
    | problems.AlreadyConnected
    | problems.TooManyAttempts
    | problems.NotAvailableHere
    | InvalidInput,
    strawberry.union("StartCalendarConnectionResult", description="Where to consent, or why not."),
]


@mutation(
    description="Begin to connect the viewer's own calendar, or to reconnect it.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.ProviderUnknown,
            refusals.ManagedByOrganization,
            refusals.ReturnAddressRefused,
            refusals.AlreadyConnected,
            refusals.TooManyAttempts,
            refusals.NotAvailableHere,
            refusals.InvalidInput,
        ),
    ],
)
async def start_calendar_connection(
    info: Info,
    input: StartCalendarConnectionInput,  # noqa: A002
) -> StartCalendarConnectionResult | None:
    url = await info.context.services.connecting.start(
        info.context.viewer,
        input.provider,
        return_to=input.return_to,
        login_hint=input.login_hint,
        choose_account=input.choose_account,
    )
    return StartCalendarConnectionPayload(authorization_url=url)


@strawberry.input(description="What came back from the service.")
class CompleteCalendarConnectionInput:
    handle: str = strawberry.field(
        description="`handle` of the address the browser was sent back to. Works once, for "
        "whoever started."
    )

    def __repr__(self) -> str:
        """Print no handle: it is worth a consent until it was used."""
        return "CompleteCalendarConnectionInput(•••)"


@strawberry.type(description="The calendar is connected.")
class CompleteCalendarConnectionPayload:
    calendar_integration: CalendarIntegration = strawberry.field(
        description="The connection. Look at `capabilities`: it may be read only."
    )


CompleteCalendarConnectionResult = Annotated[
    CompleteCalendarConnectionPayload
    | problems.ProviderUnknown
    | problems.ManagedByOrganization
    | problems.ConsentNotFound
    | problems.StartedBySomebodyElse
    | problems.ConsentDeclined
    | problems.ApprovalRequired
    | problems.ScopeMissing
    | problems.AccountWithoutCalendar
    | problems.WrongAccount
    | problems.AccountTaken
    | problems.AlreadyConnected
    | problems.ProviderDown
    | problems.NotAvailableHere,
    strawberry.union(
        "CompleteCalendarConnectionResult", description="The connection, or why there is none."
    ),
]


@mutation(
    description="Finish connecting the viewer's own calendar.",
    extensions=[
        requires(SignedIn),
        Raises(
            refusals.ProviderUnknown,
            refusals.ManagedByOrganization,
            refusals.ConsentNotFound,
            refusals.StartedBySomebodyElse,
            refusals.ConsentWasDeclined,
            refusals.ApprovalRequired,
            refusals.ScopeMissing,
            refusals.AccountWithoutCalendar,
            refusals.WrongAccount,
            refusals.AccountTaken,
            refusals.AlreadyConnected,
            refusals.ProviderDown,
            refusals.NotAvailableHere,
        ),
    ],
)
async def complete_calendar_connection(
    info: Info,
    input: CompleteCalendarConnectionInput,  # noqa: A002
) -> CompleteCalendarConnectionResult | None:
    await info.context.services.connecting.complete(info.context.viewer, input.handle)
    return CompleteCalendarConnectionPayload(
        calendar_integration=await CalendarIntegration.load(info)
    )


@strawberry.input(description="Which connection to end.")
class DisconnectCalendarInput:
    calendar_integration_id: strawberry.ID = strawberry.field(
        description="The id of the viewer's own `calendarIntegration`."
    )


@strawberry.type(description="The calendar is disconnected, and its busy times are deleted.")
class DisconnectCalendarPayload:
    calendar_integration: CalendarIntegration = strawberry.field(
        description="That there is none any more."
    )
    sessions_held_there: list[Booking] = strawberry.field(
        description="The sessions ahead whose event stood in that calendar. They stand; Together "
        "organizes them from now on, takes the events away, and invites everybody by mail."
    )
    disconnecting: CalendarParting = strawberry.field(
        description="What this ends at the service, and where the rest can be ended."
    )


DisconnectCalendarResult = Annotated[
    DisconnectCalendarPayload | problems.NotConnected | problems.ManagedByOrganization,
    strawberry.union("DisconnectCalendarResult", description="What was ended, or why not."),
]


@mutation(
    description="Disconnect the viewer's own calendar, at once.",
    extensions=[
        requires(SignedIn),
        Raises(refusals.NotConnected, refusals.ManagedByOrganization),
    ],
)
async def disconnect_calendar(
    info: Info,
    input: DisconnectCalendarInput,  # noqa: A002  (the argument's name in the schema)
) -> DisconnectCalendarResult | None:
    if input.calendar_integration_id != to_id(Kind.INTEGRATION, info.context.viewer.uid):
        raise refusals.NotConnected
    shown = await CalendarIntegration.load(info)
    before = shown.resting or shown.own
    sessions = await info.context.services.connecting.disconnect(info.context.viewer)
    if before is None:
        raise refusals.NotConnected  # what ended was connected while this was asked
    return DisconnectCalendarPayload(
        disconnecting=CalendarParting.of(info, before, held=len(sessions)),
        calendar_integration=await CalendarIntegration.load(info),
        sessions_held_there=[Booking.of(session) for session in sessions],
    )
