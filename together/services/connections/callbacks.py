"""What a service sends to a callback: it is stored, and the browser is sent on.

Nothing is exchanged here, for a state says who started a consent, and not who came back from it.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from together.providers.contract import CalendarProvider
from together.providers.delegation import ConsentDelegation, TenantClaim
from together.providers.errors import Misconfigured, ProviderError
from together.providers.oauth import pkce
from together.providers.registry import Registry
from together.providers.values import Secret
from together.services.connections import trouble
from together.services.connections.attempts import found_by_state
from together.services.organization.consent_attempts import ConsentAttempts
from together.services.refusals import ConsentNotFound
from together.store.models import Attempt, AttemptState, IntegrationSource
from together.store.vault import Vault

log = logging.getLogger(__name__)

LONGEST_CODE = 4096
HANDLE = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
"""What a state looks like too."""


class Callbacks:
    """The callback of every service, whatever a consent was begun for."""

    def __init__(self, registry: Registry, vault: Vault) -> None:
        self._registry, self._attempts = registry, ConsentAttempts(vault)

    async def arrived(self, slug: str, params: Mapping[str, str]) -> str:
        """Keep what the service sent, and give the address to go on to.

        Where the state is not one that waits here there is no address to trust: the caller shows
        a page of its own for `ConsentNotFound`.
        """
        state = params.get("state", "")
        attempt = await found_by_state(state) if HANDLE.match(state) else None
        if attempt is None:
            raise ConsentNotFound
        provider = self._registry.calendars.get(attempt.provider)
        if provider is None or attempt.provider != slug or _another_issuer(provider, params):
            log.warning("attempt %s: an answer that is not its service's", attempt.id)
            await self._attempts.end(attempt)
            raise ConsentNotFound
        try:
            answer = _answer(attempt, provider, params)
        except ProviderError as refused:
            return await self._returned(attempt, refused=refused)
        if isinstance(answer, TenantClaim):
            return await self._to_sign_in(attempt, answer, _delegation(provider))
        return await self._returned(attempt, code=answer)

    async def _to_sign_in(
        self, attempt: Attempt, claim: TenantClaim, delegation: ConsentDelegation
    ) -> str:
        """Send an administrator on from their consent, to prove whose administrator they are."""
        (verifier, challenge), nonce = pkce(), secrets.token_urlsafe(32)
        state = await self._attempts.consented(
            attempt, claim, verifier=verifier, nonce=Secret(nonce)
        )
        if state is None:
            raise ConsentNotFound
        return delegation.sign_in_url(
            claim,
            redirect_uri=attempt.redirect_uri,
            state=state.reveal(),
            challenge=challenge,
            nonce=nonce,
        )

    async def _returned(
        self,
        attempt: Attempt,
        *,
        code: Secret | None = None,
        refused: ProviderError | None = None,
    ) -> str:
        error = None if refused is None else type(refused).__name__
        handle = await self._attempts.returned(attempt, code=code, error=error)
        if handle is None:
            raise ConsentNotFound
        if isinstance(refused, Misconfigured):
            trouble.tell_the_operator(
                refused, about=f"attempt {attempt.id}, connecting {attempt.provider}"
            )
        return _with_handle(attempt.return_to, handle.reveal())


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
    attempt: Attempt, provider: CalendarProvider, params: Mapping[str, str]
) -> Secret | TenantClaim:
    """Read the code, or what an administrator's consent claims, or raise what `error` means."""
    said = params.get("error")
    if attempt.purpose is IntegrationSource.INDIVIDUAL:
        if said:
            raise provider.oauth.refused_at_consent(said, params.get("error_description", ""))
    elif said or attempt.state is AttemptState.STARTED:
        claim = _delegation(provider).read_consent(params)
        if attempt.state is AttemptState.STARTED:
            return claim
    code = params.get("code", "")
    if not code or len(code) > LONGEST_CODE or not code.isprintable():
        raise Misconfigured(code="no_code")
    return Secret(code)


def _delegation(provider: CalendarProvider) -> ConsentDelegation:
    if not isinstance(provider.delegation, ConsentDelegation):
        raise Misconfigured(code="no_delegation")
    return provider.delegation


def _with_handle(return_to: str, handle: str) -> str:
    parts = urlsplit(return_to)
    query = [pair for pair in parse_qsl(parts.query, True) if pair[0] != "handle"]
    return urlunsplit(parts._replace(query=urlencode([*query, ("handle", handle)])))
