"""What a plugin implements: a provider, what it opens for one person, and its sandbox."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx

from together.domain.spans import Span
from together.providers.delegation import Delegation
from together.providers.errors import Refused
from together.providers.oauth import OAuth
from together.providers.organization_video import OrganizationMeetings
from together.providers.parting import Parting
from together.providers.syncing import Changes, Channel, Notifications, Watch
from together.providers.values import (
    Access,
    Account,
    Calendar,
    Capability,
    Event,
    EventDraft,
    Meeting,
    Reading,
)

ASGIApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


class Provider(ABC):
    """A service people can connect.  One instance serves everybody and keeps nothing."""

    slug: ClassVar[str]
    """Stored with every integration, so it is never renamed: ``google``."""

    label: ClassVar[str]
    """Shown to people: ``Google Calendar``."""

    origins: frozenset[str]
    """Where it talks to, such as ``https://www.googleapis.com``.  Requests to any other origin
    are refused before they are sent."""

    oauth: OAuth
    """How people consent, and which scope buys which capability."""

    parting: Parting
    """What disconnecting ends there, and where people end a consent themselves."""


class Calendars(ABC):
    """One person's calendars.  Every method may raise `ProviderError` and nothing else."""

    @abstractmethod
    async def whoami(self) -> Account:
        """Say whose calendars these are: the smallest call which proves the consent."""

    @abstractmethod
    async def list(self) -> Sequence[Calendar]:
        """List the calendars this person can choose from, the primary one first."""

    @abstractmethod
    async def busy(self, calendar_ids: Sequence[str], window: Span) -> Reading:
        """Say when any of these calendars is busy, within the window and nowhere else."""

    @abstractmethod
    async def create(self, draft: EventDraft) -> Event:
        """Make the event, or give back the one already made with this key.

        Raise `Gone` when the event with this key was made and has been cancelled since.
        """

    @abstractmethod
    async def update(self, event: Event, draft: EventDraft) -> Event:
        """Make the event as the draft says.  Raise `Gone` when it is not there any more."""

    @abstractmethod
    async def cancel(self, event: Event) -> None:
        """Take the event away and tell its guests.  One that is already gone is no error."""

    @abstractmethod
    async def read(self, event: Event) -> Event:
        """Read the event as it stands.  Raise `Gone` when it is not there any more."""

    async def remake_meeting(self, event: Event, *, key: str) -> Event:
        """Ask again for a meeting that could not be made, and give the event as it then stands.

        `key` is another one with each try.  Nothing else of the event changes, and its guests are
        not told.  Raise `Refused` where asking again is of no use, as it is unless you say how.
        """
        raise Refused

    # The rest is for a provider that says with `syncs` that changes can be asked for.

    async def changes(self, calendar_id: str, cursor: str | None) -> Changes:
        """Say which events have changed since the cursor, after the last of its pages.

        Without one, name no event and give a cursor from which to go on.  Raise `CursorExpired`
        for one that is too old, `Gone` for a calendar that is not there.
        """
        raise Refused

    async def watch(self, calendar_id: str, channel: Channel) -> Watch:
        """Have changes of this calendar told on the channel.  Raise `Refused` where it cannot be.

        What was asked for twice with one channel is one watch, or two of which nobody misses one.
        """
        raise Refused

    async def renew(self, calendar_id: str, watch: Watch, channel: Channel) -> Watch:
        """Have them told for longer: on the same watch with its old secret, or on this channel.

        While it is done nothing is missed.  Unless you say otherwise another is made, and the
        old one ended by `unwatch` later on.  Raise `Gone` for a watch that is over.
        """
        return await self.watch(calendar_id, channel)

    async def unwatch(self, watch: Watch) -> None:
        """End it.  One that is over already is no error."""
        raise Refused


class CalendarProvider(Provider):
    """A calendar service."""

    delegation: Delegation | None = None
    """How an administrator can consent once for every member, where that is possible."""

    syncs: Capability | None = None
    """What a consent must include so that `Calendars.changes` works; None where nothing does."""

    notifications: Notifications | None = None
    """How it tells of changes by itself, where it does; then there is `Calendars.watch` too."""

    @abstractmethod
    def open(self, access: Access) -> Calendars:
        """Open one person's calendars.  `access.http` signs its requests and renews its token.

        With `access.mailbox` the consent is an organization's, and this mailbox is meant: then
        `whoami` says whose calendars these are without needing more scopes, and nothing raises
        `AuthorizationExpired` or `AdminApprovalRequired`, for the member can do nothing about it.
        """


class Meetings(ABC):
    """One person's video meetings."""

    @abstractmethod
    async def whoami(self) -> Account:
        """Say whose meetings these are."""

    @abstractmethod
    async def create(self, *, key: str, span: Span, title: str) -> Meeting:
        """Make a meeting, or give back the one already made with this key."""

    @abstractmethod
    async def update(self, meeting: Meeting, *, span: Span, title: str) -> Meeting:
        """Move the meeting; its link stays.  Raise `Gone` when it is not there any more."""

    @abstractmethod
    async def cancel(self, meeting: Meeting) -> None:
        """Take the meeting away.  One that is already gone is no error."""


class VideoProvider(ABC):
    """A video service: either its meetings come with a calendar's events, or it makes its own."""

    slug: ClassVar[str]
    label: ClassVar[str]

    made_with: ClassVar[str | None] = None
    """Slug of the calendar provider whose events carry its meetings (Meet: ``google``)."""

    organization: OrganizationMeetings | None = None
    """How it makes meetings for a whole organization, where it can; none that is `made_with` a
    calendar does."""

    join_hosts: frozenset[str]
    """Hosts a join link may be on; any other link is refused."""

    def open(self, access: Access) -> Meetings:
        """Open one person's meetings.  A service `made_with` a calendar has nothing to open."""
        raise TypeError(f"{self.label} makes its links with the events of {self.made_with}")


@dataclass(frozen=True, slots=True)
class SandboxPerson:
    """Somebody whose calendar a sandbox makes up."""

    email: str
    name: str
    zone: str
    """IANA name."""


class Sandbox(ABC):
    """A stand-in of a service: an ASGI app that the demo mounts and the contract kit drives."""

    slug: ClassVar[str]

    @abstractmethod
    def app(self) -> ASGIApp:
        """Give the app; the caller mounts it at some address and tells it to `settings`."""

    @abstractmethod
    def settings(self, base_url: str) -> Mapping[str, str]:
        """Give the plugin's settings (without prefix) that point it at this sandbox."""

    @abstractmethod
    def populate(self, people: Sequence[SandboxPerson]) -> None:
        """Give each person an account with a believable calendar, unless they have one."""

    @abstractmethod
    async def allow(self, http: httpx.AsyncClient, url: str, email: str) -> str:
        """Walk the consent at `url` as the owner of this account, who allows everything.

        Give the address of the callback that the browser would be sent to, without calling it.
        """

    def connect(self, http: httpx.AsyncClient) -> None:  # noqa: B027  (most tell nothing)
        """Send the service's notifications through this client from now on.

        Until it is called, and in a stand-in of a service that has none, nothing is sent.
        """

    @abstractmethod
    def dump(self) -> Mapping[str, Any]:
        """Give the whole state as JSON, so that it outlives the process."""

    @abstractmethod
    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `dump` gave."""
