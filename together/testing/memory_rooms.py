"""A video service of its own: with an organization's key, everybody's sessions get rooms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import httpx

from together.providers import (
    Access,
    Account,
    AuthorizationExpired,
    Credential,
    Gone,
    Grant,
    Handover,
    JsonApi,
    KeyRefused,
    Meeting,
    Meetings,
    Misconfigured,
    OrganizationMeetings,
    ProviderError,
    Secret,
    Span,
    UnusableKey,
    VideoProvider,
    ask_token,
    decipher,
    origin,
    path,
    shapes,
)
from together.testing.memory_rooms_service import ROOM_HOST


class MemoryRooms(VideoProvider):
    """The provider: it makes its own links, for a whole organization."""

    slug = "memory_rooms"
    label = "Memory Rooms"
    join_hosts = frozenset({ROOM_HOST})

    def __init__(self, base_url: str) -> None:
        self.organization = RoomsOfOrganization(base_url)


class RoomsOfOrganization(OrganizationMeetings):
    """What an organization's key opens."""

    handover = Handover("The key of your rooms", "Copy it whole from the page of the service.")

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self.origins = frozenset({origin(base_url)})

    def read_credential(self, handed: Secret) -> Credential:
        try:
            body = json.loads(handed.reveal())
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict) or body.get("type") != "memory_rooms":
            raise UnusableKey("This is no key of Memory Rooms.")
        for name in ("id", "name", "secret"):
            if not isinstance(body.get(name), str):
                raise UnusableKey(f"The key has no “{name}”.", field=name)
        kept = json.dumps({"key": body["id"], "secret": body["secret"]})
        return Credential(Secret(kept), id=body["id"], name=body["name"])

    async def grant(self, http: httpx.AsyncClient, credential: Secret, *, now: datetime) -> Grant:
        form = json.loads(credential.reveal())
        url = f"{self._base_url}/rooms/token"
        return await ask_token(http, url, form, asked=frozenset(), refusal=_refusal, now=now)

    def open(self, access: Access) -> Meetings:
        return Rooms(JsonApi(access.http, self._base_url, _decipher), access.mailbox or "")


class Rooms(Meetings):
    """The rooms that one person hosts."""

    def __init__(self, api: JsonApi, host: str) -> None:
        self._api, self._host = api, host

    async def whoami(self) -> Account:
        return Account(id=self._host, email=self._host)

    async def create(self, *, key: str, span: Span, title: str) -> Meeting:
        return _meeting(await self._api("PUT", path("rooms", key), json=self._body(span, title)))

    async def update(self, meeting: Meeting, *, span: Span, title: str) -> Meeting:
        address = path("rooms", meeting.id)
        return _meeting(await self._api("PATCH", address, json=self._body(span, title)))

    async def cancel(self, meeting: Meeting) -> None:
        with suppress(Gone):
            await self._api("DELETE", path("rooms", meeting.id))

    def _body(self, span: Span, title: str) -> dict[str, Any]:
        return {
            "title": title,
            "host": self._host,
            "start": span.start.isoformat(),
            "end": span.end.isoformat(),
        }


def _meeting(body: Any) -> Meeting:
    link = shapes.text(body, "link")
    return shapes.meeting(shapes.text(body, "id"), link, hosts={ROOM_HOST})


def _refusal(error: str, description: str) -> ProviderError:
    return (KeyRefused if error == "bad_key" else Misconfigured)(code=error)


def _decipher(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """Nobody's own consent is behind it: a fresh token that is refused is nobody's lost one."""
    error = decipher(status, headers, body)
    return Misconfigured(status=status) if isinstance(error, AuthorizationExpired) else error
