"""Which addresses an administrator may name when they set up the organization's integration."""

from __future__ import annotations

from collections.abc import Sequence

from together.domain.addresses import BadAddress, checked_email, email_key
from together.services.organization.proved import domains_of, within
from together.services.refusals import InvalidInput
from together.services.signing_in.viewer import Viewer
from together.store.models import Member
from together.store.scope import Scope


async def owner_address(viewer: Viewer, text: str) -> str:
    """Check whom mails go to: an address of the organization's, so that no stranger is mailed."""
    try:
        address = checked_email(text)
    except BadAddress:
        raise InvalidInput("ownerEmail", "This is not an e-mail address.") from None
    if within(address, await domains_of(viewer.organization_id)):
        return address
    # That a member has an address there makes a domain nobody's own: they may be a guest.
    signed_in = Scope(viewer.organization_id)(Member).filter(
        email_key=email_key(address), active=True, subject__isnull=False
    )
    if await signed_in.exists():
        return address
    raise InvalidInput(
        "ownerEmail",
        "Name an address in a proved domain of your organization, or that of a member who has "
        "signed in with it.",
    )


def mailbox_address(text: str, domains: Sequence[str]) -> str:
    try:
        address = checked_email(text)
    except BadAddress:
        raise InvalidInput("mailbox", "This is not an e-mail address.") from None
    if not within(address, domains):
        named = ", ".join(domains)
        raise InvalidInput("mailbox", f"Name a mailbox in a domain of yours: {named}.")
    return address
