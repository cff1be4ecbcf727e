"""Sessions in iCalendar, as two parsers read them that know nothing of each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import icalendar
import pytest
from dateutil.tz import tzical
from hypothesis import given
from hypothesis import strategies as st
from ical.calendar_stream import IcsCalendarStream

from tests.world import HOUR, NOW
from together.domain.texts import one_line
from together.providers.values import Answer
from together.services.outbox.itip import Meeting, Method, Person, calendar_text

ADA = Person("Ada Lindqvist", "ada@saltmarsh.example.org", Answer.ACCEPTED)
BEN = Person("Ben Okafor", "ben@saltmarsh.example.org")
TOGETHER = Person("Together", "post@saltmarsh.example.org")
SESSION = Meeting(
    key="0123456789abcdefghijklmnopqrstuv",
    sequence=3,
    starts=NOW + HOUR,
    ends=NOW + 2 * HOUR,
    zone="Europe/Stockholm",
    title="Mentoring session",
    description="Join: https://meet.example.net/abc",
    people=(ADA, BEN),
    join_url="https://meet.example.net/abc",
)
REQUEST = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Together//Sessions//EN
CALSCALE:GREGORIAN
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Stockholm
BEGIN:DAYLIGHT
DTSTART:20250330T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20251026T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
SUMMARY:Mentoring session
DTSTART;TZID=Europe/Stockholm:20261130T100000
DTEND;TZID=Europe/Stockholm:20261130T110000
DTSTAMP:20261130T080000Z
UID:0123456789abcdefghijklmnopqrstuv
SEQUENCE:3
ATTENDEE;CN="Ada Lindqvist";CUTYPE=INDIVIDUAL;PARTSTAT=ACCEPTED;ROLE=REQ-P
 ARTICIPANT;RSVP=FALSE:mailto:ada@saltmarsh.example.org
ATTENDEE;CN="Ben Okafor";CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-
 PARTICIPANT;RSVP=TRUE:mailto:ben@saltmarsh.example.org
CONFERENCE;FEATURE=VIDEO;LABEL=Join;VALUE=URI:https://meet.example.net/abc
DESCRIPTION:Join: https://meet.example.net/abc
LOCATION:https://meet.example.net/abc
ORGANIZER;CN=Together:mailto:post@saltmarsh.example.org
STATUS:CONFIRMED
TRANSP:OPAQUE
URL:https://meet.example.net/abc
END:VEVENT
END:VCALENDAR
"""


def text(method: Method = Method.REQUEST, **changes: Any) -> str:
    return calendar_text(
        method, replace(SESSION, **changes), organizer=TOGETHER, receiver=BEN, at=NOW
    )


def test_a_request():
    """It says who, when and where; only its receiver is asked for an answer."""
    assert text() == REQUEST.replace("\n", "\r\n")


def test_a_cancellation():
    """It names its receiver and nobody else, and no way to meet."""
    read = IcsCalendarStream.calendar_from_ics(text(Method.CANCEL))
    [event] = read.events
    assert (read.method, event.uid, event.sequence, event.status) == (
        "CANCEL", SESSION.key, 3, "CANCELLED",
    )  # fmt: skip
    assert [each.uri for each in event.attendees] == [f"mailto:{BEN.address}"]
    assert (event.description, event.location, event.url, event.conference) == (
        None, None, None, [],
    )  # fmt: skip


EVIL = [
    "Ada\r\nATTENDEE:mailto:mira@northlight.example.com",
    "Ada\nEND:VEVENT\nBEGIN:VEVENT",
    'Ada";ROLE=CHAIR:mailto:x@example.com',
    "Ada\\nBEGIN:VALARM",
    "Ada\\N;,:\"'^n^'\\",
    "Ada\u2028x\u202ey\x00\x1b\x85\x0b",
    "å" * 200,
    "\U0001f9ed" * 60,
]


def _check(written: str, evil: str) -> None:
    said = one_line(evil)
    assert max(len(line.encode()) for line in written.split("\r\n")) <= 75
    [event] = IcsCalendarStream.calendar_from_ics(written).events
    [again] = icalendar.Calendar.from_ical(written).walk("VEVENT")
    assert (event.uid, event.sequence, len(event.attendees)) == (SESSION.key, 3, 2)
    assert len(icalendar.Calendar.from_ical(written).walk()) == len(
        icalendar.Calendar.from_ical(text()).walk()
    )
    assert sorted(again) == sorted(icalendar.Calendar.from_ical(text()).walk("VEVENT")[0])
    assert str(again["SUMMARY"]) == str(again["LOCATION"]) == said
    assert [each.params["CN"] for each in again["ATTENDEE"]] == [
        said.replace('"', "'") or ADA.address,
        BEN.name,
    ]
    assert [each.uri for each in event.attendees] == [
        f"mailto:{ADA.address}",
        f"mailto:{BEN.address}",
    ]


def _evil(words: str) -> str:
    people = (Person(words, ADA.address, ADA.answer), BEN)
    return text(title=words, place=words or None, description=words, people=people)


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_is_slipped_in(evil: str):
    """A name, title or place with breaks, quotes or separators stays one value of its own."""
    _check(_evil(evil), evil)


@given(words=st.text(min_size=1, max_size=120).filter(lambda words: one_line(words)))
def test_any_text_is_read_as_it_is(words: str):
    """Whatever somebody calls something is read letter by letter, and adds no line."""
    _check(_evil(words), words)


# Zones


def _zone(written: str, name: str) -> tzinfo:
    """Make a zone of VTIMEZONE alone, as a program does that knows no zones."""
    start, end = (written.index(f"{word}:VTIMEZONE") for word in ("BEGIN", "END"))
    block = written[start : end + len("END:VTIMEZONE")].replace("\r\n", "\n")
    return tzical(_Read(block)).get(name)


class _Read:
    """What `tzical` reads from."""

    def __init__(self, block: str) -> None:
        self._block, self.name = block, "block"

    def read(self) -> str:
        return self._block

    def close(self) -> None: ...


ZONES = [
    "Europe/Stockholm",
    "Africa/Lagos",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Africa/Casablanca",
    "Asia/Kolkata",
    "Europe/Dublin",
    "Africa/Cairo",
    "Asia/Gaza",
    "Pacific/Chatham",
    "Etc/GMT+5",
]


@pytest.mark.parametrize("name", ZONES)
def test_the_clocks_change_when_they_do(name: str):
    """Read by itself, what is said of a zone agrees with it on every day, around both changes."""
    zone = ZoneInfo(name)
    for month in (3, 11):
        starts = datetime(2026, month, 28, 12, tzinfo=UTC)
        written = text(
            starts=int(starts.timestamp()), ends=int(starts.timestamp()) + HOUR, zone=name
        )
        told, at = _zone(written, name), datetime(2026, 1, 2, tzinfo=UTC)
        while at < datetime(2027, 12, 30, tzinfo=UTC):
            assert at.astimezone(told).utcoffset() == at.astimezone(zone).utcoffset(), at
            at += timedelta(hours=23)


def test_to_the_minute():
    """An hour before and an hour after the clocks change, the offset is the old and the new one."""
    zone = ZoneInfo("Europe/Stockholm")
    told = _zone(text(), zone.key)
    for change in (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, tzinfo=UTC)):
        for minutes in (-90, -1, 1, 61, 90):
            at = change + timedelta(minutes=minutes)
            assert at.astimezone(told).utcoffset() == at.astimezone(zone).utcoffset()


@pytest.mark.parametrize(
    "starts",
    [
        datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, tzinfo=UTC),
    ],
)
def test_on_the_night_itself(starts: datetime):
    """A session on the night the clocks change is read at its instant, by every parser."""
    at = int(starts.timestamp())
    written = text(starts=at, ends=at + HOUR)
    [event] = IcsCalendarStream.calendar_from_ics(written).events
    [again] = icalendar.Calendar.from_ical(written).walk("VEVENT")
    assert [
        (int(begin.timestamp()), int(end.timestamp()))
        for begin, end in ((event.dtstart, event.dtend), (again.start, again.end))
    ] == [(at, at + HOUR)] * 2


@given(
    name=st.sampled_from(sorted(available_timezones() - {"Factory", "localtime"})),
    at=st.integers(NOW, NOW + 5 * 365 * 86_400),
)
def test_any_zone_is_read_at_its_instant(name: str, at: int):
    """In any zone and at any time of the coming years, a session is read at its instant."""
    at -= at % 60
    written = text(starts=at, ends=at + HOUR, zone=name)
    [again] = icalendar.Calendar.from_ical(written).walk("VEVENT")
    assert (int(again.start.timestamp()), int(again.end.timestamp())) == (at, at + HOUR)
    if "BEGIN:VTIMEZONE" in written:
        when, told = datetime.fromtimestamp(at, UTC), _zone(written, name)
        assert when.astimezone(told).utcoffset() == when.astimezone(ZoneInfo(name)).utcoffset()
