"""A calendar service that exists only in memory: a whole small plugin, to read and to test with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from together.providers import (
    Access,
    Account,
    Answer,
    AuthorizationExpired,
    Calendar,
    CalendarProvider,
    Calendars,
    Capability,
    CursorExpired,
    Delegation,
    Ends,
    Event,
    EventDraft,
    Gone,
    JsonApi,
    Misconfigured,
    OAuth,
    Parting,
    ProviderError,
    RateLimited,
    Reading,
    Refused,
    Register,
    Sandbox,
    Secret,
    Span,
    Spans,
    VideoProvider,
    decipher,
    field,
    hookimpl,
    maybe,
    origin,
    path,
    retry_after,
    shapes,
    vendor_code,
)
from together.testing.memory_delegation import MemoryDelegation
from together.testing.memory_rooms import MemoryRooms
from together.testing.memory_sandbox import MemorySandbox
from together.testing.memory_service import CLIENT_ID, CLIENT_SECRET, JOIN_HOST
from together.testing.memory_syncing import MemoryNotifications, MemorySyncing


@hookimpl
def register_calendar_providers(
    register: Register[CalendarProvider], settings: Mapping[str, str]
) -> None:
    register(MemoryCalendar(settings["BASE_URL"]))


@hookimpl
def register_video_providers(
    register: Register[VideoProvider], settings: Mapping[str, str]
) -> None:
    register(MemoryMeet())
    register(MemoryRooms(settings["BASE_URL"]))


@hookimpl
def register_sandboxes(register: Register[Sandbox], settings: Mapping[str, str]) -> None:
    register(MemorySandbox())


class MemoryCalendar(CalendarProvider):
    """The provider: where the service is, how one signs in, and what a consent opens."""

    slug = "memory"
    label = "Memory Calendar"
    syncs = Capability.FREE_BUSY
    notifications = MemoryNotifications()

    def __init__(self, base_url: str, *, delegation: Delegation | None = None) -> None:
        self._base_url = base_url
        self.origins = frozenset({origin(base_url)})
        self.delegation = delegation or MemoryDelegation(base_url)
        self.oauth = OAuth(
            authorize_url=f"{base_url}/authorize",
            token_url=f"{base_url}/token",
            revoke_url=f"{base_url}/revoke",
            client_id=CLIENT_ID,
            client_secret=Secret(CLIENT_SECRET),
            identity_scopes=frozenset({"email"}),
            scopes={
                Capability.FREE_BUSY: frozenset({"freebusy"}),
                Capability.EVENTS: frozenset({"events"}),
            },
            chooser={"prompt": "select_account"},
        )
        self.parting = Parting(ends=Ends.CONSENT, consents_url="https://memory.example/consents")

    def open(self, access: Access) -> Calendars:
        reader = memory_decipher if access.mailbox is None else delegated_decipher
        return MemoryCalendars(JsonApi(access.http, self._base_url, reader))


class MemoryMeet(VideoProvider):
    """Links that come with the events of the calendar."""

    slug = "memory_meet"
    label = "Memory Meet"
    made_with = "memory"
    join_hosts = frozenset({JOIN_HOST})


class MemoryCalendars(MemorySyncing):
    """One person's calendars, over HTTP as with any service."""

    def __init__(self, api: JsonApi) -> None:
        self._api = api

    async def whoami(self) -> Account:
        me = await self._api("GET", "/me")
        return Account(id=shapes.text(me, "id"), email=shapes.text(me, "email"))

    async def list(self) -> Sequence[Calendar]:
        found = await self._api("GET", "/calendars")
        return sorted(map(_calendar, field(found, "items", list)), key=lambda c: not c.primary)

    async def busy(self, calendar_ids: Sequence[str], window: Span) -> Reading:
        asked = {"calendars": [*calendar_ids], **_times(window)}
        read = field(await self._api("POST", "/busy", json=asked), "calendars", dict)
        busy, unread = Spans(), {}
        for calendar_id in calendar_ids:
            one = field(read, calendar_id, dict)
            if why := shapes.maybe_text(one, "error"):
                unread[calendar_id] = why
                continue
            busy |= Spans(shapes.span(block) for block in field(one, "busy", list))
        return Reading(busy & Spans([window]), unread)

    async def create(self, draft: EventDraft) -> Event:
        made = await self._api("PUT", _path(draft.calendar_id, draft.key), json=_body(draft))
        return _event(made, draft.calendar_id)

    async def update(self, event: Event, draft: EventDraft) -> Event:
        made = await self._api("PATCH", _path(event.calendar_id, event.id), json=_body(draft))
        return _event(made, event.calendar_id)

    async def cancel(self, event: Event) -> None:
        with suppress(Gone):
            await self._api("DELETE", _path(event.calendar_id, event.id))

    async def read(self, event: Event) -> Event:
        found = await self._api("GET", _path(event.calendar_id, event.id))
        return _event(found, event.calendar_id)


def memory_decipher(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """Look for the signs of this service, then what every service agrees on."""
    if status == 410 and vendor_code(body) == "cursor_expired":
        return CursorExpired(status=status, code=vendor_code(body))
    if status == 422:
        return Refused(status=status, code=vendor_code(body))
    if status == 403 and vendor_code(body) == "quota_exceeded":
        return RateLimited(retry_after=retry_after(headers), status=status, code=vendor_code(body))
    return decipher(status, headers, body)


def delegated_decipher(status: int, headers: Mapping[str, str], body: Any) -> ProviderError | None:
    """Under a delegation no member can mend a consent, so none is asked to."""
    error = memory_decipher(status, headers, body)
    return Misconfigured(status=status) if isinstance(error, AuthorizationExpired) else error


def _path(calendar_id: str, event_id: str) -> str:
    return path("calendars", calendar_id, "events", event_id)


def _times(span: Span) -> dict[str, str]:
    return {"start": span.start.isoformat(), "end": span.end.isoformat()}


def _body(draft: EventDraft) -> dict[str, Any]:
    return {
        "title": draft.title,
        "guests": [*draft.guests],
        "place": draft.place,
        "meeting": draft.wants_meeting,
        **_times(draft.span),
    }


def _calendar(body: Any) -> Calendar:
    return Calendar(
        id=shapes.text(body, "id"),
        name=shapes.label(body, "name") or shapes.text(body, "id"),
        primary=field(body, "primary", bool),
        writable=field(body, "writable", bool),
        zone=shapes.maybe_text(body, "zone"),
        carries_meetings=field(body, "writable", bool),
    )


def _event(body: Any, calendar_id: str) -> Event:
    link = maybe(body, "link", str)
    answers = field(body, "answers", dict)
    try:
        said = {guest.casefold(): Answer(answer) for guest, answer in answers.items()}
    except ValueError:
        raise shapes.unexpected() from None
    key = shapes.text(body, "id")
    return Event(
        id=key,
        calendar_id=calendar_id,
        span=shapes.span(body),
        meeting=None if link is None else shapes.meeting(key, link, hosts={JOIN_HOST}),
        meeting_pending=field(body, "link_pending", bool),
        answers=said,
    )
