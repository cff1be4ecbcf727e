"""Graph as Microsoft's own client knows it, and what differs from it.

models.json holds what `make_models` found in the package msgraph-sdk, so that no test needs that
large package to know what a path takes and gives.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import unquote

INDEX = Path(__file__).with_name("models.json")
ANNOTATION = re.compile(r"[\w.]*@[\w.]+\Z")
"""Names that OData adds to any object, such as ``@odata.etag``."""
PAGE_MARKS = frozenset({"$skiptoken", "$deltatoken"})
"""Parameters that only come in Graph's own links to a next page, which are followed as they are."""
NOT_IN_DELTA = frozenset({"$expand", "$filter", "$orderby", "$search", "$select"})
"""Parameters that the client knows, and the documents of the delta query exclude."""
MOST_PER_PAGE = 1000
USER = "/users/{user-id}"
NEEDED = {"GetSchedulePostRequestBody": ("Schedules", "StartTime", "EndTime")}
"""Parameters that an action cannot do without; the client takes each of them for optional."""
NAMED_BY_US = frozenset({"SingleValueLegacyExtendedProperty"})
"""Entities whose id is no number of Graph's but the name that an app gives them."""

_WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?\Z", re.ASCII)
_DURATION = re.compile(r"-?P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Method:
    """A verb on a path, such as ``POST /me/calendar/getSchedule``."""

    verb: str
    path: str
    about: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.verb} {self.path}"

    @property
    def answer(self) -> str:
        """The model of what it answers; nothing where it answers nothing."""
        return str(self.about.get("answer", ""))

    @property
    def statuses(self) -> tuple[int, ...]:
        """What it answers when all is well."""
        if not self.answer:
            return (204,) if self.verb == "DELETE" else (200, 202, 204)
        makes = self.verb == "POST" and self.answer == self.about.get("body")
        return (201,) if makes else (200,)

    def fits(self, segments: Sequence[str]) -> bool:
        mine = self.path.removesuffix("()").split("/")
        # A function without arguments may be called without its parentheses.
        theirs = [*segments[:-1], segments[-1].removesuffix("()")]
        return len(mine) == len(theirs) and all(map(_fits_segment, mine, theirs))


class Models:
    """The paths, their parameters and the models, all by name."""

    def __init__(self, index: Mapping[str, Any]) -> None:
        self._models: Mapping[str, Any] = index["models"]
        self._actions: Mapping[str, Any] = index["actions"]
        self._enums: Mapping[str, Any] = index["enums"]
        self.methods = [
            Method(verb, path, about)
            for path, verbs in index["paths"].items()
            for verb, about in verbs.items()
        ]

    @classmethod
    def load(cls) -> Models:
        return cls(json.loads(INDEX.read_text("utf-8")))

    def find(self, verb: str, path: str) -> Method | None:
        """Find the method by verb and path, which begins after the base address.

        What is kept of ``/users/{user-id}`` stands under ``/me``, which the client knows as well.
        """
        segments = [unquote(segment) for segment in path.split("/")]
        named = segments[:2] == ["", "users"] and len(segments) > 2
        if named:
            segments[1:3] = ["me"] if segments[2] else [""]
        found = next((m for m in self.methods if m.verb == verb and m.fits(segments)), None)
        if found is None or not named:
            return found
        return Method(verb, USER + found.path.removeprefix("/me"), found.about)

    def has(self, model: str) -> dict[str, str]:
        """List a model's properties with their types, those it inherits included."""
        about = self._models.get(model) or self._actions[model]
        return {**(self.has(about["is"]) if "is" in about else {}), **about["has"]}

    def given(self, model: str) -> frozenset[str]:
        """List the properties of a model that only Graph itself sets."""
        about = self._models.get(model, {})
        inherited = self.given(about["is"]) if "is" in about else frozenset()
        given = inherited.union(about.get("given", ()))
        return given - {"id"} if model in NAMED_BY_US else given

    def item(self, method: Method) -> str:
        """Give the model that a method's ``$select`` chooses from."""
        kind = self.has(method.answer).get("value", method.answer)
        return kind.strip("[]")

    def query_faults(self, method: Method, query: list[tuple[str, str]]) -> Iterator[str]:
        known = dict(method.about.get("query", {}))
        names = [name for name, _ in query]
        if method.path.endswith("delta()"):
            known = {name: kind for name, kind in known.items() if name not in NOT_IN_DELTA}
        if method.answer and "value" in self.has(method.answer):
            known |= dict.fromkeys(PAGE_MARKS, "string")
        for name in sorted(set(method.about.get("needs", ())) - set(names)):
            if not PAGE_MARKS & set(names):
                yield f"{method.id} needs the parameter {name}"
        for name, value in query:
            if name not in known:
                yield f"{method.id} takes no parameter {name}"
            elif names.count(name) > 1:
                yield f"{method.id} takes {name} once"
            elif not self._fits_parameter(method, name, known[name], value):
                yield f"{method.id} takes another value for {name} than {value!r}"

    def body_faults(self, method: Method, body: Any) -> Iterator[str]:
        """Say what is wrong with a request's body; in a patch, null takes a property away."""
        model = method.about.get("body")
        if model is None:
            if body is not None:
                yield f"{method.id} takes no body"
            return
        if model in self._actions and isinstance(body, dict):
            said = {name.casefold(): name for name in self.has(model)}
            body = {said.get(name.casefold(), name): value for name, value in body.items()}
            for name in NEEDED.get(model, ()):
                if name not in body:
                    yield f"{method.id} needs {name}"
        yield from self._faults(model, body, at=model, null=method.verb == "PATCH", sent=True)

    def answer_faults(
        self, method: Method, status: int, body: Any, selected: Collection[str] = ()
    ) -> Iterator[str]:
        """Say what is wrong with an answer that is no refusal."""
        if status not in method.statuses:
            yield f"{method.id} does not answer with {status}"
        if not method.answer:
            if body is not None:
                yield f"{method.id} gives no body"
            return
        yield from self._faults(method.answer, body, at=method.answer, null=True, sent=False)
        if selected and isinstance(body, dict):
            items = body.get("value", ()) if "value" in self.has(method.answer) else [body]
            names = {name for item in items if isinstance(item, dict) for name in item}
            for name in sorted(names - {*selected, "id"}):
                if not ANNOTATION.match(name):
                    yield f"{method.id} gives {name}, which was not selected"

    def error_faults(self, method: Method, status: int, body: Any) -> Iterator[str]:
        """Say where an error body differs from what the client reads errors with."""
        match body:
            case {"error": {"code": str(code), "message": str(), "innerError": dict()}} if code:
                model = method.about["error"]
                yield from self._faults(model, body, at=model, null=True, sent=False)
            case _:
                yield f"{method.id} answers {status} without an error body of Graph's"

    def _faults(self, kind: str, value: Any, *, at: str, null: bool, sent: bool) -> Iterator[str]:
        if value is None and null:
            return
        if kind.startswith("["):
            if not isinstance(value, list):
                yield f"{at} is no array: {value!r}"
                return
            for n, one in enumerate(value):
                place = f"{at}[{n}]"
                if one is None:
                    yield f"{place} is null"
                else:
                    yield from self._faults(kind[1:-1], one, at=place, null=null, sent=sent)
        elif kind in self._enums:
            if value not in self._enums[kind]:
                yield f"{at} is no {kind}: {value!r}"
        elif kind in self._models or kind in self._actions:
            yield from self._object_faults(kind, value, at=at, null=null, sent=sent)
        elif not _fits(kind, value, local=at.endswith("innerError.date")):
            yield f"{at} is no {kind}: {value!r}"

    def _object_faults(
        self, model: str, value: Any, *, at: str, null: bool, sent: bool
    ) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{at} is no object: {value!r}"
            return
        has, given = self.has(model), self.given(model) if sent else ()
        for name, one in value.items():
            if name in given:
                yield f"{at}.{name} is read-only"
            elif name in has:
                yield from self._faults(has[name], one, at=f"{at}.{name}", null=null, sent=sent)
            elif not ANNOTATION.match(name):
                yield f"{at} has no property {name}"
        if model == "DateTimeTimeZone" and not _says_when(value):
            yield f"{at} is no wall time beside its zone: {value!r}"

    def _fits_parameter(self, method: Method, name: str, kind: str, value: str) -> bool:
        if kind == "[string]":
            # $expand may carry options in parentheses, and an order its direction.
            words = [re.split(r"[/( ]", word)[0] for word in value.split(",")]
            return set(words) <= self.has(self.item(method)).keys()
        if kind == "integer":
            most = MOST_PER_PAGE if name == "$top" else 2**31 - 1
            return bool(re.fullmatch(r"\d+", value)) and (name == "$top") <= int(value) <= most
        if kind == "boolean":
            return value in ("true", "false")
        return bool(value) and (not name.endswith("DateTime") or _parsed(datetime, value))


def _fits_segment(mine: str, theirs: str) -> bool:
    parts = re.split(r"\{[^}]+\}", mine)
    return bool(re.fullmatch(".+".join(map(re.escape, parts)), theirs))


def _fits(kind: str, value: Any, *, local: bool) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer" | "number":
            kinds = (int,) if kind == "integer" else (int, float)
            return isinstance(value, kinds) and not isinstance(value, bool)
        case "date-time":
            # Graph writes one instant without an offset: that of an error.
            offset = isinstance(value, str) and bool(re.search(r"(Z|[+-]\d\d:\d\d)\Z", value))
            return _parsed(datetime, value) and offset is not local
        case "date" | "time":
            return _parsed(date if kind == "date" else time, value)
        case "duration":
            return isinstance(value, str) and bool(_DURATION.match(value))
        case "uuid":
            return isinstance(value, str) and bool(re.fullmatch(r"[0-9a-f-]{36}", value))
    # What the index does not tell of is not used, so that it fits nothing.
    return kind in ("string", "bytes") and isinstance(value, str)


def _parsed(kind: type[date] | type[time], value: Any) -> bool:
    try:
        return isinstance(value, str) and kind.fromisoformat(value) is not None
    except ValueError:
        return False


def _says_when(value: Mapping[str, Any]) -> bool:
    """Say whether a time is one: on the wall, without an offset, and a zone beside it."""
    wall = value.get("dateTime")
    clear = isinstance(wall, str) and bool(_WALL.match(wall)) and _parsed(datetime, wall)
    return clear and bool(value.get("timeZone"))
