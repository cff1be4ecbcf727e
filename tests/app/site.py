"""A served application in a test, and what people do with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.app.vendors import Vendor
from tests.world import World
from together.app import App
from together.services.signing_in.issuer import BuiltInIssuer
from together.store.models import Member

if TYPE_CHECKING:
    from tests.app.serving import Tap

BASE_URL = "http://127.0.0.1:8000"
START = """mutation Start($input: StartCalendarConnectionInput!) {
  startCalendarConnection(input: $input) {
    __typename
    ... on StartCalendarConnectionPayload { authorizationUrl }
    ... on Problem { code message }
  }
}"""
COMPLETE = """mutation Complete($handle: String!) {
  completeCalendarConnection(input: { handle: $handle }) {
    __typename
    ... on CompleteCalendarConnectionPayload {
      calendarIntegration { state account capabilities provider { slug label } nextSteps }
    }
    ... on Problem { code message }
  }
}"""
BOOK = """mutation Book($input: BookSessionInput!) {
  bookSession(input: $input) {
    __typename
    ... on BookSessionPayload { booking { id start end state delivery joinUrl } }
    ... on SlotUnavailable { alternatives }
    ... on Problem { code message }
  }
}"""


@dataclass(slots=True)
class Site:
    """The application, the services behind it, and a browser."""

    app: App
    vendors: dict[str, Vendor]
    issuer: BuiltInIssuer
    world: World
    web: httpx.AsyncClient
    now: int
    tap: Tap

    @property
    def sandbox(self) -> Any:
        """The stand-in of the service, where there is one, or of the first one."""
        return next(iter(self.vendors.values())).sandbox

    @property
    def checker(self) -> Any:
        """What holds the first service to its documents."""
        return next(iter(self.vendors.values())).checker

    async def post(self, member: Member, query: str, **variables: Any) -> httpx.Response:
        """Ask as a member."""
        return await self.web.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {self.token(member)}"},
        )

    def token(self, member: Member) -> str:
        """Make a bearer token of a member's."""
        homes = (self.world.saltmarsh, self.world.northlight)
        slug = next(home.slug for home in homes if home.id == member.organization_id)
        return self.issuer.token(member.email, organization=slug, now=self.now)

    async def ask(self, member: Member, query: str, **variables: Any) -> dict[str, Any]:
        """Ask as a member; fail on anything in `errors`."""
        body = (await self.post(member, query, **variables)).json()
        assert "errors" not in body, body
        return body["data"]

    async def handle(
        self,
        member: Member,
        *,
        account: str | None = None,
        decision: str = "allow",
        provider: str = "google",
        options: dict[str, Any] | None = None,
        **walk: Any,
    ) -> str:
        """Start a connection, walk through the consent, and come back with the handle."""
        account, vendor = account or member.email, self.vendors[provider]
        vendor.sandbox.add_account(account, name=member.name, zone=member.zone)
        given = {"provider": provider, "returnTo": f"{BASE_URL}/connected", **(options or {})}
        started = await self.ask(member, START, input=given)
        address = started["startCalendarConnection"]["authorizationUrl"]
        callback = await vendor.walk(self.web, address, account=account, decision=decision, **walk)
        back = await self.web.get(callback)
        assert back.status_code == 303, back.text
        assert back.headers["cache-control"] == "no-store"
        assert back.headers["referrer-policy"] == "no-referrer"
        found = dict(parse_qsl(urlsplit(back.headers["location"]).query))
        assert list(found) == ["handle"]
        return found["handle"]

    async def connect(self, member: Member, **walk: Any) -> dict[str, Any]:
        """Connect a member's calendar, the whole way, and give the outcome."""
        handle = await self.handle(member, **walk)
        return (await self.ask(member, COMPLETE, handle=handle))["completeCalendarConnection"]

    async def deliver(self) -> None:
        """Let the worker do what is due."""
        while await self.app.worker._delivery.run_once():
            pass

    def monday(self, hour: int, minute: int = 0) -> str:
        """Say a time of the Monday after next, in UTC, as a client writes it."""
        today = datetime.fromtimestamp(self.now, UTC).replace(
            hour=hour, minute=minute, second=0, microsecond=0
        )
        return (today + timedelta(days=14 - today.weekday())).isoformat().replace("+00:00", "Z")
