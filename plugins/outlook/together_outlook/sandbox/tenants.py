"""Whose accounts an address of the sandbox admits: everybody's, or one tenant's alone."""

from __future__ import annotations

from together_outlook.identity import CONSUMERS
from together_outlook.sandbox import refusals
from together_outlook.sandbox.refusals import OAuthError
from together_outlook.sandbox.world import Person, World

SHARED = ("common", "organizations", "consumers")


def known(world: World, tenant: str) -> str:
    """Check the tenant that an address names: a shared one, the id of one, or its domain."""
    tenant = tenant.casefold()
    if tenant in SHARED or id_of(world, tenant) is not None:
        return tenant
    raise refusals.unknown_tenant(tenant)


def id_of(world: World, tenant: str) -> str | None:
    """Give the id of the one tenant that is meant; None for a shared address."""
    if tenant in ("consumers", CONSUMERS):
        return CONSUMERS
    work = (person for person in world.people.values() if not person.personal)
    return next((p.tid for p in work if tenant in (p.tid, p.domain)), None)


def admit(tenant: str, person: Person) -> None:
    """Refuse an account where the address is not for it."""
    own = ("consumers",) if person.personal else ("organizations", person.domain)
    if tenant in ("common", person.tid, *own):
        return
    if tenant == "organizations":
        raise OAuthError(
            400,
            "invalid_request",
            500200,
            f"User account '{person.email}' is a personal Microsoft account. Personal Microsoft"
            " accounts are not supported for this application unless explicitly invited to an"
            " organization. Try signing out and signing back in with an organizational account.",
        )
    # That a work account is refused at `consumers` with this number as well is a guess.
    provider = "live.com" if person.personal else f"https://sts.windows.net/{person.tid}/"
    raise OAuthError(
        400,
        "invalid_request",
        50020,
        f"User account '{person.email}' from identity provider '{provider}' does not exist in"
        f" tenant '{tenant}' and cannot access the application in that tenant. The account needs"
        " to be added as an external user in the tenant first. Sign out and sign in again with a"
        " different account.",
    )
