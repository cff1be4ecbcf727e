"""Exchanges a code, looks at what came of it, and connects: or says no and keeps nothing."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from together.providers.contract import CalendarProvider
from together.providers.errors import (
    AdminApprovalRequired,
    AuthorizationExpired,
    ConsentDeclined,
    NeedsTime,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    Refused,
)
from together.providers.registry import Registry
from together.providers.values import Access, Account, Capability, Grant
from together.services.connections import revoking, sealing, trouble, ways_on
from together.services.connections.attempts import Attempts
from together.services.connections.connected import Consent, connected, refuse_another
from together.services.connections.grants import Grants
from together.services.refusals import (
    AccountWithoutCalendar,
    ApprovalRequired,
    ConnectionRefusal,
    ConsentNotFound,
    ConsentWasDeclined,
    NotAvailableHere,
    ProviderDown,
    ProviderUnknown,
    Refusal,
    ScopeMissing,
)
from together.services.signing_in.viewer import Viewer
from together.store.models import Attempt, Integration, IntegrationSource, Member
from together.store.transaction import transaction
from together.store.vault import Vault

log = logging.getLogger(__name__)

_AT_CONSENT: Mapping[str, type[ConnectionRefusal]] = {
    ConsentDeclined.__name__: ConsentWasDeclined,
    AdminApprovalRequired.__name__: ApprovalRequired,
}
_PASSING = frozenset({ProviderUnavailable.__name__, RateLimited.__name__})

HELD = 60
"""Seconds for which a grant is kept after its handle, so that whoever comes last finds it."""


class Completing:
    """The second half of connecting, by the member who started the first."""

    def __init__(
        self,
        *,
        registry: Registry,
        grants: Grants,
        vault: Vault,
        attempts: Attempts,
        clock: Callable[[], int],
    ) -> None:
        self._registry, self._grants, self._vault = registry, grants, vault
        self._attempts, self._clock = attempts, clock
        self._now = sealing.moment(clock)

    async def complete(self, viewer: Viewer, handle: str) -> Integration:
        """Connect with what the handle stands for, once."""
        attempt = await self._attempts.claimed(viewer, handle)
        try:
            return await self._completed(viewer, attempt)
        except ConnectionRefusal as refusal:
            refusal.provider = attempt.provider
            await ways_on.fit(refusal, viewer, attempt.provider, registry=self._registry)
            raise

    async def _completed(self, viewer: Viewer, attempt: Attempt) -> Integration:
        if attempt.error is not None:
            # There is no code to try again with; of our own faults the operator was told.
            if attempt.error in _PASSING:
                raise ProviderDown(over=True)
            raise _AT_CONSENT.get(attempt.error, NotAvailableHere)
        provider = self._registry.calendars.get(attempt.provider)
        current = await Member.exists(
            id=viewer.member_id,
            organization_id=viewer.organization_id,
            generation=attempt.generation,
            active=True,
        )
        if provider is None:
            raise ProviderUnknown
        if not current or provider.oauth.token_url != attempt.token_url:
            raise ConsentNotFound
        return await self._connect(viewer, attempt, provider)

    async def _connect(
        self, viewer: Viewer, attempt: Attempt, provider: CalendarProvider
    ) -> Integration:
        grant = await self._taken_back(attempt) or await self._exchanged(attempt, provider)
        account: Account | None = None
        try:
            capabilities = provider.oauth.capabilities(grant.scopes)
            async with self._grants.signed(provider, grant=_always(grant), renew=_never) as http:
                calendars = provider.open(Access(http=http, capabilities=capabilities))
                # First of all: whether it may be given back depends on whose it is.
                account = await calendars.whoami()
                await refuse_another(viewer, provider=provider.slug, account=account)
                if grant.refresh_token is None and provider.oauth.lasting:
                    log.warning("attempt %s: %s gave no refresh token", attempt.id, provider.slug)
                    raise ScopeMissing(ScopeMissing.not_lasting)
                if Capability.FREE_BUSY not in capabilities:
                    raise ScopeMissing
                listed = await calendars.list()
            if not listed:
                raise AccountWithoutCalendar
            consent = Consent(
                provider=provider.slug,
                distribution=self._registry.distributions[provider.slug],
                account=account,
                capabilities=capabilities,
                grant=grant,
                calendars=listed,
            )
            return await connected(
                viewer,
                consent,
                generation=attempt.generation,
                vault=self._vault,
                at=self._clock(),
            )
        except Refusal:
            await self._give_back(viewer, provider, grant, account)
            raise
        except ProviderError as error:
            if isinstance(error, NeedsTime) and await self._attempts.outlasts(
                attempt, error.retry_after
            ):
                await self._hold(viewer, attempt, grant, account)
                raise ProviderDown(error.retry_after) from None
            await self._give_back(viewer, provider, grant, account)
            if isinstance(error, Refused):
                raise AccountWithoutCalendar from None
            raise _refusal(error, slug=provider.slug) from None

    async def _exchanged(self, attempt: Attempt, provider: CalendarProvider) -> Grant:
        try:
            code, verifier = await self._attempts.secrets_of(attempt)
            async with self._grants.client() as http:
                return await provider.oauth.exchange(
                    http,
                    code=code,
                    verifier=verifier,
                    redirect_uri=attempt.redirect_uri,
                    now=self._now(),
                )
        except NeedsTime as error:
            # Most likely the code never arrived.  If it did, the next try finds it used up.
            if not await self._attempts.outlasts(attempt, error.retry_after):
                raise ProviderDown(error.retry_after, over=True) from None
            await self._attempts.put_back(attempt)
            raise ProviderDown(error.retry_after) from None
        except ProviderError as error:
            raise _refusal(error, slug=provider.slug) from None

    async def _taken_back(self, attempt: Attempt) -> Grant | None:
        """Give the grant that was held; None where the code is still to be exchanged."""
        try:
            held = await self._attempts.held_by(attempt)
            if held is None:
                return None
            grant = await self._grants.revocations.taken_back(
                held, organization_id=attempt.organization_id
            )
        except ProviderError as error:
            raise _refusal(error, slug=attempt.provider) from None
        if grant is None:
            raise ConsentNotFound
        return grant

    async def _hold(
        self, viewer: Viewer, attempt: Attempt, grant: Grant, account: Account | None
    ) -> None:
        """Let the handle be tried again, though its code is used up.

        The grant waits in the job that gives it back, so that it goes back by itself however the
        attempt ends.
        """

        async def work() -> None:
            held = await self._grants.revocations.queue(
                organization_id=viewer.organization_id,
                provider=attempt.provider,
                account=account or Account("", ""),
                capabilities=Capability(0),
                grant=grant,
                member_id=viewer.member_id,
                due_at=attempt.expires_at + HELD,
            )
            await self._attempts.put_back(attempt, held=held)

        await transaction(work)

    async def _give_back(
        self, viewer: Viewer, provider: CalendarProvider, grant: Grant, account: Account | None
    ) -> None:
        """Revoke what is not kept, unless that would end a connection which stands.

        The services end every grant of an account at once.  So nothing is revoked for an account
        that somebody is connected with, nor for one that may be the member's own.
        """
        if provider.oauth.revoke_url is None:
            return
        organization_id = viewer.organization_id

        async def work() -> None:
            if account is None:
                spared = await Integration.exists(
                    organization_id=organization_id,
                    member_id=viewer.member_id,
                    provider=provider.slug,
                    source=IntegrationSource.INDIVIDUAL,
                )
            else:
                spared = await revoking.stands(provider.slug, account)
            if spared:
                return
            await self._grants.revocations.queue(
                organization_id=organization_id,
                provider=provider.slug,
                account=account or Account("", ""),
                capabilities=Capability(0),
                grant=grant,
                member_id=viewer.member_id,
            )

        await transaction(work)


def _refusal(error: ProviderError, *, slug: str) -> Refusal:
    """Say in our words what came of it; what only the operator can mend is logged for them."""
    match error:
        case ConsentDeclined():
            return ConsentWasDeclined()
        case AdminApprovalRequired():
            return ApprovalRequired()
        case AuthorizationExpired():
            return ConsentNotFound()
        case NeedsTime():
            return ProviderDown(error.retry_after, over=True)
    trouble.tell_the_operator(error, about=f"connecting {slug}")
    return NotAvailableHere()


def _always(grant: Grant) -> Callable[[], Awaitable[Grant]]:
    async def same() -> Grant:
        return grant

    return same


async def _never(grant: Grant) -> Grant:
    """A token that is refused at birth belongs to a consent which was taken back."""
    raise AuthorizationExpired
