"""Signs the requests of one integration, on a copy, and renews its token in one place.

Neither the client a provider holds nor any request, response or error that it sees carries a
token, and a request to an origin that the provider did not declare is refused before it is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

import httpx

from together.providers.errors import Misconfigured
from together.providers.http import loopback
from together.providers.values import Grant

EARLY = timedelta(minutes=2)
TIMEOUT = httpx.Timeout(20.0)


class SignedTransport(httpx.AsyncBaseTransport):
    """Puts the access token on a copy of each request, and sends the copy through `inner`.

    `grant` gives the grant as it stands, before every request; `renew` gets one that no longer
    works and gives back one that does.  Either raises a `ProviderError`, which passes through
    httpx to whoever called, where access is over.  The renewal runs in a task of its own, once for
    all calls that wait for it, and a caller that is cancelled does not stop it: a service may have
    replaced the refresh token already.

    `inner` is shared with others and stays open when this one is closed.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        origins: Collection[str],
        grant: Callable[[], Awaitable[Grant]],
        renew: Callable[[Grant], Awaitable[Grant]],
        now: Callable[[], datetime],
    ) -> None:
        self._inner, self._origins = inner, frozenset(origins)
        self._stored, self._renew, self._now = grant, renew, now
        self._renewal: asyncio.Task[Grant] | None = None
        self._renewed: Grant | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._check(request.url)
        content = await request.aread()
        # Asked for with every request, also after a renewal: it raises where access is over.
        grant = self._later(await self._stored())
        if grant.expires_at - EARLY <= self._now():
            grant = await self._fresh(grant)
        reply = await self._send(request, content, grant)
        if reply.status_code == 401:
            await reply.aclose()
            reply = await self._send(request, content, await self._fresh(grant))
        return reply

    def _later(self, stored: Grant) -> Grant:
        """Give what this client renewed, unless another has been stored since."""
        renewed = self._renewed
        return stored if renewed is None or stored.expires_at > renewed.expires_at else renewed

    async def aclose(self) -> None:
        """Let a renewal under way come to its end, whoever waits for it."""
        if self._renewal is not None:
            await asyncio.wait([self._renewal])

    def _check(self, url: httpx.URL) -> None:
        secure = url.scheme == "https" or (url.scheme == "http" and loopback(url.host))
        if not secure or url.userinfo or _origin(url) not in self._origins:
            raise Misconfigured(code="origin_not_declared")

    async def _fresh(self, stale: Grant) -> Grant:
        """Give a grant other than the stale one, made by one renewal for all who ask."""
        renewed = self._renewed
        # One that ends sooner is older than what somebody else has stored since.
        if renewed is not None and renewed is not stale and renewed.expires_at >= stale.expires_at:
            return renewed
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._take(stale))
            self._renewal.add_done_callback(self._ended)
        return await asyncio.shield(self._renewal)

    async def _take(self, stale: Grant) -> Grant:
        self._renewed = await self._renew(stale)
        return self._renewed

    def _ended(self, renewal: asyncio.Task[Grant]) -> None:
        self._renewal = None
        if not renewal.cancelled():
            renewal.exception()  # looked at, so that nobody having waited is no warning

    async def _send(self, request: httpx.Request, content: bytes, grant: Grant) -> httpx.Response:
        headers = httpx.Headers(request.headers)
        for name in ("authorization", "cookie", "host", "transfer-encoding", "content-length"):
            headers.pop(name, None)
        headers["authorization"] = f"Bearer {grant.access_token.reveal()}"
        signed = httpx.Request(
            request.method,
            request.url,
            headers=headers,
            content=content,
            extensions={k: v for k, v in request.extensions.items() if k == "timeout"},
        )
        failure: type[httpx.TransportError]
        try:
            reply = await self._inner.handle_async_request(signed)
        except httpx.TransportError as error:
            failure = type(error)
        else:
            return httpx.Response(reply.status_code, headers=reply.headers, stream=reply.stream)
        # Outside `except`, with a text of ours: the library's error holds the signed copy.
        raise failure("the request could not be completed", request=request)


def signed_client(
    inner: httpx.AsyncBaseTransport,
    *,
    origins: Collection[str],
    grant: Callable[[], Awaitable[Grant]],
    renew: Callable[[Grant], Awaitable[Grant]],
    now: Callable[[], datetime],
) -> httpx.AsyncClient:
    """Make the client a provider is opened with: no redirects, no proxies from the environment."""
    return httpx.AsyncClient(
        transport=SignedTransport(inner, origins=origins, grant=grant, renew=renew, now=now),
        timeout=TIMEOUT,
        follow_redirects=False,
        trust_env=False,
    )


def _origin(url: httpx.URL) -> str:
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}" + (f":{url.port}" if url.port is not None else "")
