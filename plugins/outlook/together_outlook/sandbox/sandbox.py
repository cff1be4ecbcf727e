"""The sandbox as one object: an ASGI app, its settings, and hands on what it remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import httpx
from starlette.applications import Starlette

from together.providers.contract import ASGIApp, SandboxPerson
from together.testing import controls
from together.testing.stand_in import StandIn
from together_outlook.sandbox import (
    admin_consent,
    applications,
    consent,
    control,
    diary,
    enterprise,
    events,
    grants,
    graph_api,
    oauth_api,
    pushes,
    telling_control,
    tenant_control,
)
from together_outlook.sandbox.population import add_others, populate
from together_outlook.sandbox.served import Desk
from together_outlook.sandbox.switches import Switches
from together_outlook.sandbox.world import Person, Tenant, World, tenant_id
from together_outlook.testing.walking import walk_consent


class OutlookSandbox(StandIn[World, Switches]):
    slug = "outlook"
    responses: ClassVar = ("accepted", "declined", "tentativelyAccepted", "notResponded")
    _desk: Desk

    def opened(self, clock: Callable[[], int]) -> Desk:
        return Desk(World(), Switches(), clock)

    def app(self) -> ASGIApp:
        return Starlette(
            routes=[
                *controls.routes(self),
                *control.routes(self._desk),
                *tenant_control.routes(self._desk),
                *telling_control.routes(self._desk),
                *diary.routes(self._desk),
                *enterprise.routes(self._desk),
                *graph_api.routes(self._desk),
                *consent.routes(self._desk, self._redirect_uris),
                *admin_consent.routes(self._desk, self._redirect_uris),
                *oauth_api.routes(self._desk),
            ]
        )

    def settings(self, base_url: str) -> Mapping[str, str]:
        base = base_url.rstrip("/")
        return {
            "CLIENT_ID": self.world.client_id,
            "CLIENT_SECRET": self.world.client_secret,
            "LOGIN_URL": base,
            "API_URL": base + graph_api.BASE,
        }

    def populate(self, people: Sequence[SandboxPerson]) -> None:
        for person in people:
            populate(self.world, person, now=self._desk.clock())
        add_others(self.world, now=self._desk.clock())

    async def allow(self, http: httpx.AsyncClient, url: str, email: str) -> str:
        return await walk_consent(http, url, account=email)

    def add_account(  # one argument per kind of account that there is
        self,
        email: str,
        *,
        name: str = "",
        zone: str = "UTC",
        has_calendar: bool = True,
        personal: bool = False,
        needs_approval: bool = False,
        admin: bool = False,
    ) -> Person:
        """Add an account with an empty calendar, or with no mailbox at all."""
        return self.world.add_person(
            email,
            name or email,
            zone,
            has_mailbox=has_calendar,
            personal=personal,
            admin_approval=needs_approval,
            admin=admin,
        )

    def revoke(self, email: str) -> None:
        """End every grant of an account, and with them what it was subscribed to."""
        grants.revoke_account(self.world, email.casefold())
        pushes.drop_dead(self.world, now=self._desk.clock())
        for key, one in [*self.world.subscriptions.items()]:
            if one.owner == email.casefold():
                pushes.say(self.world, self._desk.teller, key, "subscriptionRemoved")

    def delegate(self, domain: str, roles: Iterable[str] | None = None) -> str:
        """Consent for the organization of a domain, as its administrator does; give its tenant.

        Without roles it is to all that the app is registered with.
        """
        tid = tenant_id(domain)
        applications.allow(self.world, tid, self.world.app_roles if roles is None else roles)
        return tid

    def withdraw(self, domain: str) -> None:
        """Take the app out of the organization of a domain."""
        applications.withdraw(self.world, tenant_id(domain))

    def tenant(self, domain: str) -> Tenant:
        """Give what the organization of a domain allows the app itself, to be changed."""
        return applications.tenant(self.world, tenant_id(domain))

    def answer(self, email: str, event_id: str, response: str) -> None:
        """Answer an invitation as a guest does, by the event's id in either calendar."""
        stored = self.world.invitation(email.casefold(), event_id)
        if stored is None:
            raise KeyError(event_id)
        events.answer(self.world, stored, email.casefold(), response, now=self._desk.clock())
        self._desk.tell()

    def connect(self, http: httpx.AsyncClient) -> None:
        self._desk.teller.connect(http)

    def events(self, calendar: str) -> list[dict[str, Any]]:
        """Show the events that stand in a calendar, named by its id or its owner's address."""
        book = self.world.books.get(calendar) or self.world.default_book(calendar.casefold())
        if book is None:
            raise KeyError(calendar)
        return [
            events.seen(book, home, stored, event_id)
            for event_id, home, stored in self.world.events(book)
        ]
