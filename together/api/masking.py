"""What an error says: the client's own fault is told, an expected no speaks, the rest is a number.

The number is the request's id.  In the log it stands beside the kind of the exception and where it
was raised, whose text is nowhere: it may hold a token, an address or somebody's title.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Iterator
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import StrawberryInputCoercionError
from strawberry.extensions import SchemaExtension

from together.api.request_ids import request_id
from together.services import refusals
from together.services.refusals import Refusal
from together.services.signing_in.admission import TooManyRequests
from together.store.outage import is_outage

_log = logging.getLogger(__name__)

CODES: dict[type[Refusal], str] = {
    refusals.NotSignedIn: "UNAUTHENTICATED",
    refusals.TokenRefused: "UNAUTHENTICATED",
    refusals.UnknownMember: "UNAUTHENTICATED",
    refusals.MemberDeactivated: "UNAUTHENTICATED",
    refusals.SignInUnavailable: "INTERNAL_SERVER_ERROR",
    refusals.Forbidden: "FORBIDDEN",
    refusals.NotFound: "NOT_FOUND",
    refusals.InvalidInput: "BAD_USER_INPUT",
    TooManyRequests: "REQUEST_RATE_LIMITED",
}
"""Refusals that are top-level errors; each of the others is a type of the schema."""

REASONS: dict[type[Refusal], str] = {
    refusals.NotSignedIn: "NO_TOKEN",
    refusals.TokenRefused: "BAD_TOKEN",
    refusals.UnknownMember: "UNKNOWN_MEMBER",
    refusals.MemberDeactivated: "MEMBER_DEACTIVATED",
    refusals.SignInUnavailable: "SIGN_IN_UNAVAILABLE",
}
"""Why nobody is signed in, for programs."""

AWAY = "DATABASE_UNAVAILABLE"
OUTAGE = "Our database cannot be reached right now. Try again in a minute."


def extensions_of(refusal: Refusal) -> dict[str, Any] | None:
    """Give the code of a refusal that may stand among the errors, and what goes with it."""
    for kind, code in CODES.items():
        if isinstance(refusal, kind):
            said: dict[str, Any] = {"code": code}
            if kind in REASONS:
                said["reason"] = REASONS[kind]
            if isinstance(refusal, refusals.InvalidInput):
                said["field"] = refusal.field
            if isinstance(refusal, TooManyRequests):
                said["limit"] = {
                    "name": refusal.limit,
                    "allowed": refusal.allowed,
                    "asked": refusal.asked,
                    "seconds": refusal.seconds,
                }
            return said
    return None


def tell(error: GraphQLError) -> GraphQLError:
    """Make of an error what may be said.  An error that was made so already stays as it is."""
    if error.extensions and "code" in error.extensions:
        return error
    cause = error.original_error
    while isinstance(cause, GraphQLError) and not isinstance(cause, StrawberryInputCoercionError):
        if cause.extensions and "code" in cause.extensions:
            return _said(error, cause.message, dict(cause.extensions))
        cause = cause.original_error
    if isinstance(cause, Refusal):
        said = extensions_of(cause)
        if said is not None:
            return _said(error, cause.message, said)
    if isinstance(error, GraphQLSyntaxError):
        return _said(error, error.message, {"code": "GRAPHQL_PARSE_FAILED"})
    if cause is None or isinstance(cause, StrawberryInputCoercionError):
        return _said(error, error.message, {"code": _client_code(error)})
    return mask(cause, error)


def mask(cause: BaseException, error: GraphQLError | None = None) -> GraphQLError:
    """Put a number in the place of what nobody expected, and note the same number in the log.

    That the database is away is no riddle: it is said, so that the client comes again.
    """
    if is_outage(cause):
        _log.warning("the database is away: %s", type(cause).__qualname__)
        return _said(error, OUTAGE, {"code": "INTERNAL_SERVER_ERROR", "reason": AWAY})
    number = request_id() or secrets.token_hex(8)
    frames = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(cause.__traceback__)[-6:]
    ]
    path = ".".join(str(step) for step in (error.path or ())) if error is not None else ""
    _log.error(
        "error %s: %s at %s; raised in %s",
        number,
        type(cause).__qualname__,
        path or "the operation",
        " < ".join(reversed(frames)) or "no frame of ours",
    )
    return _said(
        error,
        f"Something went wrong here. Tell the operator this number: {number}.",
        {"code": "INTERNAL_SERVER_ERROR", "errorId": number},
    )


def _said(error: GraphQLError | None, words: str, extensions: dict[str, Any]) -> GraphQLError:
    if error is None:
        return GraphQLError(words, extensions=extensions)
    return GraphQLError(
        words,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def _client_code(error: GraphQLError) -> str:
    """Tell a bad value from an invalid document, whose mistakes mostly have their code already."""
    if error.path is not None:
        return "INTERNAL_SERVER_ERROR" if _is_null_error(error) else "BAD_USER_INPUT"
    if error.message.startswith("Variable "):
        return "BAD_USER_INPUT"
    return "GRAPHQL_VALIDATION_FAILED"


def _is_null_error(error: GraphQLError) -> bool:
    return error.message.startswith("Cannot return null")


class Mask(SchemaExtension):
    """Puts every error of an operation's result through `tell`."""

    def on_operation(self) -> Iterator[None]:
        yield
        result = self.execution_context.result
        errors = getattr(result, "errors", None)
        if errors:
            result.errors = [tell(error) for error in errors]  # type: ignore[union-attr]
