"""The schema, composed of its subjects, and checked against what the services may refuse."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    Undefined,
    build_schema,
    get_named_type,
    lexicographic_sort_schema,
)
from graphql.utilities import print_schema
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import create_type
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError

from together.api import outcomes
from together.api.bookings import Booking
from together.api.context import PerOperation
from together.api.counting import Counted
from together.api.documents import Documents, gate, running
from together.api.masking import Mask
from together.api.matches import Match
from together.api.mutations import (
    administration,
    answering,
    asking_to_connect,
    booking,
    calendars,
    connecting,
    offering,
    organization_consent,
    organization_integration,
    organization_video,
    profile,
    programs,
    roles,
    series,
    series_moving,
    sessions,
    undoing,
)
from together.api.problems import PROBLEMS
from together.api.queries import Query
from together.api.rating import Admitted
from together.api.scalars import SCALARS

Mutation = create_type(
    "Mutation",
    [
        connecting.start_calendar_connection,
        connecting.complete_calendar_connection,
        connecting.disconnect_calendar,
        calendars.choose_calendars,
        calendars.refresh_calendars,
        profile.update_profile,
        profile.update_hours,
        booking.book_session,
        booking.cancel_booking,
        series.book_series,
        sessions.reschedule_booking,
        series_moving.reschedule_series,
        sessions.log_session,
        undoing.unlog_session,
        sessions.mark_session_done,
        undoing.unmark_session_done,
        sessions.set_agenda,
        answering.respond_to_session,
        administration.create_member,
        administration.deactivate_member,
        administration.reactivate_member,
        roles.set_member_role,
        programs.create_program,
        programs.rename_program,
        programs.archive_program,
        programs.restore_program,
        roles.add_program_administrator,
        roles.remove_program_administrator,
        administration.create_match,
        administration.end_match,
        asking_to_connect.ask_members_to_connect,
        offering.limit_calendar_providers,
        organization_integration.set_up_organization_integration,
        organization_integration.upload_organization_key,
        organization_consent.start_organization_consent,
        organization_consent.complete_organization_consent,
        organization_integration.verify_organization_integration,
        organization_integration.activate_organization_integration,
        organization_integration.turn_off_organization_integration,
        organization_video.set_organization_video,
    ],
    description="What can be done.",
)


class Schema(strawberry.Schema):
    """Strawberry's, with a time limit, and without its log, which prints documents."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        super().__init__(
            query=Query,
            mutation=Mutation,
            types=PROBLEMS,
            config=StrawberryConfig(scalar_map=SCALARS),
            exception_handlers=outcomes.HANDLERS,
            extensions=[Counted, Mask, PerOperation, Admitted, gate(documents)],
        )
        for kind in self._schema.type_map.values():
            _forget_nulls(kind)
        root = self._schema.mutation_type
        for field in () if root is None else root.fields.values():
            for argument in field.args.values():
                argument.description = get_named_type(argument.type).description

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Say nothing here: `together.api.masking` notes what is to be noted."""

    async def execute(self, query: str | None, *args: Any, **kwargs: Any) -> ExecutionResult:
        try:
            async with asyncio.timeout(self.documents.limits.mutation_seconds) as timeout:
                longest = timeout.when()
                token = running.set(timeout)
                try:
                    return await super().execute(query, *args, **kwargs)
                finally:
                    running.reset(token)
        except TimeoutError:
            name = "mutation_seconds" if timeout.when() == longest else "seconds"
            allowed = getattr(self.documents.limits, name)
            return PreExecutionError(data=None, errors=[too_slow(name, allowed)])


def _forget_nulls(kind: GraphQLNamedType) -> None:
    """Leave ``= null`` out: an argument that is not given is not given."""
    inputs: list[GraphQLArgument | GraphQLInputField] = []
    if isinstance(kind, GraphQLInputObjectType):
        inputs.extend(kind.fields.values())
    if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        inputs.extend(
            argument for field in kind.fields.values() for argument in field.args.values()
        )
    for each in inputs:
        if each.default_value is None:
            each.default_value = Undefined


def too_slow(name: str, allowed: float) -> GraphQLError:
    return GraphQLError(
        f"This took more than {allowed} seconds and was given up. Ask for less at once.",
        extensions={
            "code": "INTERNAL_SERVER_ERROR",
            "limit": {"name": name, "allowed": allowed},
        },
    )


def build(documents: Documents | None = None) -> Schema:
    """Build the schema, and refuse one that could not show what a service refuses."""
    outcomes.check([Query, Match, Booking, Mutation])
    return Schema(documents or Documents())


@cache
def printed() -> str:
    """Print the schema, sorted by name, so that a change shows where it is.

    Sorting the schema itself would take the enums' Python values from it, so its text is read
    again and sorted then.
    """
    return print_schema(lexicographic_sort_schema(build_schema(build().as_str()))) + "\n"
