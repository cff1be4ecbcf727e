"""Counts the requests to services, by whose they are and how they ended, in the one transport.

Of a request it looks at the address, and of one for a token at the kind of its grant.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs

import httpx

from together.providers.registry import Registry
from together.services.operations.measures import Measures

OTHER = "other"
"""Whoever is no provider: the issuers that sign people in."""

GRANTS: Mapping[str, str] = {
    "refresh_token": "refresh_token",
    "authorization_code": "authorization_code",
    "client_credentials": "client_credentials",
    "urn:ietf:params:oauth:grant-type:jwt-bearer": "jwt_bearer",
}
_STATUSES: Mapping[int, str] = {
    401: "unauthorized",
    403: "forbidden",
    404: "gone",
    409: "conflict",
    410: "gone",
    412: "conflict",
    429: "throttled",
}


class CountedTransport(httpx.AsyncBaseTransport):
    """Passes everything on as it is."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, registry: Registry, measures: Measures
    ) -> None:
        self._inner, self._measures = inner, measures
        self._places = _places(registry)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        began, outcome = time.perf_counter(), "cut_off"
        try:
            reply = await self._inner.handle_async_request(request)
            outcome = outcome_of(reply.status_code)
        except httpx.TimeoutException:
            outcome = "timeout"
            raise
        except httpx.TransportError:
            outcome = "unreachable"
            raise
        finally:
            provider = self._provider(request.url)
            self._measures.call(provider, outcome, time.perf_counter() - began)
            if (grant := _grant(request)) is not None:
                self._measures.token(provider, grant, outcome)
        return reply

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _provider(self, url: httpx.URL) -> str:
        """Find whose address it is; where several share an origin, by the longest path."""
        origin, steps = _place(url)
        best, name = -1, OTHER
        for known, path, slug in self._places:
            if known == origin and (alike := _alike(path, steps)) > best:
                best, name = alike, slug
        return name


def outcome_of(status: int) -> str:
    """Say in a word how a service answered."""
    if status < 400:
        return "ok"
    return _STATUSES.get(status, "refused" if status < 500 else "unavailable")


def _grant(request: httpx.Request) -> str | None:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    try:
        kinds = parse_qs(request.content.decode("ascii")).get("grant_type")
    except (httpx.RequestNotRead, ValueError):
        return None
    return GRANTS.get(kinds[0], "other") if kinds else None


def _places(registry: Registry) -> list[tuple[str, list[str], str]]:
    found = []
    for slug, calendar in registry.calendars.items():
        oauth = calendar.oauth
        addresses = [*calendar.origins, oauth.token_url, oauth.revoke_url or oauth.token_url]
        found += list(_of(slug, addresses))
    for slug, video in registry.videos.items():
        if video.organization is not None:
            found += list(_of(slug, video.organization.origins))
    return found


def _of(slug: str, addresses: Iterable[str]) -> Iterable[tuple[str, list[str], str]]:
    for address in addresses:
        yield (*_place(httpx.URL(address)), slug)


def _place(url: httpx.URL) -> tuple[str, list[str]]:
    return f"{url.scheme}://{url.netloc.decode('ascii')}", url.path.strip("/").split("/")


def _alike(path: list[str], steps: list[str]) -> int:
    count = 0
    for one, other in zip(path, steps, strict=False):
        if one != other or not one:
            break
        count += 1
    return count
