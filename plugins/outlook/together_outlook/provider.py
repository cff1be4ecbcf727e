"""Outlook Calendar and Microsoft Teams, as Together offers them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from weakref import WeakValueDictionary

from together.providers.contract import CalendarProvider, Calendars, VideoProvider
from together.providers.http import JsonApi, origin
from together.providers.values import Access, Capability
from together_outlook.calendars import DelegatedCalendars, OutlookCalendars
from together_outlook.delegation import OutlookDelegation
from together_outlook.errors import decipher, delegated_decipher
from together_outlook.graph import AT_ONCE, Graph
from together_outlook.notices import OutlookNotifications
from together_outlook.oauth import API_URL, outlook_oauth, outlook_parting

TEAMS_HOSTS = frozenset({"teams.microsoft.com", "teams.live.com"})


class OutlookCalendar(CalendarProvider):
    """Outlook Calendar, by the consent of each person or of an administrator for all."""

    slug = "outlook"
    label = "Outlook Calendar"
    # Of an event that has changed its id is read, which takes no more than its times do.
    syncs = Capability.FREE_BUSY
    notifications = OutlookNotifications()

    def __init__(
        self, settings: Mapping[str, str], *, clock: Callable[[], float] = time.time
    ) -> None:
        self._clock = clock
        self._api_url = settings.get("API_URL", API_URL).rstrip("/")
        self.origins = frozenset({origin(self._api_url)})
        self.oauth = outlook_oauth(settings, api_url=self._api_url)
        self.parting = outlook_parting(settings)
        self.delegation = OutlookDelegation.of(settings, oauth=self.oauth, api_url=self._api_url)
        # Of those that are open now, and gone with them: the limit is a mailbox's, and it may be
        # opened more than once at a time.
        self._gates: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def open(self, access: Access) -> Calendars:
        delegated = access.mailbox is not None
        graph = Graph(
            JsonApi(access.http, self._api_url, delegated_decipher if delegated else decipher),
            base_url=self._api_url,
            gate=self._gate(access),
            mailbox=access.mailbox,
        )
        if not delegated:
            return OutlookCalendars(graph, teams_hosts=TEAMS_HOSTS, clock=self._clock)
        return DelegatedCalendars(
            graph,
            teams_hosts=TEAMS_HOSTS,
            clock=self._clock,
            writes=Capability.EVENTS in access.capabilities,
        )

    def _gate(self, access: Access) -> asyncio.Semaphore:
        gate = asyncio.Semaphore(AT_ONCE)
        if access.mailbox is not None:
            return self._gates.setdefault(access.mailbox.casefold(), gate)
        if access.account is None:
            return gate
        return self._gates.setdefault(access.account.id, gate)


class MicrosoftTeams(VideoProvider):
    """Microsoft Teams: its links come with the events of Outlook Calendar."""

    slug = "outlook-teams"
    label = "Microsoft Teams"
    made_with = "outlook"
    join_hosts = TEAMS_HOSTS
