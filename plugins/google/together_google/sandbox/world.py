"""What the sandbox remembers: accounts, calendars with their events, and consents."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from together.testing.remembering import Remembered


@dataclass(slots=True)
class Person:
    """An account.  `sub` stays when the address changes."""

    email: str
    name: str
    zone: str
    sub: str
    has_calendar: bool = True
    admin_blocked: bool = False
    """Whether the administrator of its Workspace does not allow the app."""


@dataclass(slots=True)
class StoredEvent:
    """An event as its organizer's calendar keeps it; guests look at the same one."""

    body: dict[str, Any]
    polls_left: int = 0
    """Reads until the Meet link is there."""
    requests: list[str] = field(default_factory=list)
    """Ids of conference requests already seen."""


@dataclass(slots=True)
class Book:
    """A calendar."""

    id: str
    owner: str
    name: str
    zone: str
    meet: bool = True
    readers: dict[str, str] = field(default_factory=dict)
    """Address → role, of those it is shared with; ``*`` is everybody."""
    events: dict[str, StoredEvent] = field(default_factory=dict)
    invited: dict[str, str] = field(default_factory=dict)
    """Event id → the calendar that organizes it."""
    version: int = 0
    """How many changes there were."""
    changed: dict[str, int] = field(default_factory=dict)
    """Event id → the version that its last change made."""

    @property
    def primary(self) -> bool:
        return self.id == self.owner

    def role(self, email: str) -> str | None:
        if email == self.owner:
            return "owner"
        return self.readers.get(email, self.readers.get("*"))

    def note(self, event_id: str) -> None:
        """Note that an event came, went, or is another one now."""
        self.version += 1
        self.changed[event_id] = self.version


@dataclass(slots=True)
class Code:
    """An authorization code."""

    email: str
    redirect_uri: str
    challenge: str
    scopes: list[str]
    offline: bool
    expires_at: int


@dataclass(slots=True)
class Token:
    """An access token or, with `expires_at` None, a refresh token."""

    email: str
    scopes: list[str]
    expires_at: int | None = None
    refresh_token: str | None = None
    client_id: str | None = None
    """The service account that acts for this account, where the token is a delegated one."""


@dataclass(slots=True)
class Key:
    """A key of a service account.  Google keeps its public half alone; here it is handed out."""

    private_key: str
    state: str = "enabled"
    """``enabled``, ``disabled`` or ``deleted``."""


@dataclass(slots=True)
class ServiceAccount:
    """An account of a program, in some project of an organization."""

    email: str
    client_id: str
    keys: dict[str, Key] = field(default_factory=dict)
    disabled: bool = False


@dataclass(slots=True)
class Delegated:
    """What a Workspace allows a service account to do for its users."""

    scopes: dict[str, int]
    """Scope → since when."""


@dataclass(slots=True)
class Channel:
    """A way on which somebody is told that a calendar has changed."""

    id: str
    email: str
    client_id: str | None
    """The service account that made it, if one did."""
    book: str
    resource_id: str
    address: str
    token: str
    expires_at: int
    told: int
    """The version of the calendar that was told last."""
    number: int = 0
    """Of the last message."""


@dataclass(slots=True)
class World(Remembered):
    client_id: str = field(default_factory=lambda: secrets.token_hex(6) + ".apps.sandbox.test")
    client_secret: str = field(default_factory=lambda: "sandbox-" + secrets.token_urlsafe(18))
    people: dict[str, Person] = field(default_factory=dict)
    books: dict[str, Book] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, Token] = field(default_factory=dict)
    refresh: dict[str, Token] = field(default_factory=dict)
    consented: list[str] = field(default_factory=list)
    """Accounts that have consented before, which get no refresh token unasked."""
    mails: list[dict[str, str]] = field(default_factory=list)
    """What guests were told: ``{"to": …, "event": …, "kind": …}``."""
    service_accounts: dict[str, ServiceAccount] = field(default_factory=dict)
    """By client id."""
    delegations: dict[str, dict[str, Delegated]] = field(default_factory=dict)
    """Domain of a Workspace → client id → what it may do there."""
    channels: dict[str, Channel] = field(default_factory=dict)
    """By id."""
    forgotten: int = 0
    """How often every sync token that was given had become too old."""

    def add_person(
        self,
        email: str,
        name: str,
        zone: str,
        *,
        has_calendar: bool = True,
        admin_blocked: bool = False,
    ) -> Person:
        """Add an account, with an empty primary calendar where it has one."""
        email = email.casefold()
        if email in self.people:
            return self.people[email]
        digest = int.from_bytes(hashlib.sha256(email.encode()).digest()[:9], "big")
        sub = f"1{digest % 10**20:020d}"
        person = Person(email, name, zone, sub, has_calendar, admin_blocked)
        self.people[email] = person
        if has_calendar:
            self.books[email] = Book(email, email, name, zone)
        return person

    def book(self, calendar_id: str, email: str) -> Book | None:
        """Find a calendar as this account names it; ``primary`` is its own."""
        found = self.books.get(email if calendar_id == "primary" else calendar_id.casefold())
        return found if found is not None and found.role(email) else None

    def books_of(self, email: str) -> list[Book]:
        mine = [book for book in self.books.values() if book.role(email)]
        return sorted(mine, key=lambda book: (book.id != email, book.owner != email, book.name))

    def event(self, book: Book, event_id: str) -> tuple[Book, StoredEvent] | None:
        """Find an event by the calendar it is looked at in; give the one that organizes it too."""
        home = self.books.get(book.invited.get(event_id, book.id))
        stored = home.events.get(event_id) if home is not None else None
        return (home, stored) if home is not None and stored is not None else None

    def events(self, book: Book) -> Iterator[tuple[Book, StoredEvent]]:
        """Go through the calendar's own events, and those it is invited to."""
        for event_id in (*book.events, *book.invited):
            if found := self.event(book, event_id):
                yield found

    def invitation(self, email: str, event_id: str) -> tuple[Book, StoredEvent]:
        """Find an event to which somebody is invited.  Raise `KeyError` where there is none."""
        for home in self.books.values():
            stored = home.events.get(event_id)
            guests = stored.body.get("attendees", ()) if stored is not None else ()
            if stored is not None and any(guest["email"] == email for guest in guests):
                return home, stored
        raise KeyError(event_id)
