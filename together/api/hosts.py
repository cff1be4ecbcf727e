"""Answers under the names of this installation only, so that no other name can be made ours."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_WORDS = (
    "Nothing is served here under the host name of this request. "
    "Whoever runs this installation lists its names in TOGETHER_ALLOWED_HOSTS.\n"
)
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class KnownHosts:
    """Refuses requests and sockets whose ``Host`` is not listed, whatever its port."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str]) -> None:
        self._app = app
        self._allowed = frozenset(_bare(name) for name in allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._knows(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            # The name is not repeated: it is whatever a stranger wrote.
            refusal = PlainTextResponse(_WORDS, status_code=400, headers=_HEADERS)
            await refusal(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        # Of two, each reader on the way might believe another one.
        named = [value for name, value in scope["headers"] if name == b"host"]
        return len(named) == 1 and host_in(named[0].decode("latin-1")) in self._allowed


def host_in(header: str) -> str | None:
    """The name in a ``Host`` header, without its port; None where there is none to be read."""
    name, colon, port = header.rpartition(":")
    if not colon or header.endswith("]"):
        return _bare(header)
    return _bare(name) if port.isascii() and port.isdigit() else None


def _bare(name: str) -> str:
    """Write a name in the one way in which names are compared."""
    name = name.lower().removesuffix(".")
    try:
        return str(ipaddress.ip_address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        return name
