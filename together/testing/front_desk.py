"""What the endpoints of a stand-in share: its world, its switches, its clock and its limits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
from starlette.requests import Request
from starlette.responses import Response

from together.testing.switchboard import Switchboard

W = TypeVar("W")
S = TypeVar("S", bound=Switchboard)


@dataclass(slots=True)
class FrontDesk(ABC, Generic[W, S]):
    """Does what every switch says that a `Switchboard` has, before and after an answer."""

    world: W
    switches: S
    clock: Callable[[], int]
    calls: dict[str, deque[int]] = field(
        default_factory=lambda: defaultdict(deque), init=False, repr=False
    )
    """Account → when it called in the last minute."""

    @abstractmethod
    def outage(self) -> Exception:
        """Give the service's own error for being down."""

    async def early(self) -> Response | None:
        """Wait, raise an outage or give nonsense, where a switch says so; else give None."""
        if self.switches.slow_seconds:
            await anyio.sleep(self.switches.slow_seconds)
        if self.switches.down:
            raise self.outage()
        if self.switches.nonsense:
            return Response("<html><title>Hello</title></html>", media_type="text/html")
        return None

    def late(self, request: Request) -> None:
        """Lose the reply to a write that was done, where a switch says so."""
        if request.method in ("POST", "PATCH", "DELETE") and self.switches.lost_replies:
            self.switches.lost_replies -= 1
            raise self.outage()

    def too_many(self, account: str) -> bool:
        """Count a call, and say whether the last minute had as many as there may be before it."""
        now, calls = self.clock(), self.calls[account]
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= self.switches.per_minute:
            return True
        calls.append(now)
        return False

    def wait(self) -> dict[str, str]:
        """Give the header of an answer that asks for patience."""
        said = self.switches.retry_after
        return {"Retry-After": said} if said else {}
