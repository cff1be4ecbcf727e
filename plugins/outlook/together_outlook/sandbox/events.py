"""Events of the sandbox: made, changed, taken away, and seen by each calendar they stand in."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from together_outlook.sandbox import drafts, moments, refusals, teams, texts
from together_outlook.sandbox import graph_refusals as refused
from together_outlook.sandbox.drafts import mail_of
from together_outlook.sandbox.moments import IN_UTC, Shown
from together_outlook.sandbox.switches import Switches
from together_outlook.sandbox.world import Book, Copy, StoredEvent, World, opaque_id

UNTOLD = ("changeKey", "lastModifiedDateTime", "singleValueExtendedProperties")
"""What may change without a word to the guests."""
UNDECIDED = ("none", "notResponded", "tentativelyAccepted")


def insert(
    world: World,
    switches: Switches,
    book: Book,
    asked: Mapping[str, Any],
    *,
    now: int,
    event_id: str | None = None,
) -> tuple[Book, StoredEvent]:
    """Make an event, or give back the one that the very same request has made before, and where.

    A transactionId is taken once in a mailbox and stays taken after a deletion.  How long Exchange
    remembers one, and what it says of a deleted event's, is not known.
    """
    drafts.check(asked)
    transaction = asked.get("transactionId")
    made, digest = world.transactions.setdefault(book.owner, {}), _digest(asked)
    if transaction and transaction in made:
        found = world.find(book.owner, made[transaction])
        if found is None or found[2].asked != digest:
            raise refused.duplicate_transaction(switches.duplicate_status)
        return found[1:]
    stored = StoredEvent(
        _blank(world, book, event_id or opaque_id(book.id, secrets.token_hex(16)), now=now)
    )
    body = stored.body
    drafts.apply(world, body, asked, zone=ZoneInfo(book.zone))
    body["transactionId"], stored.asked = transaction or None, digest
    _wish_of_meeting(world, switches, book, stored, asked)
    _touch(body, now)
    book.events[body["id"]] = stored
    if transaction:
        made[transaction] = body["id"]
    world.note(book, body["id"], "created")
    _invite(world, book, stored, before=set(), changed=False)
    return book, stored


def patch(
    world: World,
    switches: Switches,
    book: Book,
    event_id: str,
    asked: Mapping[str, Any],
    *,
    now: int,
) -> StoredEvent:
    """Change an event field by field; a list of guests is replaced whole."""
    drafts.check(asked)
    home, stored = standing(world, book, event_id)
    if home is not book:
        raise refused.guests_change()
    old = stored.body
    if asked.get("transactionId") not in (None, old["transactionId"]):
        raise refused.failed_validation()
    before = {mail_of(guest) for guest in old["attendees"]}
    draft = StoredEvent({**old}, stored.polls_left, asked=stored.asked)
    drafts.apply(world, draft.body, asked, zone=ZoneInfo(book.zone))
    if asked.get("body") is not None:
        teams.keep_or_end(draft.body)
    _wish_of_meeting(world, switches, book, draft, asked)
    _touch(draft.body, now)
    book.events[event_id] = draft
    world.note(book, event_id, "updated")
    changed = any(draft.body[name] != old[name] for name in old if name not in UNTOLD)
    _invite(world, book, draft, before=before, changed=changed)
    return draft


def delete(world: World, book: Book, event_id: str, *, now: int) -> None:
    """Cancel the organizer's event; a guest who deletes theirs has declined."""
    home, stored = standing(world, book, event_id)
    if home is not book:
        if not (stored.deleted or stored.body["isCancelled"]):
            answer(world, stored, book.owner, "declined", now=now)
        del book.invited[event_id]
        world.note(book, event_id, "deleted")
        return
    stored.deleted = True
    stored.body["isCancelled"] = True
    _touch(stored.body, now)
    world.note(book, event_id, "deleted")
    for theirs, key in _copies(world, event_id):
        world.note(theirs, key, "updated")
    _mail(world, stored, [mail_of(guest) for guest in stored.body["attendees"]], "cancelled")


def cancel(world: World, book: Book, event_id: str, *, now: int) -> None:
    """Take the organizer's event away with a word to the guests; theirs stand as cancelled."""
    if standing(world, book, event_id)[0] is not book:
        raise refused.not_the_organizer()
    delete(world, book, event_id, now=now)


def respond(world: World, book: Book, event_id: str, response: str, *, now: int) -> None:
    """Take a guest's answer.  Exchange moves what was declined out of their calendar."""
    home, stored = standing(world, book, event_id)
    if home is book:
        raise refused.organizer_answers()
    answer(world, stored, book.owner, response, now=now)
    if response == "declined":
        del book.invited[event_id]
        world.note(book, event_id, "deleted")


def answer(world: World, stored: StoredEvent, email: str, response: str, *, now: int) -> None:
    """Note what a guest says to the invitation, in the organizer's calendar and in theirs."""
    stored.body["attendees"] = [
        {**guest, "status": {"response": response, "time": moments.stamp(now)}}
        if mail_of(guest) == email
        else guest
        for guest in stored.body["attendees"]
    ]
    _touch(stored.body, now)
    event_id = stored.body["id"]
    for home in [book for book in world.books.values() if event_id in book.events]:
        world.note(home, event_id, "updated")
    for theirs, key in _copies(world, event_id):
        if theirs.owner == email:
            world.note(theirs, key, "updated")


def seen(
    book: Book, home: Book, stored: StoredEvent, event_id: str, *, where: Shown = IN_UTC
) -> dict[str, Any]:
    """Show the event as this calendar has it, in some zone; all-day ones float over all zones."""
    body = {**stored.body, "id": event_id, **_look(book, home, stored)}
    del body["singleValueExtendedProperties"]
    link = f"https://outlook.office365.com/owa/?itemid={quote(event_id)}"
    body["webLink"] = link + "&exvsurl=1&path=/calendar/item"
    for edge in ("start", "end"):
        if body["isAllDay"]:
            body[edge] = {**body[edge], "timeZone": where.name}
        else:
            body[edge] = moments.shown(moments.instant(body[edge]), where)
    return {"@odata.etag": etag(stored), **body}


def etag(stored: StoredEvent) -> str:
    return f'W/"{stored.body["changeKey"]}"'


def standing(world: World, book: Book, event_id: str) -> tuple[Book, StoredEvent]:
    found = world.event(book, event_id)
    if found is None:
        raise refusals.item_not_found()
    return found


def _look(book: Book, home: Book, stored: StoredEvent) -> dict[str, Any]:
    """Say what differs between the organizer's event and a guest's.

    An invitation without an answer stands as tentative, as Exchange files it.
    """
    body = stored.body
    if home is book:
        status = {"response": "organizer", "time": moments.NEVER}
        return {"isOrganizer": True, "responseStatus": status}
    mine = (guest["status"] for guest in body["attendees"] if mail_of(guest) == book.owner)
    status = next(mine, {"response": "none", "time": moments.NEVER})
    if status["response"] == "none":
        status = {**status, "response": "notResponded"}
    look = {"isOrganizer": False, "responseStatus": status, "transactionId": None}
    if body["isCancelled"]:
        look |= {"subject": f"Canceled: {body['subject']}", "showAs": "free"}
    elif status["response"] in UNDECIDED and body["showAs"] != "free":
        look["showAs"] = "tentative"
    return look


def _blank(world: World, book: Book, event_id: str, *, now: int) -> dict[str, Any]:
    owner = world.people[book.owner]
    body: dict[str, Any] = {
        "id": event_id,
        "createdDateTime": moments.stamp(now),
        "lastModifiedDateTime": moments.stamp(now),
        "changeKey": "",
        "categories": [],
        "transactionId": None,
        "originalStartTimeZone": "UTC",
        "originalEndTimeZone": "UTC",
        "iCalUId": "040000008200E00074C5B7101A82E008"
        + hashlib.sha256(event_id.encode()).hexdigest().upper()[:48],
        "reminderMinutesBeforeStart": 15,
        "isReminderOn": True,
        "hasAttachments": False,
        "subject": "",
        "bodyPreview": "",
        "importance": "normal",
        "sensitivity": "normal",
        "isAllDay": False,
        "isCancelled": False,
        "isOrganizer": True,
        "isDraft": False,
        "responseRequested": True,
        "seriesMasterId": None,
        "showAs": "busy",
        "type": "singleInstance",
        "webLink": "",
        "onlineMeetingUrl": None,
        "allowNewTimeProposals": True,
        "hideAttendees": False,
        "recurrence": None,
        "location": {**drafts.NOWHERE},
        "locations": [],
        "attendees": [],
        "organizer": {"emailAddress": {"name": owner.name, "address": owner.email}},
        "singleValueExtendedProperties": [],
        **teams.NONE,
    }
    texts.write(body, "")
    return body


def _wish_of_meeting(
    world: World, switches: Switches, book: Book, stored: StoredEvent, asked: Mapping[str, Any]
) -> None:
    """Heed a wish for a meeting; one that is there neither changes nor goes."""
    if asked.get("isOnlineMeeting") and stored.body["onlineMeeting"] is None:
        provider = asked.get("onlineMeetingProvider") or teams.TEAMS
        teams.request_meeting(switches, book, world.people[book.owner], stored, provider)


def _invite(
    world: World, book: Book, stored: StoredEvent, *, before: set[str], changed: bool
) -> None:
    """Put the event into the calendar of every guest who has one here, and tell them."""
    event_id = stored.body["id"]
    after = {mail_of(guest) for guest in stored.body["attendees"]}
    for email in before - after:
        if guest_book := world.default_book(email):
            key = opaque_id(guest_book.id, event_id)
            if guest_book.invited.pop(key, None):
                world.note(guest_book, key, "deleted")
    for email in after if changed else after - before:
        guest_book = world.default_book(email)
        if guest_book is not None and email != book.owner:
            key = opaque_id(guest_book.id, event_id)
            world.note(guest_book, key, "updated" if key in guest_book.invited else "created")
            guest_book.invited[key] = Copy(book.id, event_id)
    _mail(world, stored, sorted(after - before), "invited")
    _mail(world, stored, sorted(after & before) if changed else [], "changed")
    _mail(world, stored, sorted(before - after), "cancelled")


def _copies(world: World, event_id: str) -> list[tuple[Book, str]]:
    """Say in which guests' calendars an event stands, and by which id there."""
    return [
        (book, key)
        for book in world.books.values()
        for key, copy in book.invited.items()
        if copy.event == event_id
    ]


def _mail(world: World, stored: StoredEvent, addresses: list[str], kind: str) -> None:
    world.mails += [{"to": to, "event": stored.body["id"], "kind": kind} for to in addresses]


def _digest(asked: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _touch(body: dict[str, Any], now: int) -> None:
    body["lastModifiedDateTime"] = moments.stamp(now)
    body["changeKey"] = base64.b64encode(secrets.token_bytes(18)).decode()
