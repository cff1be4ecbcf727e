"""Whether a fault is the database's being away: what is tried again later may go well then."""

from __future__ import annotations

import sqlite3

import asyncpg  # type: ignore[import-untyped]
from tortoise.exceptions import OperationalError

from together.store.database import DatabaseUnavailable

_AWAY = (
    DatabaseUnavailable,
    OSError,  # a refused connection, a socket that is gone, a name that does not resolve
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it starts, it shuts down, an administrator ended us
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.TransactionRollbackError,
    asyncpg.ObjectNotInPrerequisiteStateError,  # no connections are let in, or a lock is held
)
_WORDS = (
    "database is locked",
    "database table is locked",
    "database schema is locked",
    "unable to open database file",
    "database or disk is full",
    "disk i/o error",
    "connection is closed",
    "connection was closed",
    "pool is closing",
    "pool is closed",
)
"""What the drivers say where a class of its own is missing."""


def is_outage(fault: BaseException) -> bool:
    """Say whether the database could not be reached, or was held by somebody else for too long."""
    if isinstance(fault, _AWAY):
        return True
    if isinstance(fault, OperationalError | sqlite3.OperationalError | asyncpg.InterfaceError):
        said = str(fault).lower()
        return any(words in said for words in _WORDS)
    return False
