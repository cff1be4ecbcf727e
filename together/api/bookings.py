"""Sessions that were given a time."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry

from together.api.context import Info
from together.api.fields import field
from together.api.ids import Kind, to_id
from together.api.members import Member, member_of
from together.api.nodes import Node
from together.api.offers import VideoProvider, video_provider
from together.api.scalars import Instant, Zone
from together.providers.values import Answer
from together.store.models import STANDING, MatchState
from together.store.models import Booking as Row

if TYPE_CHECKING:
    from together.api.matches import Match
    from together.api.series import Series

strawberry.enum(Answer, name="Answer", description="What somebody said to an invitation.")


@strawberry.enum(name="BookingState", description="Whether a session stands.")
class State(Enum):
    CONFIRMED = strawberry.enum_value(
        "CONFIRMED", description="It stands, and its time is its people's own."
    )
    CONFLICT = strawberry.enum_value(
        "CONFLICT",
        description="It stands, and its time is disputed: it was moved in a calendar onto another "
        "session of one of its people. It is `CONFIRMED` again once one of the two is moved or "
        "cancelled.",
    )
    CANCELLED = strawberry.enum_value("CANCELLED", description="It does not take place.")


@strawberry.enum(name="DeliveryState", description="How far the viewer's own invitation has come.")
class Delivery(Enum):
    PENDING = strawberry.enum_value(
        "PENDING",
        description="It is to be written, sent or taken away, and waits for nothing that the "
        "viewer could do.",
    )
    DELIVERED = strawberry.enum_value(
        "DELIVERED",
        description="It was written and stands in a calendar, also in one that was disconnected "
        "since; or the mail server has taken it. Of a cancelled session: it was taken away or "
        "taken back, or never written.",
    )
    WAITING_FOR_RECONNECT = strawberry.enum_value(
        "WAITING_FOR_RECONNECT",
        description="It is written, or taken away, once the viewer connects the same account "
        "again.",
    )
    FAILED = strawberry.enum_value(
        "FAILED",
        description="It could not be written or sent, or not be taken away, and nothing tries it "
        "now.",
    )
    NOT_SENT = strawberry.enum_value(
        "NOT_SENT",
        description="No calendar that the viewer may know of has it, and no mail has left for "
        "them: none is to, or no mail server is set up.",
    )


@strawberry.enum(description="How far a session's video link has come.")
class JoinUrlState(Enum):
    NONE = strawberry.enum_value("NONE", description="There is to be none.")
    PENDING = strawberry.enum_value(
        "PENDING", description="It is still being made, or asked for again."
    )
    READY = strawberry.enum_value("READY", description="It is there, as `joinUrl`.")
    FAILED = strawberry.enum_value(
        "FAILED",
        description="It could not be made, and nothing tries it now. The session stands: agree on "
        "another way to meet.",
    )
    CLOSED = strawberry.enum_value(
        "CLOSED",
        description="It leads nowhere any more: the session is over or cancelled, or its match "
        "has ended.",
    )


@strawberry.enum(description="What happened to a session.")
class BookingChange(Enum):
    BOOKED = "BOOKED"
    RESCHEDULED = "RESCHEDULED"
    MOVED_IN_CALENDAR = strawberry.enum_value(
        "MOVED_IN_CALENDAR",
        description="Its organizer's calendar says another time. To who is not integrated, this "
        "is `RESCHEDULED`.",
    )
    AGENDA_SET = "AGENDA_SET"
    CANCELLED = "CANCELLED"
    CANCELLED_IN_CALENDAR = strawberry.enum_value(
        "CANCELLED_IN_CALENDAR",
        description="It was taken out of its organizer's calendar. To who is not integrated, "
        "this is `CANCELLED`.",
    )
    LOGGED = "LOGGED"
    UNLOGGED = strawberry.enum_value(
        "UNLOGGED", description="It had been logged by mistake, and was taken back."
    )
    DONE = "DONE"
    NOT_DONE = strawberry.enum_value("NOT_DONE", description="That it took place was taken back.")
    ACCEPTED = strawberry.enum_value("ACCEPTED", description="Somebody said that they come.")
    TENTATIVE = strawberry.enum_value("TENTATIVE", description="Somebody said that they may come.")
    DECLINED = strawberry.enum_value("DECLINED", description="Somebody said that they do not come.")
    CHANGED = "CHANGED"


@strawberry.type(description="One change of a session.")
class BookingEvent:
    at: Instant = strawberry.field(description="When.")
    by: Member | None = strawberry.field(description="Who; null when it was not a person.")
    what: BookingChange = strawberry.field(description="What happened.")


@strawberry.type(description="Somebody's part in a session.")
class BookingParticipant:
    member: Member = strawberry.field(description="Who.")
    answer: Answer = strawberry.field(description="What they said to the invitation.")


@strawberry.type(description="A session: one meeting of a match, with its time.")
class Booking(Node):
    row: strawberry.Private[Row]
    start: Instant = strawberry.field(description="When it begins.")
    end: Instant = strawberry.field(description="When it ends.")
    time_zone: Zone = strawberry.field(description="The zone it was booked in.")
    state: State = strawberry.field(description="Whether it stands.")
    place: str | None = strawberry.field(description="Where, in words.")
    cancel_reason: str | None = strawberry.field(description="Why it was cancelled, if said.")
    agenda: str | None = strawberry.field(
        description="What it is to be about. Neither calendars nor mails say it."
    )
    logged: bool = strawberry.field(
        description="Whether it was written down after it had taken place, without being booked."
    )
    done_at: Instant | None = strawberry.field(
        description="When it was marked as done; null if nobody has."
    )
    occurrence: int | None = strawberry.field(
        description="Which of its series, from 1 on; null if it was booked for itself."
    )

    @classmethod
    def of(cls, row: Row) -> Booking:
        return cls(
            id=to_id(Kind.BOOKING, row.uid),
            row=row,
            start=Instant(row.starts),
            end=Instant(row.ends),
            time_zone=Zone(row.zone),
            state=State[row.state.name],
            place=row.place,
            cancel_reason=row.cancel_reason,
            agenda=row.agenda,
            logged=row.logged,
            done_at=None if row.done_at is None else Instant(row.done_at),
            occurrence=row.occurrence,
        )

    @field(description="The match it belongs to.")
    async def match(
        self, info: Info
    ) -> Annotated[Match, strawberry.lazy("together.api.matches")] | None:
        from together.api.matches import Match

        row = await info.context.loaders.matches.load(self.row.match_id)
        return None if row is None else Match.of(row)

    @field(description="The service that makes the video link; null if none does.")
    def video(self, info: Info) -> VideoProvider | None:
        return video_provider(info, self.row.video)

    @field(
        description="The video link. Null unless its state is `READY`: not made yet, or the "
        "session or its match is over."
    )
    async def join_url(self, info: Info) -> str | None:
        return self.row.join_url if await self._link(info) is JoinUrlState.READY else None

    @field(description="How far its video link has come.")
    async def join_url_state(self, info: Info) -> JoinUrlState:
        return await self._link(info)

    @field(description="How far the viewer's own invitation has come.")
    async def delivery(self, info: Info) -> Delivery:
        return Delivery[(await info.context.loaders.deliveries.load(self.row)).name]

    @field(description="The series it was booked in; null if it was booked for itself.")
    async def series(
        self, info: Info
    ) -> Annotated[Series, strawberry.lazy("together.api.series")] | None:
        from together.api.series import Series

        if self.row.series_id is None:
            return None
        return Series.of(await info.context.loaders.series.load(self.row.series_id))

    @field(description="Everybody in it.")
    async def participants(self, info: Info) -> list[BookingParticipant]:
        seats = await info.context.loaders.seats.load(self.row.id)
        people = await info.context.loaders.members.load_many([seat.member_id for seat in seats])
        return [
            BookingParticipant(member=Member.of(person), answer=Answer(seat.answer))
            for seat, person in zip(seats, people, strict=True)
        ]

    @field(description="Who or what changed it, the oldest first.")
    async def history(self, info: Info) -> list[BookingEvent]:
        rows = await info.context.loaders.history.load(self.row.id)
        return [
            BookingEvent(
                at=Instant(row.at),
                by=await member_of(info, row.member_id),
                what=_CHANGES.get(row.what, BookingChange.CHANGED),
            )
            for row in rows
        ]

    async def _link(self, info: Info) -> JoinUrlState:
        if self.row.video is None and self.row.join_url is None:
            return JoinUrlState.NONE
        if not await self._open(info):
            return JoinUrlState.CLOSED
        if self.row.join_url is not None:
            return JoinUrlState.READY
        return JoinUrlState.FAILED if self.row.link_given_up else JoinUrlState.PENDING

    async def _open(self, info: Info) -> bool:
        """Whether links lead somewhere: not once it is over, its match ended or somebody left."""
        now = info.context.services.clock()
        if self.row.state not in STANDING or self.row.ends <= now:
            return False
        loaders = info.context.loaders
        match = await loaders.matches.load(self.row.match_id)
        if match is None or match.state is not MatchState.ACTIVE:
            return False
        people = await loaders.participants.load(self.row.match_id)
        members = await loaders.members.load_many([each.member_id for each in people])
        return all(member.active for member in members)


_CHANGES = {change.name: change for change in BookingChange}
