"""What hours, sessions and rules leave of a window, before any calendar is looked at.

All of it is Together's own knowledge, so it is the same for everybody who asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import and_, or_

from tortoise.expressions import Q

from together.domain.hours import Hours, midnight, week_from_json, windows_from_json
from together.domain.hours import zone_named as zone
from together.domain.policy import Policy
from together.domain.slots import blocked, capped
from together.domain.spans import Span, Spans
from together.services.availability.circle import Circle
from together.store.models import BookingState, Holiday, HoursException, Member, Seat

_DAY = 86_400
_WEEK = 7 * _DAY

Dates = dict[date, list[list[str]]]
"""Date → its windows, as they are stored."""


@dataclass(frozen=True, slots=True)
class Own:
    """What one person's hours and sessions are within the window."""

    hours: Spans
    weekly: Spans
    """Without exceptions and holidays: what the whole match may know."""
    closed: Spans
    """Away, or a holiday, or other hours in the place of these."""
    seats: Spans
    begun: tuple[int, ...]
    """When these sessions begin, and those of a week more on either side; also disputed ones,
    which count for the caps and take no time."""
    blocked: Spans
    """Where a new session would meet another, or the time between the two."""
    capped: Spans
    """Where none may start any more."""

    @property
    def free(self) -> Spans:
        return self.hours - self.closed - self.seats


@dataclass(frozen=True, slots=True)
class Ground:
    """The same for all the people of a match together."""

    people: Mapping[int, Own]
    """By member's row id."""
    hours: Spans
    """In which sessions are offered."""
    allowed: Spans
    """In which they need no extra word: weekly hours, and the dates with other hours."""
    weekly: Spans
    taken: Spans
    capped: Spans
    own_hours_only: bool
    """There are no common weekly hours, so `hours` are the viewer's."""

    @property
    def free(self) -> Spans:
        return self.hours - self.taken

    def open_to_all(self, starts: int, ends: int) -> bool:
        """Say whether everybody's time is there to be taken, inside their hours or outside."""
        return not self.taken.overlaps(starts, ends) and starts not in self.capped


async def ground(circle: Circle, window: Span, *, without: Collection[int] = ()) -> Ground:
    """Read and reckon it, in three statements; `without` are sessions that are to be moved."""
    members = [seen.member for seen in circle.people]
    seats = await _seats(members, window, without=without)
    exceptions = await _exceptions(members, window)
    holidays = await _holidays(circle, window)
    own = {
        member.id: _own(
            member,
            window,
            policy=circle.policy,
            exceptions=exceptions.get(member.id, {}),
            holidays=holidays,
            seats=seats.get(member.id, []),
        )
        for member in members
    }
    lonely = _nothing_in_common(members, window)
    return Ground(
        people=own,
        hours=own[members[0].id].hours if lonely else _all(each.hours for each in own.values()),
        allowed=_all(each.weekly | each.hours for each in own.values()),
        weekly=own[members[0].id].weekly if lonely else _all(each.weekly for each in own.values()),
        taken=_any(each.closed | each.blocked for each in own.values()),
        capped=_any(each.capped for each in own.values()),
        own_hours_only=lonely,
    )


def _all(sets: Iterable[Spans]) -> Spans:
    return reduce(and_, sets)


def _any(sets: Iterable[Spans]) -> Spans:
    return reduce(or_, sets, Spans())


async def _seats(
    members: list[Member], window: Span, *, without: Collection[int]
) -> dict[int, list[tuple[int, int, bool]]]:
    """Seats of these people that are live or disputed, with which of the two they are.

    A week more on either side is read for the caps of a week.
    """
    found: dict[int, list[tuple[int, int, bool]]] = {}
    for booking, member, starts, ends, live in await Seat.filter(
        Q(live=True) | Q(booking__state=BookingState.CONFLICT),
        organization_id=members[0].organization_id,
        member_id__in=[member.id for member in members],
        ends__gt=window.starts - _WEEK - _DAY,
        starts__lt=window.ends + _WEEK + _DAY,
    ).values_list("booking_id", "member_id", "starts", "ends", "live"):
        if booking not in without:
            found.setdefault(member, []).append((starts, ends, bool(live)))
    return found


async def _exceptions(members: list[Member], window: Span) -> dict[int, Dates]:
    first, last = _dates(window)
    found: dict[int, Dates] = {}
    for member, day, windows in await HoursException.filter(
        organization_id=members[0].organization_id,
        member_id__in=[member.id for member in members],
        date__gte=first.isoformat(),
        date__lte=last.isoformat(),
    ).values_list("member_id", "date", "windows"):
        found.setdefault(member, {})[date.fromisoformat(day)] = windows
    return found


async def _holidays(circle: Circle, window: Span) -> frozenset[date]:
    first, last = _dates(window)
    rows = await Holiday.filter(
        organization_id=circle.organization.id,
        date__gte=first.isoformat(),
        date__lte=last.isoformat(),
    ).values_list("date", flat=True)
    return frozenset(date.fromisoformat(str(day)) for day in rows)


def _dates(window: Span) -> tuple[date, date]:
    """Every date that the window can have anywhere on earth."""
    return window.start.date() - timedelta(days=2), window.end.date() + timedelta(days=2)


def _own(
    member: Member,
    window: Span,
    *,
    policy: Policy,
    exceptions: Dates,
    holidays: frozenset[date],
    seats: list[tuple[int, int, bool]],
) -> Own:
    week, where = week_from_json(member.weekly_hours), zone(member.zone)
    others = {day: windows_from_json(windows) for day, windows in exceptions.items()}
    hours = Hours(week, others, holidays, zone=where).spans(window)
    weekly = Hours(week, zone=where).spans(window)
    away = holidays | {day for day, windows in others.items() if not windows}
    days = Spans.of(
        (midnight(day.toordinal(), where), midnight(day.toordinal() + 1, where)) for day in away
    )
    taken = Spans.of((starts, ends) for starts, ends, live in seats if live)
    return Own(
        hours=hours,
        weekly=weekly,
        closed=((weekly - hours) | days).within(window.starts, window.ends),
        seats=taken.within(window.starts, window.ends),
        begun=tuple(starts for starts, _, _ in seats),
        blocked=blocked(taken, policy),
        capped=capped((starts for starts, _, _ in seats), policy, where),
    )


def _nothing_in_common(members: list[Member], window: Span) -> bool:
    """Say whether the weeks of these people never meet, in any week that the window touches."""
    whole = Span.of(window.starts, max(window.ends, window.starts + _WEEK + _DAY))
    weeks = (
        Hours(week_from_json(member.weekly_hours), zone=zone(member.zone)).spans(whole)
        for member in members
    )
    return not _all(weeks)
