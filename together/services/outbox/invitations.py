"""Invites to sessions by mail, where the booker's calendar does not: Together is the organizer.

A job says which mailbox is to be brought in line with its session, and no more.  What it is owed,
a request, an update, a cancellation or nothing, is found out when the mail is sent, one mail of an
invitation after the other, so that a cancellation never overtakes what it cancels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from together.providers.errors import ProviderError
from together.providers.values import Answer
from together.services.outbox.answer_links import AnswerLinks, Invited
from together.services.outbox.invitation_letters import Told, worded
from together.services.outbox.itip import Method, Person
from together.services.outbox.letters import Letter
from together.services.outbox.postbox import PerhapsTaken
from together.services.outbox.targets import NotYet
from together.store.clock import database_now
from together.store.models import (
    Booking,
    BookingState,
    Invitation,
    Job,
    JobKind,
    JobState,
    MatchState,
    Seat,
)

LINK_AWAITED = 120
"""Seconds for which an invitation waits for its video link; one that comes later is sent after."""

HandOver = Callable[[Letter, str], Awaitable[None]]
"""Hands a letter over, by the key that makes its Message-ID."""


# What is written down


async def invite(booking: Booking, member_ids: Iterable[int], *, at: int) -> None:
    """Invite these members for the session's life, inside a transaction that holds it."""
    for row in await _rows(booking, member_ids, mailed=True):
        await _job(row, at=at)


async def leave_to_calendar(
    booking: Booking, member_ids: Iterable[int], *, written: bool, reaches: bool
) -> None:
    """Note that the booker's calendar invites these; `written` says that it has done so already."""
    sent = booking.sequence if written else None
    await _rows(booking, member_ids, mailed=False, sent=sent, printed=not reaches)


async def told_by_calendar(booking: Booking) -> None:
    """Note that the booker's calendar has told its guests how the session stands."""
    await _of(booking).filter(mailed=False).update(sent=booking.sequence)


async def _rows(booking: Booking, member_ids: Iterable[int], **given: Any) -> list[Invitation]:
    return [
        await Invitation.create(
            organization_id=booking.organization_id,
            booking_id=booking.id,
            member_id=member_id,
            **given,
        )
        for member_id in sorted(member_ids)
    ]


async def tell(booking: Booking, *, at: int) -> None:
    """Have everybody who is invited told how the session stands now."""
    for row in await _of(booking).filter(mailed=True).order_by("id"):
        await _job(row, at=at)


async def tell_of_change(booking: Booking, *, at: int) -> None:
    """The same after a change of a session that stands, inside the transaction that holds it.

    Who has not been written to yet hears of it with the first mail.
    """
    begun = Q(sent__isnull=False) | Q(tried__isnull=False)
    if await _of(booking).filter(begun, mailed=True).exists():
        booking.sequence += 1
        await Booking.filter(id=booking.id, organization_id=booking.organization_id).update(
            sequence=booking.sequence
        )
        await tell(booking, at=at)


async def invited(booking: Booking) -> set[int]:
    """Give the row ids of the members who are invited to it, and by no calendar of their own."""
    ids: Any = await _of(booking).values_list("member_id", flat=True)
    return set(ids)


def _of(booking: Booking) -> QuerySet[Invitation]:
    return Invitation.filter(organization_id=booking.organization_id, booking_id=booking.id)


async def _job(row: Invitation, *, at: int) -> None:
    await Job.create(
        organization_id=row.organization_id,
        kind=JobKind.INVITE,
        booking_id=row.booking_id,
        generation=row.id,
        due_at=at,
        created_at=at,
    )


# What is sent


@dataclass(frozen=True, slots=True)
class _Owed:
    """A mail that an invitation is behind with."""

    row: Invitation
    sequence: int
    letter: Letter
    key: str


class Invitations:
    """Sends what an invitation is behind with."""

    def __init__(
        self,
        clock: Callable[[], int],
        *,
        organizer: Person,
        reaches: bool,
        links: AnswerLinks | None,
    ) -> None:
        """`reaches` says whether there is a mail server; without `links` nobody can answer."""
        self._clock, self._organizer = clock, organizer
        self._reaches, self._links = reaches, links

    async def send(self, job: Job, hand_over: HandOver) -> None:
        """Bring one mailbox in line with its session; a mail that it has is not sent again."""
        if await _comes_later(job):
            raise NotYet(retry_after=timedelta(seconds=1))
        owed = await self._owed(job)
        if owed is None:
            return
        row = Invitation.filter(id=owed.row.id, organization_id=job.organization_id)
        await row.update(tried=owed.sequence)
        try:
            await hand_over(owed.letter, owed.key)
        except PerhapsTaken:
            raise
        except ProviderError:
            await row.update(tried=owed.row.tried)  # it was surely not taken
            raise
        await row.update(sent=owed.sequence, tried=None, printed=not self._reaches)

    async def _owed(self, job: Job) -> _Owed | None:
        row = await (
            Invitation.filter(id=job.generation, organization_id=job.organization_id)
            .select_related("booking__match", "booking__organization", "member")
            .get_or_none()
        )
        if row is None:
            return None
        booking: Any = row.booking
        if booking.ends <= self._clock() or row.sent == booking.sequence:
            return None
        method = Method.REQUEST
        if booking.state is BookingState.CANCELLED:
            if row.sent is None and row.tried is None and not row.replaces:
                return None  # nobody takes back what was never sent
            method = Method.CANCEL
        seats = await (
            Seat.filter(organization_id=row.organization_id, booking_id=booking.id)
            .select_related("member")
            .order_by("id")
        )
        if method is Method.REQUEST:
            if not _stands(booking, seats):
                return None
            await _link_awaited(booking, job)
        return _Owed(row, booking.sequence, self._letter(row, seats, method), _key(row))

    def _letter(self, row: Invitation, seats: list[Seat], method: Method) -> Letter:
        booking: Any = row.booking
        member: Any = row.member
        answer = None
        if self._links is not None and booking.starts > self._clock():
            answer = self._links.address(Invited(booking.uid, member.uid, booking.sequence))
        return worded(
            Told(
                booking=booking,
                organization=booking.organization,
                receiver=member,
                people=[_person(seat) for seat in seats],
                organizer=self._organizer,
                again=row.sent is not None,
                replaces=row.replaces,
                answer_at=answer,
                at=self._clock(),
            ),
            method,
        )


def _person(seat: Seat) -> Person:
    member: Any = seat.member
    return Person(member.name, member.email, Answer(seat.answer))


def _stands(booking: Any, seats: list[Seat]) -> bool:
    """Whether its match is open: nobody hears of a session of one that is closed."""
    people: list[Any] = [seat.member for seat in seats]
    return booking.match.state is MatchState.ACTIVE and all(each.active for each in people)


async def _comes_later(job: Job) -> bool:
    """Whether an earlier mail of the same invitation is still to be sent."""
    return await Job.exists(
        organization_id=job.organization_id,
        kind=JobKind.INVITE,
        booking_id=job.booking_id,
        generation=job.generation,
        state=JobState.WAITING,
        id__lt=job.id,
    )


async def _link_awaited(booking: Booking, job: Job) -> None:
    missing = booking.video is not None and booking.join_url is None and not booking.link_given_up
    if missing and await database_now() < job.created_at + LINK_AWAITED:
        raise NotYet(retry_after=timedelta(seconds=5))


def _key(row: Invitation) -> str:
    """Tell this mail from every other: a second copy of it has the same Message-ID."""
    booking: Any = row.booking
    member: Any = row.member
    said = f"{booking.event_key}\n{member.uid}\n{booking.sequence}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]
