"""Consents for a whole organization under way: first the consent, and then a sign-in as its proof.

Each has a state of its own.  What a callback brings is stored, and nothing is exchanged for it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence

from together.providers.delegation import TenantClaim
from together.providers.errors import Misconfigured
from together.providers.values import Secret
from together.services.connections.attempts import (
    STATE_SECONDS,
    Attempts,
    hashed,
    locked_member,
    place_in,
)
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import Attempt, AttemptState, IntegrationSource
from together.store.transaction import transaction


class ConsentAttempts(Attempts):
    """Attempts of administrators, for everybody."""

    async def begin(
        self,
        viewer: Viewer,
        *,
        provider: str,
        choice: int,
        redirect_uri: str,
        token_url: str,
        return_to: str,
    ) -> Secret:
        """Keep a new attempt, and give the state of its consent."""
        state = secrets.token_urlsafe(32)

        async def work() -> None:
            await locked_member(viewer)
            await self.keep(
                viewer,
                state,
                purpose=IntegrationSource.ORGANIZATION,
                provider=provider,
                verifier="",
                redirect_uri=redirect_uri,
                token_url=token_url,
                return_to=return_to,
                generation=choice,
            )

        await transaction(work)
        return Secret(state)

    async def consented(
        self, attempt: Attempt, claim: TenantClaim, *, verifier: Secret, nonce: Secret
    ) -> Secret | None:
        """Use up the state, and give that of the sign-in; None when it was used or has expired."""
        state = secrets.token_urlsafe(32)
        attempt.state_hash = hashed(state)
        sealed = [
            await self.vault.seal(secret, place_in(attempt, column))
            for secret, column in ((verifier, "verifier"), (nonce, "nonce"))
        ]
        now = await database_now()
        used = await Attempt.filter(
            id=attempt.id,
            organization_id=attempt.organization_id,
            state=AttemptState.STARTED,
            expires_at__gt=now,
        ).update(
            state=AttemptState.CONSENTED,
            state_hash=attempt.state_hash,
            claim=json.dumps({"tenant": claim.tenant, "scopes": sorted(claim.scopes)}),
            verifier=sealed[0],
            nonce=sealed[1],
            expires_at=now + STATE_SECONDS,
        )
        return Secret(state) if used else None

    async def nonce_of(self, attempt: Attempt) -> str:
        """Open what the sign-in has to repeat."""
        if attempt.nonce is None:
            raise Misconfigured
        return (await self.vault.open(attempt.nonce, place_in(attempt, "nonce"))).reveal()


def claimed_by(attempt: Attempt) -> TenantClaim:
    """Read back what the consent said it is for."""
    if attempt.claim is None:
        raise Misconfigured
    told: dict[str, str | Sequence[str]] = json.loads(attempt.claim)
    return TenantClaim(str(told["tenant"]), frozenset(told["scopes"]))
