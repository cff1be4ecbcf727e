"""Strawberry's decorators, typed, and none without a description."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types.field import StrawberryField

F = TypeVar("F", bound=Callable[..., Any])


def field(*, description: str, extensions: Sequence[FieldExtension] = ()) -> Callable[[F], F]:
    """Make a method a field."""
    made = strawberry.field(description=description, extensions=list(extensions))
    return cast("Callable[[F], F]", made)


class Afresh(FieldExtension):
    """Forgets what was loaded before a mutation, so that its payload shows what it made."""

    async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        result = await next_(source, info, **kwargs)
        info.context.renew()
        return result


def mutation(
    *, description: str, extensions: Sequence[FieldExtension]
) -> Callable[[Callable[..., Any]], StrawberryField]:
    """Make a function a mutation.  Who may call it, and what it may refuse, is said."""
    made = strawberry.mutation(description=description, extensions=[*extensions, Afresh()])
    return cast("Callable[[Callable[..., Any]], StrawberryField]", made)
