"""An issuer on this machine, and the identity service that trusts it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
import httpx
import pytest

from tests.world import FakeClock
from together.services.signing_in.identity import Identity
from together.services.signing_in.issuer import BuiltInIssuer

URL = "http://127.0.0.1:8000/issuer"


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """The way to the issuer: counts what is asked, and can be cut."""

    issuer: BuiltInIssuer
    asked: list[str] = field(default_factory=list)
    cut: bool = False
    interrupt: Callable[[], None] | None = None
    answers: dict[str, httpx.Response] = field(default_factory=dict)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.interrupt is not None:
            self.interrupt()
            await anyio.sleep_forever()
        if self.cut:
            raise httpx.ConnectError("canary-address", request=request)
        path = request.url.path.removeprefix("/issuer")
        if path in self.answers:
            return self.answers[path]
        inner = httpx.ASGITransport(self.issuer.app)
        copy = httpx.Request(request.method, request.url.copy_with(path=path))
        answer = await inner.handle_async_request(copy)
        return httpx.Response(answer.status_code, content=await answer.aread())


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def issuer():
    return BuiltInIssuer.made(URL)


@pytest.fixture
def wire(issuer):
    return Wire(issuer)


@pytest.fixture
def identity(issuer, wire, clock):
    trusted = issuer.trusted(["saltmarsh", "northlight"])
    return Identity(trusted, transport=wire, clock=clock)
