"""How large an operation may be, measured before it is validated and before it runs.

Each fragment is measured once and what it holds is added wherever it is spread: the same answer as
walking it again at every spread, without the walk that doubles with each of a chain of fragments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from graphql import GraphQLError
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Every limit, with the value it has unless a setting says otherwise."""

    body: int = 256 * 1024
    """Bytes of a request."""
    tokens: int = 5000
    """Words and brackets of a document."""
    depth: int = 15
    """Levels of fields."""
    introspection_depth: int = 20
    """Levels of fields under ``__schema`` and ``__type``."""
    aliases: int = 30
    directives: int = 50
    width: int = 100
    """Fields in one pair of braces, those of fragments counted in."""
    cost: int = 5000
    """Objects an answer may hold; a page counts as many as were asked for."""
    errors: int = 5
    """Validation errors told at once."""
    seconds: float = 20.0
    """To carry out a query."""
    mutation_seconds: float = 60.0


_WORDS = {
    "depth": "{asked} levels of fields are nested; {allowed} are allowed.",
    "introspection_depth": "{asked} levels of introspection are nested; {allowed} are allowed.",
    "aliases": "{asked} aliases are used; {allowed} are allowed.",
    "directives": "{asked} directives are used; {allowed} are allowed.",
    "width": "{asked} fields stand in one selection; {allowed} are allowed.",
    "cost": "This operation may answer with {asked} objects; {allowed} are allowed. "
    "Ask for smaller pages.",
    "tokens": "The document has more than {allowed} tokens.",
}


def over(name: str, *, allowed: int, asked: int | None = None) -> GraphQLError:
    """Make the error that says which limit was hit, its value and what was asked."""
    limit: dict[str, str | int] = {"name": name, "allowed": allowed}
    if asked is not None:
        limit["asked"] = asked
    return GraphQLError(
        _WORDS[name].format(allowed=allowed, asked=asked),
        extensions={"code": "GRAPHQL_VALIDATION_FAILED", "limit": limit},
    )


_INTROSPECTION = frozenset({"__schema", "__type"})


@dataclass(slots=True)
class Measure:
    """What a selection holds; `width` of its own level, the rest of all below."""

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    directives: int = 0
    width: int = 0
    widest: int = 0

    def add(self, other: Measure) -> None:
        """Take in what stands beside, on the same level."""
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.aliases += other.aliases
        self.directives += other.directives
        self.width += other.width
        self.widest = max(self.widest, other.widest)


class _Measurer:
    def __init__(self, document: DocumentNode) -> None:
        self.fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self.measured: dict[str, Measure] = {}
        self.under_way: set[str] = set()

    def selection(self, selections: SelectionSetNode | None) -> Measure:
        total = Measure()
        for node in selections.selections if selections is not None else ():
            total.directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                total.add(self.field(node))
            elif isinstance(node, FragmentSpreadNode):
                total.add(self.fragment(node.name.value))
            else:
                total.add(self.selection(getattr(node, "selection_set", None)))
        total.widest = max(total.widest, total.width)
        return total

    def field(self, node: FieldNode) -> Measure:
        below = self.selection(node.selection_set)
        below.aliases += node.alias is not None
        below.width = 1
        below.depth += 1
        if node.name.value in _INTROSPECTION:
            below.introspection_depth, below.depth = below.depth, 0
        return below

    def fragment(self, name: str) -> Measure:
        if name in self.measured:
            return self.measured[name]
        if name not in self.fragments or name in self.under_way:
            return Measure()  # missing or a circle: validation says so
        self.under_way.add(name)
        made = self.selection(self.fragments[name].selection_set)
        made.directives += len(self.fragments[name].directives or ())
        self.under_way.discard(name)
        self.measured[name] = made
        return made


def measure(document: DocumentNode) -> Iterator[Measure]:
    """Measure each operation of a document, and each fragment that none of them spreads."""
    measurer = _Measurer(document)
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            made = measurer.selection(node.selection_set)
            made.directives += len(node.directives or ())
            yield made
    for name in measurer.fragments:
        yield measurer.fragment(name)


def check(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """Give an error for each limit that this document is over."""
    asked: dict[str, int] = {}
    for made in measure(document):
        for part in fields(Measure):
            value: int = getattr(made, part.name)
            asked[part.name] = max(asked.get(part.name, 0), value)
    asked["width"] = asked.pop("widest", 0)
    return [
        over(name, allowed=allowed, asked=value)
        for name, value in asked.items()
        if value > (allowed := getattr(limits, name))
    ]
