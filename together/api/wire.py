"""GraphQL over HTTP, the part without I/O: what is accepted, and how a refusal is said."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from graphql import GraphQLError

from together.services.signing_in.admission import WINDOW, Allowance, TooManyRequests

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
    """The parts of a request.  None prints: each can hold what its sender keeps secret."""

    query: str | None = field(repr=False)
    document_id: str | None = field(repr=False)
    """Names a document of the manifest, in the place of a query."""
    variables: dict[str, Any] | None = field(repr=False)
    operation_name: str | None = field(repr=False)
    extensions: dict[str, Any] | None = field(repr=False)


def accepted(header: str | None) -> str:
    """Choose the media type of the answer; refuse when none we speak is wanted.

    Of several ranges that name a type the closest counts.  Without a wish it is the classic one,
    which is what older clients expect.
    """
    wishes = [wish for part in (header or "*/*").split(",") if (wish := _wish(part)) is not None]
    best, quality, place = "", 0.0, 0
    for kind in (CLASSIC, MODERN):
        for span in (kind, "application/*", "*/*"):
            found = next((n for n, (named, _) in enumerate(wishes) if named == span), None)
            if found is None:
                continue
            wanted = wishes[found][1]
            if wanted > quality or (wanted == quality and best and found < place):
                best, quality, place = kind, wanted, found
            break
    if not best:
        raise Refused(406, f"Answers are {MODERN} or {CLASSIC}; accept one of them.")
    return best


_QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def _wish(part: str) -> tuple[str, float] | None:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            if _QUALITY.fullmatch(value) is None:
                return None
            quality = float(value)
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            return None
    return (kind, quality) if kind else None


def check_content_type(header: str | None) -> None:
    """Refuse a body that does not say it is JSON in UTF-8."""
    kind, *parameters = (piece.strip().lower() for piece in (header or "").split(";"))
    charset = next((p[8:].strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
    if kind != CLASSIC or charset not in {"utf-8", "utf8"}:
        raise Refused(415, f"Send the request as {CLASSIC} in UTF-8.", headers={"Accept": CLASSIC})


def check_encoding(header: str | None) -> None:
    """Refuse a compressed body: how large it is would be known only afterwards."""
    if (header or "identity").strip().lower() != "identity":
        raise Refused(
            415, "Send the request uncompressed.", headers={"Accept-Encoding": "identity"}
        )


LONGEST_NUMBER = 400
"""Characters.  No scalar of ours takes one nearly as long, and reading it costs its square."""


def decoded(data: bytes | str, *, part: str = "The body") -> Any:
    """Read JSON, and say of everything that is none what is wrong with it."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise Refused(400, f"{part} is not UTF-8: byte {error.start} is wrong.") from None
    if text.startswith("\ufeff"):
        raise Refused(400, f"{part} begins with a byte order mark. Leave it out.")
    try:
        return _READER.decode(text)
    except RecursionError:
        raise Refused(400, f"{part} is nested too deep.") from None
    except json.JSONDecodeError as error:
        raise Refused(400, f"{part} is not JSON: {error.msg} at {error.pos}.") from None
    except _Unreadable as error:
        raise Refused(400, f"{part} {error}") from None


class _Unreadable(Exception):  # noqa: N818  (its words become a refusal's)
    """JSON by its letter, and nothing that two readers would read alike."""


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Unreadable("names the same key twice in one object.")
    return made


def _constant(name: str) -> Any:
    raise _Unreadable(f"is not JSON: {name} is no number.")


def _integer(text: str) -> int:
    return int(_short(text))


def _float(text: str) -> float:
    number = float(_short(text))
    if math.isinf(number):
        raise _Unreadable("holds a number that is too large.")
    return number


def _short(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        raise _Unreadable(
            f"holds a number of {len(text)} characters; {LONGEST_NUMBER} are allowed."
        )
    return text


_READER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_constant,
    parse_int=_integer,
    parse_float=_float,
)


def asked(data: Any) -> Asked:
    """Read the parts of a request."""
    if isinstance(data, list):
        raise Refused(400, "Several requests in one are not accepted. Send them one by one.")
    if not isinstance(data, dict):
        raise Refused(400, "The body is a JSON object with `query`.")
    for part in ("query", "documentId", "operationName"):
        if data.get(part) is not None and not isinstance(data[part], str):
            raise Refused(400, f"`{part}` is a text.")
    for part in ("variables", "extensions"):
        if data.get(part) is not None and not isinstance(data[part], dict):
            raise Refused(400, f"`{part}` is an object.")
    query, named = data.get("query") or None, data.get("documentId") or None
    if query is None and named is None:
        raise Refused(400, "The request has no `query`.")
    if query is not None and named is not None:
        raise Refused(400, "The request has `query` and `documentId`. Send one of them.")
    return Asked(
        query,
        named,
        data.get("variables"),
        data.get("operationName") or None,
        data.get("extensions"),
    )


PARTS = ("query", "documentId", "operationName", "variables", "extensions")


def from_parameters(text: bytes) -> Asked:
    """Read the parameters of a GET request; what is empty is not there."""
    try:
        pairs = parse_qsl(text.decode("ascii"), errors="strict", max_num_fields=100)
    except UnicodeDecodeError:
        raise Refused(400, "The parameters are not UTF-8.") from None
    except ValueError:
        raise Refused(400, "There are too many parameters.") from None
    data: dict[str, Any] = {}
    for name, value in pairs:
        if name in data:
            raise Refused(400, f"The parameter `{name}` is there twice.")
        if name in PARTS:
            data[name] = value
    for part in ("variables", "extensions"):
        if part in data:
            data[part] = decoded(data[part], part=f"`{part}`")
    return asked(data)


def rate_limit(allowance: Allowance) -> dict[str, str]:
    """Say what the member has left, as the draft of the IETF has it, and nobody else's share."""
    return {
        "RateLimit-Policy": f'"member";q={allowance.allowed};w={WINDOW}',
        "RateLimit": f'"member";r={allowance.remaining};t={allowance.seconds}',
    }


def spent(refusal: TooManyRequests, extensions: Mapping[str, Any] | None) -> Refused:
    """Make the 429 of a member who has to wait."""
    allowance = Allowance(refusal.allowed, 0, refusal.seconds)
    return Refused(
        429,
        refusal.message,
        extensions=extensions,
        headers={**rate_limit(allowance), "Retry-After": str(refusal.seconds)},
    )


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
