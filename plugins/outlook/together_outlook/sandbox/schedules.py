"""What getSchedule says of mailboxes: each one's default calendar, and nothing beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from together_outlook.sandbox import events, moments
from together_outlook.sandbox import graph_refusals as refusals
from together_outlook.sandbox.moments import Shown
from together_outlook.sandbox.switches import Switches
from together_outlook.sandbox.world import Book, Person, World

DAY = 86_400
LONGEST = 62
MOST_MAILBOXES = 20
"""Documented; it has been seen that only more than a hundred are refused."""
MOST_ITEMS = 1000
FREE = dict.fromkeys(("free", "workingElsewhere", "unknown"), "0")
SLOTS = {**FREE, "tentative": "1", "busy": "2", "oof": "3"}
PRIVATE = ("private", "confidential")
WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday"]
NAMES = ("schedules", "startTime", "endTime", "availabilityViewInterval")


def query(
    world: World, switches: Switches, caller: Person, asked: Mapping[str, Any], where: Shown
) -> list[dict[str, Any]]:
    """Answer for every mailbox.  One that cannot be read is an error inside a 200."""
    # Microsoft's own clients write these names with a capital.
    asked = {name[:1].lower() + name[1:]: value for name, value in asked.items()}
    for name in asked:
        if name not in NAMES:
            raise refusals.bad_payload(f"The parameter '{name}' is not one of getSchedule.")
    mailboxes = asked.get("schedules")
    if not isinstance(mailboxes, list) or not all(isinstance(one, str) for one in mailboxes):
        raise refusals.no_conversion(mailboxes, "schedules")
    if not mailboxes:
        raise refusals.failed_validation()
    if len(mailboxes) > MOST_MAILBOXES:
        raise refusals.many_mailboxes(MOST_MAILBOXES, len(mailboxes))
    starts, ends = moments.instant(asked.get("startTime")), moments.instant(asked.get("endTime"))
    if ends <= starts:
        raise refusals.empty_schedule()
    if ends - starts >= LONGEST * DAY:
        raise refusals.long_schedule(-(-(ends - starts) // DAY))
    minutes = asked.get("availabilityViewInterval", 30)
    if not isinstance(minutes, int) or isinstance(minutes, bool):
        raise refusals.no_conversion(minutes, "availabilityViewInterval")
    if not 5 <= minutes <= 1440 or minutes * 60 >= ends - starts:
        raise refusals.bad_interval()
    slots = range(starts, ends, minutes * 60)
    return [
        _schedule(world, switches, caller, one, where, slots=slots, ends=ends) for one in mailboxes
    ]


def blocks(
    world: World, book: Book, *, starts: int, ends: int
) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Give what stands in a calendar in that time, whole, and as that calendar shows it.

    What was cancelled or declined takes none.
    """
    zone = ZoneInfo(book.zone)
    for event_id, home, stored in world.events(book):
        first, last = moments.edges(stored.body, zone)
        if first >= last or first >= ends or last <= starts:
            continue
        body = events.seen(book, home, stored, event_id)
        if not body["isCancelled"] and body["responseStatus"]["response"] != "declined":
            yield first, last, body


def _schedule(
    world: World,
    switches: Switches,
    caller: Person,
    asked: str,
    where: Shown,
    *,
    slots: range,
    ends: int,
) -> dict[str, Any]:
    email = asked.casefold()
    person, book = world.people.get(email), world.default_book(email)
    if book is None or person is None or person.tid != caller.tid:
        # Whoever is in another organization is not in this one's directory.
        words = f"Unable to resolve e-mail address {asked} to an Active Directory object."
        return _unknown(asked, "ErrorMailRecipientNotFound", words)
    for key in (email, book.id):
        if key in switches.unreadable:
            return _unknown(asked, switches.unreadable[key], "The mailbox cannot be read.")
    found = sorted(blocks(world, book, starts=slots.start, ends=ends), key=lambda block: block[:2])
    if len(found) > MOST_ITEMS:
        words = "The result set contains too many calendar entries. The allowed size ="
        return _unknown(asked, "5006", f"{words} {MOST_ITEMS}; the actual size = {len(found)}.")
    detailed = book.role(caller.email) is not None
    return {
        "scheduleId": asked,
        "availabilityView": "".join(
            _slot(found, slot, min(slot + slots.step, ends)) for slot in slots
        ),
        "scheduleItems": [
            _item(first, last, body, where, detailed=detailed, mine=email == caller.email)
            for first, last, body in found
        ],
        "workingHours": {
            "daysOfWeek": WEEK,
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": _zone(person.zone),
        },
    }


def _slot(found: list[tuple[int, int, dict[str, Any]]], first: int, last: int) -> str:
    """Say in one digit what weighs most in a slot."""
    here = (body["showAs"] for starts, ends, body in found if starts < last and first < ends)
    return max((SLOTS[status] for status in here), default="0")


def _item(
    first: int, last: int, body: Mapping[str, Any], where: Shown, *, detailed: bool, mine: bool
) -> dict[str, Any]:
    """Show one entry; what it is about is for those who may see it."""
    private = body["sensitivity"] in PRIVATE
    times = {
        "status": body["showAs"],
        "start": moments.shown(first, where),
        "end": moments.shown(last, where),
    }
    if not detailed:
        return times
    words = {"subject": body["subject"], "location": body["location"]["displayName"]}
    return {"isPrivate": private, **times, **(words if mine or not private else {})}


def _zone(zone: str) -> dict[str, Any]:
    """Name a zone.  One that Windows has no name for has none that could be mapped.

    Graph adds how far that is from UTC, which is left out here.
    """
    name = moments.windows_name(zone)
    return {"name": "Customized Time Zone" if name == moments.CUSTOM else name}


def _unknown(asked: str, code: str, words: str) -> dict[str, Any]:
    return {
        "scheduleId": asked,
        "availabilityView": "",
        "scheduleItems": [],
        "error": {"message": words, "responseCode": code},
    }
