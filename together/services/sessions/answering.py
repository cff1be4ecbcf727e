"""Answers to invitations: by the link of a mail, or by somebody who is signed in.

Whoever comes with a link that counts no more is told so in one word, whatever the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from together.providers.values import Answer
from together.services.availability.circle import shaped
from together.services.outbox.answer_links import AnswerLinks, Invited
from together.services.refusals import AnswersClosed, InvalidInput, NotFound, TooManySessions
from together.services.sessions import answer_notes
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import STANDING, Booking, MatchState, Member, Seat
from together.store.transaction import transaction

OFTEN = "You have changed your answer too often within an hour. Try again later."


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody is asked by a link, and what they have said."""

    organization: str
    title: str
    receiver: Member
    others: tuple[str, ...]
    starts: int
    answer: Answer


class Answering:
    """Reads and keeps what people say to a session."""

    def __init__(self, links: AnswerLinks, clock: Callable[[], int]) -> None:
        self._links, self._clock = links, clock

    async def asked(self, token: str) -> Question:
        """Say what a link is about; nothing is changed, for whoever looks may be a mail scanner."""
        booking, seats, mine = await self._linked(token)
        return _question(booking, seats, mine)

    async def answer(self, token: str, answer: Answer) -> Question:
        """Keep what somebody said by a link."""

        async def work() -> Question:
            booking, seats, mine = await self._linked(token, held=True)
            await _keep(mine, answer, now=self._clock())
            return _question(booking, seats, mine)

        return await transaction(work)

    async def respond(self, viewer: Viewer, uid: str, answer: Answer) -> Booking:
        """Keep what a member says to a session of theirs."""
        if answer is Answer.NEEDS_ACTION:
            raise InvalidInput("answer", "Say whether you come, do not, or may.")

        async def work() -> Booking:
            booking = await _read(uid, held=True, organization_id=viewer.organization_id)
            seats = [] if booking is None else await _seats(booking)
            mine = _of(seats, viewer.uid)
            if booking is None or mine is None:
                raise NotFound
            if not self._open(booking, seats):
                raise AnswersClosed
            await _keep(mine, answer, now=self._clock())
            return booking

        return await transaction(work)

    async def _linked(self, token: str, *, held: bool = False) -> tuple[Any, list[Seat], Seat]:
        invited = self._links.read(token)
        booking = None if invited is None else await _read(invited.booking, held=held)
        if invited is None or booking is None:
            raise AnswersClosed
        seats = await _seats(booking)
        mine = _of(seats, invited.member)
        if mine is None or not self._counts(invited, booking, seats):
            raise AnswersClosed
        return booking, seats, mine

    def _counts(self, invited: Invited, booking: Booking, seats: list[Seat]) -> bool:
        return invited.sequence == booking.sequence and self._open(booking, seats)

    def _open(self, booking: Any, seats: list[Seat]) -> bool:
        """Whether it can still be answered: it is ahead, and its match is not closed."""
        people: list[Any] = [seat.member for seat in seats]
        return (
            booking.state in STANDING
            and booking.starts > self._clock()
            and booking.match.state is MatchState.ACTIVE
            and all(each.active for each in people)
        )


async def _read(uid: str, *, held: bool, **where: int) -> Booking | None:
    rows = Booking.filter(uid=shaped(uid), **where)
    booking = await (rows.select_for_update() if held else rows).get_or_none()
    if booking is not None:
        await booking.fetch_related("match", "organization")
    return booking


async def _seats(booking: Booking) -> list[Seat]:
    return await (
        Seat.filter(organization_id=booking.organization_id, booking_id=booking.id)
        .select_related("member")
        .order_by("id")
    )


def _of(seats: list[Seat], member_uid: str) -> Seat | None:
    people: list[Any] = list(seats)
    return next((seat for seat in people if seat.member.uid == member_uid), None)


async def _keep(seat: Seat, answer: Answer, *, now: int) -> None:
    if seat.answer != answer.value:
        if await answer_notes.too_many(seat, now=now):
            raise TooManySessions(OFTEN)
        await answer_notes.note(seat, answer.value, now=now)
    seat.answer = answer.value
    # A calendar that is read later is heeded only if it was read after this.
    await Seat.filter(id=seat.id, organization_id=seat.organization_id).update(
        answer=answer.value, answered_at=await database_now()
    )


def _question(booking: Any, seats: list[Seat], mine: Any) -> Question:
    people: list[Any] = [seat.member for seat in seats if seat.id != mine.id]
    return Question(
        organization=booking.organization.name,
        title=booking.organization.event_title,
        receiver=mine.member,
        others=tuple(each.name for each in people),
        starts=booking.starts,
        answer=Answer(mine.answer),
    )
