"""Events as Graph writes them: what is sent for a draft, and what is read back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from together.providers import shapes
from together.providers.errors import Gone, Misconfigured
from together.providers.values import Answer, Event, EventDraft, Meeting
from together_outlook.times import event_span, event_times, first_second

TEAMS = "teamsForBusiness"
KEY_PROPERTY = "String {6a1f7c52-4a0e-4b6d-9d55-7f0b5c1e2a94} Name TogetherKey"
"""Where an event carries its key.  Graph finds events by such a property, and by no other of ours:
it remembers a transactionId for a time that it does not tell, and does not filter by it."""

SELECT = (
    "id,transactionId,start,end,isAllDay,originalStartTimeZone,originalEndTimeZone,isCancelled,"
    "organizer,attendees,isOnlineMeeting,onlineMeetingProvider,onlineMeeting"
)
"""What is read of an event; its title, text and place are nobody's affair."""

_ANSWERS = {
    "none": Answer.NEEDS_ACTION,
    "notResponded": Answer.NEEDS_ACTION,
    "accepted": Answer.ACCEPTED,
    "tentativelyAccepted": Answer.TENTATIVE,
    "declined": Answer.DECLINED,
}


def new_event(draft: EventDraft) -> dict[str, Any]:
    """Say the draft as a new event."""
    body: dict[str, Any] = {
        "transactionId": draft.key,
        "singleValueExtendedProperties": [{"id": KEY_PROPERTY, "value": draft.key}],
        "subject": draft.title,
        **event_times(draft.span),
        "showAs": "busy",
        "allowNewTimeProposals": False,
    }
    if draft.guests:
        body["attendees"] = [_invited(guest) for guest in draft.guests]
    if draft.place is not None:
        body["location"] = {"displayName": draft.place}
    if draft.wants_meeting:
        body |= _online()
    return body


def changed_event(draft: EventDraft, *, stands: Mapping[str, Any]) -> dict[str, Any]:
    """Say the draft as a patch of the event that stands.

    Its text is left alone, because a Teams meeting lives in it.  A patch replaces the list of
    guests whole, so those who stay are sent as they are; the list is left out where nobody comes
    or goes.  A meeting that is there stays: Graph takes none away.
    """
    online = shapes.maybe(stands, "isOnlineMeeting", bool) or False
    body: dict[str, Any] = {
        "subject": draft.title,
        **event_times(draft.span),
        "showAs": "busy",
        "allowNewTimeProposals": False,
    }
    if draft.place is not None or not online:
        # Of a Teams meeting the place is a word of Microsoft's.
        body["location"] = {"displayName": draft.place or ""}
    if draft.wants_meeting and not online:
        body |= _online()
    people = _people(stands)
    kept = {address.casefold(): guest for address, guest in people if not _hosts(guest, stands)}
    wanted = {guest.casefold(): _invited(guest) for guest in draft.guests}
    if kept.keys() != wanted.keys():
        hosts = [_said(host) for _, host in people if _hosts(host, stands)]
        guests = [
            _said(kept[address]) if address in kept else guest for address, guest in wanted.items()
        ]
        body["attendees"] = hosts + guests
    return body


def key_filter(key: str) -> str:
    """Say which events carry this key."""
    return (
        f"singleValueExtendedProperties/Any(ep: ep/id eq '{KEY_PROPERTY}' and ep/value eq '{key}')"
    )


def made_with(key: str, found: Collection[Any]) -> Any | None:
    """Choose the event that was made with this key; its owner may have copied it since."""
    standing = [event for event in found if not shapes.maybe(event, "isCancelled", bool)]
    for event in standing:
        if shapes.maybe(event, "transactionId", str) == key:
            return event
    return standing[0] if standing else None


def read_event(body: Any, *, calendar_id: str, teams_hosts: Collection[str]) -> Event:
    """Read an event as it stands.  A cancelled one is `Gone`: Graph may still give it out."""
    refuse_cancelled(body)
    span = event_span(body) or first_second(body)
    meeting, pending = _meeting(body, teams_hosts)
    return Event(
        id=shapes.text(body, "id"),
        calendar_id=calendar_id,
        span=span,
        meeting=meeting,
        meeting_pending=pending,
        answers={
            address.casefold(): _ANSWERS.get(_response(guest), Answer.NEEDS_ACTION)
            for address, guest in _people(body)
            if not _hosts(guest, body)
        },
    )


def refuse_cancelled(body: Any) -> None:
    if shapes.maybe(body, "isCancelled", bool):
        raise Gone(code="cancelled")


def _online() -> dict[str, Any]:
    return {"isOnlineMeeting": True, "onlineMeetingProvider": TEAMS}


def _invited(address: str) -> dict[str, Any]:
    return {"emailAddress": {"address": address}, "type": "required"}


def _said(attendee: Mapping[str, Any]) -> dict[str, Any]:
    """Say again of an attendee what was read, with the answer."""
    return {name: attendee[name] for name in ("emailAddress", "type", "status") if name in attendee}


def _people(body: Any) -> list[tuple[str, dict[str, Any]]]:
    """Read whoever takes part and has an address."""
    found = []
    for person in shapes.maybe(body, "attendees", list) or []:
        mail = shapes.maybe(person, "emailAddress", dict) or {}
        if address := shapes.maybe_text(mail, "address"):
            found.append((address, person))
    return found


def _hosts(person: Any, body: Any) -> bool:
    """Say whether this is the organizer, whose answer nobody waits for."""
    if _response(person) == "organizer":
        return True
    organizer = shapes.maybe(body, "organizer", dict) or {}
    mails = [shapes.maybe(each, "emailAddress", dict) or {} for each in (person, organizer)]
    mine, theirs = (shapes.maybe_text(mail, "address") or "" for mail in mails)
    return mine.casefold() == theirs.casefold()


def _response(person: Any) -> str:
    status = shapes.maybe(person, "status", dict) or {}
    return shapes.maybe(status, "response", str) or "none"


def _meeting(body: Any, hosts: Collection[str]) -> tuple[Meeting | None, bool]:
    """Read the Teams link, and whether it is still being made.

    Where Teams was refused the event is made all the same, and says that it is not online.  A link
    elsewhere is not believed.
    """
    if not shapes.maybe(body, "isOnlineMeeting", bool):
        return None, False
    online = shapes.maybe(body, "onlineMeeting", dict) or {}
    link = shapes.maybe(online, "joinUrl", str)
    if not link:
        return None, shapes.maybe(body, "onlineMeetingProvider", str) == TEAMS
    with suppress(Misconfigured):
        return shapes.meeting(shapes.text(body, "id"), link, hosts=hosts), False
    return None, False
