"""The contract: what has changed in a calendar is told when asked for, and by itself if watched."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar

import httpx
import pytest

from together.providers import (
    CalendarProvider,
    Changes,
    CursorExpired,
    Event,
    Gone,
    Notice,
    ProviderError,
    Refused,
    Sandbox,
)
from together.testing.contract_fixtures import BEN, ContractFixtures, Day, Desk, overridden
from together.testing.hands import now
from together.testing.listening import Ear, Listener, channel
from together.testing.wire import Reply

CURSOR = 4_000
"""Characters of a cursor, at the most."""
ECHO = 1_024
"""Characters of an echo, at the most."""
GARBLED = (
    b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", b'"', b"[" * 100_000, b'{"value": 1}',
    b'{"value": [null, 1, "x", [], {}]}', b'{"value": {"a": "b"}}', b'{"notices": [[{}]]}',
)  # fmt: skip


class ChangesContract(ContractFixtures):
    """Tests of `Calendars.changes` and what follows it, for a provider with `syncs`.

    Beside the fixtures of `CalendarContract` it needs `answer`, `forget` and `small_pages`.
    """

    refusals: ClassVar[Mapping[type[ProviderError], Reply | Sequence[Reply]]] = {}

    @abstractmethod
    def answer(self, sandbox: Sandbox, event: Event, guest: str) -> None:
        """Let a guest accept the invitation to an event of the person at the desk."""

    @abstractmethod
    def forget(self, sandbox: Sandbox) -> None:
        """Let every cursor that was given so far be too old."""

    @abstractmethod
    def small_pages(self, sandbox: Sandbox) -> None:
        """Let there be two changes a page, or few enough that ten need several pages."""

    @pytest.fixture
    async def ear(
        self, sandbox: Sandbox, provider: CalendarProvider, day: Day
    ) -> AsyncIterator[Ear]:
        assert provider.notifications is not None, "it tells nothing by itself"
        listener = Listener(provider.notifications)
        async with httpx.AsyncClient(transport=listener, trust_env=False) as http:
            sandbox.connect(http)
            yield Ear(day, listener)
            await asyncio.sleep(0)

    # Asked for

    async def test_it_says_what_it_needs(self, provider: CalendarProvider, desk: Desk) -> None:
        """A whole consent includes what asking for changes needs."""
        assert provider.syncs is not None
        assert provider.syncs in provider.oauth.capabilities(desk.grant.scopes)

    async def test_from_nothing_no_event_is_named(self, day: Day) -> None:
        """Without a cursor nothing has changed, and there is one to go on from."""
        await day.calendars.create(day.draft(9, 10))
        begun = await _changes(day, None)
        assert begun.event_ids == frozenset()
        assert (await _changes(day, begun.cursor)).event_ids == frozenset()

    async def test_what_is_made_is_named(self, day: Day) -> None:
        """An event that was made is named once, until something changes again."""
        begun = await _changes(day, None)
        event = await day.calendars.create(day.draft(9, 10))
        told = await _changes(day, begun.cursor)
        assert event.id in told.event_ids
        assert (await _changes(day, told.cursor)).event_ids == frozenset()

    async def test_what_changes_is_named(self, sandbox: Sandbox, day: Day) -> None:
        """A move, an answer and a cancellation each name the event again."""
        event = await day.calendars.create(day.draft(9, 10, guests=(BEN,)))

        async def move() -> None:
            await day.calendars.update(event, day.draft(14, 15, guests=(BEN,)))

        async def answer() -> None:
            self.answer(sandbox, event, BEN)

        async def cancel() -> None:
            await day.calendars.cancel(event)

        steps: Sequence[Callable[[], Awaitable[None]]] = (move, answer, cancel)
        for step in steps:
            begun = await _changes(day, None)
            await step()
            told = await _changes(day, begun.cursor)
            assert event.id in told.event_ids, step.__name__
            assert (await _changes(day, told.cursor)).event_ids == frozenset(), step.__name__

    async def test_a_cursor_can_be_asked_with_again(self, day: Day) -> None:
        """Whoever lost what a cursor gave asks with it again, and is told the same."""
        begun = await _changes(day, None)
        event = await day.calendars.create(day.draft(9, 10))
        first, again = await _changes(day, begun.cursor), await _changes(day, begun.cursor)
        assert event.id in first.event_ids
        assert event.id in again.event_ids

    async def test_all_pages_are_read(self, sandbox: Sandbox, desk: Desk, day: Day) -> None:
        """Changes that need several pages are all named, and the cursor comes after the last."""
        self.small_pages(sandbox)
        begun = await _changes(day, None)
        made = [await day.calendars.create(day.draft(at, at + 1, key=f"c{at}")) for at in range(10)]
        before = len(desk.wire.seen)
        told = await _changes(day, begun.cursor)
        assert {event.id for event in made} <= told.event_ids
        assert len(desk.wire.seen) - before > 1, "the pages are not small"
        assert (await _changes(day, told.cursor)).event_ids == frozenset()

    async def test_a_dead_cursor_is_told_apart(self, sandbox: Sandbox, day: Day) -> None:
        """One that is too old is `CursorExpired`, and without one there is a way on."""
        begun = await _changes(day, None)
        self.forget(sandbox)
        with pytest.raises(CursorExpired):
            await _changes(day, begun.cursor)
        anew = await _changes(day, None)
        event = await day.calendars.create(day.draft(9, 10))
        assert event.id in (await _changes(day, anew.cursor)).event_ids

    async def test_a_calendar_that_is_not_there_is_gone(self, day: Day, ear: Ear) -> None:
        """It can be neither asked nor watched."""
        nowhere = "nobody@elsewhere.example"
        with pytest.raises(Gone):
            await day.calendars.changes(nowhere, None)
        with pytest.raises(Refused):
            await day.calendars.watch(nowhere, channel())

    # Told by itself

    async def test_a_change_is_told(self, ear: Ear) -> None:
        """Whoever watches is told of a change, on the channel and with its secret."""
        watch, made = await ear.watched()
        await ear.day.calendars.create(ear.day.draft(9, 10))
        await ear.listener.hears(watch, made.secret)

    async def test_a_watch_ends(self, provider: CalendarProvider, ear: Ear) -> None:
        """It says until when it lives, which is no longer than it is known to."""
        assert provider.notifications is not None
        began = now()
        watch, made = await ear.watched()
        assert began < watch.expires_at <= made.until + timedelta(seconds=1)
        assert watch.expires_at <= now() + provider.notifications.longest

    async def test_an_address_is_asked_first(self, ear: Ear) -> None:
        """Where the service asks whether an address listens, what it is told is short."""
        await ear.watched()
        assert all(0 < len(echo) <= ECHO for echo in ear.listener.echoes)

    async def test_nothing_private_is_told(self, ear: Ear) -> None:
        """What is sent says nothing of what an event is about, where it is, or with whom."""
        await ear.watched()
        await ear.day.calendars.create(ear.day.draft(9, 10, guests=(BEN,), place="Reading room"))
        await ear.listener.until(lambda: bool(ear.listener.came))
        sent = b"".join(
            b"\n".join([body, *(f"{name}: {value}".encode() for name, value in headers.items())])
            for headers, body in ear.listener.came
        )
        for private in ("Mentoring session", "Reading room", BEN, BEN.casefold()):
            assert private.encode() not in sent

    async def test_a_watch_lives_on(self, ear: Ear) -> None:
        """Renewed, on the same channel or on another one, changes go on being told."""
        watch, made = await ear.watched()
        another = channel()
        renewed = await ear.day.calendars.renew(ear.day.home, watch, another)
        same = renewed.id == watch.id
        assert renewed.expires_at >= watch.expires_at - timedelta(seconds=1)
        await ear.day.calendars.create(ear.day.draft(9, 10))
        await ear.listener.hears(renewed, made.secret if same else another.secret)
        if not same:
            # Of the old one nothing is missed before it is ended.
            await ear.listener.hears(watch, made.secret)

    async def test_a_watch_can_be_ended(self, ear: Ear) -> None:
        """Ended, it tells nothing more; ending it twice, or one that never was, is no error."""
        watch, _ = await ear.watched()
        await ear.day.calendars.unwatch(watch)
        await ear.day.calendars.unwatch(watch)
        await ear.day.calendars.create(ear.day.draft(9, 10))
        await asyncio.sleep(0.05)
        assert ear.listener.notices() == []

    async def test_what_is_ended_can_be_watched_again(self, ear: Ear) -> None:
        """Another channel of the same calendar is told of what comes afterwards."""
        watch, _ = await ear.watched()
        await ear.day.calendars.unwatch(watch)
        again, made = await ear.watched()
        await ear.day.calendars.create(ear.day.draft(9, 10))
        await ear.listener.hears(again, made.secret)

    # Read

    async def test_what_is_forged_is_nothing(self, provider: CalendarProvider, ear: Ear) -> None:
        """What is no notification of the service's reads as nothing, and raises nothing."""
        assert provider.notifications is not None
        for body in GARBLED:
            assert [*provider.notifications.read({}, body)] == [], body[:40]
            headers = {"content-type": "application/json", "x": "\x00"}
            assert [*provider.notifications.read(headers, body)] == [], body[:40]

    async def test_what_is_garbled_raises_nothing(
        self, provider: CalendarProvider, ear: Ear
    ) -> None:
        """A notification that was cut, doubled or lost a header is read as notices or as none."""
        assert provider.notifications is not None
        await ear.watched()
        await ear.day.calendars.create(ear.day.draft(9, 10))
        await ear.listener.until(lambda: bool(ear.listener.notices()))
        headers, body = ear.listener.came[-1]
        cut = [(headers, body[:at]) for at in range(0, len(body), 7)]
        bare = [
            ({other: value for other, value in headers.items() if other != name}, body)
            for name in headers
        ]
        odd = [({**headers, name: "\ud800" * 3}, body) for name in headers]
        for garbled in (*cut, *bare, *odd, (headers, body + body)):
            for notice in provider.notifications.read(*garbled):
                assert isinstance(notice, Notice)

    async def test_no_challenge_is_none(self, provider: CalendarProvider) -> None:
        """An address is only echoed to who asks in the service's way."""
        assert provider.notifications is not None
        assert provider.notifications.challenge({}) is None
        assert provider.notifications.challenge({"x": "<script>"}) is None

    def test_the_contract_is_whole(self) -> None:
        """No test of the contract is overridden, unless it is marked xfail with a reason."""
        assert overridden(type(self), ChangesContract) == []


async def _changes(day: Day, cursor: str | None) -> Changes:
    told = await day.calendars.changes(day.home, cursor)
    assert 0 < len(told.cursor) <= CURSOR
    return told
