"""Services that are left alone for a while, each for one person: they failed, or asked for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from together.providers.errors import NeedsTime
from together.store.models import Integration

REST = 30
"""Seconds for which a service that failed is not read again for the same person."""

_MANY = 10_000


class LeftAlone(NeedsTime):
    """The service asked for a pause, so it was not asked anything now."""

    words = "The service asked for a pause that is not over."


class Resting:
    """What this process has been told; another one may find out for itself.

    Reading pauses after every failure.  A pause that the service asked for binds every call.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._until: dict[tuple[int, int], int] = {}
        self._asked: dict[tuple[int, int], int] = {}

    def __contains__(self, integration: Integration) -> bool:
        key, now = _key(integration), self._clock()
        return max(self._until.get(key, 0), self._asked.get(key, 0)) > now

    def leave_alone(self, integration: Integration, *, after: Exception) -> None:
        """Read nothing for as long as the service said, and for half a minute at least."""
        self.heed(integration, after)
        _prolong(self._until, _key(integration), self._clock(), REST)

    def heed(self, integration: Integration, error: Exception) -> None:
        """Ask nothing at all for as long as the service said, where it did."""
        if isinstance(error, NeedsTime) and error.retry_after is not None:
            seconds = int(error.retry_after.total_seconds())
            _prolong(self._asked, _key(integration), self._clock(), seconds)

    @asynccontextmanager
    async def heeded(self, integration: Integration) -> AsyncGenerator[None]:
        """Let the calls inside be made, unless a pause that the service asked for is not over."""
        left = self._asked.get(_key(integration), 0) - self._clock()
        if left > 0:
            raise LeftAlone(retry_after=timedelta(seconds=left))
        try:
            yield
        except NeedsTime as error:
            self.heed(integration, error)
            raise

    def clear(self) -> None:
        """Forget all of it, as a new process has."""
        self._until.clear()
        self._asked.clear()


def _key(integration: Integration) -> tuple[int, int]:
    return integration.id, integration.generation


def _prolong(
    ends: dict[tuple[int, int], int], key: tuple[int, int], now: int, seconds: int
) -> None:
    if len(ends) > _MANY:
        for over in [each for each, until in ends.items() if until <= now]:
            del ends[over]
    # Of two calls that failed at the same time, one may have been told to wait longer.
    ends[key] = max(now + seconds, ends.get(key, 0))
