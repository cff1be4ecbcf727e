"""What a stand-in remembers, as dataclasses that outlive it as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Self, get_args, get_origin, get_type_hints

_PLAIN = frozenset({str, int, float, bool, type(None)})


class Remembered:
    """Base of a dataclass of dataclasses, dicts by text, lists and what JSON knows."""

    __slots__ = ()

    def dump(self) -> dict[str, Any]:
        """Give everything as JSON knows it, sharing no list and no dict with what goes on."""
        found = _dumped(self)
        assert isinstance(found, dict)
        return found

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Self:
        """Take up what was dumped.  What an older state does not know has its default."""
        found = _made(cls, state)
        assert isinstance(found, cls)
        return found


def _dumped(value: Any) -> Any:
    # `dataclasses.asdict` takes ten times as long, and a demo does this after every request.
    if isinstance(value, dict):
        return {name: _dumped(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_dumped(inner) for inner in value]
    kind = type(value)
    if kind not in _PLAIN and is_dataclass(kind):
        return {name: _dumped(getattr(value, name)) for name in _names(kind)}
    return value


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _made(kind: Any, value: Any) -> Any:
    """Make a value of this type again; no two owners share a list or a dict of it."""
    if is_dataclass(kind) and isinstance(kind, type):
        kinds = _kinds(kind)
        return kind(**{name: _made(kinds[name], inner) for name, inner in value.items()})
    if isinstance(value, dict):
        inner_kind = get_args(kind)[1] if get_origin(kind) is dict else Any
        return {name: _made(inner_kind, inner) for name, inner in value.items()}
    if isinstance(value, list):
        inner_kind = get_args(kind)[0] if get_origin(kind) is list else Any
        return [_made(inner_kind, inner) for inner in value]
    return value


@cache
def _kinds(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)
