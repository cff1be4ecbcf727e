"""An administrator consents for everybody at the service, and proves whose administrator they are.

The callbacks of consent and sign-in only store what came; the administrator who started completes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from together.domain.web_addresses import returns_to
from together.providers.contract import CalendarProvider
from together.providers.delegation import ConsentDelegation, Credential
from together.providers.errors import (
    AdminApprovalRequired,
    ConsentDeclined,
    NeedsTime,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    WrongTenant,
)
from together.providers.registry import Registry
from together.providers.values import Capability
from together.services.connections import sealing, trouble
from together.services.connections.callbacks import HANDLE
from together.services.connections.grants import Grants
from together.services.connections.next_steps import NextStep
from together.services.organization import delegation_refusals, set_up_words
from together.services.organization.consent_attempts import ConsentAttempts, claimed_by
from together.services.organization.delegation_refusals import (
    AdministratorNeeded,
    DelegationNotOffered,
    OrganizationConsentDeclined,
    OrganizationNotProved,
    SetUpChanged,
    SetUpIncomplete,
)
from together.services.organization.set_up_rows import looks_after, standing, take_in
from together.services.refusals import (
    ConnectionRefusal,
    ConsentNotFound,
    NotAvailableHere,
    ProviderDown,
    Refusal,
    ReturnAddressRefused,
)
from together.services.signing_in.viewer import Viewer
from together.store.database import Database
from together.store.models import (
    Attempt,
    DelegationState,
    IntegrationSource,
    OrganizationIntegration,
)
from together.store.vault import Vault

_AT_CALLBACK: Mapping[str, type[Refusal]] = {
    ConsentDeclined.__name__: OrganizationConsentDeclined,
    WrongTenant.__name__: delegation_refusals.WrongTenant,
    AdminApprovalRequired.__name__: AdministratorNeeded,
}
_PASSING = frozenset({ProviderUnavailable.__name__, RateLimited.__name__})


class OrganizationConsents:
    """From choosing a service to a consent that it proved, where access is given in this way."""

    def __init__(
        self,
        *,
        registry: Registry,
        grants: Grants,
        vault: Vault,
        public_url: str,
        return_to: Sequence[str],
        clock: Callable[[], int],
    ) -> None:
        self._registry, self._grants = registry, grants
        self._public_url, self._return_to = public_url.rstrip("/"), tuple(return_to)
        self._attempts = ConsentAttempts(vault)
        self._clock, self._now = clock, sealing.moment(clock)

    async def start(self, viewer: Viewer, *, return_to: str) -> str:
        """Give the address at which the administrator consents for everybody."""
        looks_after(viewer)
        row = await standing(viewer)
        if row is None or row.provider is None or row.state is DelegationState.OFF:
            raise SetUpIncomplete([set_up_words.CHOOSE])
        provider, delegation = self._offered(row)
        if not returns_to(return_to, self._return_to):
            raise ReturnAddressRefused
        redirect_uri = f"{self._public_url}/callback/{provider.slug}"
        try:
            state = await self._attempts.begin(
                viewer,
                provider=provider.slug,
                choice=row.choice,
                redirect_uri=redirect_uri,
                token_url=provider.oauth.token_url,
                return_to=return_to,
            )
        except ConnectionRefusal as refusal:
            raise _fitted(refusal, provider.slug) from None
        return delegation.consent_url(
            redirect_uri=redirect_uri,
            state=state.reveal(),
            capabilities=Capability(row.capabilities),
        )

    async def complete(self, viewer: Viewer, handle: str) -> None:
        """Exchange the sign-in for its proof, and keep what it proves; only who started may.

        Once begun it is carried to its end whatever becomes of the caller, because a code works
        once.  While the service is down the same handle can be tried again, as long as it lives.
        """
        looks_after(viewer)
        if not HANDLE.match(handle):
            raise _fitted(ConsentNotFound(), None)
        undisturbed = Database.current().client.undisturbed
        await undisturbed.run(self._completed(viewer, handle))

    async def _completed(self, viewer: Viewer, handle: str) -> None:
        slug = None
        try:
            attempt = await self._attempts.claimed(
                viewer, handle, purpose=IntegrationSource.ORGANIZATION
            )
            slug = attempt.provider
            await self._taken_in(viewer, attempt)
        except ConnectionRefusal as refusal:
            raise _fitted(refusal, slug) from None

    async def _taken_in(self, viewer: Viewer, attempt: Attempt) -> None:
        if attempt.error is not None:
            # There is no code to try again with; of our own faults the operator was told.
            if attempt.error in _PASSING:
                raise ProviderDown(over=True)
            raise _AT_CALLBACK.get(attempt.error, NotAvailableHere)
        row = await standing(viewer)
        if row is None or row.choice != attempt.generation or row.state is DelegationState.OFF:
            raise SetUpChanged
        provider, delegation = self._offered(row)
        if provider.oauth.token_url != attempt.token_url:
            raise ConsentNotFound
        await take_in(
            viewer,
            row,
            await self._proved(attempt, delegation),
            delegations=self._grants.delegations,
            action="integration.consented",
            words=set_up_words.BY_CONSENT,
            at=self._clock(),
        )

    async def _proved(self, attempt: Attempt, delegation: ConsentDelegation) -> Credential:
        try:
            code, verifier = await self._attempts.secrets_of(attempt)
            nonce = await self._attempts.nonce_of(attempt)
            async with self._grants.client() as http:
                return await delegation.prove(
                    http,
                    claimed_by(attempt),
                    code=code,
                    verifier=verifier,
                    nonce=nonce,
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
            raise _refusal(error, slug=attempt.provider) from None

    def _offered(self, row: OrganizationIntegration) -> tuple[CalendarProvider, ConsentDelegation]:
        """Give what was chosen; another package with the same slug was not."""
        slug = row.provider or ""
        provider = self._registry.calendars.get(slug)
        if provider is None or self._registry.distributions.get(slug) != row.distribution:
            raise DelegationNotOffered
        if not isinstance(provider.delegation, ConsentDelegation):
            raise DelegationNotOffered
        return provider, provider.delegation


def _refusal(error: ProviderError, *, slug: str) -> Refusal:
    """Say what the sign-in came to; what only the operator can mend is logged for them."""
    match error:
        case WrongTenant():
            return delegation_refusals.WrongTenant()
        case AdminApprovalRequired():
            return AdministratorNeeded()
        case ConsentDeclined():
            return OrganizationNotProved()
    trouble.tell_the_operator(error, about=f"an organization's consent at {slug}")
    return NotAvailableHere()


def _fitted(refusal: ConnectionRefusal, slug: str | None) -> ConnectionRefusal:
    """Leave only the way on that an administrator has too: to send the same again, later."""
    refusal.provider = slug
    refusal.next_steps = tuple(s for s in refusal.next_steps if s is NextStep.TRY_LATER)
    return refusal
