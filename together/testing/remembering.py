"""What a stand-in remembers, as dataclasses that outlive it as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from functools import cache
from typing import Any, Self, get_args, get_origin, get_type_hints


class Remembered:
    """Base of a dataclass of dataclasses, dicts by text, lists and what JSON knows."""

    __slots__ = ()

    def dump(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload,no-any-return]

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Self:
        """Take up what was dumped.  What an older state does not know has its default."""
        found = _made(cls, state)
        assert isinstance(found, cls)
        return found


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
