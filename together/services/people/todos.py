"""What a member has to do: derived from how things stand, so it is never left over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from together.providers.registry import Registry
from together.providers.values import Answer
from together.services.connections.integrations import can_reconnect, reason_in_words
from together.services.connections.offering import looks_after_integrations, offered
from together.services.organization import delegation_state, owner_letters
from together.services.organization.video_refusals import no_links
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    STANDING,
    Booking,
    BookingState,
    DelegationState,
    Integration,
    IntegrationState,
    Match,
    MatchState,
    OrganizationVideo,
    Participant,
    Seat,
)
from together.store.scope import Scope


class TodoKind(StrEnum):
    RECONNECT_CALENDAR = "RECONNECT_CALENDAR"
    RESOLVE_CONFLICT = "RESOLVE_CONFLICT"
    BOOK_NEXT_SESSION = "BOOK_NEXT_SESSION"
    RESPOND_TO_SESSION = "RESPOND_TO_SESSION"
    FIX_ORGANIZATION_INTEGRATION = "FIX_ORGANIZATION_INTEGRATION"


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do; `integration`, `match` or `booking` says about what."""

    kind: TodoKind
    since: int
    """Epoch seconds."""
    integration: Integration | None = None
    reason: str | None = None
    """In plain words."""
    match: Match | None = None
    booking: Booking | None = None
    overlaps: tuple[Booking, ...] = ()
    """Of RESOLVE_CONFLICT: the viewer's other sessions that the disputed one meets."""
    provider: str | None = None
    """Slug, where it is about no integration of the viewer's own."""


class Todos:
    """Reads the list of whoever asks, in seven statements at most, however long it is."""

    def __init__(self, registry: Registry, clock: Callable[[], int]) -> None:
        self._registry, self._clock = registry, clock

    async def of(self, viewer: Viewer) -> list[Todo]:
        """List what the viewer has to do, the organization's integration and calendar first."""
        return [
            *await self._organization(viewer),
            *await self._calendar(viewer),
            *await self._conflicts(viewer),
            *await self._answers(viewer),
            *await self._sessions(viewer),
        ]

    async def _organization(self, viewer: Viewer) -> list[Todo]:
        if not looks_after_integrations(viewer):
            return []
        kind, todos = TodoKind.FIX_ORGANIZATION_INTEGRATION, []
        row = await delegation_state.managing(viewer.organization_id)
        if row is not None and row.state is DelegationState.FAILING:
            why = owner_letters.why(row)
            todos.append(Todo(kind, row.since, reason=why, provider=row.provider))
        video = await Scope(viewer.organization_id)(OrganizationVideo).first()
        if video is not None and (why := no_links(video)) is not None:
            todos.append(Todo(kind, video.since, reason=why))
        return todos

    async def _calendar(self, viewer: Viewer) -> list[Todo]:
        integration = await Scope(viewer.organization_id)(Integration).get_or_none(
            member_id=viewer.member_id, state=IntegrationState.NEEDS_RECONNECT
        )
        if integration is None or not can_reconnect(integration, self._registry):
            return []  # nobody is asked for what cannot be done
        offer = await offered(viewer.organization_id)
        if not offer.allows(integration.provider):
            return []  # nobody is asked for what they are not offered
        return [
            Todo(
                TodoKind.RECONNECT_CALENDAR,
                integration.since,
                integration=integration,
                reason=reason_in_words(integration),
            )
        ]

    async def _conflicts(self, viewer: Viewer) -> list[Todo]:
        """Name each disputed session ahead that meets another one of the viewer's own.

        Where it meets one of somebody else's, that is theirs to resolve, and to know.
        """
        mine = Scope(viewer.organization_id)(Seat).filter(member_id=viewer.member_id)
        disputed = await (
            mine.filter(
                booking__state=BookingState.CONFLICT,
                booking__ends__gt=self._clock(),
                booking__match__state=MatchState.ACTIVE,
            )
            .select_related("booking")
            .order_by("starts", "id")
        )
        if not disputed:
            return []
        met = await (
            mine.filter(
                live=True,
                starts__lt=max(seat.ends for seat in disputed),
                ends__gt=min(seat.starts for seat in disputed),
            )
            .select_related("booking")
            .order_by("starts", "id")
        )
        todos = []
        for seat in disputed:
            booking: Any = seat.booking
            others: list[Any] = [
                each.booking for each in met if each.starts < seat.ends and each.ends > seat.starts
            ]
            if others:
                since = booking.disputed_at or booking.created_at
                kind = TodoKind.RESOLVE_CONFLICT
                todos.append(Todo(kind, since, booking=booking, overlaps=tuple(others)))
        return todos

    async def _answers(self, viewer: Viewer) -> list[Todo]:
        """Ask for an answer to each session ahead that can still be answered, the next first."""
        seats = await (
            Scope(viewer.organization_id)(Seat)
            .filter(
                member_id=viewer.member_id,
                answer=Answer.NEEDS_ACTION.value,
                starts__gt=self._clock(),
                booking__state__in=STANDING,
                booking__match__state=MatchState.ACTIVE,
            )
            .select_related("booking")
            .order_by("starts", "id")
        )
        bookings: list[Any] = [seat.booking for seat in seats]
        return [
            Todo(TodoKind.RESPOND_TO_SESSION, each.created_at, booking=each) for each in bookings
        ]

    async def _sessions(self, viewer: Viewer) -> list[Todo]:
        scope, now = Scope(viewer.organization_id), self._clock()
        mine = (
            await scope(Participant)
            .filter(member_id=viewer.member_id, match__state=MatchState.ACTIVE)
            .select_related("match")
            .order_by("match_id")
        )
        ids = [row.match_id for row in mine]
        if not ids:
            return []
        # A match with somebody who has left is closed, and nothing can be booked for it.
        closed = set(
            await scope(Participant)
            .filter(match_id__in=ids, member__active=False)
            .values_list("match_id", flat=True)
        )
        ahead = set(
            await scope(Booking)
            .filter(match_id__in=ids, state__in=STANDING, ends__gt=now)
            .values_list("match_id", flat=True)
        )
        todos = []
        for row in mine:
            match: Any = row.match
            if match.id not in closed and match.id not in ahead:
                todos.append(Todo(TodoKind.BOOK_NEXT_SESSION, row.joined_at, match=match))
        return todos
