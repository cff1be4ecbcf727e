"""What a network and a service on a bad day do to a request."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass, field
from typing import Any

from tests.storm.lives import LIMIT

CALM_HEADER = b"x-calm"
"""Of a person's browser: only what the application itself asks for is in the storm."""


@dataclass(slots=True)
class Weather:
    """A seeded storm over an application, until it is calm again."""

    app: Any
    chance: random.Random
    calm: bool = True
    often: float = 0.25
    """The part of all requests that something happens to."""
    met: dict[str, int] = field(default_factory=dict)
    """What happened, and how often."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self.calm or CALM_HEADER in dict(scope["headers"]):
            await self.app(scope, receive, send)
            return
        kind = self._kind()
        self.met[kind] = self.met.get(kind, 0) + 1
        match kind:
            case "throttled":
                await _answer(send, 429, ("retry-after", "1"))
            case "down":
                await _answer(send, self.chance.choice([500, 502, 503]))
            case "torn before":
                await _tear(send)
            case "torn after":
                await self.app(scope, receive, _nowhere)
                await _tear(send)
            case "failed after":
                await self.app(scope, receive, _nowhere)
                await _answer(send, 502)
            case "late":
                await asyncio.sleep(self.chance.uniform(0.05, 0.8))
                await self.app(scope, receive, send)
            case "too late":
                await self.app(scope, receive, _nowhere)
                await asyncio.sleep(LIMIT + 1)
                await _tear(send)
            case _:
                await self.app(scope, receive, send)

    def _kind(self) -> str:
        if self.chance.random() >= self.often:
            return "fair"
        return self.chance.choices(
            [
                "throttled",
                "down",
                "torn before",
                "torn after",
                "failed after",
                "late",
                "too late",
            ],
            [4, 4, 2, 4, 3, 6, 0.5],
        )[0]


async def _nowhere(_message: Any) -> None:
    """Lose what is answered."""


async def _tear(send: Any) -> None:
    """Begin an answer; uvicorn ends the connection where the rest of it does not come."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"100")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def _answer(send: Any, status: int, *headers: tuple[str, str]) -> None:
    body = json.dumps({"error": {"code": str(status), "message": "The weather is bad."}}).encode()
    raw = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *((name.encode(), value.encode()) for name, value in headers),
    ]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
