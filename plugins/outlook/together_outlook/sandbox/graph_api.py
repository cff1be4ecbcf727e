"""Graph's calendars, v1.0, as the sandbox serves them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.routing import Route

from together_outlook.sandbox import (
    delta,
    events,
    moments,
    refusals,
    schedules,
    subscriptions,
    views,
)
from together_outlook.sandbox import graph_refusals as refused
from together_outlook.sandbox.served import Answer, Caller, Desk, json_body
from together_outlook.sandbox.teams import poll
from together_outlook.sandbox.views import Wishes
from together_outlook.sandbox.world import Book, StoredEvent

BASE = "/v1.0"
OWNERS = (BASE + "/me", BASE + "/users/{user_id}")
"""Whose mailbox it is: whoever consented, or the one named, which may be anybody's to the app."""
WRITE = ("Calendars.ReadWrite", "Calendars.ReadWrite.Shared")
DETAILS = ("Calendars.Read", "Calendars.Read.Shared", *WRITE)
READ = ("Calendars.ReadBasic", *DETAILS)
SHARED = frozenset({"Calendars.Read.Shared", "Calendars.ReadWrite.Shared"})
"""Scopes that reach calendars of others."""
ME = ("User.Read",)
ANSWERS = {"accept": "accepted", "tentativelyAccept": "tentativelyAccepted", "decline": "declined"}
DELTA = ("delta", "delta()")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_ID = re.compile(r"A[AQ]MkA[\w=-]{16,}\Z", re.ASCII)


def routes(desk: Desk) -> list[Route]:
    api = _Api(desk)
    read, write = desk.api(*READ), desk.api(*WRITE)
    profile = desk.api(*ME, mailbox=False)
    found = [
        Route(BASE + "/me", profile(api.me), methods=["GET"]),
        Route(BASE + "/organization", profile(api.organization), methods=["GET"]),
    ]
    schedule = desk.api(*READ, others=True)(api.get_schedule)
    for owner in OWNERS:
        found += [
            Route(owner + "/calendar/getSchedule", schedule, methods=["POST"]),
            Route(owner + "/calendars", read(api.calendars), methods=["GET"]),
            Route(owner + "/calendar", read(api.calendar), methods=["GET"]),
            Route(owner + "/calendars/{calendar_id}", read(api.calendar), methods=["GET"]),
        ]
    places = ("", "/calendar", "/calendars/{calendar_id}")
    deltas = read(api.delta)
    for place in (owner + path for owner in OWNERS for path in places):
        one = place + "/events/{event_id}"
        found += [
            Route(place + "/calendarView", read(api.view), methods=["GET"]),
            *(Route(f"{place}/calendarView/{name}", deltas, methods=["GET"]) for name in DELTA),
            Route(place + "/events", read(api.events), methods=["GET"]),
            Route(place + "/events", write(api.insert), methods=["POST"]),
            Route(one, read(api.event), methods=["GET"]),
            Route(one, write(api.patch), methods=["PATCH"]),
            Route(one, write(api.delete), methods=["DELETE"]),
            Route(one + "/cancel", write(api.cancel), methods=["POST"]),
            *(Route(f"{one}/{verb}", write(api.respond), methods=["POST"]) for verb in ANSWERS),
        ]
    found += subscriptions.routes(desk)
    unknown = desk.api(*READ, *ME, mailbox=False)(_Unknown([*found]))
    return [*found, Route(BASE + "/{rest:path}", unknown, methods=METHODS)]


@dataclass(frozen=True, slots=True)
class _Unknown:
    """Tells what is not here from what is not asked for like this."""

    known: list[Route]

    def __call__(self, request: Request, caller: Caller) -> Any:
        path = f"{BASE}/{request.path_params['rest']}"
        if any(route.path_regex.match(path) for route in self.known):
            raise refused.wrong_method()
        raise refused.unknown_segment(path.rstrip("/").rpartition("/")[2])


@dataclass(frozen=True, slots=True)
class _Api:
    desk: Desk

    def me(self, request: Request, caller: Caller) -> Any:
        person = views.user(caller.person)
        return views.single(person, request.query_params, url=request.url, kind="user")

    def organization(self, request: Request, caller: Caller) -> Any:
        """List the one organization of a work account; a personal account has none to ask for."""
        if caller.person.personal:
            raise refused.work_accounts_only()
        found = [views.organization(caller.person)]
        return views.page(found, request.query_params, url=request.url, kind="organization")

    def calendars(self, request: Request, caller: Caller) -> Any:
        books = self.desk.world.books_of(caller.email)
        entries = [self._entry(book, caller) for book in books]
        return views.page(entries, request.query_params, url=request.url, kind="calendar")

    def calendar(self, request: Request, caller: Caller) -> Any:
        entry = self._entry(self._book(request, caller), caller)
        return views.single(entry, request.query_params, url=request.url, kind="calendar")

    async def get_schedule(self, request: Request, caller: Caller) -> Any:
        desk, asked = self.desk, await json_body(request)
        user = request.path_params.get("user_id", caller.email).casefold()
        known = {key for person in desk.world.people.values() for key in (person.email, person.oid)}
        if user not in known:
            raise refusals.user_not_found(user)
        if caller.person.personal:
            raise refusals.no_mailbox()
        where = moments.preferred(_prefer(request))
        found = schedules.query(desk.world, desk.switches, caller.person, asked, where)
        kind = "Collection(microsoft.graph.scheduleInformation)"
        return {"@odata.context": views.context(request.url, kind), "value": found}

    def view(self, request: Request, caller: Caller) -> Any:
        """List what overlaps a window, cancelled events of others too."""
        book = self._readable(request, caller)
        window = views.window(request.query_params)
        return self._list(request, caller, book, window=window)

    def delta(self, request: Request, caller: Caller) -> Any:
        book = self._readable(request, caller)
        return delta.page(self.desk, book, request, seen=lambda body: _seen_by(caller, body))

    def events(self, request: Request, caller: Caller) -> Any:
        """List a calendar's events.

        ``/me/events`` is said to be the whole mailbox's; others have found the default calendar's
        alone.
        """
        return self._list(request, caller, self._book(request, caller), window=None)

    async def insert(self, request: Request, caller: Caller) -> Any:
        book, world = self._writable(self._book(request, caller), caller), self.desk.world
        wishes, asked = _wishes(request, caller), await json_body(request)
        now = self.desk.clock()
        home, stored = events.insert(world, self.desk.switches, book, asked, now=now)
        return Answer(201, self._shown(request, caller, home, home, stored, wishes=wishes))

    def event(self, request: Request, caller: Caller) -> Any:
        wishes, (book, home, stored) = _wishes(request, caller), self._event(request, caller)
        poll(self.desk.switches, self.desk.world.people[home.owner], stored)
        return self._shown(request, caller, book, home, stored, wishes=wishes)

    async def patch(self, request: Request, caller: Caller) -> Any:
        wishes, asked = _wishes(request, caller), await json_body(request)
        book, _, stored = self._event(request, caller)
        self._writable(book, caller)
        _match(request, stored)
        world, event_id = self.desk.world, request.path_params["event_id"]
        now = self.desk.clock()
        changed = events.patch(world, self.desk.switches, book, event_id, asked, now=now)
        return self._shown(request, caller, book, book, changed, wishes=wishes)

    def delete(self, request: Request, caller: Caller) -> None:
        book, _, stored = self._event(request, caller)
        self._writable(book, caller)
        _match(request, stored)
        event_id, now = request.path_params["event_id"], self.desk.clock()
        events.delete(self.desk.world, book, event_id, now=now)

    async def cancel(self, request: Request, caller: Caller) -> Any:
        await json_body(request)
        book = self._writable(self._event(request, caller)[0], caller)
        event_id, now = request.path_params["event_id"], self.desk.clock()
        events.cancel(self.desk.world, book, event_id, now=now)
        return Answer(202)

    async def respond(self, request: Request, caller: Caller) -> Any:
        await json_body(request)
        book = self._writable(self._event(request, caller)[0], caller)
        response = ANSWERS[request.url.path.rpartition("/")[2]]
        event_id, now = request.path_params["event_id"], self.desk.clock()
        events.respond(self.desk.world, book, event_id, response, now=now)
        return Answer(202)

    def _list(
        self, request: Request, caller: Caller, book: Book, *, window: tuple[int, int] | None
    ) -> Any:
        query, zone = request.query_params, ZoneInfo(book.zone)
        wishes, found = _wishes(request, caller), []
        for event_id, home, stored in self.desk.world.events(book):
            first, last = moments.edges(stored.body, zone)
            if window is not None and not (first < window[1] and window[0] < max(last, first + 1)):
                continue
            mine = home is book
            if wishes.fit(stored, mine=mine):
                shown = events.seen(book, home, stored, event_id, where=wishes.where)
                found.append((first, _seen_by(caller, shown | wishes.beside(stored, mine=mine))))
        found.sort(key=lambda pair: (pair[0], pair[1]["id"]), reverse=wishes.last_first)
        return views.page([body for _, body in found], query, url=request.url, kind="event")

    def _shown(
        self,
        request: Request,
        caller: Caller,
        book: Book,
        home: Book,
        stored: StoredEvent,
        *,
        wishes: Wishes,
    ) -> Any:
        event_id = request.path_params.get("event_id", stored.body["id"])
        body = events.seen(book, home, stored, event_id, where=wishes.where)
        body |= wishes.beside(stored, mine=home is book)
        seen = _seen_by(caller, body)
        return views.single(seen, request.query_params, url=request.url, kind="event")

    def _entry(self, book: Book, caller: Caller) -> dict[str, Any]:
        return views.calendar(self.desk.world, self.desk.switches, book, caller.email)

    def _book(self, request: Request, caller: Caller) -> Book:
        """Find the calendar of the path; where it names none it is the default one."""
        calendar_id = request.path_params.get("calendar_id")
        if calendar_id is None:
            book = self.desk.world.default_book(caller.email)
        elif not _ID.match(calendar_id):
            raise refused.malformed_id()
        else:
            book = self.desk.world.book(calendar_id, caller.email)
        if book is None:
            raise refused.calendar_not_found()
        if book.owner != caller.email and not SHARED & caller.scopes:
            raise refusals.access_denied()
        return book

    def _readable(self, request: Request, caller: Caller) -> Book:
        book = self._book(request, caller)
        for key in (book.id, *((book.owner,) if book.default else ())):
            if key in self.desk.switches.unreadable:
                raise refused.unread(self.desk.switches.unreadable[key])
        return book

    def _event(self, request: Request, caller: Caller) -> tuple[Book, Book, StoredEvent]:
        """Find the event of the path, in its calendar or, where it names none, anywhere."""
        event_id = request.path_params["event_id"]
        if not _ID.match(event_id):
            raise refused.malformed_id()
        if "calendar_id" in request.path_params or "/calendar/events/" in request.url.path:
            book = self._book(request, caller)
            return book, *events.standing(self.desk.world, book, event_id)
        found = self.desk.world.find(caller.email, event_id)
        if found is None:
            raise refusals.item_not_found()
        if found[0].owner != caller.email and not SHARED & caller.scopes:
            raise refusals.access_denied()
        return found

    def _writable(self, book: Book, caller: Caller) -> Book:
        if book.role(caller.email) == "read":
            raise refusals.access_denied()
        return book


def _prefer(request: Request) -> str:
    return ",".join(request.headers.getlist("prefer"))


def _match(request: Request, stored: StoredEvent) -> None:
    if request.headers.get("if-match", "*") not in ("*", events.etag(stored)):
        raise refused.changed_meanwhile()


def _wishes(request: Request, caller: Caller) -> Wishes:
    """Read what is wanted, for which a scope that shows events from outside is not enough."""
    wishes = Wishes.of(request.query_params, prefer=_prefer(request))
    deep = wishes.expand is not None or wishes.match is not None
    if deep and not caller.scopes.intersection(DETAILS):
        raise refusals.access_denied()
    return wishes


def _seen_by(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    if caller.scopes.intersection(DETAILS):
        return body
    return {name: value for name, value in body.items() if name not in views.HIDDEN}
