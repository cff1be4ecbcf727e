"""Sends what a stand-in of a service has to tell: its notifications, each in a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx

UNDER_WAY = 100
"""Notifications that are sent at once at the most; further ones are lost, as happens out there."""

LIMIT = 3.0
"""Seconds that an answer may take."""


class Teller:
    """Says nothing until it is connected, and nothing twice."""

    def __init__(self) -> None:
        self._http: httpx.AsyncClient | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def connect(self, http: httpx.AsyncClient) -> None:
        """Send through this client from now on."""
        self._http = http

    def tell(
        self, url: str, *, headers: Mapping[str, str] | None = None, content: bytes = b""
    ) -> None:
        """Send it soon; whoever does not listen has missed it."""
        if self._http is not None and len(self._under_way) < UNDER_WAY:
            task = asyncio.get_running_loop().create_task(self._send(url, headers or {}, content))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def ask(self, url: str) -> httpx.Response | None:
        """Post nothing to the address and give what it says; None where nobody answers."""
        if self._http is None:
            return None
        try:
            return await self._http.post(url, timeout=LIMIT)
        except (httpx.HTTPError, httpx.InvalidURL):
            return None

    async def told(self) -> None:
        """Wait until all that was to be sent is sent."""
        while self._under_way:
            await asyncio.wait(tuple(self._under_way))

    async def _send(self, url: str, headers: Mapping[str, str], content: bytes) -> None:
        if self._http is None:
            return
        try:
            await self._http.post(url, headers=headers, content=content, timeout=LIMIT)
        except (httpx.HTTPError, httpx.InvalidURL):
            return
