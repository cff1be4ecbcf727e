"""Admits an operation that no transport has admitted before, and tells what the viewer has left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Self

import strawberry
from strawberry.extensions import SchemaExtension

from together.api.context import Context, Info
from together.api.scalars import Instant


class Admitted(SchemaExtension):
    """Sees to it that each operation is counted once for its sender, whatever it comes by.

    Over HTTP a request was counted before its body was read; on a socket nothing was.
    """

    async def on_operation(self) -> AsyncIterator[None]:
        context = self.execution_context.context
        if isinstance(context, Context) and context.allowance is None:
            context.allowance = await context.services.admission.admit(context.viewer)
        yield


@strawberry.type(description="How many requests the viewer may send, and nobody else's share.")
class RateLimit:
    allowed: int = strawberry.field(description="In one minute.")
    remaining: int = strawberry.field(description="What is left of them after this one.")
    resets_at: Instant = strawberry.field(description="When all of them are there again.")

    @classmethod
    def of(cls, info: Info) -> Self | None:
        context = info.context
        if context.allowance is None:
            return None
        return cls(
            allowed=context.allowance.allowed,
            remaining=context.allowance.remaining,
            resets_at=Instant(context.services.clock() + context.allowance.seconds),
        )
