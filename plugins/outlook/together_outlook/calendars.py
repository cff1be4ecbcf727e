"""One person's Outlook calendars."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from together.domain.spans import Span, Spans
from together.providers import shapes
from together.providers.contract import Calendars
from together.providers.errors import Gone, Refused
from together.providers.http import path
from together.providers.syncing import Changes, Channel, Watch
from together.providers.values import Account, Calendar, Event, EventDraft, Reading
from together_outlook.busy import by_schedule, by_view
from together_outlook.errors import KeyUsed, NoCalendar
from together_outlook.events import (
    SELECT,
    TEAMS,
    changed_event,
    key_filter,
    made_with,
    new_event,
    read_event,
    refuse_cancelled,
)
from together_outlook.graph import Graph
from together_outlook.identity import who_consented
from together_outlook.syncing import changed, renewed, unwatched, watched

PAGE = 100


class OutlookCalendars(Calendars):
    def __init__(
        self, graph: Graph, *, teams_hosts: Collection[str], clock: Callable[[], float]
    ) -> None:
        self._graph, self._teams_hosts, self._clock = graph, teams_hosts, clock
        self._primary: tuple[str, str | None] | None = None

    async def whoami(self) -> Account:
        """Ask who consented.  The id never changes; an address may."""
        return await who_consented(self._graph)

    async def list(self) -> Sequence[Calendar]:
        """An account without a mailbox has none to list.

        What others share is listed by Graph and left out by us: the permission that we ask for
        reaches the person's own calendars, so the others could neither be read nor written.
        """
        query = {
            "$select": "id,name,isDefaultCalendar,canEdit,owner,allowedOnlineMeetingProviders",
            "$top": str(PAGE),
        }
        entries: list[Any] = []
        with suppress(NoCalendar):
            entries = await self._graph.entries("/me/calendars", query)
        owners = [_owner(entry) for entry in entries if _is_primary(entry)]
        me = owners[0] if owners else None
        found = [_calendar(entry) for entry in entries if _is_own(entry, me=me)]
        return sorted(found, key=lambda calendar: not calendar.primary)

    async def busy(self, calendar_ids: Sequence[str], window: Span) -> Reading:
        """Ask for the schedule where only the primary calendar counts, for it says the least.

        A personal account has no schedule, and its events are read instead.
        """
        wanted = tuple(dict.fromkeys(calendar_ids))
        if not wanted:
            return Reading(Spans())
        if len(wanted) == 1:
            primary, address = await self._schedule_of()
            if wanted == (primary,) and address is not None:
                with suppress(Refused):
                    return await by_schedule(self._graph, primary, address, window)
        return await by_view(self._graph, wanted, window)

    async def create(self, draft: EventDraft) -> Event:
        """Make the event under the draft's own key, so that a lost answer costs no second one.

        It is looked for first, because Graph does not tell how long it remembers a key.
        """
        place = path("me", "calendars", draft.calendar_id, "events")
        made = await self._made_with(draft.key, among=place)
        if made is None:
            try:
                made = await self._graph("POST", place, json=new_event(draft))
            except KeyUsed:
                made = await self._made_once(draft.key, among=place)
        return self._read(draft.calendar_id, made)

    async def update(self, event: Event, draft: EventDraft) -> Event:
        stands = await self._get(event)
        refuse_cancelled(stands)
        body = changed_event(draft, stands=stands)
        changed = await self._graph("PATCH", _path(event), json=body)
        return self._read(event.calendar_id, changed)

    async def cancel(self, event: Event) -> None:
        """Delete it, whereupon Exchange tells the guests."""
        with suppress(Gone):
            await self._graph("DELETE", _path(event))

    async def read(self, event: Event) -> Event:
        return self._read(event.calendar_id, await self._get(event))

    async def changes(self, calendar_id: str, cursor: str | None) -> Changes:
        return await changed(self._graph, calendar_id, cursor, now=int(self._clock()))

    async def watch(self, calendar_id: str, channel: Channel) -> Watch:
        return await watched(self._graph, calendar_id, channel, now=int(self._clock()))

    async def renew(self, calendar_id: str, watch: Watch, channel: Channel) -> Watch:
        return await renewed(self._graph, watch, channel, now=int(self._clock()))

    async def unwatch(self, watch: Watch) -> None:
        await unwatched(self._graph, watch)

    async def _get(self, event: Event) -> Any:
        return await self._graph("GET", _path(event), params={"$select": SELECT})

    async def _made_once(self, key: str, *, among: str) -> Any:
        """Find the event of a key that is used, where it was made or where its owner put it."""
        for place in (among, "/me/events"):
            if (made := await self._made_with(key, among=place)) is not None:
                return made
        raise Gone(code="cancelled")

    async def _made_with(self, key: str, *, among: str) -> Any | None:
        query = {"$filter": key_filter(key), "$select": SELECT}
        return made_with(key, await self._graph.entries(among, query))

    def _read(self, calendar_id: str, body: Any) -> Event:
        return read_event(body, calendar_id=calendar_id, teams_hosts=self._teams_hosts)

    async def _schedule_of(self) -> tuple[str, str | None]:
        """Say which calendar is the primary one, and by which address its schedule is asked for."""
        if self._primary is None:
            query = {"$select": "id,owner"}
            entry = await self._graph("GET", "/me/calendar", params=query)
            self._primary = shapes.text(entry, "id"), _owner(entry)
        return self._primary


class DelegatedCalendars(OutlookCalendars):
    """The calendars of a mailbox that an organization's consent reaches.

    A token of Microsoft's buys all that the organization has allowed, so that what is not wanted
    of it is refused here.
    """

    def __init__(
        self,
        graph: Graph,
        *,
        teams_hosts: Collection[str],
        clock: Callable[[], float],
        writes: bool,
    ) -> None:
        super().__init__(graph, teams_hosts=teams_hosts, clock=clock)
        self._writes = writes

    async def whoami(self) -> Account:
        """Say whose mailbox it is, by its own calendar, whose id lasts as long as the mailbox.

        The directory's id would need a permission to read the directory, which is not asked for.
        """
        calendar_id, address = await self._schedule_of()
        if address is None:
            raise shapes.unexpected()
        return Account(id=calendar_id, email=address)

    async def create(self, draft: EventDraft) -> Event:
        self._check_writing()
        return await super().create(draft)

    async def update(self, event: Event, draft: EventDraft) -> Event:
        self._check_writing()
        return await super().update(event, draft)

    async def cancel(self, event: Event) -> None:
        self._check_writing()
        await super().cancel(event)

    def _check_writing(self) -> None:
        if not self._writes:
            raise Refused(code="opened_to_read")


def _calendar(entry: Any) -> Calendar:
    calendar_id = shapes.text(entry, "id")
    allowed = shapes.maybe(entry, "allowedOnlineMeetingProviders", list) or []
    writable = shapes.maybe(entry, "canEdit", bool) or False
    return Calendar(
        id=calendar_id,
        name=shapes.label(entry, "name") or calendar_id,
        primary=_is_primary(entry),
        writable=writable,
        carries_meetings=writable and TEAMS in allowed,
    )


def _is_own(entry: Any, *, me: str | None) -> bool:
    owner = _owner(entry)
    return owner is None or me is None or owner.casefold() == me.casefold()


def _is_primary(entry: Any) -> bool:
    return shapes.maybe(entry, "isDefaultCalendar", bool) or False


def _owner(entry: Any) -> str | None:
    return shapes.maybe_text(shapes.maybe(entry, "owner", dict) or {}, "address")


def _path(event: Event) -> str:
    """Name an event by its id alone: it may stand in another calendar of the mailbox by now."""
    return path("me", "events", event.id)
