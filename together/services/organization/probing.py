"""Asks whether an organization's consent still works, on a mailbox that can say so.

The one that it was verified on is asked first.  Where that one is gone, or alone refused, others
are asked: of members whose busy times are read anyway, a few at a time, each written down.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from tortoise.expressions import Subquery

from together.domain.addresses import email_key
from together.providers.delegation import Verified
from together.providers.errors import (
    Misconfigured,
    NeedsAdministrator,
    NoMailbox,
    NotDelegated,
    ProviderError,
)
from together.services.connections import trouble
from together.services.connections.effective import MANAGED, of_organization
from together.services.organization import audited, delegation_state
from together.services.organization.proved import domains_of, within
from together.store.models import (
    DelegationState,
    Integration,
    IntegrationState,
    MatchState,
    Member,
    OrganizationIntegration,
    Participant,
)

log = logging.getLogger(__name__)

PROBE = 15 * 60
"""Seconds between two times of asking whether an organization's consent still works."""

SOON = 20
"""Seconds for which nobody asks again after an answer that said nothing."""

OTHERS = 3
"""Mailboxes that are asked at a time beside the one it was verified on."""


@dataclass(frozen=True, slots=True)
class _Answer:
    number: int
    at: int
    works: bool | None


class Probes:
    """The same questions of all that find out, asked once."""

    def __init__(
        self,
        verified: Callable[[OrganizationIntegration, str], Awaitable[Verified]],
        clock: Callable[[], int],
        *,
        changed: Callable[[int], None],
    ) -> None:
        """`changed` hears of an organization for which something else holds from now on."""
        self._verified, self._clock, self._changed = verified, clock, changed
        self._asking: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answers: dict[int, _Answer] = {}
        self._asked = 0

    async def probe(self, row: OrganizationIntegration) -> bool | None:
        """Ask whether the consent still works, and note the answer; None where nobody can say."""
        refused: NotDelegated | None = None
        async for mailbox, integration in self._mailboxes(row):
            try:
                await self._verified(row, mailbox)
            except NotDelegated as error:
                # The service says the same of one mailbox that is not the organization's any more.
                if refused is not None or row.state is not DelegationState.ACTIVE:
                    return await self._fails(row, error)
                refused = error
            except NeedsAdministrator as error:
                return await self._fails(row, error)
            except NoMailbox as error:
                if integration is not None:
                    await without_mailbox(integration, error, at=self._clock())
            except ProviderError as error:
                if isinstance(error, Misconfigured):
                    about = f"organization {row.organization_id}"
                    trouble.tell_the_operator(error, about=about)
                return None
            else:
                await _asked_from_now_on(row, mailbox)
                if await delegation_state.healthy(row, at=self._clock()):
                    self._changed(row.organization_id)
                return True
        if refused is not None:
            return await self._fails(row, refused)
        await _asked_from_now_on(row, None)
        return None

    async def found_out(self, organization_id: int) -> bool | None:
        """Ask because a call was refused: of all that are at once, one asks for everybody."""
        before = self._asked
        async with self._asking[organization_id]:
            last = self._answers.get(organization_id)
            if last is not None and (
                last.number > before
                or (last.works is None and last.at <= self._clock() < last.at + SOON)
            ):
                return last.works
            row = await delegation_state.of(organization_id)
            if row is None or row.state is not DelegationState.ACTIVE:
                return False
            at = self._clock()
            await OrganizationIntegration.filter(id=row.id).update(probed_at=at)
            self._asked += 1
            number = self._asked
            works = await self.probe(row)
            self._answers[organization_id] = _Answer(number, at, works)
            return works

    async def sweep(self) -> int:
        """Ask about those that were not asked about in a while; say how many."""
        now, asked = self._clock(), 0
        due = OrganizationIntegration.filter(
            state__in=sorted(MANAGED), verified_at__isnull=False, probed_at__lte=now - PROBE
        )
        for row in await due.order_by("probed_at", "id").limit(50):
            turn = OrganizationIntegration.filter(id=row.id, probed_at=row.probed_at)
            if await turn.update(probed_at=now):
                await self.probe(row)
                asked += 1
        return asked

    async def _mailboxes(
        self, row: OrganizationIntegration
    ) -> AsyncGenerator[tuple[str, Integration | None]]:
        """Give the mailboxes to ask, one after the other; that another is asked is written down."""
        domains = await domains_of(row.organization_id)
        first = row.verified_mailbox
        if first is not None and within(first, domains) and not await _has_left(row, first):
            yield first, None
        for integration in await _others(row):
            mailbox = integration.account_email
            if mailbox == first or not within(mailbox, domains):
                continue
            await audited.mailbox_asked(
                row.organization_id, mailbox, actor_id=None, at=self._clock()
            )
            yield mailbox, integration

    async def _fails(self, row: OrganizationIntegration, error: NeedsAdministrator) -> bool:
        await delegation_state.failing(row, type(error).__name__, at=self._clock())
        self._changed(row.organization_id)
        return False


async def without_mailbox(integration: Integration, error: ProviderError, *, at: int) -> None:
    """Note that the organization's consent does not reach this one member."""
    await (
        Integration.filter(
            id=integration.id,
            organization_id=integration.organization_id,
            generation=integration.generation,
        )
        .exclude(state=IntegrationState.SUSPENDED)
        .update(
            state=IntegrationState.NO_MAILBOX,
            reason=type(error).__name__,
            since=at,
            listed_at=at,
            unreadable_since=None,
        )
    )


async def _has_left(row: OrganizationIntegration, mailbox: str) -> bool:
    """Say whether it is that of a member who was deactivated: nothing of theirs is read."""
    return await Member.filter(
        organization_id=row.organization_id, email_key=email_key(mailbox), active=False
    ).exists()


async def _others(row: OrganizationIntegration) -> Sequence[Integration]:
    """Find whose mailbox was read last, of those in an active match: theirs is read anyway."""
    matched = Participant.filter(
        organization_id=row.organization_id, member__active=True, match__state=MatchState.ACTIVE
    )
    return await (
        of_organization(row.organization_id)
        .filter(
            state__in=[IntegrationState.ACTIVE, IntegrationState.FAILING],
            read_at__isnull=False,
            member_id__in=Subquery(matched.values("member_id")),
        )
        .order_by("-read_at", "id")
        .limit(OTHERS)
    )


async def _asked_from_now_on(row: OrganizationIntegration, mailbox: str | None) -> None:
    """Keep which mailbox is asked first the next time."""
    if row.verified_mailbox != mailbox:
        await OrganizationIntegration.filter(id=row.id, generation=row.generation).update(
            verified_mailbox=mailbox
        )
