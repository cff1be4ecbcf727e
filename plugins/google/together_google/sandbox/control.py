"""Hands on the sandbox while it runs: ``/_control`` shows and sets its switches, as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from together.testing.switchboard import asked_of, wrong
from together_google.sandbox import events, grants
from together_google.sandbox.served import Desk
from together_google.sandbox.world import Person

ANSWERS = ("accepted", "declined", "tentative", "needsAction")


def routes(desk: Desk) -> list[Route]:
    control = _Control(desk)
    return [
        Route("/_control", control.show, methods=["GET"]),
        Route("/_control", control.change, methods=["POST"]),
        Route("/_control/revoke", control.revoke, methods=["POST"]),
        Route("/_control/answer", control.answer, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Control:
    desk: Desk

    async def show(self, request: Request) -> Response:
        people = [asdict(person) for person in self.desk.world.people.values()]
        return JSONResponse({"switches": self.desk.switches.as_json(), "accounts": people})

    async def change(self, request: Request) -> Response:
        """Set the switches that the posted object names."""
        asked = await asked_of(request)
        if asked is None:
            return wrong("post a JSON object, with its content type")
        try:
            self.desk.switches.set(asked)
        except ValueError as error:
            return wrong(str(error))
        return await self.show(request)

    async def revoke(self, request: Request) -> Response:
        """End every grant of an account, as its owner can at Google: ``{"email": …}``."""
        person = self._person(await asked_of(request))
        if person is None:
            return wrong("no such account")
        grants.revoke_account(self.desk.world, person.email)
        return JSONResponse({"revoked": person.email})

    async def answer(self, request: Request) -> Response:
        """Answer an invitation: ``{"email": …, "event": …, "response": "accepted"}``."""
        asked = await asked_of(request)
        person = self._person(asked)
        if person is None or asked is None:
            return wrong("no such account")
        book = self.desk.world.books.get(person.email)
        found = self.desk.world.event(book, str(asked.get("event"))) if book else None
        if found is None or asked.get("response") not in ANSWERS:
            return wrong(f"no such event, or the response is none of {', '.join(ANSWERS)}")
        events.answer(found[1], person.email, str(asked["response"]))
        return JSONResponse({"answered": found[1].body["id"]})

    def _person(self, asked: dict[str, object] | None) -> Person | None:
        return self.desk.world.people.get(str((asked or {}).get("email")).casefold())
