"""Keeps in a session's history who has said whether they come, by whichever way.

Answers are no changes of a session: many in one hour keep nobody from changing it.
"""

from __future__ import annotations

from together.providers.values import Answer
from together.store.models import History, Seat

ANSWERS = (Answer.ACCEPTED.value, Answer.TENTATIVE.value, Answer.DECLINED.value)

MOST = 20
"""Answers of one person to one session within an hour, so that nobody fills its history."""

_HOUR = 3600


async def too_many(seat: Seat, *, now: int) -> bool:
    """Whether a person has changed their mind about a session too often to be heard now."""
    given = History.filter(
        organization_id=seat.organization_id,
        booking_id=seat.booking_id,
        member_id=seat.member_id,
        what__in=ANSWERS,
        at__gt=now - _HOUR,
    )
    return await given.count() >= MOST


async def note(seat: Seat, answer: str, *, now: int) -> None:
    """Note an answer that is another one than before."""
    if answer in ANSWERS:
        await History.create(
            organization_id=seat.organization_id,
            booking_id=seat.booking_id,
            at=now,
            member_id=seat.member_id,
            what=answer,
        )
