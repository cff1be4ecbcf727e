"""Services that are left alone for a while, each for one person: they failed, or asked for it."""

from __future__ import annotations

from collections.abc import Callable

from together.providers.errors import NeedsTime
from together.store.models import Integration

REST = 30
"""Seconds for which a service that failed is not asked again for the same person."""

_MANY = 10_000


class Resting:
    """What this process has been told; another one may find out for itself."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._until: dict[tuple[int, int], int] = {}

    def __contains__(self, integration: Integration) -> bool:
        return self._until.get(_key(integration), 0) > self._clock()

    def leave_alone(self, integration: Integration, *, after: Exception) -> None:
        """Ask nothing for as long as the service said, and for half a minute at least."""
        now, key = self._clock(), _key(integration)
        if len(self._until) > _MANY:
            self._until = {each: until for each, until in self._until.items() if until > now}
        wait = after.retry_after if isinstance(after, NeedsTime) else None
        seconds = max(REST, int(wait.total_seconds()) if wait else 0)
        # Of two calls that failed at the same time, one may have been told to wait longer.
        self._until[key] = max(now + seconds, self._until.get(key, 0))

    def clear(self) -> None:
        """Forget all of it, as a new process has."""
        self._until.clear()


def _key(integration: Integration) -> tuple[int, int]:
    return integration.id, integration.generation
