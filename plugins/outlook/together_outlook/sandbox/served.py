"""How every endpoint of the sandbox is served: switches first, then who asks, then what."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from together.testing.front_desk import FrontDesk
from together.testing.posted import Reader
from together.testing.signing_in import bearer
from together.testing.telling import Teller
from together_outlook.sandbox import applications, pushes, refusals
from together_outlook.sandbox.refusals import ApiError, OAuthError
from together_outlook.sandbox.switches import Switches
from together_outlook.sandbox.world import Person, Token, World

Endpoint = Callable[[Request], Awaitable[Response]]
ODD = {"id": 7, "value": "none", "start": "soon", "error": None}
"""What the API says when it says something odd."""

_reader = Reader(refusals.too_large, refusals.malformed)
form, json_body = _reader.form, _reader.json


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls the API, and what their token was granted: Graph's short names of scopes."""

    person: Person
    scopes: frozenset[str]

    @property
    def email(self) -> str:
        return self.person.email


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with another status than the usual 200, or 204 for nothing."""

    status: int
    body: Any = None


@dataclass(slots=True)
class Desk(FrontDesk[World, Switches]):
    """How Microsoft serves: an endpoint names the scopes that are enough for it."""

    running: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Mailbox → calls of it that are not answered yet."""
    teller: Teller = field(default_factory=Teller)
    """Sends what is told; nothing until it is connected."""

    def outage(self) -> ApiError:
        return refusals.unavailable()

    def api(
        self, *scopes: str, mailbox: bool = True, others: bool = False
    ) -> Callable[[Callable[[Request, Caller], Any]], Endpoint]:
        """Serve an endpoint of Graph, for which any of these scopes is enough.

        What it gives is the body of a 200, None for a 204, or an `Answer` of its own.  A person
        may call it for another's mailbox where `others` says so, and the app itself for any.
        """

        def wrap(answer: Callable[[Request, Caller], Any]) -> Endpoint:
            def called(request: Request, token: Token) -> Any:
                user = request.path_params.get("user_id")
                caller = self.caller(request, token, user, frozenset(scopes), others=others)
                if mailbox and not caller.person.has_mailbox:
                    raise refusals.no_mailbox()
                return answer(request, caller)

            return self.signed(called)

        return wrap

    def signed(self, answer: Callable[[Request, Token], Any]) -> Endpoint:
        """Serve an endpoint of Graph that finds out by itself what the token is enough for."""

        async def endpoint(request: Request) -> Response:
            try:
                with self._counted(request):
                    if early := await self.early():
                        return early
                    given = answer(request, self._token(request))
                    given = await given if isinstance(given, Awaitable) else given
                self.tell()
                self.late(request)
            except ApiError as refusal:
                return self._refused(refusal)
            return self._answered(given)

        return endpoint

    def tell(self) -> None:
        """Tell whoever has subscribed what has changed."""
        pushes.tell(self.world, self.switches, self.teller, now=self.clock())

    def oauth(self, answer: Callable[[Request, dict[str, str]], Any]) -> Endpoint:
        """Serve the token endpoint, or one of the documents beside it."""

        async def endpoint(request: Request) -> Response:
            try:
                if early := await self.early():
                    return early
                return JSONResponse(
                    answer(request, await form(request)), headers={"Cache-Control": "no-store"}
                )
            except OAuthError as refusal:
                return JSONResponse(refusal.body(now=self.clock()), refusal.status)
            except ApiError as refusal:
                if refusal.status != 503:
                    return self._refused(refusal)
                transient = refusals.transient()
                return JSONResponse(transient.body(now=self.clock()), 503, self.wait())

        return endpoint

    def token(self, request: Request) -> Token | None:
        """Find whose access token a request brings."""
        return bearer(request, self.world.access, now=self.clock())

    @contextmanager
    def _counted(self, request: Request) -> Iterator[None]:
        """Keep to the calls of one mailbox at a time, slow ones included."""
        mailbox = self._mailbox(request, self.token(request))
        if mailbox and self.running[mailbox] >= self.switches.at_once:
            raise refusals.throttled("ApplicationThrottled")
        self.running[mailbox] += 1
        try:
            yield
        finally:
            self.running[mailbox] -= 1

    def _mailbox(self, request: Request, token: Token | None) -> str:
        """Name the mailbox that a call is counted for."""
        if token is None or token.email:
            return "" if token is None else token.email
        user = str(request.path_params.get("user_id", ""))
        person = applications.mailbox_of(self.world, token.tenant, user)
        return "" if person is None else person.email

    def _token(self, request: Request) -> Token:
        """Find whose token it is, and keep them to their limits."""
        token = self.token(request)
        if token is None:
            raise refusals.bad_token()
        if self.switches.throttled:
            raise refusals.throttled(self.switches.throttled)
        if (counted := self._mailbox(request, token)) and self.too_many(counted):
            raise refusals.throttled("TooManyRequests")
        return token

    def caller(
        self,
        request: Request,
        token: Token,
        user: str | None,
        scopes: frozenset[str],
        *,
        others: bool = False,
    ) -> Caller:
        """Say who calls for a mailbox, which is theirs where none is named."""
        if token.tenant:
            return self._app(request, token, user, scopes)
        caller = Caller(self.world.people[token.email], frozenset(token.scopes))
        if not scopes & caller.scopes:
            raise refusals.access_denied()
        own = (caller.person.email, caller.person.oid)
        if user is not None and not others and user.casefold() not in own:
            raise refusals.access_denied()
        return caller

    def _app(
        self, request: Request, token: Token, user: str | None, scopes: frozenset[str]
    ) -> Caller:
        """Let the app itself be whose mailbox the path names, as far as it may."""
        if user is None and "rest" in request.path_params:
            raise refusals.insufficient_privileges()
        if user is None:
            raise refusals.only_for_people()
        person = applications.mailbox_of(self.world, token.tenant, user)
        if person is None:
            raise refusals.user_not_found(user)
        allowed = applications.reach(self.world, token.tenant, person)
        if not scopes & allowed:
            policy = applications.shut_out(self.world, token.tenant, person)
            raise refusals.by_policy() if policy else refusals.access_denied()
        return Caller(person, allowed)

    def _answered(self, given: Any) -> Response:
        answer = (
            given if isinstance(given, Answer) else Answer(204 if given is None else 200, given)
        )
        headers = {"request-id": str(uuid.uuid4())}
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        body = ODD if self.switches.odd_answers else answer.body
        return JSONResponse(body, answer.status, headers=headers)

    def _refused(self, refusal: ApiError) -> Response:
        request_id, waits = str(uuid.uuid4()), refusal.status in (429, 503)
        headers = {"request-id": request_id, **(self.wait() if waits else {})}
        body = refusal.body(now=self.clock(), request_id=request_id)
        return JSONResponse(body, refusal.status, headers=headers)
