"""Makes Together the organizer of sessions whose event stood in a calendar that is gone, for good.

Everybody in such a session is written to, also who has a calendar of their own: the service takes
the event away and tells its guests so, and an event that appeared in silence beside that would
leave them believing that the session is off.  What had been written is taken away by a job, with
its guests told, because a service that tells nobody leaves the event in calendars of other kinds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.expressions import F, Q, Subquery
from tortoise.queryset import QuerySet

from together.services.outbox.handed_links import without_their_links
from together.store.clock import database_now
from together.store.models import (
    STANDING,
    Booking,
    CalendarEvent,
    Integration,
    Invitation,
    Job,
    JobKind,
    JobState,
    LeftEvent,
    Seat,
)

BATCH = 100
"""Sessions that are handed over in one transaction, of those that nobody waits for."""

_WRITING = (JobKind.WRITE_EVENT, JobKind.POLL_MEETING, JobKind.REVISE_EVENT)

_AHEAD: dict[str, Any] = {"booking__state__in": STANDING, "booking__done_at": None}


async def of_calendar(integration: Integration, *, after: int) -> int:
    """Hand over what is not over `after` and stands, or was to be written, in one calendar.

    Belongs into the transaction that takes it out of use and holds its row.  Says how many of the
    sessions are Together's from now on.
    """
    mine = {"organization_id": integration.organization_id, "integration_id": integration.id}
    going = CalendarEvent.filter(**mine, **_AHEAD, booking__ends__gt=after)
    return await _hand_over(integration.organization_id, await _sessions(going), going)


async def of_organization(organization_id: int, *, after: int) -> bool:
    """Do the same for some of what stands in calendars that are not connected any more.

    Belongs into a transaction.  What is left to do is found, and not remembered; False once there
    is nothing.
    """
    there = Integration.filter(organization_id=organization_id).values("id")
    going = CalendarEvent.filter(
        organization_id=organization_id,
        integration_id__not_in=Subquery(there),
        booking__ends__gt=after,
        **_AHEAD,
    )
    sessions = await _sessions(going, most=BATCH)
    await _hand_over(organization_id, sessions, going)
    return bool(sessions)


async def counted(organization_id: int, connections: QuerySet[Integration], *, after: int) -> int:
    """Say how many sessions would be handed over if these calendars went."""
    mailed = Invitation.filter(organization_id=organization_id, mailed=True).values("booking_id")
    return await Booking.filter(
        organization_id=organization_id,
        state__in=STANDING,
        done_at=None,
        ends__gt=after,
        id__in=Subquery(
            CalendarEvent.filter(
                organization_id=organization_id,
                integration_id__in=Subquery(connections.values("id")),
            ).values("booking_id")
        ),
        id__not_in=Subquery(mailed),  # these are Together's already
    ).count()


async def _sessions(going: QuerySet[CalendarEvent], most: int | None = None) -> list[int]:
    some = going.order_by("booking_id").distinct()
    ids: Any = await (some if most is None else some.limit(most)).values_list(
        "booking_id", flat=True
    )
    return sorted(set(ids))


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Sessions whose rows are held, with what is going, and who is in them."""

    organization_id: int
    going: Sequence[CalendarEvent]
    handed: frozenset[int]
    """Those whose organizer's event is going."""
    people: Collection[tuple[int, int]]
    """Session and member, of who is in it and has not left."""
    invited: frozenset[tuple[int, int]]
    holding: frozenset[tuple[int, int]]
    """Who has an event of their own in a calendar that stays."""
    at: int

    @property
    def ids(self) -> list[int]:
        return sorted({row.booking_id for row in self.going})

    @property
    def mine(self) -> dict[str, Any]:
        return {"organization_id": self.organization_id, "booking_id__in": self.ids}

    @property
    def there(self) -> list[int]:
        """Whose calendars are going."""
        return sorted({row.integration_id for row in self.going})


async def _hand_over(
    organization_id: int, ids: Sequence[int], going: QuerySet[CalendarEvent]
) -> int:
    if not ids:
        return 0
    # Whoever notes what was written, moves or cancels holds the session's row.
    await (
        Booking.filter(organization_id=organization_id, id__in=ids)
        .order_by("id")
        .select_for_update()
    )
    rows = await going.filter(booking_id__in=ids).order_by("id")
    if not rows:
        return 0
    found = await _found(organization_id, rows)
    made = await _leave(found)
    await _invite(found, made)
    await without_their_links(organization_id, found.handed, at=found.at)
    return len(found.handed)


async def _found(organization_id: int, going: Sequence[CalendarEvent]) -> _Sessions:
    mine: dict[str, Any] = {
        "organization_id": organization_id,
        "booking_id__in": sorted({row.booking_id for row in going}),
    }
    bookers = {
        booking.id: booking.booked_by_id
        for booking in await Booking.filter(
            organization_id=organization_id, id__in=mine["booking_id__in"]
        )
    }
    invited = frozenset(await _pairs(Invitation.filter(**mine)))
    events = await CalendarEvent.filter(**mine).order_by("-id")
    first = {row.booking_id: row.id for row in events}
    leaving = {row.id for row in going}
    staying = {row.integration_id for row in events if row.id not in leaving}
    holders = {
        row.id: row.member_id
        for row in await Integration.filter(organization_id=organization_id, id__in=sorted(staying))
    }
    return _Sessions(
        organization_id,
        going,
        # Where a calendar invites, its event came first, and its owner is invited by nobody.
        handed=frozenset(
            booking for booking, booker in bookers.items()
            if first[booking] in leaving and (booking, booker) not in invited
        ),
        people=await _pairs(Seat.filter(**mine, member__active=True)),
        invited=invited,
        holding=frozenset(
            (row.booking_id, holders[row.integration_id])
            for row in events
            if row.id not in leaving and row.integration_id in holders
        ),
        at=await database_now(),
    )  # fmt: skip


async def _pairs(rows: QuerySet[Any]) -> list[tuple[int, int]]:
    found: Any = await rows.order_by("booking_id", "member_id").values_list(
        "booking_id", "member_id"
    )
    return [(int(booking), int(member)) for booking, member in found]


async def _leave(found: _Sessions) -> frozenset[int]:
    """Have taken away what may stand there; say of which sessions that is something.

    Of a job that is being carried out just now nothing is ended: it finds that its event is not
    wanted there any more, and until then nothing is taken away.
    """
    concerned = Job.filter(**found.mine, integration_id__in=found.there)
    tried: Any = await concerned.filter(
        kind=JobKind.WRITE_EVENT, attempts__gt=0
    ).values_list("booking_id", "integration_id")  # fmt: skip
    begun = {(booking, calendar) for booking, calendar in tried}
    left = [
        row
        for row in found.going
        if row.event_id is not None or (row.booking_id, row.integration_id) in begun
    ]
    await LeftEvent.bulk_create(
        LeftEvent(
            organization_id=found.organization_id,
            booking_id=row.booking_id,
            integration_id=row.integration_id,
            account_hash=row.account_hash,
            calendar_id=row.calendar_id,
            event_id=row.event_id,
        )
        for row in left
    )
    await CalendarEvent.filter(
        organization_id=found.organization_id, id__in=[row.id for row in found.going]
    ).delete()
    await concerned.filter(
        Q(leased_until=None) | Q(leased_until__lte=found.at),
        kind__in=_WRITING,
        state__in=[JobState.WAITING, JobState.PARKED],
    ).update(state=JobState.DONE, reason=None, leased_until=None)
    await Job.bulk_create(
        Job(
            organization_id=found.organization_id,
            kind=JobKind.WITHDRAW_EVENT,
            booking_id=row.booking_id,
            integration_id=row.integration_id,
            due_at=found.at,
            created_at=found.at,
        )
        for row in left
    )
    return frozenset(row.booking_id for row in left)


async def _invite(found: _Sessions, made: Collection[int]) -> None:
    """Invite by mail whom the calendar had invited, whoever held the event, and no one twice."""
    mine = {"organization_id": found.organization_id}
    by_calendar = Invitation.filter(**mine, booking_id__in=sorted(found.handed), mailed=False)
    writing = sorted({int(row.id) for row in await by_calendar})
    await by_calendar.filter(booking_id__in=sorted(found.handed & frozenset(made))).update(
        replaces=True
    )
    await by_calendar.update(mailed=True, sent=None, tried=None, printed=False)
    lacking = [
        pair
        for pair in found.people
        if pair not in found.invited and (pair[0] in found.handed or pair not in found.holding)
    ]
    await Invitation.bulk_create(
        Invitation(
            **mine, booking_id=booking, member_id=member, mailed=True, replaces=booking in made
        )
        for booking, member in lacking
    )
    await Booking.filter(**mine, id__in=sorted(found.handed)).update(sequence=F("sequence") + 1)
    ids = set(writing) | await _ids_of(found, lacking)
    sessions: Any = await Invitation.filter(**mine, id__in=sorted(ids)).order_by("id").values_list(
        "id", "booking_id"
    )  # fmt: skip
    await Job.bulk_create(
        Job(
            **mine,
            kind=JobKind.INVITE,
            booking_id=booking,
            generation=row,
            due_at=found.at,
            created_at=found.at,
        )
        for row, booking in sessions
    )


async def _ids_of(found: _Sessions, pairs: Iterable[tuple[int, int]]) -> set[int]:
    """Rows written many at a time do not say what their ids are."""
    wanted = set(pairs)
    return {
        int(row.id)
        for row in await Invitation.filter(**found.mine)
        if (row.booking_id, row.member_id) in wanted
    }


async def forget(*, now: int) -> int:
    """Forget what stood in calendars for sessions that are over: nobody takes it away any more."""
    over = Job.filter(
        kind=JobKind.WITHDRAW_EVENT, state=JobState.PARKED, booking__ends__lt=now
    )  # fmt: skip
    gone = await Job.filter(id__in=Subquery(over.values("id"))).delete()
    past = LeftEvent.filter(booking__ends__lt=now).values("id")
    return int(gone) + int(await LeftEvent.filter(id__in=Subquery(past)).delete())
