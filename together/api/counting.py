"""Counts operations: which kind, and how each came out; no name, no id, no path."""

from __future__ import annotations

from collections.abc import Iterator

from strawberry.extensions import SchemaExtension

from together.api.context import Context


class Counted(SchemaExtension):
    """Stands before whatever masks errors, and so sees what a client is told."""

    def on_operation(self) -> Iterator[None]:
        outcome = "cut_off"
        try:
            yield
            errors = getattr(self.execution_context.result, "errors", None) or ()
            outcome = next((str((each.extensions or {}).get("code")) for each in errors), "ok")
        finally:
            context = self.execution_context.context
            if isinstance(context, Context):
                context.services.count(self._operation(), outcome)

    def _operation(self) -> str:
        try:
            return self.execution_context.operation_type.value
        except RuntimeError:  # it was no operation
            return "none"
