"""Hands on what the sandbox tells, as JSON: its subscriptions, and tokens that it forgets."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from together.testing.switchboard import asked_of, wrong
from together_outlook.sandbox import pushes
from together_outlook.sandbox.served import Desk


def routes(desk: Desk) -> list[Route]:
    control = _Control(desk)
    return [
        Route("/_control/subscriptions", control.show, methods=["GET"]),
        Route("/_control/subscriptions", control.say, methods=["POST"]),
        Route("/_control/forget", control.forget, methods=["POST"]),
    ]


@dataclass(frozen=True, slots=True)
class _Control:
    desk: Desk

    async def show(self, request: Request) -> Response:
        """List the subscriptions that stand, without their secrets."""
        world = self.desk.world
        pushes.drop_dead(world, now=self.desk.clock())
        listed = {key: {**asdict(one)} for key, one in world.subscriptions.items()}
        for one in listed.values():
            del one["client_state"]
        return JSONResponse({"subscriptions": listed})

    async def say(self, request: Request) -> Response:
        """Say what becomes of a subscription, or of all: ``{"say": "missed", "id": …}``.

        One that is said to be removed is removed.
        """
        asked, world = await asked_of(request) or {}, self.desk.world
        event, key = asked.get("say"), asked.get("id")
        pushes.drop_dead(world, now=self.desk.clock())
        meant = [*world.subscriptions] if key is None else [str(key)]
        if event not in pushes.LIFECYCLE:
            return wrong(f"say one of {', '.join(pushes.LIFECYCLE)}")
        if not world.subscriptions.keys() >= {*meant}:
            return wrong("no such subscription")
        for each in meant:
            pushes.say(world, self.desk.teller, each, str(event))
        return JSONResponse({"said": event, "of": meant})

    async def forget(self, request: Request) -> Response:
        """Let every token of a delta query that was given so far be dead: ``{}``."""
        if await asked_of(request) is None:
            return wrong("post a JSON object, with its content type")
        self.desk.world.forget()
        return JSONResponse({"forgotten": self.desk.world.forgotten})
