"""Where services tell of changes: ``/notifications/<slug>``.

Everybody gets the same empty answer, before anything is looked up, so that it tells nobody which
channels there are.  Only who asks in a service's own way whether we listen here hears an echo.
"""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from together.services.syncing.notices import Notices
from together.services.syncing.watches import PATH

LONGEST = 1024 * 1024
"""Bytes of a body."""

LONGEST_QUERY = 4 * 1024
"""Characters."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def notifications_route(notices: Notices) -> Route:
    """Make the address of every service, one each."""

    async def notified(request: Request) -> Response:
        slug = request.path_params["slug"]
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if len(request.url.query) <= LONGEST_QUERY:
            echo = notices.challenge(slug, dict(request.query_params))
            if echo is not None:
                return PlainTextResponse(echo, headers=_HEADERS)
        if body is not None:
            notices.arrived(slug, _headers(request), body)
        return Response(status_code=202, headers=_HEADERS)

    return Route(f"{PATH}{{slug}}", notified, methods=["POST"])


async def _body(request: Request) -> bytes | None:
    """Read the body; None, and no more of it, where it is longer than any notification."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LONGEST:
            return None
        parts.append(part)
    return b"".join(parts)


def _headers(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}
