"""What Graph sends to whoever subscribed: changes, what becomes of a subscription, a first echo."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any, ClassVar

from together.providers.http import parsed
from together.providers.syncing import Notice, NoticeKind, Notifications
from together.providers.values import Secret

LONGEST = timedelta(minutes=10_080 - 60)
"""Graph refuses more than 10,080 minutes, by its own clock; an hour is left for ours."""
MOST = 1_000
"""Items of one notification that are read; what is beyond them is found when one asks next."""
LONGEST_ECHO = 1_024

KINDS: Mapping[object, NoticeKind] = {
    None: NoticeKind.CHANGED,
    "missed": NoticeKind.MISSED,
    "reauthorizationRequired": NoticeKind.RENEW,
    "subscriptionRemoved": NoticeKind.ENDED,
}
"""What an item's `lifecycleEvent` means; where it has none, an event has changed."""

_PLAIN = re.compile(r"[!-~]{1,128}\Z", re.ASCII)


class OutlookNotifications(Notifications):
    """Items in one object, each with its subscription and that one's secret, `clientState`."""

    longest: ClassVar[timedelta] = LONGEST

    def challenge(self, query: Mapping[str, str]) -> str | None:
        token = query.get("validationToken", "")
        return token if 0 < len(token) <= LONGEST_ECHO and token.isprintable() else None

    def read(self, headers: Mapping[str, str], body: bytes) -> Sequence[Notice]:
        told, _ = parsed(body)
        items = told.get("value") if isinstance(told, dict) else None
        return [*_notices(islice(items, MOST) if isinstance(items, list) else iter(()))]


def _notices(items: Iterator[Any]) -> Iterator[Notice]:
    """Give what the items claim, without those that claim nothing that can be checked."""
    for item in items:
        if not isinstance(item, dict):
            continue
        watch_id, secret = item.get("subscriptionId"), item.get("clientState")
        event = item.get("lifecycleEvent")
        if not (_plain(watch_id) and _plain(secret)) or not isinstance(event, str | None):
            continue
        if event in KINDS:
            yield Notice(str(watch_id), Secret(str(secret)), KINDS[event])


def _plain(value: object) -> bool:
    return isinstance(value, str) and bool(_PLAIN.match(value))
