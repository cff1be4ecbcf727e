"""Which calendars count for busy, and which one receives events: their member's own choice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from tortoise.expressions import Q, Subquery

from together.domain.spans import Span
from together.providers.errors import NeedsPerson, NeedsTime, NoMailbox, ProviderError
from together.services.availability.busy import AT_ONCE, HORIZON, Busy
from together.services.availability.busy_reader import OpensCalendars
from together.services.connections import calendar_list, effective, trouble
from together.services.connections.attempts import locked_member
from together.services.connections.calendar_list import MOST, Changed
from together.services.connections.resting import Resting
from together.services.refusals import (
    InvalidInput,
    ManagedByOrganization,
    NeedsReconnect,
    NotAvailableHere,
    NotConnected,
    NotFound,
    ProviderDown,
    TooManyAttempts,
)
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import CalendarRow, Integration, IntegrationSource, IntegrationState
from together.store.transaction import transaction

log = logging.getLogger(__name__)

DAY = 86_400

CHOICES_A_DAY = 20
"""How often somebody may change what counts: showing and hiding at will would show one's own times
only while looking at others'."""

LISTED = DAY
"""Seconds after which the worker asks for a list of calendars again."""

LOOKED_FOR = 60 * 60
"""Seconds after which it does where the last one had no calendar at all."""

ASKED_EVERY = 60
"""Seconds that pass before a member may have the list asked for again."""

LISTS = 50
"""Lists that one round of the worker asks for at most."""

LIMIT = 20.0
"""Seconds after which asking for a list is given up."""

_TOO_OFTEN = "What counts as busy was changed too often today. Try again later."
_TOO_SOON = "The list of calendars was asked for a moment ago. Try again in a minute."
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """What a member chose: the uids of calendars."""

    counting: Collection[str]
    receiving: str | None = None
    """None where events are to go nowhere."""
    receiving_stays: bool = False
    """Where events go is not chosen anew."""


class Choosing:
    """Keeps the choice of calendars, and the list it is made from."""

    def __init__(
        self,
        grants: OpensCalendars,
        busy: Busy,
        clock: Callable[[], int],
        *,
        resting: Resting | None = None,
    ) -> None:
        """Without `resting`, nobody else is told of the pauses that a service asks for."""
        self._grants, self._busy, self._clock = grants, busy, clock
        self._resting = resting or Resting(clock)

    async def choose(self, viewer: Viewer, choice: Choice) -> None:
        """Put another choice in the place of the one before, at once.

        A calendar that is missing may be chosen to count, which is to wait for it; it cannot
        receive.  Nobody needs the service for it, so that it works while that is out of reach.
        """
        if len(choice.counting) > MOST:
            raise InvalidInput("countingIds", f"At most {MOST} calendars count.")
        if len(set(choice.counting)) != len(choice.counting):
            raise InvalidInput("countingIds", "Each calendar is named once.")
        at, stamp = self._clock(), await database_now()

        async def work() -> Changed:
            await locked_member(viewer)
            integration = await effective.in_use(viewer).select_for_update(no_key=True).first()
            if integration is None:
                raise NotConnected
            rows = await CalendarRow.filter(
                organization_id=viewer.organization_id, integration_id=integration.id
            )
            changed = await _chosen(rows, choice)
            if changed.counting:
                await _pay(integration, now=stamp)
            await calendar_list.settle(integration, changed, at=at)
            return changed

        if (await transaction(work)).counting:
            await self._read(viewer)

    async def refresh(self, viewer: Viewer) -> None:
        """Ask the service for the list again, and keep it; once a minute, whoever asked before."""
        paid = False
        for _ in range(_TRIES):
            integration = await effective.in_use(viewer).first()
            if integration is None:
                raise NotConnected
            if integration.state is not IntegrationState.ACTIVE:
                raise ManagedByOrganization if effective.managed(integration) else NeedsReconnect
            try:
                async with self._resting.heeded(integration):
                    paid = paid or await _may_ask(integration, at=self._clock())
                if not paid:
                    continue  # somebody asks just now, or this connection was replaced
                changed = await self._listed(integration)
            except (NeedsPerson, NoMailbox):
                continue  # noted, unless this grant was disconnected or replaced meanwhile
            except NeedsTime as error:
                raise ProviderDown(error.retry_after) from None
            except ProviderError:
                raise NotAvailableHere from None
            except TimeoutError:
                raise ProviderDown from None
            if changed is not None:
                if changed.counting:
                    await self._read(viewer)
                return
        raise ProviderDown

    async def sweep(self) -> int:
        """Ask again for some of the lists that nobody asked for in a day; say how many came."""
        now = self._clock()
        places = asyncio.Semaphore(AT_ONCE)
        turns = await _turns(before=now - LISTED, empty_before=now - LOOKED_FOR, now=now)
        return sum(await asyncio.gather(*(self._swept(each, places) for each in turns)))

    async def _swept(self, integration: Integration, places: asyncio.Semaphore) -> bool:
        """Ask for one list; what is wrong with it holds up no other."""
        async with places:
            try:
                return await self._listed(integration) is not None
            except Exception as error:  # noqa: BLE001
                log.info("integration %s: not listed: %s", integration.id, type(error).__name__)
                return False

    async def _listed(self, integration: Integration) -> Changed | None:
        """Ask for the list, unless the service wants to be left alone, and keep it."""
        async with self._resting.heeded(integration):
            return await self._renewed(integration)

    async def _renewed(self, integration: Integration) -> Changed | None:
        at = self._clock()
        await Integration.filter(
            id=integration.id,
            organization_id=integration.organization_id,
            generation=integration.generation,
        ).update(listed_at=at)
        async with (
            asyncio.timeout(LIMIT),
            trouble.noted(integration, clock=self._clock),
            self._grants.open(integration) as calendars,
        ):
            listed = await calendars.list()
        return await calendar_list.renew(integration, listed, at=at)

    async def _read(self, viewer: Viewer) -> None:
        """Read what counts now, so that its member is told how that went."""
        integration = await effective.in_use(viewer).first()
        if integration is None or integration.state is not IntegrationState.ACTIVE:
            return
        now = self._clock()
        await self._busy.known([integration], Span.of(now, now + 60), until=now + HORIZON)


async def _may_ask(integration: Integration, *, at: int) -> bool:
    """Take the turn at asking, in whatever process; refuse where it was taken just now."""
    before = at - ASKED_EVERY
    if integration.listed_at > before:
        raise TooManyAttempts(_TOO_SOON)
    return await calendar_list.claimed(integration, before=before, at=at)


async def _chosen(rows: Sequence[CalendarRow], choice: Choice) -> Changed:
    """Check a choice against the member's own calendars, and store it."""
    known: dict[str | None, CalendarRow] = {row.uid: row for row in rows}
    if not {*choice.counting, choice.receiving} <= {*known, None}:
        raise NotFound
    receiver = known.get(choice.receiving)
    if receiver is not None and (receiver.missing_since is not None or not receiver.writable):
        raise InvalidInput("receivingId", "Sessions cannot be written to this calendar.")
    was = calendar_list.snapshot(rows)
    for row in rows:
        ticked, missing = row.uid in choice.counting, row.missing_since is not None
        row.counts, row.counted = ticked and not missing, ticked and missing
        if not choice.receiving_stays:
            row.receives, row.received = row is receiver, False
    return await calendar_list.store(rows, was=was)


async def _pay(integration: Integration, *, now: int) -> None:
    """Count a change of what counts; who has changed it too often has to wait a while."""
    spent = max(integration.choices_spent, now) + DAY // CHOICES_A_DAY
    if spent > now + DAY:
        raise TooManyAttempts(_TOO_OFTEN)
    await Integration.filter(id=integration.id, organization_id=integration.organization_id).update(
        choices_spent=spent
    )


async def _turns(*, before: int, empty_before: int, now: int) -> list[Integration]:
    """Take those whose list is old; none is taken twice, by whichever process."""
    listed = Subquery(CalendarRow.filter(missing_since=None).values("integration_id"))

    async def work() -> list[Integration]:
        rows = await (
            Integration.filter(
                Q(listed_at__lte=before) | Q(listed_at__lte=empty_before, id__not_in=listed),
                # The first list of a connection by the organization is `arranging`'s to ask for.
                Q(source=IntegrationSource.INDIVIDUAL) | Q(listed_at__gt=0),
                state=IntegrationState.ACTIVE,
            )
            .order_by("listed_at", "id")
            .limit(LISTS)
            .select_for_update(skip_locked=True, no_key=True)
        )
        if rows:
            await Integration.filter(id__in=[row.id for row in rows]).update(listed_at=now)
        return rows

    return await transaction(work)
