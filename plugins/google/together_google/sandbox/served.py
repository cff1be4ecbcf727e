"""How every endpoint of the sandbox is served: switches first, then who asks, then what."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from together_google.sandbox import refusals
from together_google.sandbox.refusals import ApiError, OAuthError
from together_google.sandbox.switches import Switches
from together_google.sandbox.world import Token, World

Endpoint = Callable[[Request], Awaitable[Response]]
LARGEST_BODY = 1024 * 1024
ROOT = "https://www.googleapis.com/auth/calendar"


@dataclass(slots=True)
class Desk:
    """What the endpoints share."""

    world: World
    switches: Switches
    clock: Callable[[], int]
    calls: dict[str, deque[int]] = field(default_factory=lambda: defaultdict(deque))

    def api(self, *scopes: str) -> Callable[[Callable[[Request, Token], Any]], Endpoint]:
        """Serve an endpoint of the Calendar API, for which any of these scopes is enough."""

        def wrap(answer: Callable[[Request, Token], Any]) -> Endpoint:
            async def endpoint(request: Request) -> Response:
                if early := await self._trouble():
                    return early
                try:
                    token = self._token(request, frozenset(ROOT + scope for scope in scopes))
                    body = answer(request, token)
                    body = await body if isinstance(body, Awaitable) else body
                except ApiError as refusal:
                    return self._refused(refusal)
                if request.method in ("POST", "PATCH", "DELETE") and self.switches.lost_replies:
                    self.switches.lost_replies -= 1
                    return self._refused(refusals.backend())
                return Response(status_code=204) if body is None else JSONResponse(body)

            return endpoint

        return wrap

    def oauth(self, answer: Callable[[Request, dict[str, str]], Any]) -> Endpoint:
        """Serve the token, revocation or userinfo endpoint."""

        async def endpoint(request: Request) -> Response:
            if early := await self._trouble():
                return early
            try:
                return JSONResponse(answer(request, await form(request)))
            except (OAuthError, ApiError) as refusal:
                return JSONResponse(refusal.body(), refusal.status)

        return endpoint

    def token(self, request: Request) -> Token | None:
        """Find whose access token a request brings."""
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        token = self.world.access.get(key) if kind.casefold() == "bearer" else None
        alive = token is not None and (token.expires_at or 0) > self.clock()
        return token if alive else None

    async def _trouble(self) -> Response | None:
        if self.switches.slow_seconds:
            await anyio.sleep(self.switches.slow_seconds)
        if self.switches.down:
            return self._refused(refusals.backend())
        if self.switches.nonsense:
            return Response("<html><title>Hello</title></html>", media_type="text/html")
        return None

    def _token(self, request: Request, scopes: frozenset[str]) -> Token:
        if "authorization" not in request.headers:
            raise refusals.missing_credentials()
        token = self.token(request)
        if token is None:
            raise refusals.bad_credentials()
        if self.switches.throttled:
            raise refusals.throttled(self.switches.throttled)
        self._count(token.email)
        if not scopes.intersection(token.scopes):
            raise refusals.missing_scope()
        if not self.world.people[token.email].has_calendar:
            raise refusals.no_calendar()
        return token

    def _count(self, email: str) -> None:
        """Keep to the calls of one account in a minute, counted over a sliding window."""
        now, calls = self.clock(), self.calls[email]
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= self.switches.per_minute:
            raise refusals.throttled("userRateLimitExceeded")
        calls.append(now)

    def _refused(self, refusal: ApiError) -> Response:
        waits = refusal.status in (429, 503) or refusal.domain == "usageLimits"
        wait = self.switches.retry_after if waits else ""
        return JSONResponse(
            refusal.body(), refusal.status, headers={"Retry-After": wait} if wait else None
        )


async def form(request: Request) -> dict[str, str]:
    """Read a posted form; of a name that comes twice the first is meant."""
    return dict(reversed(await form_pairs(request)))


async def form_pairs(request: Request) -> list[tuple[str, str]]:
    content = await _content(request)
    return parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True)


async def json_body(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(await _content(request) or b"{}")
    except (ValueError, RecursionError):
        raise ApiError(400, "parseError", "Parse Error") from None
    if not isinstance(body, dict):
        raise ApiError(400, "parseError", "Parse Error")
    return body


async def _content(request: Request) -> bytes:
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise ApiError(413, "uploadTooLarge", "Request is too large.")
    return content
