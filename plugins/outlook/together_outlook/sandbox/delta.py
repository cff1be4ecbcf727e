"""The delta query of a calendar's view: all that is in a window, and then what has changed.

A token holds its whole state, so that one and the same is good for more than one answer.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from together_outlook.sandbox import events, moments, views
from together_outlook.sandbox import graph_refusals as refused
from together_outlook.sandbox.moments import Shown
from together_outlook.sandbox.served import Desk
from together_outlook.sandbox.world import Book, World

UNKNOWN_HERE = ("$expand", "$filter", "$orderby", "$search", "$select", "$top")
MARKS = ("$deltatoken", "$skiptoken")
PAGE = 50
_PAGED = re.compile(r"odata\.maxpagesize\s*=\s*(\d{1,4})", re.IGNORECASE)
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Round:
    """Where a client stands in a calendar's changes."""

    calendar: str
    starts: int
    ends: int
    since: int
    """Number of the last change it knows, or -1 while it is told of everything."""
    until: int
    """Number of the last change that this round tells of."""
    after: str = ""
    """What the page before ended with."""

    def token(self) -> str:
        fields = [self.calendar, self.starts, self.ends, self.since, self.until, self.after]
        return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")

    @classmethod
    def of(cls, token: str) -> Round:
        try:
            padded = token + "=" * (-len(token) % 4)
            calendar, starts, ends, since, until, after = json.loads(
                base64.urlsafe_b64decode(padded)
            )
            return cls(str(calendar), int(starts), int(ends), int(since), int(until), str(after))
        except (ValueError, TypeError, RecursionError):
            raise refused.sync_lost() from None


def page(desk: Desk, book: Book, request: Request, *, seen: Callable[[Body], Body]) -> Body:
    """Give a page, with a link to the next one or, after the last, to the next round."""
    query, prefer = request.query_params, ",".join(request.headers.getlist("prefer"))
    if any(name in query for name in UNKNOWN_HERE):
        raise refused.untrackable()
    asked, where = _asked(desk, book, request), moments.preferred(prefer)
    found = _PAGED.search(prefer)
    size = max(1, min(int(found[1]) if found else PAGE, desk.switches.delta_page))
    rows = [*_rows(desk.world, book, asked, where)]
    # Every row stands behind the ones of the pages before.
    rest = [row for row in rows if not asked.after or row[0] > asked.after]
    if rest[size:]:
        link = "@odata.nextLink", "$skiptoken", replace(asked, after=rest[size - 1][0])
    else:
        link = "@odata.deltaLink", "$deltatoken", replace(asked, since=asked.until, after="")
    name, mark, state = link
    return {
        "@odata.context": views.context(request.url, "Collection(event)"),
        name: str(request.url.replace(query=f"{mark}={state.token()}")),
        "value": [seen(body) for _, body in rest[:size]],
    }


def _asked(desk: Desk, book: Book, request: Request) -> Round:
    """Read which round a request is in: a first one has a window, and all others a token."""
    query, world = request.query_params, desk.world
    mark = next((name for name in MARKS if name in query), None)
    if mark is None:
        starts, ends = views.window(query)
        return Round(book.id, starts, ends, -1, world.number)
    state = Round.of(query[mark])
    known = world.forgotten <= state.until <= world.number
    if not known or state.calendar != book.id or desk.switches.sync_lost:
        raise refused.sync_lost()
    return replace(state, until=world.number) if mark == "$deltatoken" else state


def _rows(world: World, book: Book, asked: Round, where: Shown) -> Iterator[tuple[str, Body]]:
    """Give what the round tells of, in an order that later changes do not disturb."""
    if asked.since < 0:
        for event_id, _, _ in sorted(world.events(book), key=lambda row: row[0]):
            if body := _body(world, book, event_id, asked, where):
                yield event_id, body
        return
    news = (
        (change.number, event_id)
        for event_id, change in book.changes.items()
        if asked.since < change.number <= asked.until
    )
    for number, event_id in sorted(news):
        gone = {"id": event_id, "@removed": {"reason": "deleted"}}
        yield f"{number:015}", _body(world, book, event_id, asked, where) or gone


def _body(world: World, book: Book, event_id: str, asked: Round, where: Shown) -> Body | None:
    """Show an event that overlaps the window; of any other it is said that it was removed."""
    found = world.event(book, event_id)
    if found is None:
        return None
    home, stored = found
    first, last = moments.edges(stored.body, ZoneInfo(book.zone))
    if not (first < asked.ends and asked.starts < max(last, first + 1)):
        return None
    return events.seen(book, home, stored, event_id, where=where)
