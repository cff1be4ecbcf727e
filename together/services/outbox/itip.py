"""Writes a session down as mail programs understand it: iCalendar by the rules of iTIP.

Three methods matter: a request, the same with a higher number, and a cancellation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from icalendar import Calendar, Conference, Event, Timezone, vCalAddress, vText

from together.domain.texts import one_line
from together.providers.values import Answer
from together.services.outbox.itip_zones import told

PRODUCT = "-//Together//Sessions//EN"


class Method(StrEnum):
    """What a mail program is to do."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody by their work address."""

    name: str
    address: str
    answer: Answer = Answer.NEEDS_ACTION


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session as it is told to those who are invited to it."""

    key: str
    """The UID: one for the session's life."""
    sequence: int
    starts: int
    ends: int
    zone: str
    title: str
    description: str
    people: Sequence[Person] = ()
    place: str | None = None
    join_url: str | None = None


def calendar_text(
    method: Method, meeting: Meeting, *, organizer: Person, receiver: Person, at: int
) -> str:
    """Write the iCalendar object for one receiver; `at` is when it is sent.

    Only the receiver is asked for an answer, and a cancellation names nobody else.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method.value)
    starts, ends, zone = _times(meeting)
    if zone is not None:
        calendar.add_component(zone)
    event = Event()
    event.add("uid", meeting.key)
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", datetime.fromtimestamp(at, UTC))
    event.add("dtstart", starts)
    event.add("dtend", ends)
    event.add("summary", _text(one_line(meeting.title)), encode=False)
    event.add("organizer", _address(organizer), encode=False)
    people = [receiver] if method is Method.CANCEL else meeting.people
    for person in people:
        event.add("attendee", _attendee(person, asked=person == receiver), encode=False)
    event.add("status", "CANCELLED" if method is Method.CANCEL else "CONFIRMED")
    event.add("transp", "OPAQUE")
    if method is Method.REQUEST:
        _where(event, meeting)
    calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text.decode()


def _where(event: Event, meeting: Meeting) -> None:
    event.add("description", _text(meeting.description), encode=False)
    if place := meeting.place or meeting.join_url:
        event.add("location", _text(one_line(place)), encode=False)
    if meeting.join_url is not None:
        event.add("url", meeting.join_url)
        event.conferences = [Conference(meeting.join_url, feature="VIDEO", label="Join")]


def _times(meeting: Meeting) -> tuple[datetime, datetime, Timezone | None]:
    """Give start and end as they are written, and the zone they are written in.

    Of a wall time that the clocks show twice, iCalendar means the first: the second has to be said
    without a zone.
    """
    zone = ZoneInfo(meeting.zone)
    starts, ends = (datetime.fromtimestamp(at, zone) for at in (meeting.starts, meeting.ends))
    if starts.fold or ends.fold or meeting.zone in _UTC:
        return starts.astimezone(UTC), ends.astimezone(UTC), None
    return starts, ends, told(meeting.zone, starts.year)


_UTC = frozenset({"UTC", "Etc/UTC", "Zulu", "Etc/Zulu", "UCT", "Etc/UCT", "Universal"})


def _attendee(person: Person, *, asked: bool) -> vCalAddress:
    address = _address(person)
    address.params["CUTYPE"] = "INDIVIDUAL"
    address.params["ROLE"] = "REQ-PARTICIPANT"
    address.params["PARTSTAT"] = person.answer.value.replace("_", "-")
    waiting = asked and person.answer is Answer.NEEDS_ACTION
    address.params["RSVP"] = "TRUE" if waiting else "FALSE"
    return address


def _address(person: Person) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.address}")
    # What a double quote becomes in a parameter, many mail programs show as it is written.
    address.params["CN"] = one_line(person.name).replace('"', "'") or person.address
    return address


class _Text(vText):
    r"""A text of which every letter stays: the library takes a written ``\N`` for a line break."""

    def to_ical(self) -> bytes:
        text = str(self)
        for letter, written in (("\\", r"\\"), (";", r"\;"), (",", r"\,"), ("\n", r"\n")):
            text = text.replace(letter, written)
        return text.encode()


def _text(text: str) -> _Text:
    return _Text("\n".join(one_line(line) for line in text.splitlines()))
