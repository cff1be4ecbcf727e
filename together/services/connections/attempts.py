"""Consents under way: every step is one conditional UPDATE, measured on the database's clock."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import timedelta
from typing import Any

from together.providers.errors import Misconfigured
from together.providers.values import Secret
from together.services.refusals import (
    ConsentNotFound,
    MemberDeactivated,
    StartedBySomebodyElse,
    TooManyAttempts,
)
from together.services.signing_in.viewer import Viewer
from together.store.clock import database_now
from together.store.models import Attempt, AttemptState, IntegrationSource, Member
from together.store.transaction import transaction
from together.store.vault import Place, Vault

log = logging.getLogger(__name__)

STATE_SECONDS = 600
HANDLE_SECONDS = 300
OPEN_AT_ONCE = 5
STARTED_A_DAY = 20
"""Each disconnection needs a connection before it, so this limits both."""

KEPT_SECONDS = 86_400
"""For which an attempt is counted, without its secrets."""

_WAITING = (AttemptState.STARTED, AttemptState.CONSENTED)
"""For what a service sends to a callback."""
_OPEN = (*_WAITING, AttemptState.RETURNED)
_OVER: dict[str, Any] = {
    "state": AttemptState.ENDED,
    "code": None,
    "verifier": "",
    "nonce": None,
    "claim": None,
}


class Attempts:
    """The rows of `Attempt`, and what is sealed in them."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault

    async def start(
        self,
        viewer: Viewer,
        *,
        provider: str,
        verifier: Secret,
        redirect_uri: str,
        token_url: str,
        return_to: str,
    ) -> Secret:
        """Keep a new attempt, and give its state."""
        state = secrets.token_urlsafe(32)
        place = place_of(viewer.organization_id, hashed(state), provider, "verifier")
        sealed = await self.vault.seal(verifier, place)
        told = {"redirect_uri": redirect_uri, "token_url": token_url, "return_to": return_to}

        async def work() -> None:
            member = await locked_member(viewer)
            await self.keep(
                viewer,
                state,
                provider=provider,
                verifier=sealed,
                generation=member.generation,
                **told,
            )

        await transaction(work)
        return Secret(state)

    async def keep(self, viewer: Viewer, state: str, **columns: Any) -> None:
        """Write it down, unless there are too many; belongs into a transaction."""
        await self._refuse_too_many(viewer)
        await Attempt.create(
            organization_id=viewer.organization_id,
            member_id=viewer.member_id,
            state_hash=hashed(state),
            expires_at=await database_now() + STATE_SECONDS,
            **columns,
        )

    async def returned(
        self, attempt: Attempt, *, code: Secret | None, error: str | None
    ) -> Secret | None:
        """Use up the state and give the handle; None when it was used or has expired."""
        if attempt.state not in _WAITING:
            return None
        handle = secrets.token_urlsafe(32)
        now = await database_now()
        sealed = None if code is None else await self.vault.seal(code, place_in(attempt, "code"))
        used = await Attempt.filter(
            id=attempt.id,
            organization_id=attempt.organization_id,
            state=attempt.state,
            state_hash=attempt.state_hash,
            expires_at__gt=now,
        ).update(
            state=AttemptState.RETURNED,
            handle_hash=hashed(handle),
            code=sealed,
            error=error,
            expires_at=now + HANDLE_SECONDS,
        )
        return Secret(handle) if used else None

    async def claimed(
        self,
        viewer: Viewer,
        handle: str,
        *,
        purpose: IntegrationSource = IntegrationSource.INDIVIDUAL,
    ) -> Attempt:
        """Take the attempt behind a handle, once, for the member who started it.

        Anybody else who holds the handle ends it: what they consented to is not the starter's.
        """
        attempt = await Attempt.get_or_none(handle_hash=hashed(handle), purpose=purpose)
        if attempt is None:
            raise ConsentNotFound
        mine = (viewer.member_id, viewer.organization_id) == (
            attempt.member_id,
            attempt.organization_id,
        )
        live = await self._ended(attempt)
        if not live:
            raise ConsentNotFound
        if not mine:
            log.info("attempt %s was completed by member %s", attempt.id, viewer.member_id)
            raise StartedBySomebodyElse
        return attempt

    async def outlasts(self, attempt: Attempt, wait: timedelta | None) -> bool:
        """Whether the handle still works when its service wants to be asked again."""
        seconds = 0 if wait is None else wait.total_seconds()
        return bool(attempt.expires_at > await database_now() + seconds)

    async def put_back(self, attempt: Attempt, *, held: str | None = None) -> None:
        """Let the handle be tried again: with its code, which most likely never arrived.

        Where that was exchanged, `held` names what holds the grant, and takes its place.
        """
        if held is not None:
            attempt.code = await self.vault.seal(Secret(held), place_in(attempt, "grant"))
            attempt.verifier = ""
        await Attempt.filter(
            id=attempt.id,
            organization_id=attempt.organization_id,
            state=AttemptState.ENDED,
            expires_at__gt=await database_now(),
        ).update(
            state=AttemptState.RETURNED,
            code=attempt.code,
            handle_hash=attempt.handle_hash,
            verifier=attempt.verifier,
            nonce=attempt.nonce,
            claim=attempt.claim,
        )

    async def end(self, attempt: Attempt) -> None:
        """End an attempt, however far it came."""
        await Attempt.filter(id=attempt.id, organization_id=attempt.organization_id).update(**_OVER)

    async def secrets_of(self, attempt: Attempt) -> tuple[Secret, Secret]:
        """Open the code and the verifier."""
        if attempt.code is None:
            raise Misconfigured
        return (
            await self.vault.open(attempt.code, place_in(attempt, "code")),
            await self.vault.open(attempt.verifier, place_in(attempt, "verifier")),
        )

    async def held_by(self, attempt: Attempt) -> str | None:
        """Name what holds the grant, where the code was exchanged before."""
        if attempt.code is None or attempt.verifier:
            return None
        return (await self.vault.open(attempt.code, place_in(attempt, "grant"))).reveal()

    async def _ended(self, attempt: Attempt) -> bool:
        return bool(
            await Attempt.filter(
                id=attempt.id,
                organization_id=attempt.organization_id,
                state=AttemptState.RETURNED,
                handle_hash=attempt.handle_hash,
                expires_at__gt=await database_now(),
            ).update(**_OVER)
        )

    async def _refuse_too_many(self, viewer: Viewer) -> None:
        now = await database_now()
        mine = Attempt.filter(organization_id=viewer.organization_id, member_id=viewer.member_id)
        await mine.filter(expires_at__lte=now - KEPT_SECONDS).delete()
        if await mine.filter(state__in=_OPEN, expires_at__gt=now).count() >= OPEN_AT_ONCE:
            raise TooManyAttempts
        if await mine.count() >= STARTED_A_DAY:
            raise TooManyAttempts("Too many connections were started today. Try again tomorrow.")


async def found_by_state(state: str) -> Attempt | None:
    """Find the attempt behind a state: a callback brings nobody's name, and this is its proof."""
    return await Attempt.get_or_none(state_hash=hashed(state))


async def forget(*, now: int) -> int:
    """Take the secrets out of what has expired, and delete what is not counted any more."""
    expired = Attempt.filter(expires_at__lte=now, state__in=_OPEN)
    emptied = int(await expired.update(**_OVER))
    return emptied + int(await Attempt.filter(expires_at__lte=now - KEPT_SECONDS).delete())


async def end_all(*, organization_id: int, member_id: int) -> None:
    """End every consent a member has under way."""
    await Attempt.filter(
        organization_id=organization_id, member_id=member_id, state__in=_OPEN
    ).update(**_OVER)


async def locked_member(viewer: Viewer) -> Member:
    """Hold the viewer's row to the end of the transaction, as it stands now."""
    member = (
        await Member.filter(id=viewer.member_id, organization_id=viewer.organization_id)
        .select_for_update()
        .get_or_none()
    )
    if member is None or not member.active:
        raise MemberDeactivated
    return member


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def place_in(attempt: Attempt, column: str) -> Place:
    return place_of(attempt.organization_id, attempt.state_hash, attempt.provider, column)


def place_of(organization_id: int, state_hash: str, provider: str, column: str) -> Place:
    return Place(
        organization_id=organization_id,
        purpose="attempt",
        table="attempt",
        column=column,
        row=state_hash,
        provider=provider,
    )
