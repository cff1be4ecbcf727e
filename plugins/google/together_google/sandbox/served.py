"""How every endpoint of the sandbox is served: switches first, then who asks, then what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from together.testing.front_desk import FrontDesk
from together.testing.posted import Reader
from together.testing.signing_in import bearer
from together.testing.telling import Teller
from together_google.sandbox import partial, pushes, refusals
from together_google.sandbox.refusals import ApiError, OAuthError
from together_google.sandbox.switches import Switches
from together_google.sandbox.world import Token, World

Endpoint = Callable[[Request], Awaitable[Response]]
ROOT = "https://www.googleapis.com/auth/calendar"

_reader = Reader(refusals.too_large, refusals.malformed)
form, form_pairs, json_body = _reader.form, _reader.pairs, _reader.json


@dataclass(slots=True)
class Desk(FrontDesk[World, Switches]):
    """How Google serves: an endpoint names the scopes that are enough for it."""

    teller: Teller = field(default_factory=Teller, init=False, repr=False)

    def announce(self) -> None:
        """Tell whoever watches of what has changed."""
        pushes.announce(self.world, self.switches, self.teller, now=self.clock())

    def outage(self) -> ApiError:
        return refusals.backend()

    def api(self, *scopes: str) -> Callable[[Callable[[Request, Token], Any]], Endpoint]:
        """Serve an endpoint of the Calendar API, for which any of these scopes is enough."""

        def wrap(answer: Callable[[Request, Token], Any]) -> Endpoint:
            async def endpoint(request: Request) -> Response:
                try:
                    if early := await self.early():
                        return early
                    token = self._token(request, frozenset(ROOT + scope for scope in scopes))
                    wanted = _wanted(request)
                    body = answer(request, token)
                    body = await body if isinstance(body, Awaitable) else body
                    self.announce()
                    self.late(request)
                except ApiError as refusal:
                    return self._refused(refusal)
                return (
                    Response(status_code=204)
                    if body is None
                    else JSONResponse(partial.part(body, wanted))
                )

            return endpoint

        return wrap

    def oauth(self, answer: Callable[[Request, dict[str, str]], Any]) -> Endpoint:
        """Serve the token, revocation or userinfo endpoint."""

        async def endpoint(request: Request) -> Response:
            try:
                if early := await self.early():
                    return early
                return JSONResponse(answer(request, await form(request)))
            except OAuthError as refusal:
                return JSONResponse(refusal.body(), refusal.status)
            except ApiError as refusal:
                return self._refused(refusal)

        return endpoint

    def token(self, request: Request) -> Token | None:
        """Find whose access token a request brings."""
        return bearer(request, self.world.access, now=self.clock())

    def _token(self, request: Request, scopes: frozenset[str]) -> Token:
        if "authorization" not in request.headers:
            raise refusals.missing_credentials()
        token = self.token(request)
        if token is None:
            raise refusals.bad_credentials()
        if self.switches.throttled:
            raise refusals.throttled(self.switches.throttled)
        if self.too_many(token.email):
            raise refusals.throttled("userRateLimitExceeded")
        if not scopes.intersection(token.scopes):
            raise refusals.missing_scope()
        if not self.world.people[token.email].has_calendar:
            raise refusals.no_calendar()
        return token

    def _refused(self, refusal: ApiError) -> Response:
        waits = refusal.status in (429, 503) or refusal.domain == "usageLimits"
        return JSONResponse(refusal.body(), refusal.status, self.wait() if waits else None)


def _wanted(request: Request) -> partial.Selection:
    try:
        return partial.selection(request.query_params.get("fields", "*"))
    except ValueError:
        raise refusals.unselectable() from None
