"""Reminds people of their sessions, a day and an hour ahead, if they want it.

Nothing is written when a session is booked or moved: each moment is found when it comes, from the
seats as they stand then, and is decided once for each seat and time.  Whoever comes late writes
the latest one only, and none of what has begun.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_
from typing import Any

from tortoise.expressions import F, Q, RawSQL
from tortoise.functions import Max
from tortoise.queryset import QuerySet

from together.providers.values import Answer
from together.services.outbox.letters import Letter, day, listed, moment
from together.store.clock import database_now
from together.store.models import (
    Booking,
    BookingState,
    History,
    Job,
    JobKind,
    JobState,
    MatchState,
    Member,
    Seat,
)
from together.store.transaction import transaction

BATCH = 100
"""Seats that are decided about in one transaction."""

GIVE_TIME = ("RESCHEDULED", "MOVED_IN_CALENDAR")
"""What history says of a session that was given another time than it was booked for."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """One of the two moments."""

    kind: JobKind
    seconds: int
    words: str
    decided: str
    """The column of a seat that keeps of which of its times this was decided."""
    wanted: Callable[[Member], bool]


DAY = Ahead(JobKind.REMIND_DAY, 86_400, "a day", "day_reminded", lambda who: who.remind_day)
HOUR = Ahead(JobKind.REMIND_HOUR, 3600, "an hour", "hour_reminded", lambda who: who.remind_hour)
MOMENTS = {each.kind: each for each in (DAY, HOUR)}


async def write_down(*, now: int) -> int:
    """Put the reminders that are due into the outbox; say how many there were."""
    if not await _due(now).exists():
        return 0  # without holding up anybody who writes
    at, found = await database_now(), 0
    while True:
        seen, written = await transaction(partial(_write_some, now=now, at=at))
        found += written
        if seen < BATCH:
            return found


def _due(now: int) -> QuerySet[Seat]:
    """Find the seats of sessions ahead whose moment has come and was not decided about."""
    # Of a seat, since its session has columns of the same name.
    undecided = {
        each.decided + "_lag": RawSQL(f'COALESCE("seat"."{each.decided}", 0) - "seat"."starts"')
        for each in MOMENTS.values()
    }
    moments = []
    for each in MOMENTS.values():
        come: dict[str, Any] = {
            each.decided + "_lag__not": 0,
            "starts__lte": now + each.seconds,
        }
        moments.append(Q(**come))
    return Seat.annotate(**undecided).filter(
        reduce(or_, moments),
        starts__gt=now,
        starts__lte=now + DAY.seconds,
        booking__state__not=BookingState.CANCELLED,
        booking__match__state=MatchState.ACTIVE,
    )


async def _write_some(*, now: int, at: int) -> tuple[int, int]:
    """Decide about some; give how many seats that were, and how many reminders came of it."""
    held = await _due(now).order_by("id").limit(BATCH).select_for_update(
        skip_locked=True, of=("seat",)
    )  # fmt: skip
    ids = [seat.id for seat in held]
    rows = await Seat.filter(id__in=ids).select_related("member", "booking").order_by("id")
    since = await _since(rows)
    jobs = []
    for seat in rows:
        moment = _moment(seat, since=since[seat.booking_id], now=now)
        if moment is not None:
            jobs.append(_job(seat, moment.kind, at=at))
    await Job.bulk_create(jobs)
    for each in MOMENTS.values():
        come = [seat.id for seat in rows if seat.starts <= now + each.seconds]
        if come:
            await Seat.filter(id__in=come).update(**{each.decided: F("starts")})
    return len(rows), len(jobs)


def _moment(seat: Seat, *, since: int, now: int) -> Ahead | None:
    """Give the moment to remind somebody of now: the latest that has come, if it is new to them.

    One that had passed when the session was given its time is none.
    """
    member: Any = seat.member
    if not member.active or seat.answer == Answer.DECLINED.value:
        return None
    for each in (HOUR, DAY):
        if seat.starts > now + each.seconds or not each.wanted(member):
            continue
        if getattr(seat, each.decided) == seat.starts or seat.starts - each.seconds < since:
            return None
        return each
    return None


async def _since(seats: Sequence[Seat]) -> dict[int, int]:
    """Say since when each of these sessions has its time."""
    bookings: dict[int, Any] = {seat.booking_id: seat.booking for seat in seats}
    moved: Any = (
        await History.filter(booking_id__in=list(bookings), what__in=GIVE_TIME)
        .annotate(last=Max("at"))
        .group_by("booking_id")
        .values_list("booking_id", "last")
    )
    return {key: booking.created_at for key, booking in bookings.items()} | dict(moved)


def _job(seat: Seat, kind: JobKind, *, at: int) -> Job:
    return Job(
        organization_id=seat.organization_id,
        kind=kind,
        booking_id=seat.booking_id,
        generation=seat.id,
        due_at=at,
        created_at=at,
    )


# What is sent


async def letter(job: Job, *, now: int) -> Letter | None:
    """Word a reminder; None when there is nothing to remind of any more, or not of this time."""
    seat = await (
        Seat.filter(
            id=job.generation,
            organization_id=job.organization_id,
            starts__gt=now,
            booking__match__state=MatchState.ACTIVE,
        )
        .exclude(booking__state=BookingState.CANCELLED)
        .select_related("booking__organization", "member")
        .get_or_none()
    )
    ahead = MOMENTS[job.kind]
    if seat is None or getattr(seat, ahead.decided) != seat.starts or await _newer(job):
        return None
    me: Any = seat.member
    if seat.answer == Answer.DECLINED.value or not ahead.wanted(me):
        return None
    seats = await (
        Seat.filter(organization_id=seat.organization_id, booking_id=seat.booking_id)
        .select_related("member")
        .order_by("id")
    )
    people: list[Any] = [each.member for each in seats]
    if not all(each.active for each in people):
        return None
    return _worded(seat, [each.name for each in people if each.id != me.id])


async def _newer(job: Job) -> bool:
    """Whether the session was moved since, and a job for its new time is there."""
    return await Job.exists(
        organization_id=job.organization_id,
        kind=job.kind,
        generation=job.generation,
        state=JobState.WAITING,
        id__gt=job.id,
    )


def _worded(seat: Seat, others: Sequence[str]) -> Letter:
    booking: Any = seat.booking
    me: Any = seat.member
    title, minutes = booking.organization.event_title, (booking.ends - booking.starts) // 60
    said = [
        f"Hello {me.name},",
        f"You have a session with {listed(others)}: {title}, "
        f"{moment(booking.starts, zone=me.zone)}, {minutes} minutes.",
        *_ways_to_meet(booking),
    ]
    if seat.answer == Answer.NEEDS_ACTION.value:
        said.append("You have not said yet whether you come.")
    wanted = " and ".join(each.words for each in (DAY, HOUR) if each.wanted(me))
    said.append(f"You are reminded {wanted} ahead. Your profile in Together says so.")
    said.append(f"Together, for {booking.organization.name}")
    return Letter(
        name=me.name,
        address=me.email,
        subject=f"Reminder: {title}, {day(booking.starts, zone=me.zone)}",
        paragraphs=tuple(said),
    )


def _ways_to_meet(booking: Booking) -> list[str]:
    """Say where, as the session shows it to everybody in it."""
    ways = [] if booking.place is None else [f"Place: {booking.place}"]
    if booking.join_url is not None:
        ways.append(f"Join: {booking.join_url}")
    elif booking.video is not None:
        ways.append(
            "Its video link could not be made. Agree on another way to meet."
            if booking.link_given_up
            else "Its video link is still being made. You find it in Together once it is there."
        )
    return ways
