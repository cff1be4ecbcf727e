"""Tokens that organizations' consents bought, in the memory of this process and nowhere else.

A token is kept for one generation of a consent.  Whoever ends one here forgets its tokens at once;
what another process ended is found within half a minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime, timedelta

from together.providers.values import Grant, Secret

log = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two times of asking the database which of them are over."""

_SPARE = timedelta(seconds=90)

Key = tuple[int, int, str, int]
"""Organization, generation, mailbox (empty where a token reaches all), and what it is for."""

Over = Callable[[Collection[Key]], Awaitable[Collection[Key]]]
"""Says which of these stand no more."""


class Tokens:
    """What is kept is used by its own generation alone, and at most until it expires."""

    def __init__(self, *, now: Callable[[], datetime], over: Over, most: int) -> None:
        self._now, self._over, self._most = now, over, most
        self._kept: dict[Key, Grant] = {}

    def get(self, key: Key) -> Grant | None:
        """Give what is good for a while yet."""
        kept = self._kept.get(key)
        return kept if kept is not None and kept.expires_at - _SPARE > self._now() else None

    def keep(self, key: Key, grant: Grant) -> None:
        """Keep it, in the place of the oldest where there are too many."""
        while len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = grant

    def refused(self, key: Key, token: Secret) -> None:
        """Forget what the service does not take, unless another has come since."""
        kept = self._kept.get(key)
        if kept is not None and kept.access_token == token:
            del self._kept[key]

    def forget(self, organization_id: int, *, mailbox: str | None = None) -> None:
        """Forget what was kept for an organization, or for one mailbox of it."""
        self._drop(
            key
            for key in list(self._kept)
            if key[0] == organization_id and (mailbox is None or key[2] == mailbox)
        )

    async def sweep(self) -> None:
        """Forget what expired, and what was ended elsewhere."""
        now = self._now()
        self._drop([key for key, grant in self._kept.items() if grant.expires_at <= now])
        if self._kept:
            self._drop(await self._over(list(self._kept)))

    def _drop(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._kept.pop(key, None)


async def swept(*caches: Tokens, every: float = EVERY) -> None:
    """Sweep for ever; a database that is away for a while is asked again."""
    while True:
        await asyncio.sleep(every)
        for cache in caches:
            try:
                await cache.sweep()
            except Exception as error:  # noqa: BLE001
                log.error("tokens were not swept: %s", type(error).__name__)  # noqa: TRY400
