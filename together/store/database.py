"""One database of one application: opened, entered by every task that uses it, closed."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, ClassVar, Literal, cast

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext, _current_context
from tortoise.exceptions import ConfigurationError

from together.store.postgres import PostgresStore
from together.store.sqlite import SqliteStore

Dialect = Literal["sqlite", "postgres"]
POOL = 10
_entered: ContextVar[Database | None] = ContextVar("together_database", default=None)


class BadDatabaseUrl(ValueError):  # noqa: N818  (told to people as it is)
    """An address that names no database."""

    def __init__(self) -> None:
        super().__init__(
            "The database's address is sqlite:///relative/path.db, sqlite:////absolute/path.db "
            "or postgres://user:password@host/name."
        )


class DatabaseUnavailable(Exception):  # noqa: N818  (told to people as it is)
    """The database cannot be opened; the words say what to do."""


class Database:
    """The connections of one application, and the context in which its models use them.

    Tortoise keeps what it prepares for a dialect on the model classes, so a process speaks one
    dialect at a time; any number of databases of that dialect may be open at once.
    """

    _speaking: ClassVar[list[Dialect]] = []

    def __init__(self, url: str) -> None:
        """Read the address; nothing is opened yet."""
        self.dialect, credentials = _address(url)
        self.path = Path(credentials["file_path"]) if self.dialect == "sqlite" else None
        self._context = TortoiseContext()
        self._config: dict[str, Any] = {
            "connections": {
                # Tortoise caches prepared statements by this name, whatever the dialect.
                self.dialect: {
                    "engine": f"together.store.{self.dialect}",
                    "credentials": credentials,
                }
            },
            "apps": {
                "together": {
                    "models": ["together.store.models"],
                    "default_connection": self.dialect,
                }
            },
        }
        self._client: SqliteStore | PostgresStore | None = None
        self._open = False

    @classmethod
    async def open(cls, url: str) -> Database:
        """Open a database that is migrated, and neither older nor newer than this program."""
        database = cls(url)
        await database.start()
        return database

    async def start(self) -> None:
        """Open this one, whose address was read before; `open` does both."""
        from together.store.migrate import check  # the steps need a database themselves

        await self.connect()
        try:
            async with self.entered():
                await check(self)
                await self._load_models()
        except BaseException:
            await self.close()
            raise

    @staticmethod
    def current() -> Database:
        """Return the database that this task has entered."""
        database = _entered.get()
        if database is None:
            raise RuntimeError("No database has been entered in this task.")
        return database

    @property
    def client(self) -> SqliteStore | PostgresStore:
        """Tortoise's client; inside a transaction, models use another one."""
        if self._client is None:
            raise RuntimeError("The database has not been opened.")
        return self._client

    async def connect(self) -> None:
        """Connect without looking at what is there, and without the models."""
        if self.path is not None and not _is_file(self.path):
            raise DatabaseUnavailable(f"There is no database at {self.path}: run together migrate.")
        handler = self._context.connections
        handler._init_config(self._config["connections"])
        client = cast("SqliteStore | PostgresStore", handler.get(self.dialect))
        self._client = client
        try:
            await client.create_connection(with_db=True)
        except asyncio.CancelledError:
            await client.close()
            raise
        except Exception as error:  # noqa: BLE001  (each driver has its own, and may quote a password)
            await client.close()
            raise DatabaseUnavailable(
                f"The database cannot be opened ({type(error).__name__}). "
                "Is its address right, and is it running?"
            ) from None

    async def _load_models(self) -> None:
        if any(dialect != self.dialect for dialect in self._speaking):
            raise DatabaseUnavailable("A database of another kind is open in this process.")
        self._speaking.append(self.dialect)
        self._open = True
        await self._context.init(config=self._config)

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[Database]:
        """Make this the database of the current task and of the tasks it starts."""
        # TortoiseContext's own `with` keeps one token for all tasks; this is the variable it sets.
        context, database = _current_context.set(self._context), _entered.set(self)
        try:
            yield self
        finally:
            _entered.reset(database)
            _current_context.reset(context)

    async def truncate_log(self) -> None:
        """After a deletion: leave nothing of it in SQLite's write-ahead log."""
        if self.dialect == "sqlite":
            await self.client.execute_script("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Let what is under way come to its end, then close every connection."""
        try:
            if self._client is not None:
                await self._client.close()
        finally:
            if self._open:
                self._open = False
                self._speaking.remove(self.dialect)


def _is_file(path: Path) -> bool:
    # Path.is_file raises for a name that is too long, or in a folder that may not be entered.
    return os.path.isfile(path)  # noqa: PTH113


def _address(url: str) -> tuple[Dialect, dict[str, Any]]:
    if found := re.fullmatch(r"sqlite:///([^?#]+)", url):
        return "sqlite", {"file_path": found[1]}
    if not re.match(r"postgres(ql)?://", url):
        raise BadDatabaseUrl
    try:
        credentials = expand_db_url(url)["credentials"]
    except (ConfigurationError, ValueError):
        raise BadDatabaseUrl from None
    if not credentials["database"]:
        raise BadDatabaseUrl
    return "postgres", {"maxsize": POOL, **credentials}
