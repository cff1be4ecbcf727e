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
    TokenKind,
)

from together.domain.limits import Limits

__all__ = ["WORK", "Limits", "Measure", "check", "measure", "over"]

WORK = 30_000
"""Comparisons of what a document says several times; one field named twice is two of them."""


_WORDS = {
    "depth": "{asked} levels of fields are nested; {allowed} are allowed.",
    "introspection_depth": "{asked} levels of introspection are nested; {allowed} are allowed.",
    "aliases": "{asked} aliases are used; {allowed} are allowed.",
    "directives": "{asked} directives are used; {allowed} are allowed.",
    "width": "{asked} fields stand in one selection; {allowed} are allowed.",
    "nesting": "Braces or brackets are nested more than {allowed} deep, fragments counted in.",
    "selections": "{asked} fields and spreads are written; {allowed} are allowed.",
    "operations": "The document has {asked} operations; {allowed} are allowed.",
    "fragments": "The document has {asked} fragments; {allowed} are allowed.",
    "digits": "A number is {asked} characters long; {allowed} are allowed.",
    "work": "The document names the same fields or fragments too often to be checked. "
    "Name each once.",
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
    nesting: int = 0

    def add(self, other: Measure) -> None:
        """Take in what stands beside, on the same level."""
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)
        self.aliases += other.aliases
        self.directives += other.directives
        self.width += other.width
        self.widest = max(self.widest, other.widest)
        self.nesting = max(self.nesting, other.nesting)


class _Measurer:
    """Measures a document, and goes no deeper than is allowed: what lies there is not counted."""

    def __init__(self, document: DocumentNode, deepest: int) -> None:
        self.document, self.deepest = document, deepest
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
                    yield self.selection(node.selection_set, 1)
            if isinstance(node, OperationDefinitionNode):
                made = self.selection(node.selection_set, 1)
                made.directives += len(node.directives or ())
                yield made

    def selection(self, selections: SelectionSetNode | None, level: int) -> Measure:
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
                total.add(self.field(node, level + 1))
            elif isinstance(node, FragmentSpreadNode):
                total.add(self.fragment(node.name.value, level + 1))
            else:
                total.add(self.selection(getattr(node, "selection_set", None), level + 1))
        total.widest = max(total.widest, total.width)
        total.nesting += 1
        return total

    def field(self, node: FieldNode, level: int) -> Measure:
        below = self.selection(node.selection_set, level)
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
        made = self.selection(self.fragments[name].selection_set, level)
        made.directives += len(self.fragments[name].directives or ())
        self.under_way.discard(name)
        self.measured[name] = made
        return made


def measure(document: DocumentNode) -> Iterator[Measure]:
    """Measure each operation of a document, and each fragment."""
    return _Measurer(document, Limits().nesting).everything()


def check(document: DocumentNode, limits: Limits) -> list[GraphQLError]:
    """Give an error for each limit that this document is over."""
    measurer = _Measurer(document, limits.nesting)
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
    return [
        over(name, allowed=allowed, asked=None if name == "nesting" else value)
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
