"""Calendar v3 as its discovery document describes it, and what differs from it.

The document is part of the package google-api-python-client, which only tests need.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from together_google.sandbox.partial import Selection, selection


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the document, such as ``calendar.events.insert``."""

    about: Mapping[str, Any]
    pattern: re.Pattern[str]

    @property
    def id(self) -> str:
        return str(self.about["id"])


class Discovery:
    """The discovery document of Calendar v3."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas: Mapping[str, Any] = document["schemas"]
        self._common: Mapping[str, Any] = document["parameters"]
        self.methods = [*_methods(document)]

    @classmethod
    def load(cls) -> Discovery:
        spec = find_spec("googleapiclient")
        if spec is None or spec.origin is None:
            raise RuntimeError("the tests need the package google-api-python-client")
        documents = Path(spec.origin).parent / "discovery_cache" / "documents"
        return cls(json.loads((documents / "calendar.v3.json").read_text("utf-8")))

    def find(self, verb: str, path: str) -> Method | None:
        """Find the method by verb and path, which begins after the base address."""
        return next(
            (m for m in self.methods if m.about["httpMethod"] == verb and m.pattern.match(path)),
            None,
        )

    def query_faults(self, method: Method, query: list[tuple[str, str]]) -> Iterator[str]:
        known = {**self._common, **method.about.get("parameters", {})}
        for name, value in query:
            about = known.get(name)
            if about is None or about["location"] != "query":
                yield f"{method.id} takes no parameter {name}"
            elif not _fits_parameter(about, value):
                yield f"{method.id} takes another value for {name} than {value!r}"
            elif name == "fields":
                yield from self._selection_faults(method, value)

    def body_faults(self, method: Method, body: Any) -> Iterator[str]:
        """Say what is wrong with a request's body; in a patch, null takes a field away."""
        if "request" not in method.about:
            if body is not None:
                yield f"{method.id} takes no body"
            return
        ref = method.about["request"]["$ref"]
        for name, about in self._schemas[ref]["properties"].items():
            needed = method.id in about.get("annotations", {}).get("required", ())
            if needed and (not isinstance(body, dict) or name not in body):
                yield f"{method.id} needs {name}"
        null = method.about["httpMethod"] == "PATCH"
        yield from self._faults({"$ref": ref}, body, at=ref, null=null, sent=True)

    def answer_faults(self, method: Method, body: Any) -> Iterator[str]:
        if "response" not in method.about:
            if body is not None:
                yield f"{method.id} gives no body"
            return
        ref = method.about["response"]["$ref"]
        yield from self._faults({"$ref": ref}, body, at=ref, null=False, sent=False)

    def _selection_faults(self, method: Method, value: str) -> Iterator[str]:
        try:
            wanted = selection(value)
        except ValueError:
            yield f"{method.id} selects no fields with {value!r}"
            return
        yield from self._selected(method.about.get("response", {}), wanted)

    def _selected(self, about: Mapping[str, Any], wanted: Selection) -> Iterator[str]:
        """Say which fields a partial answer cannot have."""
        about = self._schemas[about["$ref"]] if "$ref" in about else about
        about = about.get("items", about)
        about = self._schemas[about["$ref"]] if "$ref" in about else about
        for name, inner in wanted.items():
            known = about.get("properties", {}).get(name)
            if known is None:
                yield f"no answer has a field {name} to select"
            else:
                yield from self._selected(known, inner)

    def _faults(
        self, about: Mapping[str, Any], value: Any, *, at: str, null: bool, sent: bool
    ) -> Iterator[str]:
        about = self._schemas[about["$ref"]] if "$ref" in about else about
        if value is None and null:
            return
        if sent and "read-only" in about.get("description", "").casefold():
            yield f"{at} is read-only"
        kind = about["type"]
        if kind == "array" and isinstance(value, list):
            for n, one in enumerate(value):
                yield from self._faults(about["items"], one, at=f"{at}[{n}]", null=null, sent=sent)
        elif kind == "object" and isinstance(value, dict):
            for name, one in value.items():
                inner = about.get("properties", {}).get(name, about.get("additionalProperties"))
                if inner is None:
                    yield f"{at} has no field {name}"
                    continue
                yield from self._faults(inner, one, at=f"{at}.{name}", null=null, sent=sent)
        elif not _fits(kind, about.get("format"), value):
            yield f"{at} is no {about.get('format', kind)}: {value!r}"


def _methods(document: Mapping[str, Any]) -> Iterator[Method]:
    for resource in document["resources"].values():
        for about in resource["methods"].values():
            # Braces of the path become groups; what stands in them is one segment.
            parts = re.split(r"\{[^}]+\}", about["path"])
            yield Method(about, re.compile("([^/]+)".join(map(re.escape, parts)) + r"\Z"))


def _fits_parameter(about: Mapping[str, Any], value: str) -> bool:
    if about["type"] == "integer":
        low, high = int(about.get("minimum", -(2**31))), int(about.get("maximum", 2**31 - 1))
        return bool(re.fullmatch(r"-?\d+", value)) and low <= int(value) <= high
    if about["type"] == "boolean":
        return value in ("true", "false")
    return value in about.get("enum", (value,)) and _fits("string", about.get("format"), value)


def _fits(kind: str, form: str | None, value: Any) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool)
        case "integer" | "number":
            return isinstance(value, int) and not isinstance(value, bool)
        case "string" if isinstance(value, str):
            return _fits_format(form, value)
        case "any":
            return True
    return False


def _fits_format(form: str | None, value: str) -> bool:
    try:
        if form == "date-time":
            return datetime.fromisoformat(value).utcoffset() is not None
        return form != "date" or date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
