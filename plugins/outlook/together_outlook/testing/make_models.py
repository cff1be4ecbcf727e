"""Makes models.json: what Microsoft's own client knows of the paths used here.

python -m together_outlook.testing.make_models [the wheel of msgraph-sdk, or where it is]
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from together_outlook.testing.models import INDEX
from together_outlook.testing.sdk_source import Class, Source

BUILDERS = (
    "users/item",
    "users/item/calendar",
    "users/item/calendar/calendar_view",
    "users/item/calendar/events",
    "users/item/calendar/get_schedule",
    "users/item/calendar_view",
    "users/item/calendar_view/delta",
    "users/item/calendars",
    "users/item/calendars/item",
    "users/item/calendars/item/calendar_view",
    "users/item/calendars/item/calendar_view/delta",
    "users/item/calendars/item/events",
    "users/item/calendars/item/get_schedule",
    "users/item/events",
    "users/item/events/item",
    "users/item/events/item/accept",
    "users/item/events/item/cancel",
    "users/item/events/item/decline",
    "users/item/events/item/tentatively_accept",
    "users/item/outlook/supported_time_zones",
    "users/item/outlook/supported_time_zones_with_time_zone_standard",
    "organization",
    "subscriptions",
    "subscriptions/item",
    "subscriptions/item/reauthorize",
)
"""Folders of the package, each with the class for one path.  ``me`` is the user itself."""
VERBS = ("get", "post", "patch", "put", "delete")
KINDS = {
    "get_bool_value": "boolean",
    "get_bytes_value": "bytes",
    "get_date_value": "date",
    "get_datetime_value": "date-time",
    "get_float_value": "number",
    "get_int_value": "integer",
    "get_str_value": "string",
    "get_time_value": "time",
    "get_timedelta_value": "duration",
    "get_uuid_value": "uuid",
}
PLAIN = {"bool": "boolean", "int": "integer", "str": "string", "UUID": "uuid"}
WHOLE = frozenset({"SingleValueLegacyExtendedProperty"})
"""Entities that are told of although they come inside of others only."""
SHORT = frozenset({"User"})
"""Models that lead to half of the package: their own properties are told, and no more."""

# Every relation is called “Read-only. Nullable.”, which says nothing of whether it can be sent.
_READ_ONLY = re.compile(r"read-only(?!\. nullable)", re.IGNORECASE)


@dataclass(slots=True)
class Maker:
    """Goes from the paths to the models that they lead to."""

    source: Source
    wanted: list[PurePosixPath] = field(default_factory=list)
    paths: dict[str, Any] = field(default_factory=dict)
    models: dict[str, Any] = field(default_factory=dict)
    actions: dict[str, Any] = field(default_factory=dict)
    """The parameters of actions, which Graph knows in any case of their letters."""
    enums: dict[str, Any] = field(default_factory=dict)

    def make(self) -> dict[str, Any]:
        for folder in BUILDERS:
            self._path(self.source.builder(folder))
        seen = set()
        while self.wanted:
            place = self.wanted.pop()
            if place not in seen:
                seen.add(place)
                self._model(self.source.at(place))
        return {
            "made_from": f"msgraph-sdk {self.source.version}",
            "paths": dict(sorted(self.paths.items())),
            "models": dict(sorted(self.models.items())),
            "actions": dict(sorted(self.actions.items())),
            "enums": dict(sorted(self.enums.items())),
        }

    def _path(self, builder: Class) -> None:
        path, _, query = builder.url_template.removeprefix("{+baseurl}").partition("?")
        # What is not in braces must be there; where all may be missing, the brace comes first.
        needed = {pair.partition("=")[0] for pair in query.partition("{&")[0].split("&")}
        path = path.removesuffix("{").replace("%2D", "-").replace("/users/{user-id}", "/me")
        functions = {verb.upper(): builder.function(verb) for verb in VERBS}
        self.paths[path] = {
            verb: self._verb(builder, function, needed)
            for verb, function in functions.items()
            if function is not None
        }

    def _verb(
        self, builder: Class, function: ast.FunctionDef | ast.AsyncFunctionDef, needed: set[str]
    ) -> dict[str, Any]:
        about: dict[str, Any] = {}
        inner = builder.inner(f"{builder.name}{function.name.capitalize()}QueryParameters")
        if inner is not None:
            about["query"] = dict(sorted(_query(inner)))
            if must := sorted(needed & about["query"].keys()):
                about["needs"] = must
        for argument in function.args.args:
            if argument.arg == "body" and isinstance(argument.annotation, ast.Name):
                about["body"] = self._want(builder, argument.annotation.id)
        for node in ast.walk(function):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="send_async"), args=[_, ast.Name(id=name), *_]
                ):
                    about["answer"] = self._want(builder, name)
                case ast.Dict(keys=[ast.Constant(value="XXX")], values=[ast.Name(id=name)]):
                    about["error"] = self._want(builder, name)
        return about

    def _model(self, model: Class) -> None:
        if model.is_enum:
            values = (n.value for n in model.body.body if isinstance(n, ast.Assign))
            told = [ast.literal_eval(value) for value in values]
            _keep(self.enums, model, [v[0] if isinstance(v, tuple) else v for v in told])
            return
        about: dict[str, Any] = {}
        for base in model.bases:
            about["is"] = self._want(model, base)
        read = {name: how for name, how in _read(model) if name != "@odata.type"}
        about["has"] = {name: self._kind(model, how[1]) for name, how in sorted(read.items())}
        comments = model.comments
        given = (name for name, how in read.items() if _READ_ONLY.search(comments.get(how[0], "")))
        if found := sorted(given):
            about["given"] = found
        _keep(self.actions if model.name.endswith("RequestBody") else self.models, model, about)

    def _kind(self, model: Class, call: ast.expr) -> str:
        """Say a property's type by the call that reads it; a collection's is in brackets."""
        match call:
            case ast.Call(func=ast.Attribute(attr=how), args=[]):
                return KINDS[how]
            case ast.Call(func=ast.Attribute(attr=how), args=[ast.Name(id=name)]):
                kind = PLAIN.get(name) or self._inside(model, name)
                return f"[{kind}]" if "collection" in how else kind
        raise ValueError(f"{model.place} reads a property by {ast.unparse(call)}")

    def _inside(self, model: Class, name: str) -> str:
        """Want what comes inside of a model, but not every entity that it leads to."""
        if model.name in SHORT:
            return name
        entity = "Entity" in self.source.line(self.source.at(model.imported(name)))
        if not entity or name in WHOLE or model.name.endswith("Response"):
            self._want(model, name)
        return name

    def _want(self, owner: Class, name: str) -> str:
        self.wanted.append(owner.imported(name))
        return name


def _keep(group: dict[str, Any], model: Class, about: Any) -> None:
    if group.setdefault(model.name, about) != about:
        raise ValueError(f"two classes are called {model.name}")


def _read(model: Class) -> Iterator[tuple[str, tuple[str, ast.expr]]]:
    """Go through the properties: name, and into which attribute it is read by what call.

    Each is a line ``"name": lambda n: setattr(self, 'attribute', n.get_…())``.
    """
    for node in ast.walk(model.function("get_field_deserializers") or model.body):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                match key, value:
                    case (
                        ast.Constant(value=str(name)),
                        ast.Lambda(
                            body=ast.Call(args=[_, ast.Constant(value=str(attribute)), call])
                        ),
                    ):
                        yield name, (attribute, call)
                    case _:
                        raise ValueError(f"{model.place} reads {ast.unparse(value)}")


def _query(parameters: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Go through the parameters as they stand in an address, with their types."""
    said = {}
    for node in ast.walk(parameters):
        match node:
            case ast.If(
                test=ast.Compare(comparators=[ast.Constant(value=str(name))]),
                body=[ast.Return(value=ast.Constant(value=str(there)))],
            ):
                said[name] = there.replace("%24", "$")
    for node in parameters.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
            kind = ast.unparse(node.annotation).removeprefix("Optional[").removesuffix("]")
            of_many = kind.startswith("list[")
            plain = PLAIN[kind.removeprefix("list[").removesuffix("]")]
            yield said.get(name, name), f"[{plain}]" if of_many else plain


def made(source: Source) -> str:
    """Give the text of the index, which is the same for the same package."""
    return json.dumps(Maker(source).make(), indent=1) + "\n"


def main(arguments: Sequence[str]) -> None:
    source = Source.find(*arguments)
    if source is None:
        raise SystemExit("msgraph-sdk is not installed; say where its wheel is")
    INDEX.write_text(made(source), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
