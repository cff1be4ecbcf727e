"""Counts of requests in PostgreSQL, so that all processes of an installation count together."""

from __future__ import annotations

from typing import ClassVar

from limits.aio.storage import Storage

from together.store.database import Database
from together.store.models import RequestCount

_NOW = "floor(extract(epoch FROM clock_timestamp()))::bigint"
_COUNT = f"""
INSERT INTO request_count AS kept (key, organization_id, counted, ends)
VALUES ($1, $2, $3, {_NOW} + $4)
ON CONFLICT (key) DO UPDATE SET
    counted = CASE WHEN kept.ends <= {_NOW} THEN 0 ELSE kept.counted END + $3,
    ends = CASE WHEN kept.ends <= {_NOW} THEN {_NOW} + $4 ELSE kept.ends END
RETURNING counted, ends
"""  # noqa: S608  (text of ours)
_READ = f"""
SELECT counted, ends FROM request_count WHERE key = $1 AND ends > {_NOW}
"""  # noqa: S608  (text of ours)
KEPT = 3600
"""Seconds that a count stays after its end: one in use is written again and again."""


class PostgresCounts(Storage):
    """A storage for `limits`; a key's second part is the organization it belongs to.

    The end of what was counted last is remembered, so that nobody reads it once more.
    """

    STORAGE_SCHEME: ClassVar[list[str] | None] = None  # type: ignore[misc]

    def __init__(self) -> None:
        super().__init__()
        self._ends: dict[str, float] = {}

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return ()

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, in one statement that no other can come between."""
        values = [key, int(key.split("/")[1]), amount, expiry]
        [row] = await Database.current().client.execute_query_dict(_COUNT, values)
        self._ends[key] = float(row["ends"])
        return int(row["counted"])

    async def get(self, key: str) -> int:
        rows = await Database.current().client.execute_query_dict(_READ, [key])
        return int(rows[0]["counted"]) if rows else 0

    async def get_expiry(self, key: str) -> float:
        if key in self._ends:
            return self._ends[key]
        rows = await Database.current().client.execute_query_dict(_READ, [key])
        return float(rows[0]["ends"]) if rows else 0.0

    async def check(self) -> bool:
        return bool(await Database.current().client.execute_query_dict("SELECT 1"))

    async def reset(self) -> int | None:
        self._ends.clear()
        return await RequestCount.all().delete()

    async def clear(self, key: str) -> None:
        self._ends.pop(key, None)
        await RequestCount.filter(key=key).delete()


async def forget(*, now: int) -> int:
    """Delete the counts of those who have not asked for a while."""
    return await RequestCount.filter(ends__lt=now - KEPT).delete()
