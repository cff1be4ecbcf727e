"""One place where an HTTP reply becomes a value or a `ProviderError`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import httpx

from together.providers.errors import (
    AuthorizationExpired,
    BadSetting,
    Conflict,
    Gone,
    Misconfigured,
    NeedsTime,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
)

LIMIT = 10 * 1024 * 1024
"""Bytes of a reply, after decompression."""
PATIENCE = 30.0
"""Seconds for a whole call, however slowly its reply drips."""
SOONEST, LATEST = timedelta(seconds=1), timedelta(hours=6)


class BadAddress(BadSetting):
    """A base address that no token may be sent to.  Its text does not repeat the address."""


Decipher = Callable[[int, Mapping[str, str], Any], ProviderError | None]


def decipher(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """Tell apart what every service agrees on.  Give a reply to it after your own signs."""
    if 200 <= status < 300:
        return None
    facts: dict[str, Any] = {
        "status": status,
        "code": vendor_code(body),
        "request_id": headers.get("x-request-id") or headers.get("request-id"),
    }
    if status == 401:
        return AuthorizationExpired(**facts)
    if status in (404, 410):
        return Gone(**facts)
    if status in (409, 412):
        return Conflict(**facts)
    if status == 429:
        return RateLimited(retry_after=retry_after(headers), **facts)
    if status == 408 or status >= 500:
        return ProviderUnavailable(retry_after=retry_after(headers), **facts)
    return Misconfigured(**facts)


def vendor_code(body: Any) -> str | None:
    """Find the service's own short code in an error body, where most services put it."""
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else error
    return code if isinstance(code, str) else None


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Read ``Retry-After``, clamped to what a service may ask of us.

    A date counts from the reply's own ``Date``, so that nobody's clock matters.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        seconds = int(value[:10])
        return min(max(timedelta(seconds=seconds), SOONEST), LATEST)
    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, SOONEST), LATEST)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whole and within the limit."""

    status: int
    headers: Mapping[str, str]
    content: bytes


async def fetch(http: httpx.AsyncClient, method: str, url: str, **kwargs: Any) -> Reply:
    """Send one request and read its reply.  No error of the HTTP library leaves here.

    The errors are raised outside ``except``: an httpx error holds the request, and a request to
    a token endpoint holds secrets.
    """
    failure: ProviderError
    try:
        async with asyncio.timeout(PATIENCE), http.stream(method, url, **kwargs) as reply:
            content = bytearray()
            async for chunk in reply.aiter_bytes():
                content += chunk
                if len(content) > LIMIT:
                    raise Misconfigured(status=reply.status_code, code="reply_too_large")
            return Reply(reply.status_code, reply.headers, bytes(content))
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL):
        failure = Misconfigured(code="bad_request_address")
    except httpx.DecodingError:
        failure = Misconfigured(code="unreadable_reply")
    except (httpx.RequestError, TimeoutError):
        failure = ProviderUnavailable()
    raise failure


class JsonApi:
    """A JSON service, spoken to over a client that already signs its requests.

    An answer that is no JSON is `Misconfigured`, whatever its status unless that one says to wait:
    a proxy's page with a 401 or a 404 is not the service's word that a consent or an event is gone.
    """

    def __init__(
        self, http: httpx.AsyncClient, base_url: str, decipher: Decipher = decipher
    ) -> None:
        self._http, self._base_url, self._decipher = http, base_url, decipher

    async def __call__(self, method: str, path: str, **kwargs: Any) -> Any:
        reply = await fetch(self._http, method, self._base_url + path, **kwargs)
        body, readable = parsed(reply.content)
        refusal = self._decipher(reply.status, reply.headers, body)
        if not readable and not isinstance(refusal, NeedsTime):
            raise Misconfigured(status=reply.status, code="unreadable_reply")
        if refusal:
            raise refusal
        return body


def path(*segments: str) -> str:
    """Join segments into a path; an id that holds a slash stays one segment."""
    if any(segment in ("", ".", "..") for segment in segments):
        raise Gone(code="no_such_id")
    return "/" + "/".join(quote(segment, safe="") for segment in segments)


def origin(address: str) -> str:
    """Give the origin of a base address, in the form that `Provider.origins` takes.

    https only, except on this very machine.
    """
    url = urlsplit(address)
    host, port = url.hostname or "", url.port
    if not host or "@" in url.netloc or "\\" in address or not address.isprintable():
        raise BadAddress("a base address is https://host[:port]/path")
    if url.scheme != "https" and not (url.scheme == "http" and loopback(host)):
        raise BadAddress("a base address is https, except on the loopback interface")
    name = f"[{host}]" if ":" in host else host
    default = {"https": 443, "http": 80}[url.scheme]
    return f"{url.scheme}://{name}" if port in (None, default) else f"{url.scheme}://{name}:{port}"


def loopback(host: str) -> bool:
    """Say whether a host is this very machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def parsed(content: bytes) -> tuple[Any, bool]:
    """Give the JSON and True, or None and whether that is what an empty reply means."""
    if not content:
        return None, True
    try:
        return json.loads(content, parse_constant=_no_number), True
    except (ValueError, RecursionError):
        return None, False


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
