"""Gives each request and socket an id of ours, which its answer and its lines in the log bear.

None is taken over from a client or a proxy: what they send could hold anything.
"""

from __future__ import annotations

import secrets
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"x-request-id"
KEY = "together.request_id"
"""Where the scope has it, for who logs a request when it is over."""

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id() -> str | None:
    """Give the id of the request that is answered here; None outside of any."""
    return _current.get()


class RequestIds:
    """Makes the ids."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        made = scope[KEY] = secrets.token_hex(8)

        async def named(message: Message) -> None:
            if message["type"] in {
                "http.response.start",
                "websocket.accept",
                "websocket.http.response.start",
            }:
                headers = [each for each in message.get("headers", ()) if each[0] != HEADER]
                message = {**message, "headers": [*headers, (HEADER, made.encode())]}
            await send(message)

        token = _current.set(made)
        try:
            await self._app(scope, receive, named)
        finally:
            _current.reset(token)
