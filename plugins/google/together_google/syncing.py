"""What has changed in a Google calendar: asked for with sync tokens, told on channels."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from together.providers import shapes
from together.providers.contract import Calendars
from together.providers.errors import (
    CursorExpired,
    Gone,
    ProviderError,
    ProviderUnavailable,
    Refused,
)
from together.providers.http import JsonApi, path
from together.providers.syncing import Changes, Channel, Notice, NoticeKind, Notifications, Watch
from together.providers.values import Secret
from together_google.errors import ChannelTaken

ASKED = {"maxResults": "2500", "fields": "items(id),nextPageToken,nextSyncToken"}
"""The same for every page and with every token, as Google demands.

`showDeleted` is left out: with a sync token what was deleted is always told, and without one it
would only make the first reading longer.
"""
MOST_PAGES = 100
LIFE = timedelta(days=7)
"""Of a channel, where nothing else is asked for.  Google does not say how long one may live."""

_CHANNEL_ID = re.compile(r"[A-Za-z0-9_+/=-]{1,64}\Z")
_TOKEN = re.compile(r"[\x21-\x7e]{1,256}\Z")
_MILLISECONDS = re.compile(r"[0-9]{1,13}\Z")
_STATES = {"exists": NoticeKind.CHANGED, "not_exists": NoticeKind.CHANGED}
"""A calendar that is not there any more is found out by asking.

``sync`` is missing on purpose: it says that a channel was made, which is known, and can come before
the answer that makes its secret known here.
"""


class GoogleSyncing(Calendars):
    """Those of `Calendars` that changes are asked for with."""

    _api: JsonApi

    async def changes(self, calendar_id: str, cursor: str | None) -> Changes:
        """Without a cursor the whole calendar is gone through, for its token comes at the end."""
        try:
            return await self._changes(calendar_id, cursor)
        except ProviderError as error:
            raise _expired(_reached(error), cursor) from None

    async def watch(self, calendar_id: str, channel: Channel) -> Watch:
        """Google takes the id of a channel once.

        If it is taken, the answer to an earlier try was lost and with it what ends that channel.
        So there will be a second one, and the first ends by itself.
        """
        try:
            try:
                return await self._watch(calendar_id, channel, channel.id)
            except ChannelTaken:
                another = f"{channel.id}-{secrets.token_hex(4)}"
                return await self._watch(calendar_id, channel, another)
        except ProviderError as error:
            raise _reached(error) from None

    async def unwatch(self, watch: Watch) -> None:
        if watch.resource is None:
            raise Refused(code="no_resource")
        with suppress(Gone):
            stopped = {"id": watch.id, "resourceId": watch.resource}
            await self._api("POST", "/channels/stop", json=stopped)

    async def _changes(self, calendar_id: str, cursor: str | None) -> Changes:
        asked = ASKED if cursor is None else ASKED | {"syncToken": cursor}
        found: set[str] = set()
        pages: set[str] = set()
        query = asked
        for _ in range(MOST_PAGES):
            page = await self._api("GET", path("calendars", calendar_id, "events"), params=query)
            ids = [shapes.text(item, "id") for item in shapes.maybe(page, "items", list) or []]
            if cursor is not None:
                found.update(ids)
            further = shapes.maybe_text(page, "nextPageToken", limit=4_000)
            if further is None:
                token = shapes.text(page, "nextSyncToken", limit=4_000)
                return Changes(frozenset(found), token)
            if further in pages:
                raise shapes.unexpected()
            pages.add(further)
            query = asked | {"pageToken": further}
        if cursor is not None:
            # Whoever begins anew is done sooner than by reading all of this.
            raise CursorExpired(code="too_many_pages")
        raise shapes.unexpected()

    async def _watch(self, calendar_id: str, channel: Channel, channel_id: str) -> Watch:
        asked = {
            "id": channel_id,
            "type": "web_hook",
            "address": channel.address,
            "token": channel.secret.reveal(),
            "expiration": str(int(channel.until.timestamp()) * 1000),
        }
        made = await self._api(
            "POST", path("calendars", calendar_id, "events", "watch"), json=asked
        )
        if shapes.text(made, "id") != channel_id:
            raise shapes.unexpected()
        resource = shapes.text(made, "resourceId", limit=256)
        return Watch(channel_id, min(_expiry(made) or channel.until, channel.until), resource)


class GoogleNotifications(Notifications):
    """Headers without a body."""

    longest: ClassVar[timedelta] = LIFE

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:
        """What stands in a body is not looked at, for Google sends none."""
        kind = _STATES.get(headers.get("x-goog-resource-state", ""))
        channel_id = headers.get("x-goog-channel-id", "")
        token = headers.get("x-goog-channel-token", "")
        resource = headers.get("x-goog-resource-id", "")
        read = _CHANNEL_ID.match(channel_id) and _TOKEN.match(token) and _TOKEN.match(resource)
        if kind is None or read is None:
            return ()
        return (Notice(channel_id, Secret(token), kind, resource),)


def _reached(error: ProviderError) -> ProviderError:
    """Tell a calendar that our scope does not reach, being somebody else's, from a lost consent."""
    if error.code == "insufficientPermissions":
        return Refused(status=error.status, code=error.code)
    return error


def _expired(error: ProviderError, cursor: str | None) -> ProviderError:
    """Say what a refusal means where it answers a list of events."""
    if not isinstance(error, Refused) or error.status not in (400, 410):
        return error
    if cursor is not None:
        # A token that Google cannot even read is refused with 400.
        return CursorExpired(status=error.status, code=error.code)
    if error.status == 410:
        return ProviderUnavailable(status=error.status, code=error.code)
    return error


def _expiry(made: Any) -> datetime | None:
    """Read until when a channel lives: milliseconds, which Google writes as a text."""
    said = made.get("expiration")
    if said is None:
        return None
    if isinstance(said, bool) or not _MILLISECONDS.match(str(said)):
        raise shapes.unexpected()
    return datetime.fromtimestamp(int(said) // 1000, UTC)
