"""What a document that is over a limit asked for, counted without the depth that it is refused for.

Only documents that are refused are counted so.
"""

from __future__ import annotations

import re

from graphql.language import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

_TOKEN = re.compile(
    r'"""(?:\\"""|"(?!"")|[^"\\]|\\)*+(?:""")?'  # a block of text
    r'|"(?:\\.|[^"\\\n\r])*+"?'
    r"|#[^\n\r]*"
    r"|\.\.\.|[_A-Za-z][_0-9A-Za-z]*|-?[0-9][_0-9A-Za-z.+-]*|[!$&():=@\[\]{|}]"
)


def tokens(text: str) -> int:
    """Count the tokens of a document, comments too, whether it can be parsed or not."""
    return sum(1 for _ in _TOKEN.finditer(text))


def brackets(text: str) -> int:
    """Count the braces, brackets and parentheses that are in each other, as they are written."""
    deepest = depth = 0
    for found in _TOKEN.finditer(text):
        if found[0] in {"{", "[", "("}:
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in {"}", "]", ")"}:
            depth -= 1
    return deepest


def nested(document: DocumentNode) -> int:
    """Count the selections that are in each other when every fragment stands where it is spread.

    A fragment within itself counts nothing: validation refuses it.
    """
    held = {
        node.name.value: _held(node.selection_set)
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    known: dict[str, int] = {}
    deepest = 0
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode):
            own, spreads = _held(node.selection_set)
            for name, level in spreads:
                _know(name, held, known)
                own = max(own, level + known.get(name, 0))
            deepest = max(deepest, own)
    return deepest


_Held = tuple[int, list[tuple[str, int]]]
"""How deep a selection is by itself, and which fragments are spread in it, at which levels."""


def _held(selections: SelectionSetNode) -> _Held:
    deepest, spreads, open_ = 0, [], [(selections, 1)]
    while open_:
        each, level = open_.pop()
        deepest = max(deepest, level)
        for node in each.selections:
            if isinstance(node, FragmentSpreadNode):
                spreads.append((node.name.value, level))
            elif (below := getattr(node, "selection_set", None)) is not None:
                open_.append((below, level + 1))
    return deepest, spreads


def _know(first: str, held: dict[str, _Held], known: dict[str, int]) -> None:
    """Learn a fragment's depth after those of the fragments in it."""
    waiting, begun = [first], set[str]()
    while waiting:
        name = waiting[-1]
        if name in known or name not in held:
            waiting.pop()
            continue
        own, spreads = held[name]
        missing = [each for each, _ in spreads if each not in known and each not in begun]
        if name not in begun:
            begun.add(name)
            missing = [each for each in missing if each != name and each in held]
            if missing:
                waiting += missing
                continue
        known[name] = max([own, *(level + known.get(each, 0) for each, level in spreads)])
        waiting.pop()
