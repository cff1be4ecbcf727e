"""Has many members asked by mail to connect a calendar: those who can, once a week at most.

Whom it is decided to ask is marked in one statement, which also tells how many; the worker writes
the mails, some at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from tortoise.expressions import Q, RawSQL, Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from together.providers.registry import Registry
from together.services.client_keys import Once
from together.services.connections.offering import Offer, looks_after_integrations, offered
from together.services.organization.overseeing import overseen
from together.services.organization.proved import addresses_in, domains_of
from together.services.organization.status_list import NONE, Which, matching
from together.services.outbox.targets import NotYet
from together.services.people import roles
from together.services.people.matched import PACE
from together.services.refusals import Forbidden, InvalidInput
from together.services.signing_in.viewer import Viewer
from together.store import audit
from together.store.clock import database_now
from together.store.models import (
    BulkLetter,
    IntegrationState,
    Job,
    JobKind,
    Member,
    MemberStatus,
)
from together.store.scope import Scope
from together.store.transaction import transaction

PAUSE = 7 * 86_400
"""Seconds from one such mail to a member to the next, whoever asks."""
MOST_CHOSEN = 500

BATCH = 500
"""Mails that are written down in one transaction."""
BUDGET = 60.0
"""Seconds after which the rest is left to the next turn."""

UNCONNECTED = (NONE, IntegrationState.NEEDS_RECONNECT.value)
"""The states out of which a member can connect something."""


class Outcome(StrEnum):
    """What becomes of one who was meant."""

    WRITTEN = "WRITTEN"
    DEACTIVATED = "DEACTIVATED"
    CONNECTED = "CONNECTED"
    NOTHING_TO_DO = "NOTHING_TO_DO"
    """It is not for the member to mend."""
    NOTHING_OFFERED = "NOTHING_OFFERED"
    ASKED_LATELY = "ASKED_LATELY"
    ADDRESS_NOT_CONFIRMED = "ADDRESS_NOT_CONFIRMED"
    """Not in a domain that is known to be the organization's, and nobody has signed in with it."""


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom an administrator means: these, by uid, or else all that a filter leaves."""

    uids: tuple[str, ...] | None
    which: Which

    def said(self) -> dict[str, str | Sequence[str] | None]:
        """Give it as an input, to tell it from another one."""
        filters = [each or "" for each in self.which.named()]
        return {"uids": None if self.uids is None else list(self.uids), "filter": filters}


Told = dict[Outcome, int]
"""How many came to what; none of what nobody came to."""


class Asking:
    """The letters of an administrator to those who are not connected."""

    def __init__(self, *, registry: Registry, clock: Callable[[], int]) -> None:
        self._registry, self._clock = registry, clock

    async def ask(self, viewer: Viewer, meant: Meant, *, client_key: str) -> Told:
        """Decide whom to ask, and say what becomes of everybody; once for each client key."""
        if not looks_after_integrations(viewer):
            raise Forbidden
        once = Once.of(viewer, "askMembersToConnect", key=client_key, said=meant.said())
        offer = await offered(viewer.organization_id)
        open_to_them = bool(offer.of(list(self._registry.calendars)))
        rows = await self._rows(viewer, meant, offer)
        confirmed = await _confirmed(viewer.organization_id)
        stamp = await database_now()

        async def make() -> int:
            # Of two administrators at once, the second finds whom the first has asked.
            await roles.turn(viewer)
            letter = await BulkLetter.create(
                organization_id=viewer.organization_id,
                asked_by_id=viewer.member_id,
                created_at=stamp,
            )
            written = 0
            if open_to_them:
                written = await rows.filter(
                    confirmed, active=True, state__in=UNCONNECTED, asked_at__lte=stamp - PAUSE
                ).update(asked_at=stamp, letter_id=letter.id)
            if written:
                await Job.create(
                    organization_id=viewer.organization_id,
                    kind=JobKind.SPREAD_LETTERS,
                    generation=letter.id,
                    due_at=stamp,
                    created_at=stamp,
                )
            await audit.record(
                viewer.organization_id,
                at=self._clock(),
                actor_id=viewer.member_id,
                action="members.asked_to_connect",
                subject=f"organization:{viewer.organization_id}",
                after={"written": written},
            )
            return letter.id

        made = await once.carried_out(make)
        return await _told(rows, made, open_to_them=open_to_them, stamp=stamp)

    async def _rows(self, viewer: Viewer, meant: Meant, offer: Offer) -> QuerySet[MemberStatus]:
        if meant.uids is None:
            return matching(viewer, meant.which, offer=offer, now=self._clock())
        if not 1 <= len(meant.uids) <= MOST_CHOSEN:
            raise InvalidInput("memberIds", f"Choose 1 to {MOST_CHOSEN} members, or a filter.")
        found: Any = await (
            overseen(viewer)
            .filter(member__uid__in=list(meant.uids))
            .values_list("member__uid", "member_id")
        )
        ids = dict(found)
        for place, uid in enumerate(meant.uids):
            if uid not in ids:
                raise InvalidInput(f"memberIds[{place}]", "There is no member with this id.")
        return overseen(viewer).filter(member_id__in=list(ids.values()))


async def _confirmed(organization_id: int) -> Q:
    """Say whose address it is: of a proved domain, or somebody signed in with it."""
    signed_in = Scope(organization_id)(Member).filter(subject__isnull=False)
    inside = addresses_in(await domains_of(organization_id))
    return inside | Q(member_id__in=Subquery(signed_in.values("id")))


async def _told(
    rows: QuerySet[MemberStatus], letter_id: int, *, open_to_them: bool, stamp: int
) -> Told:
    """Count everybody by the first of these that holds; the last is all that is left."""
    unconnected = ", ".join(f"'{state}'" for state in UNCONNECTED)
    reached = (
        (f"letter_id = {int(letter_id)}", Outcome.WRITTEN),
        ("NOT active", Outcome.DEACTIVATED),
        (f"state = '{IntegrationState.ACTIVE.value}'", Outcome.CONNECTED),
        (f"state NOT IN ({unconnected})", Outcome.NOTHING_TO_DO),
        ("FALSE" if open_to_them else "TRUE", Outcome.NOTHING_OFFERED),
        (f"asked_at > {int(stamp - PAUSE)}", Outcome.ASKED_LATELY),
    )
    # Numbers and words of ours: what is grouped by has to be the same text in both its places.
    cases = " ".join(f"WHEN {holds} THEN '{each}'" for holds, each in reached)
    outcome = RawSQL(f"CASE {cases} ELSE '{Outcome.ADDRESS_NOT_CONFIRMED}' END")
    found: Any = await (
        rows.annotate(outcome=outcome, many=Count("id"))
        .group_by("outcome")
        .values_list("outcome", "many")
    )
    return {Outcome(outcome): many for outcome, many in found}


async def spread(job: Job) -> None:
    """Write the mails of a letter; what is left is found by how far it has come."""
    until = time.monotonic() + BUDGET
    while await transaction(partial(_spread_some, job)):
        if time.monotonic() > until:
            raise NotYet(retry_after=timedelta(0))


async def _spread_some(job: Job) -> bool:
    scope = Scope(job.organization_id)
    letter = await scope(BulkLetter).filter(id=job.generation).select_for_update().get_or_none()
    if letter is None:
        return False
    rows = await (
        scope(MemberStatus)
        .filter(letter_id=letter.id, email_key__gt=letter.written_to)
        .order_by("email_key")
        .limit(BATCH)
    )
    if not rows:
        return False
    at = await database_now()
    await Job.bulk_create(
        Job(
            organization_id=job.organization_id,
            kind=JobKind.ASK_TO_CONNECT,
            generation=row.member_id,
            # Not before what must reach a calendar.
            due_at=letter.created_at + place // PACE,
            created_at=at,
        )
        for place, row in enumerate(rows, start=letter.written)
    )
    await (
        scope(BulkLetter)
        .filter(id=letter.id)
        .update(written=letter.written + len(rows), written_to=rows[-1].email_key)
    )
    return True


async def forget(*, now: int) -> int:
    """Delete what was asked so long ago that it may be asked again; `now` is the database's."""
    return int(await BulkLetter.filter(created_at__lte=now - PAUSE).delete())
