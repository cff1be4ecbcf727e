"""What the contract kit stands on: a sandbox behind a wire, a consent, one person's calendars."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

import httpx
import pytest

from together.providers import (
    Access,
    CalendarProvider,
    Calendars,
    Event,
    EventDraft,
    Grant,
    ProviderError,
    Sandbox,
    SandboxPerson,
    Span,
    Spans,
)
from together.providers.signing import signed_client
from together.testing.hands import SignIn, mounted, now
from together.testing.wire import Reply, Wire

ADA = SandboxPerson("ada@saltmarsh.example.org", "Ada Lindqvist", "Europe/Stockholm")
BEN = "Ben@saltmarsh.example.org"
HOUR = timedelta(hours=1)


@dataclass
class Desk:
    """One person's calendars in the hands of a provider, and all that passes on the wire."""

    provider: CalendarProvider
    wire: Wire
    web: httpx.AsyncClient
    grant: Grant
    renewals: list[Grant] = field(default_factory=list)
    answers: list[httpx.Response] = field(default_factory=list)
    """Replies as the provider sees them."""
    http: httpx.AsyncClient = field(init=False)
    calendars: Calendars = field(init=False)

    def __post_init__(self) -> None:
        self.http = signed_client(
            self.wire,
            origins=self.provider.origins,
            grant=self._current,
            renew=self._renew,
            now=now,
        )
        self.http.event_hooks = {"response": [self._seen]}
        capabilities = self.provider.oauth.capabilities(self.grant.scopes)
        self.calendars = self.provider.open(Access(http=self.http, capabilities=capabilities))

    async def home(self) -> str:
        """Give the calendar that the tests write to."""
        return next(c.id for c in await self.calendars.list() if c.writable)

    async def quiet_day(self, home: str) -> datetime:
        """Give the midnight that a day begins with on which nothing is in the calendar yet."""
        midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
        for ahead in range(30, 60):
            day = midnight + timedelta(days=ahead)
            reading = await self.calendars.busy([home], Span(day, day + 24 * HOUR))
            if reading.busy == Spans() and not reading.unread:
                return day
        raise AssertionError("the sandbox has no free day in the second month from now")

    async def _current(self) -> Grant:
        return self.grant

    async def _renew(self, stale: Grant) -> Grant:
        self.renewals.append(stale)
        self.grant = await self.provider.oauth.refresh(self.web, stale, now=now())
        return self.grant

    async def _seen(self, response: httpx.Response) -> None:
        self.answers.append(response)


@dataclass(frozen=True)
class Day:
    """A day with nothing in it yet, in the calendar that the tests write to."""

    calendars: Calendars
    home: str
    midnight: datetime

    def hours(self, start: float, end: float) -> Span:
        return Span(self.midnight + start * HOUR, self.midnight + end * HOUR)

    def draft(self, start: float, end: float, *, key: str = "a1", **more: object) -> EventDraft:
        key = (key * 32)[:32]
        span = self.hours(start, end)
        return EventDraft(key, self.home, span, "Mentoring session", **more)  # type: ignore[arg-type]

    async def busy(self, start: float = 0, end: float = 24) -> Spans:
        reading = await self.calendars.busy([self.home], self.hours(start, end))
        assert not reading.unread, "the calendar could not be read"
        return reading.busy

    async def call(self, name: str, event: Event) -> object:
        """Do what a method of `Calendars` does, by its name."""
        match name:
            case "busy":
                return await self.calendars.busy([self.home], self.hours(0, 24))
            case "create":
                return await self.calendars.create(self.draft(15, 16, key="b2"))
            case "update":
                return await self.calendars.update(event, self.draft(11, 12))
            case "cancel" | "read":
                return await getattr(self.calendars, name)(event)
        return await getattr(self.calendars, name)()


class ContractFixtures:
    """What a plugin gives: its sandbox, its provider, and recorded refusals."""

    pytestmark = pytest.mark.anyio

    refusals: ClassVar[Mapping[type[ProviderError], Reply | Sequence[Reply]]]

    @pytest.fixture
    def sandbox(self) -> Sandbox:
        raise NotImplementedError("give a fresh sandbox of your service")

    @pytest.fixture
    def provider(self, sandbox: Sandbox) -> CalendarProvider:
        raise NotImplementedError("give the provider, made with sandbox.settings(BASE_URL)")

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.fixture
    def wire(self, sandbox: Sandbox) -> Wire:
        sandbox.populate([ADA])
        return Wire(mounted(sandbox))

    @pytest.fixture
    async def web(self, wire: Wire) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client that signs nothing and that the wire does not disturb."""
        async with httpx.AsyncClient(transport=wire._inner, trust_env=False) as http:
            yield http

    async def sign_in(
        self, provider: CalendarProvider, sandbox: Sandbox, web: httpx.AsyncClient
    ) -> SignIn:
        """Walk through a consent up to the code."""
        return await SignIn.walked(
            provider, web, ADA.email, lambda url: sandbox.allow(web, url, ADA.email)
        )

    @pytest.fixture
    async def desk(
        self, provider: CalendarProvider, sandbox: Sandbox, wire: Wire, web: httpx.AsyncClient
    ) -> AsyncIterator[Desk]:
        signed_in = await self.sign_in(provider, sandbox, web)
        desk = Desk(provider, wire, web, await signed_in.grant())
        async with desk.http:
            yield desk

    @pytest.fixture
    async def day(self, desk: Desk) -> Day:
        home = await desk.home()
        return Day(desk.calendars, home, await desk.quiet_day(home))


def recorded(
    refusals: Mapping[type[ProviderError], Reply | Sequence[Reply]],
) -> list[tuple[type[ProviderError], Reply]]:
    """Give each recorded refusal with what it must become."""
    return [
        (kind, reply)
        for kind, replies in refusals.items()
        for reply in (replies if isinstance(replies, Sequence) else [replies])
    ]


def overridden(mine: type, contract: type) -> list[str]:
    """Name the tests that a plugin's class replaced, without marking them xfail with a reason."""
    names = [name for name in dir(contract) if name.startswith("test_")]
    changed = [name for name in names if getattr(mine, name, None) is not getattr(contract, name)]
    return [name for name in changed if not _excused(getattr(mine, name, None))]


def _excused(test: object) -> bool:
    marks = getattr(test, "pytestmark", [])
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)
