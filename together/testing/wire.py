"""The line between a provider and its service, on which the contract kit listens and answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

CANARY = "a canary sentence, ya29.s3cret, ada@saltmarsh.example.org"
ELSEWHERE = "https://elsewhere.example/take"


@dataclass(frozen=True)
class Reply:
    """A reply of the real service, as it was recorded, and the call it answers."""

    status: int
    json: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    on: str = "read"
    """A method of `Calendars`."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.json is None:
            return httpx.Response(self.status, headers=self.headers)
        return httpx.Response(self.status, headers=self.headers, json=self.json)


class Wire(httpx.AsyncBaseTransport):
    """Carries requests to the sandbox, unless `answer` is set: then that answers."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.answer: Callable[[httpx.Request], httpx.Response] | None = None
        self.seen: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if self.answer is not None:
            return self.answer(request)
        return await self._inner.handle_async_request(request)


class Endless(httpx.AsyncByteStream):
    """A JSON text that does not end for a long time, and counts how much of it was taken."""

    chunk, chunks = b'"' + b"x" * 65_535, 1_000

    def __init__(self) -> None:
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.chunks):
            self.taken += len(self.chunk)
            yield self.chunk


def drop(request: httpx.Request) -> httpx.Response:
    """Lose the connection."""
    raise httpx.ConnectError(f"nobody there: {request.headers}", request=request)


def redirect(request: httpx.Request) -> httpx.Response:
    """Send the caller to somebody else."""
    return httpx.Response(302, headers={"location": ELSEWHERE})


def saying(content: str) -> Callable[[httpx.Request], httpx.Response]:
    """Answer anything with this text, as if it were right."""
    return lambda request: httpx.Response(200, text=content)


def with_canary(json: Any) -> Any:
    """Put the canary into every text of a body."""
    if isinstance(json, dict):
        return {name: with_canary(value) for name, value in json.items()}
    if isinstance(json, list):
        return [with_canary(value) for value in json]
    return CANARY if isinstance(json, str) else json


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and everything it drags along."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
