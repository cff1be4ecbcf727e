"""From a bearer token to the member behind it, as they stand in the database now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import httpx
from tortoise.exceptions import IntegrityError

from together.domain.addresses import BadAddress, checked_email, email_key
from together.domain.issuers import TrustedIssuer
from together.services.refusals import MemberDeactivated, NotSignedIn, UnknownMember
from together.services.signing_in.tokens import SignedIn, Tokens
from together.services.signing_in.viewer import Viewer
from together.store import audit
from together.store.models import Member, Organization
from together.store.scope import Scope
from together.store.transaction import transaction

_log = logging.getLogger(__name__)


def bearer_of(authorization: str | None) -> str | None:
    """The token in an ``Authorization`` header; None where there is none of the kind."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    return token.strip()


class Identity:
    """Signs members in.  The organization comes from the configuration, never from the token."""

    def __init__(
        self,
        issuers: Sequence[TrustedIssuer],
        *,
        transport: httpx.AsyncBaseTransport | None,
        clock: Callable[[], int],
    ) -> None:
        self._http = httpx.AsyncClient(transport=transport, trust_env=False, timeout=5.0)
        self._tokens = Tokens(issuers, http=self._http, clock=clock)
        self._clock = clock

    async def viewer(self, bearer: str | None) -> Viewer:
        """Find the member; raise `NotSignedIn`, `TokenRefused`, `UnknownMember`,
        `MemberDeactivated` or `SignInUnavailable`.
        """
        if not bearer:
            raise NotSignedIn
        who = await self._tokens.verified(bearer)
        organization = await Organization.get_or_none(slug=who.organization)
        if organization is None:
            _log.error("the configured organization does not exist: %s", who.organization)
            raise UnknownMember
        scope = Scope(organization.id)
        member = await _tied(scope, who) or await self._first_time(scope, who)
        if not member.active:
            raise MemberDeactivated
        return Viewer.of(member)

    async def _first_time(self, scope: Scope, who: SignedIn) -> Member:
        """Tie the login to the member whose verified address it is, unless another is tied."""
        if who.email is None:
            raise UnknownMember
        try:
            key = email_key(checked_email(who.email))
        except BadAddress:
            raise UnknownMember from None
        member = await scope(Member).get_or_none(email_key=key)
        if member is None:
            raise UnknownMember
        if not member.active:
            raise MemberDeactivated

        async def tie() -> None:
            # The condition is in the statement: of two first sign-ins, one ties.
            free = scope(Member).filter(id=member.id, active=True, subject=None, issuer=None)
            if await free.update(issuer=who.issuer, subject=who.subject):
                await audit.record(
                    scope.organization_id,
                    actor_id=member.id,
                    action="login.tied",
                    subject=f"member:{member.id}",
                    before={"tied": False},
                    after={"tied": True, "issuer": who.issuer},
                    at=self._clock(),
                )

        try:
            await transaction(tie)
        except IntegrityError:
            # This login is tied in another organization already.
            raise UnknownMember from None
        tied = await _tied(scope, who)
        if tied is None:
            _log.info("sign-in refused: another login is tied to member %d", member.id)
            raise UnknownMember
        return tied


async def _tied(scope: Scope, who: SignedIn) -> Member | None:
    return await scope(Member).get_or_none(issuer=who.issuer, subject=who.subject)
