"""What an operation costs: one for every object it may answer with, pages multiplied.

The price of a document is worked out once and kept with it; what remains for each request is to
put in its variables.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_composite_type,
)
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from together.api.pages import DEFAULT_SIZE, MAX_SIZE
from together.domain.limits import Limits
from together.domain.recurrence import MOST


@dataclass(slots=True)
class Bill:
    """The variables of one request, and the fragments that were priced with them."""

    variables: Mapping[str, Any]
    fragments: dict[str, int] = field(default_factory=dict)


Price = Callable[[Bill], int]

LIST_SIZE = 3
"""What a list without pages counts for: people of a match, windows of a day."""

WEIGHTS = {
    ("Match", "availability"): "availability_cost",
    ("Match", "checkSlots"): "check_slots_cost",
    ("Match", "checkSeries"): "check_series_cost",
    ("IntegrationStatus", "members"): "status_cost",
    ("IntegrationStatus", "totals"): "status_cost",
}
"""Fields that do more work than they have objects, and the names of what they count for."""

SIZES = {
    ("BookSeriesPayload", "bookings"): MOST,
    ("CancelBookingPayload", "following"): MOST,
    ("Series", "occurrences"): MOST,
    ("SeriesReport", "occurrences"): MOST,
}
"""Lists without pages that can be longer."""

ONCE = frozenset({"slots", "periods", "days", "edges", "nodes"})
"""Lists whose size is paid for elsewhere: by the weight above them, or by the page."""


@dataclass(frozen=True, slots=True)
class _Size:
    """How many a field answers with: the largest of what the request names, or the usual."""

    named: tuple[ValueNode, ...]
    usual: int

    def of(self, bill: Bill) -> int:
        sizes = [_read(value, bill) for value in self.named]
        return max((size for size in sizes if size is not None), default=self.usual)


def _read(value: ValueNode, bill: Bill) -> int | None:
    """Read how many are named: the number, or the length of a list; None where it is null."""
    if isinstance(value, VariableNode):
        name = value.name.value
        return _counted(bill.variables[name]) if name in bill.variables else None
    if isinstance(value, NullValueNode):
        return None
    if isinstance(value, IntValueNode):
        # A number this long is refused later; until then it is never made a number.
        return _counted(int(value.value)) if len(value.value) < 10 else MAX_SIZE + 1
    return _counted(value.values if isinstance(value, ListValueNode) else value)


def _counted(value: object) -> int | None:
    """Count what a variable holds, as it will be read: 100.0 is 100, what cannot be is dear."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return min(len(value), MAX_SIZE + 1)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return MAX_SIZE
    if isinstance(value, float) and not math.isfinite(value):
        return MAX_SIZE
    return int(min(max(1, value), MAX_SIZE + 1))


class _Pricer:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, limits: Limits) -> None:
        self.schema, self.limits = schema, limits
        self.fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self.priced: dict[str, Price] = {}

    def selection(self, parent: Any, selections: SelectionSetNode | None) -> Price:
        parts: list[Price] = []
        for node in selections.selections if selections is not None else ():
            if isinstance(node, FieldNode):
                part = self.field(parent, node)
                if part is not None:
                    parts.append(part)
            elif isinstance(node, FragmentSpreadNode):
                parts.append(self.fragment(node.name.value))
            else:
                condition = getattr(node, "type_condition", None)
                kind = self.schema.get_type(condition.name.value) if condition else parent
                parts.append(self.selection(kind, getattr(node, "selection_set", None)))
        return lambda bill: sum(part(bill) for part in parts)

    def fragment(self, name: str) -> Price:
        if name not in self.priced:
            node = self.fragments[name]
            kind = self.schema.get_type(node.type_condition.name.value)
            self.priced[name] = self.selection(kind, node.selection_set)
        price = self.priced[name]

        def once(bill: Bill) -> int:
            if name not in bill.fragments:
                bill.fragments[name] = price(bill)
            return bill.fragments[name]

        return once

    def field(self, parent: Any, node: FieldNode) -> Price | None:
        name = node.name.value
        if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            return None
        definition = parent.fields.get(name)
        if definition is None or not is_composite_type(kind := get_named_type(definition.type)):
            return None
        weight = self._weight(parent.name, name)
        size = _size(definition, node, usual=SIZES.get((parent.name, name), LIST_SIZE))
        below = self.selection(kind, node.selection_set)
        if "first" in definition.args:
            return lambda bill: weight + size.of(bill) * below(bill)
        return lambda bill: size.of(bill) * (weight + below(bill))

    def _weight(self, parent: str, name: str) -> int:
        named = WEIGHTS.get((parent, name))
        weight: int = 1 if named is None else getattr(self.limits, named)
        return weight


def _size(definition: Any, node: FieldNode, *, usual: int) -> _Size:
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    if "first" in definition.args:
        named = tuple(given[name] for name in ("first", "last") if name in given)
        return _Size(named, DEFAULT_SIZE)
    if "ids" in given:
        return _Size((given["ids"],), MAX_SIZE)
    kind = definition.type
    kind = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(kind, GraphQLList) and node.name.value not in ONCE:
        return _Size((), usual)
    return _Size((), 1)


def prices(
    schema: GraphQLSchema, document: DocumentNode, limits: Limits
) -> dict[str | None, Price]:
    """Give each operation's price by its name.  The document is valid already."""
    pricer = _Pricer(schema, document, limits)
    made: dict[str | None, Price] = {}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            root = schema.get_root_type(node.operation)
            price = pricer.selection(root, node.selection_set)
            made[node.name.value if node.name else None] = _with_defaults(price, node)
    return made


def _with_defaults(price: Price, operation: OperationDefinitionNode) -> Price:
    none = Bill({})
    defaults = {
        definition.variable.name.value: _read(definition.default_value, none)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }
    if not defaults:
        return price
    return lambda bill: price(Bill({**defaults, **bill.variables}))
