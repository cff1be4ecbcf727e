"""What screens read, many at a time: one statement a question, bound to who asks.

Permission is part of the statement, so that what is foreign, missing or forbidden is not found by
the same work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from tortoise.expressions import F, Q, RawSQL, Subquery
from tortoise.functions import Count
from tortoise.models import Model
from tortoise.queryset import QuerySet

from together.domain.policy import Policy
from together.services.people.looked_after import looks_after_programs, matches_of, people_of
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    STANDING,
    Booking,
    BookingState,
    Holiday,
    HoursException,
    Match,
    MatchState,
    Member,
    Organization,
    Participant,
    Role,
    Seat,
)
from together.store.scope import Scope

Key = tuple[int | str, ...]


class Asked(Protocol):
    """A part of a list: one more row is read than `size`, to know whether there is more."""

    @property
    def size(self) -> int: ...
    @property
    def backward(self) -> bool: ...
    @property
    def after(self) -> Key | None: ...
    @property
    def before(self) -> Key | None: ...


def administers(viewer: Viewer) -> bool:
    """Whether the viewer sees who is in the organization, and who is matched."""
    return viewer.role is Role.ORG_ADMIN


def _mine(viewer: Viewer) -> QuerySet[Participant]:
    return Scope(viewer.organization_id)(Participant).filter(member_id=viewer.member_id)


async def members(viewer: Viewer, *, uids: Sequence[str]) -> Sequence[Member]:
    """Find members by uid: the viewer, those they are matched with, or all for an administrator.

    Whoever looks after a program finds those who are in its matches, too, and who shares the work.
    """
    rows = Scope(viewer.organization_id)(Member).filter(uid__in=uids)
    if not administers(viewer):
        shared = Participant.filter(match_id__in=Subquery(_mine(viewer).values("match_id")))
        seen = Q(id=viewer.member_id) | Q(id__in=Subquery(shared.values("member_id")))
        if looks_after_programs(viewer):
            matched, colleagues = people_of(viewer)
            seen |= Q(id__in=matched) | Q(id__in=colleagues)
        rows = rows.filter(seen)
    return await rows


async def members_by_id(viewer: Viewer, ids: Sequence[int]) -> Sequence[Member]:
    """Find members whom a row that the viewer sees points to."""
    return await Scope(viewer.organization_id).some(Member, ids)


async def companions(viewer: Viewer, ids: Sequence[int]) -> dict[int, bool]:
    """Say which of these members are in a match with the viewer, or are the viewer."""
    rows = await (
        Scope(viewer.organization_id)(Participant)
        .filter(member_id__in=ids, match_id__in=Subquery(_mine(viewer).values("match_id")))
        .values_list("member_id", flat=True)
    )
    return dict.fromkeys([viewer.member_id, *map(int, rows)], True)  # type: ignore[arg-type]


async def organizations(viewer: Viewer, *, uids: Sequence[str]) -> Sequence[Organization]:
    """Find the viewer's own organization, for its administrators."""
    if not administers(viewer):
        return []
    return await Scope(viewer.organization_id)(Organization).filter(uid__in=uids)


async def matches(viewer: Viewer, *, uids: Sequence[str]) -> Sequence[Match]:
    rows = Scope(viewer.organization_id)(Match).filter(uid__in=uids)
    if not administers(viewer):
        seen = Q(id__in=Subquery(_mine(viewer).values("match_id")))
        if looks_after_programs(viewer):
            seen |= Q(id__in=matches_of(viewer))
        rows = rows.filter(seen)
    return await rows


async def matches_by_id(viewer: Viewer, ids: Sequence[int]) -> Sequence[Match]:
    return await Scope(viewer.organization_id).some(Match, ids)


async def bookings(viewer: Viewer, *, uids: Sequence[str]) -> Sequence[Booking]:
    """Find sessions of the viewer's matches, from the day they joined on."""
    return await seen_bookings(viewer).filter(uid__in=uids)


def seen_bookings(viewer: Viewer) -> QuerySet[Booking]:
    """Select the sessions of the viewer's matches, from the day they joined on."""
    joined = RawSQL(
        "(SELECT seen.joined_at FROM participant AS seen "  # noqa: S608  (an integer of ours)
        'WHERE seen.match_id = "booking"."match_id" '
        f"AND seen.member_id = {int(viewer.member_id)})"
    )
    rows = Scope(viewer.organization_id)(Booking).annotate(joined=joined)
    return rows.filter(joined__lte=F("starts"))


async def themselves(viewer: Viewer, *, uids: Sequence[str]) -> Sequence[Member]:
    """Find the viewer, where it is the viewer who is named."""
    return await Scope(viewer.organization_id)(Member).filter(uid__in=uids, id=viewer.member_id)


async def partner_ids(viewer: Viewer) -> list[int]:
    """List who is in an active match with the viewer, in which nobody has left."""
    scope = Scope(viewer.organization_id)
    left = scope(Participant).filter(member__active=False).values("match_id")
    rows = await (
        scope(Participant)
        .filter(match_id__in=Subquery(_mine(viewer).values("match_id")))
        .filter(match__state=MatchState.ACTIVE, match_id__not_in=Subquery(left))
        .values_list("member_id", flat=True)
    )
    return sorted({int(str(row)) for row in rows} - {viewer.member_id})


async def participants(viewer: Viewer, match_ids: Sequence[int]) -> dict[int, list[Participant]]:
    rows = await (
        Scope(viewer.organization_id)(Participant)
        .filter(match_id__in=match_ids)
        .order_by("member_id")
    )
    return grouped(rows, "match_id")


async def own_matches(viewer: Viewer, asked: Asked) -> Sequence[Match]:
    """List the viewer's matches, the newest first."""
    rows = Scope(viewer.organization_id)(Match).filter(
        id__in=Subquery(_mine(viewer).values("match_id"))
    )
    return await part(rows, asked, columns=("created_at", "uid"), falling=True)


async def all_matches(viewer: Viewer, asked: Asked) -> Sequence[Match]:
    """List the organization's matches, the newest first."""
    rows = Scope(viewer.organization_id)(Match)
    return await part(rows, asked, columns=("created_at", "uid"), falling=True)


async def all_members(viewer: Viewer, asked: Asked) -> Sequence[Member]:
    """List the organization's members by address."""
    rows = Scope(viewer.organization_id)(Member)
    return await part(rows, asked, columns=("email_key",), falling=False)


@dataclass(frozen=True, slots=True)
class Which:
    """Which sessions of a match are meant."""

    ends_after: int | None = None
    starts_before: int | None = None
    state: BookingState | None = None


async def bookings_of(
    viewer: Viewer, match_id: int, asked: Asked, *, which: Which
) -> Sequence[Booking]:
    """List the sessions of one match by start, from anywhere in the list."""
    rows = seen_bookings(viewer).filter(match_id=match_id).exclude(_taken_back())
    if which.ends_after is not None:
        rows = rows.filter(ends__gt=which.ends_after)
    if which.starts_before is not None:
        rows = rows.filter(starts__lt=which.starts_before)
    if which.state is not None:
        rows = rows.filter(state=which.state)
    return await part(rows, asked, columns=("starts", "uid"), falling=False)


def _taken_back() -> Q:
    """Select what was logged by mistake: it stays where its id leads, and is in no list."""
    return Q(logged=True, state=BookingState.CANCELLED)


async def first_bookings(
    viewer: Viewer, match_ids: Sequence[int], asked: Asked, *, which: Which
) -> dict[int, list[Booking]]:
    """List the beginning (or the end) of the sessions of many matches, in one statement."""
    conditions = [
        f"b.organization_id = {int(viewer.organization_id)}",
        f"b.match_id IN ({', '.join(str(int(match)) for match in match_ids)})",
        f"NOT (b.logged AND b.state = '{BookingState.CANCELLED.value}')",
    ]
    if which.ends_after is not None:
        conditions.append(f"b.ends > {int(which.ends_after)}")
    if which.starts_before is not None:
        conditions.append(f"b.starts < {int(which.starts_before)}")
    if which.state is not None:
        conditions.append(f"b.state = '{which.state.value}'")
    order = "DESC" if asked.backward else "ASC"
    # Nothing but integers of ours and words of this file is in the text.
    rows: Any = await Booking.raw(
        "SELECT * FROM (SELECT b.*, ROW_NUMBER() OVER "  # noqa: S608
        f"(PARTITION BY b.match_id ORDER BY b.starts {order}, b.uid {order}) AS nth "
        "FROM booking AS b JOIN participant AS seen ON seen.match_id = b.match_id "
        f"AND seen.member_id = {int(viewer.member_id)} AND seen.joined_at <= b.starts "
        f"WHERE {' AND '.join(conditions)}) AS ranked "
        f"WHERE nth <= {int(asked.size) + 1} ORDER BY match_id, nth"
    )
    return grouped(rows, "match_id")


async def seats(viewer: Viewer, booking_ids: Sequence[int]) -> dict[int, list[Seat]]:
    rows = Scope(viewer.organization_id)(Seat).filter(booking_id__in=booking_ids)
    return grouped(await rows.order_by("member_id"), "booking_id")


async def held(viewer: Viewer, match_ids: Sequence[int], *, now: int) -> dict[int, int]:
    """Match → how many of its sessions have taken place."""
    rows = await (
        Scope(viewer.organization_id)(Booking)
        .filter(match_id__in=match_ids, state__in=STANDING, ends__lte=now)
        .annotate(many=Count("id"))
        .group_by("match_id")
        .values_list("match_id", "many")
    )
    return dict(rows)


async def exceptions(viewer: Viewer, member_ids: Sequence[int]) -> dict[int, list[HoursException]]:
    """List the dates with other hours."""
    rows = Scope(viewer.organization_id)(HoursException).filter(member_id__in=member_ids)
    return grouped(await rows.order_by("date"), "member_id")


async def holidays(viewer: Viewer) -> Sequence[Holiday]:
    return await Scope(viewer.organization_id)(Holiday).all().order_by("date")


async def policy(viewer: Viewer) -> Policy:
    """Read the rules of the viewer's organization."""
    return Policy.of((await own_organization(viewer)).policy)


async def own_organization(viewer: Viewer) -> Organization:
    return await Organization.get(id=viewer.organization_id)


M = TypeVar("M", bound=Model)


async def part(
    rows: QuerySet[M], asked: Asked, *, columns: tuple[str, ...], falling: bool
) -> Sequence[M]:
    """Read the rows after (and before) the given places, nearest first, and one more."""
    if asked.after is not None:
        rows = rows.filter(_beyond(columns, asked.after, up=not falling))
    if asked.before is not None:
        rows = rows.filter(_beyond(columns, asked.before, up=falling))
    sign = "-" if falling is not asked.backward else ""
    return await rows.order_by(*(sign + column for column in columns)).limit(asked.size + 1)


def _beyond(columns: tuple[str, ...], key: Key, *, up: bool) -> Q:
    """Compare rows as tuples: the first column decides, a tie goes to the next."""
    first, *others = columns
    farther: dict[str, Any] = {f"{first}__{'gt' if up else 'lt'}": key[0]}
    if not others:
        return Q(**farther)
    same: dict[str, Any] = {first: key[0]}
    return Q(**farther) | Q(Q(**same), _beyond(tuple(others), key[1:], up=up))


def grouped(rows: Sequence[Any], by: str) -> dict[int, list[Any]]:
    """Put rows together by a column."""
    grouped: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[getattr(row, by)].append(row)
    return dict(grouped)
