"""The GraphQL endpoint over HTTP: signs in, reads a request, and answers in the words of the wire.

What is refused before it is an operation is answered here; limits, validation and masking are
extensions of the schema, so that they hold on other transports too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from together.api import wire
from together.api.context import Context, Services
from together.api.graphiql import Explorer
from together.api.masking import AWAY, extensions_of, mask, tell
from together.api.pages import Cursors
from together.api.schema import Schema
from together.api.wire import Asked, Refused
from together.services.refusals import (
    NotSignedIn,
    Refusal,
    SignInUnavailable,
    TokenRefused,
)
from together.services.signing_in.admission import TooManyRequests
from together.services.signing_in.identity import bearer_of

HEADERS = {
    "Cache-Control": "no-store",
    "Vary": "Accept, Authorization",
    "X-Content-Type-Options": "nosniff",
}
LATER = {"Retry-After": "60"}
QUERIES = frozenset({OperationType.QUERY})
EVERYTHING = frozenset({OperationType.QUERY, OperationType.MUTATION})


class Endpoint:
    """One address for GraphQL over HTTP; with an explorer, browsers are shown its page."""

    def __init__(
        self, schema: Schema, services: Services, *, cursors: Cursors, explorer: Explorer | None
    ) -> None:
        self._schema, self._services = schema, services
        self._cursors, self._explorer = cursors, explorer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        kind, told = wire.CLASSIC, dict[str, str]()
        try:
            _check_method(request)
            if self._explorer is not None and _is_browser(request):
                return self._explorer.page()
            kind = wire.accepted(_joined(request, "accept"))
            context = await self._signed_in(request)
            context.allowance = await self._services.admission.admit(context.viewer)
            told = wire.rate_limit(context.allowance)
            result = await self._executed(request, await self._asked(request), context)
        except Refused as refused:
            return self._said(refused, kind, told)
        except TooManyRequests as spent:
            return self._said(wire.spent(spent, extensions_of(spent)), kind)
        except Refusal as refusal:
            return self._said(_unauthenticated(refusal), kind)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001  (the last line: nothing else may speak)
            result = ExecutionResult(data=None, errors=[mask(error)])
        return _result(result, kind, told)

    def _said(self, refused: Refused, kind: str, told: Mapping[str, str] | None = None) -> Response:
        """Answer what never was an operation."""
        self._services.count("none", str(refused.extensions["code"]))
        headers = {**(told or {}), **refused.headers}
        return _response(refused.body(), kind, status=refused.status, headers=headers)

    async def _signed_in(self, request: Request) -> Context:
        """Sign in by the Authorization header, and by nothing else."""
        bearer = bearer_of(request.headers.get("authorization"))
        viewer = await self._services.identity.viewer(bearer)
        return Context.of(self._services, viewer, self._cursors)

    async def _asked(self, request: Request) -> Asked:
        if request.method == "GET":
            if not any(request.headers.get(name) for name in wire.PREFLIGHT):
                raise Refused(
                    400,
                    "A query by GET needs the header GraphQL-Require-Preflight, so that no other "
                    "site can send it. Or use POST.",
                )
            return wire.from_parameters(request.scope["query_string"])
        wire.check_content_type(_joined(request, "content-type"))
        wire.check_encoding(_joined(request, "content-encoding"))
        limits = self._schema.documents.limits
        return wire.asked(wire.decoded(await _body(request, most=limits.body)))

    async def _executed(self, request: Request, asked: Asked, context: Context) -> ExecutionResult:
        try:
            return await self._schema.execute(
                self._schema.documents.trusted.text(asked),
                variable_values=asked.variables,
                context_value=context,
                operation_name=asked.operation_name,
                operation_extensions=asked.extensions,
                allowed_operation_types=QUERIES if request.method == "GET" else EVERYTHING,
            )
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.SUBSCRIPTION:
                raise Refused(400, "There are no subscriptions here. Ask with a query.") from None
            raise Refused(
                405, "By GET one can only ask. Use POST for this.", headers={"Allow": "POST"}
            ) from None
        except CannotGetOperationTypeError:
            raise Refused(
                400,
                "The document has no operation of this name.",
                code="OPERATION_RESOLUTION_FAILURE",
            ) from None


async def _body(request: Request, *, most: int) -> bytes:
    """Read the body, and stop where it is longer than allowed, whatever its header says."""
    said = request.headers.get("content-length", "")
    size = int(said) if said.isascii() and said.isdigit() and len(said) < 16 else 0
    if size > most:
        raise _too_long(most, size)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_long(most, size)
        parts.append(part)
    return b"".join(parts)


def _too_long(most: int, size: int) -> Refused:
    return Refused(
        413,
        f"The request is longer than {most} bytes: it has {size} or more.",
        extensions={"limit": {"name": "body", "allowed": most, "asked": size}},
    )


def _joined(request: Request, name: str) -> str | None:
    """Read a header that may come in several lines, which are one list."""
    return ", ".join(request.headers.getlist(name)) or None


def _check_method(request: Request) -> None:
    if request.method not in {"GET", "POST"}:
        raise Refused(405, "Send a GraphQL request with POST.", headers={"Allow": "GET, POST"})


def _is_browser(request: Request) -> bool:
    return (
        request.method == "GET"
        and "query" not in request.query_params
        and "text/html" in request.headers.get("accept", "")
    )


def _unauthenticated(refusal: Refusal) -> Refused:
    """Say why nobody is signed in; a sign-in service that is down is not the client's fault."""
    said = extensions_of(refusal)
    if said is None:
        raise refusal
    if isinstance(refusal, SignInUnavailable):
        return Refused(503, refusal.message, code=said["code"], extensions=said, headers=LATER)
    challenge = "Bearer"
    if isinstance(refusal, TokenRefused):
        challenge = 'Bearer error="invalid_token"'
    elif not isinstance(refusal, NotSignedIn):
        challenge = 'Bearer error="insufficient_scope"'
    return Refused(
        401,
        refusal.message,
        code=said["code"],
        extensions=said,
        headers={"WWW-Authenticate": challenge},
    )


def _result(result: ExecutionResult, kind: str, told: Mapping[str, str]) -> Response:
    errors: list[GraphQLError] = [tell(error) for error in result.errors or ()]
    body: dict[str, Any] = {"errors": [error.formatted for error in errors]} if errors else {}
    # What did not run has no data at all; what ran and came to nothing has a null.
    if result.data is not None or not errors or any(error.path for error in errors):
        body["data"] = result.data
    if not any((result.data or {}).values()) and any(_is_outage(error) for error in errors):
        return _response(body, kind, status=503, headers={**told, **LATER})
    status = wire.status_of(errors, data=result.data, kind=kind)
    return _response(body, kind, status=status, headers=told)


def _is_outage(error: GraphQLError) -> bool:
    return (error.extensions or {}).get("reason") == AWAY


def _response(
    body: dict[str, Any], kind: str, *, status: int, headers: Mapping[str, str]
) -> Response:
    return Response(
        _encoded(json.dumps(body, separators=(",", ":"), ensure_ascii=False)),
        status_code=status,
        headers={**HEADERS, **headers},
        media_type=f"{kind}; charset=utf-8",
    )


def _encoded(text: str) -> bytes:
    """Write UTF-8.  Half a character, which a client can send as an escape, is said as U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
