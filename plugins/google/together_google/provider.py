"""Google Calendar and Google Meet, as Together offers them."""

from __future__ import annotations

from collections.abc import Mapping

from together.providers.contract import CalendarProvider, Calendars, VideoProvider
from together.providers.http import JsonApi, origin
from together.providers.values import Access, Capability
from together_google.calendars import DelegatedCalendars, GoogleCalendars
from together_google.delegation import GoogleDelegation, delegated_decipher
from together_google.errors import decipher
from together_google.oauth import API_URL, PARTING, USERINFO_URL, google_oauth
from together_google.syncing import GoogleNotifications

MEET_HOSTS = frozenset({"meet.google.com"})


class GoogleCalendar(CalendarProvider):
    """Google Calendar, by the consent of each person or of an administrator for all."""

    slug = "google"
    label = "Google Calendar"
    syncs = Capability.EVENTS
    notifications = GoogleNotifications()

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.oauth = google_oauth(settings)
        self.parting = PARTING
        self.delegation = GoogleDelegation(settings)
        self._api_url = settings.get("API_URL", API_URL).rstrip("/")
        self._userinfo_url = settings.get("USERINFO_URL", USERINFO_URL)
        self.origins = frozenset({origin(self._api_url), origin(self._userinfo_url)})

    def open(self, access: Access) -> Calendars:
        delegated = access.mailbox is not None
        kind, reader = (
            (DelegatedCalendars, delegated_decipher) if delegated else (GoogleCalendars, decipher)
        )
        return kind(
            api=JsonApi(access.http, self._api_url, reader),
            userinfo=JsonApi(access.http, self._userinfo_url, decipher),
            meet_hosts=MEET_HOSTS,
        )


class GoogleMeet(VideoProvider):
    """Google Meet: its links come with the events of Google Calendar."""

    slug = "google-meet"
    label = "Google Meet"
    made_with = "google"
    join_hosts = MEET_HOSTS
