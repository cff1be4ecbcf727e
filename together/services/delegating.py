"""An administrator connects everybody: in steps that can each be left, and taken up later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from together.providers.delegation import Delegation, KeyDelegation
from together.providers.errors import ProviderError, UnusableKey
from together.providers.registry import Registry
from together.providers.values import Capability, Secret
from together.services import delegation_state, everybody, set_up_words
from together.services.delegated import Delegations
from together.services.delegation_refusals import (
    CredentialTaken,
    DelegationNotOffered,
    IntegrationInUse,
    KeyUnusable,
    SetUpChanged,
    SetUpIncomplete,
    told,
)
from together.services.effective import MANAGED
from together.services.offering import looks_after_integrations
from together.services.proved import domains_of
from together.services.refusals import Forbidden
from together.services.set_up_checks import mailbox_address, owner_address
from together.services.set_up_status import Preview, Status, preview_of, steps_of
from together.services.viewer import Viewer
from together.store import audit
from together.store.clock import database_now
from together.store.database import Database
from together.store.models import (
    ConnectionMethod,
    DelegationState,
    Organization,
    OrganizationIntegration,
)
from together.store.refused import Taken
from together.store.scope import Scope
from together.store.transaction import transaction

KEY_REPLACED = "KeyReplaced"
_LARGEST_KEY = 65_536
_NO_CREDENTIAL: dict[str, Any] = {
    "credential": None,
    "credential_id": None,
    "credential_name": None,
    "key_id": None,
    "verified_at": None,
    "verified_mailbox": None,
}


class OrganizationIntegrations:
    """The integration of the viewer's organization.  All of it is audited."""

    def __init__(
        self, *, registry: Registry, delegations: Delegations, clock: Callable[[], int]
    ) -> None:
        self._registry, self._delegations, self._clock = registry, delegations, clock

    async def status(self, viewer: Viewer) -> Status:
        """Say what is done, what is missing, and what comes next."""
        _looks_after(viewer)
        row = await _row(viewer) or OrganizationIntegration(organization_id=viewer.organization_id)
        domains = await domains_of(viewer.organization_id)
        organization = await Organization.get(id=viewer.organization_id)
        missing = set_up_words.missing(row, domains, slug=organization.slug)
        return Status(
            row=row,
            domains=domains,
            steps=steps_of(row, registry=self._registry),
            missing=missing,
            next=set_up_words.next_step(row, missing),
        )

    async def preview(self, viewer: Viewer) -> Preview:
        """Count whom activating would reach, and whom it would not."""
        _looks_after(viewer)
        return await preview_of(viewer.organization_id)

    async def set_up(
        self, viewer: Viewer, *, provider: str, owner_email: str | None, limited: bool
    ) -> None:
        """Choose the service, who is told of failures, and how much is wanted."""
        _looks_after(viewer)
        delegation = self._delegation(provider)
        wanted = Capability.FREE_BUSY if limited else Capability.FREE_BUSY | Capability.EVENTS
        if wanted not in delegation.offers:
            raise DelegationNotOffered
        owner = None if owner_email is None else await owner_address(viewer, owner_email)

        async def work() -> None:
            row = await self._taken(viewer, "integration.set_up")
            chosen = (row.provider, row.distribution, row.capabilities)
            said = (provider, self._registry.distributions[provider], wanted.value)
            columns: dict[str, Any] = {"owner_email": owner}
            if chosen != said:
                if row.state in MANAGED:
                    raise IntegrationInUse
                if chosen[:2] != said[:2]:
                    columns |= _NO_CREDENTIAL
                columns |= {
                    "provider": said[0],
                    "distribution": said[1],
                    "capabilities": said[2],
                    "verified_at": None,
                    "verified_mailbox": None,
                    "state": DelegationState.SETTING_UP,
                    "since": self._clock(),
                    "reason": None,
                }
            elif row.state is DelegationState.OFF:
                columns |= {"state": DelegationState.SETTING_UP, "since": self._clock()}
            await _change(row, method=ConnectionMethod.DOMAIN_WIDE, **columns)

        await transaction(work)

    async def upload_key(self, viewer: Viewer, key: Secret) -> None:
        """Seal the key, which nothing is read with before it is verified."""
        _looks_after(viewer)
        row = await _row(viewer)
        if row is None or row.provider is None:
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
        row.credential_id = credential.id
        sealed = await self._delegations.sealed(row, credential.secret)
        slug = row.provider

        async def work() -> None:
            now = await self._taken(viewer, "integration.key_uploaded")
            if now.provider != slug:
                raise SetUpChanged
            at = self._clock()
            columns: dict[str, Any] = {
                "credential": sealed,
                "credential_id": credential.id,
                "credential_name": credential.name,
                "key_id": credential.key_id,
                "verified_at": None,
                "state": DelegationState.SETTING_UP,
                "since": at,
                "reason": None,
            }
            if now.state in MANAGED:
                # What it was verified on is kept: whoever verifies again may name another.
                columns |= {"state": DelegationState.FAILING, "reason": KEY_REPLACED}
                await delegation_state.members_fail(now.organization_id, KEY_REPLACED, at=at)
            await _change(now, **columns)

        try:
            await transaction(work)
        except Taken:
            raise CredentialTaken from None

    async def verify(self, viewer: Viewer, mailbox: str) -> None:
        """Try everything on one real mailbox; nothing that stands in it is kept."""
        _looks_after(viewer)
        row = await _row(viewer)
        domains = await domains_of(viewer.organization_id)
        if row is None or row.credential is None or not domains:
            organization = await Organization.get(id=viewer.organization_id)
            empty = OrganizationIntegration(organization_id=viewer.organization_id)
            missing = set_up_words.missing(row or empty, domains, slug=organization.slug)
            raise SetUpIncomplete(set_up_words.before_verifying(missing))
        address = mailbox_address(mailbox, domains)
        # Before the service is asked: that somebody looked is written down whatever comes of it.
        await self._noted(viewer, "integration.verification", f"mailbox:{address}"[:60])
        try:
            await self._delegations.verified(row, address)
        except ProviderError as error:
            raise told(error, about=f"organization {row.organization_id}") from None
        at = self._clock()

        async def work() -> None:
            now = await self._taken(viewer, "integration.verified")
            if (now.generation, now.credential) != (row.generation, row.credential):
                raise SetUpChanged
            fresh: dict[str, Any] = {"verified_at": at, "verified_mailbox": address}
            if now.state is DelegationState.FAILING:
                await OrganizationIntegration.filter(id=now.id).update(**fresh, probed_at=at)
                await delegation_state.healthy(now, at=at)
            elif now.state is DelegationState.ACTIVE:
                await OrganizationIntegration.filter(id=now.id).update(**fresh, probed_at=at)
            else:
                await _change(now, **fresh, state=DelegationState.VERIFIED, since=at, reason=None)

        await transaction(work)

    async def activate(self, viewer: Viewer, *, provider: str) -> None:
        """Look after everybody's calendar from now on; personal connections are suspended.

        `provider` is what the administrator saw: another one may have chosen anew since.
        """
        _looks_after(viewer)

        async def work() -> None:
            row = await self._taken(viewer, "integration.activated")
            if row.provider != provider:
                raise SetUpChanged
            if row.state in MANAGED:
                return
            if row.state is not DelegationState.VERIFIED:
                domains = await domains_of(viewer.organization_id)
                organization = await Organization.get(id=viewer.organization_id)
                missing = set_up_words.missing(row, domains, slug=organization.slug)
                raise SetUpIncomplete(set_up_words.before_activating(missing))
            at = self._clock()
            await everybody.suspend(viewer.organization_id, at=at)
            await _change(row, state=DelegationState.ACTIVE, since=at, reason=None, probed_at=at)
            await delegation_state.arrange_later(viewer.organization_id, stamp=await database_now())

        await transaction(work)
        await Database.current().truncate_log()

    async def turn_off(self, viewer: Viewer, *, provider: str) -> None:
        """Let members connect calendars themselves again; the key is destroyed."""
        _looks_after(viewer)

        async def work() -> None:
            row = await self._taken(viewer, "integration.turned_off")
            if row.provider != provider:
                raise SetUpChanged
            if row.state is DelegationState.OFF:
                return
            if row.state in MANAGED:
                await everybody.take_away(viewer.organization_id)
                await delegation_state.arrange_later(
                    viewer.organization_id, stamp=await database_now()
                )
            await _change(
                row,
                **_NO_CREDENTIAL,
                method=ConnectionMethod.INDIVIDUAL,
                state=DelegationState.OFF,
                since=self._clock(),
                reason=None,
            )

        await transaction(work)
        await Database.current().truncate_log()

    def _delegation(self, slug: str) -> Delegation:
        provider = self._registry.calendars.get(slug)
        if provider is None or provider.delegation is None:
            raise DelegationNotOffered
        return provider.delegation

    async def _taken(self, viewer: Viewer, action: str) -> OrganizationIntegration:
        """Hold the row, and write the line of the log, which makes administrators take turns."""
        await self._noted(viewer, action, f"organization:{viewer.organization_id}")
        held = Scope(viewer.organization_id)(OrganizationIntegration).select_for_update()
        row = await held.first()
        if row is None:
            row = await OrganizationIntegration.create(organization_id=viewer.organization_id)
        return row

    async def _noted(self, viewer: Viewer, action: str, subject: str) -> None:
        await audit.record(
            viewer.organization_id,
            at=self._clock(),
            actor_id=viewer.member_id,
            action=action,
            subject=subject,
        )


async def _row(viewer: Viewer) -> OrganizationIntegration | None:
    return await delegation_state.of(viewer.organization_id)


async def _change(row: OrganizationIntegration, **columns: Any) -> None:
    """Change it, so that nothing goes on which began before."""
    await OrganizationIntegration.filter(id=row.id, organization_id=row.organization_id).update(
        **columns, generation=row.generation + 1
    )


def _looks_after(viewer: Viewer) -> None:
    if not looks_after_integrations(viewer):
        raise Forbidden
