"""How large an operation may be, measured before it is validated and before it runs.

Each fragment is measured once and what it holds is added wherever it is spread: the same answer as
walking it again at every spread, without the walk that doubles with each of a chain of fragments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLWrappingType,
    get_named_type,
    is_composite_type,
)
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    TokenKind,
)

from together.api.counts import nested
from together.domain.limits import Limits

__all__ = ["WORK", "Limits", "Measure", "check", "measure", "over"]

WORK = 30_000
"""Comparisons of what a document says several times; one field named twice is two of them."""


_WORDS = {
    "depth": "{asked} levels of fields are nested; {allowed} are allowed.",
    "list_depth": "{asked} lists are nested; {allowed} are allowed.",
    "introspection_depth": "{asked} levels of introspection are nested; {allowed} are allowed.",
    "aliases": "{asked} aliases are used; {allowed} are allowed.",
    "directives": "{asked} directives are used; {allowed} are allowed.",
    "width": "{asked} fields stand in one selection; {allowed} are allowed.",
    "nesting": "Braces or brackets are nested {asked} deep, fragments counted in; {allowed} are "
    "allowed.",
    "selections": "{asked} fields and spreads are written; {allowed} are allowed.",
    "operations": "The document has {asked} operations; {allowed} are allowed.",
    "fragments": "The document has {asked} fragments; {allowed} are allowed.",
    "digits": "A number is {asked} characters long; {allowed} are allowed.",
    "work": "The document names the same fields or fragments too often to be checked. "
    "Name each once.",
    "cost": "This operation may answer with {asked} objects; {allowed} are allowed. "
    "Ask for smaller pages.",
    "tokens": "The document has {asked} tokens; {allowed} are allowed.",
    "errors": "There are more than {allowed} mistakes; mend these first.",
    "page": "A page of {asked} was asked for; it holds 1 to {allowed} items.",
}


def over(
    name: str,
    *,
    allowed: int,
    asked: int | None = None,
    code: str = "GRAPHQL_VALIDATION_FAILED",
) -> GraphQLError:
    """Make the error that says which limit was hit, its value and what was asked."""
    limit: dict[str, str | int] = {"name": name, "allowed": allowed}
    if asked is not None:
        limit["asked"] = asked
    return GraphQLError(
        _WORDS[name].format(allowed=allowed, asked=asked),
        extensions={"code": code, "limit": limit},
    )


_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(slots=True)
class Measure:
    """What a selection holds; `width` of its own level, the rest of all below."""

    depth: int = 0
    list_depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    directives: int = 0
    width: int = 0
    widest: int = 0
    nesting: int = 0

    def add(self, other: Measure) -> None:
        """Take in what stands beside, on the same level."""
        self.depth = max(self.depth, other.depth)
        self.list_depth = max(self.list_depth, other.list_depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.aliases += other.aliases
        self.directives += other.directives
        self.width += other.width
        self.widest = max(self.widest, other.widest)
        self.nesting = max(self.nesting, other.nesting)


class _Measurer:
    """Measures a document, and goes no deeper than is allowed: what lies there is not counted."""

    def __init__(self, document: DocumentNode, deepest: int, schema: GraphQLSchema | None) -> None:
        self.document, self.deepest, self.schema = document, deepest, schema
        self.fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self.measured: dict[str, Measure] = {}
        self.under_way: set[str] = set()
        self.selections = 0

    def everything(self) -> Iterator[Measure]:
        for node in self.document.definitions:
            if isinstance(node, FragmentDefinitionNode):
                name = node.name.value
                if self.fragments[name] is node:
                    yield self.fragment(name, 1)
                else:  # of two with one name the last counts, and both are validated
                    yield self.selection(node.selection_set, 1, self.kind(node))
            if isinstance(node, OperationDefinitionNode):
                root = self.schema.get_root_type(node.operation) if self.schema else None
                made = self.selection(node.selection_set, 1, root)
                made.directives += len(node.directives or ())
                yield made

    def kind(self, node: Any) -> GraphQLNamedType | None:
        """Find the type that a fragment is on."""
        condition = getattr(node, "type_condition", None)
        return self.schema.get_type(condition.name.value) if condition and self.schema else None

    def selection(
        self, selections: SelectionSetNode | None, level: int, parent: GraphQLNamedType | None
    ) -> Measure:
        total = Measure()
        if selections is None:
            return total
        if level > self.deepest:
            total.nesting = 1
            return total
        for node in selections.selections:
            self.selections += 1
            total.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                total.add(self.field(node, level + 1, parent))
            elif isinstance(node, FragmentSpreadNode):
                total.add(self.fragment(node.name.value, level + 1))
            else:
                below = getattr(node, "selection_set", None)
                total.add(self.selection(below, level + 1, self.kind(node) or parent))
        total.widest = max(total.widest, total.width)
        total.nesting += 1
        return total

    def field(self, node: FieldNode, level: int, parent: GraphQLNamedType | None) -> Measure:
        kind = _type_of(node, parent)
        named = get_named_type(kind) if kind is not None else None
        below = self.selection(node.selection_set, level, named)
        if is_composite_type(named):
            below.list_depth += _lists(kind)
        below.aliases += node.alias is not None
        below.width = 1
        below.depth += 1
        if node.name.value in _INTROSPECTION:
            below.introspection_depth, below.depth = below.depth, 0
        return below

    def fragment(self, name: str, level: int) -> Measure:
        if name in self.measured:
            return self.measured[name]
        if name not in self.fragments or name in self.under_way:
            return Measure()  # missing or a circle: validation says so
        self.under_way.add(name)
        node = self.fragments[name]
        made = self.selection(node.selection_set, level, self.kind(node))
        made.directives += len(node.directives or ())
        self.under_way.discard(name)
        self.measured[name] = made
        return made


def _type_of(node: FieldNode, parent: GraphQLNamedType | None) -> GraphQLOutputType | None:
    if not isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        return None
    definition = parent.fields.get(node.name.value)
    return definition.type if definition is not None else None


def _lists(kind: Any) -> int:
    """Count the lists that a field's type is wrapped in."""
    count = 0
    while isinstance(kind, GraphQLWrappingType):
        count += isinstance(kind, GraphQLList)
        kind = kind.of_type
    return count


def measure(document: DocumentNode) -> Iterator[Measure]:
    """Measure each operation of a document, and each fragment."""
    return _Measurer(document, Limits().nesting, None).everything()


def check(
    document: DocumentNode, limits: Limits, schema: GraphQLSchema | None = None
) -> list[GraphQLError]:
    """Give an error for each limit that this document is over; lists are told by a schema."""
    measurer = _Measurer(document, limits.nesting, schema)
    asked: dict[str, int] = {}
    for made in measurer.everything():
        for part in fields(Measure):
            value: int = getattr(made, part.name)
            asked[part.name] = max(asked.get(part.name, 0), value)
    asked["width"] = asked.pop("widest", 0)
    asked["selections"] = measurer.selections
    for name, kind in (
        ("operations", OperationDefinitionNode),
        ("fragments", FragmentDefinitionNode),
    ):
        asked[name] = sum(isinstance(node, kind) for node in document.definitions)
    asked["digits"] = _longest_number(document)
    if asked.get("nesting", 0) > limits.nesting:
        asked["nesting"] = nested(document)
    return [
        over(name, allowed=allowed, asked=value)
        for name, value in asked.items()
        if value > (allowed := getattr(limits, name))
    ]


def _longest_number(document: DocumentNode) -> int:
    """Measure the longest number as it is written, before anybody makes a number of it."""
    token = document.loc.start_token if document.loc is not None else None
    longest = 0
    while token is not None:
        if token.kind in {TokenKind.INT, TokenKind.FLOAT}:
            longest = max(longest, token.end - token.start)
        token = token.next
    return longest
