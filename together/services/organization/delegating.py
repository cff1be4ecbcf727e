"""An administrator connects everybody: in steps that can each be left, and taken up later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from together.providers.delegation import Delegation, KeyDelegation
from together.providers.errors import ProviderError, UnusableKey
from together.providers.registry import Registry
from together.providers.values import Capability, Secret
from together.services.connections.effective import MANAGED, of_organization
from together.services.organization import (
    audited,
    delegation_state,
    everybody,
    moving_out,
    set_up_words,
)
from together.services.organization.delegated import Delegations
from together.services.organization.delegation_refusals import (
    DelegationNotOffered,
    IntegrationInUse,
    KeyUnusable,
    SetUpChanged,
    SetUpIncomplete,
    told,
)
from together.services.organization.proved import domains_of
from together.services.organization.set_up_checks import mailbox_address, owner_address
from together.services.organization.set_up_rows import (
    NO_CREDENTIAL,
    change,
    held,
    looks_after,
    standing,
    take_in,
)
from together.services.organization.set_up_status import Preview, Status, preview_of, steps_of
from together.services.outbox import handing_over
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.database import Database
from together.store.models import (
    ConnectionMethod,
    DelegationState,
    Organization,
    OrganizationIntegration,
)

_LARGEST_KEY = 65_536


class OrganizationIntegrations:
    """The integration of the viewer's organization.  All of it is audited."""

    def __init__(
        self, *, registry: Registry, delegations: Delegations, clock: Callable[[], int]
    ) -> None:
        self._registry, self._delegations, self._clock = registry, delegations, clock

    async def status(self, viewer: Viewer) -> Status:
        """Say what is done, what is missing, and what comes next."""
        looks_after(viewer)
        row = await standing(viewer) or OrganizationIntegration(
            organization_id=viewer.organization_id
        )
        domains = await domains_of(viewer.organization_id)
        missing = await self._missing(row, domains)
        return Status(
            row=row,
            domains=domains,
            steps=steps_of(row, registry=self._registry),
            missing=missing,
            next=set_up_words.next_step(row, missing),
        )

    async def preview(self, viewer: Viewer) -> Preview:
        """Count whom activating would reach, and whom it would not."""
        looks_after(viewer)
        return await preview_of(viewer.organization_id)

    async def sessions_in_calendars(self, viewer: Viewer) -> int:
        """Count the sessions ahead that turning it off would hand over."""
        looks_after(viewer)
        mine, at = of_organization(viewer.organization_id), self._clock()
        return await handing_over.counted(viewer.organization_id, mine, after=at)

    async def set_up(
        self, viewer: Viewer, *, provider: str, owner_email: str | None, limited: bool
    ) -> None:
        """Choose the service, who is told of failures, and how much is wanted."""
        looks_after(viewer)
        delegation = self._delegation(provider)
        wanted = Capability.FREE_BUSY if limited else Capability.FREE_BUSY | Capability.EVENTS
        if wanted not in delegation.offers:
            raise DelegationNotOffered
        owner = None if owner_email is None else await owner_address(viewer, owner_email)

        async def work() -> None:
            row = await held(viewer)
            chosen = (row.provider, row.distribution, row.capabilities)
            said = (provider, self._registry.distributions[provider], wanted.value)
            columns: dict[str, Any] = {"owner_email": owner}
            if chosen != said:
                if row.state in MANAGED:
                    raise IntegrationInUse
                if chosen[:2] != said[:2]:
                    columns |= NO_CREDENTIAL
                columns |= {
                    "provider": said[0],
                    "distribution": said[1],
                    "capabilities": said[2],
                    "choice": row.choice + 1,
                    "verified_at": None,
                    "verified_mailbox": None,
                    "state": DelegationState.SETTING_UP,
                    "since": self._clock(),
                    "reason": None,
                }
            elif row.state is DelegationState.OFF:
                columns |= {"state": DelegationState.SETTING_UP, "since": self._clock()}
            await change(row, method=ConnectionMethod.DOMAIN_WIDE, **columns)

        await self._changing(viewer, "integration.set_up", work)

    async def upload_key(self, viewer: Viewer, key: Secret) -> None:
        """Seal the key, which nothing is read with before it is verified."""
        looks_after(viewer)
        row = await standing(viewer)
        if row is None or row.provider is None or row.state is DelegationState.OFF:
            raise SetUpIncomplete([set_up_words.CHOOSE])
        delegation = self._delegation(row.provider)
        if not isinstance(delegation, KeyDelegation):
            raise DelegationNotOffered
        if len(key.reveal()) > _LARGEST_KEY:
            raise KeyUnusable("The file is too large to be a key.")
        try:
            credential = delegation.read_key(key)
        except UnusableKey as unusable:
            raise KeyUnusable(unusable.words) from None
        await take_in(
            viewer,
            row,
            credential,
            delegations=self._delegations,
            action="integration.key_uploaded",
            words=set_up_words.BY_KEY,
            at=self._clock(),
        )

    async def verify(self, viewer: Viewer, mailbox: str) -> None:
        """Try everything on one real mailbox; nothing that stands in it is kept."""
        looks_after(viewer)
        row = await standing(viewer)
        domains = await domains_of(viewer.organization_id)
        if row is None or row.credential is None or not domains:
            empty = OrganizationIntegration(organization_id=viewer.organization_id)
            missing = await self._missing(row or empty, domains)
            raise SetUpIncomplete(set_up_words.before_verifying(missing))
        address = mailbox_address(mailbox, domains)
        # Before the service is asked: that somebody looked is written down whatever comes of it.
        await audited.mailbox_asked(
            viewer.organization_id, address, actor_id=viewer.member_id, at=self._clock()
        )
        try:
            await self._delegations.verified(row, address)
        except ProviderError as error:
            words = set_up_words.words_of(row, self._registry)
            about = f"organization {row.organization_id}"
            raise told(error, about=about, words=words) from None
        at = self._clock()

        async def work() -> None:
            now = await held(viewer)
            if (now.generation, now.credential) != (row.generation, row.credential):
                raise SetUpChanged
            fresh: dict[str, Any] = {"verified_at": at, "verified_mailbox": address}
            if now.state is DelegationState.FAILING:
                await OrganizationIntegration.filter(id=now.id).update(**fresh, probed_at=at)
                await delegation_state.healthy(now, at=at)
            elif now.state is DelegationState.ACTIVE:
                await OrganizationIntegration.filter(id=now.id).update(**fresh, probed_at=at)
            else:
                await change(now, **fresh, state=DelegationState.VERIFIED, since=at, reason=None)

        await self._changing(viewer, "integration.verified", work)

    async def activate(self, viewer: Viewer, *, provider: str) -> None:
        """Look after everybody's calendar from now on; personal connections are suspended.

        `provider` is what the administrator saw: another one may have chosen anew since.
        """
        looks_after(viewer)

        async def work() -> None:
            row = await held(viewer)
            if row.provider != provider:
                raise SetUpChanged
            if row.state in MANAGED:
                return
            if row.state is not DelegationState.VERIFIED:
                missing = await self._missing(row, await domains_of(viewer.organization_id))
                words = set_up_words.words_of(row, self._registry)
                raise SetUpIncomplete(set_up_words.before_activating(missing, words))
            at = self._clock()
            await everybody.suspend(viewer.organization_id, at=at)
            await change(row, state=DelegationState.ACTIVE, since=at, reason=None, probed_at=at)
            await delegation_state.arrange_later(viewer.organization_id, stamp=await database_now())

        await self._changing(viewer, "integration.activated", work)
        await Database.current().truncate_log()

    async def turn_off(self, viewer: Viewer, *, provider: str) -> None:
        """Let members connect calendars themselves again; the key is destroyed.

        The sessions ahead in their calendars are Together's from now on; while the key works, a
        copy of it takes their events away, for an hour at most.
        """
        looks_after(viewer)

        async def work() -> None:
            row = await held(viewer)
            if row.provider != provider:
                raise SetUpChanged
            if row.state is DelegationState.OFF:
                return
            if row.state in MANAGED:
                at = self._clock()
                handed = await everybody.take_away(viewer.organization_id, at=at)
                await moving_out.later_with_copy(row, self._delegations)
                await audited.handed_over(viewer, handed, at=at)
                await delegation_state.arrange_later(
                    viewer.organization_id, stamp=await database_now()
                )
            await change(
                row,
                **NO_CREDENTIAL,
                method=ConnectionMethod.INDIVIDUAL,
                state=DelegationState.OFF,
                since=self._clock(),
                reason=None,
                choice=row.choice + 1,
            )

        await self._changing(viewer, "integration.turned_off", work)
        await Database.current().truncate_log()

    async def _missing(
        self, row: OrganizationIntegration, domains: Sequence[str]
    ) -> tuple[str, ...]:
        organization = await Organization.get(id=row.organization_id)
        words = set_up_words.words_of(row, self._registry)
        return set_up_words.missing(row, domains, slug=organization.slug, words=words)

    def _delegation(self, slug: str) -> Delegation:
        provider = self._registry.calendars.get(slug)
        if provider is None or provider.delegation is None:
            raise DelegationNotOffered
        return provider.delegation

    async def _changing(
        self, viewer: Viewer, action: str, work: Callable[[], Awaitable[None]]
    ) -> None:
        """Do it, and write the line of the log, which makes administrators take turns."""
        await audited.changing(viewer, action, work, at=self._clock())
        self._delegations.tokens.forget(viewer.organization_id)
