"""How many requests a member and an organization may send, so that nobody takes what is others'."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, Storage

from together.domain.limits import Limits
from together.services.refusals import Refusal
from together.services.signing_in.viewer import Viewer
from together.store.request_counts import PostgresCounts

WINDOW = 60
"""Seconds of which requests are counted together."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a member may send, and has left, until `seconds` from now: their own share only."""

    allowed: int
    remaining: int
    seconds: int


class TooManyRequests(Refusal):
    """A limit of requests is spent; `seconds` says for how long yet."""

    def __init__(self, limit: str, words: str, *, allowed: int, asked: int, seconds: int) -> None:
        super().__init__(words)
        self.limit, self.allowed, self.asked = limit, allowed, asked
        self.seconds = seconds


class Admission:
    """Counts each request of a signed-in member, and refuses those that are too many.

    A member's share is at most half of their organization's, and what is refused to a member is
    not counted for it.  When it is spent nevertheless, each still has `busy_requests`: whoever
    asks much waits, and nobody is locked out by others.  When nothing can be counted, the fault
    goes on, and nothing is let through.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        dialect: Literal["sqlite", "postgres"] = "sqlite",
        storage: Storage | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._storage = storage or (PostgresCounts() if dialect == "postgres" else MemoryStorage())
        self._member = RateLimitItemPerMinute(limits.member_requests, namespace="member")
        self._organization = RateLimitItemPerMinute(
            limits.organization_requests, namespace="organization"
        )
        self._busy, self._now = limits.busy_requests, now

    async def admit(self, viewer: Viewer) -> Allowance:
        """Count a request, and say what is left after it; or raise `TooManyRequests`."""
        organization, allowed = str(viewer.organization_id), self._member.amount
        key = self._member.key_for(organization, str(viewer.member_id))
        asked = await self._storage.incr(key, WINDOW)
        left = await self._storage.get_expiry(key) - self._now()
        seconds = min(WINDOW, max(1, math.ceil(left)))
        if asked > allowed:
            raise TooManyRequests(
                "member_requests",
                f"You sent {asked} requests within a minute; {allowed} are allowed. "
                f"Wait {seconds} seconds.",
                allowed=allowed,
                asked=asked,
                seconds=seconds,
            )
        taken = await self._storage.incr(self._organization.key_for(organization), WINDOW)
        if taken > self._organization.amount and asked > self._busy:
            raise TooManyRequests(
                "busy_requests",
                f"Your organization asks for much right now. You sent {asked} requests within a "
                f"minute; {self._busy} are allowed meanwhile. Wait {seconds} seconds.",
                allowed=self._busy,
                asked=asked,
                seconds=seconds,
            )
        return Allowance(allowed, allowed - asked, seconds)
