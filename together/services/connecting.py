"""A member connects their own calendar, and disconnects it.

The callback of the service only stores what came; the member who started completes it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from together.domain.addresses import BadAddress, checked_email
from together.domain.web_addresses import returns_to
from together.providers.contract import CalendarProvider
from together.providers.errors import Misconfigured, ProviderError
from together.providers.oauth import pkce
from together.providers.registry import Registry
from together.providers.values import Secret
from together.services import disconnecting, effective, trouble, ways_on
from together.services.attempts import Attempts, found_by_state, locked_member
from together.services.completing import Completing
from together.services.grants import Grants
from together.services.integrations import can_reconnect
from together.services.offering import offered, refuse_unoffered
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
from together.services.viewer import Viewer
from together.store import audit
from together.store.database import Database
from together.store.models import Booking, Integration
from together.store.transaction import transaction
from together.store.vault import Vault

log = logging.getLogger(__name__)

LONGEST_CODE = 4096
_HANDLE = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")


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
        self._attempts = Attempts(vault)
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
        """Keep what the service sent, and give the address to return to, with a handle.

        Where the state is not one that waits here there is no address to trust: the caller shows
        a page of its own for `ConsentNotFound`.
        """
        state = params.get("state", "")
        attempt = await found_by_state(state) if _HANDLE.match(state) else None
        if attempt is None:
            raise ConsentNotFound
        provider = self._registry.calendars.get(attempt.provider)
        if provider is None or attempt.provider != slug or _another_issuer(provider, params):
            log.warning("attempt %s: an answer that is not its service's", attempt.id)
            await self._attempts.end(attempt)
            raise ConsentNotFound
        code, refused = _answer(provider, params)
        error = None if refused is None else type(refused).__name__
        handle = await self._attempts.returned(attempt, code=code, error=error)
        if handle is None:
            raise ConsentNotFound
        if isinstance(refused, Misconfigured):
            trouble.tell_the_operator(refused, about=f"attempt {attempt.id}, connecting {slug}")
        return _with_handle(attempt.return_to, handle.reveal())

    async def complete(self, viewer: Viewer, handle: str) -> Integration:
        """Exchange the code and connect; only the member who started may.

        Once begun it is carried to its end whatever becomes of the caller, because a code works
        once.  While the service is down the same handle can be tried again, as long as it lives.
        """
        if not _HANDLE.match(handle):
            raise ConsentNotFound
        undisturbed = Database.current().client.undisturbed
        return await undisturbed.run(self._completing.complete(viewer, handle))

    async def disconnect(self, viewer: Viewer) -> list[Booking]:
        """Take the calendar out of use at once, and name the sessions ahead that stand in it."""
        at = self._clock()

        async def work() -> list[Booking]:
            member = await locked_member(viewer)
            integration = await effective.personal(viewer).first()
            if integration is None:
                if (await offered(member.organization_id)).connected_with is not None:
                    raise ManagedByOrganization
                raise NotConnected
            ahead = await disconnecting.sessions_held_in(integration, after=at)
            await disconnecting.taken_out_of_use(
                member, integration, grants=self._grants, vault=self._vault, leaves=False
            )
            await disconnecting.raise_generation(member)
            await audit.record(
                organization_id=member.organization_id,
                actor_id=member.id,
                action="calendar.disconnected",
                subject=f"member:{member.id}",
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


def _another_issuer(provider: CalendarProvider, params: Mapping[str, str]) -> bool:
    """Whether RFC 9207's `iss` is sent and is not of the origin where the member consented."""
    issuer = params.get("iss")
    if issuer is None:
        return False
    known = urlsplit(provider.oauth.authorize_url)
    try:
        said = urlsplit(issuer)
    except ValueError:
        return True
    return (said.scheme, said.netloc) != (known.scheme, known.netloc)


def _answer(
    provider: CalendarProvider, params: Mapping[str, str]
) -> tuple[Secret | None, ProviderError | None]:
    """Read the code, or what the service's `error` means."""
    if said := params.get("error"):
        refused = provider.oauth.refused_at_consent(said, params.get("error_description", ""))
        return None, refused
    code = params.get("code", "")
    if not code or len(code) > LONGEST_CODE or not code.isprintable():
        return None, Misconfigured(code="no_code")
    return Secret(code), None


def _with_handle(return_to: str, handle: str) -> str:
    parts = urlsplit(return_to)
    query = [pair for pair in parse_qsl(parts.query, True) if pair[0] != "handle"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("handle", handle)])))
