"""Clients over one pool of connections, which stays open when a client is closed."""

from __future__ import annotations

import httpx

TIMEOUT = httpx.Timeout(20.0, connect=5.0)


class Kept(httpx.AsyncBaseTransport):
    """Passes requests to a transport whose life is not its own."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Leave the pool open for the next client."""


def unsigned(inner: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
    """Make a client that signs nothing, for a token endpoint.

    It costs no more than an object: nothing is read from the environment or from files.
    """
    return httpx.AsyncClient(
        transport=Kept(inner), timeout=TIMEOUT, trust_env=False, follow_redirects=False
    )
