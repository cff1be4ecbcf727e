"""Asks a service when one person is busy, and notes what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from together.domain.spans import Span, Spans
from together.providers.contract import Calendars
from together.providers.errors import NeedsPerson, ProviderError, ProviderUnavailable, Refused
from together.providers.values import Reading
from together.services.availability.busy_blocks import Stored
from together.services.connections import trouble
from together.services.connections.calendar_list import look_again
from together.services.connections.effective import may_be_read
from together.services.connections.resting import Resting
from together.store.models import CalendarRow, Integration

log = logging.getLogger(__name__)


class OpensCalendars(Protocol):
    """What `together.services.connections.grants.Grants` does for us."""

    def open(
        self, integration: Integration, *, writing: bool = False
    ) -> AbstractAsyncContextManager[Calendars]: ...


class Reader:
    """Reads all the calendars of a person that count, at once."""

    def __init__(
        self,
        grants: OpensCalendars,
        clock: Callable[[], int],
        *,
        limit: float,
        resting: Resting,
    ) -> None:
        self._grants, self._clock = grants, clock
        self._limit, self._resting = limit, resting

    async def glance(self, integration: Integration, span: Span, *, now: int) -> Stored | None:
        """Read a few minutes, which replace nothing; what could not be read is noted."""
        read = await self.read(integration, span, now=now)
        if read is not None and not read.lost:
            at = self._clock()
            await trouble.heard(integration, unread=read.unread, began=now, at=at)
        return read

    async def read(self, integration: Integration, span: Span, *, now: int) -> Stored | None:
        """Read one person's calendars; None when that is not possible now."""
        try:
            counting = await CalendarRow.filter(
                organization_id=integration.organization_id,
                integration_id=integration.id,
                counts=True,
            ).values_list("external_id", flat=True)
            if not counting or not await may_be_read(integration):
                return None
            async with trouble.reading(integration, clock=self._clock):
                read = await self._asked(integration, [str(each) for each in counting], span, now)
        except NeedsPerson:
            return Stored(lost=True)
        except Exception as error:  # noqa: BLE001  (a plugin's fault must not cost an answer)
            if not isinstance(error, ProviderError):
                name = type(error).__name__
                log.error("integration %s: reading failed: %s", integration.id, name)  # noqa: TRY400
            self._resting.leave_alone(integration, after=error)
            return None
        return read

    async def _asked(
        self, integration: Integration, counting: Sequence[str], span: Span, now: int
    ) -> Stored:
        """Ask the service, within the time that any reading has.

        That a calendar is refused is an answer, which takes the place of what was known before;
        that the service does not answer is none.
        """
        try:
            async with asyncio.timeout(self._limit), self._grants.open(integration) as calendars:
                reading = await _read(calendars, counting, span)
                unread = frozenset(reading.unread)
                if unread and await look_again(
                    integration, calendars, clock=self._clock, resting=self._resting
                ):
                    return Stored(lost=True)  # other calendars count now: those are to be read
        except TimeoutError:
            raise ProviderUnavailable from None
        return Stored(
            busy=reading.busy & Spans([span]),
            covers=Spans() if unread else Spans([span]),
            asked=Spans([span]),
            as_of=now,
            unread=unread,
        )


async def _read(calendars: Calendars, counting: Sequence[str], span: Span) -> Reading:
    try:
        return await calendars.busy(counting, span)
    except Refused as refusal:  # of the whole account, so of each of its calendars
        return Reading(Spans(), dict.fromkeys(counting, refusal.code or "refused"))
