"""Writes down a session that took place without having been booked.

It is a fact: it takes nobody's time, stands in no calendar, and nobody is invited to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from tortoise.expressions import Q

from together.services.availability.circle import shaped
from together.services.client_keys import Once
from together.services.refusals import InvalidInput, MatchHasEnded, NotFound, SlotUnavailable
from together.services.sessions.asked import known_zone, plain_text
from together.services.sessions.booking import LONGEST_PLACE
from together.services.sessions.session_held import not_too_often
from together.services.sessions.taking import event_key
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    STANDING,
    Booking,
    History,
    Match,
    MatchState,
    Member,
    Participant,
    Seat,
)

LONGEST_AGO = 90
"""Days."""

SHORTEST, LONGEST = 5, 480
"""Minutes: a session took as long as it took, whatever is offered."""


@dataclass(frozen=True, slots=True)
class LogRequest:
    """What took place."""

    match_uid: str
    start: int
    """Epoch seconds."""
    duration: int
    """Minutes."""
    zone: str
    """IANA; the one it is told in."""
    client_key: str
    place: str | None = None

    @property
    def end(self) -> int:
        return self.start + self.duration * 60

    def said(self) -> dict[str, str | int | bool | None]:
        """Everything but the key, to tell one request from another."""
        return {
            "match": self.match_uid,
            "start": self.start,
            "duration": self.duration,
            "zone": self.zone,
            "place": self.place,
        }


class Logbook:
    """Keeps what took place."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock

    async def log(self, viewer: Viewer, request: LogRequest) -> Booking:
        """Write it down, once for each client key."""
        once = Once.of(viewer, "logSession", key=request.client_key, said=request.said())
        made = await once.carried_out(lambda: self._logged(viewer, request))
        return await Booking.get(id=made, organization_id=viewer.organization_id)

    async def _logged(self, viewer: Viewer, request: LogRequest) -> int:
        now, place = self._clock(), plain_text("place", request.place, LONGEST_PLACE)
        known_zone(request.zone)
        _is_past(request, now=now)
        match, seated = await _people(viewer, request)
        await not_too_often(viewer, match.id, now=now)
        await _met_nothing(viewer, match, request)
        booking = await Booking.create(
            organization_id=viewer.organization_id,
            match_id=match.id,
            booked_by_id=viewer.member_id,
            starts=request.start,
            ends=request.end,
            zone=request.zone,
            place=place,
            event_key=event_key(),
            created_at=now,
            logged=True,
            done_at=now,
        )
        await Seat.bulk_create(
            Seat(
                organization_id=viewer.organization_id,
                booking_id=booking.id,
                member_id=member_id,
                starts=request.start,
                ends=request.end,
                # A seat that counted would tell of the others' sessions elsewhere.
                live=False,
                answer="ACCEPTED" if member_id == viewer.member_id else "NEEDS_ACTION",
            )
            for member_id in seated
        )
        await History.create(
            organization_id=viewer.organization_id,
            booking_id=booking.id,
            at=now,
            member_id=viewer.member_id,
            what="LOGGED",
        )
        return booking.id


def _is_past(request: LogRequest, *, now: int) -> None:
    if not SHORTEST <= request.duration <= LONGEST:
        raise InvalidInput("duration", f"A session took {SHORTEST} to {LONGEST} minutes.")
    if request.end > now:
        raise InvalidInput("start", "A session is logged once it is over. Book one that is ahead.")
    if request.start < now - LONGEST_AGO * 86_400:
        raise InvalidInput("start", f"This is more than {LONGEST_AGO} days ago.")


async def _people(viewer: Viewer, request: LogRequest) -> tuple[Match, list[int]]:
    """Hold the match and who logs, and find who was in it then: nobody sees what was before."""
    match = await (
        Match.filter(organization_id=viewer.organization_id, uid=shaped(request.match_uid))
        .select_for_update()
        .get_or_none()
    )
    rows = await (
        Participant.filter(
            organization_id=viewer.organization_id, match_id=-1 if match is None else match.id
        )
        .select_related("member")
        .order_by("member_id")
    )
    mine = next((row for row in rows if row.member_id == viewer.member_id), None)
    if match is None or mine is None:
        raise NotFound
    if match.state is not MatchState.ACTIVE or not all(
        cast("Member", row.member).active for row in rows
    ):
        raise MatchHasEnded
    there = [row.member_id for row in rows if row.joined_at <= request.start]
    if viewer.member_id not in there or len(there) < 2:
        raise InvalidInput("start", "These people were not matched yet at that time.")
    # In two matches at once, the same person would not see what the other just wrote.
    await Member.filter(
        organization_id=viewer.organization_id, id=viewer.member_id
    ).select_for_update(no_key=True).get()  # fmt: skip
    return match, there


async def _met_nothing(viewer: Viewer, match: Match, request: LogRequest) -> None:
    """Refuse a time in which this match, or who logs, had another session.

    The others' sessions elsewhere are not looked at: a refusal would tell of them.
    """
    own = await Seat.filter(
        organization_id=viewer.organization_id,
        member_id=viewer.member_id,
        starts__lt=request.end,
        ends__gt=request.start,
    ).values_list("booking_id", flat=True)
    if await Booking.filter(
        Q(match_id=match.id) | Q(id__in=list(own)),
        organization_id=viewer.organization_id,
        state__in=STANDING,
        starts__lt=request.end,
        ends__gt=request.start,
    ).exists():
        raise SlotUnavailable
