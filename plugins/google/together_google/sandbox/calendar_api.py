"""The Calendar API v3 of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from together_google.sandbox import channels, events, freebusy, listing, refusals
from together_google.sandbox.meet import MEET, poll
from together_google.sandbox.served import ROOT, Desk, json_body
from together_google.sandbox.world import Book, Token

BASE = "/calendar/v3"
WRITE = ("", ".events", ".events.owned")
READ = ("", ".readonly", ".events", ".events.readonly", ".events.owned", ".events.freebusy")
LIST = ("", ".readonly", ".calendarlist", ".calendarlist.readonly")
BUSY = ("", ".readonly", ".freebusy", ".events.freebusy")
STOP = (*READ, ".calendarlist", ".calendarlist.readonly")
EVERY_CALENDAR = frozenset({ROOT, ROOT + ".events"})
"""Scopes that reach calendars of others; ``calendar.events.owned`` does not."""
ALL_CALENDARS = EVERY_CALENDAR.union(
    ROOT + scope for scope in (".readonly", ".events.readonly", ".events.freebusy")
)
"""Those and the ones that only read."""


def routes(desk: Desk) -> list[Route]:
    api = _Api(desk)
    one = BASE + "/calendars/{calendar_id}/events/{event_id}"
    many = BASE + "/calendars/{calendar_id}/events"
    entries = BASE + "/users/me/calendarList"
    return [
        Route(entries, desk.api(*LIST)(api.calendar_list), methods=["GET"]),
        Route(entries + "/{calendar_id}", desk.api(*LIST)(api.calendar), methods=["GET"]),
        Route(BASE + "/freeBusy", desk.api(*BUSY)(api.free_busy), methods=["POST"]),
        Route(many, desk.api(*READ)(api.events), methods=["GET"]),
        Route(many, desk.api(*WRITE)(api.insert), methods=["POST"]),
        Route(many + "/watch", desk.api(*READ)(api.watch), methods=["POST"]),
        Route(BASE + "/channels/stop", desk.api(*STOP)(api.stop), methods=["POST"]),
        Route(one, desk.api(*READ)(api.event), methods=["GET"]),
        Route(one, desk.api(*WRITE)(api.patch), methods=["PATCH"]),
        Route(one, desk.api(*WRITE)(api.delete), methods=["DELETE"]),
    ]


@dataclass(frozen=True, slots=True)
class _Api:
    desk: Desk

    def calendar_list(self, request: Request, token: Token) -> Any:
        if request.query_params.get("syncToken"):
            raise refusals.full_sync()
        entries = [_entry(book, token.email) for book in self.desk.world.books_of(token.email)]
        items, page = _page(entries, request.query_params, default=100, most=250)
        return {"kind": "calendar#calendarList", "etag": '"p0"', "items": items, **page}

    def calendar(self, request: Request, token: Token) -> Any:
        return _entry(self._book(request, token), token.email)

    async def free_busy(self, request: Request, token: Token) -> Any:
        asked = await json_body(request)
        answer = freebusy.query(self.desk.world, self.desk.switches, token.email, asked)
        return {"unexpected": [1, 2, 3]} if self.desk.switches.odd_answers else answer

    def events(self, request: Request, token: Token) -> Any:
        book = self._readable(request, token)
        answer = listing.listed(self.desk, book, token.email, request.query_params)
        return self._shown(answer)

    async def watch(self, request: Request, token: Token) -> Any:
        book = self._readable(request, token)
        return self._shown(channels.watch(self.desk, token, book, await json_body(request)))

    async def stop(self, request: Request, token: Token) -> None:
        channels.stop(self.desk, token, await json_body(request))

    async def insert(self, request: Request, token: Token) -> Any:
        book = self._writable(request, token)
        stored = events.insert(
            self.desk.world,
            self.desk.switches,
            book,
            await json_body(request),
            now=self.desk.clock(),
            **_wishes(request),
        )
        return self._shown(events.seen(book, book, stored))

    def event(self, request: Request, token: Token) -> Any:
        book = self._readable(request, token)
        found = self.desk.world.event(book, request.path_params["event_id"])
        if found is None:
            raise refusals.not_found()
        home, stored = found
        if poll(self.desk.switches, stored):
            events.note(self.desk.world, home, stored)
        return self._shown(events.seen(book, home, stored))

    async def patch(self, request: Request, token: Token) -> Any:
        book, event_id = self._writable(request, token), request.path_params["event_id"]
        found = self.desk.world.event(book, event_id)
        wanted = request.headers.get("if-match")
        if found is not None and wanted not in (None, "*", found[1].body["etag"]):
            raise refusals.changed_meanwhile()
        stored = events.patch(
            self.desk.world,
            self.desk.switches,
            book,
            event_id,
            await json_body(request),
            now=self.desk.clock(),
            **_wishes(request),
        )
        home = self.desk.world.event(book, event_id)
        return self._shown(events.seen(book, home[0] if home else book, stored))

    def delete(self, request: Request, token: Token) -> None:
        book, event_id = self._writable(request, token), request.path_params["event_id"]
        now = self.desk.clock()
        events.delete(self.desk.world, book, event_id, told=_told(request), now=now)

    def _shown(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"id": 7, "start": "soon"} if self.desk.switches.odd_answers else body

    def _book(self, request: Request, token: Token) -> Book:
        book = self.desk.world.book(request.path_params["calendar_id"], token.email)
        if book is None:
            raise refusals.not_found()
        return book

    def _readable(self, request: Request, token: Token) -> Book:
        """Find a calendar that the token reaches; with ``events.owned`` it is the account's own."""
        book = self._book(request, token)
        if book.owner != token.email and not ALL_CALENDARS.intersection(token.scopes):
            raise refusals.missing_scope()
        return book

    def _writable(self, request: Request, token: Token) -> Book:
        book = self._book(request, token)
        role = book.role(token.email)
        if role == "owner" or (role == "writer" and EVERY_CALENDAR.intersection(token.scopes)):
            return book
        raise refusals.access_needed("writer")


def _entry(book: Book, email: str) -> dict[str, Any]:
    return {
        "kind": "calendar#calendarListEntry",
        "etag": '"p0"',
        "id": book.id,
        "summary": book.name,
        "timeZone": book.zone,
        "colorId": "14",
        "backgroundColor": "#9fe1e7",
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": book.role(email),
        "defaultReminders": [{"method": "popup", "minutes": 10}],
        "conferenceProperties": {"allowedConferenceSolutionTypes": [MEET] if book.meet else []},
        **({"primary": True} if book.id == email else {}),
    }


def _page(
    found: list[dict[str, Any]], query: Mapping[str, str], *, default: int, most: int
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Cut a page out of a list; its token is where the next one begins."""
    size, token = query.get("maxResults", str(default)), query.get("pageToken", "0")
    if not (size.isdecimal() and token.isdecimal() and int(size) > 0):
        raise refusals.invalid("Invalid value for: pageToken")
    start, end = int(token), int(token) + min(int(size), most)
    return found[start:end], {"nextPageToken": str(end)} if end < len(found) else {}


def _told(request: Request) -> bool:
    return request.query_params.get("sendUpdates") == "all"


def _wishes(request: Request) -> dict[str, bool]:
    version = request.query_params.get("conferenceDataVersion")
    return {"told": _told(request), "with_meet": version == "1"}
