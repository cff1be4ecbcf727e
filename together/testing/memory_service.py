"""The HTTP side of the memory calendar service: its consent, its tokens and its API.

Its consent page has no buttons: one GET of the authorization URL is the person's answer.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from together.providers.contract import ASGIApp
from together.testing.memory_changes import MemoryChanges
from together.testing.memory_keys import DELEGATED, TOKEN_LIFE
from together.testing.memory_rooms_service import MemoryRoomsService
from together.testing.memory_tenants import MemoryTenants
from together.testing.signing_in import back, s256

CLIENT_ID, CLIENT_SECRET = "memory-client", "memory-client-secret"
JOIN_HOST = "meet.memory.example"

Json = dict[str, Any]


class MemoryService(MemoryRoomsService, MemoryTenants, MemoryChanges):
    """A small calendar service.  Set an attribute, and from the next request it behaves so."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._now = now
        self.down = False
        self.throttled: int | None = None
        """Seconds to wait, said with every answer."""
        self.slow = 0.0
        """Seconds before every answer of the API."""
        self.nonsense = False
        self.unreadable: set[str] = set()
        """Ids of calendars that are listed and cannot be read."""
        self.read_only: set[str] = set()
        """Ids of calendars that are listed and cannot be written."""
        self.consent_error: str | None = None
        """What the next consents end with, such as ``access_denied``."""
        self.unticked: frozenset[str] = frozenset()
        """Scopes that the person leaves unticked."""
        self.pending_reads = 0
        """How many reads of an event it takes until its meeting's link is there."""
        self.requests: list[str] = []
        """Every request so far: ``POST /busy``."""
        self.restricted: set[str] = set()
        self.client = CLIENT_ID, CLIENT_SECRET
        kinds = ("accounts", "events", "codes", "grants", "keys", "tenants", "watches")
        rooms = ("rooms", "room_keys", "room_tokens")
        self.state: Json = {"changes": [], **{kind: {} for kind in (*kinds, *rooms)}}

    def app(self) -> ASGIApp:
        api = {
            ("GET", "/me"): self._me,
            ("GET", "/calendars"): self._calendars,
            ("POST", "/busy"): self._busy,
            ("PUT", "/calendars/{calendar}/events/{key}"): self._put,
            ("PATCH", "/calendars/{calendar}/events/{key}"): self._patch,
            ("DELETE", "/calendars/{calendar}/events/{key}"): self._delete,
            ("GET", "/calendars/{calendar}/events/{key}"): self._get,
            **self.change_routes(),
        }
        return Starlette(
            routes=[
                Route("/authorize", self._authorize, methods=["GET"]),
                Route("/adminconsent", self._admin_consent, methods=["GET"]),
                Route("/signin", self._sign_in, methods=["GET"]),
                Route("/token", self._mood(self._token), methods=["POST"]),
                Route("/tenant/token", self._mood(self._tenant_token), methods=["POST"]),
                Route("/revoke", self._mood(self._revoke), methods=["POST"]),
                *self.room_routes(self._mood),
                *(
                    Route(path, self._mood(self._signed(handler)), methods=[method])
                    for (method, path), handler in api.items()
                ),
            ]
        )

    def _mood(
        self, handler: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            path = request.url.path.removeprefix(request.scope.get("root_path", ""))
            self.requests.append(f"{request.method} {path}")
            if self.slow:
                await asyncio.sleep(self.slow)
            if self.down:
                return _error(503, "unavailable")
            if self.throttled is not None:
                return _error(429, "slow_down", {"retry-after": str(self.throttled)})
            if self.nonsense:
                return HTMLResponse("<h1>It works!</h1>")
            return await handler(request)

        return answer

    def _signed(
        self, handler: Callable[[Request, Json], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            grant = next((g for g in self.state["grants"].values() if g["access"] == token), None)
            if grant is None or grant["expires"] <= self._now():
                return _error(401, "invalid_token")
            needed = {"/busy": "freebusy", "/events/": "events"}
            path = request.url.path
            if any(p in path and scope not in grant["scopes"] for p, scope in needed.items()):
                return _error(403, "insufficient_scope")
            return await handler(request, grant)

        return answer

    async def _authorize(self, request: Request) -> Response:
        asked = request.query_params
        if self.consent_error:
            answer = {"error": self.consent_error}
        else:
            code = secrets.token_urlsafe(16)
            self.state["codes"][code] = {
                "email": asked.get("login_hint") or next(iter(self.state["accounts"])),
                "challenge": asked["code_challenge"],
                "redirect_uri": asked["redirect_uri"],
                "scopes": sorted({*asked["scope"].split()} - self.unticked),
            }
            answer = {"code": code}
        return back(asked, answer)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if form.get("grant_type") == DELEGATED:
            return self._act(form)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _error(401, "invalid_client")
        if form.get("grant_type") == "refresh_token":
            refresh = form.get("refresh_token", "")
            grant = self.state["grants"].get(refresh)
        else:
            refresh, grant = secrets.token_urlsafe(24), self._redeemed(form)
        if grant is None:
            return _error(400, "invalid_grant")
        grant |= {"access": secrets.token_urlsafe(24), "expires": self._now() + TOKEN_LIFE}
        self.state["grants"][refresh] = grant
        return JSONResponse(
            {
                "access_token": grant["access"],
                "refresh_token": refresh,
                "expires_in": TOKEN_LIFE,
                "scope": " ".join(grant["scopes"]),
                "token_type": "Bearer",
            }
        )

    def _redeemed(self, form: Json) -> Json | None:
        """Use up a code; whoever has it needs the verifier of the one who asked."""
        code = self.state["codes"].pop(form.get("code"), None)
        if code is None or code["challenge"] != s256(form.get("code_verifier", "")):
            return None
        if code["redirect_uri"] != form.get("redirect_uri"):
            return None
        return {name: code[name] for name in ("email", "scopes", "nonce") if name in code}

    async def _revoke(self, request: Request) -> Response:
        token = dict(parse_qsl((await request.body()).decode())).get("token")
        if self.state["grants"].pop(token, None) is None:
            return _error(400, "invalid_token")
        return Response(status_code=200)

    async def _me(self, request: Request, grant: Json) -> Response:
        account = self.state["accounts"][grant["email"]]
        return JSONResponse({"id": account["id"], "email": grant["email"]})

    async def _calendars(self, request: Request, grant: Json) -> Response:
        account = self.state["accounts"][grant["email"]]
        items = [
            {
                "id": name,
                "name": name.capitalize(),
                "primary": rank == 0,
                "writable": name not in self.read_only,
                "zone": account["zone"],
            }
            for rank, name in enumerate(account["calendars"])
        ]
        return JSONResponse({"items": items})

    async def _busy(self, request: Request, grant: Json) -> Response:
        asked = await request.json()
        window = tuple(datetime.fromisoformat(asked[k]).timestamp() for k in ("start", "end"))
        mine = self.state["accounts"][grant["email"]]["calendars"]
        read: Json = {}
        for calendar in asked["calendars"]:
            if calendar not in mine or calendar in self.unreadable:
                read[calendar] = {"error": "not_found" if calendar not in mine else "unreadable"}
                continue
            blocks = [
                *mine[calendar],
                *self._taken(grant["email"], calendar, first=next(iter(mine))),
            ]
            read[calendar] = {
                "busy": [
                    {"start": _shown(starts), "end": _shown(ends)}
                    for starts, ends in sorted(blocks)
                    if starts < window[1] and window[0] < ends
                ]
            }
        return JSONResponse({"calendars": read})

    def _taken(self, email: str, calendar: str, *, first: str) -> Iterator[list[int]]:
        """Say what events take of this calendar: a guest has a copy in the primary one."""
        for event in self.state["events"].values():
            own = event["owner"] == email and event["calendar"] == calendar
            declined = event["answers"].get(email) == "DECLINED"
            guest = email in event["answers"] and not declined and calendar == first
            if event["live"] and (own or guest):
                yield [_instant(event["start"]), _instant(event["end"])]

    async def _put(self, request: Request, grant: Json) -> Response:
        key, calendar = request.path_params["key"], request.path_params["calendar"]
        if calendar not in self.state["accounts"][grant["email"]]["calendars"]:
            return _error(404, "no_such_calendar")
        if key in self.state["events"]:
            return self._shown_event(key, grant)
        blank = {"id": key, "owner": grant["email"], "calendar": calendar, "live": True,
                 "answers": {}, "wait": self.pending_reads}  # fmt: skip
        self.state["events"][key] = _drafted(blank, await request.json())
        self.changed_for_all(self.state["events"][key])
        return self._shown_event(key, grant)

    async def _patch(self, request: Request, grant: Json) -> Response:
        key = request.path_params["key"]
        if self._mine(key, grant):
            _drafted(self.state["events"][key], await request.json())
            self.changed_for_all(self.state["events"][key])
        return self._shown_event(key, grant)

    async def _delete(self, request: Request, grant: Json) -> Response:
        key = request.path_params["key"]
        if not self._mine(key, grant):
            return _error(410, "gone")
        self.state["events"][key]["live"] = False
        self.changed_for_all(self.state["events"][key])
        return Response(status_code=204)

    async def _get(self, request: Request, grant: Json) -> Response:
        key = request.path_params["key"]
        if self._mine(key, grant):
            event = self.state["events"][key]
            event["wait"] = max(event["wait"] - 1, 0)
        return self._shown_event(key, grant)

    def _mine(self, key: str, grant: Json) -> bool:
        event = self.state["events"].get(key)
        return event is not None and event["live"] and event["owner"] == grant["email"]

    def _shown_event(self, key: str, grant: Json) -> Response:
        if not self._mine(key, grant):
            return _error(410, "gone")
        event = self.state["events"][key]
        ready = event["meeting"] and not event["wait"]
        return JSONResponse(
            {
                **{name: event[name] for name in ("id", "start", "end", "answers")},
                "link": f"https://{JOIN_HOST}/{key}" if ready else None,
                "link_pending": bool(event["meeting"] and event["wait"]),
            }
        )


def _drafted(event: Json, body: Json) -> Json:
    guests = {guest: event["answers"].get(guest, "NEEDS_ACTION") for guest in body["guests"]}
    event |= {name: body[name] for name in ("title", "place", "meeting", "start", "end")}
    event["answers"] = guests
    return event


def _instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _shown(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat()


def _error(status: int, code: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": code}, status, headers)
