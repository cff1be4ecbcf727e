"""How calendar connections stand: for the table of sight, and for their owners."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from together.domain.integration import IntegrationFacts, Standing, standing
from together.providers.errors import (
    AdminApprovalRequired,
    AuthorizationExpired,
    MailboxRestricted,
    NoCalendarService,
)
from together.providers.registry import Registry
from together.providers.values import Capability
from together.services.connections.effective import RELATED_IN_USE, in_use, managed, personal
from together.services.connections.offering import Offer
from together.services.signing_in.viewer import Viewer
from together.store.models import CalendarRow, Integration, IntegrationSource, IntegrationState
from together.store.scope import Scope

REASONS = {
    AuthorizationExpired.__name__: (
        "Access to the calendar has ended: it was taken back, the password was changed, "
        "or the account's rules have changed."
    ),
    AdminApprovalRequired.__name__: (
        "The organization of that account must approve Together before its calendar can be read."
    ),
}
NO_MAILBOX_THERE = (
    "Your organization's calendar service has no mailbox with your address, so you are not "
    "integrated. Ask your administrator."
)
NO_MAILBOX = {
    NoCalendarService.__name__: "Your account at your organization's calendar service has no "
    "calendar, so you are not integrated. Ask your administrator.",
    MailboxRestricted.__name__: "A policy of your organization keeps Together from your calendar, "
    "so you are not integrated. Ask your administrator.",
}
MANAGED_FAILING = (
    "Your organization's connection to its calendars does not work at the moment, so you are not "
    "integrated. Its administrators are told; there is nothing for you to do."
)
NOT_AMONG_THEM = (
    "Your organization connects the calendars of its members, and yours is not among them: it is "
    "being connected, or your address is in none of the organization's domains."
)
BEING_SET_UP = "Your organization is connecting your calendar. There is nothing for you to do."
_NONE_COUNTS = (
    "None of your calendars counts as busy, so you are not integrated. Choose which of them count."
)
_NO_CALENDAR = (
    "This account has no calendar any more, so you are not integrated. If it gets one again, that "
    "is noticed within an hour or two. To use another account, disconnect this one."
)
_SOME_UNREAD = (
    "The service refuses to let a calendar be read that counts as busy. Until that changes, or it "
    "counts no more, others see no time of yours as free; after a day you are not integrated."
)
_OTHERWISE = "Your calendars are not used as you chose. Look at them, and choose again."
_MISSING = (
    "The service does not list this calendar any more: it was deleted, or is not shared with you."
)
_UNREAD = (
    "The service does not let Together read this calendar. While it counts as busy, no time of "
    "yours is known to be free."
)
_NOT_WRITABLE = "The service does not let you write to this calendar any more."
_COUNTED = " Its events do not count as busy until it is back."
_RECEIVED = " Sessions are written to another one that can be written, if you have any."
_ANY_REASON = "The calendar service asks you to sign in again."


@dataclass(frozen=True, slots=True)
class Own:
    """A member's own connection, with all that only they are shown."""

    integration: Integration
    calendars: tuple[CalendarRow, ...]
    standing: Standing
    available: bool
    """Whether the service is still offered here, by the package that made the connection."""
    can_write: bool
    """Whether sessions can be written to it: the consent includes events, and one receives them."""
    can_reconnect: bool
    """Whether consenting again would gain something: a lost grant, or a box left unticked."""

    @property
    def capabilities(self) -> Capability:
        return Capability(self.integration.capabilities)

    @property
    def reason(self) -> str | None:
        """In plain words, what its owner is to see to first."""
        return reason_in_words(self.integration) or self._of_the_calendars

    @property
    def to_choose(self) -> str | None:
        """Why its owner is to choose among the calendars; None where that would change nothing."""
        if managed(self.integration) and not self.calendars:
            return None  # none was found yet
        why = self._of_the_calendars
        useful = any(row.unreadable_since is None for row in self._there)
        return None if why == _NO_CALENDAR or (why == _SOME_UNREAD and not useful) else why

    @property
    def _there(self) -> list[CalendarRow]:
        return [row for row in self.calendars if row.missing_since is None]

    @property
    def _of_the_calendars(self) -> str | None:
        if not self._there:
            return _NO_CALENDAR
        if not any(row.counts for row in self.calendars):
            return _NONE_COUNTS
        if any(row.counted or row.received for row in self.calendars):
            return _OTHERWISE
        return _SOME_UNREAD if any(map(calendar_in_words, self.calendars)) else None


def reason_in_words(integration: Integration) -> str | None:
    """Say in plain words why a connection waits for its member, or for an administrator."""
    if managed(integration):
        return _managed_in_words(integration)
    if integration.reason is None:
        return None
    return REASONS.get(integration.reason, _ANY_REASON)


def _managed_in_words(integration: Integration) -> str | None:
    if integration.state is IntegrationState.NO_MAILBOX:
        return NO_MAILBOX.get(integration.reason or "", NO_MAILBOX_THERE)
    if integration.state is IntegrationState.FAILING:
        return MANAGED_FAILING
    return BEING_SET_UP if integration.listed_at == 0 else None


def calendar_in_words(row: CalendarRow) -> str | None:
    """Say in plain words why a calendar is not used as its owner chose."""
    if row.missing_since is None:
        told = [_UNREAD] if row.unreadable_since is not None else []
        return " ".join([*told, _NOT_WRITABLE + _RECEIVED] if row.received else told) or None
    return _MISSING + _COUNTED * row.counted + _RECEIVED * row.received


def source_of(own: Own | None, offer: Offer) -> str:
    """Say whose consent a member's connection rests on, also where there is none yet."""
    if own is not None:
        return own.integration.source.value
    return "NONE" if offer.connected_with is None else IntegrationSource.ORGANIZATION.value


async def own_calendars(viewer: Viewer, *, uids: Sequence[str]) -> Sequence[CalendarRow]:
    """Find calendars by uid, among those of the viewer's own account."""
    return await Scope(viewer.organization_id)(CalendarRow).filter(
        uid__in=uids, integration__member_id=viewer.member_id
    )


def facts(integration: Integration, *, counting: bool, now: int) -> IntegrationFacts:
    """Give what the domain judges a connection by."""
    return IntegrationFacts(
        state=integration.state,
        can_read=Capability.FREE_BUSY in Capability(integration.capabilities),
        counting=counting,
        since=integration.since,
        read_at=integration.read_at,
        unreadable_since=integration.unreadable_since,
        now=now,
    )


async def standing_of(member_ids: Iterable[int], *, scope: Scope, now: int) -> dict[int, Standing]:
    """Judge the connections of many members, in one statement.

    A connection without a calendar that counts is not integrated, so the calendars that count are
    where to begin.
    """
    ids = list(member_ids)
    found = dict.fromkeys(ids, Standing.NOT_INTEGRATED)
    rows = (
        await scope(CalendarRow)
        .filter(RELATED_IN_USE, integration__member_id__in=ids, counts=True)
        .select_related("integration")
    )
    for row in rows:
        integration: Any = row.integration
        found[integration.member_id] = standing(facts(integration, counting=True, now=now))
    return found


async def own(viewer: Viewer, *, registry: Registry, now: int) -> Own | None:
    """Read the viewer's own connection."""
    integration = await in_use(viewer).first()
    return None if integration is None else await _shown(integration, registry, now=now)


async def suspended(viewer: Viewer, *, registry: Registry, now: int) -> Own | None:
    """Read the connection that the viewer made, where it rests while another one is used."""
    integration = await personal(viewer).filter(state=IntegrationState.SUSPENDED).first()
    return None if integration is None else await _shown(integration, registry, now=now)


async def _shown(integration: Integration, registry: Registry, *, now: int) -> Own:
    scope = Scope(integration.organization_id)
    calendars = (
        await scope(CalendarRow)
        .filter(integration_id=integration.id)
        .order_by("-primary", "name", "id")
    )
    counting = any(calendar.counts for calendar in calendars)
    granted = Capability(integration.capabilities)
    return Own(
        integration=integration,
        calendars=tuple(calendars),
        standing=standing(facts(integration, counting=counting, now=now)),
        available=_available(integration, registry),
        can_write=Capability.EVENTS in granted and any(c.receives for c in calendars),
        can_reconnect=can_reconnect(integration, registry),
    )


def can_reconnect(integration: Integration, registry: Registry) -> bool:
    """Whether consenting again is possible here, and would bring back or add something."""
    provider = registry.calendars.get(integration.provider)
    if provider is None or managed(integration) or not _available(integration, registry):
        return False
    lost = integration.state is not IntegrationState.ACTIVE
    offered = provider.oauth.capabilities(provider.oauth.asked)
    return lost or offered not in Capability(integration.capabilities)


def _available(integration: Integration, registry: Registry) -> bool:
    """Whether the package that made the connection is still the one that is installed."""
    return registry.distributions.get(integration.provider) == integration.distribution
