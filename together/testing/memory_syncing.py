"""The plugin's side of the memory service's changes: asking, watching, reading what it sends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from together.providers import (
    Calendars,
    Changes,
    Channel,
    Gone,
    JsonApi,
    Notice,
    NoticeKind,
    Notifications,
    Refused,
    Secret,
    Watch,
    field,
    maybe,
    path,
    shapes,
)

PAGES = 1_000


class MemorySyncing(Calendars):
    """Those of `Calendars` that changes are asked for with."""

    _api: JsonApi

    async def changes(self, calendar_id: str, cursor: str | None) -> Changes:
        asked = {} if cursor is None else {"since": cursor}
        found: set[str] = set()
        for _ in range(PAGES):
            page = await self._api("GET", path("calendars", calendar_id, "changes"), params=asked)
            ids = field(page, "ids", list)
            found.update(shapes.text({"id": each}, "id") for each in ids)
            if further := shapes.maybe_text(page, "next"):
                asked = {**asked, "page": further}
                continue
            return Changes(frozenset(found), shapes.text(page, "cursor", limit=4_000))
        raise shapes.unexpected()

    async def watch(self, calendar_id: str, channel: Channel) -> Watch:
        asked = {
            "id": channel.id,
            "secret": channel.secret.reveal(),
            "address": channel.address,
            "until": int(channel.until.timestamp()),
        }
        return _watch(
            await self._api("POST", path("calendars", calendar_id, "watches"), json=asked)
        )

    async def renew(self, calendar_id: str, watch: Watch, channel: Channel) -> Watch:
        asked = {"until": int(channel.until.timestamp())}
        try:
            return _watch(await self._api("PATCH", path("watches", watch.id), json=asked))
        except Gone:
            raise
        except Refused:
            return await self.watch(calendar_id, channel)

    async def unwatch(self, watch: Watch) -> None:
        with suppress(Gone):
            await self._api("DELETE", path("watches", watch.id))


class MemoryNotifications(Notifications):
    """Batches of notices, as JSON."""

    longest = timedelta(days=7)

    def challenge(self, query: Mapping[str, str]) -> str | None:
        return query.get("challenge")

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:
        try:
            said = json.loads(body)
        except (ValueError, RecursionError):
            return []
        listed = said.get("notices") if isinstance(said, dict) else None
        read = map(_notice, listed if isinstance(listed, list) else ())
        return [notice for notice in read if notice is not None]


def _notice(said: Any) -> Notice | None:
    if not isinstance(said, dict):
        return None
    watch, secret, kind, resource = map(said.get, ("watch", "secret", "kind", "resource"))
    if not isinstance(watch, str) or not isinstance(secret, str) or not isinstance(kind, str):
        return None
    if kind not in NoticeKind.__members__ or not isinstance(resource, str | None):
        return None
    return Notice(watch, Secret(secret), NoticeKind[kind], resource)


def _watch(body: Any) -> Watch:
    until = maybe(body, "until", int)
    if until is None:
        raise shapes.unexpected()
    return Watch(
        id=shapes.text(body, "id"),
        expires_at=datetime.fromtimestamp(until, UTC),
        resource=shapes.maybe_text(body, "resource"),
    )
