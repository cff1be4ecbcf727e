"""The database's clock, on which leases and expiries are measured: every process shares it."""

from __future__ import annotations

from tortoise.connection import get_connection

from together.store.database import Database

_SQL = {
    "sqlite": "SELECT CAST(strftime('%s', 'now') AS INTEGER) AS now",
    "postgres": "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint AS now",
}


async def database_now() -> int:
    """Return the database's time in epoch seconds."""
    dialect = Database.current().dialect
    rows = await get_connection(dialect).execute_query_dict(_SQL[dialect])
    return int(rows[0]["now"])
