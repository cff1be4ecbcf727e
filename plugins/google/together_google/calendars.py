"""One person's Google calendars."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from together.domain.spans import Span, Spans
from together.providers import shapes
from together.providers.errors import Conflict, Gone, ProviderUnavailable
from together.providers.http import JsonApi, path
from together.providers.values import Account, Calendar, Event, EventDraft, Reading
from together_google.errors import MeetRefused, NoCalendar
from together_google.events import (
    MEET,
    carries_conference,
    carries_meeting,
    changed_event,
    meet_request,
    new_event,
    read_event,
    refuse_cancelled,
)
from together_google.syncing import GoogleSyncing
from together_google.times import chunks, is_all_day, rfc3339

PER_CALL = 50
"""Calendars of one freeBusy call."""
PAGE = 250
MOST_PAGES = 40

TELL_GUESTS = {"sendUpdates": "all"}
QUIETLY = {"sendUpdates": "none"}
WITH_MEET = {"conferenceDataVersion": "1"}
UTC = ZoneInfo("UTC")
_PRIMARY = "/users/me/calendarList/primary"
_REASON = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")


class GoogleCalendars(GoogleSyncing):
    def __init__(self, *, api: JsonApi, userinfo: JsonApi, meet_hosts: Collection[str]) -> None:
        self._api, self._userinfo, self._meet_hosts = api, userinfo, meet_hosts

    async def whoami(self) -> Account:
        """Ask who consented.  `sub` never changes; an address at Google may."""
        me = await self._userinfo("GET", "")
        return Account(id=shapes.text(me, "sub"), email=shapes.text(me, "email"))

    async def list(self) -> Sequence[Calendar]:
        """An account without Google Calendar has none to list."""
        found: list[Calendar] = []
        with suppress(NoCalendar):
            async for entry in self._entries():
                found.append(_calendar(entry))
        return sorted(found, key=lambda calendar: not calendar.primary)

    async def busy(self, calendar_ids: Sequence[str], window: Span) -> Reading:
        wanted = tuple(dict.fromkeys(calendar_ids))
        busy: list[tuple[int, int]] = []
        unread: dict[str, str] = {}
        for ids in _batches(wanted):
            intervals: dict[str, int] = {}
            for starts, ends in chunks(window):
                answer = await self._free_busy(ids, starts=starts, ends=ends)
                for calendar_id in ids:
                    if why := _trouble(answer, calendar_id):
                        unread.setdefault(calendar_id, why)
                        continue
                    spans = [shapes.span(block) for block in _blocks(answer[calendar_id])]
                    intervals[calendar_id] = intervals.get(calendar_id, 0) + len(spans)
                    if intervals[calendar_id] > shapes.MOST:
                        raise shapes.unexpected()
                    busy += [(span.starts, span.ends) for span in spans]
        return Reading(busy=Spans.of(busy) & Spans([window]), unread=unread)

    async def create(self, draft: EventDraft) -> Event:
        """Make the event under the draft's own key, so that a lost answer costs no second one."""
        body = new_event(draft)
        if not draft.wants_meeting:
            return await self._insert(draft, body)
        try:
            return await self._insert(draft, body | {"conferenceData": meet_request(draft.key)})
        except MeetRefused:
            return await self._insert(draft, body)

    async def update(self, event: Event, draft: EventDraft) -> Event:
        stands = await self._get(event)
        refuse_cancelled(stands)
        body, query = changed_event(draft, stands=stands), TELL_GUESTS
        if draft.wants_meeting and not carries_meeting(stands):
            # Google ignores an id it has seen, so a request that failed needs a new one.
            wish = meet_request(f"{draft.key}-{draft.span.starts}")
            with suppress(MeetRefused):
                asking = body | {"conferenceData": wish}
                return await self._patch(event, asking, query | WITH_MEET)
        if not draft.wants_meeting and carries_meeting(stands):
            body, query = body | {"conferenceData": None}, query | WITH_MEET
        return await self._patch(event, body, query)

    async def cancel(self, event: Event) -> None:
        with suppress(Gone):
            await self._api("DELETE", _path(event.calendar_id, event.id), params=TELL_GUESTS)

    async def read(self, event: Event) -> Event:
        return await self._read(event.calendar_id, await self._get(event))

    async def remake_meeting(self, event: Event, *, key: str) -> Event:
        """Ask with a new id: Google ignores one it has seen.  Somebody else's conference stays."""
        stands = await self._get(event)
        refuse_cancelled(stands)
        if carries_meeting(stands):
            return await self._read(event.calendar_id, stands)
        if carries_conference(stands):
            raise MeetRefused
        return await self._patch(event, {"conferenceData": meet_request(key)}, QUIETLY | WITH_MEET)

    async def _insert(self, draft: EventDraft, body: Mapping[str, Any]) -> Event:
        query = TELL_GUESTS | (WITH_MEET if "conferenceData" in body else {})
        try:
            made = await self._api("POST", _path(draft.calendar_id), params=query, json=body)
        except Conflict as conflict:
            if conflict.code != "duplicate":
                raise
            made = await self._already_made(draft)
        return await self._read(draft.calendar_id, made)

    async def _already_made(self, draft: EventDraft) -> Any:
        try:
            return await self._api("GET", _path(draft.calendar_id, draft.key))
        except Gone as gone:
            # It exists, for its id is taken; Google's copies have not all heard of it yet.
            raise ProviderUnavailable(status=gone.status, code=gone.code) from None

    async def _get(self, event: Event) -> Any:
        return await self._api("GET", _path(event.calendar_id, event.id))

    async def _patch(
        self, event: Event, body: Mapping[str, Any], query: Mapping[str, str]
    ) -> Event:
        place = _path(event.calendar_id, event.id)
        changed = await self._api("PATCH", place, params=query, json=body)
        return await self._read(event.calendar_id, changed)

    async def _read(self, calendar_id: str, body: Any) -> Event:
        refuse_cancelled(body)
        zone = await self._zone(calendar_id) if is_all_day(body) else UTC
        return read_event(body, calendar_id=calendar_id, zone=zone, meet_hosts=self._meet_hosts)

    async def _zone(self, calendar_id: str) -> ZoneInfo:
        entry = await self._api("GET", "/users/me/calendarList" + path(calendar_id))
        try:
            return ZoneInfo(shapes.text(entry, "timeZone"))
        except (ValueError, KeyError, OSError):
            raise shapes.unexpected() from None

    async def _entries(self) -> Any:
        query = {"maxResults": str(PAGE)}
        for _ in range(MOST_PAGES):
            answer = await self._api("GET", "/users/me/calendarList", params=query)
            for entry in shapes.field(answer, "items", list):
                yield entry
            token = shapes.maybe_text(answer, "nextPageToken", limit=4096)
            if token is None:
                return
            query = {"maxResults": str(PAGE), "pageToken": token}
        raise shapes.unexpected()

    async def _free_busy(self, ids: Sequence[str], *, starts: int, ends: int) -> Any:
        body = {
            "timeMin": rfc3339(starts),
            "timeMax": rfc3339(ends),
            "timeZone": "UTC",
            "items": [{"id": calendar_id} for calendar_id in ids],
            "calendarExpansionMax": PER_CALL,
        }
        answer = await self._api("POST", "/freeBusy", json=body)
        return shapes.field(answer, "calendars", dict)


class DelegatedCalendars(GoogleCalendars):
    """The calendars of a mailbox that an organization's service account acts for."""

    async def whoami(self) -> Account:
        """Say which account the mailbox is, by its primary calendar, which bears its address.

        The lasting id would need scopes of identity, which are not delegated.  So this one changes
        with the address, and tells only whether two mailboxes are one account.
        """
        primary = shapes.text(await self._api("GET", _PRIMARY), "id")
        return Account(id=primary, email=primary)


def _calendar(entry: Any) -> Calendar:
    calendar_id = shapes.text(entry, "id")
    name = shapes.label(entry, "summaryOverride") or shapes.label(entry, "summary")
    conferences = shapes.maybe(entry, "conferenceProperties", dict) or {}
    owner = shapes.maybe(entry, "accessRole", str) == "owner"
    allowed = shapes.maybe(conferences, "allowedConferenceSolutionTypes", list) or []
    return Calendar(
        id=calendar_id,
        name=name or calendar_id,
        primary=shapes.maybe(entry, "primary", bool) or False,
        # The scope we ask for reaches the events of calendars that the person owns.
        writable=owner,
        zone=shapes.maybe_text(entry, "timeZone"),
        carries_meetings=owner and MEET in allowed,
    )


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[at : at + PER_CALL] for at in range(0, len(ids), PER_CALL))


def _trouble(answer: Mapping[str, Any], calendar_id: str) -> str | None:
    """Say why a calendar of the answer is unknown.  One that is not mentioned is not free."""
    if calendar_id not in answer:
        return "missing"
    errors = shapes.maybe(answer[calendar_id], "errors", list)
    if not errors:
        return None
    reason = shapes.maybe(errors[0], "reason", str) or ""
    return reason if _REASON.match(reason) else "unknown"


def _blocks(calendar: Any) -> Iterator[Any]:
    """Go through the busy blocks; one without any length takes no time."""
    for block in shapes.field(calendar, "busy", list):
        if shapes.text(block, "start") != shapes.text(block, "end"):
            yield block


def _path(calendar_id: str, *event_id: str) -> str:
    return path("calendars", calendar_id, "events", *event_id)
