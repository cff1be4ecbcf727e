"""What disconnecting ends at a service, and where people end a consent there, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from together.domain import web_addresses
from together.providers.http import BadAddress


class Ends(Enum):
    """How much a service ends when it is told that a grant is over."""

    NOTHING = "NOTHING"
    """It cannot be told.  Only its owner ends the consent, there."""
    CONSENT = "CONSENT"
    """The one consent that the grant came of."""
    ACCOUNT = "ACCOUNT"
    """Every consent that the account has given to this client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """What a member is told before they disconnect."""

    ends: Ends
    consents_url: str
    """Where people end a consent themselves: ``https://myaccount.google.com/connections``."""
    consents_urls: Mapping[str, str] = field(default_factory=dict)
    """Where some accounts have a page of their own: what their ids begin with → its address."""

    def __post_init__(self) -> None:
        for address in (self.consents_url, *self.consents_urls.values()):
            if not _fits(address):
                raise BadAddress("where people end a consent is an https address, as it is written")

    def address(self, account_id: str) -> str:
        """Give the address of the page where the owner of this account ends a consent."""
        pages = self.consents_urls.items()
        own = (address for beginning, address in pages if account_id.startswith(beginning))
        return next(own, self.consents_url)


def _fits(address: object) -> bool:
    if not isinstance(address, str) or not address.startswith("https://"):
        return False
    try:
        return web_addresses.web_address(address) == address
    except web_addresses.BadAddress:
        return False
