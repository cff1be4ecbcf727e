"""PostgreSQL as the store uses it: a pool, and transactions on one connection of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    ConnectionWrapper,
    NestedTransactionContext,
    TransactionContext,
)
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError, TransactionManagementError

from together.store.refused import refusal
from together.store.undisturbed import Undisturbed


class _Discreet:
    """Lets nothing out of what the server says of the values in a statement."""

    async def _translate_exceptions(
        self, func: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any
    ) -> Any:
        try:
            return await func(self, *args, **kwargs)
        except asyncpg.IntegrityConstraintViolationError as error:
            refused: Exception = refusal(error)
        except asyncpg.SyntaxOrAccessError as error:
            refused = OperationalError(str(error))
        except asyncpg.DataError as error:
            refused = OperationalError(f"A value does not fit its column ({error.sqlstate}).")
        except asyncpg.InvalidTransactionStateError:
            refused = TransactionManagementError("The transaction has failed already.")
        raise refused from None


class PostgresStore(_Discreet, AsyncpgDBClient):
    """A client for whom `transaction` is the only way into a transaction."""

    def __init__(self, **credentials: Any) -> None:
        super().__init__(**credentials)
        self.undisturbed = Undisturbed()

    async def close(self) -> None:
        await self.undisturbed.settled()
        await super().close()

    def _in_transaction(self) -> TransactionContext:
        raise RuntimeError("Write through together.store.transaction.")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Hold a connection.  Entered by undisturbed tasks only."""
        if self._pool is None:
            raise RuntimeError("The database is closed.")
        connection = await self._pool.acquire()
        try:
            client = PostgresTransaction(self)
            client._connection = connection
            token = get_connections().set(self.connection_name, client)
            begun = connection.transaction()
            try:
                await begun.start()
                yield
                client._finalized = True
                await begun.commit()
            except BaseException:
                client._finalized = True
                # Refused where it never began, or died with its connection: nothing is left then.
                with suppress(asyncpg.InterfaceError, asyncpg.PostgresError, OSError):
                    await begun.rollback()
                raise
            finally:
                get_connections().reset(token)
        finally:
            await self._pool.release(connection)


class PostgresTransaction(_Discreet, TransactionWrapper):
    """A connection of the pool, for the length of one transaction."""

    def acquire_connection(self) -> ConnectionWrapper[asyncpg.Connection]:
        if self._finalized:
            raise RuntimeError("The transaction this task was started in is over.")
        return super().acquire_connection()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(PostgresTransaction(self))


client_class = PostgresStore
