"""Somebody who listens at the address of a channel, for the contract of watched calendars."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from together.providers import Channel, Notice, NoticeKind, Notifications, Secret, Watch
from together.testing.contract_fixtures import Day
from together.testing.hands import now

ADDRESS = "https://together.example.org/notifications/contract"
WAIT = 2.0
"""Seconds that a notification may take."""


@dataclass
class Listener(httpx.AsyncBaseTransport):
    """Whoever is at the address of a channel: it echoes, and keeps what comes."""

    notifications: Notifications
    came: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    echoes: list[str] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        assert str(request.url).partition("?")[0] == ADDRESS, "it was sent to another address"
        assert request.method == "POST", "a notification is posted"
        echo = self.notifications.challenge(dict(request.url.params))
        if echo is not None:
            self.echoes.append(echo)
            return httpx.Response(200, text=echo)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append((headers, body))
        self._news.set()
        return httpx.Response(202)

    def notices(self) -> list[Notice]:
        return [notice for came in self.came for notice in self.notifications.read(*came)]

    async def hears(self, watch: Watch, secret: Secret) -> None:
        """Wait until a change is told on this watch, with its secret."""
        wanted = Notice(watch.id, secret, NoticeKind.CHANGED, watch.resource)
        await self.until(lambda: wanted in self.notices())

    async def until(self, said: Callable[[], bool]) -> None:
        """Wait until what came says so."""
        async with asyncio.timeout(WAIT):
            while not said():
                self._news.clear()
                await self._news.wait()


@dataclass(frozen=True)
class Ear:
    """A calendar that can be watched, and the address at which its changes are told."""

    day: Day
    listener: Listener

    async def watched(self) -> tuple[Watch, Channel]:
        """Watch the calendar, and let the service say what it says first."""
        made = channel()
        watch = await self.day.calendars.watch(self.day.home, made)
        await asyncio.sleep(0.05)
        self.listener.came.clear()
        return watch, made


def channel() -> Channel:
    """Make a channel, as Together does."""
    return Channel(
        id=secrets.token_hex(16),
        secret=Secret(secrets.token_urlsafe(32)),
        address=ADDRESS,
        until=now() + timedelta(days=6),
    )
