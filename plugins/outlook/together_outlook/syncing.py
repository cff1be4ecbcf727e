"""What has changed in a calendar, by Graph's delta query, and the subscriptions that tell of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

from together.providers import shapes
from together.providers.errors import (
    CursorExpired,
    Gone,
    Misconfigured,
    ProviderError,
    ProviderUnavailable,
    Refused,
)
from together.providers.http import path
from together.providers.syncing import Changes, Channel, Watch
from together_outlook.errors import AccessDenied
from together_outlook.graph import PREFER, Graph
from together_outlook.notices import LONGEST
from together_outlook.times import DAY, wall_time

E = TypeVar("E", bound=ProviderError)

BEHIND, AHEAD = DAY, 400 * DAY
"""The window of a delta query, which stays where it was opened.  A series takes a year at most."""
FRESH = 30 * DAY
"""How long a window serves until another one is opened, further on."""
PAGED = f"{PREFER}, odata.maxpagesize=200"
MOST_PAGES = 250
CURSOR = 4_000
LATEST = timedelta(minutes=10_080)
"""Documented as the longest life of a subscription; none that is told to be longer is believed."""

_CURSOR = re.compile(r"(\d{1,11}):([!-~]+)\Z", re.ASCII)


async def changed(graph: Graph, calendar_id: str, cursor: str | None, *, now: int) -> Changes:
    """Go through the pages of a delta query, from whose events nothing but the ids are taken.

    The first round gives every event in the window, which is read to its end for the token alone.
    A window moves by no query, so that a cursor whose window was opened long ago is too old.
    """
    place = path("me", "calendars", calendar_id, "calendarView", "delta")
    opened, query = _opened(now) if cursor is None else _unpacked(cursor, now=now)
    found: set[str] = set()
    asked = {query}
    for _ in range(MOST_PAGES):
        with _telling_cursors(cursor):
            answer = await graph("GET", f"{place}?{query}", prefer=PAGED)
        ids = [shapes.text(event, "id") for event in shapes.field(answer, "value", list)]
        found.update(ids if cursor is not None else ())
        if len(found) > shapes.MOST:
            raise CursorExpired(code="many_changes")
        link = shapes.maybe(answer, "@odata.nextLink", str)
        if link is None:
            token = graph.token(shapes.field(answer, "@odata.deltaLink", str), of=place)
            return Changes(frozenset(found), _packed(opened, token))
        query = graph.token(link, of=place)
        if query in asked:
            break
        asked.add(query)
    raise shapes.unexpected()


async def watched(graph: Graph, calendar_id: str, channel: Channel, *, now: int) -> Watch:
    """Subscribe to the events of a calendar; before it answers Graph asks the address for an echo.

    Nobody's consent is judged by what is refused here, for reading goes on without it.
    """
    body = {
        "changeType": "created,updated,deleted",
        "notificationUrl": channel.address,
        "lifecycleNotificationUrl": channel.address,
        "resource": graph.resource("me", "calendars", calendar_id, "events"),
        "expirationDateTime": _until(channel, now=now),
        "clientState": channel.secret.reveal(),
    }
    with _not_to_be():
        answer = await graph("POST", "/subscriptions", json=body)
    return _watch(answer, now=now)


async def renewed(graph: Graph, watch: Watch, channel: Channel, *, now: int) -> Watch:
    """Let the same subscription live longer, which is what reauthorizing it takes as well."""
    body = {"expirationDateTime": _until(channel, now=now)}
    with _not_to_be(), _over():
        answer = await graph("PATCH", path("subscriptions", watch.id), json=body)
    lives = _watch(answer, now=now)
    if lives.id != watch.id:
        raise shapes.unexpected()
    return lives


async def unwatched(graph: Graph, watch: Watch) -> None:
    try:
        with _over():
            await graph("DELETE", path("subscriptions", watch.id))
    except Gone:
        return


def _opened(now: int) -> tuple[int, str]:
    window = {
        "startDateTime": wall_time(now - BEHIND) + "Z",
        "endDateTime": wall_time(now + AHEAD) + "Z",
    }
    return now, urlencode(window)


def _packed(opened: int, token: str) -> str:
    cursor = f"{opened}:{token}"
    if len(cursor) > CURSOR:
        raise shapes.unexpected()
    return cursor


def _unpacked(cursor: str, *, now: int) -> tuple[int, str]:
    """Read when a cursor's window was opened, and its token, to be sent as it came."""
    found = _CURSOR.match(cursor)
    if found is None or "#" in found[2] or not now - FRESH <= int(found[1]) <= now + DAY:
        raise CursorExpired(code="old_window")
    return int(found[1]), found[2]


def _until(channel: Channel, *, now: int) -> str:
    """Say until when a subscription is wanted, which is refused where it is too long."""
    until = min(channel.until, datetime.fromtimestamp(now, UTC) + LONGEST)
    return wall_time(int(until.timestamp())) + "Z"


def _watch(body: Any, *, now: int) -> Watch:
    expires_at, begins = shapes.moment(body, "expirationDateTime"), datetime.fromtimestamp(now, UTC)
    if not begins < expires_at <= begins + LATEST:
        raise shapes.unexpected()
    return Watch(shapes.text(body, "id", limit=128), expires_at)


@contextmanager
def _telling_cursors(cursor: str | None) -> Iterator[None]:
    """Tell a token that is dead from a calendar that is gone.

    Where there was no cursor that could be given up, the same is asked for again later.
    """
    try:
        yield
    except (CursorExpired, Gone) as error:
        if isinstance(error, Gone) and error.status != 410:
            raise
        if cursor is None:
            raise _said_as(ProviderUnavailable, error) from None
        raise _said_as(CursorExpired, error) from None


@contextmanager
def _not_to_be() -> Iterator[None]:
    """Take what Graph will not subscribe to for just that, whatever it is in other calls."""
    try:
        yield
    except (AccessDenied, Misconfigured) as error:
        if error.status not in (400, 403):
            raise
        raise _said_as(Refused, error) from None


@contextmanager
def _over() -> Iterator[None]:
    """Take what is not found for a subscription that is over, in whatever words it is said."""
    try:
        yield
    except Refused as error:
        if error.status != 404:
            raise
        raise _said_as(Gone, error) from None


def _said_as(kind: type[E], error: ProviderError) -> E:
    return kind(status=error.status, code=error.code, request_id=error.request_id)
