"""GraphQL over HTTP, the part without I/O: what is accepted, and how a refusal is said."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError

MODERN = "application/graphql-response+json"
CLASSIC = "application/json"
PREFLIGHT = ("graphql-require-preflight", "apollo-require-preflight")
"""Headers that a page of another site cannot send without being asked first."""


class Refused(Exception):  # noqa: N818  (an answer, not a fault)
    """A request that is refused before it is an operation."""

    def __init__(
        self,
        status: int,
        words: str,
        *,
        code: str = "BAD_REQUEST",
        extensions: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(words)
        self.status, self.words = status, words
        self.extensions = {"code": code, **(extensions or {})}
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        return {"errors": [{"message": self.words, "extensions": self.extensions}]}


@dataclass(frozen=True, slots=True)
class Asked:
    """The four parts of a request.  None prints: each can hold what its sender keeps secret."""

    query: str | None = field(repr=False)
    variables: dict[str, Any] | None = field(repr=False)
    operation_name: str | None = field(repr=False)
    extensions: dict[str, Any] | None = field(repr=False)


def accepted(header: str | None) -> str:
    """Choose the media type of the answer; refuse when none we speak is wanted.

    Without a wish it is the classic one, which is what older clients expect.
    """
    wishes = [wish for part in (header or "*/*").split(",") if (wish := _wish(part)) is not None]
    best: tuple[float, str] | None = None
    for quality, kind in wishes:
        offered = {
            MODERN: MODERN,
            CLASSIC: CLASSIC,
            "*/*": CLASSIC,
            "application/*": CLASSIC,
        }.get(kind)
        if offered is not None and quality > 0 and (best is None or quality > best[0]):
            best = (quality, offered)
    if best is None:
        raise Refused(406, f"Answers are {MODERN} or {CLASSIC}; accept one of them.")
    return best[1]


def _wish(part: str) -> tuple[float, str] | None:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                quality = float(value)
            except ValueError:
                return None
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            return None
    return (quality, kind) if kind else None


def check_content_type(header: str | None) -> None:
    """Refuse a body that does not say it is JSON in UTF-8."""
    kind, *parameters = (piece.strip().lower() for piece in (header or "").split(";"))
    charset = next((p[8:].strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
    if kind != CLASSIC or charset not in {"utf-8", "utf8"}:
        raise Refused(415, f"Send the request as {CLASSIC} in UTF-8.", headers={"Accept": CLASSIC})


def decoded(data: bytes | str) -> Any:
    """Read JSON, and say of everything that is none what is wrong with it."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    except UnicodeDecodeError:
        raise Refused(400, "The body is not UTF-8.") from None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except RecursionError:
        raise Refused(400, "The body is nested too deep.") from None
    except json.JSONDecodeError as error:
        raise Refused(400, f"The body is not JSON: {error.msg} at {error.pos}.") from None
    except ValueError:
        raise Refused(400, "The body holds a number that is too long.") from None


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Refused(400, "The body names the same key twice in one object.")
    return made


def _constant(name: str) -> Any:
    raise Refused(400, f"The body is not JSON: {name} is no number.")


def asked(data: Any) -> Asked:
    """Read the parts of a request."""
    if isinstance(data, list):
        raise Refused(400, "Several requests in one are not accepted. Send them one by one.")
    if not isinstance(data, dict):
        raise Refused(400, "The body is a JSON object with `query`.")
    query = data.get("query")
    if query is not None and not isinstance(query, str):
        raise Refused(400, "`query` is a text.")
    name = data.get("operationName")
    if name is not None and not isinstance(name, str):
        raise Refused(400, "`operationName` is a text.")
    for part in ("variables", "extensions"):
        if data.get(part) is not None and not isinstance(data[part], dict):
            raise Refused(400, f"`{part}` is an object.")
    if not query:
        raise Refused(400, "The request has no `query`.")
    return Asked(query, data.get("variables"), name or None, data.get("extensions"))


def from_parameters(parameters: Mapping[str, str]) -> Asked:
    """Read a GET request; what is empty is not there."""
    data: dict[str, Any] = {
        name: parameters[name] for name in ("query", "operationName") if parameters.get(name)
    }
    for part in ("variables", "extensions"):
        if parameters.get(part):
            data[part] = decoded(parameters[part])
    return asked(data)


def status_of(errors: Sequence[GraphQLError] | None, *, data: Any, kind: str) -> int:
    """Choose the status of a well-formed request's answer.

    One that did not run is the client's fault and a 400, where the client speaks the modern type;
    the classic one says 200 to all.
    """
    if kind == CLASSIC or data is not None or not errors:
        return 200
    if any(error.path for error in errors):
        return 200
    if any(_code(error) == "INTERNAL_SERVER_ERROR" for error in errors):
        return 500
    return 400


def _code(error: GraphQLError) -> str | None:
    return (error.extensions or {}).get("code")
