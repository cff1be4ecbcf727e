"""Trying on one mailbox what an organization's consent is good for."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from together.domain.spans import Span
from together.providers.contract import Calendars
from together.providers.delegation import Verified
from together.providers.errors import ProviderUnavailable
from together.providers.values import Account, Capability, Event
from together_outlook.errors import AccessDenied


@dataclass(slots=True)
class Trial:
    """What is wanted of a mailbox, and how much of it was found to work."""

    wanted: Capability
    now: datetime
    works: Capability = Capability(0)  # noqa: RUF009  (a flag does not change)
    account: Account | None = field(default=None)

    async def run(self, calendars: Calendars) -> AccessDenied | None:
        """Try one after the other, and give what was in the way.

        Nothing says in advance what is allowed: a token tells only what is allowed everywhere.
        """
        minute = Span.of(int(self.now.timestamp()), int(self.now.timestamp()) + 60)
        try:
            self.account = await calendars.whoami()
            if Capability.FREE_BUSY in self.wanted:
                await _read(calendars, self.account.id, minute)
                self.works |= Capability.FREE_BUSY
            if Capability.EVENTS in self.wanted:
                # Whoever may write is told that there is no such event; and nothing is written.
                await calendars.cancel(Event(_no_event(), self.account.id, minute))
                self.works |= Capability.EVENTS
        except AccessDenied as denied:
            return denied
        return None

    def verified(self) -> Verified:
        """Give what works of a trial in which nothing was in the way."""
        if self.account is None:
            raise ValueError("nothing was tried")
        return Verified(self.works, self.account)


async def _read(calendars: Calendars, calendar_id: str, minute: Span) -> None:
    reading = await calendars.busy([calendar_id], minute)
    if reading.unread:
        raise ProviderUnavailable(code=reading.unread[calendar_id])


def _no_event() -> str:
    """Make up the id of an event that nobody has: of Exchange's form, and longer than chance."""
    return "AAMkA" + base64.urlsafe_b64encode(secrets.token_bytes(90)).decode()
