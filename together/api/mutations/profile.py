"""A member's own name, zone and hours, and when they want to be reminded."""

from __future__ import annotations

from typing import Annotated

import strawberry

from together.api import problems
from together.api.context import Info
from together.api.fields import mutation
from together.api.members import Weekday
from together.api.outcomes import Raises
from together.api.permissions import SignedIn, requires
from together.api.scalars import Day, Wall, Zone
from together.api.viewer import Hours, Viewer
from together.services import refusals
from together.services.people.profile import Reminder


@strawberry.input(description="What to change about the viewer; what is not given stays.")
class UpdateProfileInput:
    name: str | None = strawberry.field(default=None, description="The new name.")
    time_zone: Zone | None = strawberry.field(
        default=None, description="The new zone; weekly hours are meant in it from now on."
    )
    session_reminders: list[Reminder] | None = strawberry.field(
        default=None, description="When to be reminded of sessions by mail; an empty list is never."
    )


@strawberry.type(description="The profile was changed.")
class UpdateProfilePayload:
    viewer: Viewer = strawberry.field(description="The viewer, as they are now.")


UpdateProfileResult = Annotated[
    UpdateProfilePayload | problems.InvalidInput,
    strawberry.union("UpdateProfileResult", description="The profile, or what is wrong with it."),
]


@mutation(
    description="Change the viewer's name, zone or reminders.",
    extensions=[requires(SignedIn), Raises(refusals.InvalidInput)],
)
async def update_profile(info: Info, input: UpdateProfileInput) -> UpdateProfileResult | None:  # noqa: A002
    member = await info.context.services.profiles.update_profile(
        info.context.viewer,
        name=input.name,
        zone=input.time_zone,
        reminders=input.session_reminders,
    )
    return UpdateProfilePayload(viewer=Viewer.of(member))


@strawberry.input(description="From one time of day to a later one.")
class HoursWindowInput:
    start: Wall = strawberry.field(description="When it begins.")
    end: Wall = strawberry.field(description="When it ends; 24:00 is the end of the day.")


@strawberry.input(description="The hours of one day of the week.")
class WeekdayHoursInput:
    weekday: Weekday = strawberry.field(description="Which day.")
    windows: list[HoursWindowInput] = strawberry.field(description="Its hours, at most 24.")


@strawberry.input(description="The hours of one date.")
class DateHoursInput:
    date: Day = strawberry.field(description="Which date.")
    windows: list[HoursWindowInput] = strawberry.field(description="Its hours; none means away.")


@strawberry.input(description="New hours in the place of the old; what is not given stays.")
class UpdateHoursInput:
    weekly: list[WeekdayHoursInput] | None = strawberry.field(
        default=None, description="The whole week: a day that is not given has no hours."
    )
    exceptions: list[DateHoursInput] | None = strawberry.field(
        default=None, description="All the dates with other hours, at most 366."
    )
    use_default_week: bool = strawberry.field(
        default=False, description="Go back to Monday to Friday, 09:00 to 17:00."
    )


@strawberry.type(description="The hours were changed.")
class UpdateHoursPayload:
    hours: Hours = strawberry.field(description="The hours as they are now.")


UpdateHoursResult = Annotated[
    UpdateHoursPayload | problems.InvalidInput,
    strawberry.union("UpdateHoursResult", description="The hours, or what is wrong with them."),
]


@mutation(
    description="Change when the viewer can be asked for a session. Everybody in a match with "
    "them sees the weekly hours.",
    extensions=[requires(SignedIn), Raises(refusals.InvalidInput)],
)
async def update_hours(info: Info, input: UpdateHoursInput) -> UpdateHoursResult | None:  # noqa: A002
    member = await info.context.services.profiles.update_hours(
        info.context.viewer,
        weekly=None if input.weekly is None else _by_weekday(input.weekly),
        exceptions=None if input.exceptions is None else _by_date(input.exceptions),
        default_week=input.use_default_week,
    )
    return UpdateHoursPayload(hours=Hours.of(member))


def _by_weekday(days: list[WeekdayHoursInput]) -> dict[str, list[list[str]]]:
    return _once("weekly", [(str(day.weekday.value), day.windows) for day in days])


def _by_date(days: list[DateHoursInput]) -> dict[str, list[list[str]]]:
    return _once("exceptions", [(day.date, day.windows) for day in days])


def _once(field: str, days: list[tuple[str, list[HoursWindowInput]]]) -> dict[str, list[list[str]]]:
    named = [name for name, _ in days]
    if len(set(named)) != len(named):
        raise refusals.InvalidInput(field, "Each day is given once.")
    return {name: [[str(w.start), str(w.end)] for w in windows] for name, windows in days}
