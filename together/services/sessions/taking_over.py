"""Takes over what somebody has done to a session in a calendar.

The organizer's event moves and cancels the session, and carries its guests' answers.  A copy of a
guest's own says one thing: who takes it away does not come.
"""

from __future__ import annotations

from typing import Any

from together.domain.booking import seat
from together.domain.policy import Policy
from together.domain.spans import Span
from together.providers.values import Answer, Event
from together.services.outbox import invitations
from together.services.outbox.join_links import without_link
from together.services.sessions import answer_notes, disputes
from together.services.sessions.calling_off import call_off_all
from together.services.sessions.event_reading import (
    MOVED,
    Reading,
    ambiguous,
    held_reading,
    later,
    look_again,
    span_of,
    told_by,
    waits,
)
from together.store.models import (
    Booking,
    BookingState,
    CalendarEvent,
    History,
    Job,
    JobKind,
    JobState,
    Organization,
    Seat,
)
from together.store.refused import Overlap
from together.store.transaction import transaction

SHORTEST, LONGEST = 60, 24 * 3600
"""Seconds that a session can be moved to last.  What is shorter or longer is a slip: an event that
was given no length is read as its first second.
"""

FARTHEST = 2 * 366 * 86_400
"""Seconds ahead that a session can be moved to begin."""

CANCELLED = "CANCELLED_IN_CALENDAR"
"""For the history; `history_reading` says who is told that it was a calendar."""


async def take_over(
    row: CalendarEvent, found: Event | None, *, read_at: int, generation: int | None = None
) -> None:
    """Bring a session in line with its event, if that says something new.

    `row` is as it was loaded before the calendar was read, `found` the event as it stands, None
    where it is gone.  `read_at` is the database's time from before the reading; `generation` that
    of the connection it was read through.  The same reading twice, or an old one, changes nothing.
    """

    async def work() -> None:
        reading = await held_reading(row, found, read_at=read_at, generation=generation)
        if reading is not None:
            await _taken(reading, since=row.writes)

    try:
        await transaction(work)
    except Overlap:
        # Its people are held, so that this cannot be; once more shows what took the time.
        await transaction(work)


async def _taken(reading: Reading, *, since: int) -> None:
    """Decide what is new; `since` is how often it had been written when it was read."""
    row, found = reading.row, reading.found
    if await ambiguous(reading, since=since):
        await look_again(reading)
        return
    await _noted(row, read_at=reading.read_at)
    if not reading.organizes:
        await _copy(reading)
        return
    if found is None:
        at = reading.at
        await call_off_all(
            [reading.booking], by=reading.owner, reason=None, now=at, stamp=at, what=CANCELLED
        )
        return
    span, moved = (found.span.starts, found.span.ends), False
    if span == reading.session:
        await _noted(row, starts=span[0], ends=span[1], stray_starts=None, stray_ends=None)
    elif span != reading.written and not await waits(reading):
        if _a_slip(found.span, now=reading.at):
            await _put_back(reading, span)
        else:
            await _move(reading, found.span)
            moved = True
    await _answers(reading, found, heeded=moved or span == reading.session)
    await _link(reading, found)


def _a_slip(span: Span, *, now: int) -> bool:
    return not SHORTEST <= span.ends - span.starts <= LONGEST or span.starts > now + FARTHEST


# What follows from it


async def _move(reading: Reading, span: Span) -> None:
    """Let the session be where its organizer put it, wherever that is: it is a fact.

    Everybody is asked anew, as iTIP has it, but who moved it.
    """
    booking = reading.booking
    organization = await Organization.get(id=booking.organization_id)
    booking.starts, booking.ends = span.starts, span.ends
    booking.sequence += 1
    taken = seat(span.starts, span.ends, policy=Policy.of(organization.policy))
    met = await disputes.taken_elsewhere(booking, reading.seats, taken)
    # Of what is over nobody can choose another time.
    disputed = met and span.ends > reading.read_at
    booking.state = BookingState.CONFLICT if disputed else BookingState.CONFIRMED
    booking.disputed_at = reading.at if disputed else None
    await Booking.filter(id=booking.id, organization_id=booking.organization_id).update(
        starts=booking.starts,
        ends=booking.ends,
        sequence=booking.sequence,
        state=booking.state,
        disputed_at=booking.disputed_at,
    )
    for each in reading.seats:  # in rising order of members: the opposite order deadlocks
        each.answer = "ACCEPTED" if each.member_id == reading.owner else "NEEDS_ACTION"
        await _seat(each, starts=taken[0], ends=taken[1], live=not met, answer=each.answer)
    await _noted(
        reading.row, starts=span.starts, ends=span.ends, stray_starts=None, stray_ends=None
    )
    await invitations.told_by_calendar(booking)
    await History.create(
        organization_id=booking.organization_id,
        booking_id=booking.id,
        at=reading.at,
        member_id=reading.owner,
        what=MOVED,
    )
    # The copies, the meeting and the mails follow, as they do a move that was made here.
    await Job.create(
        organization_id=booking.organization_id,
        kind=JobKind.REVISE_EVENT,
        booking_id=booking.id,
        due_at=reading.at,
        created_at=reading.at,
    )
    if disputed:
        later = reading.at + disputes.SOON
        await disputes.look_later(booking.organization_id, booking.id, at=later)


async def _copy(reading: Reading) -> None:
    """Take a deletion for an answer, and put back what was moved."""
    row, span = reading.row, span_of(reading.found)
    if span is None:
        if row.gone_at is None:
            await _noted(row, gone_at=reading.read_at)
            [mine] = [each for each in reading.seats if each.member_id == reading.owner]
            await _answered(reading, mine, Answer.DECLINED.value)
        return
    await _noted(row, gone_at=None)
    if span == reading.session:
        await _noted(row, stray_starts=None, stray_ends=None)
    elif span != reading.written and not await waits(reading):
        await _put_back(reading, span)


async def _put_back(reading: Reading, span: tuple[int, int]) -> None:
    """Have the event put back where its session is, once: a service may know better."""
    row = reading.row
    if (row.stray_starts, row.stray_ends) == span:
        return
    await _noted(row, stray_starts=span[0], stray_ends=span[1])
    await later(reading, JobKind.REVISE_EVENT)


async def _answers(reading: Reading, found: Event, *, heeded: bool) -> None:
    """Keep what guests have said to the event since it was read last.

    What they said to a time that is not the session's any more is noted and not heeded.
    """
    for each in reading.seats:
        answer = told_by(each, found.answers)
        if answer is None or answer == each.calendar_answer:
            continue
        await _seat(each, calendar_answer=answer)
        if heeded:
            await _answered(reading, each, answer)


async def _answered(reading: Reading, seated: Seat, answer: str) -> None:
    """Keep an answer, unless a newer one was given here."""
    if (seated.answered_at or 0) < reading.read_at:
        if answer != seated.answer and not await answer_notes.too_many(seated, now=reading.at):
            await answer_notes.note(seated, answer, now=reading.at)
        await _seat(seated, answer=answer)


async def _link(reading: Reading, found: Event) -> None:
    """Have a link fetched that has come after all; who fetches it also looks at it."""
    booking = reading.booking
    if found.meeting is None or booking.join_url is not None:
        return
    missing = without_link(booking.organization_id, [booking.id])
    waiting = Job.filter(**reading.jobs, kind=JobKind.POLL_MEETING, state=JobState.WAITING)
    if await waiting.exists() or not await missing.exists():
        return
    await missing.update(link_given_up=False)
    await _noted(reading.row, meeting_pending=True)
    await later(reading, JobKind.POLL_MEETING)


async def _noted(row: CalendarEvent, **what: Any) -> None:
    await CalendarEvent.filter(id=row.id, organization_id=row.organization_id).update(**what)


async def _seat(seated: Seat, **what: Any) -> None:
    await Seat.filter(id=seated.id, organization_id=seated.organization_id).update(**what)
