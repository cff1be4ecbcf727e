"""One life of the whole program in a process of its own, which may end anywhere by SIGKILL."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from together.app import App, epoch
from together.domain.issuers import TrustedIssuer
from together.domain.mail_servers import Encryption, MailServer
from together.providers.registry import load
from together.services.outbox.postbox import MailServerPost
from together.services.signing_in.issuer import AUDIENCE
from together.settings import Mode, Settings
from together.store.clock import database_now
from together.store.models import Job, JobState
from together.store.postgres import PostgresStore, PostgresTransaction
from together.store.sqlite import SqliteStore, SqliteTransaction

ROUNDS = 40
"""Times that the worker looks again for what is left."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What every life of it is started with."""

    base_url: str
    database: str
    keys: Path
    environ: dict[str, str]
    mail_port: int

    def app(self) -> App:
        """Build it, as `serve` and `worker` do."""
        issuer = TrustedIssuer(
            issuer=f"{self.base_url}/issuer",
            audience=AUDIENCE,
            organization="saltmarsh",
            tenant="saltmarsh",
            algorithms=("ES256",),
        )
        settings = Settings(
            public_url=self.base_url,
            database=self.database,
            keys=self.keys,
            issuers=(issuer,),
            return_to=(f"{self.base_url}/connected",),
            mode=Mode.DEVELOPMENT,
            mail_server=MailServer("localhost", self.mail_port, Encryption.NONE),
            mail_from="post@saltmarsh.example.org",
            environ=self.environ,
        )
        inner = httpx.AsyncHTTPTransport(trust_env=False)
        return App.build(
            settings,
            registry=load(self.environ, only=frozenset({"google"})),
            transport=Stepping(inner),
            clock=epoch,
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a frontend's, with everything that makes it."""

    token: str
    query: str
    variables: dict[str, Any]


class Steps:
    """Counts the steps of a life, and ends it at one of them."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.end: int | None = None
        self.counting = False

    def step(self, name: str) -> None:
        """Be at a step; nothing that comes after it in this process is done."""
        if not self.counting:
            return
        self.names.append(name)
        if len(self.names) - 1 == self.end:
            os.kill(os.getpid(), signal.SIGKILL)


STEPS = Steps()
_OF_THE_WIRE = (b"content-encoding", b"content-length", b"transfer-encoding")


class Stepping(httpx.AsyncBaseTransport):
    """A step before a request leaves, and one after its answer came: that one is then lost."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        STEPS.step(f"before {request.method}")
        response = await self._inner.handle_async_request(request)
        content = await response.aread()
        await response.aclose()
        STEPS.step(f"after {request.method}")
        headers = [each for each in response.headers.raw if each[0].lower() not in _OF_THE_WIRE]
        return httpx.Response(response.status_code, headers=headers, content=content)

    async def aclose(self) -> None:
        await self._inner.aclose()


def live(
    installation: Installation, asked: Sequence[Asked], end: int | None, told: Path | None
) -> None:
    """Ask the last of these counting, and let the worker work; write down the steps, if asked."""
    _watched()
    STEPS.end = end
    asyncio.run(_live(installation, asked))
    if told is not None:
        told.write_text("\n".join(STEPS.names))


async def _live(installation: Installation, asked: Sequence[Asked]) -> None:
    app = installation.app()
    async with app.running():
        web = httpx.AsyncClient(
            transport=httpx.ASGITransport(app.asgi), base_url=installation.base_url
        )
        async with web:
            for each in asked:
                STEPS.counting = each is asked[-1]
                await _answered(web, each)
        await _delivered(app)


async def _answered(web: httpx.AsyncClient, asked: Asked) -> None:
    reply = await web.post(
        "/graphql",
        json={"query": asked.query, "variables": asked.variables},
        headers={"authorization": f"Bearer {asked.token}"},
    )
    body = reply.json()
    assert "errors" not in body, body
    [payload] = body["data"].values()
    assert payload["__typename"].endswith("Payload"), payload


async def _delivered(app: App) -> None:
    """Deliver until nothing is left; the pauses between two tries are over at once."""
    for _ in range(ROUNDS):
        now = await database_now()
        waiting = Job.filter(state=JobState.WAITING)
        counting, STEPS.counting = STEPS.counting, False
        left = await waiting.update(due_at=now - 1, leased_until=None)
        STEPS.counting = counting
        if not left:
            return
        await app.worker._delivery.run_once()


def _watched() -> None:
    for client in (SqliteStore, SqliteTransaction, PostgresStore, PostgresTransaction):
        for name in ("execute_query", "execute_insert", "execute_many"):
            setattr(client, name, _stepped(getattr(client, name)))
    MailServerPost.send = _handed_over(MailServerPost.send)  # type: ignore[method-assign]


def _stepped(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def execute(self: Any, query: str, *arguments: Any, **named: Any) -> Any:
        STEPS.step(query.partition(" ")[0])
        return await call(self, query, *arguments, **named)

    return execute


def _handed_over(call: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    async def send(self: MailServerPost, message: Any) -> None:
        STEPS.step("before mail")
        await call(self, message)
        STEPS.step("after mail")

    return send
