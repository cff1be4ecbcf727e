"""SQLite as the store uses it: one connection that writes, a few that only read.

Readers see the last commit and wait for nobody; writers take turns.  A statement that does not
begin with a reading word goes to the writer, and the readers' connections cannot write at all.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import aiosqlite
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionContext,
)
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError

from together.store.refused import RowRefused, refusal
from together.store.undisturbed import Undisturbed, to_its_end

T = TypeVar("T")

READERS = 3
PRAGMAS = {
    "busy_timeout": 5_000,
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "foreign_keys": "ON",
    "recursive_triggers": "ON",  # INSERT OR REPLACE would slip past the triggers on DELETE
    "secure_delete": "ON",
    "journal_size_limit": 1_048_576,
}
_READING = ("SELECT", "WITH", "EXPLAIN", "VALUES")


class SqliteStore(SqliteClient):
    """A client whose reads do not wait behind its writes."""

    def __init__(self, file_path: str, **credentials: Any) -> None:
        super().__init__(file_path, **credentials)
        self._readers: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
        self._opened: list[aiosqlite.Connection] = []
        self.undisturbed = Undisturbed()

    async def create_connection(self, with_db: bool) -> None:
        if not self._connection:
            # Nobody who leaves meanwhile leaves the thread of a connection behind.
            await self.undisturbed.run(self._open())

    async def _open(self) -> None:
        self._connection = await self._opening(PRAGMAS)
        for _ in range(READERS):
            self._readers.put_nowait(await self._opening({**PRAGMAS, "query_only": "ON"}))
        await self._post_connect()

    async def _opening(self, pragmas: dict[str, Any]) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self.filename, isolation_level=None)
        self._opened.append(connection)
        connection.row_factory = sqlite3.Row
        for name, value in pragmas.items():
            await connection.execute_fetchall(f"PRAGMA {name}={value}")
        return connection

    async def close(self) -> None:
        await to_its_end(self._close())

    async def _close(self) -> None:
        try:
            await self.undisturbed.settled()
        finally:
            self._connection = None
            opened, self._opened = self._opened, []
            self._readers = asyncio.Queue()
            # The writer goes last: whoever closes alone writes the log into the database's file,
            # and of two that close at once neither does.
            try:
                await _ended(opened[1:])
            finally:
                await _ended(opened[:1])

    def acquire_connection(self) -> ConnectionWrapper[aiosqlite.Connection]:
        self._connected()  # Tortoise would open a closed one again, and nobody would close it
        return super().acquire_connection()

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[aiosqlite.Connection]:
        connection = await self._readers.get()
        try:
            yield connection
        finally:
            # A statement whose asker was cancelled runs on in its thread; the next one queues.
            self._readers.put_nowait(connection)

    async def execute_query(
        self, query: str, values: list[Any] | None = None
    ) -> tuple[int, Sequence[dict[str, Any]]]:
        if not query.lstrip(" (").upper().startswith(_READING):
            return await _told(super().execute_query, query, values)
        async with self._reader() as connection:
            rows = cast(
                "Sequence[dict[str, Any]]", await _told(connection.execute_fetchall, query, values)
            )
        return len(rows), rows

    async def execute_query_dict(
        self, query: str, values: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        return [dict(row) for row in (await self.execute_query(query, values))[1]]

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        return await _told(super().execute_insert, query, values)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        async def insert() -> None:
            async with self.transaction():
                await self._connected().executemany(query, values)

        await self.undisturbed.run(_told(insert))

    async def execute_script(self, query: str) -> None:
        await _told(super().execute_script, query)

    def _connected(self) -> aiosqlite.Connection:
        if self._connection is None:
            raise RuntimeError("The database is closed.")
        return self._connection

    def _in_transaction(self) -> TransactionContext:
        raise RuntimeError("Write through together.store.transaction.")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Hold the writer.  Entered by undisturbed tasks only."""
        async with self._lock:
            connection = self._connected()
            client = SqliteTransaction(self)
            token = get_connections().set(self.connection_name, client)
            try:
                # Calls reach the connection's thread in order: even when the loop is torn down
                # between two of them, a rollback is run behind whatever was begun.
                await _told(connection.execute_fetchall, "BEGIN IMMEDIATE")
                yield
                client._finalized = True
                await _told(connection.commit)
            except BaseException:
                client._finalized = True
                await connection.rollback()
                raise
            finally:
                get_connections().reset(token)


class SqliteTransaction(SqliteTransactionWrapper):
    """The writer's connection, for the length of one transaction."""

    def acquire_connection(self) -> ConnectionWrapper[aiosqlite.Connection]:
        if self._finalized:
            raise RuntimeError("The transaction this task was started in is over.")
        return super().acquire_connection()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(SqliteTransaction(cast("SqliteClient", self)))

    async def execute_query(
        self, query: str, values: list[Any] | None = None
    ) -> tuple[int, Sequence[dict[str, Any]]]:
        return await _told(super().execute_query, query, values)

    async def execute_insert(self, query: str, values: list[Any]) -> int:
        return await _told(super().execute_insert, query, values)

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        await _told(super().execute_many, query, values)


async def _ended(connections: Sequence[aiosqlite.Connection]) -> None:
    """End their threads.  All are told before any is waited for: no process outlives the wait."""
    for ended in [connection.stop() for connection in connections]:
        if ended is not None:
            await ended


async def _told(call: Callable[..., Coroutine[Any, Any, T]], *arguments: Any) -> T:
    """Call, and let none of the database's own words out."""
    try:
        return await call(*arguments)
    except RowRefused:
        raise
    except (sqlite3.IntegrityError, IntegrityError) as error:
        refused: Exception = refusal(error)
    except sqlite3.OperationalError as error:
        refused = OperationalError(str(error))
    raise refused from None


client_class = SqliteStore
