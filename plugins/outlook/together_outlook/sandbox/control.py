"""Hands on the sandbox while it runs: ``/_control`` shows and sets its switches, as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from together.testing.switchboard import asked_of, wrong
from together_outlook.sandbox import events, grants
from together_outlook.sandbox.served import Desk
from together_outlook.sandbox.world import Person

ANSWERS = ("accepted", "declined", "tentativelyAccepted", "notResponded")


def routes(desk: Desk) -> list[Route]:
    control = _Control(desk)
    return [
        Route("/_control", control.show, methods=["GET"]),
        Route("/_control", control.change, methods=["POST"]),
        Route("/_control/revoke", control.revoke, methods=["POST"]),
        Route("/_control/expire", control.expire, methods=["POST"]),
        Route("/_control/answer", control.answer, methods=["POST"]),
        Route("/_control/calendar", control.calendar, methods=["POST"]),
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
        """End every grant of an account, as its owner can at Microsoft: ``{"email": …}``."""
        person = self._person(await asked_of(request))
        if person is None:
            return wrong("no such account")
        grants.revoke_account(self.desk.world, person.email)
        return JSONResponse({"revoked": person.email})

    async def expire(self, request: Request) -> Response:
        """Let an account's tokens run out, as after ninety days without use: ``{"email": …}``."""
        person = self._person(await asked_of(request))
        if person is None:
            return wrong("no such account")
        grants.expire_refresh(self.desk.world, person.email)
        return JSONResponse({"expired": person.email})

    async def answer(self, request: Request) -> Response:
        """Answer an invitation: ``{"email": …, "event": …, "response": "accepted"}``."""
        asked = await asked_of(request)
        person = self._person(asked)
        if person is None or asked is None:
            return wrong("no such account")
        stored = self.desk.world.invitation(person.email, str(asked.get("event")))
        if stored is None or asked.get("response") not in ANSWERS:
            return wrong(f"no such event, or the response is none of {', '.join(ANSWERS)}")
        now = self.desk.clock()
        events.answer(stored, person.email, str(asked["response"]), now=now)
        return JSONResponse({"answered": asked["event"]})

    async def calendar(self, request: Request) -> Response:
        """Add a calendar to a mailbox, or let it vanish: ``{"email": …, "name": …, "gone": true}``.

        The default one stays.
        """
        asked, world = await asked_of(request), self.desk.world
        person = self._person(asked)
        if person is None or asked is None or not person.has_mailbox:
            return wrong("no such mailbox")
        name = asked.get("name")
        if not isinstance(name, str) or not name:
            return wrong("the calendar needs a name")
        if not asked.get("gone"):
            book = world.add_book(person.email, name, person.zone, teams=not person.personal)
            return JSONResponse({"calendar": book.id})
        mine = (book for book in world.books_of(person.email) if book.owner == person.email)
        found = [book.id for book in mine if book.name == name and not book.default]
        if not found:
            return wrong("no such calendar, or the default one")
        world.remove_book(found[0])
        return JSONResponse({"gone": found[0]})

    def _person(self, asked: dict[str, object] | None) -> Person | None:
        return self.desk.world.people.get(str((asked or {}).get("email")).casefold())
