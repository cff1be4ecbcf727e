"""What Outlook's ``/_control`` can do beside what every sandbox's can."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from together.testing.controls import named
from together.testing.switchboard import asked_of, wrong
from together_outlook.sandbox import grants
from together_outlook.sandbox.served import Desk


def routes(desk: Desk) -> list[Route]:
    control = _Control(desk)
    return [
        Route("/_control/expire", control.expire, methods=["POST"]),
        Route("/_control/calendar", control.calendar, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Control:
    desk: Desk

    async def expire(self, request: Request) -> Response:
        """Let an account's tokens run out, as after ninety days without use: ``{"email": …}``."""
        person = named(self.desk.world.people, await asked_of(request))
        if person is None:
            return wrong("no such account")
        grants.expire_refresh(self.desk.world, person.email)
        return JSONResponse({"expired": person.email})

    async def calendar(self, request: Request) -> Response:
        """Add a calendar to a mailbox, or let it vanish: ``{"email": …, "name": …, "gone": true}``.

        The default one stays.
        """
        asked, world = await asked_of(request), self.desk.world
        person = named(world.people, asked)
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
