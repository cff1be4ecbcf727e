"""The door: everything that belongs to whoever asks."""

from __future__ import annotations

import strawberry

from together.api.context import Info
from together.api.fields import field
from together.api.ids import Kind, to_id
from together.api.integrations import CalendarIntegration
from together.api.matches import Match, match_page
from together.api.members import DateHours, Member, WeekdayHours, dates_of, week_of
from together.api.nodes import After, Before, Connection, First, Last
from together.api.offers import CalendarProvider, VideoProvider, calendar_provider, video_provider
from together.api.pages import page
from together.api.programs import Program, program_page
from together.api.scalars import Day, Zone
from together.api.todos import Todo
from together.domain.hours import week_from_json
from together.services import reading
from together.services.organization.video_choice import house_video
from together.services.people import program_reading
from together.services.people.profile import Reminder, reminders_of
from together.services.sessions.automatic_video import automatic_for
from together.store.models import Member as Row
from together.store.models import Role

strawberry.enum(
    Reminder,
    name="SessionReminder",
    description="When somebody is reminded of a session by mail: 24 hours and an hour before.",
)


@strawberry.type(description="A day on which nobody of the organization is offered.")
class Holiday:
    date: Day = strawberry.field(description="Which day.")
    name: str = strawberry.field(description="What it is called.")


@strawberry.type(
    description="When the viewer can be asked for a session. The weekly hours and the zone are "
    "shown to everybody in a match with them, and shape the times that are offered there; the "
    "exceptions shape them too, without being shown."
)
class Hours:
    row: strawberry.Private[Row]
    time_zone: Zone = strawberry.field(description="The zone they are meant in.")
    weekly: list[WeekdayHours] = strawberry.field(description="Seven days, Monday first.")
    is_default: bool = strawberry.field(
        description="Whether these are the hours of whoever set none: Monday to Friday, 09:00 "
        "to 17:00."
    )

    @classmethod
    def of(cls, row: Row) -> Hours:
        return cls(
            row=row,
            time_zone=Zone(row.zone),
            weekly=week_of(week_from_json(row.weekly_hours)),
            is_default=row.weekly_hours is None,
        )

    @field(description="The dates with other hours.")
    async def exceptions(self, info: Info) -> list[DateHours]:
        return dates_of(await info.context.loaders.exceptions.load(self.row.id))

    @field(description="The holidays of the organization.")
    async def holidays(self, info: Info) -> list[Holiday]:
        rows = await reading.holidays(info.context.viewer)
        return [Holiday(date=Day(row.date), name=row.name) for row in rows]


@strawberry.type(description="What the organization allows sessions to be.")
class BookingRules:
    durations: list[int] = strawberry.field(description="The lengths offered, in minutes.")
    step: int = strawberry.field(description="Sessions begin every so many minutes of the hour.")
    buffer_before: int = strawberry.field(description="Minutes kept free before a session.")
    buffer_after: int = strawberry.field(description="Minutes kept free after a session.")
    notice: int = strawberry.field(description="How many minutes ahead one books at the latest.")
    horizon_days: int = strawberry.field(description="How many days ahead one can book.")
    per_day: int | None = strawberry.field(description="Sessions a person has a day at most.")
    per_week: int | None = strawberry.field(description="Sessions a person has a week at most.")


@strawberry.type(description="Whoever asks, and everything that is theirs.")
class Viewer:
    row: strawberry.Private[Row]
    id: strawberry.ID = strawberry.field(description="The id of the viewer as a member.")
    name: str = strawberry.field(description="Their name.")
    email: str = strawberry.field(description="Their work address.")
    time_zone: Zone = strawberry.field(description="Their zone.")
    role: Role = strawberry.field(description="What they may do beside their own sessions.")
    session_reminders: list[Reminder] = strawberry.field(
        description="When they are reminded of their sessions by mail; both unless they say else."
    )

    @classmethod
    def of(cls, row: Row) -> Viewer:
        return cls(
            row=row,
            id=to_id(Kind.MEMBER, row.uid),
            name=row.name,
            email=row.email,
            time_zone=Zone(row.zone),
            role=row.role,
            session_reminders=reminders_of(row),
        )

    @field(description="The viewer as the others in a match see them.")
    def member(self) -> Member:
        return Member.of(self.row)

    @field(description="When the viewer can be asked for a session.")
    def hours(self) -> Hours:
        return Hours.of(self.row)

    @field(description="How the viewer's own calendar is connected.")
    async def calendar_integration(self, info: Info) -> CalendarIntegration:
        return await CalendarIntegration.load(info)

    @field(
        description="The calendar services that can be connected; none where the organization "
        "looks after it."
    )
    async def calendar_providers(self, info: Info) -> list[CalendarProvider]:
        context = info.context
        offer = await context.loaders.offers.load(context.viewer.organization_id)
        installed = list(context.services.registry.calendars)
        return [calendar_provider(info, slug) for slug in offer.of(installed)]

    @field(description="The services that can make a session's video link.")
    def video_providers(self, info: Info) -> list[VideoProvider]:
        slugs = sorted(info.context.services.registry.videos)
        return [made for slug in slugs if (made := video_provider(info, slug)) is not None]

    @field(
        description="The organization's own video service; null where links come with the events "
        "of calendars, or by no service."
    )
    async def organization_video(self, info: Info) -> VideoProvider | None:
        services, viewer = info.context.services, info.context.viewer
        house = await house_video(viewer.organization_id, services.registry)
        return video_provider(info, house.provider)

    @field(
        description="The service whose link a session gets by itself when the viewer books it; "
        "null where none is added."
    )
    async def automatic_video(self, info: Info) -> VideoProvider | None:
        services, viewer = info.context.services, info.context.viewer
        slug = await automatic_for(viewer, registry=services.registry, now=services.clock())
        return video_provider(info, slug)

    @field(description="What the organization allows sessions to be.")
    async def booking_rules(self, info: Info) -> BookingRules:
        policy = await reading.policy(info.context.viewer)
        return BookingRules(
            durations=list(policy.durations),
            step=policy.step,
            buffer_before=policy.buffer_before,
            buffer_after=policy.buffer_after,
            notice=policy.notice,
            horizon_days=policy.horizon_days,
            per_day=policy.per_day,
            per_week=policy.per_week,
        )

    @field(description="What the viewer has to do, the calendar first.")
    async def todos(self, info: Info) -> list[Todo]:
        return [Todo.of(todo) for todo in await info.context.services.todos.of(info.context.viewer)]

    @field(description="The viewer's matches, the newest first; ended ones too.")
    async def matches(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Match] | None:
        asked = info.context.asked("matches", first=first, after=after, last=last, before=before)
        rows = await reading.own_matches(info.context.viewer, asked)
        return match_page(info, page(rows, asked), "matches")

    @field(
        description="The programs the viewer looks after, by name. An administrator of the "
        "organization finds all of them there."
    )
    async def programs(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Program] | None:
        asked = info.context.asked("programs", first=first, after=after, last=last, before=before)
        rows = await program_reading.own_programs(info.context.viewer, asked)
        return program_page(info, page(rows, asked), "programs")
