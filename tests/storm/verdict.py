"""Compares calendars and mailboxes with the database, session by session."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

from icalendar import Calendar

from tests.storm.people import organizes
from tests.storm.port import HOME, Port

CAUSED = "Gone"
"""Why a job is parked, if somebody has deleted its event before it was noted or changed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An event as its organizer's calendar has it."""

    id: str
    account: str
    starts: int
    ends: int
    guests: frozenset[str]
    link: str | None
    body: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mailed:
    """An invitation as a mail program reads it."""

    message_id: str
    method: str
    sequence: int
    starts: int
    ends: int
    text: str = field(repr=False)


async def verdict(port: Port, deleted: Collection[tuple[str, str]]) -> list[str]:
    """Say what is not as it should be; nothing, after a storm that was weathered.

    `deleted` are the events, by account and key, that people have deleted in their calendars.
    """
    return [each async for each in _wrong(port, deleted)]


async def _wrong(port: Port, deleted: Collection[tuple[str, str]]) -> AsyncIterator[str]:
    sessions = await port.rows("SELECT * FROM booking ORDER BY id")
    seats, events, invited, history = [
        await _by_session(port, table)
        for table in ("seat", "calendar_event", "invitation", "history")
    ]
    integrations = {row["id"]: row for row in await port.rows("SELECT * FROM integration")}
    mails = _mails(port)
    standing = {(each.account, each.id): each for each in _standing(port)}
    for row in await port.rows(
        "SELECT kind, reason, count(*), min(booking_id) AS booking FROM job "
        "WHERE state = 'PARKED' OR state = 'WAITING' GROUP BY kind, reason"
    ):
        if row["reason"] != CAUSED:
            yield f"jobs that are not done: {dict(row)}"
    for row in await port.rows(
        "SELECT a.booking_id, b.booking_id AS other FROM seat a JOIN seat b "
        "ON a.member_id = b.member_id AND a.id < b.id AND a.live AND b.live "
        "AND a.starts < b.ends AND b.starts < a.ends"
    ):
        yield f"two sessions at once: {dict(row)}"
    for row in await port.rows("SELECT * FROM left_event"):
        yield f"left in a calendar: {dict(row)}"
    for row in await port.rows("SELECT * FROM integration WHERE state <> 'ACTIVE'"):
        yield f"a calendar is lost: {row['account_email']} {row['state']} {row['reason']}"
    known: Counter[tuple[str, str]] = Counter()
    for session in sessions:
        its = _Its(
            port,
            session,
            seats[session["id"]],
            events[session["id"]],
            invited[session["id"]],
            integrations,
            standing,
            mails,
            deleted,
        )
        for wrong in its.wrong(known):
            told = [(row["what"], row["member_id"], row["at"]) for row in history[session["id"]]]
            yield f"session {session['id']} ({session['state']}): {wrong} {told}"
    for key, event in standing.items():
        if known[key] != 1:
            yield f"an event of no session, or of {known[key]}: {event} {event.body}"


@dataclass(frozen=True, slots=True)
class _Its:
    """A session with all that belongs to it."""

    port: Port
    session: Any
    seats: list[Any]
    rows: list[Any]
    invited: list[Any]
    integrations: dict[int, Any]
    standing: dict[tuple[str, str], Standing]
    mails: dict[tuple[str, str], list[Mailed]]
    deleted: Collection[tuple[str, str]]

    def wrong(self, known: Counter[tuple[str, str]]) -> Iterator[str]:
        session = self.session
        if session["state"] == "CANCELLED":
            yield from self._gone()
            return
        span = (session["starts"], session["ends"])
        live = [seat["live"] for seat in self.seats]
        if {(seat["starts"], seat["ends"]) for seat in self.seats} != {span}:
            yield "its seats are elsewhere"
        if set(live) != {session["state"] == "CONFIRMED"}:
            yield f"its seats are live: {live}"
        holders: set[str] = set()
        organized = False
        for row in self.rows:
            integration = self.integrations.get(row["integration_id"])
            if integration is None:
                yield f"an event in a calendar that is not connected: {dict(row)}"
                continue
            who = self.port.people[integration["member_id"]]
            mine = integration["member_id"] == session["booked_by_id"]
            organized |= mine
            holders.add(who)
            account = integration["account_email"]
            event = self.standing.get((account, row["event_id"]))
            if event is None:
                key = (account, session["event_key"])
                unknown = row["event_id"] is None and key in self.deleted
                if row["gone_at"] is None and not unknown:
                    yield f"no event of it stands in {who}'s calendar: {dict(row)}"
                continue
            known[account, row["event_id"]] += 1
            yield from self._event(event, row, organizer=mine)
        yield from self._mailboxes(holders, organized=organized)

    def _event(self, event: Standing, row: Any, *, organizer: bool) -> Iterator[str]:
        session = self.session
        if (event.starts, event.ends) != (session["starts"], session["ends"]):
            yield (
                f"its event stands at {event.starts}-{event.ends} and not at "
                f"{session['starts']}-{session['ends']}: {dict(row)}"
            )
        guests = self._addresses - {self._address(session["booked_by_id"])}
        if event.guests != (guests if organizer else frozenset()):
            yield f"its event has other guests: {sorted(event.guests)}"
        if organizer and event.link != session["join_url"]:
            yield f"its event has another link: {event.link} and {session['join_url']}"

    def _mailboxes(self, holders: set[str], *, organized: bool) -> Iterator[str]:
        """Everybody without an event, and only they, have an invitation that says how it stands."""
        written = {row["member_id"] for row in self.invited if row["mailed"]}
        for seat in self.seats:
            name, address = self.port.people[seat["member_id"]], self._address(seat["member_id"])
            mails = self.mails[self.session["event_key"], address]
            reached = seat["member_id"] in written
            if (organized or name in holders) and reached:
                yield f"{name} is invited twice"
            if not organized and name not in holders and not reached:
                yield f"{name} is invited by nobody"
            if not reached:
                continue
            latest = max(mails, key=lambda mail: mail.sequence, default=None)
            wanted = ("REQUEST", self.session["sequence"], *self._span)
            if latest is None or _said(latest) != wanted:
                yield f"{name} was told {latest} and not {wanted}"
        yield from self._copies()

    def _gone(self) -> Iterator[str]:
        """Whoever was invited by mail was told that it is off."""
        for row in self.invited:
            address = self._address(row["member_id"])
            mails = self.mails[self.session["event_key"], address]
            if row["mailed"] and mails:
                latest = max(mails, key=lambda mail: mail.sequence)
                if latest.method != "CANCEL":
                    yield f"{address} does not know that it is off: {latest}"
        yield from self._copies()

    def _copies(self) -> Iterator[str]:
        """No mail came twice, but with all that makes it the same."""
        for seat in self.seats:
            same = defaultdict(set)
            for mail in self.mails[self.session["event_key"], self._address(seat["member_id"])]:
                same[mail.sequence].add(mail.message_id)
            if any(len(ids) > 1 for ids in same.values()):
                yield f"two mails are of one number: {dict(same)}"

    @property
    def _span(self) -> tuple[int, int]:
        return self.session["starts"], self.session["ends"]

    @property
    def _addresses(self) -> frozenset[str]:
        return frozenset(self._address(seat["member_id"]) for seat in self.seats)

    def _address(self, member_id: int) -> str:
        return f"{self.port.people[member_id]}@saltmarsh.example.org"


def _said(mail: Mailed) -> tuple[str, int, int, int]:
    return mail.method, mail.sequence, mail.starts, mail.ends


async def _by_session(port: Port, table: str) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in await port.rows(f"SELECT * FROM {table} ORDER BY id"):  # noqa: S608
        found[row["booking_id"]].append(row)
    return found


def _standing(port: Port) -> Iterator[Standing]:
    """Go through what stands in the calendars of those who organize it."""
    for name, home in HOME.items():
        account = port.member(name).email
        for body in port.vendors[home].sandbox.events(account) if home else ():
            if body.get("status") == "cancelled" or body.get("isCancelled"):
                continue
            if not organizes(body):
                continue
            starts, ends = (_instant(body[edge]) for edge in ("start", "end"))
            guests = (
                each.get("email") or each["emailAddress"]["address"]
                for each in body.get("attendees", ())
                if not each.get("organizer")
            )
            online = body.get("onlineMeeting") or {}
            link = body.get("hangoutLink") or online.get("joinUrl")
            yield Standing(body["id"], account, starts, ends, frozenset(guests), link, body)


def _instant(time: dict[str, str]) -> int:
    found = datetime.fromisoformat(time["dateTime"][:26].removesuffix("Z"))
    given = datetime.fromisoformat(time["dateTime"]) if "+" in time["dateTime"] else found
    return int((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp())


def _mails(port: Port) -> dict[tuple[str, str], list[Mailed]]:
    """Read every invitation that arrived, by UID and receiver."""
    found: dict[tuple[str, str], list[Mailed]] = defaultdict(list)
    for arrived in port.mails.arrived:
        message: EmailMessage = arrived.message
        for part in message.walk():
            if part.get_content_type() != "text/calendar":
                continue
            text = part.get_content()
            [calendar] = [Calendar.from_ical(text)]
            [event] = calendar.walk("VEVENT")
            mailed = Mailed(
                str(message["Message-ID"]),
                str(calendar["METHOD"]),
                int(event["SEQUENCE"]),
                int(event["DTSTART"].dt.timestamp()),
                int(event["DTEND"].dt.timestamp()),
                text,
            )
            [receiver] = arrived.receivers
            found[str(event["UID"]), receiver].append(mailed)
            break
    return found
