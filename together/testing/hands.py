"""A plugin in a person's hands: consents that are walked through, and the calendars they open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from together.providers import Access, CalendarProvider, Calendars, Grant, Sandbox, Secret, pkce
from together.providers.signing import signed_client

BASE_URL = "http://127.0.0.1:8765/sandbox"
"""Where the tests mount the sandbox."""
REDIRECT_URI = "http://127.0.0.1:8000/callback/contract"
SandboxT = TypeVar("SandboxT", bound=Sandbox)


def now() -> datetime:
    return datetime.now(UTC)


def mounted(sandbox: Sandbox) -> httpx.ASGITransport:
    """Carry what is sent below `BASE_URL` to a sandbox."""
    app = Starlette(routes=[Mount(urlsplit(BASE_URL).path, app=sandbox.app())])
    return httpx.ASGITransport(app=app)


@dataclass(frozen=True)
class SignIn:
    """A consent that has come back to the callback."""

    provider: CalendarProvider
    web: httpx.AsyncClient
    url: str
    answer: Mapping[str, str]
    verifier: Secret

    @classmethod
    async def walked(
        cls,
        provider: CalendarProvider,
        web: httpx.AsyncClient,
        email: str,
        walk: Callable[[str], Awaitable[str]],
    ) -> SignIn:
        """Go from the authorization address, which `walk` is given, to the callback's."""
        verifier, challenge = pkce()
        url = provider.oauth.url(
            redirect_uri=REDIRECT_URI, state="st4te", challenge=challenge, login_hint=email
        )
        location = await walk(url)
        assert location.startswith(REDIRECT_URI), "the consent does not end at the callback"
        return cls(provider, web, url, dict(parse_qsl(urlsplit(location).query)), verifier)

    async def grant(self, verifier: Secret | None = None) -> Grant:
        return await self.provider.oauth.exchange(
            self.web,
            code=Secret(self.answer["code"]),
            verifier=verifier or self.verifier,
            redirect_uri=REDIRECT_URI,
            now=now(),
        )


@dataclass
class Hands(Generic[SandboxT]):
    """Whoever has an account in a sandbox, and the plugin that they connect it with."""

    sandbox: SandboxT
    provider: CalendarProvider
    transport: httpx.AsyncBaseTransport
    """Carries the requests that are signed."""
    web: httpx.AsyncClient
    """Signs nothing; people and token endpoints are reached with it."""
    walk: Callable[..., Awaitable[str]] | None = None
    """Walk a consent: (http, url, account=…, and how) → the address of the callback.

    Without it the sandbox's own `allow` does, and everything is allowed.
    """
    grants: dict[str, Grant] = field(default_factory=dict)
    """Address → the newest grant of whoever has opened their calendars."""

    async def grant(self, email: str, **how: object) -> Grant:
        """Walk through a consent to its grant."""
        return await (await self.sign_in(email, **how)).grant()

    async def sign_in(self, email: str, **how: object) -> SignIn:
        """Walk through a consent to the callback."""

        def walk(url: str) -> Awaitable[str]:
            if self.walk is None:
                return self.sandbox.allow(self.web, url, email)
            return self.walk(self.web, url, account=email, **how)

        return await SignIn.walked(self.provider, self.web, email, walk)

    async def calendars(self, email: str, **how: object) -> Calendars:
        """Open the calendars of an account, which consents first."""
        self.grants[email] = await self.grant(email, **how)

        async def stored() -> Grant:
            return self.grants[email]

        async def renew(stale: Grant) -> Grant:
            oauth = self.provider.oauth
            self.grants[email] = await oauth.refresh(self.web, stale, now=now())
            return self.grants[email]

        http = signed_client(
            self.transport, origins=self.provider.origins, grant=stored, renew=renew, now=now
        )
        return self.provider.open(Access(http=http))
