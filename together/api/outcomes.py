"""Which refusals a field declares, and that its union shows exactly those.

The union a resolver returns is written down for type checkers and readers; ``raises`` names what
its service may say no with.  Building the schema compares the two, because an exception whose
type is missing in the union would reach the client masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types.base import get_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

from together.api.problems import PROBLEMS, Problem
from together.services.refusals import Refusal


class Raises(FieldExtension):
    """Marks a field with the refusals its service may raise; `check` reads it."""

    def __init__(self, *refusals: type[Refusal]) -> None:
        self.refusals = refusals

    async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return await next_(source, info, **kwargs)


class Shows:
    """Strawberry's exception handler for one problem type."""

    def __init__(self, problem: type[Problem]) -> None:
        self.error_type = problem
        self.exception_type = problem.tells

    def handle(self, exception: Refusal, *, field: StrawberryField, info: Any) -> Problem:
        return self.error_type.of(exception)


HANDLERS: tuple[strawberry.ExceptionHandler[Any, Any], ...] = tuple(map(Shows, PROBLEMS))


class UndeclaredOutcome(TypeError):  # noqa: N818  (named for what is wrong)
    """A field's union and the refusals it declares are not the same."""


def shown_as(refusal: type[Refusal], within: Iterable[type]) -> type[Problem] | None:
    """Find the type that shows a refusal in this union: its own, or a parent's."""
    members = set(within)
    for problem in PROBLEMS:
        if problem in members and issubclass(refusal, problem.tells):
            return problem
    return None


def check(roots: Sequence[type]) -> None:
    """Refuse a schema in which a declared refusal has no type, or a type no refusal."""
    for root in roots:
        definition = get_object_definition(root, strict=True)
        for field in definition.fields:
            _check_field(definition.name, field)


def _check_field(owner: str, field: StrawberryField) -> None:
    declared = next((e.refusals for e in field.extensions if isinstance(e, Raises)), ())
    members = union_members(field)
    problems = {member for member in members if issubclass(member, Problem)}
    where = f"{owner}.{field.python_name}"
    if members and not declared:
        raise UndeclaredOutcome(f"{where} shows problems and declares no refusal")
    for refusal in declared:
        shown = shown_as(refusal, members)
        if shown is None:
            raise UndeclaredOutcome(f"{where} declares {refusal.__name__}, its union lacks it")
        problems.discard(shown)
    if problems:
        names = ", ".join(sorted(problem.__name__ for problem in problems))
        raise UndeclaredOutcome(f"{where} has {names} in its union and declares none of them")


def union_members(field: StrawberryField) -> list[type]:
    """List the types of a field's union; empty when it returns none."""
    kind: Any = field.type
    while not isinstance(kind, StrawberryUnion):
        kind = getattr(kind, "of_type", None)
        if kind is None:
            return []
    return [member for member in kind.types if isinstance(member, type)]
