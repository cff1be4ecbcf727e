"""Holding what passes between a plugin and its service to the vendor's own documents."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

import httpx

from together.testing.switchboard import Switchboard
from together.testing.wire import Wire

CREDENTIALS = frozenset({"grant_type", "client_id", "client_secret"})
Pairs = list[tuple[str, str]]
"""A query or a form, with all that comes twice."""


class Called(Protocol):
    """A call of the vendor's API, as its documents know it."""

    @property
    def id(self) -> str:
        """Its name, which faults are noted with."""


C = TypeVar("C", bound=Called)


@dataclass(slots=True)
class VendorChecker(ABC, Generic[C]):
    """Notes what no document of the vendor allows, of what was sent and of what was answered."""

    settings: Mapping[str, str]
    """The plugin's settings, which say where the service is."""
    scopes_of: Callable[[str], frozenset[str] | None]
    """Access token → the scopes it was granted, or None where it is no token."""
    calls: list[str] = field(default_factory=list, init=False)
    """Ids of the methods called, in order."""
    faults: list[str] = field(default_factory=list, init=False)
    """What no document allows of what was sent."""
    answer_faults: list[str] = field(default_factory=list, init=False)
    """What no document allows of what was answered."""

    @abstractmethod
    def sent(self, request: httpx.Request, content: bytes) -> C | None:
        """Check a request; give the method of the API that it calls."""

    @abstractmethod
    def reply_faults(self, call: C, status: int, body: Any) -> Iterable[str]:
        """Say what is wrong with what the API answered, a success or a refusal."""

    def answered(self, call: C, status: int, content: bytes) -> None:
        """Check what the stand-in answered to a method of the API."""
        try:
            body = json.loads(content) if content else None
        except ValueError:
            self.answer_faults.append(f"{call.id} answered what is no JSON")
            return
        self.answer_faults += self.reply_faults(call, status, body)

    def found(self, switches: Switchboard) -> list[str]:
        """Give every fault, but of answers that a switch asked to be odd."""
        odd = switches.odd_answers or switches.nonsense
        return [*self.faults, *(() if odd else self.answer_faults)]

    def note(self, call: str, faults: Iterable[str]) -> None:
        self.calls.append(call)
        self.faults += faults

    def scope_faults(
        self, request: httpx.Request, call: str, enough: frozenset[str], *, asked: frozenset[str]
    ) -> Iterator[str]:
        """Say whether a request was granted a scope that is enough, of those ever asked for."""
        token = token_of(request)
        if token is None:
            yield f"{call} needs a bearer token"
            return
        granted = self.scopes_of(token)
        if granted is not None and not enough & granted:
            yield f"{call} needs one of {sorted(enough)}"
        if not enough & asked:
            yield f"{call} needs a scope that is never asked for"


class CheckedTransport(httpx.AsyncBaseTransport):
    """Carries requests on, and lets a `VendorChecker` see them and their answers."""

    def __init__(self, inner: httpx.AsyncBaseTransport, checker: VendorChecker[Any]) -> None:
        self._inner, self.checker = inner, checker

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = self.checker.sent(request, await request.aread())
        response = await self._inner.handle_async_request(request)
        if call is not None:
            self.checker.answered(call, response.status_code, await response.aread())
        return response


class CheckedWire(Wire):
    """A wire to a `CheckedTransport`, which checks the requests that a test answers itself, too."""

    def __init__(self, inner: CheckedTransport) -> None:
        super().__init__(inner)
        self.checker = inner.checker

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.answer is not None:
            self.checker.sent(request, await request.aread())
        return await super().handle_async_request(request)


def token_of(request: httpx.Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind == "Bearer" else None


def parameter_faults(
    place: str, query: Pairs, known: Mapping[str, str], *, optional: Collection[str] = ()
) -> Iterator[str]:
    """Hold a query to what an address takes: name → expression that its value is of."""
    names = [name for name, _ in query]
    for name in sorted(known.keys() - {*optional, *names}):
        yield f"{place} needs {name}"
    for name, value in query:
        if name not in known:
            yield f"{place} takes no {name}"
        elif names.count(name) > 1:
            yield f"{place} takes {name} once"
        elif not re.fullmatch(known[name], value):
            yield f"{place} takes another {name} than {value!r}"


def grant_faults(
    request: httpx.Request, form: Pairs, query: Pairs, forms: Mapping[str, Collection[str]]
) -> Iterator[str]:
    """Hold a call of a token endpoint to its forms: kind of grant → fields beside `CREDENTIALS`."""
    names, kind = [name for name, _ in form], dict(form).get("grant_type", "")
    wanted = CREDENTIALS.union(forms.get(kind, ()))
    if request.method != "POST" or query or kind not in forms:
        yield f"token takes a posted form with a grant it knows, not {kind!r}"
    elif sorted(names) != sorted(wanted):
        yield f"token with {kind} takes {sorted(wanted)}, not {sorted(names)}"
