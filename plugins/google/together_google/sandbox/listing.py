"""The sandbox's list of events: a window of a calendar, or what has changed since a sync token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from together_google.sandbox import events, moments, refusals
from together_google.sandbox.served import Desk
from together_google.sandbox.world import Book, World

DEFAULT, MOST = 250, 2500
"""Events of a page."""
RESTRICTIONS = (
    "iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMax",
    "timeMin", "updatedMin",
)  # fmt: skip
"""What cannot be asked for together with a sync token."""
WINDOW = ("timeMin", "timeMax")
"""Those which the first request may have all the same, and be given a sync token."""
NOT_THE_SAME = (
    *WINDOW, "alt", "fields", "key", "maxResults", "pageToken", "prettyPrint", "quotaUser",
    "syncToken",
)  # fmt: skip
"""What may differ between the request that gave a token and the one that brings it."""

Seen = tuple[str, dict[str, Any]]
"""What a list is in the order of, and an event."""


def listed(desk: Desk, book: Book, email: str, query: QueryParams) -> dict[str, Any]:
    """Answer `events.list`.  A change between two pages is told with the next sync token."""
    world, asked = desk.world, _asked(query)
    since = _since(desk, book, query, asked)
    found = _matching(world, book, query) if since is None else _changed(world, book, since)
    offset, version = 0, book.version
    if "pageToken" in query:
        offset, version = _page(world, book, query["pageToken"], asked)
    size = query.get("maxResults", str(DEFAULT))
    if not size.isdecimal() or int(size) < 1:
        raise refusals.invalid("Invalid value for: maxResults")
    end = offset + min(int(size), MOST, max(1, desk.switches.page_size))
    answer: dict[str, Any] = {
        "kind": "calendar#events",
        "etag": '"p0"',
        "summary": book.name,
        "timeZone": book.zone,
        "accessRole": book.role(email),
        "updated": moments.stamp(desk.clock()),
        "defaultReminders": [],
        "items": [body for _, body in found[offset:end]],
    }
    if end < len(found):
        answer["nextPageToken"] = _sealed(world, "page", book.id, asked, end, version)
    elif not any(name in query for name in RESTRICTIONS if name not in WINDOW):
        answer["nextSyncToken"] = _sealed(world, "sync", book.id, asked, world.forgotten, version)
    return answer


def _matching(world: World, book: Book, query: QueryParams) -> list[Seen]:
    if query.get("orderBy") == "startTime" and query.get("singleEvents") != "true":
        raise refusals.invalid("The requested ordering is not available for the particular query.")
    first = moments.parameter(query["timeMin"], "timeMin") if "timeMin" in query else None
    last = moments.parameter(query["timeMax"], "timeMax") if "timeMax" in query else None
    if first is not None and last is not None and last <= first:
        raise refusals.empty_range()
    zone, found = ZoneInfo(book.zone), []
    for home, stored in world.events(book):
        starts, ends = moments.edges(stored.body, zone)
        hidden = stored.body["status"] == "cancelled" and query.get("showDeleted") != "true"
        early = first is not None and ends <= first
        if hidden or early or (last is not None and starts >= last):
            continue
        if query.get("iCalUID") not in (None, stored.body["iCalUID"]):
            continue
        found.append((f"{starts:012d} {stored.body['id']}", events.seen(book, home, stored)))
    return sorted(found, key=lambda pair: pair[0])


def _changed(world: World, book: Book, since: int) -> list[Seen]:
    """Give what is not as it was; of what is gone only the id, as Google promises no more."""
    found: list[Seen] = []
    for event_id, version in book.changed.items():
        if version <= since:
            continue
        stands = world.event(book, event_id)
        if stands is None or stands[1].body["status"] == "cancelled":
            body = {"kind": "calendar#event", "id": event_id, "status": "cancelled"}
            found.append((event_id, body | {"etag": f'"{version}"'}))
        else:
            found.append((event_id, events.seen(book, *stands)))
    return sorted(found, key=lambda pair: pair[0])


def _since(desk: Desk, book: Book, query: QueryParams, asked: str) -> int | None:
    """Read the sync token, and refuse it in all the ways in which Google does."""
    token, world = query.get("syncToken"), desk.world
    if token is None:
        return None
    if any(name in query for name in RESTRICTIONS) or query.get("showDeleted") == "false":
        raise refusals.restricted_sync()
    match _unsealed(world, token):
        case ["sync", book.id, first, int(forgotten), int(version)]:
            too_old = forgotten != world.forgotten or version > book.version
            if too_old or desk.switches.sync_tokens_dead:
                raise refusals.full_sync()
            if first != asked:
                raise refusals.restricted_sync()
            return version
    raise refusals.unreadable_token("syncToken")


def _page(world: World, book: Book, token: str, asked: str) -> tuple[int, int]:
    match _unsealed(world, token):
        case ["page", book.id, first, int(offset), int(version)] if first == asked:
            return offset, version
    raise refusals.unreadable_token("pageToken")


def _asked(query: QueryParams) -> str:
    """Sum up what has to stay the same from one request to the next."""
    same = sorted(pair for pair in query.multi_items() if pair[0] not in NOT_THE_SAME)
    return hashlib.sha256(json.dumps(same).encode()).hexdigest()[:8]


def _sealed(world: World, *parts: str | int) -> str:
    """Write a token that says nothing to whoever gets it, and that nobody else can make."""
    text = json.dumps(parts, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_seal(world, text) + text).decode()


def _unsealed(world: World, token: str) -> Any:
    try:
        sealed = base64.urlsafe_b64decode(token)
    except (ValueError, binascii.Error):
        return None
    seal, text = sealed[:8], sealed[8:]
    return json.loads(text) if hmac.compare_digest(seal, _seal(world, text)) else None


def _seal(world: World, text: bytes) -> bytes:
    return hmac.digest(world.client_secret.encode(), text, "sha256")[:8]
