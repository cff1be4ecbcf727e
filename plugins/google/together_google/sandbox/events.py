"""Events of the sandbox: made, changed, taken away, and seen by each calendar they stand in."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from together_google.sandbox import moments, refusals
from together_google.sandbox.meet import request_meeting
from together_google.sandbox.switches import Switches
from together_google.sandbox.world import Book, StoredEvent, World

_ID = re.compile(r"[0-9a-v]{5,1024}\Z")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\Z")
WRITABLE = frozenset(
    {
        "colorId",
        "description",
        "eventType",
        "extendedProperties",
        "guestsCanInviteOthers",
        "guestsCanModify",
        "guestsCanSeeOtherGuests",
        "location",
        "reminders",
        "source",
        "status",
        "summary",
        "transparency",
        "visibility",
        "workingLocationProperties",
    }
)


def insert(
    world: World,
    switches: Switches,
    book: Book,
    asked: Mapping[str, Any],
    *,
    with_meet: bool,
    told: bool,
    now: int,
) -> StoredEvent:
    """Make an event.  The id a client brings is taken once, and stays taken after a deletion."""
    event_id = asked.get("id") or secrets.token_hex(13)
    if not isinstance(event_id, str) or not _ID.match(event_id):
        raise refusals.invalid("Invalid resource id value.")
    if asked.get("recurrence"):
        raise refusals.invalid("Recurring events are not part of this sandbox.")
    if event_id in book.events or event_id in book.invited:
        raise refusals.duplicate()
    person = {"email": book.owner, "self": True}
    if not book.primary:
        person = {"email": book.id, "displayName": book.name, "self": True}
    body: dict[str, Any] = {
        "kind": "calendar#event",
        "id": event_id,
        "status": "confirmed",
        "htmlLink": f"https://www.google.com/calendar/event?eid={event_id}",
        "created": moments.stamp(now),
        "creator": {"email": book.owner, "self": book.primary},
        "organizer": person,
        "iCalUID": f"{event_id}@google.com",
        "sequence": 0,
        "reminders": {"useDefault": True},
        "eventType": "default",
    }
    stored = StoredEvent(body)
    _write(world, book, stored, asked, now=now)
    if with_meet and asked.get("conferenceData"):
        request_meeting(switches, book, stored, asked["conferenceData"])
    book.events[event_id] = stored
    _invite(world, book, stored, before=set(), told=told)
    return stored


def patch(
    world: World,
    switches: Switches,
    book: Book,
    event_id: str,
    asked: Mapping[str, Any],
    *,
    with_meet: bool,
    told: bool,
    now: int,
) -> StoredEvent:
    """Change an event field by field; a list is replaced whole, and null takes a field away.

    A guest may change their own answer and nothing else.
    """
    home, stored = _standing(world, book, event_id)
    if home is not book:
        _answer_of_guest(world, book, home, stored, asked)
        return stored
    before = {guest["email"] for guest in stored.body.get("attendees", ())}
    changed = {**asked}
    for edge in ("start", "end"):
        if isinstance(asked.get(edge), dict):
            merged = {**stored.body[edge], **asked[edge]}
            if asked[edge].get("dateTime"):
                merged.pop("date", None)
            changed[edge] = {name: value for name, value in merged.items() if value is not None}
    old = moments.edges(stored.body, ZoneInfo(book.zone))
    draft = StoredEvent({**stored.body}, stored.polls_left, [*stored.requests])
    _write(world, book, draft, changed, now=now)
    if moments.edges(draft.body, ZoneInfo(book.zone)) != old:
        draft.body["sequence"] += 1
    if with_meet and "conferenceData" in asked:
        if asked["conferenceData"] is None:
            draft.body.pop("conferenceData", None)
            draft.body.pop("hangoutLink", None)
        else:
            request_meeting(switches, book, draft, asked["conferenceData"])
    book.events[event_id] = draft
    _invite(world, book, draft, before=before, told=told)
    return draft


def delete(world: World, book: Book, event_id: str, *, told: bool, now: int) -> None:
    """Cancel the organizer's event; a guest who deletes theirs has declined."""
    home, stored = _standing(world, book, event_id)
    if home is not book:
        answer(world, home, stored, book.owner, "declined")
        return
    stored.body["status"] = "cancelled"
    _touch(stored.body, now)
    note(world, home, stored)
    if told:
        _mail(world, stored, [g["email"] for g in stored.body.get("attendees", ())], "cancelled")


def answer(world: World, home: Book, stored: StoredEvent, email: str, response: str) -> None:
    """Note what a guest says to the invitation."""
    for guest in stored.body.get("attendees", ()):
        if guest["email"] == email:
            guest["responseStatus"] = response
    _touch(stored.body, None)
    note(world, home, stored)


def note(world: World, home: Book, stored: StoredEvent, *, before: Iterable[str] = ()) -> None:
    """Note a change in every calendar in which the event stands, or stood before."""
    guests = {*before, *(guest["email"] for guest in stored.body.get("attendees", ()))}
    books = {email: world.books[email] for email in guests if email in world.books}
    for book in (books | {home.id: home}).values():
        book.note(stored.body["id"])


def seen(book: Book, home: Book, stored: StoredEvent) -> dict[str, Any]:
    """Show the event as this calendar has it; `self` marks whoever looks."""
    body = {**stored.body}
    body["organizer"] = {**body["organizer"]}
    if home is not book:
        body["organizer"].pop("self", None)
        body["creator"] = {"email": body["creator"]["email"]}
    if "attendees" in body:
        body["attendees"] = [
            guest | ({"self": True} if guest["email"] == book.owner else {})
            for guest in body["attendees"]
        ]
    return body


def _standing(world: World, book: Book, event_id: str) -> tuple[Book, StoredEvent]:
    found = world.event(book, event_id)
    if found is None:
        raise refusals.not_found()
    if found[1].body["status"] == "cancelled":
        raise refusals.deleted()
    return found


def _write(
    world: World, book: Book, stored: StoredEvent, asked: Mapping[str, Any], *, now: int
) -> None:
    body, zone = stored.body, ZoneInfo(book.zone)
    for name in WRITABLE & asked.keys():
        if asked[name] is None or asked[name] == "":
            body.pop(name, None)
        else:
            body[name] = asked[name]
    for edge in ("start", "end"):
        if edge in asked or edge not in body:
            given = asked.get(edge)
            if not isinstance(given, dict):
                raise refusals.required(f"Missing {edge} time.")
            body[edge] = moments.normal(given, zone, edge=edge)
    if body["start"].keys() & {"date"} != body["end"].keys() & {"date"}:
        raise refusals.invalid("Start and end times must either both be date or both be dateTime.")
    first, last = moments.edges(body, zone)
    if last < first or ("date" in body["start"] and last == first):
        raise refusals.empty_range()
    if "attendees" in asked:
        body["attendees"] = [_guest(world, one) for one in asked["attendees"] or []]
        if not body["attendees"]:
            del body["attendees"]
    _touch(body, now)


def _guest(world: World, asked: Any) -> dict[str, Any]:
    email = asked.get("email") if isinstance(asked, dict) else None
    if not isinstance(email, str) or not _ADDRESS.match(email):
        raise refusals.invalid("Invalid attendee email.")
    known = world.people.get(email.casefold())
    response = asked.get("responseStatus", "needsAction")
    guest = {"email": email.casefold(), "responseStatus": response}
    return guest | ({"displayName": known.name} if known else {})


def _invite(world: World, book: Book, stored: StoredEvent, *, before: set[str], told: bool) -> None:
    """Put the event into the calendar of every guest who has one here, and tell them."""
    event_id = stored.body["id"]
    after = {guest["email"] for guest in stored.body.get("attendees", ())}
    for email in before - after:
        if guest_book := world.books.get(email):
            guest_book.invited.pop(event_id, None)
    for email in after:
        guest_book = world.books.get(email)
        if guest_book is not None and guest_book is not book:
            guest_book.invited[event_id] = book.id
    note(world, book, stored, before=before)
    if told:
        _mail(world, stored, sorted(after - before), "invited")
        _mail(world, stored, sorted(after & before), "changed")
        _mail(world, stored, sorted(before - after), "cancelled")


def _mail(world: World, stored: StoredEvent, addresses: list[str], kind: str) -> None:
    world.mails += [{"to": to, "event": stored.body["id"], "kind": kind} for to in addresses]


def _answer_of_guest(
    world: World, book: Book, home: Book, stored: StoredEvent, asked: Mapping[str, Any]
) -> None:
    if asked.keys() != {"attendees"} or not isinstance(asked["attendees"], list):
        raise refusals.not_the_organizer()
    for guest in asked["attendees"]:
        if isinstance(guest, dict) and str(guest.get("email")).casefold() == book.owner:
            response = str(guest.get("responseStatus", "needsAction"))
            answer(world, home, stored, book.owner, response)


def _touch(body: dict[str, Any], now: int | None) -> None:
    if now is not None:
        body["updated"] = moments.stamp(now)
    body["etag"] = f'"{secrets.randbelow(10**16):016d}"'
