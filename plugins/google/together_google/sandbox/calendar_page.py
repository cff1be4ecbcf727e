"""Google Calendar as a person sees it: what lies ahead, to be moved, deleted and answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import islice
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from together.domain.spans import Span
from together.testing.switchboard import asked_of, wrong
from together_google.sandbox import pages, people
from together_google.sandbox.people import Entry
from together_google.sandbox.refusals import ApiError
from together_google.sandbox.served import Desk, form
from together_google.sandbox.world import Person

PATH = "/_calendar"
SHOWN = 60
"""Events of a page."""
RESPONSES = {"accepted": "Yes", "tentative": "Maybe", "declined": "No"}
_FORM = "%Y-%m-%dT%H:%M"
"""A time as browsers send it."""
_SEE_OTHER = 303


class _Trouble(Exception):  # noqa: N818
    """What is wrong with what was asked, in words for the page."""


def routes(desk: Desk) -> list[Route]:
    calendar = _Calendar(desk)
    return [
        Route(PATH, calendar.show, methods=["GET"]),
        Route(PATH, calendar.change, methods=["POST"]),
        Route("/_control/forget_changes", calendar.forget, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Calendar:
    desk: Desk

    async def show(self, request: Request) -> Response:
        person = self._person(request)
        return self._chooser() if person is None else self._page(person)

    async def change(self, request: Request) -> Response:
        """Do what a button says, and show the calendar again."""
        person, answers = self._person(request), await form(request)
        if person is None:
            return self._chooser()
        try:
            self._act(person, answers)
        except _Trouble as trouble:
            return self._page(person, str(trouble))
        except ApiError as refusal:
            return self._page(person, refusal.message)
        address = f"{request.url.path}?account={quote(person.email)}"
        return RedirectResponse(address, _SEE_OTHER, headers={"Cache-Control": "no-store"})

    async def forget(self, request: Request) -> Response:
        """Let every sync token that was given be too old: ``{}``."""
        if await asked_of(request) is None:
            return wrong("post a JSON object, with its content type")
        self.desk.world.forgotten += 1
        return JSONResponse({"forgotten": self.desk.world.forgotten})

    def _act(self, person: Person, answers: dict[str, str]) -> None:
        book = self.desk.world.books.get(answers.get("calendar", ""))
        event_id, action = answers.get("event", ""), answers.get("action")
        if book is None or book.owner != person.email:
            raise _Trouble("There is no such calendar.")
        if action == "move":
            zone = ZoneInfo(person.zone)
            starts, ends = (_typed(answers.get(edge, ""), zone) for edge in ("start", "end"))
            if ends <= starts:
                raise _Trouble("An event ends after it has begun.")
            people.move(self.desk, book, event_id, Span(starts, ends))
        elif action == "delete":
            people.delete(self.desk, book, event_id)
        elif action in RESPONSES:
            people.answer(self.desk, book, event_id, str(action))
        else:
            raise _Trouble("Nothing of the kind can be done.")

    def _person(self, request: Request) -> Person | None:
        account = request.query_params.get("account", "")
        return self.desk.world.people.get(account.casefold())

    def _chooser(self) -> Response:
        lines = [
            f'<a class="who" href="?account={escape(quote(person.email))}">{escape(person.name)}'
            f"<small>{escape(person.email)}</small></a>"
            for person in self.desk.world.people.values()
            if person.has_calendar
        ]
        nobody = "<p>This sandbox has no accounts yet.</p>"
        return pages.page("Whose calendar?", "\n".join(lines) or nobody)

    def _page(self, person: Person, trouble: str = "") -> Response:
        ahead = islice(people.entries(self.desk, person.email), SHOWN)
        events = "\n".join(_event(person, entry) for entry in ahead)
        alert = f'<p role="alert"><strong>{escape(trouble)}</strong></p>\n' if trouble else ""
        return pages.page(
            "Calendar",
            f"""<a class="who" href="?">{escape(person.name)}
<small>{escape(person.email)} – another calendar; times are of {escape(person.zone)}</small></a>
{alert}{events or "<p>Nothing lies ahead.</p>"}""",
            status=400 if trouble else 200,
        )


def _event(person: Person, entry: Entry) -> str:
    """Show an event with what its owner, or a guest, can do with it."""
    zone, body = ZoneInfo(person.zone), entry.body
    starts, ends = (datetime.fromtimestamp(edge, zone) for edge in (entry.starts, entry.ends))
    said = f"{starts:%a %d %b %Y}, all day" if entry.all_day else _span(starts, ends)
    guests = ", ".join(
        f"{escape(guest['email'])} ({escape(guest['responseStatus'])})"
        for guest in body.get("attendees", ())
    )
    return f"""<form class="client" method="post" action="?account={escape(quote(person.email))}">
<input type="hidden" name="calendar" value="{escape(entry.book.id)}">
<input type="hidden" name="event" value="{escape(body["id"])}">
<p><strong>{escape(body.get("summary", "(No title)"))}</strong><br>{said}
{f"<br>Guests: {guests}" if guests else ""}</p>
{_owner(starts, ends, entry) if entry.organized else _guest(entry)}</form>"""


def _owner(starts: datetime, ends: datetime, entry: Entry) -> str:
    delete = '<button name="action" value="delete">Delete</button>'
    if entry.all_day:
        return f'<div class="buttons">{delete}</div>'
    fields = "\n".join(
        f'<label>{words} <input type="datetime-local" name="{name}" value="{edge:{_FORM}}"></label>'
        for words, name, edge in (("Begins", "start", starts), ("Ends", "end", ends))
    )
    return f"""{fields}
<div class="buttons">{delete}
<button class="main" name="action" value="move">Move</button></div>"""


def _guest(entry: Entry) -> str:
    buttons = "\n".join(
        f'<button name="action" value="{response}">{words}</button>'
        for response, words in RESPONSES.items()
    )
    return f"""<p>Going? Invited by {escape(entry.body["organizer"]["email"])}</p>
<div class="buttons">{buttons}<button name="action" value="delete">Delete</button></div>"""


def _span(starts: datetime, ends: datetime) -> str:
    until = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{ends:%a %d %b, %H:%M}"
    return f"{starts:%a %d %b %Y, %H:%M} – {until}"


def _typed(text: str, zone: ZoneInfo) -> datetime:
    """Read a time of the form, which is the wall's of whoever looks."""
    try:
        moment = datetime.strptime(text[:16], _FORM)
    except ValueError:
        raise _Trouble("Give the day and the time.") from None
    return moment.replace(tzinfo=zone)
