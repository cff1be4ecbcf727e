"""Reads a document once: parsed, measured, validated and priced, and kept for the next request.

It is a schema extension, so it holds on every transport.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from graphql import (
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    parse,
    specified_rules,
    validate,
)
from graphql.language import DocumentNode, OperationDefinitionNode
from graphql.validation import NoSchemaIntrospectionCustomRule, validation_context
from graphql.validation.rules import ASTValidationRule, overlapping_fields_can_be_merged
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types.graphql import OperationType

from together.api import limits as limit
from together.api.costs import Bill, Price, prices
from together.api.counts import brackets, tokens
from together.api.limits import Limits
from together.api.trusted import Trusted

# Made at import: a cache of validations is worth nothing when each request brings new classes.
RULES: tuple[type[ASTValidationRule], ...] = (
    *specified_rules,
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)
RULES_WITHOUT_INTROSPECTION = (*RULES, NoSchemaIntrospectionCustomRule)

# Read whenever a validation starts.  With the library's own values one document takes seconds.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = limit.WORK
validation_context.MAX_FRAGMENT_WORK = limit.WORK


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document and all that can be said of it without its variables."""

    document: DocumentNode
    errors: Sequence[GraphQLError]
    operations: tuple[str | None, ...]
    prices: dict[str | None, Price]


@dataclass(slots=True)
class Documents:
    """Prepares documents.  What is right is kept, the longest unused leaving first."""

    limits: Limits = field(default_factory=Limits)
    introspection: bool = False
    trusted: Trusted = field(default_factory=Trusted)
    most: int = 256
    longest: int = 32 * 1024
    """Characters.  Longer documents are prepared anew, so that nobody fills memory with them."""
    room: int = 256 * 1024
    """Characters of all that is kept; parsed, they take some two hundred times as many bytes."""
    hits: int = 0
    misses: int = 0
    _kept: OrderedDict[str, Prepared] = field(default_factory=OrderedDict)

    def prepare(self, text: str, schema: GraphQLSchema) -> Prepared:
        """Give the prepared document.  Raise `GraphQLError` when it cannot be parsed."""
        known = self._kept.get(text)
        if known is not None:
            self.hits += 1
            self._kept.move_to_end(text)
            return known
        self.misses += 1
        made = self._made(text, schema)
        if len(text) <= self.longest and not made.errors:
            self._kept[text] = made
            while len(self._kept) > self.most or sum(map(len, self._kept)) > self.room:
                self._kept.popitem(last=False)
        return made

    def _made(self, text: str, schema: GraphQLSchema) -> Prepared:
        document = self._parsed(text)
        operations = tuple(
            node.name.value if node.name else None
            for node in document.definitions
            if isinstance(node, OperationDefinitionNode)
        )
        errors = limit.check(document, self.limits, schema) or self._mistakes(document, schema)
        priced = {} if errors else prices(schema, document, self.limits)
        return Prepared(document, tuple(errors), operations, priced)

    def _mistakes(self, document: DocumentNode, schema: GraphQLSchema) -> list[GraphQLError]:
        errors = validate(
            schema,
            document,
            RULES if self.introspection else RULES_WITHOUT_INTROSPECTION,
            max_errors=self.limits.errors,
            hide_suggestions=True,
        )
        if errors and errors[-1].message == "Validation aborted.":
            errors[-1] = limit.over("work", allowed=limit.WORK)
        if errors and errors[-1].message.startswith("Too many validation errors"):
            errors[-1] = limit.over("errors", allowed=self.limits.errors)
        for error in errors:
            if error.original_error is None and not error.extensions:
                error.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
        return errors

    def _parsed(self, text: str) -> DocumentNode:
        try:
            return parse(text, max_tokens=self.limits.tokens)
        except GraphQLSyntaxError as error:
            if "nested too deeply" in error.message:
                raise limit.over(
                    "nesting", allowed=self.limits.nesting, asked=brackets(text)
                ) from None
            if "Parsing aborted" in error.message:
                raise limit.over("tokens", allowed=self.limits.tokens, asked=tokens(text)) from None
            raise


running: ContextVar[asyncio.Timeout | None] = ContextVar("together_running", default=None)
"""The time limit of the operation at hand; a query has a shorter one than a mutation."""


class Gate(SchemaExtension):
    """Lets an operation through that is well formed, valid and within the limits."""

    documents: Documents

    def on_parse(self) -> Iterator[None]:
        context = self.execution_context
        if context.query:
            self.documents.trusted.check(context.query)
            prepared = self.documents.prepare(context.query, context.schema._schema)
            context.graphql_document = prepared.document
            context.validation_rules = ()  # done: Strawberry would do it again, without our limits
            self.prepared = prepared
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        errors = list(self.prepared.errors) or self._unclear() or self._too_dear()
        if errors:
            context.pre_execution_errors = errors
        yield

    def on_execute(self) -> Iterator[None]:
        timeout = running.get()
        if timeout is not None and self.execution_context.operation_type is OperationType.QUERY:
            seconds = self.documents.limits.seconds
            timeout.reschedule(asyncio.get_running_loop().time() + seconds)
        yield

    def _unclear(self) -> list[GraphQLError]:
        """Refuse to guess which of several operations is meant."""
        if len(self.prepared.operations) < 2 or self.execution_context._provided_operation_name:
            return []
        return [
            GraphQLError(
                "The document has several operations. Say which one with `operationName`.",
                extensions={"code": "OPERATION_RESOLUTION_FAILURE"},
            )
        ]

    def _too_dear(self) -> list[GraphQLError]:
        context = self.execution_context
        price = self.prepared.prices.get(context.operation_name)
        allowed = self.documents.limits.cost
        asked = price(Bill(context.variables or {})) if price is not None else 0
        return [limit.over("cost", allowed=allowed, asked=asked)] if asked > allowed else []


def gate(documents: Documents) -> type[Gate]:
    """Make the extension class for these documents."""
    return type("Gate", (Gate,), {"documents": documents})
