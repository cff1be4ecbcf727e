"""What the demo needs of Jitsi: the address of a server that is not there, and a secret."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from together.providers import ASGIApp, Sandbox, SandboxPerson

SERVER = "https://jitsi.example.net"
"""A host that is nobody's: the links of the demo lead nowhere."""


class JitsiSandbox(Sandbox):
    """Nobody has an account there, and nothing is ever asked of it."""

    slug = "jitsi"

    def __init__(self) -> None:
        self._secret = secrets.token_urlsafe(32)

    def app(self) -> ASGIApp:
        return Starlette(routes=[Route("/", _said)])

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {"SERVER": SERVER, "SECRET": self._secret}

    def populate(self, people: Sequence[SandboxPerson]) -> None:
        """Nobody needs an account."""

    async def allow(self, http: httpx.AsyncClient, url: str, email: str) -> NoReturn:
        """There is no consent to walk through."""
        raise LookupError("nobody signs in to this service")

    def dump(self) -> Mapping[str, Any]:
        return {"secret": self._secret}

    def load(self, state: Mapping[str, Any]) -> None:
        self._secret = state["secret"]


async def _said(_request: Request) -> Response:
    return PlainTextResponse(f"Nobody is asked for a room. Links of the demo begin with {SERVER}/")
