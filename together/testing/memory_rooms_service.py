"""The rooms of the memory service: meetings that an organization's key makes for its members."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from together.testing.memory_keys import TOKEN_LIFE, Json, no

ROOM_HOST = "rooms.memory.example"
Handler = Callable[[Request], Awaitable[Response]]


class MemoryRoomsService:
    """One room for each key that it is asked for, however often."""

    state: Json
    _now: Callable[[], float]
    made_rooms: int = 0
    """How many rooms were made so far."""
    room_link: str = f"https://{ROOM_HOST}/"
    """How every link begins."""

    def add_room_key(self, name: str = "rooms robot") -> str:
        """Make a key, and give what an administrator hands over."""
        key_id, secret = f"room-key-{len(self.state['room_keys']) + 1}", secrets.token_urlsafe(24)
        self.state["room_keys"][key_id] = secret
        return json.dumps({"type": "memory_rooms", "id": key_id, "name": name, "secret": secret})

    def delete_room_key(self, key_id: str = "room-key-1") -> None:
        """Let a key be over, and its tokens with it."""
        del self.state["room_keys"][key_id]
        tokens = self.state["room_tokens"]
        self.state["room_tokens"] = {t: g for t, g in tokens.items() if g["key"] != key_id}

    def room_routes(self, mood: Callable[[Handler], Handler]) -> list[Route]:
        """Give its addresses, each behaving as the whole service does."""
        return [
            Route("/rooms/token", mood(self._room_token), methods=["POST"]),
            Route("/rooms/{key}", mood(self._room), methods=["PUT", "PATCH", "DELETE"]),
        ]

    async def _room_token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if self.state["room_keys"].get(form.get("key")) != form.get("secret"):
            return no(401, "bad_key")
        access = secrets.token_urlsafe(24)
        kept = {"key": form["key"], "expires": self._now() + TOKEN_LIFE}
        self.state["room_tokens"][access] = kept
        return JSONResponse(
            {"access_token": access, "expires_in": TOKEN_LIFE, "token_type": "Bearer"}
        )

    async def _room(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        grant = self.state["room_tokens"].get(token)
        if grant is None or grant["expires"] <= self._now():
            return no(401, "invalid_token")
        rooms, key = self.state["rooms"], request.path_params["key"]
        if request.method != "PUT" and key not in rooms:
            return no(404, "no_such_room")
        if request.method == "DELETE":
            del rooms[key]
            return JSONResponse({})
        body: dict[str, Any] = await request.json()
        if key not in rooms:
            self.made_rooms += 1
        if request.method == "PATCH" or key not in rooms:
            rooms[key] = rooms.get(key, {}) | body
        return JSONResponse({"id": key, "link": f"{self.room_link}{key[:12]}"})
