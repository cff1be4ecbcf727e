"""What a client is told while the database is away, and that all goes on when it is back."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from tortoise.exceptions import OperationalError

from tests.api.conftest import Api
from tests.postgres import Server
from together.api import wire
from together.store import transaction
from together.store.database import Database, DatabaseUnavailable
from together.store.outage import is_outage

NAME = "{ viewer { name } }"
RENAME = 'mutation { updateProfile(input: {name: "Ada L."}) { __typename } }'
SAID = {
    "message": "Our database cannot be reached right now. Try again in a minute.",
    "extensions": {"code": "INTERNAL_SERVER_ERROR", "reason": "DATABASE_UNAVAILABLE"},
}
FAULTS = [
    DatabaseUnavailable("no database"),
    OperationalError("database is locked"),
    sqlite3.OperationalError("unable to open database file"),
    ConnectionRefusedError("canary-host"),
    FileNotFoundError("canary-socket"),
    asyncpg.ConnectionDoesNotExistError("canary"),
    asyncpg.CannotConnectNowError("canary"),
    asyncpg.TooManyConnectionsError("canary"),
    asyncpg.InterfaceError("cannot perform operation: connection is closed"),
    asyncpg.DeadlockDetectedError("canary"),
]


class Failing:
    """A service that the database fails."""

    def __init__(self, fault: Exception) -> None:
        self._fault = fault

    async def viewer(self, bearer):
        raise self._fault

    async def of(self, viewer):
        raise self._fault

    async def callback(self, slug, params):
        raise self._fault


def says_so(answer: httpx.Response) -> bool:
    """Whether an answer says, in every way there is, that one should come again."""
    errors = [{k: e[k] for k in ("message", "extensions")} for e in answer.json()["errors"]]
    return (answer.status_code, answer.headers["retry-after"], errors) == (503, "60", [SAID])


@pytest.fixture
def away(
    dialect: str, database_url: str, request: pytest.FixtureRequest, monkeypatch, tmp_path: Path
) -> Callable[[], Awaitable[Callable[[], Awaitable[None]]]]:
    """Take the database away, or lock it where it is a file; what it gives brings it back."""

    async def file() -> Callable[[], Awaitable[None]]:
        monkeypatch.setattr(transaction, "ATTEMPTS", 1)
        await Database.current().client.execute_script("PRAGMA busy_timeout=10")
        other = sqlite3.connect(urlsplit(database_url).path.removeprefix("/"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        async def back() -> None:
            other.execute("ROLLBACK")
            other.close()

        return back

    async def server() -> Callable[[], Awaitable[None]]:
        server: Server = request.getfixturevalue("postgres_server")
        name = urlsplit(database_url).path.removeprefix("/")
        closed = f"ALTER DATABASE {name} ALLOW_CONNECTIONS"
        ended = "SELECT pg_terminate_backend(pid, 9999) FROM pg_stat_activity WHERE datname = "
        await server.run(f"{closed} false", f"{ended}'{name}'")

        async def back() -> None:
            await server.run(f"{closed} true")

        return back

    return file if dialect == "sqlite" else server


async def test_a_database_that_is_away(api: Api, away):
    """While it is away or locked a mutation is refused for now; when it is back it goes through."""
    back = await away()
    try:
        for kind in (wire.CLASSIC, wire.MODERN):
            assert says_so(await api.post({"query": RENAME}, Accept=kind))
    finally:
        await back()
    assert (await api.ask(RENAME))["updateProfile"]["__typename"] == "UpdateProfilePayload"
    assert await api.ask(NAME) == {"viewer": {"name": "Ada L."}}


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_being_away_looks_like(api: Api, fault, caplog: pytest.LogCaptureFixture):
    """However a driver says it, the client is told to come again, and its words stay in."""
    caplog.set_level(logging.DEBUG)
    api.serve_with(identity=Failing(fault))
    for kind in (wire.CLASSIC, wire.MODERN):
        assert says_so(await api.post({"query": NAME}, Accept=kind))
    api.serve_with(identity=api.sign_in, todos=Failing(fault))
    assert says_so(await api.post({"query": "{ viewer { todos { kind } } }"}))
    api.serve_with(connecting=Failing(fault))
    page = await api.client.get("/callback/memory", params={"state": "x", "code": "y"})
    assert (page.status_code, page.headers["retry-after"]) == (503, "60")
    assert "Load this page again in a minute." in page.text
    assert page.headers["cache-control"] == "no-store"
    told = [r.getMessage() for r in caplog.records if r.name.startswith("together")]
    assert f"the database is away: {type(fault).__qualname__}" in told
    assert "canary" not in page.text + str(told)


@pytest.mark.parametrize("dialect", ["sqlite"])
async def test_what_was_answered_is_not_taken_back(api: Api):
    """Where one part was answered and another could not be, the answer is one with an error."""
    api.serve_with(todos=Failing(ConnectionResetError()))
    query = '{ node(id: "x") { id } viewer { name } other: viewer { todos { kind } } }'
    answer = await api.post({"query": query}, Accept=wire.MODERN)
    assert (answer.status_code, "retry-after" in answer.headers) == (200, False)
    assert answer.json()["data"]["viewer"] == {"name": "Ada Lindqvist"}
    assert answer.json()["errors"][0]["extensions"] == SAID["extensions"]


@pytest.mark.parametrize(
    "fault",
    [
        OperationalError("no such column: x"),
        OperationalError("A value does not fit its column (22021)."),
        sqlite3.OperationalError("near FROM: syntax error"),
        asyncpg.InterfaceError("another operation is in progress"),
        asyncpg.UndefinedColumnError("x"),
        RuntimeError("database is locked"),
    ],
    ids=repr,
)
def test_what_is_a_fault_of_ours(fault):
    """A wrong statement is no outage, and waiting does not mend it."""
    assert not is_outage(fault)
