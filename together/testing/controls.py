"""Hands on a stand-in while it runs: ``/_control`` shows and sets its switches, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from together.testing.stand_in import StandIn
from together.testing.switchboard import asked_of, wrong

T = TypeVar("T")


def routes(sandbox: StandIn[Any, Any]) -> list[Route]:
    controls = _Controls(sandbox)
    return [
        Route("/_control", controls.show, methods=["GET"]),
        Route("/_control", controls.change, methods=["POST"]),
        Route("/_control/revoke", controls.revoke, methods=["POST"]),
        Route("/_control/answer", controls.answer, methods=["POST"]),
    ]


def named(people: Mapping[str, T], asked: Mapping[str, object] | None) -> T | None:
    """Find the account that a posted object means by its `email`."""
    return people.get(str((asked or {}).get("email")).casefold())


@dataclass(frozen=True, slots=True)
class _Controls:
    sandbox: StandIn[Any, Any]

    async def show(self, request: Request) -> Response:
        people = [asdict(person) for person in self.sandbox.world.people.values()]
        return JSONResponse({"switches": self.sandbox.switches.as_json(), "accounts": people})

    async def change(self, request: Request) -> Response:
        """Set the switches that the posted object names."""
        asked = await asked_of(request)
        if asked is None:
            return wrong("post a JSON object, with its content type")
        try:
            self.sandbox.switches.set(asked)
        except ValueError as error:
            return wrong(str(error))
        return await self.show(request)

    async def revoke(self, request: Request) -> Response:
        """End every grant of an account, as its owner can: ``{"email": …}``."""
        person = named(self.sandbox.world.people, await asked_of(request))
        if person is None:
            return wrong("no such account")
        self.sandbox.revoke(person.email)
        return JSONResponse({"revoked": person.email})

    async def answer(self, request: Request) -> Response:
        """Answer an invitation: ``{"email": …, "event": …, "response": "accepted"}``."""
        asked, known = await asked_of(request) or {}, self.sandbox.responses
        person = named(self.sandbox.world.people, asked)
        if person is None:
            return wrong("no such account")
        event, response = str(asked.get("event")), asked.get("response")
        if response in known:
            with suppress(KeyError):
                self.sandbox.answer(person.email, event, str(response))
                return JSONResponse({"answered": event})
        return wrong(f"no such event, or the response is none of {', '.join(known)}")
