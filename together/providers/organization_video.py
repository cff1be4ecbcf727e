"""How a video service makes meetings for a whole organization, with nobody's own consent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import httpx

from together.providers.delegation import Credential
from together.providers.errors import Misconfigured, UnusableKey
from together.providers.values import Access, Grant, Secret

if TYPE_CHECKING:
    from together.providers.contract import Meetings


@dataclass(frozen=True, slots=True)
class Handover:
    """What an administrator hands over, in words for them."""

    title: str
    """What to write above the field: ``Account credentials of your server-to-server app``."""
    words: str
    """Where it is found at the service, and what it has to be allowed to do."""


class OrganizationMeetings(ABC):
    """Meetings of an organization.  One instance serves everybody and keeps nothing.

    A service that only makes up addresses, and asks nobody, implements `open` and nothing else.
    """

    origins: frozenset[str] = frozenset()
    """Where it talks to.  Requests to any other origin are refused before they are sent."""

    handover: Handover | None = None
    """What it needs from an administrator; None where it needs nothing."""

    def read_credential(self, handed: Secret) -> Credential:
        """Read what was handed over, which may be anything.  Raise `UnusableKey`, in our words.

        Nothing of it is believed but what is needed, least of all an address.
        """
        raise UnusableKey("This service needs no credential.")

    async def grant(self, http: httpx.AsyncClient, credential: Secret, *, now: datetime) -> Grant:
        """Make a token that can make meetings, and nothing else.

        There is no refresh token: this is called again.  `http` signs nothing.  Raise `KeyRefused`
        or `ScopesMissing` where the service says so.
        """
        raise Misconfigured(code="no_credential")

    @abstractmethod
    def open(self, access: Access) -> Meetings:
        """Open the meetings that this person hosts, whose work address is `access.mailbox`.

        `access.http` signs its requests and renews its token.  Raise `NoMailbox` where the service
        knows nobody of that address and needs somebody.
        """
