"""What the sandbox remembers: accounts, calendars with their events, consents and tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from together.testing.remembering import Remembered
from together_outlook.identity import CONSUMERS
from together_outlook.sandbox.subscribed import Change, Subscription

APP_ROLES = ("Calendars.Read", "Calendars.ReadWrite")


@dataclass(slots=True)
class Person:
    """An account.  `oid` and `tid` stay when the address changes."""

    email: str
    name: str
    zone: str
    """IANA name."""
    oid: str
    tid: str
    personal: bool = False
    has_mailbox: bool = True
    admin_approval: bool = False
    """Whether an administrator of its tenant must approve apps first."""
    admin: bool = False
    """Whether it may consent for its whole tenant."""

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2]


@dataclass(slots=True)
class StoredEvent:
    """An event as its organizer's calendar keeps it; guests look at the same one."""

    body: dict[str, Any]
    polls_left: int = 0
    """Reads until the Teams link is there."""
    deleted: bool = False
    """Gone from the organizer's calendar; guests still see it, as cancelled."""
    asked: str = ""
    """Digest of the request that made it, by which the same one is known again."""


@dataclass(slots=True)
class Copy:
    """Where a guest's event really stands.  In Exchange each calendar has an id of its own."""

    home: str
    """The calendar that organizes it."""
    event: str
    """Its id there."""


@dataclass(slots=True)
class Book:
    """A calendar in a mailbox."""

    id: str
    owner: str
    name: str
    zone: str
    default: bool = False
    teams: bool = True
    """Whether its events may carry a Teams meeting."""
    readers: dict[str, str] = field(default_factory=dict)
    """Address → ``read`` or ``write``, of those it is shared with; ``*`` is everybody."""
    events: dict[str, StoredEvent] = field(default_factory=dict)
    invited: dict[str, Copy] = field(default_factory=dict)
    """Event id in this calendar → the organizer's event."""
    changes: dict[str, Change] = field(default_factory=dict)
    """Event id in this calendar → its latest change."""

    def role(self, email: str) -> str | None:
        if email == self.owner:
            return "owner"
        return self.readers.get(email, self.readers.get("*"))


@dataclass(slots=True)
class Code:
    """An authorization code, which is remembered after its use to refuse it by name."""

    email: str
    redirect_uri: str
    challenge: str
    scopes: list[str]
    nonce: str
    expires_at: int
    used: bool = False


@dataclass(slots=True)
class Tenant:
    """What an organization has allowed the app itself, without any of its people."""

    consented: bool = False
    """Whether the app is in the tenant."""
    disabled: bool = False
    """Whether the app may not sign in there for the time being."""
    roles: list[str] = field(default_factory=list)
    """Application permissions for every mailbox."""
    restricted: list[str] = field(default_factory=list)
    """Mailboxes that an application access policy shuts out of these."""
    assigned: dict[str, list[str]] = field(default_factory=dict)
    """Application permission → mailboxes that Exchange itself gives it for, beside the others."""


@dataclass(slots=True)
class Token:
    """An access token, or a refresh token, of which each renewal gives one more."""

    email: str
    """Whose it is; empty where it is the app's own."""
    scopes: list[str]
    """Graph's short names, with those about who it is."""
    expires_at: int
    ended: int = 0
    """The AADSTS number that a dead refresh token is refused with."""
    tenant: str = ""
    """The tenant that the app itself acts in; empty where it acts for a person."""


@dataclass(slots=True)
class World(Remembered):
    client_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_secret: str = field(default_factory=lambda: "sandbox~" + secrets.token_urlsafe(18))
    people: dict[str, Person] = field(default_factory=dict)
    books: dict[str, Book] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, Token] = field(default_factory=dict)
    refresh: dict[str, Token] = field(default_factory=dict)
    consented: dict[str, list[str]] = field(default_factory=dict)
    """Address → every scope its owner has said yes to."""
    transactions: dict[str, dict[str, str]] = field(default_factory=dict)
    """Address → transactionId → the event that was made with it."""
    mails: list[dict[str, str]] = field(default_factory=list)
    """What guests were told: ``{"to": …, "event": …, "kind": …}``."""
    tenants: dict[str, Tenant] = field(default_factory=dict)
    """Tenant id → what it has allowed the app itself."""
    app_roles: list[str] = field(default_factory=lambda: [*APP_ROLES])
    """Application permissions that the app is registered with, and a consent allows."""
    number: int = 0
    """Of the latest change of any event."""
    forgotten: int = 0
    """Up to which change what a delta query goes on from is forgotten."""
    subscriptions: dict[str, Subscription] = field(default_factory=dict)

    def add_person(
        self,
        email: str,
        name: str,
        zone: str,
        *,
        has_mailbox: bool = True,
        personal: bool = False,
        admin_approval: bool = False,
        admin: bool = False,
    ) -> Person:
        """Add an account, with an empty default calendar where it has a mailbox."""
        email = email.casefold()
        if email in self.people:
            return self.people[email]
        oid = str(uuid.uuid5(uuid.NAMESPACE_URL, "mailto:" + email))
        if personal:
            oid = f"00000000-0000-0000-{oid[19:]}"
        tid = CONSUMERS if personal else tenant_id(email.rpartition("@")[2])
        person = Person(email, name, zone, oid, tid, personal, has_mailbox, admin_approval, admin)
        self.people[email] = person
        if has_mailbox:
            self.add_book(email, "Calendar", zone, default=True, teams=not personal)
        return person

    def add_book(
        self,
        owner: str,
        name: str,
        zone: str,
        *,
        default: bool = False,
        teams: bool = True,
        readers: Mapping[str, str] | None = None,
    ) -> Book:
        """Add a calendar to a mailbox, unless it has one of this name."""
        key = opaque_id(owner, name)
        if key not in self.books:
            self.books[key] = Book(key, owner, name, zone, default, teams, {**(readers or {})})
        return self.books[key]

    def remove_book(self, calendar_id: str) -> None:
        """Let a calendar vanish with its events; the default one stays, as in Exchange."""
        if not self.books[calendar_id].default:
            del self.books[calendar_id]

    def note(self, book: Book, event_id: str, kind: str) -> None:
        """Note that an event was made, changed or taken away in a calendar."""
        self.number += 1
        book.changes[event_id] = Change(self.number, kind)

    def forget(self) -> None:
        """Let every token of a delta query that was given so far be dead."""
        self.number += 1
        self.forgotten = self.number

    def default_book(self, email: str) -> Book | None:
        """Find the calendar that ``/me/calendar`` means, which a mailbox always has."""
        mine = (book for book in self.books.values() if book.owner == email and book.default)
        return next(mine, None)

    def book(self, calendar_id: str, email: str) -> Book | None:
        """Find a calendar that this account can reach."""
        found = self.books.get(calendar_id)
        return found if found is not None and found.role(email) else None

    def books_of(self, email: str) -> list[Book]:
        mine = [book for book in self.books.values() if book.role(email)]
        order = ("owner", "write", "read")
        return sorted(
            mine,
            key=lambda book: (order.index(book.role(email) or ""), not book.default, book.name),
        )

    def event(self, book: Book, event_id: str) -> tuple[Book, StoredEvent] | None:
        """Find an event by its id in this calendar; give the calendar that organizes it too."""
        copy = book.invited.get(event_id) or Copy(book.id, event_id)
        home = self.books.get(copy.home)
        stored = home.events.get(copy.event) if home is not None else None
        if home is None or stored is None or (home is book and stored.deleted):
            return None
        return home, stored

    def find(self, email: str, event_id: str) -> tuple[Book, Book, StoredEvent] | None:
        """Find an event anywhere an account can reach: where it stands, its home, and itself."""
        for book in self.books_of(email):
            if found := self.event(book, event_id):
                return book, *found
        return None

    def invitation(self, email: str, event_id: str) -> StoredEvent | None:
        """Find what a guest is asked to, by its id in their calendar or in the organizer's."""
        if found := self.find(email, event_id):
            return found[2]
        for book in self.books_of(email):
            for key, copy in book.invited.items():
                if copy.event == event_id and (here := self.event(book, key)):
                    return here[1]
        return None

    def events(self, book: Book) -> Iterator[tuple[str, Book, StoredEvent]]:
        """Go through the calendar's own events and those it is invited to, with their ids here."""
        for event_id in (*book.events, *book.invited):
            if found := self.event(book, event_id):
                yield event_id, *found


def tenant_id(domain: str) -> str:
    """Give the tenant of a domain: here each domain is one organization."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, domain))


def opaque_id(*parts: str) -> str:
    """Make an id that looks like Exchange's, the same for the same parts."""
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return "AAMkAD" + base64.urlsafe_b64encode(digest).decode()
