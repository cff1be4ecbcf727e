"""Calendars in memory, opened as `Grants` opens them: no HTTP, no consent, every switch at hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.world import NOW, FakeClock
from together.domain.spans import Span, Spans
from together.providers.contract import Calendars, VideoProvider
from together.providers.errors import AuthorizationExpired, Gone
from together.providers.registry import Registry
from together.providers.values import (
    Account,
    Calendar,
    Capability,
    Event,
    EventDraft,
    Meeting,
    Reading,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import (
    CalendarRow,
    Integration,
    IntegrationState,
    Job,
    Member,
)
from together.testing.memory import MemoryCalendar

ALL = Capability.FREE_BUSY | Capability.EVENTS


class MemoryLinks(VideoProvider):
    """Makes its links with the events of the memory calendar."""

    slug = "memory_meet"
    label = "Memory Meet"
    made_with = "memory"
    join_hosts = frozenset({"meet.example.net"})


REGISTRY = Registry(
    calendars={"memory": MemoryCalendar("https://calendars.memory.example")},
    videos={"memory_meet": MemoryLinks()},
    distributions={"memory": "together"},
)


@dataclass(slots=True)
class Book:
    """What stands in one person's calendar, and what becomes of the next calls."""

    busy: list[tuple[int, int]] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    calendars: list[Calendar] | None = None
    """What the service lists; None is what is stored of it."""
    events: dict[str, EventDraft] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    invited: list[str] = field(default_factory=list)
    """Whom an invitation was sent to."""
    failing: list[Exception | None] = field(default_factory=list)
    """One for each of the next calls; None lets a call through."""
    always: Exception | None = None
    link: str = "https://meet.example.net/abc"
    polls: int = 0
    """How often the link is still pending."""
    fails: int = 0
    """How often making the link fails."""
    asked_again: list[str] = field(default_factory=list)
    """The keys with which links that failed were asked for again."""
    calls: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """Where calls wait, when there is one."""
    after: Exception | None = None
    """Raised once, after the call did its work: the answer that never arrived."""

    async def called(self, what: str) -> None:
        """Wait until this was called."""
        async with asyncio.timeout(10):
            while what not in self.calls:  # noqa: ASYNC110  (calls come from anywhere)
                await asyncio.sleep(0.01)


class Diaries:
    """Everybody's calendars."""

    def __init__(self) -> None:
        self.books: dict[int, Book] = {}
        self.revoked: list[int] = []
        self.revoking: Exception | None = None

    def of(self, member: Member) -> Book:
        return self.books.setdefault(member.id, Book())

    @property
    def calls(self) -> dict[int, list[str]]:
        return {who: book.calls for who, book in self.books.items() if book.calls}

    @asynccontextmanager
    async def open(
        self, integration: Integration, *, writing: bool = False
    ) -> AsyncIterator[Calendars]:
        if integration.state is not IntegrationState.ACTIVE:
            raise AuthorizationExpired
        yield Diary(self.books.setdefault(integration.member_id, Book()), integration)

    @asynccontextmanager
    async def left_behind(
        self, *, organization_id: int, integration_id: int
    ) -> AsyncIterator[Calendars]:
        raise AuthorizationExpired
        yield

    async def revoke(self, job: Job) -> None:
        self.revoked.append(job.id)
        if self.revoking is not None:
            raise self.revoking


class Diary(Calendars):
    """One person's calendars."""

    def __init__(self, book: Book, integration: Integration | None = None) -> None:
        self._book, self._integration = book, integration

    async def _called(self, what: str) -> None:
        book = self._book
        book.calls.append(what)
        if book.gate is not None:
            await book.gate.wait()
        await asyncio.sleep(0)
        error = book.failing.pop(0) if book.failing else book.always
        if error is not None:
            raise error

    async def whoami(self) -> Account:
        return Account("1", "1@example.org")

    async def list(self) -> Sequence[Calendar]:
        if self._book.calendars is not None:
            return self._book.calendars
        if self._integration is None:
            return []
        rows = await CalendarRow.filter(integration_id=self._integration.id, missing_since=None)
        return [
            Calendar(
                row.external_id,
                row.name,
                primary=row.primary,
                writable=row.writable,
                carries_meetings=row.carries_meetings,
            )
            for row in rows
        ]

    async def busy(self, calendar_ids: Sequence[str], window: Span) -> Reading:
        await self._called("busy")
        return Reading(Spans.of(self._book.busy) & Spans([window]), self._book.unread)

    async def create(self, draft: EventDraft) -> Event:
        await self._called("create")
        if draft.key in self._book.cancelled:
            raise Gone
        if draft.key not in self._book.events:
            self._book.events[draft.key] = draft
            self._book.invited += draft.guests
        event = self._event(self._book.events[draft.key])
        await asyncio.sleep(0)
        self._lost()
        return event

    async def update(self, event: Event, draft: EventDraft) -> Event:
        await self._called("update")
        self._book.events[event.id] = draft
        return self._event(draft)

    async def cancel(self, event: Event) -> None:
        await self._called("cancel")
        if self._book.events.pop(event.id, None) is not None:
            self._book.cancelled.add(event.id)
        self._lost()

    async def read(self, event: Event) -> Event:
        await self._called("read")
        if event.id not in self._book.events:
            raise Gone
        return self._event(self._book.events[event.id])

    async def remake_meeting(self, event: Event, *, key: str) -> Event:
        await self._called("remake_meeting")
        self._book.asked_again.append(key)
        if event.id not in self._book.events:
            raise Gone
        self._book.fails -= 1
        return self._event(self._book.events[event.id])

    def _lost(self) -> None:
        if (error := self._book.after) is not None:
            self._book.after = None
            raise error

    def _event(self, draft: EventDraft) -> Event:
        failed = self._book.fails > 0
        pending = draft.wants_meeting and self._book.polls > 0 and not failed
        if pending:
            self._book.polls -= 1
        made = draft.wants_meeting and not pending and not failed
        meeting = Meeting("m", self._book.link) if made else None
        return Event(draft.key, draft.calendar_id, draft.span, meeting, meeting_pending=pending)


async def connect(
    member: Member, *, capabilities: Capability = ALL, email: str | None = None, **fields: Any
) -> Integration:
    """Connect a member's calendar, as a consent would have."""
    given = {
        "provider": "memory",
        "distribution": "together",
        "account_id": f"account-{member.id}",
        "account_email": email or member.email,
        "capabilities": capabilities.value,
        "since": NOW,
        "scopes": "",
    } | fields
    integration = await Integration.create(
        organization_id=member.organization_id, member_id=member.id, **given
    )
    await CalendarRow.create(
        organization_id=member.organization_id,
        integration_id=integration.id,
        external_id=f"calendar-{member.id}",
        name="Calendar",
        primary=True,
        writable=True,
        counts=True,
        receives=True,
        carries_meetings=True,
    )
    return integration


def viewer(member: Member) -> Viewer:
    return Viewer.of(member)


__all__ = ["ALL", "NOW", "REGISTRY", "Book", "Diaries", "FakeClock", "connect", "replace", "viewer"]
