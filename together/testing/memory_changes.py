"""What the memory service tells of changes: when it is asked, and by itself to whoever watches."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from together.testing.memory_keys import Json, no
from together.testing.telling import Teller

WATCH_LIFE = 7 * 86_400
"""Seconds that a watch lives at the most."""
Handler = Callable[[Request, Json], Awaitable[Response]]


class MemoryChanges:
    """A log of which event of which calendar has changed, and who wants to be told of more."""

    state: Json
    _now: Callable[[], float]
    changes_a_page: int = 100
    asks_first: bool = False
    """Whether an address has to prove that it listens before a calendar is watched."""
    renews: bool = False
    """Whether a watch can be made to live longer; where not, another one is made."""
    silent: bool = False
    """Whether notifications get lost."""
    refuses_watches: bool = False

    def __init__(self) -> None:
        self.teller = Teller()

    def connect(self, http: httpx.AsyncClient) -> None:
        """Send notifications through this client from now on."""
        self.teller.connect(http)

    def forget_changes(self) -> None:
        """Let every cursor that was given so far be too old."""
        self.state["changes"].append(None)
        self.state["oldest"] = len(self.state["changes"])

    def end_watches(self, kind: str = "ENDED") -> None:
        """End every watch before its time, and say so; or say something else of each."""
        for watch_id, watch in [*self.state["watches"].items()]:
            if kind == "ENDED":
                del self.state["watches"][watch_id]
            self._tell(watch_id, watch, kind)

    def changed(self, email: str, calendar: str, event_id: str) -> None:
        """Note that an event has changed, and tell whoever watches its calendar."""
        self.state["changes"].append([email, calendar, event_id])
        for watch_id, watch in self.state["watches"].items():
            if (watch["email"], watch["calendar"]) == (email, calendar):
                self._tell(watch_id, watch, "CHANGED")

    def changed_for_all(self, event: Json) -> None:
        """Note it in the calendar of an event, and in that of each guest who has an account."""
        self.changed(event["owner"], event["calendar"], event["id"])
        for guest in event["answers"]:
            if own := self.state["accounts"].get(guest):
                self.changed(guest, next(iter(own["calendars"])), event["id"])

    def change_routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("GET", "/calendars/{calendar}/changes"): self._changes,
            ("POST", "/calendars/{calendar}/watches"): self._watch,
            ("PATCH", "/watches/{watch}"): self._renew,
            ("DELETE", "/watches/{watch}"): self._unwatch,
        }

    async def _changes(self, request: Request, grant: Json) -> Response:
        email, calendar = grant["email"], request.path_params["calendar"]
        if calendar not in self.state["accounts"][email]["calendars"]:
            return no(404, "no_such_calendar")
        log, asked = self.state["changes"], request.query_params
        if "since" not in asked:
            return JSONResponse({"ids": [], "cursor": str(len(log))})
        since = int(asked["since"])
        if since < self.state.get("oldest", 0):
            return no(410, "cursor_expired")
        names = [row[2] for row in log[since:] if row is not None and row[:2] == [email, calendar]]
        start = int(asked.get("page", 0))
        end = start + self.changes_a_page
        if end < len(names):
            return JSONResponse({"ids": names[start:end], "next": str(end)})
        return JSONResponse({"ids": names[start:end], "cursor": str(len(log))})

    async def _watch(self, request: Request, grant: Json) -> Response:
        email, calendar = grant["email"], request.path_params["calendar"]
        if calendar not in self.state["accounts"][email]["calendars"]:
            return no(404, "no_such_calendar")
        asked = await request.json()
        if self.refuses_watches or not await self._listens(asked["address"]):
            return no(422, "not_watchable")
        watch = {
            "email": email,
            "calendar": calendar,
            "address": asked["address"],
            "secret": asked["secret"],
            "resource": f"calendar-{len(self.state['watches']) + 1}",
            "until": self._until(asked),
        }
        self.state["watches"][asked["id"]] = watch
        return self._shown(asked["id"])

    async def _renew(self, request: Request, grant: Json) -> Response:
        watch_id = request.path_params["watch"]
        if not self.renews:
            return no(422, "not_renewable")
        if not self._own(watch_id, grant):
            return no(410, "gone")
        self.state["watches"][watch_id]["until"] = self._until(await request.json())
        return self._shown(watch_id)

    async def _unwatch(self, request: Request, grant: Json) -> Response:
        if not self._own(watch_id := request.path_params["watch"], grant):
            return no(410, "gone")
        del self.state["watches"][watch_id]
        return Response(status_code=204)

    def _own(self, watch_id: str, grant: Json) -> bool:
        watch = self.state["watches"].get(watch_id)
        if watch is None or watch["until"] <= self._now():
            return False
        return bool(watch["email"] == grant["email"])

    def _until(self, asked: Json) -> int:
        return min(int(asked["until"]), int(self._now()) + WATCH_LIFE)

    def _shown(self, watch_id: str) -> Response:
        watch = self.state["watches"][watch_id]
        shown = {"id": watch_id, "resource": watch["resource"], "until": watch["until"]}
        return JSONResponse(shown)

    async def _listens(self, address: str) -> bool:
        if not self.asks_first:
            return True
        word = secrets.token_urlsafe(16)
        echo = await self.teller.ask(f"{address}?challenge={word}")
        plain = echo is not None and echo.headers.get("content-type", "").startswith("text/plain")
        return plain and echo is not None and (echo.status_code, echo.text) == (200, word)

    def _tell(self, watch_id: str, watch: Json, kind: str) -> None:
        if self.silent or watch["until"] <= self._now():
            return
        notice: dict[str, Any] = {
            "watch": watch_id, "secret": watch["secret"], "resource": watch["resource"],
            "kind": kind,
        }  # fmt: skip
        body = json.dumps({"notices": [notice]}).encode()
        headers = {"content-type": "application/json"}
        self.teller.tell(watch["address"], headers=headers, content=body)
