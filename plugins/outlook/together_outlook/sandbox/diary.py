"""What a person does in their own calendar: a page to move, delete and answer events by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from together_outlook.sandbox import events, moments
from together_outlook.sandbox.drafts import mail_of
from together_outlook.sandbox.pages import page
from together_outlook.sandbox.refusals import ApiError
from together_outlook.sandbox.served import Desk, form
from together_outlook.sandbox.world import Book, Person, StoredEvent

PATH = "/_calendar"
BEFORE, MOST = 86_400, 60
"""How far back the page goes, in seconds, and how many events it shows."""
ANSWERS = {
    "accepted": "Accept",
    "tentativelyAccepted": "Tentative",
    "declined": "Decline",
}
SAID = {
    "none": "no answer yet",
    "notResponded": "no answer yet",
    "organizer": "organizer",
    "accepted": "accepted",
    "tentativelyAccepted": "tentative",
    "declined": "declined",
}


def routes(desk: Desk) -> list[Route]:
    diary = _Diary(desk)
    return [
        Route(PATH, diary.show, methods=["GET"]),
        Route(PATH, diary.change, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class Shown:
    """An event as a person sees it in one of their calendars."""

    id: str
    book: Book
    home: Book
    stored: StoredEvent
    starts: int
    ends: int

    @property
    def mine(self) -> bool:
        """Whether the person organizes it."""
        return self.home is self.book


@dataclass(frozen=True, slots=True)
class _Diary:
    desk: Desk

    async def show(self, request: Request) -> Response:
        people = self.desk.world.people
        person = people.get(request.query_params.get("account", "").casefold())
        if person is None or not person.has_mailbox:
            return _choice(known for known in people.values() if known.has_mailbox)
        since = self.desk.clock() - BEFORE
        coming = sorted(
            (one for one in self._events(person) if one.ends > since), key=lambda one: one.starts
        )
        return _calendar(person, coming[:MOST])

    async def change(self, request: Request) -> Response:
        """Do what a button says; what cannot be done, or is no such event, changes nothing."""
        email = request.query_params.get("account", "").casefold()
        person, asked = self.desk.world.people.get(email), await form(request)
        if person is not None:
            found = (one for one in self._events(person) if one.id == asked.get("event"))
            if one := next(found, None):
                with suppress(ApiError):
                    self._act(person, one, asked)
                self.desk.tell()
        where = f"{request.url.path}?account={quote(email)}"
        return RedirectResponse(where, 303, headers={"Cache-Control": "no-store"})

    def _act(self, person: Person, one: Shown, asked: Mapping[str, str]) -> None:
        world, now, action = self.desk.world, self.desk.clock(), asked.get("action", "")
        if action == "delete":
            events.delete(world, one.book, one.id, now=now)
        elif action in ANSWERS:
            events.respond(world, one.book, one.id, action, now=now)
        elif action == "move" and (start := _wall(asked.get("start", ""))):
            zone = ZoneInfo(person.zone)
            starts = start.replace(tzinfo=zone).astimezone(UTC)
            ends = starts + timedelta(seconds=one.ends - one.starts)
            times = {
                edge: {"dateTime": when.strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}
                for edge, when in (("start", starts), ("end", ends))
            }
            events.patch(world, self.desk.switches, one.book, one.id, times, now=now)

    def _events(self, person: Person) -> Iterator[Shown]:
        """Go through the person's own calendars."""
        world = self.desk.world
        for book in world.books_of(person.email):
            for event_id, home, stored in world.events(book) if book.owner == person.email else ():
                starts, ends = moments.edges(stored.body, ZoneInfo(book.zone))
                yield Shown(event_id, book, home, stored, starts, ends)


def _wall(text: str) -> datetime | None:
    """Read what the field for a time gives, which is on the wall of the person's zone."""
    try:
        wall = datetime.strptime(text[:16], "%Y-%m-%dT%H:%M")
    except ValueError:
        return None
    return wall if moments.FIRST_YEAR < wall.year < moments.LAST_YEAR else None


def _choice(people: Iterable[Person]) -> Response:
    lines = [
        f'<a class="who" href="?account={escape(quote(person.email))}">{escape(person.name)}'
        f"<small>{escape(person.email)}</small></a>"
        for person in people
    ]
    return page("Whose calendar?", "\n".join(lines) or "<p>This sandbox has no mailboxes yet.</p>")


def _calendar(person: Person, coming: list[Shown]) -> Response:
    where = f"?account={escape(quote(person.email))}"
    drawn = "\n".join(_event(where, person, one) for one in coming)
    return page(
        f"Calendar of {person.name}",
        f"""<p>Times in {escape(person.zone)}. What is done here is done in Outlook.</p>
{drawn or "<p>Nothing is coming up.</p>"}
<p><a class="who" href="?">Another calendar</a></p>""",
    )


def _event(where: str, person: Person, one: Shown) -> str:
    """Draw an event with what can be done to it: an organizer moves it, and a guest answers."""
    body, zone = one.stored.body, ZoneInfo(person.zone)
    start, end = (datetime.fromtimestamp(edge, zone) for edge in (one.starts, one.ends))
    when = f"{start:%a %d %b %Y, %H:%M} to {end:%a %d %b, %H:%M}"
    cancelled = " (cancelled)" if body["isCancelled"] else ""
    title = escape((body["subject"] or "Without a title") + cancelled)
    who = "".join(
        f"<small>{escape(mail_of(guest))}: {SAID.get(guest['status']['response'], '')}</small>"
        for guest in body["attendees"]
    )
    buttons = '<button name="action" value="delete">Delete</button>'
    field = ""
    if one.mine and not body["isAllDay"]:
        buttons = '<button class="main" name="action" value="move">Move</button>' + buttons
        field = (
            f'<label>Begins <input type="datetime-local" name="start"'
            f' value="{start:%Y-%m-%dT%H:%M}"></label>'
        )
    elif not one.mine and not body["isCancelled"]:
        answers = (
            f'<button name="action" value="{value}">{words}</button>'
            for value, words in ANSWERS.items()
        )
        buttons = "".join(answers) + buttons
    return f"""<form class="app" method="post" action="{where}">
<input type="hidden" name="event" value="{escape(one.id)}">
{title}<small>{when} – {escape(one.book.name)}</small>{who}
{field}<div class="buttons">{buttons}</div></form>"""
