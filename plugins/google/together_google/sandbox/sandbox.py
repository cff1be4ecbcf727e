"""The sandbox as one object: an ASGI app, its settings, and hands on what it remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import httpx
from starlette.applications import Starlette

from together.domain.spans import Span
from together.providers.contract import ASGIApp, SandboxPerson
from together.testing import controls
from together.testing.stand_in import StandIn
from together_google.sandbox import (
    calendar_api,
    calendar_page,
    consent,
    console,
    delegated,
    events,
    grants,
    oauth_api,
    people,
)
from together_google.sandbox.population import add_others, populate
from together_google.sandbox.served import Desk
from together_google.sandbox.switches import Switches
from together_google.sandbox.world import Person, ServiceAccount, World
from together_google.testing.walking import walk_consent


class GoogleSandbox(StandIn[World, Switches]):
    slug = "google"
    responses: ClassVar = ("accepted", "declined", "tentative", "needsAction")
    _desk: Desk

    def opened(self, clock: Callable[[], int]) -> Desk:
        return Desk(World(), Switches(), clock)

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                *consent.routes(self._desk, self._redirect_uris),
                *oauth_api.routes(self._desk),
                *calendar_api.routes(self._desk),
                *controls.routes(self),
                *console.routes(self._desk),
                *calendar_page.routes(self._desk),
            ]
        )

    def settings(self, base_url: str) -> Mapping[str, str]:
        base = base_url.rstrip("/")
        return {
            "CLIENT_ID": self.world.client_id,
            "CLIENT_SECRET": self.world.client_secret,
            "AUTH_URL": base + consent.PATH,
            "TOKEN_URL": base + "/token",
            "REVOKE_URL": base + "/revoke",
            "USERINFO_URL": base + "/v1/userinfo",
            "API_URL": base + calendar_api.BASE,
            "ADMIN_URL": base + console.ADMIN,
            "CONSOLE_URL": base + console.ACCOUNTS,
        }

    def populate(self, people: Sequence[SandboxPerson]) -> None:
        for person in people:
            populate(self.world, person, now=self._desk.clock())
        add_others(self.world, now=self._desk.clock())

    async def allow(self, http: httpx.AsyncClient, url: str, email: str) -> str:
        return await walk_consent(http, url, account=email)

    def add_account(
        self, email: str, *, name: str = "", zone: str = "UTC", has_calendar: bool = True
    ) -> Person:
        """Add an account with an empty calendar, or with none at all."""
        return self.world.add_person(email, name or email, zone, has_calendar=has_calendar)

    def revoke(self, email: str) -> None:
        grants.revoke_account(self.world, email.casefold())

    def connect(self, http: httpx.AsyncClient) -> None:
        self._desk.teller.connect(http)

    def answer(self, email: str, event_id: str, response: str) -> None:
        """Guests without an account here answer as well, by mail."""
        home, stored = self.world.invitation(email.casefold(), event_id)
        events.answer(self.world, home, stored, email.casefold(), response)
        self._desk.announce()

    def move(self, calendar_id: str, event_id: str, span: Span) -> None:
        """Move an event as its owner does in Google Calendar, who tells the guests."""
        people.move(self._desk, self.world.books[calendar_id.casefold()], event_id, span)

    def delete(self, calendar_id: str, event_id: str) -> None:
        """Delete an event there; a guest who does has declined."""
        people.delete(self._desk, self.world.books[calendar_id.casefold()], event_id)

    def forget_changes(self) -> None:
        """Let every sync token that was given be too old."""
        self.world.forgotten += 1

    def events(self, calendar_id: str) -> list[dict[str, Any]]:
        """Show the events that stand in a calendar, invitations among them, cancelled ones too."""
        book = self.world.books[calendar_id.casefold()]
        return [events.seen(book, home, stored) for home, stored in self.world.events(book)]

    def service_account(self, name: str = "") -> ServiceAccount:
        """Give the service account that stands ready, or make another one with this name."""
        if name:
            return delegated.new_account(self.world, name)
        return delegated.service_account(self.world)

    def key_file(self, account: ServiceAccount | None = None) -> str:
        """Give the newest key of a service account as the console writes it into a file."""
        account = account or self.service_account()
        return delegated.key_file(account, [*account.keys][-1])

    def delegate(self, domain: str, scopes: Iterable[str], *, client_id: str = "") -> None:
        """Let a service account act for a Workspace's users; without scopes, do not any more."""
        client_id, now = client_id or self.service_account().client_id, self._desk.clock()
        delegated.delegate(self.world, domain, client_id, [*scopes], now=now)
