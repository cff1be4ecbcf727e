"""A stand-in of a service as one object: what every one remembers, and hands on it."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from together.providers.contract import Sandbox
from together.testing.front_desk import FrontDesk
from together.testing.switchboard import Switchboard


class World(Protocol):
    """What every stand-in remembers; `Remembered` keeps it."""

    @property
    def people(self) -> Mapping[str, Any]:
        """Address → account, a dataclass with an `email`."""

    @property
    def access(self) -> Mapping[str, Any]:
        """Access token → what it may do: `email`, `scopes` and `expires_at`."""

    def dump(self) -> dict[str, Any]: ...

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Self: ...


W = TypeVar("W", bound=World)
S = TypeVar("S", bound=Switchboard)


class StandIn(Sandbox, Generic[W, S]):
    """A sandbox that stands on a `FrontDesk`, and is controlled by `together.testing.controls`."""

    responses: ClassVar[tuple[str, ...]]
    """What a guest can answer, in the service's words."""

    def __init__(
        self,
        *,
        clock: Callable[[], int] = lambda: int(time.time()),
        redirect_uris: Iterable[str] = (),
    ) -> None:
        self._desk = self.opened(clock)
        self._redirect_uris = frozenset(redirect_uris)

    @abstractmethod
    def opened(self, clock: Callable[[], int]) -> FrontDesk[W, S]:
        """Open a desk in an empty world, with every switch off."""

    @property
    def switches(self) -> S:
        """What goes wrong at the moment."""
        return self._desk.switches

    @property
    def world(self) -> W:
        """Everything it remembers."""
        return self._desk.world

    def dump(self) -> Mapping[str, Any]:
        return {"world": self.world.dump(), "switches": self.switches.as_json()}

    def load(self, state: Mapping[str, Any]) -> None:
        self._desk.world = type(self.world).of(state["world"])
        switches = type(self.switches)()
        switches.set(state["switches"])
        self._desk.switches = switches

    @abstractmethod
    def revoke(self, email: str) -> None:
        """End every grant of an account, as its owner can at the service."""

    @abstractmethod
    def answer(self, email: str, event_id: str, response: str) -> None:
        """Answer an invitation as a guest does.  Raise `KeyError` where there is none."""

    def expire_access(self, email: str) -> None:
        """Let the access tokens of an account run out now; its refresh tokens still work."""
        for token in self.world.access.values():
            if token.email == email.casefold():
                token.expires_at = 0

    def scopes_of(self, access_token: str) -> frozenset[str] | None:
        """Say what an access token was granted, or None where there is no such token."""
        token = self.world.access.get(access_token)
        return None if token is None else frozenset(token.scopes)
