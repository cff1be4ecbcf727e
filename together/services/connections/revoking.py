"""Gives grants back to their service, from a sealed copy that only its own job opens.

A copy first takes away the events that stand in the calendar and are to go: of sessions that are
cancelled, or Together's from now on.  It serves for nothing else.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
from tortoise.expressions import Q

from together.providers.contract import CalendarProvider, Calendars
from together.providers.errors import AuthorizationExpired, Misconfigured, NeedsTime
from together.providers.registry import Registry
from together.providers.signing import signed_client
from together.providers.values import Access, Account, Capability, Grant, Secret
from together.services.connections import sealing
from together.services.connections.transport import unsigned
from together.store.clock import database_now
from together.store.models import CalendarEvent, Integration, Job, JobKind, JobState, Member
from together.store.vault import Place, Vault

DAYS_TO_REVOKE = 7
LEAVER_SECONDS = 45 * 60
"""Within an hour all of a leaver's grant is gone, the worker's last pause included."""


async def stands(provider: str, account: Account) -> bool:
    """Whether revoking would end a connection of somebody, in whatever organization.

    The services end every grant of an account at once, and one person may have connected it in
    two organizations.  What this says decides about revoking and is answered to nobody.
    """
    return await Integration.exists(provider=provider, account_id=account.id)


class WaitsForCancellations(NeedsTime):
    """The grant is still needed: events of its member wait to be taken away."""

    words = "Events of this member wait to be taken away."


@dataclass(frozen=True, slots=True)
class _Copy:
    account: Account
    capabilities: Capability
    grant: Grant
    until: int
    member_id: int | None = None
    """None in a copy that was made before this was noted."""


class Revocations:
    """Queues, opens and carries out the jobs of the kind REVOKE_GRANT."""

    def __init__(
        self,
        *,
        registry: Registry,
        vault: Vault,
        transport: httpx.AsyncBaseTransport,
        clock: Callable[[], int],
    ) -> None:
        self._registry, self._vault, self._transport = registry, vault, transport
        self._now = sealing.moment(clock)

    async def queue(
        self,
        *,
        organization_id: int,
        provider: str,
        account: Account,
        capabilities: Capability,
        grant: Grant,
        member_id: int,
        left_by: int | None = None,
        due_at: int | None = None,
    ) -> str:
        """Write the job, in the transaction which takes the grant out of use, and give its uid.

        `left_by` names the integration that it was of, whose events this grant still takes away.
        """
        # Held, so that its member leaves before this or after.
        stays = await (
            Member.filter(id=member_id, organization_id=organization_id, active=True)
            .select_for_update(no_key=True)
            .first()
        )
        seconds = LEAVER_SECONDS if stays is None else DAYS_TO_REVOKE * 86_400
        now = await database_now()
        job = Job(
            organization_id=organization_id,
            kind=JobKind.REVOKE_GRANT,
            integration_id=left_by,
            provider=provider,
            due_at=now if due_at is None else due_at,
            created_at=now,
        )
        copy = _Copy(account, capabilities, grant, until=now + seconds, member_id=member_id)
        job.sealed = await self._sealed(job, copy)
        await job.save()
        return job.uid

    async def taken_back(self, uid: str, *, organization_id: int) -> Grant | None:
        """Take a grant out of the job that was to revoke it; None once a worker is at it."""
        job = await Job.get_or_none(
            uid=uid, organization_id=organization_id, kind=JobKind.REVOKE_GRANT
        )
        copy = None if job is None else await self._opened(job)
        if job is None or copy is None:
            return None
        taken = await Job.filter(
            id=job.id, organization_id=organization_id, state=JobState.WAITING, attempts=0
        ).delete()
        return copy.grant if taken else None

    async def revoke(self, job: Job) -> None:
        """Carry out the job.  Whatever is raised, try again within ten minutes.

        Once it returns, the job is done and its copy is to be destroyed.
        """
        copy = await self._opened(job)
        provider = self._registry.calendars.get(job.provider or "")
        if copy is None or provider is None or await _over(job, copy):
            return
        if await self._cancellations_ahead(job):
            raise WaitsForCancellations
        if provider.oauth.revoke_url is None:
            return  # what there is to do is to destroy the copy
        account = copy.account
        if not account.id:  # the consent ended before the service could say whose it is
            async with self._open(job, copy, provider) as calendars:
                account = await calendars.whoami()
            copy = await self._opened(job) or copy  # it may have been renewed for that
        if await stands(provider.slug, account):
            return
        async with unsigned(self._transport) as http:
            await provider.oauth.revoke(http, copy.grant)

    @asynccontextmanager
    async def left_behind(
        self, *, organization_id: int, integration_id: int
    ) -> AsyncGenerator[Calendars]:
        """Open a calendar whose integration is gone, to take an event out of it."""
        job = await Job.get_or_none(
            organization_id=organization_id,
            integration_id=integration_id,
            kind=JobKind.REVOKE_GRANT,
            state=JobState.WAITING,
        )
        copy = None if job is None else await self._opened(job)
        if job is None or copy is None or await _over(job, copy):
            raise AuthorizationExpired
        provider = self._registry.calendars.get(job.provider or "")
        if provider is None:
            raise Misconfigured

        async with self._open(job, copy, provider) as calendars:
            yield calendars

    @asynccontextmanager
    async def _open(
        self, job: Job, copy: _Copy, provider: CalendarProvider
    ) -> AsyncGenerator[Calendars]:
        async def grant() -> Grant:
            return copy.grant

        async def renewed(stale: Grant) -> Grant:
            return await self._renewed(job, by=provider, stale=stale)

        async with signed_client(
            self._transport,
            origins=provider.origins,
            grant=grant,
            renew=renewed,
            now=self._now,
        ) as http:
            yield provider.open(
                Access(http=http, account=copy.account, capabilities=copy.capabilities)
            )

    async def _renewed(self, job: Job, *, by: CalendarProvider, stale: Grant) -> Grant:
        """Renew the grant of a copy and put the new one into its job."""
        copy = await self._opened(job)
        if copy is None:
            raise AuthorizationExpired
        if copy.grant.access_token != stale.access_token:
            return copy.grant
        async with unsigned(self._transport) as http:
            fresh = await by.oauth.refresh(http, copy.grant, now=self._now())
        job.sealed = await self._sealed(job, replace(copy, grant=fresh))
        await Job.filter(id=job.id, state=JobState.WAITING).update(sealed=job.sealed)
        return fresh

    async def _cancellations_ahead(self, job: Job) -> bool:
        if job.integration_id is None:
            return False
        mine: dict[str, Any] = {"organization_id": job.organization_id}
        if await Job.exists(
            **mine,
            kind=JobKind.WITHDRAW_EVENT,
            integration_id=job.integration_id,
            state=JobState.WAITING,
        ):
            return True
        held = await CalendarEvent.filter(**mine, integration_id=job.integration_id).values_list(
            "booking_id", flat=True
        )
        return bool(held) and await Job.exists(
            Q(integration_id=None) | Q(integration_id=job.integration_id),
            **mine,
            kind__in=[JobKind.WRITE_EVENT, JobKind.CANCEL_EVENT],
            state=JobState.WAITING,
            booking_id__in=held,
        )

    async def _sealed(self, job: Job, copy: _Copy) -> str:
        grant = copy.grant
        refresh = grant.refresh_token
        text = json.dumps(
            {
                "account": [copy.account.id, copy.account.email],
                "capabilities": copy.capabilities.value,
                "access": grant.access_token.reveal(),
                "refresh": None if refresh is None else refresh.reveal(),
                "expires": int(grant.expires_at.timestamp()),
                "scopes": sorted(grant.scopes),
                "until": copy.until,
                "member": copy.member_id,
            }
        )
        return await self._vault.seal(Secret(text), _place(job))

    async def _opened(self, job: Job) -> _Copy | None:
        if job.sealed is None:
            return None
        text = await self._vault.open(job.sealed, _place(job))
        held: dict[str, Any] = json.loads(text.reveal())
        return _Copy(
            account=Account(*held["account"]),
            capabilities=Capability(held["capabilities"]),
            grant=Grant(
                access_token=Secret(held["access"]),
                refresh_token=None if held["refresh"] is None else Secret(held["refresh"]),
                expires_at=datetime.fromtimestamp(held["expires"], UTC),
                scopes=frozenset(held["scopes"]),
            ),
            until=held["until"],
            member_id=held.get("member"),
        )


async def _over(job: Job, copy: _Copy) -> bool:
    """Whether a copy is to be destroyed: earlier, where its member has left since it was made."""
    now = await database_now()
    if now >= copy.until:
        return True
    return now >= job.created_at + LEAVER_SECONDS and await Member.exists(
        id=copy.member_id, organization_id=job.organization_id, active=False
    )


def _place(job: Job) -> Place:
    return Place(
        organization_id=job.organization_id,
        purpose="revocation",
        table="job",
        column="sealed",
        row=job.uid,
        provider=job.provider or "",
    )
