"""A member connects their own calendar, and disconnects it.

The callback of the service only stores what came; the member who started completes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from together.domain.addresses import BadAddress, checked_email
from together.domain.web_addresses import returns_to
from together.providers.contract import CalendarProvider
from together.providers.oauth import pkce
from together.providers.registry import Registry
from together.services.connections import disconnecting, effective, ways_on
from together.services.connections.attempts import Attempts, locked_member
from together.services.connections.callbacks import HANDLE, Callbacks
from together.services.connections.completing import Completing
from together.services.connections.grants import Grants
from together.services.connections.integrations import can_reconnect
from together.services.connections.offering import offered, refuse_unoffered
from together.services.refusals import (
    AlreadyConnected,
    ConnectionRefusal,
    ConsentNotFound,
    InvalidInput,
    ManagedByOrganization,
    NotConnected,
    ProviderUnknown,
    ReturnAddressRefused,
)
from together.services.signing_in.viewer import Viewer
from together.services.syncing.watches import unwatch_all
from together.store import audit
from together.store.database import Database
from together.store.models import Booking, Integration
from together.store.transaction import transaction
from together.store.vault import Vault


class Connecting:
    """The whole way from choosing a service to a calendar that can be read, and back."""

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
        self._registry, self._grants, self._vault = registry, grants, vault
        self._public_url, self._return_to = public_url.rstrip("/"), tuple(return_to)
        self._attempts, self._callbacks = Attempts(vault), Callbacks(registry, vault)
        self._completing = Completing(
            registry=registry, grants=grants, vault=vault, attempts=self._attempts, clock=clock
        )
        self._clock = clock

    async def start(
        self,
        viewer: Viewer,
        slug: str,
        *,
        return_to: str,
        login_hint: str | None = None,
        choose_account: bool = False,
    ) -> str:
        """Give the address at which the member consents."""
        try:
            provider = await self._offered(viewer, slug)
            if not returns_to(return_to, self._return_to):
                raise ReturnAddressRefused
            hint = None if login_hint is None else _checked_hint(login_hint)
            connected = await self._refuse_second(viewer, provider)
        except ConnectionRefusal as refusal:
            refusal.provider = slug if slug in self._registry.calendars else None
            await ways_on.fit(refusal, viewer, slug, registry=self._registry)
            raise
        if connected is not None and not choose_account:
            # Reconnecting is with the same account, so that is the one to suggest.
            hint = hint or connected.account_email
        verifier, challenge = pkce()
        redirect_uri = f"{self._public_url}/callback/{slug}"
        state = await self._attempts.start(
            viewer,
            provider=slug,
            verifier=verifier,
            redirect_uri=redirect_uri,
            token_url=provider.oauth.token_url,
            return_to=return_to,
        )
        return provider.oauth.url(
            redirect_uri=redirect_uri,
            state=state.reveal(),
            challenge=challenge,
            login_hint=hint,
            choose_account=choose_account,
        )

    async def _offered(self, viewer: Viewer, slug: str) -> CalendarProvider:
        await refuse_unoffered(viewer.organization_id, slug)
        provider = self._registry.calendars.get(slug)
        if provider is None:
            raise ProviderUnknown
        return provider

    async def _refuse_second(
        self, viewer: Viewer, provider: CalendarProvider
    ) -> Integration | None:
        """One calendar a member; consenting again is for a lost grant, or a box left unticked."""
        integration = await effective.personal(viewer).first()
        if integration is None:
            return None
        if integration.provider != provider.slug or not can_reconnect(integration, self._registry):
            raise AlreadyConnected
        return integration

    async def callback(self, slug: str, params: Mapping[str, str]) -> str:
        """Keep what the service sent, and give the address to go on to."""
        return await self._callbacks.arrived(slug, params)

    async def complete(self, viewer: Viewer, handle: str) -> Integration:
        """Exchange the code and connect; only the member who started may.

        Once begun it is carried to its end whatever becomes of the caller, because a code works
        once.  While the service is down the same handle can be tried again, as long as it lives.
        """
        if not HANDLE.match(handle):
            raise ConsentNotFound
        undisturbed = Database.current().client.undisturbed
        return await undisturbed.run(self._completing.complete(viewer, handle))

    async def disconnect(self, viewer: Viewer) -> list[Booking]:
        """Take the calendar out of use at once, and name the sessions ahead that stand in it."""
        at = self._clock()
        standing = await effective.personal(viewer).first()
        if standing is not None:
            await unwatch_all(standing, self._grants, now=at)

        async def work() -> list[Booking]:
            member = await locked_member(viewer)
            integration = await effective.personal(viewer).first()
            if integration is None:
                if (await offered(member.organization_id)).connected_with is not None:
                    raise ManagedByOrganization
                raise NotConnected
            ahead = await disconnecting.sessions_held_in(integration, after=at)
            handed = await disconnecting.taken_out_of_use(
                member,
                integration,
                grants=self._grants,
                vault=self._vault,
                leaves=False,
                at=at,
            )
            await disconnecting.raise_generation(member)
            await audit.record(
                organization_id=member.organization_id,
                actor_id=member.id,
                action="calendar.disconnected",
                subject=f"member:{member.id}",
                before={"provider": integration.provider, "state": integration.state.value},
                after={"sessions_handed_over": handed},
                at=at,
            )
            return ahead

        ahead = await transaction(work)
        await Database.current().truncate_log()
        return ahead


def _checked_hint(text: str) -> str:
    try:
        return checked_email(text)
    except BadAddress:
        raise InvalidInput("loginHint", "This is an e-mail address.") from None
