"""The row of an organization's integration, as its administrators take turns at it."""

from __future__ import annotations

from typing import Any

from together.providers.delegation import Credential
from together.services.connections.effective import MANAGED
from together.services.connections.offering import looks_after_integrations
from together.services.organization import audited, delegation_state
from together.services.organization.delegated import Delegations
from together.services.organization.delegation_refusals import CredentialTaken, SetUpChanged
from together.services.organization.set_up_words import Words
from together.services.refusals import Forbidden
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import DelegationState, OrganizationIntegration
from together.store.refused import Taken
from together.store.scope import Scope

NO_CREDENTIAL: dict[str, Any] = {
    "credential": None,
    "credential_id": None,
    "credential_name": None,
    "key_id": None,
    "verified_at": None,
    "verified_mailbox": None,
}


def looks_after(viewer: Viewer) -> None:
    """Refuse everybody who does not look after integrations."""
    if not looks_after_integrations(viewer):
        raise Forbidden


async def standing(viewer: Viewer) -> OrganizationIntegration | None:
    """Read the row of the viewer's organization."""
    return await delegation_state.of(viewer.organization_id)


async def held(viewer: Viewer) -> OrganizationIntegration:
    """Hold the row to the end of the transaction."""
    row = await Scope(viewer.organization_id)(OrganizationIntegration).select_for_update().first()
    if row is None:
        row = await OrganizationIntegration.create(organization_id=viewer.organization_id)
    return row


async def change(row: OrganizationIntegration, **columns: Any) -> None:
    """Change it, so that nothing goes on which began before."""
    await OrganizationIntegration.filter(id=row.id, organization_id=row.organization_id).update(
        **columns, generation=row.generation + 1
    )


async def take_in(
    viewer: Viewer,
    row: OrganizationIntegration,
    credential: Credential,
    *,
    delegations: Delegations,
    action: str,
    words: Words,
    at: int,
) -> None:
    """Seal a credential, in the place of one before, that was made for the row as it was then.

    Nothing is read with it before it is verified.
    """
    row.credential_id = credential.id
    sealed = await delegations.sealed(row, credential.secret)
    choice = row.choice
    stamp = await database_now()

    async def work() -> None:
        now = await held(viewer)
        if now.choice != choice or now.state is DelegationState.OFF:
            raise SetUpChanged
        columns: dict[str, Any] = {
            "credential": sealed,
            "credential_id": credential.id,
            "credential_name": credential.name,
            "key_id": credential.key_id,
            "verified_at": None,
            "state": DelegationState.SETTING_UP,
            "since": at,
            "reason": None,
            "choice": choice + 1,
        }
        if now.state in MANAGED:
            # What it was verified on is kept: whoever verifies again may name another.
            columns |= {"state": DelegationState.FAILING, "reason": words.replaced}
            if now.state is DelegationState.ACTIVE:
                await delegation_state.members_fail(now, words.replaced, at=at, stamp=stamp)
        await change(now, **columns)

    try:
        await audited.changing(viewer, action, work, at=at)
    except Taken:
        raise CredentialTaken(words.taken) from None
    delegations.tokens.forget(viewer.organization_id)
